"""A dose in sentences: what it is, between which bounds, by which convention, and of what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def dose_words(results: Mapping[str, Any]) -> tuple[str, ...]:
    """The sentences of one run's `Dose.results`."""
    return tuple(_sentences(results))


def _sentences(results: Mapping[str, Any]) -> Iterator[str]:
    energy, fluence = results.get("energy"), results.get("fluence")
    if energy is not None:
        text = f"{_span(energy, 1.0, 'J')} at the sample in {energy['lit_s']:.4g} s of light"
        if fluence is not None:
            text += f", {_span(fluence, 1e-4, 'J/cm²')} mean over the spot"
        else:
            text += "; no fluence, because the bench states no spot area"
        if energy.get("stated_s"):
            text += "; by the power that the protocol states, which nobody measured"
        if energy.get("gaps"):
            text += f"; {_gaps(energy)} bridged"
        yield text
    unknown = results.get("light_of_unknown_power")
    if unknown is not None:
        yield f"{unknown['value']:.4g} s of light of unknown power, counted in no energy"
    peak, heat = results.get("peak_temperature"), results.get("cem43")
    # A dark record at room temperature adds up to nothing that is worth a line.
    if heat is not None and peak is not None and (energy is not None or heat["high"] > 0.0):
        yield (
            f"{_span(heat, 1.0, 'CEM43 min')} {heat['of']}; probe ± "
            f"{heat['probe_tolerance_k']:g} K, lag {heat['lag_s']:.2g} ± {heat['lag_sd_s']:.1g} s; "
            f"highest reading {peak['value']:.1f} °C"
        )
        yield heat["convention"]
        if heat["gaps"]:
            yield f"{_gaps(heat)}, in which no dose is counted but in the upper bound"
        if heat["left_out"]:
            yield f"{heat['left_out']} readings of the probe left out of the dose"
        for name, damage in results.items():
            if name.startswith("arrhenius_"):
                yield (
                    f"Omega {_span(damage, 1.0, '')}, survival {damage['survival']['value']:.4g}, "
                    f"{damage['of']}: {damage['pair']}; first order overstates early death"
                )
    beam = results.get("irradiance")
    if beam is not None:
        yield f"{beam['value'] * 1e-4:.3g} W/cm² mean over the spot: {beam['words']}"


def _span(entry: Mapping[str, Any], factor: float, unit: str) -> str:
    """`412 J (388 to 436)`."""
    value, low, high = (entry[end] * factor for end in ("value", "low", "high"))
    shown = f"{_number(value)} {unit}".rstrip()
    return f"{shown} ({_number(low)} to {_number(high)})"


def _number(value: float) -> str:
    """Three figures, `1240` rather than `1.24e+03`."""
    short = float(f"{value:.3g}")
    return f"{short:.0f}" if 1000.0 <= short < 1e7 else f"{short:.3g}"


def _gaps(entry: Mapping[str, Any]) -> str:
    many = "gap" if entry["gaps"] == 1 else "gaps"
    return f"{entry['gaps']} {many} of {entry['gap_s']:.4g} s in all without a reading"
