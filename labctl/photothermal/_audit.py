"""What is wrong with a record, before anything is computed from it.

Pure, and it changes nothing: rows that cannot be used are left out by `usable`, and a light column
that is missing is found by `with_light`; the audit says so. Units are judged by the physics and
named as hypotheses.
"""

from __future__ import annotations

from labctl.photothermal._clock import audit_clock
from labctl.photothermal._finding import Finding, Severity
from labctl.photothermal._kinks import with_light
from labctl.photothermal._one_node import fit_one_node
from labctl.photothermal._readings import audit_readings
from labctl.photothermal._record import Record, UnusableError, usable
from labctl.photothermal._setting import Setting
from labctl.photothermal._shape import audit_no_light, audit_shape
from labctl.photothermal._unit_audit import Expected, audit_units

_VAGUE = 0.3
"""A relative deviation from which nothing can be judged by a number."""
_RATE_K_PER_S = 1e-3
_ORDER = (Severity.WRONG, Severity.DOUBTFUL, Severity.NOTE)


def audit(
    record: Record, setting: Setting | None = None, expected: Expected | None = None
) -> tuple[Finding, ...]:
    """All findings, the gravest first; empty for a good record. `setting` and `expected` are for
    judging units, and each may be left out. Never raises for what stands in the arrays."""
    try:
        part, _ = usable(record)
    except UnusableError as error:
        words = "Look whether time and temperature are the columns that were meant."
        return (Finding("nothing-usable", Severity.WRONG, str(error), words),)
    found = [*audit_clock(record), *audit_readings(record)]
    if any(finding.code == "constant" for finding in found) or len(part) < 3:
        return tuple(found)
    lit: Record | None = record
    if record.light is None:
        part_lit = with_light(part)
        lit = part_lit
        if part_lit is None:
            found.append(
                Finding(
                    "light-unknown",
                    Severity.WRONG,
                    "the record does not say when the light was on, and its curve has no edge that "
                    "would tell",
                    "Add a column with the light (0 or 1).",
                )
            )
        else:
            found += audit_no_light(part_lit)
    if lit is not None:
        found += audit_shape(lit)
        found += _units(usable(lit)[0], setting or Setting(), expected or Expected())
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))


def _units(part: Record, setting: Setting, expected: Expected) -> tuple[Finding, ...]:
    try:
        fit = fit_one_node(part)
    except UnusableError:
        return audit_units(None, None, setting, expected)
    (tau_s, tau_sd), (rate, rate_sd) = fit.time_constant_s, fit.rate_k_per_s
    return audit_units(
        tau_s if tau_sd < _VAGUE * tau_s else None,
        rate if rate_sd < max(_VAGUE * abs(rate), _RATE_K_PER_S) else None,
        setting,
        expected,
    )
