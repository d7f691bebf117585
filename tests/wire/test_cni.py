"""The CNI personality: what it takes, what it drops without a word; and the driver before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.clock import NS, Clock, run_virtual
from labctl.instruments import Address, InlinePort, Instrument, Seal, SimSpec
from labctl_drivers.cni import CniLaser
from labctl_simulators.bench import DEFAULT_CNI_BENCH
from labctl_simulators.session import open_session
from labctl_simulators.wire import CniSupply, SimLink
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask

ON = bytes.fromhex("55AA030104")
OFF = bytes.fromhex("55AA030003")
MW_100 = bytes.fromhex("55AA050100646A")
"""The vendor's example."""


def frame(milliwatts: int, sub: int = 1) -> bytes:
    """Set power, in the card's own words."""
    body = bytes([0x05, sub]) + milliwatts.to_bytes(2, "big")
    return b"\x55\xaa" + body + bytes([sum(body) & 0xFF])


def supply(**settings: object) -> tuple[World, SimLink]:
    """A supply in the dark, whose port was opened at 0 s."""
    world = World(draw(1, SAMPLE, DEFAULT_CNI_BENCH))
    return world, SimLink("laser", world, CniSupply(world, **settings))  # type: ignore[arg-type]


def test_the_vendors_example_is_a_frame() -> None:
    """The frame builder of these tests agrees with the vendor's own example."""
    assert MW_100 == frame(100)


def test_echo_acknowledges_what_was_taken() -> None:
    """On, power and off, each half a second apart, come back as they were sent."""
    _, link = supply()

    assert [ON, MW_100, OFF] == [
        ask(link, sent, t) for sent, t in ((ON, 1.0), (MW_100, 2.0), (OFF, 3.0))
    ]


def test_packet_dialect() -> None:
    """The older dialect answers 41 07 ... 0D, at least seven bytes."""
    _, link = supply(acknowledge="0x41")
    reply = ask(link, ON, 1.0)

    assert (b"\x41\x07", b"\x0d", True) == (reply[:2], reply[-1:], len(reply) >= 7)


def test_silent_dialect_obeys_all_the_same() -> None:
    """Without acknowledgements the light is the only answer."""
    world, link = supply(acknowledge="none")

    assert b"" == ask(link, ON, 1.0) + ask(link, frame(1000), 2.0)
    world.advance_to(3 * NS)
    assert world.power_w() == pytest.approx(world.truth.beam.power_factor, rel=0.01)


def test_commands_too_close_are_dropped() -> None:
    """A power straight after ON is lost; half a second later it is taken."""
    world, link = supply()
    ask(link, ON, 1.0)

    assert b"" == ask(link, MW_100, 1.4)
    assert 0.0 == world.laser.level
    assert MW_100 == ask(link, MW_100, 1.6)


def test_dropped_commands_do_not_prolong_the_silence() -> None:
    """An off repeated every tenth of a second gets through half a second after the last command."""
    _, link = supply()
    ask(link, ON, 1.0)
    taken = [t for t in range(11, 20) if ask(link, OFF, t / 10)]

    assert 15 <= taken[0] <= 16


def test_deaf_after_the_port_was_opened() -> None:
    """Half a second from opening nothing is taken."""
    _, link = supply()

    assert b"" == ask(link, ON, 0.3)
    assert ON == ask(link, ON, 0.6)


def test_redundant_on_is_not_acknowledged() -> None:
    """Only the first ON gets an answer."""
    _, link = supply()

    assert [ON, b""] == [ask(link, ON, t) for t in (1.0, 2.0)]


def test_redundant_off_is_acknowledged() -> None:
    """Off may be repeated and is answered each time."""
    _, link = supply()

    assert [OFF, OFF] == [ask(link, OFF, t) for t in (1.0, 2.0)]


def test_power_before_on_is_not_accepted() -> None:
    """A power while off gets no answer and no effect."""
    world, link = supply()

    assert b"" == ask(link, MW_100, 1.0)
    assert 0.0 == world.laser.level


def test_other_sub_byte_is_another_model() -> None:
    """A PSU-SR does not take an MDL-III's power."""
    for mine, other in ((1, 3), (3, 1)):
        _, link = supply(sub=mine)
        ask(link, ON, 1.0)

        assert b"" == ask(link, frame(100, other), 2.0)
        assert frame(100, mine) == ask(link, frame(100, mine), 3.0)


def test_wrong_sum_is_dropped() -> None:
    """A frame whose sum is wrong does nothing, and the next good one is found behind it."""
    _, link = supply()

    assert b"" == ask(link, ON[:-1] + b"\x05", 1.0)
    assert ON == ask(link, b"\x00\x55" + ON, 2.0)


def test_frames_may_come_in_pieces() -> None:
    """Bytes are gathered until the frame is whole."""
    _, link = supply()

    assert b"" == ask(link, ON[:3], 1.0)
    assert ON == ask(link, ON[3:], 1.1)


def test_power_comes_back_with_on() -> None:
    """Switched on again it emits the power it had: off forgets nothing."""
    world, link = supply()
    for sent, t_s in ((ON, 1.0), (frame(500), 2.0), (OFF, 3.0), (ON, 4.0)):
        ask(link, sent, t_s)
    world.advance_to(5 * NS)

    assert world.power_w() == pytest.approx(0.5 * world.truth.beam.power_factor, rel=0.01)


def test_nothing_can_be_asked() -> None:
    """No text query is answered."""
    _, link = supply()

    assert b"" == ask(link, b"*IDN?\r\n", 1.0)


@given(st.lists(st.binary(max_size=12), max_size=8))
def test_rubbish_never_lights(pieces: list[bytes]) -> None:
    """Whatever bytes come, only a whole ON frame lights; the supply keeps listening."""
    world, link = supply()
    joined = b"".join(pieces)
    for number, piece in enumerate(pieces):
        ask(link, piece, 1.0 + number)
    ask(link, b"\x00" * 8, 20.0)
    answer = ask(link, OFF, 30.0)

    assert OFF == answer
    if ON not in joined:
        assert not world.laser.output_on


@pytest.mark.parametrize("acknowledge", ["echo", "0x41", "none"])
@pytest.mark.parametrize("sub", [1, 3])
def test_the_driver_lights_each_dialect_and_model(acknowledge: str, sub: int) -> None:
    """Driver and supply, each from the card: the power asked for is the light that comes."""
    settings = {"acknowledge": acknowledge, "sub": sub, "max_power": "1.5 W"}
    entry = {"driver": "cni-laser", "address": "sim://laser", "settings": settings}
    session = open_session(SimSpec(seed=1, bench={"instruments": {"laser": entry}}))

    async def main(clock: Clock) -> None:
        port = InlinePort(lambda: session.link("sim://laser"), clock, "sim://laser", "laser")
        address = Address.parse("sim://laser")
        laser = Instrument("laser", CniLaser, settings, address, port)
        await laser.connect()
        source = laser.driver
        assert isinstance(source, CniLaser)
        emitter = source.emitter(Seal("test"))
        await laser.job(lambda: emitter.set_level(0.75))
        await laser.job(emitter.on)
        await clock.sleep(NS)
        session.world.advance_to(clock.now_ns())
        level = session.world.laser.level
        await laser.off()
        await laser.close()

        assert 0.75 == level
        assert not session.world.laser.output_on

    run_virtual(main)
