"""Each driver's reader of replies, given replies that no instrument should give."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks._figures import Figure
from tests.contract.cards import CASES
from tests.contract.registered import registered
from tests.wire.replies import fuzz

CASES_OF = {"short": 1_000, "full": 100_000}
_SEED = 20261121


def measure(profile: str) -> Iterator[Figure]:
    """Garbage, halves, glued, not ASCII, huge: only values that are numbers, invalid readings and
    the instrument errors come out; anything else is an exception here."""
    count = CASES_OF[profile]
    for name, driver in sorted(registered().items()):
        try:
            ended = fuzz(driver, CASES[name], count, _SEED)
            told = ", ".join(f"{how} {n}" for how, n in sorted(ended.items()))
            broken = count - sum(ended.values())
        except AssertionError as error:
            told, broken = str(error)[:200], 1
        yield Figure(
            f"drivers.fuzz.{name}", broken, "other endings", profile, f"{count} replies: {told}",
            "0", broken == 0,
        )  # fmt: skip
