"""Whatever the instruments say, the check answers with finite numbers and a verdict."""

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.clock import ns
from labctl.events import Assessment, Beam, Emission, Event, Invalid, Reading, Sample, to_dict
from tests.unit.monitor.story import fixed, play

GAP_S = st.sampled_from([0.0, 0.001, 0.1, 0.5, 1.0, 7.3, 600.0, 20_000.0])
DEGC = st.one_of(st.floats(-40.0, 400.0), st.sampled_from([22.0, 22.1, 25.0]), st.none())
POWER = st.one_of(st.floats(-0.1, 6.0), st.none())
BEAM = st.sampled_from([None, None, None, *Beam])


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """Samples at any distance with any values, and edges anywhere between them."""
    t_s = 0.0
    told: list[Event] = []
    for _ in range(draw(st.integers(0, 40))):
        t_s += draw(GAP_S)
        beam = draw(BEAM)
        if beam is not None:
            told.append(Emission(ns(t_s), beam, "any", draw(st.sampled_from([None, 0.5, 2.0]))))
        readings: list[Reading | Invalid] = []
        for channel, value, unit in (
            ("probe.temperature", draw(DEGC), "degC"),
            ("ambient.temperature", draw(DEGC), "degC"),
            ("meter.power", draw(POWER), "W"),
        ):
            readings.append(
                Invalid(channel, "open", "", ns(t_s))
                if value is None
                else Reading(channel, value, unit, ns(t_s))
            )
        told.append(Sample(ns(t_s), ns(t_s), tuple(readings)))
    return told


def _finite(value: object) -> bool:
    if isinstance(value, dict):
        return all(_finite(part) for part in value.values())
    if isinstance(value, list):
        return all(_finite(part) for part in value)
    return not isinstance(value, float) or math.isfinite(value)


@settings(max_examples=60, deadline=None)
@given(stories())
def test_any_story_has_an_answer(told: list[Event]) -> None:
    """No story crashes the check; every number it gives is finite and every deviation positive."""
    monitor, said = play(told, fixed())
    verdict = monitor.verdict(ns(1e6))

    for event in (*said, verdict):
        plain = to_dict(event)
        json.dumps(plain, allow_nan=False)
        assert _finite(plain)
    assert all(e.predicted_sd_k > 0.0 for e in said if isinstance(e, Assessment))
    assert verdict.verdict in {"pass", "fail", "cannot tell", "none"}


def test_constant_readings_have_an_answer() -> None:
    """Ten minutes of one and the same value under light end in a verdict that is no pass."""
    told: list[Event] = [Emission(ns(60.0), Beam.ON, "commanded", 1.0)]
    for i in range(600):
        t_ns = ns(float(i))
        told.append(Sample(t_ns, t_ns, (Reading("probe.temperature", 22.0, "degC", t_ns),)))
    monitor, _ = play(told, fixed(meter=False, ambient=False))

    assert "pass" != monitor.verdict(ns(600.0)).verdict
