"""What a person may do to a campaign beside running it: each a line with name and reason."""

from __future__ import annotations

from labctl.campaign._log import CampaignLog
from labctl.campaign._state import CRASHED, ENDED, CampaignState, Made
from labctl.errors import InputError, RefusedError


def find_made(state: CampaignState, typed: str) -> Made:
    """The run that is meant: `u07`, `u07-p2`, or its folder. InputError where there is none."""
    text = typed.rstrip("/")
    for made in state.made.values():
        if text == made.name or (made.run and (text.endswith(made.run) or made.run.endswith(text))):
            return made
    names = ", ".join(made.name for made in state.made.values())
    raise InputError(
        f"there is no run '{typed}' in this campaign",
        fix=f"Begun were: {names}." if names else "None was begun yet.",
    )


def exclude(log: CampaignLog, typed: str, *, by: str, reason: str) -> Made:
    """Leave a run out of the means, for good: it stays in every list, with the reason. RefusedError
    for one that has not ended, or is excluded already."""
    made = _ended(log, typed)
    if made.excluded is not None:
        raise RefusedError(
            f"{made.name} is excluded already, by {made.excluded.by}: {made.excluded.reason}",
            fix="Nothing is taken back; the report lists it.",
        )
    return _act(log, "excluded", made, by, reason)


def replace_run(log: CampaignLog, typed: str, *, by: str, reason: str) -> Made:
    """Have a replicate made again with a fresh portion. The run before stays in every list, and no
    longer counts. RefusedError for one that was replaced already, and for one that was completed
    and is not excluded: a result is not made again because of what it is."""
    made = _ended(log, typed)
    if made.replaced is not None:
        raise RefusedError(f"{made.name} is replaced already", fix="Run the campaign.")
    if made.outcome == "completed" and made.excluded is None:
        raise RefusedError(
            f"{made.name} was completed",
            fix="Only what failed is made again; exclude it first, with the reason, where "
            "something was wrong with it.",
        )
    return _act(log, "replaced", made, by, reason)


def unblind(log: CampaignLog, *, by: str, reason: str) -> None:
    """From now on arms are shown by name; who and when stands in the log and in every report."""
    if CampaignState.of(log.read()).unblinded is not None:
        raise RefusedError("this campaign is not blind any more")
    log.say("unblinded", **_signed(by, reason))


def read_key(log: CampaignLog, *, by: str, reason: str) -> None:
    """Note that somebody, to fill the vessels, has seen which portion is of which arm."""
    log.say("key read", **_signed(by, reason))


def _ended(log: CampaignLog, typed: str) -> Made:
    made = find_made(CampaignState.of(log.read()), typed)
    if made.state not in (ENDED, CRASHED):
        raise RefusedError(f"{made.name} is {made.state}: nothing of it counts")
    return made


def _act(log: CampaignLog, what: str, made: Made, by: str, reason: str) -> Made:
    signed = _signed(by, reason)
    blind = CampaignState.of(log.read()).unblinded is None
    log.say(what, unit=made.unit, portion=made.portion, run=made.run, blind=blind, **signed)
    return CampaignState.of(log.read()).made[made.unit, made.portion]


def _signed(by: str, reason: str) -> dict[str, str]:
    by, reason = by.strip(), reason.strip()
    if len(by) < 2 or len(reason) < 5:
        raise InputError(
            "an act needs a name and a reason",
            where="--by, --reason",
            fix="Write who you are and why, in words that others understand in a year.",
        )
    return {"by": by, "reason": reason}
