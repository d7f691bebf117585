"""Two published curves of real cuvettes: what one node leaves, what the full model leaves, a step.

Digitised at 10 s, see tests/data/heating-curves. Volume, absorbance and power are not known, so
there is no efficiency, only rates; the priors are those that ship for a cell of which nothing is
known. The residuals are those about one smooth curve: no random flutter, in which a missing node
could hide. Times are as they were digitised; all of this goes through `labctl.analysis` and
`labctl.photothermal` as anybody's file does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks._figures import Figure
from labctl.analysis import Analysis, analyse, load
from labctl.monitor import build_priors
from labctl.photothermal import (
    BEAD_STEP,
    HEAT,
    NOT_TOLD_APART,
    OFFSET,
    BankPrior,
    FitOptions,
    Inputs,
    MapFit,
    PowerSteps,
    StepFound,
    find_step,
    fit_record,
    judge_fit,
    without_walks,
)

_FOLDER = Path(__file__).resolve().parents[2] / "tests" / "data" / "heating-curves"
_DIGITISING_K = 0.05
"""The lower end of what digitising is off by."""
_MOST_K = 0.10
_WORDS = {HEAT: "heat", BEAD_STEP: "light on the bead", OFFSET: "offset of the reading"}


@dataclass(frozen=True, slots=True)
class Curve:
    """One of the curves, and what was published of a one-node fit to it."""

    name: str
    file: str
    off_s: float
    published: str

    @property
    def path(self) -> Path:
        return _FOLDER / self.file

    def columns(self) -> tuple[np.ndarray, np.ndarray]:
        """Times in s, readings in degC."""
        times, readings, _ = np.loadtxt(self.path, delimiter=",", skiprows=1, unpack=True)
        return times, readings

    @property
    def power(self) -> PowerSteps:
        """Light of an unknown power, told as 1 W: rates are then those at that power."""
        return PowerSteps.on_off(1.0, (0.0, self.off_s))


FIRST = Curve(
    "first (vikas2023)",
    "vikas2023_gnr_10x38_20ugml_808nm.csv",
    900.0,
    "a 0.0456 K/s, tau 381 s, 0.36 K rms",
)
SECOND = Curve(
    "second (armentagamez2026)",
    "armentagamez2026_aunr_785nm_1p2Wcm2.csv",
    1347.0,
    "a 0.1053 K/s, tau 377 s, 0.57 K rms",
)
STEP_S = (70.0, 80.0)


def unknown_cell() -> BankPrior:
    """The prior that ships for a cell of which nothing is known, not even its volume."""
    nothing = Inputs(None, None, None, None)
    priors, _ = build_priors(nothing, has_ambient=False, has_meter=False, nominal_power_w=1.0)
    return priors.bank


def fitted(curve: Curve, nodes: int) -> MapFit:
    """One smooth curve of the model through a record."""
    times, readings = curve.columns()
    return fit_record(
        without_walks(unknown_cell()),
        times,
        readings,
        curve.power,
        float(readings[0]),
        noise_sd_k=_DIGITISING_K,
        options=FitOptions(nodes=nodes),
    )


def step(curve: Curve, noise_sd_k: float | None = _DIGITISING_K) -> tuple[StepFound, ...]:
    """The step in a record, as each kind that it may be."""
    times, readings = curve.columns()
    return find_step(
        unknown_cell(),
        times,
        readings,
        curve.power,
        float(readings[0]),
        noise_sd_k=noise_sd_k,
        edge_spread_s=1.0,
    )


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part; both profiles are the same."""
    for curve in (FIRST, SECOND):
        yield from _residuals(curve, profile)
        yield from _step(curve, profile)
        yield from _analysed(curve, analyse(load(curve.path)), profile)


def _residuals(curve: Curve, profile: str) -> Iterator[Figure]:
    one, two, full = (fitted(curve, nodes) for nodes in (1, 2, 3))
    failed = [check.said for check in judge_fit(one) if not check.holds]
    rate, loss = float(one.mode.mean[0]), float(np.exp(-one.mode.mean[1]))
    yield Figure(
        f"{curve.name}: checks that one node fails",
        len(failed),
        f"of {len(judge_fit(one))}",
        profile,
        beside=f"{'; '.join(failed)}; a {rate:.4f} K/s, tau {loss:.0f} s; published "
        f"{curve.published}",
        goal="fails, and says why",
        holds=bool(failed),
    )
    left = [check.said for check in judge_fit(full) if not check.holds]
    first = curve is FIRST
    yield Figure(
        f"{curve.name}: the full model leaves",
        full.rms_k,
        "K rms",
        profile,
        beside=f"one node {one.rms_k:.3f}, two {two.rms_k:.3f}; digitising 0.05 to 0.14 K; follows "
        f"itself at {full.lag1:.2f}; {'; '.join(left) or 'all checks hold'}",
        goal=f"at most {_MOST_K:.2f} K" if first else "",
        holds=full.rms_k <= _MOST_K if first else None,
    )


def _step(curve: Curve, profile: str) -> Iterator[Figure]:
    found = step(curve)
    if curve is FIRST:
        yield Figure(
            f"{curve.name}: steps found", len(found), "kinds", profile, goal="none", holds=not found
        )
        return
    best = found[0] if found else None
    named = " or ".join(
        _WORDS[kind.shape] for kind in found if kind.log_ratio > found[0].log_ratio - NOT_TOLD_APART
    )
    every = ", ".join(f"{_WORDS[kind.shape]} {kind.log_ratio:.0f}" for kind in found)
    yield Figure(
        f"{curve.name}: a step between 70 and 80 s",
        best.size if best else 0.0,
        "K",
        profile,
        beside=f"named {named or 'nothing'}; log ratios {every}; from "
        f"{best.onset_s if best else 0.0:.0f} s, deviation {best.sd if best else 0.0:.2f} K",
        goal="found and named",
        holds=best is not None
        and best.shape in (BEAD_STEP, OFFSET)
        and STEP_S[0] - 10.0 <= best.onset_s <= STEP_S[1],
    )


def _analysed(curve: Curve, found: Analysis, profile: str) -> Iterator[Figure]:
    told = [row.name for row in found.rows if row.efficiency is not None]
    yield Figure(
        f"{curve.name}: efficiencies printed without inputs",
        len(told),
        f"of {len(found.rows)} methods",
        profile,
        beside=f"asked for: {', '.join(name for name, _ in found.asked)}; verdict {found.verdict}",
        goal="none",
        holds=not told,
    )
    alarms = "; ".join(
        f"{alarm.name} from {alarm.onset_ns / 1e9:.0f} s, {alarm.size}" for alarm in found.alarms
    )
    yield Figure(
        f"{curve.name}: alarms of the live check over it",
        len(found.alarms),
        "alarms",
        profile,
        beside=alarms or "none",
    )
