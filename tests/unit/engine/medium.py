"""Runs of steps given as values, on the simulated bench with a thermostat, a doser and an assay
that are only written down: what the engine does with them, not what a liquid makes of it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from labctl import sample as samples
from labctl.bench import AssayResult, Bench, Stock
from labctl.engine import Begun, _session, carry_out
from labctl.errors import InstrumentError, RefusedError
from labctl.events import Event, Invalid, Reading
from labctl.instruments import DoserState
from labctl.protocol import Irradiate, Step
from tests.scenario.runs import Story, nobody, read, request

S = 10**9
LIT = Irradiate(index=0, name="", stated_power_w=1.0, irradiance_w_per_m2=None, at_most_ns=3 * S)
TEXT = (
    "schema: labctl.protocol/1\nname: medium\ntitle: medium\n"
    "needs: {laser: laser, probe: thermometer}\nrecord: {every: 500 ms}\nsteps:\n"
    "  - baseline: {for: 3 s}\n  - irradiate: {power: 1 W, for: 3 s}\n"
)
STOCKS = {
    "glutathione": Stock("glutathione", "1", concentration_mol_per_m3=100.0),
    "acid": Stock("acid", "2", titration=((7.4, 0.0), (5.5, 0.01), (4.0, 0.03))),
}


@dataclasses.dataclass
class Bath:
    """A thermostat that has any temperature at once; the probe does not follow it."""

    max_degc: float = 60.0
    cap_degc: float | None = 70.0
    running: bool = False
    wrong: str = ""
    sticks: bool = False
    gives_in: int = 10**6
    """It stops all the same when it is told so often."""
    now_ns: Callable[[], int] = lambda: 0
    stopped_ns: int = 0
    told: list[str] = dataclasses.field(default_factory=list)

    async def start(self, degc: float) -> None:
        if degc > self.max_degc:
            raise RefusedError(f"{degc:g} degC is above {self.max_degc:g} degC")
        self.told.append(f"start {degc:g}")
        self.running = True

    async def stop(self, reopens: bool = False) -> None:
        self.told.append("stop anew" if reopens else "stop")
        self.stopped_ns = self.now_ns()
        self.gives_in -= 1
        if self.sticks and self.gives_in > 0:
            raise InstrumentError("it says that it regulates")
        self.running = False

    async def read(self) -> tuple[Reading | Invalid, ...]:
        return ()

    def trouble(self) -> str:
        return self.wrong


@dataclasses.dataclass
class Pump:
    """A doser that is busy for some looks."""

    looks: int = 3
    short: float = 1.0
    fault: str = ""
    told: list[str] = dataclasses.field(default_factory=list)
    _asked_m3: float = 0.0
    _left: int = 0

    async def deliver(self, agent: str, volume_m3: float) -> None:
        self.told.append(f"deliver {agent}")
        self._asked_m3, self._left = volume_m3, self.looks

    async def halt(self, reopens: bool = False) -> None:
        self.told.append("halt")

    async def read(self) -> DoserState:
        self._left -= 1
        faults = (self.fault,) if self.fault else ()
        return DoserState(self._left > 0, self._asked_m3 * self.short, faults)


@dataclasses.dataclass
class Plates:
    """An assay that gives what `fractions` of a species says, one after another."""

    now_ns: Callable[[], int]
    fractions: Mapping[str, Sequence[float | None]]
    takes_s: float = 5.0
    species: tuple[str, ...] = ("quinidine", "doxorubicin")
    begun: list[tuple[str, int]] = dataclasses.field(default_factory=list)
    never: bool = False
    given: dict[str, int] = dataclasses.field(default_factory=dict)

    async def begin(self, species: str) -> None:
        self.begun.append((species, self.now_ns()))

    async def read(self) -> AssayResult | None:
        if self.never:
            return None
        species, taken_ns = self.begun[-1]
        number = self.given.get(species, 0)
        self.given[species] = number + 1
        series = self.fractions[species]
        fraction = series[min(number, len(series) - 1)]
        if fraction is None:
            return AssayResult(species, taken_ns, 1e9, "counts", None, None, None, 0.0, "saturated")
        load = loads()[species]
        return AssayResult(
            species, taken_ns, fraction * 1e3, "counts", fraction * load, 0.02 * load, 0.0
        )


@functools.cache
def loads() -> dict[str, float]:
    """Of the sample that is used here, mol/m^3 at full release."""
    specimen = samples.load(samples.find("pda-aminoacid"))
    return {name: load.load_mol_per_m3.value for name, load in specimen.release.items()}


@dataclasses.dataclass
class Fakes:
    """What is on the bench beside the simulated instruments; None for what is not there."""

    bath: Bath | None = None
    pump: Pump | None = None
    fractions: Mapping[str, Sequence[float | None]] | None = None
    assay_never: bool = False
    plates: Plates | None = None


@contextlib.contextmanager
def standing_in(fakes: Fakes) -> Iterator[None]:
    """A bench that is connected has them in their roles."""
    connect = _session.connect

    async def connected(file: Any, roles: Any, clock: Any, *more: Any, **how: Any) -> Bench:
        bench = await connect(file, roles, clock, *more, **how)
        if fakes.bath is not None:
            fakes.bath.now_ns = clock.now_ns
        bench.thermostat, bench.doser = fakes.bath, fakes.pump  # type: ignore[assignment]
        if fakes.fractions is not None:
            fakes.plates = Plates(clock.now_ns, fakes.fractions, never=fakes.assay_never)
            bench.assay = fakes.plates  # type: ignore[assignment]
        return bench

    with mock.patch.object(_session, "connect", connected):
        yield


def carried_out(
    runs_dir: Path,
    steps: Sequence[Step],
    fakes: Fakes | None = None,
    *,
    ask: Callable[[str], concurrent.futures.Future[str]] = nobody,
    on_begin: Callable[[Begun], None] = lambda begun: None,
    publish: Sequence[Callable[[Event], None]] = (),
    lights: bool = True,
    stocks: Mapping[str, Stock] = STOCKS,
    period_ns: int = S // 2,
    temperature_degc: float | None = None,
    check: bool = False,
    **how: Any,
) -> Story:
    """Carry these steps out. Without `lights` the run has no laser, and nothing guards.
    `temperature_degc`: the protocol's own limit. No model follows the liquid without `check`."""
    asked = request(runs_dir, protocol=TEXT, parameters=(), check=check, **how)
    numbered = tuple(dataclasses.replace(step, index=n) for n, step in enumerate(steps))
    needs = dict(asked.plan.needs) if lights else {"probe": "thermometer"}
    limits = dataclasses.replace(asked.plan.limits, temperature_degc=temperature_degc)
    plan = dataclasses.replace(
        asked.plan, steps=numbered, needs=needs, period_ns=period_ns, limits=limits
    )
    file = dataclasses.replace(asked.bench_file, stocks=dict(stocks))
    with standing_in(fakes or Fakes()):
        result = carry_out(
            dataclasses.replace(asked, plan=plan, bench_file=file),
            publish=publish,
            ask=ask,
            on_begin=on_begin,
            on_signals=lambda loop, stop: lambda: None,
        )
    story = read(result)
    story.check_order()
    return story


def stops_at(kind: type[Event], number: int = 1) -> dict[str, Any]:
    """A person who stops the run at the so manieth event of a kind: pass to `carried_out`."""
    engines: list[Any] = []
    seen: list[Event] = []

    def look(event: Event) -> None:
        if isinstance(event, kind):
            seen.append(event)
            if len(seen) == number:
                engines[0].stop("a person stopped it")

    return {"publish": [look], "on_begin": lambda begun: engines.append(begun.engine)}
