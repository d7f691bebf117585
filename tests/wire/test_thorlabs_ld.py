"""The Thorlabs diode controller's personality against the protocol card, line by line."""

from __future__ import annotations

import pytest

from labctl.clock import NS
from labctl_simulators.wire import SimLink, ThorlabsController
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask


@pytest.fixture
def world() -> World:
    """A bench in the dark."""
    return World(draw(1, SAMPLE, {}))


@pytest.fixture
def link(world: World) -> SimLink:
    """The bus to its laser controller."""
    return SimLink("laser", world, ThorlabsController(world))


TRANSCRIPT = [
    # (sent, answer): sets are silent, errors wait in the queue
    ("*IDN?", "Thorlabs,ITC4005,M00404162,1.8.0/1.5.0/2.3.0"),
    ("OUTP1:STAT?", "0"),
    ("OUTP?", "0"),
    ("OUTP2:STAT?", "1"),
    ("SOUR1:CURR? MAX", "5.000000E+00"),
    ("SOUR1:CURR:LIM 2", None),
    ("SOUR1:CURR:LIM?", "2.000000E+00"),
    ("SOUR1:CURR? MAX", "2.000000E+00"),
    ("SOUR1:CURR 1.4611", None),
    ("source1:current?", "1.461100E+00"),
    ("SOUR1:CURR 2.5", None),
    ("SYST:ERR?", '-222,"Data out of range"'),
    ("SYST:ERR?", '+0,"No error"'),
    ("SOUR1:CURR?", "1.461100E+00"),  # what was out of range changed nothing
    ("SOUR1:CURR:LIM 1", None),
    ("SOUR1:CURR?", "1.000000E+00"),  # the limit drags it down
    ("LAS:OUT 1", None),
    ("SYST:ERR?", '-113,"Undefined header"'),
    ("SOUR1:FUNC:MODE?", "CURR"),
    ("SOUR1:FUNC:SHAP PULSE", None),
    ("SOUR1:FUNC:SHAP?", "PULS"),
    ("SOUR1:FUNC:SHAP TRIANGLE", None),
    ("SYST:ERR?", '-224,"Illegal parameter value"'),
    ("OUTP1:STAT 1", None),
    ("OUTP1:STAT?", "1"),
    ("SOUR1:CURR:LIM 3", None),
    ("SYST:ERR?", '-221,"Settings conflict"'),
    ("OUTP1:STAT OFF", None),
    ("OUTP1:STAT?", "0"),
]


def test_transcript(link: SimLink) -> None:
    """Each line gets the answer that the card gives it, or silence."""
    heard = [
        (line, ask(link, line.encode() + b"\n", 0.1 * k).decode().strip() or None)
        for k, (line, _) in enumerate(TRANSCRIPT)
    ]

    assert heard == TRANSCRIPT


def test_light_comes_a_while_after_the_output(world: World, link: SimLink) -> None:
    """The output says on at once; current and light come half a second later."""
    ask(link, b"SOUR1:CURR 1.4611\n")
    ask(link, b"OUTP1:STAT 1\n", 1.0)
    said, early = (ask(link, query, 1.2) for query in (b"OUTP1:STAT?\n", b"MEAS:CURR?\n"))
    dark_w = world.power_w()
    flows_a = float(ask(link, b"MEAS:CURR?\n", 2.0))

    assert (b"1\n", 0.0) == (said, dark_w)
    assert abs(float(early)) < 1e-3
    assert flows_a == pytest.approx(1.4611, rel=2e-3)
    assert world.power_w() == pytest.approx(world.truth.beam.power_factor, rel=0.02)


def test_off_during_the_delay_wins(world: World, link: SimLink) -> None:
    """An output switched off before light came stays dark."""
    ask(link, b"OUTP1:DEL 3\n")
    ask(link, b"SOUR1:CURR 1.4611\nOUTP1:STAT 1\n", 0.1)
    ask(link, b"OUTP1:STAT 0\n", 2.0)
    world.advance_to(6 * NS)

    assert 0.0 == world.optical_energy_j()


@pytest.mark.parametrize(
    ("cause", "query"),
    [("interlock", b"OUTP1:PROT:INTL:TRIP?\n"), ("key", b"OUTP1:PROT:KEYL:TRIP?\n"),
     ("enable", b"OUTP1:PROT:EXT:TRIP?\n")],
)  # fmt: skip
def test_interlock_key_and_enable_keep_it_off(world: World, cause: str, query: bytes) -> None:
    """Each says so, and the output refuses with an entry in the queue."""
    personality = ThorlabsController(world)
    link = SimLink("laser", world, personality)
    healthy = ask(link, query)
    if cause == "interlock":
        world.laser.open_interlock()
    elif cause == "key":
        world.laser.key_on = False
    else:
        personality.enabled = False
    ask(link, b"OUTP1:STAT 1\n", 0.1)

    assert (b"0\n", b"1\n") == (healthy, ask(link, query, 0.2))
    assert ask(link, b"SYST:ERR?\n", 0.3).startswith(b"-221")
    assert b"0\n" == ask(link, b"OUTP1:STAT?\n", 0.4)


def test_the_queue_overflows_in_its_last_place(link: SimLink) -> None:
    """Thirty errors: nineteen, then that there were more."""
    ask(link, b"NONSENSE\n" * 30)
    told = [ask(link, b"SYST:ERR?\n", 0.1 * k)[:4] for k in range(1, 22)]

    assert [b"-113"] * 19 + [b"-350", b'+0,"'] == told
