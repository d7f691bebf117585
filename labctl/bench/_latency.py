"""How long light may go on at worst on a bench, computed from its ports and printed.

Two ways lead to off, written in the same instant: the source's own off, and the shutter in its
beam; the quicker one counts. Off waits for no exchange under way. Beside that the guard reads each
of its ports in at most the driver's slowest exchange, looks at every rule at every tick, and the
engine takes over a guard that says nothing. Of simulated instruments it is a simulation's figure.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from labctl import talk
from labctl.bench._guard_process import METER
from labctl.bench._model import BenchFile
from labctl.bench._remote import NOTICED_S
from labctl.events import LASER, SOURCES
from labctl.instruments import DEADMAN, GATES, SHUTTER, Driver, Gate, check_instrument
from labctl.limits import Limits, tighten

MOST_OFF_S = 0.5
"""A source whose own protocol may take longer needs another way off."""


@dataclass(frozen=True, slots=True)
class OffLatency:
    """Seconds at worst until a source's energy no longer reaches the sample."""

    source: str
    by: str
    """The quicker way: `laser`, `heater`, `coil` or `shutter`."""
    asked_s: float
    """From off being asked for."""
    rule_s: float
    """From something that the guard reads itself (interlock, key, power) going wrong, where a
    reading takes one exchange."""
    engine_killed_s: float
    engine_hangs_s: float
    """From its last fresh reading: the lease."""
    guard_hangs_s: float
    """Or is killed: the engine notices and switches off; the opening of the port comes on top."""
    both_gone_s: float | None
    """Engine and guard: the dead-man that the guard feeds; None where it feeds none."""

    def __str__(self) -> str:
        both = (
            "the hardware dead-man's own time"
            if self.both_gone_s is None
            else f"{self.both_gone_s:.2g} s"
        )
        return (
            f"{self.source} off at worst {self.asked_s:.2f} s after it is asked for (by the "
            f"{self.by}), {self.rule_s:.2f} s after interlock or power go wrong; engine killed "
            f"{self.engine_killed_s:.2f} s, hung {self.engine_hangs_s:.2f} s (lease); guard killed "
            f"or hung {self.guard_hangs_s:.2f} s and the opening of its port; both {both}"
        )

    def to_plain(self) -> dict[str, object]:
        """For the record."""
        return asdict(self)


def off_latency(
    bench: BenchFile, source: str = LASER, asked: Limits | None = None
) -> OffLatency | None:
    """The worst case of one source, with the lease as a protocol's limits tighten it; None on a
    bench without that source. InputError where a driver is not there."""
    if source not in bench.roles:
        return None
    own = _driver(bench, source)
    ways = {source: own.spec.slowest_off_s}
    with_light = source == LASER
    if with_light and SHUTTER in bench.roles:
        ways[SHUTTER] = _driver(bench, SHUTTER).spec.slowest_off_s
    by = min(ways, key=lambda name: ways[name])
    off_s = ways[by]
    held = (source, *((r for r in (METER, *GATES) if r in bench.roles) if with_light else ()))
    exchange_s = max(_driver(bench, role).spec.slowest_exchange_s for role in held)
    tick_s = talk.TICK_S
    lease_s = tighten(bench.limits, asked or Limits()).lease_s or 0.0
    return OffLatency(
        source=source,
        by=by,
        asked_s=off_s,
        # Just read, then read again, then looked at.
        rule_s=talk.READ_S + exchange_s + tick_s + off_s,
        engine_killed_s=tick_s + off_s,
        engine_hangs_s=lease_s + tick_s + off_s,
        guard_hangs_s=NOTICED_S + exchange_s + off_s,
        both_gone_s=_dead_man_s(bench) if with_light else None,
    )


def too_slow(bench: BenchFile) -> str:
    """Why a laser of this bench needs another way off, or ''."""
    found = off_latency(bench)
    if found is None or found.asked_s <= MOST_OFF_S or _dead_man_s(bench) is not None:
        return ""
    return (
        f"the laser may take {found.asked_s:.1f} s to go off by its own protocol, more than "
        f"{MOST_OFF_S:g} s, and no shutter or relay is there to be quicker"
    )


def latency_lines(
    bench: BenchFile, sources: tuple[str, ...] = SOURCES, asked: Limits | None = None
) -> list[str]:
    """What a person is told before anything is lit."""
    lines = [str(it) for s in sources if (it := off_latency(bench, s, asked)) is not None]
    why = too_slow(bench) if LASER in sources else ""
    return [*lines, f"WARNING: {why}"] if why else lines


def _dead_man_s(bench: BenchFile) -> float | None:
    if DEADMAN not in bench.roles:
        return None
    driver = _driver(bench, DEADMAN)
    if not isinstance(driver, Gate) or driver.drops_after_s is None:
        return None
    return driver.drops_after_s + driver.spec.slowest_off_s


def _driver(bench: BenchFile, role: str) -> Driver:
    key = bench.roles[role].instrument
    entry = bench.instruments[key]
    return check_instrument(key, entry.driver, entry.address, entry.settings)
