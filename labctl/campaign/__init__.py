"""Arms by replicates by lots: declared in a file, drawn by a seed, run one after the other, resumed
without irradiating anything twice, and told with every run that was begun.

docs/how-to/run-a-campaign.md shows one; docs/reference/campaign-file.md has file, log and rules.
"""

from labctl.campaign._acts import exclude, find_made, read_key, replace_run, unblind
from labctl.campaign._campaign import ROLES, SCHEMA, Analysis, Arm, Campaign
from labctl.campaign._file import find, json_schema, load, loads
from labctl.campaign._log import CampaignLog
from labctl.campaign._look import Seen, folder_of, look
from labctl.campaign._order import Unit, labels, units, world_seed
from labctl.campaign._results import OutcomeTable, Results, RunRow, gather
from labctl.campaign._run import (
    Carry,
    Ran,
    campaign_folder,
    declare,
    open_state,
    run_campaign,
    settle,
)
from labctl.campaign._side_by_side import carry_quietly, run_side_by_side
from labctl.campaign._state import GOES_ON, Act, CampaignState, Made
from labctl.campaign._statistics import Comparison, Group, compare, group, hedges, noncentral_t
from labctl.campaign._study import Study, asked_first
from labctl.campaign._variance import Component, component, confounded
from labctl.campaign._words import key_lines, plan_lines, report_lines, status_lines, unit_words

__all__ = [
    "GOES_ON",
    "ROLES",
    "SCHEMA",
    "Act",
    "Analysis",
    "Arm",
    "Campaign",
    "CampaignLog",
    "CampaignState",
    "Carry",
    "Comparison",
    "Component",
    "Group",
    "Made",
    "OutcomeTable",
    "Ran",
    "Results",
    "RunRow",
    "Seen",
    "Study",
    "Unit",
    "asked_first",
    "campaign_folder",
    "carry_quietly",
    "compare",
    "component",
    "confounded",
    "declare",
    "exclude",
    "find",
    "find_made",
    "folder_of",
    "gather",
    "group",
    "hedges",
    "json_schema",
    "key_lines",
    "labels",
    "load",
    "loads",
    "look",
    "noncentral_t",
    "open_state",
    "plan_lines",
    "read_key",
    "replace_run",
    "report_lines",
    "run_campaign",
    "run_side_by_side",
    "settle",
    "status_lines",
    "unblind",
    "unit_words",
    "units",
    "world_seed",
]
