"""The power between two readings, at an edge and away from it."""

import pytest

from labctl.clock import NS
from labctl.events import Beam, Emission
from labctl.monitor._power import PowerInput


def _lit_from(on_s: float) -> PowerInput:
    power = PowerInput(1.0)
    power.tell(on_s, Emission(round(on_s * NS), Beam.ON, "commanded", 1.0))
    power.pass_edge(on_s)
    return power


def test_a_reading_behind_the_switch_off_says_nothing_of_the_light_before_it() -> None:
    """Read every 30 s, off in between: the light until then is that of the reading before."""
    power = _lit_from(0.0)
    power.measured(0.95)
    power.tell(45.0, Emission(45 * NS, Beam.OFF, "commanded"))
    power.measured(0.0)

    assert 0.95 == pytest.approx(power.mean_w(30.0, 45.0))
    power.pass_edge(45.0)
    assert 0.0 == power.mean_w(45.0, 60.0)


def test_the_next_pulse_begins_with_the_power_of_the_one_before() -> None:
    """Until a meter has settled: as commanded, by the ratio seen under light alone."""
    power = _lit_from(0.0)
    power.measured(0.9)
    assert 0.9 == pytest.approx(power.mean_w(29.0, 30.0))
    power.tell(30.5, Emission(round(30.5 * NS), Beam.OFF, "commanded"))
    power.measured(0.0)
    power.mean_w(30.0, 30.5)
    power.pass_edge(30.5)
    power.tell(60.0, Emission(60 * NS, Beam.ON, "commanded", 1.0))
    power.pass_edge(60.0)
    power.measured(0.3)

    assert 0.9 == pytest.approx(power.mean_w(60.0, 61.0))


def test_a_mean_within_the_light_is_that_of_both_readings() -> None:
    power = _lit_from(0.0)
    power.measured(1.0)
    power.measured(0.8)
    assert 0.9 == pytest.approx(power.mean_w(10.0, 20.0))
