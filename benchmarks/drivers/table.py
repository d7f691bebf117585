"""Every registered driver in one table, made from what it declares, from what its module says about
where its facts are from, and from what it reads back on the simulated bench.

`python -m benchmarks.drivers.table` writes docs/reference/drivers.md; a test holds it up to date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks._figures import Figure
from labctl.clock import Clock, run_virtual
from labctl.instruments import Driver, Gate, Source
from labctl.testing import Rig
from tests.contract.cards import CASES
from tests.contract.registered import registered
from tests.contract.test_drivers import simulated

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "drivers.md"
_MARK = re.compile(r"^- ([a-z][^:]{3,160}?)(?:, unverified)?:", re.MULTILINE)
_HEAD = """# All drivers

Made by `python -m benchmarks.drivers.table` from the drivers themselves. **No hardware was
touched** in writing any of them.

"Facts" counts the statements about the wire at the top of each driver's module, by where they are
from: *verified* in a manual or in public programs, or *not* (from memory, from a relative of the
instrument, or contradictory). What is verified is that somebody else has found it so, and not that
it was tried here; none are counted where the protocol is labctl's own, or another library's.
"Cannot be read back" was found by reading the simulated instrument.

| driver | instrument | can | by | facts verified | not | cannot be read back |
|---|---|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = [_row(name, driver) for name, driver in sorted(registered().items())]
    return _HEAD + "\n".join(rows) + "\n"


def _row(name: str, driver: type[Driver]) -> str:
    spec = driver.spec
    verified, other = facts(driver)
    by = spec.transport
    if spec.serial is not None:
        line = spec.serial
        by += f", {line.baud} {line.bits}{line.parity}{line.stop_bits:g}"
    missing = ", ".join(not_read_back(name, driver)) or "—"
    can = ", ".join(sorted(spec.capabilities)).replace("_", " ")
    return f"| `{name}` | {spec.title} | {can} | {by} | {verified} | {other} | {missing} |"


def facts(driver: type[Driver]) -> tuple[int, int]:
    """Statements about the wire that were verified somewhere, and others."""
    said = sys.modules[driver.__module__].__doc__ or ""
    marks = list(_MARK.finditer(said))
    ends = [found.start() for found in marks[1:]] + [len(said)] * bool(marks)
    verified = other = 0
    for found, end in zip(marks, ends, strict=True):
        body = said[found.end() : end].partition("\n\n")[0]
        count = len([part for part in re.split(r";|\.\s", body) if part.strip()])
        if found[1].startswith("verified"):
            verified += count
        else:
            other += count
    return verified, other


def not_read_back(name: str, driver: type[Driver]) -> list[str]:
    """What this instrument does not tell when it is read."""

    async def main(clock: Clock) -> list[str]:
        rig = Rig(driver, CASES[name], clock, simulated(name))
        identity = await rig.instrument.connect()
        found = [] if identity.serial else ["serial number"]
        made = rig.instrument.driver
        if isinstance(made, Source):
            state = await rig.instrument.job(made.read)
            told = {
                "on and off": made.spec.confirms_emission or None,
                "level": state.level,
                "set point": state.set_level,
                "interlock": state.interlock_closed,
                "key": state.key_on,
            }
            found += [what for what, value in told.items() if value is None]
        elif isinstance(made, Gate):
            state_of = await rig.instrument.job(made.read_gate)
            found += ["position"] if state_of.blocks is None else []
        await rig.instrument.close()
        return found

    return run_virtual(main)


def measure(profile: str) -> Iterator[Figure]:
    """That every registered driver is in the contract suite, and says where its facts are from."""
    drivers = registered()
    yield Figure(
        "drivers.table.in-the-contract-suite", len(set(drivers) & set(CASES)), "drivers", profile,
        f"{len(drivers)} registered", "all of them", set(drivers) == set(CASES),
    )  # fmt: skip
    for name, driver in sorted(drivers.items()):
        verified, other = facts(driver)
        missing = ", ".join(not_read_back(name, driver)) or "nothing"
        yield Figure(
            f"drivers.table.{name}", verified, "facts verified", profile,
            f"{other} not; {', '.join(sorted(driver.spec.capabilities))}; "
            f"{driver.spec.transport}; cannot be read back: {missing}",
        )  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
