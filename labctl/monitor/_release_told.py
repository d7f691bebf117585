"""What a followed release says in a verdict: fractions, gates, and what was taken for granted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from labctl.events import Criterion, Verdict
from labctl.monitor._criteria import CANNOT_TELL, PASS
from labctl.monitor._release import ReleaseWatch


def with_release(found: Verdict, release: ReleaseWatch) -> Verdict:
    """The verdict with what was followed of a release; as it is where nothing was."""
    basis = release.basis
    if basis is None:
        return found
    results = {**found.results, **release.results()}
    said = dict.fromkeys((*found.assumptions, *basis.assumptions))
    return replace(found, results=results, assumptions=tuple(said))


def released_only(
    t_ns: int,
    followed: Sequence[Criterion],
    steps: Sequence[Criterion],
    *,
    not_completed: str | None,
) -> Verdict:
    """The verdict of a run in which a release was followed and nothing else is checked.
    `not_completed`: why it did not come to its end."""
    if not_completed is not None:
        why = f"the run did not complete ({not_completed})"
        return Verdict(t_ns, "none", (why,), (*followed, *steps), {}, ())
    open_ = [one for one in (*followed, *steps) if one.outcome == CANNOT_TELL]
    if open_:
        reasons = tuple(f"{one.name}: {one.why or one.threshold}" for one in open_)
        return Verdict(t_ns, CANNOT_TELL, reasons, (*followed, *steps), {}, ())
    words = "the measurements follow a release, with few outliers; nothing else was to be checked"
    return Verdict(t_ns, PASS, (words,), (*followed, *steps), {}, ())
