"""Many records at once in the leading filter of one bank.

A Kalman filter's gains do not depend on the readings. Where the bank's nominal values stay (the
parameters are known), records of the same schedule differ only in the means, and the means of all
of them move and shrink by the same matrices. What a threshold is worth is found so, over more hours
than a bench will ever run.
"""

from __future__ import annotations

import numpy as np

from labctl.photothermal._bank import FilterBank
from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import BEAD, DYNAMIC, STATES
from labctl.photothermal._told import Leading, Taken


class SharedGains:
    """The bank itself reads its own forecasts; each record is carried as its difference to it.

    Right while the bank is neither relinearised nor changes its leading filter, and while what the
    records differ by is small enough for the bank's linear steps.
    """

    def __init__(self, bank: FilterBank, records: int) -> None:
        self.bank = bank
        self._off = np.zeros((records, STATES))

    def predict(self, dt_s: float, power_w: float, surroundings_degc: float) -> Leading:
        """Move on, as `FilterBank.predict`."""
        self.bank.predict(dt_s, power_w, surroundings_degc)
        leading = self.bank.moved()
        self._off[:, :DYNAMIC] = self._off @ leading.transition.T
        return leading

    def update(self, readings_degc: Floats, noise_k2: float) -> tuple[Taken, Floats]:
        """Take one reading of each record in, (records,). How the bank took its own, and the
        innovations of the records in K, (records,)."""
        own, _ = self.bank.forecast(noise_k2)
        self.bank.update(own, noise_k2)
        taken = self.bank.taken()
        innovations: Floats = readings_degc - own + taken.innovation_k - self._off[:, BEAD]
        self._off += (innovations - taken.innovation_k)[:, None] * taken.gain
        return taken, innovations
