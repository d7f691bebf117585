"""A slice of the figures of the temperature hold, in the richer world, beside a plain PID."""

from __future__ import annotations

import pytest

from benchmarks.protocols._held import Task, held
from benchmarks.protocols.hold import DOSE_S, Pid, bath_dose, bead_out, dose_hold, narrow
from benchmarks.protocols.hold_runs import run


@pytest.mark.parametrize("seed", [1, 4, 7, 8, 58])
def test_the_dose_of_the_liquid_is_the_target_with_an_ideal_probe(seed: int) -> None:
    """Within 2 %, cooling included, with a power step, a draught that goes, bleaching, a beam that
    wanders off, and a loss that changes as the power does."""
    found = dose_hold(seed, ideal=True)

    assert found.off_s is not None
    assert DOSE_S == pytest.approx(found.dose_s, rel=0.02)
    assert found.peak_degc < 48.0


@pytest.mark.parametrize(("seed", "dose_s", "within"), [(9, 60.0, 0.04), (5, 120.0, 0.02)])
def test_a_small_dose_in_a_bath_of_37_degc_is_not_passed(
    seed: int, dose_s: float, within: float
) -> None:
    """Nearly all of a minute comes on the way to 43 degC and while it cools slowly: 2 % is the
    goal, and missed by some cells for one minute."""
    found = bath_dose(seed, dose_s=dose_s)

    assert dose_s == pytest.approx(found.dose_s, rel=within)
    assert found.peak_degc < 44.0


def test_a_dose_that_ends_at_its_target_by_pid_misses_it() -> None:
    """What is measured is not met by anything: without its tail a dose is a tenth too much."""
    found = dose_hold(1, ideal=True, peer=True)

    assert found.dose_s > 1.1 * DOSE_S


@pytest.mark.parametrize("seed", [2, 5])
def test_the_interval_of_a_real_probe_holds_the_dose(seed: int) -> None:
    """Late, off by its junction, with light on it: the truth is between the bounds told."""
    found = dose_hold(seed, ideal=False)

    assert found.told[1] <= found.dose_s <= found.told[2]


@pytest.mark.parametrize("seed", [1, 3, 6])
def test_a_strong_laser_reaches_a_narrow_band_without_leaving_it(seed: int) -> None:
    """Less than 0.2 K over the aim with 4 W, where a plain PID leaves it."""
    ours, pid = narrow(seed, limit_w=4.0), narrow(seed, limit_w=4.0, peer=True)

    assert ours.overshoot_k < 0.2
    assert pid.overshoot_k > 0.5
    assert 0.0 == ours.outside_share(45.0, 46.0)
    assert ours.settled_s() < pid.settled_s()


def test_the_power_limit_is_never_passed() -> None:
    """A cell that the limit does not bring into the band gets the limit, and no more."""
    found = held(3, Task(45.0, 46.0, limit_w=1.5, at_most_s=300.0))

    assert 1.5 == found.highest_w
    assert found.reached_s is None


def test_the_peer_is_made_by_the_library() -> None:
    """Its output stays within its limits, whatever it is told."""
    wish = Pid(2.0)(45.5)

    assert (2.0, 0.0) == (wish(0.0, -1000.0), wish(0.5, 1000.0))


def test_a_bead_that_falls_out_ends_the_light_where_a_pid_gives_more() -> None:
    """No light is asked for 3 s later; by PID the liquid becomes hotter than the band."""
    ours, pid = bead_out(1), bead_out(1, peer=True)

    assert ours.dark_s is not None
    assert ours.dark_s <= 203.0
    assert ours.peak_degc < 48.0 < pid.peak_degc


def test_a_whole_run_comes_to_its_dose() -> None:
    """Through engine, guard, drivers and wires: what is told is the target within 2 %, and the
    truth is between the bounds."""
    found = run(1)

    assert "reached" == found.hold
    assert DOSE_S == pytest.approx(found.told[0], rel=0.02)
    assert found.told[1] <= found.true_s <= found.told[2]
    assert found.peak_degc < 48.0
