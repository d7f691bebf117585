"""The TC-08's stand-in: the lines in front of the simulated library."""

from __future__ import annotations

import pytest

from labctl.clock import NS
from labctl_simulators.wire import SimLink, Tc08
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask

TRANSCRIPT = [
    (b"INFO", b"TC08 A0061/752 2.0.40.2131\n"),
    (b"GET", b"ERROR 2\n"),  # no input is on
    (b"MAINS 0", b"OK\n"),
    (b"SET 0 C", b"OK\n"),
    (b"SET 1 K", b"OK\n"),
    (b"SET 3 K", b"OK\n"),
    (b"INTERVAL", b"300\n"),
    (b"SET 9 K", b"ERROR 3\n"),
    (b"SET 1 Q", b"ERROR 3\n"),
    (b"SET 1", b"ERROR 3\n"),
]


@pytest.fixture
def world() -> World:
    """A bench in the dark."""
    return World(draw(1, SAMPLE, {}))


def test_transcript(world: World) -> None:
    """Each line is answered; a conversion takes 100 ms an input and one for the cold junction; an
    input that is off is NaN, one with nothing on it overflows."""
    link = SimLink("tc", world, Tc08(world, {1: world.probe_degc, 2: world.ambient_degc}))
    heard = [(line, ask(link, line + b"\n")) for line, _ in TRANSCRIPT]
    link.write(b"GET\n", NS)
    arrived = link.next_chunk(3 * NS)

    assert heard == TRANSCRIPT
    assert arrived is not None
    assert arrived[0] - NS == pytest.approx(3 * NS // 10, rel=0.01)
    flags, _, first, second, third, *_ = arrived[1].decode().strip().split(",")
    assert ("8", "nan", "nan") == (flags, second, third)
    assert float(first) == pytest.approx(world.probe_degc(), abs=1.0)
