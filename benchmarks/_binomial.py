"""How sure a share is that was counted."""

from __future__ import annotations


def interval(count: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share, exact; a one-sided bound where nothing or
    everything was counted ("rule of three")."""
    from scipy.stats import beta

    tail = (1.0 - confidence) / (1 if count in (0, of) else 2)
    low = 0.0 if count == 0 else float(beta.ppf(tail, count, of - count + 1))
    high = 1.0 if count == of else float(beta.ppf(1.0 - tail, count + 1, of - count))
    return low, high


def words(count: int, of: int) -> str:
    """The count with its 95 % interval, in percent."""
    low, high = interval(count, of)
    return f"{count} of {of}, 95 % interval {low * 100.0:.2f} to {high * 100.0:.2f} %"
