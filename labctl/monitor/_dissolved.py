"""What of a species without a stated load is known: how much of it is dissolved, at the first and
at the last measurement. It has no released fraction, because it is a fraction of nothing."""

from __future__ import annotations

from typing import Any

from labctl.events import Assayed
from labctl.monitor._estimates import figures

_WITHIN = 1.96
"""Deviations on either side of the middle of a 95 % interval."""


class Dissolved:
    """Concentrations of species, folded from their measurements."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[Assayed, Assayed]] = {}

    def add(self, event: Assayed) -> None:
        """Take one measurement; one that gave no number is passed over."""
        if event.concentration_mol_per_m3 is not None:
            first, _ = self._ends.get(event.species, (event, event))
            self._ends[event.species] = first, event

    def results(self) -> dict[str, Any]:
        """`dissolved_<species>`, and `dissolved_<species>_at_first` where there were two or more
        [mol/m^3]. Its interval is that of the one measurement: the calibration's deviation, the
        same in all of a run, is not in it."""
        found: dict[str, Any] = {}
        for name, (first, last) in sorted(self._ends.items()):
            found[f"dissolved_{name}"] = _plain(last, "the last measurement")
            if first is not last:
                found[f"dissolved_{name}_at_first"] = _plain(first, "the first measurement")
        return found


def _plain(event: Assayed, at: str) -> dict[str, Any]:
    value, sd = event.concentration_mol_per_m3 or 0.0, event.sd_mol_per_m3
    told: dict[str, Any] = {"value": figures(value)}
    if sd is not None:
        told |= {"low": figures(value - _WITHIN * sd), "high": figures(value + _WITHIN * sd)}
    of = f"in the medium, at {at}; the calibration's own deviation is not in the interval"
    return told | {"unit": "mol/m^3", "of": of}
