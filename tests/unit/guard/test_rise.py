"""What the energy given must have done to the guarded reading, at least and at most."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from labctl.clock import NS
from labctl.evidence import Known, Rise, note_source
from labctl.guard import decide
from labctl.guard._rules import take_beat
from labctl.talk import GuardSpec, Heartbeat, Phase
from tests.unit.guard.test_rules import SPEC, seen


def fed(rise: Rise, degc: list[float], lit_s: float | None, *, begin_s: float, power_w: float,
        spec: GuardSpec = SPEC) -> None:  # fmt: skip
    """One reading a second from `begin_s` on, at a power that was there since `lit_s`."""
    given_j = rise._given_j
    for step, value in enumerate(degc):
        taken_s = begin_s + step
        lit_ns = None if lit_s is None else round(lit_s * NS)
        if lit_s is not None:
            given_j += power_w * min(1.0, taken_s - lit_s)
        rise.take(spec, round(taken_s * NS), value, lit_ns, given_j)


def test_in_the_dark_there_is_no_rise() -> None:
    """Nothing is to be expected, and nothing is held against it."""
    rise = Rise()
    fed(rise, [20.0, 30.0], None, begin_s=0.0, power_w=0.0)

    assert (None, 0.0, 0.0) == (rise.rise_k, rise.least_k, rise.most_k)


def test_the_least_rise_is_that_of_one_body_that_loses_heat() -> None:
    """P k tau (1 - exp(-t / tau)) after t at power P, to half a per cent."""
    rise = Rise()
    fed(rise, [20.0] * 5, None, begin_s=0.0, power_w=0.0)
    fed(rise, [20.0] * 200, 4.5, begin_s=5.0, power_w=1.5)
    lit_s = 5.0 + 199.0 - 4.5
    expected_k = 1.5 * 0.02 * 100.0 * (1.0 - math.exp(-lit_s / 100.0))

    assert expected_k == pytest.approx(rise.least_k, rel=0.006)
    assert (0.0, 1.5 * lit_s) == (rise.rise_k, pytest.approx(rise.given_j))


def test_the_most_rise_is_all_energy_and_no_loss() -> None:
    """0.25 K a joule."""
    rise = Rise()
    fed(rise, [20.0, 20.0, 21.0], 0.0, begin_s=1.0, power_w=2.0)

    assert (1.5, 1.0) == (pytest.approx(rise.most_k), rise.rise_k)


def test_a_sample_that_is_still_warm_may_fall_while_it_is_lit() -> None:
    """20 K above the coldest before: it may lose them, as fast as the vessel loses heat."""
    rise = Rise()
    fed(rise, [20.0, 40.0], None, begin_s=0.0, power_w=0.0)
    fed(rise, [38.0] * 100, 1.0, begin_s=2.0, power_w=0.1)
    expected_k = -20.0 * (1.0 - math.exp(-1.0)) + 0.1 * 0.02 * 100.0 * (1.0 - math.exp(-1.0))

    assert expected_k == pytest.approx(rise.least_k, rel=0.01)


def test_each_emission_is_held_against_its_own_beginning() -> None:
    """Also where no reading was taken in the dark between two."""
    rise = Rise()
    fed(rise, [20.0, 25.0], 0.0, begin_s=1.0, power_w=1.0)
    fed(rise, [25.5], 2.5, begin_s=3.0, power_w=1.0)

    assert (0.5, 0.5) == (rise.rise_k, pytest.approx(rise.given_j))


def test_without_a_least_rise_none_is_computed() -> None:
    """There is no time constant then either."""
    rise, spec = Rise(), replace(SPEC, least_k_per_j=0.0, fades_s=0.0)
    fed(rise, [20.0, 21.0], 0.0, begin_s=1.0, power_w=1.0, spec=spec)

    assert (0.0, 0.5) == (rise.least_k, pytest.approx(rise.most_k))


COARSE = replace(SPEC, resolution_k=0.1, max_exposure_s=3600.0, most_k_per_j=0.3)


def tripped(frozen_from_s: float) -> tuple[str, int]:
    """(rule, at which second) of twenty minutes at 1 W, read to 0.1 K each second: 5.3 J/K,
    24 mW/K, a third of the light as heat; the reading stays as it is from some second on."""
    state = Known(phase=Phase.EMITTING, commanded_w=1.0, at_most_ns=3600 * NS)
    kelvin = shown = 0.0
    for second in range(1, 1201):
        now_ns = second * NS
        kelvin += (0.33 - 0.024 * kelvin) / 5.3
        if second < frozen_from_s:
            shown = round(20.0 + kelvin, 1)
        state.lease_until_ns = now_ns + NS
        note_source(state, seen(taken_ns=now_ns, meter_ns=now_ns))
        take_beat(COARSE, state, Heartbeat(now_ns, shown), now_ns)
        trips = decide(COARSE, state, now_ns)
        if trips:
            return trips[0].rule, second
    return "", 0


def test_a_coarse_logger_at_a_plateau_is_not_frozen() -> None:
    """A minute and more of the same 0.1 K, again and again, in a healthy run."""
    assert ("", 0) == tripped(math.inf)


def test_a_coarse_logger_that_freezes_while_the_sample_must_warm_is_found() -> None:
    """Three tenths of a kelvin are to be expected within 33 s of the first equal reading."""
    rule, second = tripped(60.0)

    assert rule == "frozen"
    assert 85 <= second <= 95
