"""The Coherent OBIS's personality against the protocol card, and its driver where the card is
nasty: handshake and prompt as somebody left them, light that comes late, a laser that is cold."""

from __future__ import annotations

import pytest

from labctl.clock import NS, Clock, run_virtual
from labctl.instruments import (
    Address,
    Beam,
    DeviceRefusedError,
    InlinePort,
    Instrument,
    Link,
    PortProtocolError,
    Seal,
    SourceState,
)
from labctl.testing import Card, Wire
from labctl_drivers.coherent_obis import ObisLaser
from labctl_simulators.wire import ObisRemote, SimLink
from labctl_simulators.world import World, draw
from tests.contract.cards import CASES
from tests.unit.simulators._helpers import SAMPLE, ask

CARD = CASES["obis-laser"]


@pytest.fixture
def world() -> World:
    """A bench in the dark."""
    return World(draw(1, SAMPLE, {}))


def made(link: Link, clock: Clock) -> Instrument:
    """The driver on this cable."""
    port = InlinePort(lambda: link, clock, "sim://laser", "laser at sim://laser")
    return Instrument("laser", ObisLaser, CARD.settings, Address.parse("sim://laser"), port)


async def look(instrument: Instrument) -> SourceState:
    assert isinstance(instrument.driver, ObisLaser)
    return await instrument.job(instrument.driver.read)


async def light(instrument: Instrument, level_w: float = 0.9) -> None:
    assert isinstance(instrument.driver, ObisLaser)
    emitter = instrument.driver.emitter(Seal("test"))
    await instrument.job(lambda: emitter.set_level(level_w))
    await instrument.job(emitter.on)


TRANSCRIPT = [
    ("*IDN?", "Coherent, Inc-OBIS 808nm 2000mW C-V2.9-20140321|OK"),
    ("SYSTem:INFormation:MODel?", "OBIS 808nm 2000mW LX|OK"),
    ("SYST:AUT?", "ON|OK"),
    ("SOUR:AM:SOUR?", "DIGITAL|OK"),
    ("SOURce:AM:INTernal CWP", "OK"),
    ("SOUR:POW:LEV:IMM:AMPL 0.75", "OK"),
    ("SOURce:POWer:LEVel:IMMediate:AMPLitude?", "0.75000|OK"),
    ("SOUR:POW:LEV:IMM:AMPL 9", "ERR-220"),
    ("SYST:STAT?", "C8001048|OK"),
    ("SYST:ERR:COUN?", "1|OK"),
    ("SYST:ERR:NEXT?", "-220|OK"),
    ("NONSENSE?", "ERR-100"),
    ("SYST:ERR:CLE", "OK"),
    ("SYST:CDRH?", "ON|OK"),
    ("SOUR:AM:STAT ON", "OK"),
    ("SOUR:AM:STAT?", "ON|OK"),
    ("SYST:STAT?", "C8001018|OK"),
    ("SOUR:POW:LEV?", "0.00000|OK"),
    ("SOUR:AM:INT CWC", "ERR-200"),
    ("SYST:LOCK?", "ON|OK"),
    ("SYST:FAUL?", "00000000|OK"),
    ("SOUR:AM:STAT OFF", "OK"),
    ("SYST:COMM:PROM ON", "OK|OBIS> "),
    ("SYST:COMM:HAND OFF", "OBIS> "),
    ("SOUR:AM:STAT?", "OFF|OBIS> "),
    ("SYST:COMM:PROM OFF", ""),
    ("NONSENSE", ""),
    ("SYST:ERR:COUN?", "2"),
]


def test_transcript(world: World) -> None:
    """Each line gets what the card gives it: a value and OK, OK, an error; or, without handshake,
    the value alone or silence."""
    link = SimLink("laser", world, ObisRemote(world))
    heard = []
    for k, (line, _) in enumerate(TRANSCRIPT):
        said = ask(link, line.encode() + b"\r\n", 0.1 * k).decode()
        heard.append((line, said.removesuffix("\r\n").replace("\r\n", "|")))

    assert heard == TRANSCRIPT


@pytest.mark.parametrize("prompt", [False, True])
@pytest.mark.parametrize("handshake", [False, True])
def test_it_connects_however_somebody_left_its_answers(
    world: World, handshake: bool, prompt: bool
) -> None:
    """With or without handshake, with or without prompt: afterwards with and without."""
    personality = ObisRemote(world, handshake=handshake, prompt=prompt)
    link = SimLink("laser", world, personality)

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        state = await look(instrument)
        await instrument.close()

        assert (Beam.OFF, True, True) == (state.beam, state.interlock_closed, state.key_on)

    run_virtual(main)
    assert b"ON\r\nOK\r\n" == ask(link, b"SYST:COMM:HAND?\r\n", 100.0)


def test_one_that_takes_the_handshake_without_a_word_is_asked_again() -> None:
    """The first `HAND ON` is silent: the second try finds it on."""
    card = CARD.answer()
    asked: list[bytes] = []

    def answer(data: bytes) -> bytes | None:
        asked.append(data)
        silent = data.startswith(b"SYST:COMM:HAND") and asked.count(data) == 1
        return None if silent else card(data)

    async def main(clock: Clock) -> None:
        instrument = made(Wire(lambda: Card(answer)).plug(), clock)
        identity = await instrument.connect()
        await instrument.close()

        assert "OBIS 808 LX" == identity.model

    run_virtual(main)


def test_it_says_starting_for_the_five_seconds_before_light(world: World) -> None:
    """ON and starting, then ON with light; within what the driver declares."""
    link = SimLink("laser", world, ObisRemote(world))

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        await light(instrument)
        seen = []
        for after_s in (0.5, 4.0, 1.0):
            await clock.sleep(round(after_s * NS))
            state = await look(instrument)
            seen.append((state.beam, state.starting, (state.level or 0.0) > 0.5))
        await instrument.off()
        out = await look(instrument)
        await instrument.close()

        assert [(Beam.ON, True, False)] * 2 + [(Beam.ON, False, True)] == seen
        assert (Beam.OFF, False) == (out.beam, out.starting)

    run_virtual(main)


def test_off_during_the_delay_is_the_end_of_it(world: World) -> None:
    """Switched off after four seconds: no light after five."""
    link = SimLink("laser", world, ObisRemote(world))

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        await light(instrument)
        await clock.sleep(4 * NS)
        await instrument.off()
        await clock.sleep(3 * NS)
        state = await look(instrument)
        await instrument.close()

        assert (Beam.OFF, 0.0) == (state.beam, world.power_w())

    run_virtual(main)


def test_a_cold_laser_is_not_told_on(world: World) -> None:
    """It would light by itself when it is warm; warm, it is lit."""
    link = SimLink("laser", world, ObisRemote(world, warm_after_s=60.0, emission_delay_s=0.02))

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        with pytest.raises(DeviceRefusedError, match="warming up"):
            await light(instrument)
        cold = world.laser.output_on
        await clock.sleep(61 * NS)
        await light(instrument)
        await clock.sleep(NS)
        state = await look(instrument)
        await instrument.close()

        assert (False, Beam.ON, False) == (cold, state.beam, state.starting)

    run_virtual(main)


def test_key_and_interlock_are_told_apart(world: World) -> None:
    """With the key on, an open interlock; with the key off, the key, though the bit of the
    interlock stands; and no light with either."""
    link = SimLink("laser", world, ObisRemote(world))

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        world.laser.open_interlock()
        with pytest.raises(DeviceRefusedError, match="ERR-200"):
            await light(instrument)
        opened = await look(instrument)
        world.laser.close_interlock()
        world.laser.key_on = False
        with pytest.raises(DeviceRefusedError, match="ERR-200"):
            await light(instrument)
        await instrument.off()
        turned = await look(instrument)
        await instrument.close()

        assert (False, True) == (opened.interlock_closed, opened.key_on)
        assert (True, False) == (turned.interlock_closed, turned.key_on)

    run_virtual(main)


def test_faults_are_told_in_words(world: World) -> None:
    """Known bits by name, others by number; the word is fetched when the status says so."""
    personality = ObisRemote(world)
    link = SimLink("laser", world, personality)

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        before = (await look(instrument)).faults
        personality.fault = 0x4020
        during = (await look(instrument)).faults
        personality.fault = 0x800000
        await instrument.off()
        unknown = (await look(instrument)).faults
        personality.fault = 0
        after = (await look(instrument)).faults
        await instrument.close()

        assert ((), ("over-current", "photodiode")) == (before, during)
        assert (("fault 00800000",), ()) == (unknown, after)

    run_virtual(main)


def test_a_power_that_the_laser_does_not_give_is_refused_by_it(world: World) -> None:
    """Below its least power: its error, in words, and nothing to light."""
    link = SimLink("laser", world, ObisRemote(world))

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        with pytest.raises(DeviceRefusedError, match=r"setting 0\.0001 W"):
            await light(instrument, 0.0001)
        await instrument.close()

    run_virtual(main)
    assert not world.laser.output_on


def test_a_model_that_does_not_know_a_question_is_taken_without_it() -> None:
    """Without a Remote: no interlock, no start by itself, no temperature control to be asked; the
    bit that means an interlock on a Remote says nothing."""
    unknown = {b"SYST:LOCK?\r\n", b"SYST:AUT?\r\n", b"SOUR:TEMP:APR?\r\n"}
    card = CARD.answer()
    wire = Wire(
        lambda: Card(
            lambda asked: (
                b"ERR-100\r\n"
                if asked in unknown
                else b"00000008\r\nOK\r\n"
                if asked == b"SYST:STAT?\r\n"
                else card(asked)
            )
        )
    )

    async def main(clock: Clock) -> None:
        instrument = made(wire.plug(), clock)
        await instrument.connect()
        state = await look(instrument)
        await instrument.close()

        assert (Beam.OFF, None, None) == (state.beam, state.interlock_closed, state.key_on)

    run_virtual(main)
    assert not {b"SYST:AUT OFF\r\n", b"SOUR:TEMP:APR ON\r\n"} & set(wire.written())


def test_off_is_confirmed_within_a_fifth_of_a_second(world: World) -> None:
    """How it answers is not agreed upon anew after each off; after a restart that forgot it, it
    is."""
    personality = ObisRemote(world)
    link = SimLink("laser", world, personality)

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        await light(instrument)
        await clock.sleep(NS)
        begun_ns = clock.now_ns()
        await instrument.off()
        out = await look(instrument)
        took_s = (clock.now_ns() - begun_ns) / NS
        ask(link, b"SYST:COMM:HAND OFF\r\n", clock.now_ns() / NS + 0.1)
        await clock.sleep(NS)
        await instrument.off()
        again = await look(instrument)
        await instrument.close()

        assert (Beam.OFF, Beam.OFF) == (out.beam, again.beam)
        assert took_s < 0.2

    run_virtual(main)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (b"SYST:STAT?\r\n", b"C800\r\nOK\r\n"),
        (b"SYST:STAT?\r\n", b"OK\r\n"),
        (b"SOUR:AM:STAT?\r\n", b"1\r\nOK\r\n"),
        (b"SOUR:POW:LEV?\r\n", b"nan\r\nOK\r\n"),
        (b"SOUR:POW:LEV?\r\n", b"0.1\r\n0.2\r\nOK\r\n"),
    ],
)
def test_what_no_question_is_answered_with_is_no_answer(question: bytes, said: bytes) -> None:
    """Half a word of bits, no value, a number for a word, no number, two values."""
    card = CARD.answer()
    wrong: set[bytes] = set()

    async def main(clock: Clock) -> None:
        def answer(data: bytes) -> bytes | None:
            return said if data in wrong else card(data)

        instrument = made(Wire(lambda: Card(answer)).plug(), clock)
        await instrument.connect()
        wrong.add(question)
        with pytest.raises(PortProtocolError):
            await look(instrument)
        await instrument.close()

    run_virtual(main)
