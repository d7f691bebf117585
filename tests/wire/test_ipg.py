"""The IPG YLM-SF's personality against the protocol card, and its driver where the card is nasty:
light that comes late, a power that is a word, a relative whose status has other bits."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from labctl.clock import NS, Clock, run_virtual
from labctl.instruments import (
    Address,
    Beam,
    DeviceRefusedError,
    IdentityError,
    InlinePort,
    Instrument,
    Invalid,
    Link,
    PortProtocolError,
    Reading,
    Seal,
    SourceState,
)
from labctl.testing import Card, Wire
from labctl_drivers.ipg_yar import IpgLaser as Driver
from labctl_simulators.wire import IpgLaser, SimLink
from labctl_simulators.world import World, draw
from tests.contract.cards import CASES
from tests.unit.simulators._helpers import SAMPLE, ask

CARD = CASES["ipg-laser"]


@pytest.fixture
def world() -> World:
    """A bench in the dark."""
    return World(draw(1, SAMPLE, {}))


def made(link: Link, clock: Clock) -> Instrument:
    """The driver on this cable."""
    port = InlinePort(lambda: link, clock, "sim://laser", "laser at sim://laser")
    return Instrument("laser", Driver, CARD.settings, Address.parse("sim://laser"), port)


async def look(instrument: Instrument) -> SourceState:
    assert isinstance(instrument.driver, Driver)
    return await instrument.job(instrument.driver.read)


async def light(instrument: Instrument, level_w: float = 0.9) -> None:
    assert isinstance(instrument.driver, Driver)
    emitter = instrument.driver.emitter(Seal("test"))
    await instrument.job(lambda: emitter.set_level(level_w))
    await instrument.job(emitter.on)


def told(instead: Mapping[bytes, bytes]) -> Link:
    """The transcript's laser, with these answers in the place of its own."""
    card = CARD.answer()
    return Wire(lambda: Card(lambda asked: instead.get(asked) or card(asked))).plug()


TRANSCRIPT = [
    ("RMN", "RMN: YLM-10-SF"),
    ("RFV", "RFV: 1.0.114"),
    ("rnp", "RNP: 0.200"),
    ("RMP", "RMP: 10.5"),
    ("STA", "STA: 0"),
    ("ROP", "ROP: Off"),
    ("SPS 9.7", "SPS: 9.7"),
    ("RPS", "RPS: 9.70"),
    ("SPS 20", "ERR: Out of Range"),
    ("SPS0.9", "SPS: 0.9"),
    ("WHAT", "ERR: Command not recognized"),
    ("EMON", "EMON"),
    ("STA", "STA: 2"),
    ("ROP", "ROP: Low"),
    ("EMOFF", "EMOFF"),
    ("STA", "STA: 0"),
    ("RERR", "RERR"),
]


def test_transcript(world: World) -> None:
    """Each command is answered by its own letters, with a value or without, or by ERR."""
    link = SimLink("laser", world, IpgLaser(world))
    heard = []
    for k, (line, _) in enumerate(TRANSCRIPT):
        said = ask(link, line.encode() + b"\r", 0.1 * k)
        assert said.endswith(b"\r")
        heard.append((line, said.decode().strip()))

    assert heard == TRANSCRIPT


def test_it_says_starting_for_the_three_seconds_before_light(world: World) -> None:
    """ON and starting with `Low`, then ON with its power; then `Off`, which is no number."""
    link = SimLink("laser", world, IpgLaser(world))

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        await light(instrument)
        seen = []
        for after_s in (0.5, 2.0, 1.0):
            await clock.sleep(round(after_s * NS))
            seen.append(await look(instrument))
        await instrument.off()
        out = await look(instrument)
        await instrument.close()
        early, _, late = seen
        (low,), (power,), (dark,) = early.readings, late.readings, out.readings

        assert [(Beam.ON, True), (Beam.ON, True), (Beam.ON, False)] == [
            (state.beam, state.starting) for state in seen
        ]
        assert isinstance(low, Invalid) and ("range", "Low") == (low.reason, low.detail)
        assert isinstance(power, Reading) and power.value == pytest.approx(0.9, abs=0.01)
        assert isinstance(dark, Invalid) and ("device", "Off") == (dark.reason, dark.detail)
        assert (Beam.OFF, None) == (out.beam, out.level)

    run_virtual(main)


def test_off_during_the_start_is_the_end_of_it(world: World) -> None:
    """Switched off after two seconds: no light after three."""
    link = SimLink("laser", world, IpgLaser(world))

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        await light(instrument)
        await clock.sleep(2 * NS)
        await instrument.off()
        await clock.sleep(3 * NS)
        state = await look(instrument)
        await instrument.close()

        assert (Beam.OFF, 0.0) == (state.beam, world.power_w())

    run_virtual(main)


@pytest.mark.parametrize("model", [b"YLR-10-AC", b"YLM-1000-WC", b"YLPM-1-4x200"])
def test_a_relative_with_other_bits_is_refused(model: bytes) -> None:
    """It would be read as dark while it is lit; nothing is written to it but questions."""
    wire = Wire(lambda: Card({b"RMN\r": b"RMN: " + model + b"\r"}.get))

    async def main(clock: Clock) -> None:
        instrument = made(wire.plug(), clock)
        with pytest.raises(IdentityError, match="not an IPG YAR or YLM-SF"):
            await instrument.connect()

    run_virtual(main)
    assert {b"RMN\r"} == set(wire.written())


def test_interlock_and_key_are_not_told_and_refuse_by_themselves(world: World) -> None:
    """The driver knows nothing of them; the laser's own words come through."""
    link = SimLink("laser", world, IpgLaser(world))

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        state = await look(instrument)
        world.laser.open_interlock()
        with pytest.raises(DeviceRefusedError, match="Interlock open"):
            await light(instrument)
        world.laser.close_interlock()
        world.laser.key_on = False
        with pytest.raises(DeviceRefusedError, match="Key off"):
            await light(instrument)
        await instrument.close()

        assert (None, None) == (state.interlock_closed, state.key_on)

    run_virtual(main)
    assert not world.laser.output_on


def test_faults_are_told_in_words_and_not_reset(world: World) -> None:
    """Each known bit by name; a laser with one does not light; the driver leaves them."""
    personality = IpgLaser(world)
    link = SimLink("laser", world, personality)

    async def main(clock: Clock) -> None:
        instrument = made(link, clock)
        await instrument.connect()
        before = (await look(instrument)).faults
        personality.faults = (1 << 17) | (1 << 20)
        during = (await look(instrument)).faults
        with pytest.raises(DeviceRefusedError, match="ERR: Laser fault"):
            await light(instrument)
        await instrument.close()

        assert ((), ("back-reflection", "seed fault")) == (before, during)

    run_virtual(main)
    assert personality.faults


@pytest.mark.parametrize("said", [b"ROP: 1.20\r", b"ROP: Low\r"])
def test_power_while_it_says_off_is_a_contradiction(said: bytes) -> None:
    """Neither ON nor OFF, and told; connecting to such a laser is refused."""

    async def main(clock: Clock) -> None:
        instrument = made(told({b"STA\r": b"STA: 0\r", b"ROP\r": said}), clock)
        with pytest.raises(DeviceRefusedError, match="does not read off"):
            await instrument.connect(hold=True)
        state = await look(instrument)
        await instrument.close()

        assert (Beam.UNKNOWN, True) == (state.beam, "it measures" in state.faults[0])

    run_virtual(main)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (b"STA\r", b"STA: 0x1\r"),
        (b"STA\r", b"STA: -1\r"),
        (b"STA\r", b"ROP: 0\r"),
        (b"ROP\r", b"ROP: nan\r"),
        (b"ROP\r", b"ROP: OFFISH\r"),
        (b"ROP\r", b"ROP\r"),
    ],
)
def test_what_no_question_is_answered_with_is_no_answer(question: bytes, said: bytes) -> None:
    """A status that is no number, another command's answer, a power that is none."""
    instead: dict[bytes, bytes] = {}
    card = CARD.answer()
    wire = Wire(lambda: Card(lambda asked: instead.get(asked) or card(asked)))

    async def main(clock: Clock) -> None:
        instrument = made(wire.plug(), clock)
        await instrument.connect()
        instead[question] = said
        with pytest.raises(PortProtocolError):
            await look(instrument)
        await instrument.close()

    run_virtual(main)
