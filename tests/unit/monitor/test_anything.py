"""Whatever the instruments say, the check answers with finite numbers and a verdict."""

import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.clock import ns
from labctl.events import Assessment, Beam, Emission, Event, Invalid, Reading, Sample, to_dict
from tests.unit.monitor.story import events, fixed, play
from tests.unit.photothermal.cell import Cell, curve

GAP_S = st.sampled_from([0.0, 0.001, 0.1, 0.5, 1.0, 7.3, 600.0, 20_000.0])
DEGC = st.one_of(
    st.floats(-40.0, 400.0),
    st.sampled_from([22.0, 22.1, 25.0, 1e300, -1e300, float("nan"), float("inf")]),
    st.none(),
)
POWER = st.one_of(st.floats(-0.1, 6.0), st.sampled_from([1e300, float("nan")]), st.none())
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


@pytest.mark.parametrize("seed", range(4))
def test_a_step_and_wild_readings_have_an_answer(seed: int) -> None:
    """A step that is found, gaps, single readings from anywhere and lost ones: there is an answer,
    and it is no pass."""
    rng = random.Random(seed)
    points = curve(Cell(), seed=seed, heat_s=200.0, cool_s=200.0, absorbed_step=(180.0, 0.3))
    told = events(points, meter=seed % 2 == 0, ambient=seed > 1, seed=seed)
    for _ in range(6):
        at = rng.randrange(len(told))
        event = told[at]
        if isinstance(event, Sample):
            wild = Reading(
                "probe.temperature", rng.choice([1e300, -60.0, 90.0]), "degC", event.t_ns
            )
            told[at] = Sample(event.t_ns, event.t_ns, (wild, *event.readings[1:]))
    del told[-120:-80]
    monitor, said = play(told, fixed(meter=seed % 2 == 0, ambient=seed > 1))

    assert "fail" == monitor.verdict(ns(1e6)).verdict
    assert all(_finite(to_dict(event)) for event in said)
