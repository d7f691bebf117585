"""How often the whole bank of detectors alarms where there is no fault.

Records of an hour at the plateau, with an edge (at which the detectors start anew) every twenty
minutes, a thousand records at once through the detector that ships; see `_plateau` for the cell and
for what the filter knows. White noise: on a real bench the figure is a floor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from benchmarks._figures import Figure
from benchmarks.check._plateau import RULES, Watch, readings

_RECORDS = 1000
_EDGE_EVERY_S = 1200
_NAMES = ("heat", "light on bead", "heat ramp", "offset", "bead out", "shift")


def count(hours: int, seed: int, every_s: float = 1.0, records: int = _RECORDS) -> Counter[int]:
    """Alarms by shape over `records` x `hours`, at most one a record and edge."""
    watch = Watch(records, RULES, every_s)
    chunk = round(_EDGE_EVERY_S / every_s)
    chunks = (chunk,) * (hours * 3600 // _EDGE_EVERY_S)
    alarms: Counter[int] = Counter()
    rng = np.random.default_rng(seed)
    for number, read in enumerate(readings(rng, records, chunks, every_s=every_s)):
        if number % chunk == 0:
            watch.edge()
        alarms.update(step.shape for _, step in watch.take(read))
    return alarms


def upper_bound(alarms: int) -> float:
    """Of the expectation of a Poisson count, one-sided, 95 %."""
    from scipy.stats import chi2

    return float(chi2.ppf(0.95, 2 * alarms + 2) / 2.0)


def _figure(alarms: Counter[int], hours: int, every_s: float, profile: str) -> Figure:
    total = sum(alarms.values())
    by_shape = ", ".join(f"{_NAMES[shape]} {n}" for shape, n in sorted(alarms.items())) or "none"
    per = 1000.0 / hours
    threshold = RULES.threshold(every_s)
    return Figure(
        f"false alarms, {1.0 / every_s:g} Hz, {hours} h",
        total * per,
        "per 1000 h",
        profile,
        f"{RULES.false_alarms_per_1000_h:g} designed (log ratio {threshold:.1f}); "
        f"95 % upper bound {upper_bound(total) * per:.2f}; by shape: {by_shape}",
        "at most 1",
        total * per <= 1.0,
    )


def measure(profile: str) -> Iterator[Figure]:
    """1000 h, or 10 000 h and 1000 h at 10 Hz."""
    blocks = 1 if profile == "short" else 10
    alarms: Counter[int] = Counter()
    for seed in range(1, blocks + 1):
        alarms += count(1, seed)
    yield _figure(alarms, blocks * _RECORDS, 1.0, profile)
    if profile == "full":
        yield _figure(count(1, 1, 0.1), _RECORDS, 0.1, profile)
