"""Two engines on one bench, as processes on a served one: the second is refused, and the first goes
on in its light."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks._figures import Figure
from benchmarks.guard._run import Campaigner, GaveUpError, Served, served, wait_for
from labctl.errors import Exit

_COUNT = {"short": 2, "full": 10}


def measure(profile: str) -> Iterator[Figure]:
    """How many of the second ones were refused."""
    count, why = _COUNT[profile], []
    with served("simulated", 1) as bench:
        for number in range(count):
            if amiss := _refused(bench, number):
                why.append(amiss)
    yield Figure(
        "seen: two engines on one bench",
        count - len(why),
        f"of {count}",
        profile,
        beside="; ".join(["processes on a served bench", *why]),
        goal="all",
        holds=not why,
    )


def _refused(bench: Served, number: int) -> str:
    """What was not as it must be, or ''."""
    first = Campaigner(bench, 2 * number)
    try:
        first.until_commanded()
        wait_for(bench.lit, lambda: "no light")
        second = Campaigner(bench, 2 * number + 1)
        try:
            wait_for(lambda: second.engine.poll() is not None, lambda: "the second is not refused")
        finally:
            second.clear()
        if second.engine.returncode != Exit.BAD_INPUT:
            return f"the second ended with exit code {second.engine.returncode}"
        return "" if first.untroubled() else "the first did not go on"
    except GaveUpError as error:
        return str(error)
    finally:
        first.clear()
