"""A record as one HTML page that anybody can read, print, paste from and check.

Verdict first, then curves, numbers, faults, people, limits, methods and the way to verify it all.
The page holds everything it shows and asks nothing of any network. A campaign's page lists every
run that was begun.
"""

from labctl.report._campaign import campaign_html, write_campaign_report
from labctl.report._checklist import Item, items
from labctl.report._page import report_html, write_report
from labctl.report._print import write_figures
from labctl.report._story import Story, read_story

__all__ = [
    "Item",
    "Story",
    "campaign_html",
    "items",
    "read_story",
    "report_html",
    "write_campaign_report",
    "write_figures",
    "write_report",
]
