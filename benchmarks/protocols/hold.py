"""Temperature hold: overshoot, settling, dose, beside a plain PID in the same worlds.

Cells of the richer world of `simulators/`, seeds 1, 2, 3 ..., eight seeds in nine with a
disturbance: laser or beam lose or gain power, a draught comes or goes, the room steps, the
particles bleach. Volume, efficiency, wall, loss, laser, meter and probe are drawn around what the
shipped files state. The peer is simple-pid, tuned by Skogestad's rules (SIMC; J. Process Control
13, 291, 2003; the rules were not checked against the paper) on the nominal cell for the same
response of 6 s, its integral held within the limits as the library does. 2 W is the limit of the
shipped bench, at which some cells barely reach the band; 4 W is a laser of this benchmark only.
In a bath of 37 degC, where cooling is slow and a liquid that touches 43 degC takes nearly a minute
of CEM43, doses are tried for themselves, at 1.5 W and one look a second.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cache, partial
from statistics import median

from benchmarks._binomial import interval
from benchmarks._figures import Figure
from benchmarks.check._cells import on_all_cores
from benchmarks.protocols._held import Held, Task, Wish, disturbance, held
from labctl.photothermal import HoldController, HoldModel, HoldRules, HoldStart

SEEDS = {"short": 24, "full": 200}
DOSE_S = 600.0
BATH_DOSES_S = (60.0, 120.0, 600.0)
_RESPONSE_S, _LATE_S, _BEAD_S = 6.0, 2.0, 1.0
"""Wished for; lag, mixing and half a period together; what the derivative takes back."""
_OUT_S = 200.0
_RATE_K_PER_S_W = 0.11
"""Of the nominal cell under light."""


class Pid:
    """Makes the peer for an aim."""

    def __init__(self, limit_w: float) -> None:
        self._limit_w = limit_w

    def __call__(self, aim_degc: float) -> Wish:
        from simple_pid import PID

        gain = 1.0 / (_RATE_K_PER_S_W * (_RESPONSE_S + _LATE_S))
        integral_s = 4.0 * (_RESPONSE_S + _LATE_S)
        pid = PID(
            gain, gain / integral_s, gain * _BEAD_S,
            setpoint=aim_degc, sample_time=None, output_limits=(0.0, self._limit_w),
        )  # fmt: skip

        def wish(t_s: float, degc: float) -> float:
            return float(pid(degc, dt=0.5) or 0.0)

        return wish


def measure(profile: str) -> Iterator[Figure]:
    """Dose, band, overshoot, settling, cost; what the check says of a held run."""
    yield from _dose(profile)
    yield from _bath(profile)
    for limit_w in (2.0, 4.0):
        yield from _band(profile, limit_w)
    yield _bead_out(profile)
    yield from _checked(profile)
    yield _cost(profile)


# -- dose --------------------------------------------------------------------------------------


def dose_hold(seed: int, *, ideal: bool, peer: bool = False) -> Held:
    """43 to 48 degC until ten minutes of CEM43."""
    task = Task(43.0, 48.0, dose_s=DOSE_S, at_most_s=1700.0, ideal_probe=ideal)
    return held(seed, task, Pid(task.limit_w) if peer else None, disturbance(seed, 100.0))


def _dose(profile: str) -> Iterator[Figure]:
    n = SEEDS[profile]
    ideal = _ended(partial(dose_hold, ideal=True), n)
    peer = _ended(partial(dose_hold, ideal=True, peer=True), n)
    off = [100.0 * abs(one.dose_s / DOSE_S - 1.0) for one in ideal]
    beside = max(100.0 * abs(one.dose_s / DOSE_S - 1.0) for one in peer)
    yield Figure(
        "dose-hold: CEM43 of the liquid off its target, ideal probe, worst", max(off), "%", profile,
        beside=f"{beside:.3g} % by PID that ends at the target; {len(ideal)} of {n} reached it "
        f"within the hold, {len(peer)} by PID; median {median(off):.2g} %",
        goal="<= 2 %", holds=max(off) <= 2.0,
    )  # fmt: skip
    real = list(on_all_cores(partial(dose_hold, ideal=False), range(1, n + 1)))
    pid = list(on_all_cores(partial(dose_hold, ideal=False, peer=True), range(1, n + 1)))
    inside = sum(one.told[1] <= one.dose_s <= one.told[2] for one in real)
    low, high = interval(inside, n)
    yield Figure(
        "dose-hold: true CEM43 within the interval told, real probe", 100.0 * inside / n, "%",
        profile, beside=f"{n} runs, 95 % {100 * low:.1f} to {100 * high:.1f} %",
        goal=">= 95 %", holds=inside >= 0.95 * n,
    )  # fmt: skip
    worst = max(one.peak_degc for one in real) - 48.0
    yield Figure(
        "dose-hold: liquid above the band of 43 to 48 degC, worst", worst, "K", profile,
        beside=f"{max(one.peak_degc for one in pid) - 48.0:.2g} K by PID; {n} runs",
        goal="<= 0.3 K", holds=worst <= 0.3,
    )  # fmt: skip


def bath_dose(seed: int, *, dose_s: float) -> Held:
    """43 to 48 degC in a bath of 37 degC, ideal probe; ten minutes with a disturbance."""
    task = Task(
        43.0, 48.0, limit_w=1.5, dose_s=dose_s, at_most_s=1700.0, cool_s=600.0, ideal_probe=True,
        bath_degc=37.0,
    )  # fmt: skip
    # What changes after the light is out is in no forecast: a short dose is had without.
    return held(seed, task, None, disturbance(seed, task.from_s + 100.0) if dose_s > 300.0 else "")


def _bath(profile: str) -> Iterator[Figure]:
    n = SEEDS[profile] // 4
    for dose_s in BATH_DOSES_S:
        runs = _ended(partial(bath_dose, dose_s=dose_s), n)
        off = [100.0 * abs(one.dose_s / dose_s - 1.0) for one in runs]
        within = sum(one <= 2.0 for one in off)
        yield Figure(
            f"dose-hold in a bath of 37 degC, {dose_s / 60.0:g} min: CEM43 off its target, ideal "
            "probe, worst", max(off), "%", profile,
            beside=f"{len(runs)} of {n} reached it, {within} within 2 %; median {median(off):.2g}",
            goal="<= 2 %", holds=max(off) <= 2.0,
        )  # fmt: skip


def _ended(run: partial[Held], n: int) -> list[Held]:
    """Those whose dose was reached."""
    return [one for one in on_all_cores(run, range(1, n + 1)) if one.off_s is not None]


# -- band --------------------------------------------------------------------------------------


def narrow(seed: int, *, limit_w: float, peer: bool = False) -> Held:
    """45 to 46 degC for a quarter of an hour, disturbed after eight minutes."""
    task = Task(45.0, 46.0, limit_w=limit_w)
    return held(seed, task, Pid(limit_w) if peer else None, disturbance(seed))


def _band(profile: str, limit_w: float) -> Iterator[Figure]:
    n = SEEDS[profile]
    ours = list(on_all_cores(partial(narrow, limit_w=limit_w), range(1, n + 1)))
    pid = list(on_all_cores(partial(narrow, limit_w=limit_w, peer=True), range(1, n + 1)))
    # A cell that the limit does not bring there shows nothing of either.
    both = [(a, b) for a, b in zip(ours, pid, strict=True) if a.reached_s and b.reached_s]
    name, of = f"hold at 45.5 degC, {limit_w:g} W at most", f"{len(both)} of {n} reach it"
    lost = sum(a.dark_s is not None for a in ours)
    yield Figure(
        f"{name}: given up though nothing was lost", 100.0 * lost / n, "%", profile,
        beside=f"{n} runs", goal="0", holds=lost == 0,
    )  # fmt: skip
    above = max(a.overshoot_k for a, _ in both) - 0.5
    yield Figure(
        f"{name}: above the band of 1 K, worst", above, "K", profile,
        beside=f"{max(b.overshoot_k for _, b in both) - 0.5:.3g} K by PID; {of}",
        goal="<= 0.3 K", holds=above <= 0.3,
    )  # fmt: skip
    yield Figure(
        f"{name}: overshoot over the aim, worst", max(a.overshoot_k for a, _ in both), "K", profile,
        beside=f"{max(b.overshoot_k for _, b in both):.3g} K by PID; medians "
        f"{median(a.overshoot_k for a, _ in both):.2g} and "
        f"{median(b.overshoot_k for _, b in both):.2g} K",
    )  # fmt: skip
    yield Figure(
        f"{name}: settled within 0.3 K, median", median(a.settled_s() for a, _ in both), "s",
        profile, beside=f"{median(b.settled_s() for _, b in both):.4g} s by PID",
    )  # fmt: skip
    yield Figure(
        f"{name}: time out of the band once reached, mean",
        100.0 * _mean([a.outside_share(45.0, 46.0) for a, _ in both]), "%", profile,
        beside=f"{100.0 * _mean([b.outside_share(45.0, 46.0) for _, b in both]):.3g} % by PID",
    )  # fmt: skip


def bead_out(seed: int, *, peer: bool = False) -> Held:
    """A bead that falls out of the liquid in the midst of a hold."""
    task = Task(43.0, 48.0, limit_w=4.0, at_most_s=400.0)
    return held(seed, task, Pid(task.limit_w) if peer else None, f"bead-out@{_OUT_S:g}s")


def _bead_out(profile: str) -> Figure:
    n = SEEDS[profile] // 2
    ours = list(on_all_cores(bead_out, range(1, n + 1)))
    pid = list(on_all_cores(partial(bead_out, peer=True), range(1, n + 1)))
    late = [1e9 if one.dark_s is None else one.dark_s - _OUT_S for one in ours]
    return Figure(
        "hold: the bead falls out: no more light asked for after, worst", max(late), "s", profile,
        beside=f"hottest liquid {max(one.peak_degc for one in ours):.3g} degC, "
        f"{max(one.peak_degc for one in pid):.3g} by PID (no guard in either); {n} runs",
        goal="<= 3 s", holds=max(late) <= 3.0,
    )  # fmt: skip


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


# -- check and cost ----------------------------------------------------------------------------


def checked(seed: int) -> Held:
    """A healthy dose-hold that the check follows to its end."""
    task = Task(43.0, 48.0, dose_s=DOSE_S, at_most_s=1700.0, cool_s=300.0, checked=True)
    return held(seed, task)


def _checked(profile: str) -> Iterator[Figure]:
    n = SEEDS[profile] // 2
    runs = list(on_all_cores(checked, range(1, n + 1)))
    alarmed = sum(bool(one.alarms) for one in runs)
    verdicts = [one.verdict.verdict for one in runs if one.verdict is not None]
    yield Figure(
        "hold: healthy runs with an alarm of the check", 100.0 * alarmed / n, "%", profile,
        beside=f"{n} runs; {verdicts.count('pass')} pass, {verdicts.count('cannot tell')} cannot "
        f"tell, {verdicts.count('fail')} fail",
    )  # fmt: skip


def _cost(profile: str) -> Figure:
    hold = _begun()
    spent = []
    for number in range(1, 5001):
        began = time.perf_counter_ns()
        command = hold.step(0.5 * number, 45.4, 1.2)
        hold.dose_reached(0.1 * number, 1e9)
        spent.append(time.perf_counter_ns() - began)
    assert command.power_w <= 2.0
    return Figure("hold: one step with its dose to come, median", median(spent) / 1e3, "us",
                  profile, goal="<= 200 us", holds=median(spent) <= 200e3)  # fmt: skip


@cache
def _begun() -> HoldController:
    model = HoldModel(0.11, 0.05, 0.0057, 0.2, 0.036, 0.26, 1.0, 0.0, 0.004)
    hold = HoldController(HoldRules(43.0, 48.0, 2.0), model, dose_s=DOSE_S)
    hold.begin(0.0, HoldStart(45.4, 44.0, 45.4, 22.0), 1.2)
    return hold
