"""The ILX personality: what differs from the Arroyo's."""

from __future__ import annotations

import pytest

from labctl_simulators.wire import IlxController, SimLink
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask

TRANSCRIPT = [
    ("*IDN?", "ILX Lightwave,LDX-3232,32321111,2.00"),
    ("LAS:COND?", "#H0"),  # somebody left it so
    ("RADIX?", "Hex"),
    ("RADIX DEC", None),
    ("LAS:COND?", "0"),
    ("KEY?", None),
    ("SN?", None),
    ("TEC:T?", None),
    ("ERR?", "123,123,123"),
    ("LAS:LIM:LDI 2000", None),
    ("LAS:LIM:LDI?", "2000.0"),
    ("LAS:LDI 1461.1", None),
    ("LAS:SET:LDI?", "1461.10"),
    ("LAS:LDI 2500", None),
    ("ERR?", "508"),
    ("LAS:MODE:ILBW", None),
    ("ERR?", "0"),
    ("LAS:OUT 1", None),
    ("RADIX HEX", None),
    ("LAS:COND?", "#H400"),
    ("RADIX OCT", None),
    ("LAS:EVE?", "#Q2000"),
    ("RADIX SIXTY", None),
    ("ERR?", "126"),
    ("LAS:OUT 0", None),
]


@pytest.fixture
def link() -> SimLink:
    """The bus to the current source of a bench in the dark."""
    world = World(draw(1, SAMPLE, {}))
    return SimLink("laser", world, IlxController(world))


def test_transcript(link: SimLink) -> None:
    """Each line gets the answer that the card gives it, or silence."""
    heard = [
        (line, ask(link, line.encode() + b"\r\n", 0.1 * k).decode().strip() or None)
        for k, (line, _) in enumerate(TRANSCRIPT)
    ]

    assert heard == TRANSCRIPT


def test_the_measured_current_is_an_old_one(link: SimLink) -> None:
    """Asked every tenth of a second it changes at most every 0.6 s, on and off alike."""
    ask(link, b"LAS:LDI 1500\nLAS:OUT 1\n", 0.7)
    on = [float(ask(link, b"LAS:LDI?\n", 0.8 + 0.1 * k)) for k in range(12)]
    ask(link, b"LAS:OUT 0\n", 2.45)
    off = [float(ask(link, b"LAS:LDI?\n", 2.5 + 0.1 * k)) for k in range(8)]

    assert len(set(on)) <= 3
    assert pytest.approx(1500.0, rel=2e-3) == on[-1]
    assert pytest.approx(1500.0, rel=2e-3) == off[0] == off[2]
    assert 0.0 == off[-1]
