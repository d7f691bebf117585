"""Thermostat, doser and assay in their roles, on the shipped simulated bench."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any
from unittest import mock

import pytest

from labctl.bench import Bench, BenchFile, check_instruments, connect, find_bench, load
from labctl.clock import NS, Clock, run_virtual
from labctl.errors import InputError, InstrumentError, PortTimeoutError, RefusedError, SafetyError
from labctl.events import Invalid, Reading
from labctl.instruments import SimSpec
from labctl_simulators.session import Session, open_session
from tests.unit.simulators._helpers import SAMPLE

FILE = load(find_bench("simulated-release").path)
ROLES = ("probe", "ambient", "thermostat", "doser", "assay")
UL = 1e-9
Body = Callable[[Clock, Session, Bench], Awaitable[None]]


def on_bench(body: Body, *faults: str, file: BenchFile = FILE) -> None:
    async def main(clock: Clock) -> None:
        sample = {**SAMPLE, "solvent": "water", "ph": 6.5}
        session = open_session(SimSpec(3, faults, sample, bench=file.statement()))
        assert isinstance(session, Session)
        bench = await connect(file, ROLES, clock, session)
        try:
            await body(clock, session, bench)
        finally:
            await bench.close()

    run_virtual(main)


def test_the_thermostat_is_recorded_no_more_often_than_it_likes() -> None:
    """Two channels, every five seconds of a run that samples every second."""

    async def body(clock: Clock, session: Session, bench: Bench) -> None:
        assert bench.thermostat is not None
        await bench.thermostat.start(37.0)
        told: list[Reading | Invalid] = []
        for _ in range(20):
            told += [r for r in await bench.read_all(None) if r.channel.startswith("thermostat")]
            await clock.sleep(NS)
        sets = [r.value for r in told if isinstance(r, Reading) and r.channel == "thermostat.set"]
        assert {"thermostat.temperature", "thermostat.set"} == {r.channel for r in told}
        assert [37.0] * len(sets) == sets
        assert 4 <= len(sets) <= 5
        assert (True, "") == (bench.thermostat.running, bench.thermostat.trouble())
        await bench.thermostat.stop()
        assert not bench.thermostat.running
        assert bench.thermostat.state is not None and not bench.thermostat.state.on

    on_bench(body)


def test_a_set_point_above_the_benchs_is_refused_and_nothing_begins() -> None:
    """The driver's own limit is not reached."""

    async def body(clock: Clock, session: Session, bench: Bench) -> None:
        assert bench.thermostat is not None
        for degc in (50.1, float("nan")):
            with pytest.raises(RefusedError, match="may be set to"):
                await bench.thermostat.start(degc)
        assert not bench.thermostat.running
        assert session.world.bath is not None and not session.world.bath.on

    on_bench(body)


@pytest.mark.parametrize(("safety_degc", "starts"), [(80.0, True), (80.1, False)])
def test_a_protection_above_the_benchs_limit_is_not_started(
    safety_degc: float, starts: bool
) -> None:
    """The limit `temperature` is 80 degC: at it is well, above it nothing begins."""

    async def body(clock: Clock, session: Session, bench: Bench) -> None:
        assert bench.thermostat is not None and session.world.bath is not None
        session.world.bath.safety_degc = safety_degc
        if starts:
            await bench.thermostat.start(37.0)
        else:
            with pytest.raises(SafetyError, match="over-temperature protection"):
                await bench.thermostat.start(37.0)
        assert starts == session.world.bath.on == bench.thermostat.running

    on_bench(body)


@pytest.mark.parametrize(
    ("hurt", "said"),
    [
        (lambda bath: setattr(bath, "set_degc", 45.0), "was set to"),
        (lambda bath: bath.stop(), "stopped regulating by itself"),
        (lambda bath: setattr(bath, "tripped", True), "PROTECTION"),
        (lambda bath: setattr(bath, "offset_k", 60.0), "may be set to at most"),
    ],
)
def test_what_is_wrong_with_it_is_said(hurt: Callable[[Any], None], said: str) -> None:
    """Somebody at its knobs, an alarm, a bath that is far too warm."""

    async def body(clock: Clock, session: Session, bench: Bench) -> None:
        assert bench.thermostat is not None
        await bench.thermostat.start(37.0)
        await bench.thermostat.read()
        before = bench.thermostat.trouble()
        hurt(session.world.bath)
        await clock.sleep(6 * NS)
        await bench.thermostat.read()
        assert "" == before
        assert said in bench.thermostat.trouble()

    on_bench(body)


def test_an_agent_goes_through_its_stocks_channel() -> None:
    """Glutathione by the first pump; one that there is no stock of is refused."""

    async def body(clock: Clock, session: Session, bench: Bench) -> None:
        assert bench.doser is not None
        await bench.doser.deliver("glutathione", 20 * UL)
        await clock.sleep(4 * NS)
        state = await bench.doser.read()
        assert (False, ()) == (state.busy, state.faults)
        assert session.world.chemistry.medium.glutathione_mol_per_m3 == pytest.approx(9.8, rel=0.05)
        with pytest.raises(RefusedError, match="no stock of arginine"):
            await bench.doser.deliver("arginine", UL)
        await bench.doser.halt()

    on_bench(body)


def test_an_assay_gives_a_concentration_by_the_benchs_calibration() -> None:
    """Within what noise, calibration and quench leave; at first it is not done."""

    async def body(clock: Clock, session: Session, bench: Bench) -> None:
        assert bench.assay is not None
        assert ("quinidine", "doxorubicin") == bench.assay.species
        session.world.chemistry.medium.gain("quinidine", 0.03 * 1e-6)
        await bench.assay.begin("quinidine")
        assert await bench.assay.read() is None
        await clock.sleep(round((bench.assay.takes_s + 0.1) * NS))
        result = await bench.assay.read()
        assert result is not None and result.concentration_mol_per_m3 is not None
        assert result.concentration_mol_per_m3 == pytest.approx(0.03, abs=0.006)
        assert (result.species, result.unit, "") == ("quinidine", "counts", result.trouble)
        with pytest.raises(RefusedError, match="cannot assay iron"):
            await bench.assay.begin("iron")

    on_bench(body)


def test_a_saturated_assay_has_a_trouble_and_no_number() -> None:
    """As the instrument says."""

    async def body(clock: Clock, session: Session, bench: Bench) -> None:
        assert bench.assay is not None
        await bench.assay.begin("quinidine")
        await clock.sleep(3 * NS)
        result = await bench.assay.read()
        assert result is not None and result.concentration_mol_per_m3 is None
        assert "saturated" in result.trouble

    on_bench(body, "assay-saturated@0s")


def changed(**changes: Any) -> BenchFile:
    return dataclasses.replace(FILE, **changes)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (changed(roles={**FILE.roles, "laser": dataclasses.replace(
            FILE.roles["thermostat"], name="laser")}), "lights nothing"),
        (changed(roles={**FILE.roles, "thermostat": dataclasses.replace(
            FILE.roles["laser"], name="thermostat")}), "the role 'thermostat' is a bath"),
        (changed(stocks={"acid": dataclasses.replace(FILE.stocks["acid"], channel="7")}),
         "channel '7'"),
        (changed(stocks={**FILE.stocks, "base": dataclasses.replace(
            FILE.stocks["acid"], agent="base")}), "in one channel"),
        (changed(assays={"iron": dataclasses.replace(
            FILE.assays["quinidine"], species="iron")}), "does not measure iron"),
    ],
)  # fmt: skip
def test_what_an_instrument_cannot_be_is_told(file: BenchFile, said: str) -> None:
    """Before anything is opened."""
    with pytest.raises(InputError) as found:
        check_instruments(file)

    assert said in " ".join(problem.message for problem in found.value.problems)


def test_a_thermostat_that_reports_a_fault_is_not_started() -> None:
    """Some tell it once: who looks before the start is the only one who hears it."""

    async def body(clock: Clock, session: Session, bench: Bench) -> None:
        assert bench.thermostat is not None and session.world.bath is not None
        session.world.bath.tripped = True
        with pytest.raises(SafetyError, match="is not started"):
            await bench.thermostat.start(37.0)
        assert not bench.thermostat.running
        assert not session.world.bath.on

    on_bench(body)


def test_a_thermostat_that_regulates_and_answers_no_more_is_trouble() -> None:
    """A gap is gone through; after a minute nobody knows what it does. Once stopped, it may."""

    async def body(clock: Clock, session: Session, bench: Bench) -> None:
        role = bench.thermostat
        assert role is not None
        await role.start(37.0)
        await role.read()
        late = PortTimeoutError("no complete reply in time")
        with mock.patch.object(role.driver, "read_thermostat", side_effect=late):
            for _ in range(11):
                await clock.sleep(5 * NS)
                (told,) = await role.read()
                assert isinstance(told, Invalid)
            assert not role.trouble()
            await clock.sleep(10 * NS)
            assert "has not answered for" in role.trouble()
        await role.stop()
        await clock.sleep(100 * NS)
        assert not role.trouble()

    on_bench(body)


def test_a_thermostat_whose_answer_to_a_set_point_is_lost_counts_as_running() -> None:
    """It may regulate at it: whoever ends the run stops it; by its port opened anew, if need be."""

    async def body(clock: Clock, session: Session, bench: Bench) -> None:
        assert bench.thermostat is not None
        await clock.sleep(9 * NS)
        with pytest.raises(InstrumentError):
            await bench.thermostat.start(37.0)
        assert not bench.thermostat.running
        await clock.sleep(5 * NS)
        with (
            mock.patch.object(
                bench.thermostat.driver, "set_temperature", side_effect=InstrumentError("no answer")
            ),
            pytest.raises(InstrumentError),
        ):
            await bench.thermostat.start(37.0)
        assert bench.thermostat.running
        await bench.thermostat.stop(reopens=True)
        assert not bench.thermostat.running

    on_bench(body, "unplugged-port:bath@9s+3s")
