"""A run's events as arrays, for what looks at the whole record."""

import numpy as np
import pytest

from labctl.clock import NS
from labctl.events import Beam, Emission, Event, Reading, Sample
from labctl.monitor import Priors
from labctl.monitor._refit import cell_of, curve_of, thinned
from labctl.photothermal import RecordError
from tests.unit.monitor.story import INPUTS, build_priors

PRIORS: Priors = build_priors(INPUTS, has_ambient=True, has_meter=True, nominal_power_w=1.0)[0]


def _sample(t_s: float, probe: float, meter: float) -> Sample:
    t_ns = round(t_s * NS)
    readings = [Reading("probe.temperature", probe, "degC", t_ns)]
    readings += [Reading("ambient.temperature", 22.0, "degC", t_ns)]
    readings += [Reading("meter.power", meter, "W", t_ns)]
    return Sample(t_ns, t_ns, tuple(readings))


def _edge(t_s: float, beam: Beam) -> Emission:
    return Emission(round(t_s * NS), beam, "read back", 1.0 if beam is Beam.ON else None)


def _story(every_s: float = 1.0) -> list[Event]:
    """Light from 10.25 s to 20.02 s; the meter reads 5 % more than was asked for."""
    told: list[Event] = []
    for i in range(round(30.0 / every_s)):
        t_s = i * every_s
        for edge_s, beam in ((10.25, Beam.ON), (20.02, Beam.OFF)):
            if t_s - every_s < edge_s <= t_s:
                told.append(_edge(edge_s, beam))
        told.append(_sample(t_s, 22.0 + 0.1 * t_s, 1.05 if 10.25 < t_s <= 20.02 else 0.0))
    return told


def test_power_is_when_by_the_edges_and_how_much_by_the_meter() -> None:
    """Dark before the edge, commanded for two seconds, measured after, dark behind the end."""
    power = curve_of(_story(), PRIORS).power

    found = [power.at(t) for t in (10.2, 10.3, 11.5, 15.0, 19.5, 20.1)]
    assert [0.0, 1.0, 1.0, 1.05, 1.05, 0.0] == pytest.approx(found)


def test_readings_that_do_not_go_on_are_left_out() -> None:
    """A reading with the time of the one before it is no reading of the curve."""
    told = _story()
    told.insert(3, told[2])

    curve = curve_of(told, PRIORS)

    assert 30 == len(curve.times_s)
    assert np.all(np.diff(curve.times_s) > 0.0)


def test_fast_readings_are_averaged() -> None:
    """Ten a second become one a second, on the same straight line."""
    curve, together = thinned(curve_of(_story(0.1), PRIORS))

    assert 10 == together
    np.testing.assert_allclose(curve.readings_degc, 22.0 + 0.1 * curve.times_s)


def test_no_reading_is_a_named_error() -> None:
    """A record in which the probe was never read has no cell in it."""
    with pytest.raises(RecordError, match="no reading"):
        cell_of([_edge(1.0, Beam.ON)], PRIORS)
