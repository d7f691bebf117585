"""What every driver must do, whoever wrote it: against its card's transcript and the simulator.

A driver without a case here fails the suite; it is not fit to be registered.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from labctl.clock import Clock, run_virtual
from labctl.instruments import (
    Address,
    Beam,
    DeviceRefusedError,
    Gate,
    GateState,
    IdentityError,
    InputError,
    Instrument,
    Invalid,
    PortDisconnectedError,
    PowerMeter,
    Reading,
    Seal,
    SimSpec,
    Source,
    Thermometer,
)
from labctl_simulators.session import open_session
from tests.contract.cards import CASES, Case
from tests.contract.registered import registered
from tests.contract.wire import MS, Card, Wire

DRIVERS = registered()
SOURCES = [n for n, d in DRIVERS.items() if "source" in d.spec.capabilities]
GATES = [n for n, d in DRIVERS.items() if "gate" in d.spec.capabilities]
SENSORS = [n for n in DRIVERS if n not in (*SOURCES, *GATES)]
WORLDS = ("card", "sim")

Body = Callable[["Rig"], Awaitable[None]]


class Rig:
    """One driver on one wire."""

    def __init__(self, name: str, world: str, clock: Clock) -> None:
        self.case = case_of(name)
        self.clock = clock
        self.trouble: list[str] = []
        self.wire = Wire(self._far_end(name, world))
        self.instrument = Instrument(
            "thing",
            DRIVERS[name],
            self.case.settings,
            Address.parse("sim://thing"),
            self.wire.port(clock, "thing"),
            on_trouble=lambda what, detail: self.trouble.append(what),
        )

    def _far_end(self, name: str, world: str) -> Callable[[], Card]:
        if world == "card":
            answer = self.case.answer()
            return lambda: Card(answer)
        bench = {
            "instruments": {
                "thing": {
                    "driver": name,
                    "address": "sim://thing",
                    "settings": dict(self.case.settings),
                }
            }
        }
        session = open_session(SimSpec(seed=3, bench=bench))
        return lambda: session.link("sim://thing")  # type: ignore[return-value]

    @property
    def source(self) -> Source:
        assert isinstance(self.instrument.driver, Source)
        return self.instrument.driver

    @property
    def gate(self) -> Gate:
        assert isinstance(self.instrument.driver, Gate)
        return self.instrument.driver

    async def let_through(self) -> None:
        keeper = self.gate.gatekeeper(Seal("test"))
        await self.instrument.job(keeper.let_through)

    async def look(self) -> GateState:
        return await self.instrument.job(self.gate.read_gate)

    async def light(self) -> None:
        emitter = self.source.emitter(Seal("test"))
        await self.instrument.job(lambda: emitter.limit_level(self.case.level))
        await self.instrument.job(lambda: emitter.set_level(self.case.level))
        await self.instrument.job(emitter.on)

    async def readings(self) -> tuple[Reading | Invalid, ...]:
        driver = self.instrument.driver
        if isinstance(driver, Thermometer):
            return await self.instrument.job(driver.read_temperatures)
        if isinstance(driver, PowerMeter):
            return (await self.instrument.job(driver.read_power),)
        return (await self.instrument.job(self.source.read)).readings


def case_of(name: str) -> Case:
    assert name in CASES, f"driver {name} has no case in tests/contract/cards.py"
    return CASES[name]


def run(name: str, world: str, body: Body) -> None:
    async def main(clock: Clock) -> None:
        await body(Rig(name, world, clock))

    run_virtual(main)


every_driver = pytest.mark.parametrize("name", DRIVERS)
every_source = pytest.mark.parametrize("name", SOURCES)
every_gate = pytest.mark.parametrize("name", GATES)
every_sensor = pytest.mark.parametrize("name", SENSORS)
both_worlds = pytest.mark.parametrize("world", WORLDS)


def test_every_registered_driver_has_a_case() -> None:
    """No driver is registered that this suite does not try."""

    assert sorted(DRIVERS) == sorted(CASES)


@every_driver
def test_the_driver_keeps_its_name_and_declares_what_it_can(name: str) -> None:
    """A spec has the name it is registered under and capabilities that its class fulfils."""
    driver = DRIVERS[name]
    methods = {
        "source": "emitter",
        "gate": "gatekeeper",
        "thermometer": "read_temperatures",
        "power_meter": "read_power",
    }

    assert name == driver.spec.name
    assert driver.spec.capabilities
    assert all(hasattr(driver, methods[what]) for what in driver.spec.capabilities)
    assert driver.spec.transport in {"serial", "visa", "library"}
    assert "No hardware was touched." in (__import__(driver.__module__, fromlist=["x"]).__doc__)


@pytest.mark.parametrize("name", [*SOURCES, *GATES])
def test_what_the_guard_owns_has_short_exchanges(name: str) -> None:
    """No exchange of a source or a gate lasts longer than 200 ms."""

    assert DRIVERS[name].spec.slowest_exchange_s <= 0.2


@every_driver
def test_constructing_does_no_io_and_refuses_unknown_settings(name: str) -> None:
    """A setting that the driver does not have is bad input, found before anything is touched."""

    async def main(clock: Clock) -> None:
        rig = Rig(name, "card", clock)
        with pytest.raises(InputError, match="no setting 'colour'"):
            DRIVERS[name](rig.wire.port(clock, "x"), {"colour": "red"})

        assert 0 == rig.wire.opened

    run_virtual(main)


@every_driver
@both_worlds
def test_connecting_tells_who_is_there(name: str, world: str) -> None:
    """After connect the identity names make and model, and no trouble was told."""

    async def body(rig: Rig) -> None:
        identity = await rig.instrument.connect()

        assert identity == rig.instrument.identity
        assert identity.make and identity.model
        assert [] == rig.trouble

    run(name, world, body)


@every_driver
@both_worlds
def test_a_stranger_is_refused_and_its_port_let_go(name: str, world: str) -> None:
    """Another instrument at the address ends in IdentityError naming instrument and port."""

    async def body(rig: Rig) -> None:
        rig.wire = Wire(lambda: Card(lambda data: rig.case.stranger))
        instrument = Instrument(
            "thing",
            DRIVERS[name],
            rig.case.settings,
            Address.parse("sim://thing"),
            rig.wire.port(rig.clock, "thing"),
        )
        with pytest.raises(IdentityError, match="thing at sim://thing"):
            await instrument.connect()

        assert not rig.wire.open
        assert rig.case.on not in rig.wire.written() or not rig.case.on

    run(name, world, body)


@every_source
@both_worlds
def test_a_source_is_off_after_connecting(name: str, world: str) -> None:
    """Whoever lit it before: connecting writes off, never on, and what can be read reads OFF."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        state = await rig.instrument.job(rig.source.read)
        confirms = rig.instrument.spec.confirms_emission

        assert rig.case.off in rig.wire.written()
        assert rig.case.on not in rig.wire.written()
        assert (Beam.OFF if confirms else Beam.UNKNOWN) == state.beam

    run(name, world, body)


@every_source
@both_worlds
def test_off_is_written_in_the_same_instant_and_confirmed_by_reading(name: str, world: str) -> None:
    """A lit source: off goes out at the moment it is asked for, and the next read knows."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        await rig.light()
        await rig.clock.sleep(1000 * MS)
        lit = await rig.instrument.job(rig.source.read)
        before, asked_ns = len(rig.wire.sent), rig.clock.now_ns()
        await rig.instrument.off()
        state = await rig.instrument.job(rig.source.read)
        confirms = rig.instrument.spec.confirms_emission

        assert (asked_ns, rig.case.off) == rig.wire.sent[before]
        assert (Beam.ON if confirms else Beam.UNKNOWN) == lit.beam
        assert (Beam.OFF if confirms else Beam.UNKNOWN) == state.beam
        assert [] == rig.trouble

    run(name, world, body)


@every_source
@both_worlds
def test_off_needs_no_port_in_step(name: str, world: str) -> None:
    """While a reply is missing and the lock is held, off still goes out at once."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        await rig.light()
        await rig.clock.sleep(1000 * MS)
        rig.instrument._raw.in_step = False
        async with rig.instrument._lock:
            before, asked_ns = len(rig.wire.sent), rig.clock.now_ns()
            await rig.instrument.off()

        assert (asked_ns, rig.case.off) == rig.wire.sent[before]

    run(name, world, body)


@every_source
@both_worlds
def test_what_was_set_before_an_off_is_not_lit_after_it(name: str, world: str) -> None:
    """Level, off, on: the on never reaches the wire; a level set anew may be lit."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        emitter = rig.source.emitter(Seal("test"))
        await rig.instrument.job(lambda: emitter.set_level(rig.case.level))
        await rig.instrument.off()
        with pytest.raises(DeviceRefusedError, match="since it was last switched off"):
            await rig.instrument.job(emitter.on)
        dark = rig.wire.written()
        await rig.light()

        assert rig.case.on not in dark
        assert rig.case.on in rig.wire.written()

    run(name, world, body)


@every_source
@both_worlds
def test_off_overtakes_an_on_that_is_under_way(name: str, world: str) -> None:
    """Switched off while the on waits for the port: the on is refused and never written."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        emitter = rig.source.emitter(Seal("test"))
        await rig.instrument.job(lambda: emitter.set_level(rig.case.level))
        rig.instrument._raw.in_step = False
        lighting = asyncio.ensure_future(rig.instrument.job(emitter.on))
        await rig.clock.sleep(10 * MS)
        await rig.instrument.off()
        with pytest.raises(DeviceRefusedError, match="switched off meanwhile"):
            await lighting

        assert rig.case.on not in rig.wire.written()

    run(name, world, body)


@every_source
@both_worlds
def test_levels_outside_the_limit_are_refused_and_not_clipped(name: str, world: str) -> None:
    """Too much, negative or no number: refused before a byte is written."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        emitter = rig.source.emitter(Seal("test"))
        before = len(rig.wire.sent)
        for level in rig.case.refused:
            with pytest.raises(DeviceRefusedError, match="outside"):
                await rig.instrument.job(lambda level=level: emitter.set_level(level))

        assert [] == rig.wire.written(before)

    run(name, world, body)


@every_source
def test_no_emitter_without_a_seal(name: str) -> None:
    """Something that is no seal gets no emitter."""

    async def body(rig: Rig) -> None:
        with pytest.raises(TypeError, match="guard"):
            rig.source.emitter("a seal, honestly")  # type: ignore[arg-type]

    run(name, "card", body)


@every_sensor
@both_worlds
def test_a_reading_is_a_number_in_its_unit_stamped_when_it_came(name: str, world: str) -> None:
    """Healthy readings are finite, in degC or W, with the time of the reply."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        before_ns = rig.clock.now_ns()
        readings = await rig.readings()

        assert readings
        for reading in readings:
            assert isinstance(reading, Reading)
            assert reading.unit in {"degC", "W"}
            assert before_ns < reading.t_ns <= rig.clock.now_ns()

    run(name, world, body)


@pytest.mark.parametrize(
    ("name", "reply", "reason"),
    [(name, reply, reason) for name in SENSORS for reply, reason in CASES[name].invalid.items()],
)
@both_worlds
def test_what_is_no_reading_is_invalid(name: str, world: str, reply: bytes, reason: str) -> None:
    """Open, overload, over-range: Invalid with its reason, never a number."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        rig.wire.instead = reply
        first, *others = await rig.readings()

        assert isinstance(first, Invalid)
        assert reason == first.reason
        assert all(isinstance(other, Reading) for other in others)

    run(name, world, body)


@every_sensor
@both_worlds
def test_a_late_reply_is_not_taken_for_the_next_answer(name: str, world: str) -> None:
    """After a timeout the port is drained and identified, then the query is repeated once."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        healthy = await rig.readings()
        rig.wire.late_ns = 900 * MS
        readings = await rig.readings()

        assert ["timeout", "resynchronised"] == rig.trouble
        assert [r.channel for r in healthy] == [r.channel for r in readings]
        assert all(isinstance(reading, Reading) for reading in readings)

    run(name, world, body)


@pytest.mark.parametrize("name", [n for n in SOURCES if DRIVERS[n].spec.confirms_emission])
@both_worlds
def test_a_source_out_of_step_goes_off(name: str, world: str) -> None:
    """A late reply of a lit source: off is written at once, and the read that follows says OFF."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        await rig.light()
        await rig.clock.sleep(1000 * MS)
        before = len(rig.wire.sent)
        rig.wire.late_ns = 900 * MS
        state = await rig.instrument.job(rig.source.read)

        assert rig.case.off == rig.wire.written(before)[1]
        assert ["timeout", "resynchronised"] == rig.trouble
        assert Beam.OFF == state.beam

    run(name, world, body)


@every_sensor
@both_worlds
def test_garbage_is_told_and_mended(name: str, world: str) -> None:
    """A reply that is no reading raises; the next poll works, after resynchronising."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        rig.wire.instead = rig.case.garbage
        with pytest.raises(Exception, match="thing at sim://thing"):
            await rig.readings()
        readings = await rig.readings()

        assert ["protocol", "resynchronised"] == rig.trouble
        assert all(isinstance(reading, Reading) for reading in readings)

    run(name, world, body)


@every_driver
@both_worlds
def test_a_pulled_cable_is_told_once(name: str, world: str) -> None:
    """Each exchange over a gone port raises PortDisconnectedError; trouble is told once."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        rig.wire.pulled = True
        for _ in range(2):
            with pytest.raises(PortDisconnectedError, match="thing at sim://thing"):
                await rig.instrument.job(rig.instrument.driver.identify)

        assert ["disconnected"] == rig.trouble

    run(name, world, body)


@every_source
@both_worlds
def test_off_over_a_gone_port_is_told_and_raises(name: str, world: str) -> None:
    """Whoever switches off learns that it could not be written."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        rig.wire.pulled = True
        with pytest.raises(PortDisconnectedError, match="thing at sim://thing"):
            await rig.instrument.off()

        assert ["disconnected"] == rig.trouble

    run(name, world, body)


@every_driver
@both_worlds
def test_closing_releases_the_port_and_it_opens_again(name: str, world: str) -> None:
    """Close twice is close once; connect works again in the same process; so does reopen."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        await rig.instrument.close()
        await rig.instrument.close()
        closed = not rig.wire.open
        with pytest.raises(PortDisconnectedError):
            await rig.instrument.job(rig.instrument.driver.identify)
        again = await rig.instrument.connect()

        assert closed
        assert again == await rig.instrument.reopen()
        assert 3 == rig.wire.opened

    run(name, world, body)


# -- gates ------------------------------------------------------------------------------------


def asks_first(name: str) -> bool:
    return DRIVERS[name].spec.asks_before_block


@every_gate
@both_worlds
def test_a_gate_blocks_after_connecting(name: str, world: str) -> None:
    """Whoever opened it before: connecting blocks it, as sensed, and never lets through."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        await rig.clock.sleep(50 * MS)
        state = await rig.look()
        written = rig.wire.written()

        assert (True, False, ()) == (state.blocks, state.dropped, state.faults)
        assert not any(w.endswith(rig.case.lets) for w in written) or asks_first(name)
        assert [] == rig.trouble

    run(name, world, body)


@every_gate
@both_worlds
def test_a_gate_lets_through_and_blocks_as_told(name: str, world: str) -> None:
    """Both are sensed at the gate itself; fed, it stays as it is."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        await rig.let_through()
        keeper = rig.gate.gatekeeper(Seal("test"))
        fed = [await rig.instrument.job(keeper.feed) for _ in range(3)]
        await rig.instrument.block()
        await rig.clock.sleep(50 * MS)
        shut = await rig.look()

        assert [False] * 3 == [state.blocks for state in fed]
        assert (True, False) == (shut.blocks, shut.dropped)

    run(name, world, body)


@every_gate
@both_worlds
def test_a_gate_told_twice_stays_blocked(name: str, world: str) -> None:
    """Blocking what blocks, and again, never lets through: also where the command toggles."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        for _ in range(3):
            await rig.instrument.block()
        await rig.clock.sleep(50 * MS)

        assert (await rig.look()).blocks is True

    run(name, world, body)


@pytest.mark.parametrize("name", [n for n in GATES if not asks_first(n)])
@both_worlds
def test_a_relay_is_opened_in_the_same_instant(name: str, world: str) -> None:
    """While a reply is missing and the lock is held, the command still goes out at once."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        await rig.let_through()
        rig.instrument._raw.in_step = False
        async with rig.instrument._lock:
            before, asked_ns = len(rig.wire.sent), rig.clock.now_ns()
            await rig.instrument.block()
        t_ns, data = rig.wire.sent[before]

        assert asked_ns == t_ns
        assert data.endswith(rig.case.blocks)

    run(name, world, body)


@pytest.mark.parametrize("name", [n for n in GATES if asks_first(n)])
@both_worlds
def test_a_toggle_is_never_written_without_asking(name: str, world: str) -> None:
    """Each toggle stands directly behind a question, whatever went wrong before."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        await rig.let_through()
        rig.wire.late_ns = 900 * MS
        await rig.instrument.block()
        written = rig.wire.written()
        asked = [before for before, data in itertools.pairwise(written) if data == rig.case.blocks]

        assert {b"ens?\r"} == set(asked)
        assert (await rig.look()).blocks is True

    run(name, world, body)


@every_gate
def test_no_gatekeeper_without_a_seal(name: str) -> None:
    """Something that is no seal gets no gatekeeper."""

    async def body(rig: Rig) -> None:
        with pytest.raises(TypeError, match="guard"):
            rig.gate.gatekeeper("a seal, honestly")  # type: ignore[arg-type]

    run(name, "card", body)


@every_gate
@both_worlds
def test_blocking_over_a_gone_port_is_told_and_raises(name: str, world: str) -> None:
    """Whoever blocks learns that it could not be written."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        rig.wire.pulled = True
        with pytest.raises(PortDisconnectedError, match="thing at sim://thing"):
            await rig.instrument.block()

        assert ["disconnected"] == rig.trouble

    run(name, world, body)


@every_gate
@both_worlds
def test_a_late_reply_of_a_gate_is_not_taken_for_the_next_answer(name: str, world: str) -> None:
    """After a timeout the port is drained and identified, then the query is repeated once."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        rig.wire.late_ns = 900 * MS
        state = await rig.look()

        assert ["timeout", "resynchronised"] == rig.trouble
        assert state.blocks is True

    run(name, world, body)


@pytest.mark.parametrize("name", [n for n in GATES if "hardware" in DRIVERS[n].spec.fails_safe])
def test_a_dead_man_drops_when_it_is_not_fed_and_stays_so(name: str) -> None:
    """Fed in time it stays closed; not fed it opens by itself, and feeding does not close it; only
    letting through anew does."""

    async def body(rig: Rig) -> None:
        await rig.instrument.connect()
        drops_after_s = rig.gate.drops_after_s
        assert drops_after_s is not None
        keeper = rig.gate.gatekeeper(Seal("test"))
        await rig.let_through()
        for _ in range(6):
            await rig.clock.sleep(round(drops_after_s * 0.7e9))
            fed = await rig.instrument.job(keeper.feed)
        await rig.clock.sleep(round(drops_after_s * 1.05e9))
        late = await rig.instrument.job(keeper.feed)
        await rig.clock.sleep(50 * MS)
        later = await rig.instrument.job(keeper.feed)
        await rig.let_through()
        again = await rig.look()

        assert (False, False) == (fed.blocks, fed.dropped)
        assert (True, True) == (late.blocks, late.dropped)
        assert (True, True) == (later.blocks, later.dropped)
        assert (False, False) == (again.blocks, again.dropped)

    run(name, "sim", body)
