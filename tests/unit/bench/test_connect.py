"""Connecting a bench: every cause at once, no port left open, and what it is found to be."""

from __future__ import annotations

import asyncio

import pytest

from labctl.bench import Bench, connect, loads, reach
from labctl.clock import Clock, run_virtual
from labctl.errors import BenchError, LabctlError, PortTimeoutError
from labctl.events import Mode
from labctl.instruments import Instrument, SimSession, SimSpec, open_simulation
from tests.scenario.runs import BENCHES

FILE = loads((BENCHES / "simulated.yaml").read_text())
NEEDS = ("laser", "probe", "ambient", "meter")


def simulation(*faults: str) -> SimSession:
    return open_simulation(SimSpec(1, faults, {}, FILE.statement()))


def is_open(bench_or_instrument: Instrument) -> bool:
    return bench_or_instrument._raw._link is not None  # type: ignore[attr-defined]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Instrument]:
    """Every instrument that was made, in order."""
    instruments: list[Instrument] = []
    real = Instrument.__init__

    def note(self: Instrument, *args: object, **how: object) -> None:
        real(self, *args, **how)  # type: ignore[arg-type]
        instruments.append(self)

    monkeypatch.setattr(Instrument, "__init__", note)
    return instruments


def test_a_simulated_bench_is_found_to_be_simulated_and_released() -> None:
    """Every role has its instrument, and after `close` no port is open."""

    async def main(clock: Clock) -> Bench:
        bench = await connect(FILE, NEEDS, clock, simulation())
        assert all(is_open(instrument) for instrument in bench.instruments.values())
        await bench.close()
        return bench

    bench = run_virtual(main)

    assert Mode.SIMULATED == bench.mode
    assert ["diode", "scanner", "meter"] == list(bench.instruments)
    assert "laser" in bench.sources
    assert bench.meter is not None
    assert not any(is_open(instrument) for instrument in bench.instruments.values())


def test_all_that_is_missing_is_told_at_once(made: list[Instrument]) -> None:
    """Two cables out are two causes of one error, and the third port is released."""

    async def main(clock: Clock) -> None:
        session = simulation("unplugged-port:meter@0s", "unplugged-port:scanner@0s")
        await connect(FILE, NEEDS, clock, session)

    with pytest.raises(BenchError) as missing:
        run_virtual(main)

    assert 2 == len(missing.value.causes)
    assert "meter" in str(missing.value)
    assert "scanner" in str(missing.value)
    assert [False] * 3 == [is_open(instrument) for instrument in made]


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.05, 0.06, 0.1])
def test_a_stop_while_connecting_releases_every_port(
    made: list[Instrument], after_s: float
) -> None:
    """Whichever had been connected when the stop came."""

    async def main(clock: Clock) -> None:
        connecting = asyncio.ensure_future(connect(FILE, NEEDS, clock, simulation()))
        await clock.sleep(round(after_s * 1e9) + 1)
        connecting.cancel()
        await asyncio.wait({connecting})
        if not connecting.cancelled():
            await connecting.result().close()

    run_virtual(main)

    assert [False] * len(made) == [is_open(instrument) for instrument in made]


def test_a_port_that_cannot_be_released_does_not_keep_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first instrument's error is raised when the rest is released."""

    async def main(clock: Clock) -> Bench:
        bench = await connect(FILE, NEEDS, clock, simulation())

        async def breaks() -> None:
            raise PortTimeoutError("the library did not come back", where="diode")

        monkeypatch.setattr(bench.instruments["diode"], "close", breaks)
        with pytest.raises(LabctlError, match="did not come back"):
            await bench.close()
        return bench

    bench = run_virtual(main)

    assert [False, False] == [is_open(bench.instruments[key]) for key in ("scanner", "meter")]


def test_one_address_that_makes_no_claim_is_real_before_anything_is_opened() -> None:
    """What is said of a bench is read from its addresses."""
    text = (BENCHES / "simulated.yaml").read_text()
    mixed = loads(text.replace("sim://scanner", "/dev/ttyUSB9"))
    found = reach(mixed, NEEDS)

    assert (True, False, True) == (found.real, found.in_process, found.any_in_process)
    assert not reach(mixed, ["laser"]).real
