"""The bench supply's personality against the protocol card, line by line, and its resistor."""

from __future__ import annotations

import pytest

from labctl_simulators.wire import KeysightSupply, SimLink
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask, at, dry, quiet

BENCH = {"heater": {"resistance_ohm": 100.0, "deviation": 0.002}}


@pytest.fixture
def world() -> World:
    """A bench with a resistor in the cell, still air, under a lid."""
    return World(dry(quiet(draw(1, SAMPLE, BENCH))))


@pytest.fixture
def link(world: World) -> SimLink:
    """The bus to its supply."""
    return SimLink("supply", world, KeysightSupply(world, 2))


TRANSCRIPT = [
    ("*IDN?", "Keysight Technologies,E36312A,MY59002391,2.1.0-1.0.4-1.12"),
    ("OUTP? (@2)", "0"),
    ("VOLT:SENS:SOUR EXT,(@2)", None),
    ("VOLT:SENS:SOUR? (@2)", "EXT"),
    ("VOLT:SENS:SOUR? (@1)", "INT"),
    ("CURR 0.15, (@2)", None),
    ("CURR? (@2)", "+1.50000000E-01"),
    ("VOLT 8.0,(@2)", None),
    ("VOLTAGE? (@2)", "+8.00000000E+00"),
    ("VOLT 30,(@2)", None),
    ("SYST:ERR?", '-222,"Data out of range"'),
    ("VOLT? (@2)", "+8.00000000E+00"),  # what was out of range changed nothing
    ("VOLT 8.0,(@1)", None),  # this output gives 6 V
    ("SYST:ERR?", '-222,"Data out of range"'),
    ("VOLT 8.0,(@2", None),
    ("SYST:ERR?", '-104,"Data type error"'),
    ("OUTP 1,(@2)", None),
    ("OUTP? (@2)", "1"),
    ("OUTP? (@3)", "0"),
    ("OUTP OFF,(@2)", None),
    ("OUTP? (@2)", "0"),
    ("NONSENSE? (@2)", None),
    ("SYST:ERR?", '-113,"Undefined header"'),
    ("SYST:ERR?", '+0,"No error"'),
]


def test_transcript(link: SimLink) -> None:
    """Each line gets the answer that the card gives it, or silence."""
    heard = [
        (line, ask(link, line.encode() + b"\n", 0.1 * k).decode().strip() or None)
        for k, (line, _) in enumerate(TRANSCRIPT)
    ]

    assert heard == TRANSCRIPT


def energise(link: SimLink, t_s: float, volts: float) -> None:
    ask(link, b"VOLT %.3f,(@2)\n" % volts, t_s)
    ask(link, b"OUTP 1,(@2)\n", t_s)


def power_w(link: SimLink, t_s: float) -> float:
    return float(ask(link, b"MEAS:VOLT? (@2)\n", t_s)) * float(
        ask(link, b"MEAS:CURR? (@2)\n", t_s + 0.1)
    )


def test_all_electrical_energy_is_in_the_cell_or_lost_from_it(link: SimLink, world: World) -> None:
    """What went into the resistor is stored or lost, to a part in ten thousand."""
    before = world.thermal.stored_j()
    energise(link, 1.0, 8.0)
    at(world, 300.0)
    thermal = world.thermal

    assert world.electrical_energy_j() == pytest.approx(thermal.deposited_j, rel=1e-3)
    assert thermal.deposited_j == pytest.approx(
        thermal.stored_j() - before + thermal.lost_j, rel=1e-4
    )


def test_the_power_read_back_is_within_what_the_bench_states(link: SimLink, world: World) -> None:
    """Voltage times current as read back is the heat in the liquid to a few times 0.2 %."""
    energise(link, 1.0, 8.0)
    told_w = power_w(link, 60.0)

    assert world.heater is not None
    assert told_w == pytest.approx(world.heater.power_w(), rel=0.006)


def test_the_truth_of_a_run_without_light_is_that_of_its_heat(link: SimLink, world: World) -> None:
    """The plateau is where this electrical power would bring the cell, and its loss there."""
    energise(link, 1.0, 8.0)
    at(world, 1800.0)
    plateau = world.plateau()

    assert 0.64 == pytest.approx(plateau["power_w"], rel=0.01)
    assert plateau["temperature_degc"] == pytest.approx(world.thermal.rim, abs=0.5)


def test_over_current_switches_off_by_itself(link: SimLink, world: World) -> None:
    """Above the current limit with its protection on the output goes off, and says why."""
    ask(link, b"CURR 0.05,(@2)\n")
    ask(link, b"CURR:PROT:STAT 1,(@2)\n")
    energise(link, 1.0, 8.0)

    assert b"0\n" == ask(link, b"OUTP? (@2)\n", 2.0)
    assert b"1\n" == ask(link, b"CURR:PROT:TRIP? (@2)\n", 2.0)
    assert 0.0 == power_w(link, 3.0).__round__(6)


@pytest.mark.parametrize(("fault", "told"), [("ignores_off", b"1\n"), ("lied_to_off", b"0\n")])
def test_an_output_that_stays_on_is_measured_whatever_it_says(
    link: SimLink, world: World, fault: str, told: bytes
) -> None:
    """The terminals tell the truth when `OUTP?` does not."""
    energise(link, 1.0, 8.0)
    setattr(world.heater, fault, True)
    ask(link, b"OUTP 0,(@2)\n", 10.0)

    assert told == ask(link, b"OUTP? (@2)\n", 11.0)
    assert power_w(link, 12.0) > 0.6


def test_a_bench_without_a_resistor_is_as_it_was() -> None:
    """No heater stated: none in the cell, and the same temperatures to the last digit."""
    with_none, without = World(draw(4, SAMPLE, {})), World(draw(4, SAMPLE, {"heater": {}}))

    assert with_none.heater is None
    assert at(with_none, 20.0).probe_degc() == at(without, 20.0).probe_degc()
