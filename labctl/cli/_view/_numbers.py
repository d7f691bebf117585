"""Numbers as a person may rely on them: no digit that the uncertainty does not bear."""

from __future__ import annotations

import math

from labctl.clock import NS

Z95 = 1.96
"""Standard deviations to either side that hold 95 % of a normal distribution."""

_SHOWN_AS: dict[str, tuple[float, str]] = {
    "1": (1.0, ""),
    "degC": (1.0, "°C"),
    "W/K": (1e3, "mW/K"),
    "J/K": (1.0, "J/K"),
    "W/kg": (1e-3, "W/g"),
    "H m^2/kg": (1e9, "nH m^2/kg"),
}
"""Unit in an event -> factor and unit for people."""


def with_sd(value: float, sd: float | None, unit: str = "") -> str:
    """`0.410 ± 0.021 mW/K`: two significant digits of the standard deviation, as many decimals
    in the value. Without an uncertainty, four significant digits."""
    factor, shown = scale(unit)
    return _join(f"{number(value * factor, _times(sd, factor))}{_plus_minus(sd, factor)}", shown)


def number(value: float, sd: float | None) -> str:
    """The value alone, with the decimals that its standard deviation bears."""
    places = decimals(sd)
    return f"{value:.4g}" if places is None else fixed(value, places)


def interval(low: float, high: float, sd: float | None, unit: str = "") -> str:
    """`0.37 to 0.45`, with the decimals of the value beside it, in the same unit (not repeated)."""
    factor, _ = scale(unit)
    return " to ".join(number(end * factor, _times(sd, factor)) for end in (low, high))


def uncertainty(share: float, sd: float, unit: str = "") -> str:
    """`0.008`: a share of an uncertainty with the decimals that `sd` gives, in the unit of the
    value beside it (not repeated)."""
    factor, _ = scale(unit)
    return number(share * factor, sd * factor)


def plain(value: float, unit: str, places: int = 2) -> str:
    """A reading as it came, to a fixed number of decimals."""
    factor, shown = scale(unit)
    return _join(fixed(value * factor, places), shown)


def scale(unit: str) -> tuple[float, str]:
    """Factor and unit that a person is shown for a unit of an event."""
    return _SHOWN_AS.get(unit, (1.0, unit))


def decimals(sd: float | None) -> int | None:
    """Decimal places that show two significant digits of `sd`, negative for tens and more; None
    where there is no uncertainty to go by."""
    if sd is None or sd <= 0 or not math.isfinite(sd):
        return None
    # Formatting rounds first: 0.0996 is 0.10, not 0.0996 to three decimals.
    return 1 - int(f"{sd:.1e}".partition("e")[2])


def fixed(value: float, places: int) -> str:
    """`value` to `places` decimals (negative: whole tens), never `-0`."""
    return f"{round(value, places) + 0.0:.{max(places, 0)}f}"


def moment(t_ns: int) -> str:
    """Time since the run began, `0:01:05`."""
    whole = t_ns // NS
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def span(duration_ns: int) -> str:
    """A duration in words: `0.4 s`, `45 s`, `3 min 20 s`, `2 h 05 min`."""
    if duration_ns < 10 * NS and duration_ns % NS:
        return f"{duration_ns / NS:.1f} s"
    whole = round(duration_ns / NS)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        rest = f" {whole % 60} s" if whole % 60 else ""
        return f"{whole // 60} min{rest}"
    rest = f" {whole // 60 % 60:02d} min" if whole // 60 % 60 else ""
    return f"{whole // 3600} h{rest}"


def _plus_minus(sd: float | None, factor: float) -> str:
    return "" if decimals(sd) is None or sd is None else f" ± {number(sd * factor, sd * factor)}"


def _times(sd: float | None, factor: float) -> float | None:
    return None if sd is None else sd * factor


def _join(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text
