"""A beam beside the exposure limits of a person's skin and eye. No limit of a sample.

The limits are those of directive 2006/25/EC, annex II, tables 2.2, 2.4 and 2.5 (read in a national
transposition; the eye's value beyond 10 s, table 2.3, follows from continuity at 10 s and was not
read). ANSI Z136.1, ICNIRP and IEC 60825-1 have the same form at these wavelengths; none of these
was read. They are for the skin of a person, or an eye looking into the beam of a small source, and
say nothing of a sample.

A ratio below one is no statement that anything is harmless, and nothing here words it so: every
bench with a beam like these needs its enclosure and interlock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SKIN_APERTURE_M2 = math.pi * (3.5e-3 / 2.0) ** 2
"""Skin exposure is averaged over 3.5 mm."""
EYE_APERTURE_M2 = math.pi * (7.0e-3 / 2.0) ** 2
"""Eye exposure is averaged over a wide pupil, 7 mm."""
_LONGEST_S = 3e4
_STEADY_S = 10.0
"""From here on the limits are constant irradiances."""
FOR_PEOPLE = "limits of a person's exposure, none of a sample's; interlock, not a number"


def skin_limit_w_per_m2(wavelength_m: float, duration_s: float) -> float | None:
    """Mean irradiance, W/m^2, that skin may get for `duration_s`; None outside 400 to 1400 nm and
    100 ns to 30 000 s.

    1.1e4 C_A t^0.25 J/m^2 up to 10 s, then 2e3 C_A W/m^2. C_A = 1 below 700 nm,
    10^(0.002 (lambda/nm - 700)) up to 1050 nm, 5 up to 1400 nm.
    """
    c_a = _c_a(wavelength_m * 1e9)
    if c_a is None or not 1e-7 <= duration_s <= _LONGEST_S:
        return None
    if duration_s >= _STEADY_S:
        return 2e3 * c_a
    return 1.1e4 * c_a * math.pow(duration_s, -0.75)


def eye_limit_w_per_m2(wavelength_m: float, duration_s: float) -> float | None:
    """Mean irradiance, W/m^2, at the cornea from a small source; None outside 700 to 1400 nm and
    50 us to 30 000 s.

    18 C_A t^0.75 J/m^2 (90 C_C t^0.75 from 1050 nm) up to 10 s, then 10 C_A C_C W/m^2. C_C = 1 up
    to 1150 nm, 10^(0.018 (lambda/nm - 1150)) up to 1200 nm, 8 up to 1400 nm.
    """
    nm = wavelength_m * 1e9
    c_a = _c_a(nm)
    if c_a is None or nm < 700.0 or not 5e-5 <= duration_s <= _LONGEST_S:
        return None
    c_c = 1.0 if nm <= 1150.0 else min(8.0, 10.0 ** (0.018 * (nm - 1150.0)))
    if duration_s >= _STEADY_S:
        return 10.0 * c_a * c_c
    return 18.0 * c_a * c_c * math.pow(duration_s, -0.25)


def mean_irradiance_w_per_m2(power_w: float, spot_m2: float, aperture_m2: float = 0.0) -> float:
    """Power over the spot, or over the aperture where that is wider. ValueError unless the spot is
    larger than nothing."""
    if not (math.isfinite(spot_m2) and spot_m2 > 0.0):
        raise ValueError(f"a spot of {spot_m2} m^2 is none")
    return power_w / max(spot_m2, aperture_m2)


def peak_irradiance_w_per_m2(power_w: float, spot_m2: float, aperture_m2: float = 0.0) -> float:
    """As `mean_irradiance_w_per_m2`, in the middle of a Gaussian beam of which `spot_m2` is the
    area inside 1/e^2: twice the mean in the limit of a small aperture,
    P / A_a (1 - exp(-2 A_a / A_spot)) for one of area A_a."""
    if aperture_m2 <= 0.0:
        return 2.0 * mean_irradiance_w_per_m2(power_w, spot_m2)
    mean_irradiance_w_per_m2(power_w, spot_m2)
    return -power_w / aperture_m2 * math.expm1(-2.0 * aperture_m2 / spot_m2)


@dataclass(frozen=True, slots=True)
class Exposure:
    """A beam's irradiance, and how many times the limits of a person it is."""

    wavelength_m: float
    duration_s: float
    irradiance_w_per_m2: float
    """Mean over the spot."""
    skin: float | None
    """Times the limit of skin, mean over the spot (over 3.5 mm where the spot is smaller); None
    where no limit is known."""
    skin_gaussian: float | None
    """The same in the middle of a Gaussian beam."""
    eye: float | None
    """Times the limit of the eye, mean over the spot (over 7 mm where the spot is smaller)."""
    eye_gaussian: float | None

    @property
    def words(self) -> str:
        """`6.1 times the exposure limit of a person's skin (10 if Gaussian) and 1200 times ...`."""
        at = f"at {self.wavelength_m * 1e9:.0f} nm for {self.duration_s:.4g} s"
        told = [
            f"{_figures(mean)} times the exposure limit of {what} "
            f"({_figures(peak)} in the middle of a Gaussian beam)"
            for mean, peak, what in (
                (self.skin, self.skin_gaussian, "a person's skin"),
                (self.eye, self.eye_gaussian, "the eye"),
            )
            if mean is not None and peak is not None
        ]
        if not told:
            return f"no exposure limit of skin or eye is known here {at}; {FOR_PEOPLE}"
        return f"{' and '.join(told)} {at}; {FOR_PEOPLE}"


def exposure(wavelength_m: float, power_w: float, spot_m2: float, duration_s: float) -> Exposure:
    """A beam beside the limits of skin and eye. ValueError for a spot of no area."""
    skin, eye = (
        skin_limit_w_per_m2(wavelength_m, duration_s),
        eye_limit_w_per_m2(wavelength_m, duration_s),
    )
    return Exposure(
        wavelength_m,
        duration_s,
        mean_irradiance_w_per_m2(power_w, spot_m2),
        *_times(power_w, spot_m2, SKIN_APERTURE_M2, skin),
        *_times(power_w, spot_m2, EYE_APERTURE_M2, eye),
    )


def _times(
    power_w: float, spot_m2: float, aperture_m2: float, limit: float | None
) -> tuple[float | None, float | None]:
    if limit is None:
        return None, None
    return (
        mean_irradiance_w_per_m2(power_w, spot_m2, aperture_m2) / limit,
        peak_irradiance_w_per_m2(power_w, spot_m2, aperture_m2) / limit,
    )


def _c_a(nm: float) -> float | None:
    if not 400.0 <= nm <= 1400.0:
        return None
    if nm <= 700.0:
        return 1.0
    return 5.0 if nm >= 1050.0 else 10.0 ** (0.002 * (nm - 700.0))


def _figures(ratio: float) -> str:
    """Two figures: the spot's area is not known better."""
    return f"{float(f'{ratio:.2g}'):g}"
