"""Takes a run's events in order; answers each sample with an assessment and, at need, alarms."""

from __future__ import annotations

import math

import numpy as np

from labctl.clock import NS
from labctl.events import (
    LASER,
    Assessment,
    Dosed,
    Emission,
    Event,
    Invalid,
    PriorsFixed,
    Reading,
    Sample,
    StepBegun,
    Verdict,
)
from labctl.monitor._ambient_watch import AmbientWatch
from labctl.monitor._early import why_not_yet
from labctl.monitor._estimates import Estimates, Live
from labctl.monitor._faults import Faults
from labctl.monitor._history import History
from labctl.monitor._hold import hold_of
from labctl.monitor._power import PowerInput
from labctl.monitor._priors import Priors, source_of
from labctl.monitor._pulses import Pulses
from labctl.monitor._refit import EDGE_SPREAD_S
from labctl.monitor._rest import Rest
from labctl.monitor._room import room_of
from labctl.monitor._series import with_series
from labctl.monitor._verdict import verdict
from labctl.photothermal import (
    FilterBank,
    HoldModel,
    HoldStart,
    LostError,
    NoiseEstimate,
    Trend,
    settled,
)

_LONGEST_STEP_S = 2.0
"""Temperature differences that multiply a parameter are taken as constant for no longer."""
_GAP_S = 120.0
"""After so long without a reading the temperatures start anew."""
_AMBIENT_S = 20.0
"""The ambient probe is averaged over this."""
_AHEAD = 0.05
"""Of a step of the surroundings, by which the cell may be ahead of what the probe has shown."""
_FULL_LOOK_S = 10.0
"""How often the whole uncertainty is worked out anew, and estimates are kept."""
_ALONE_SD = 7.0
"""A reading so far from its forecast is left out if it stands alone."""
_WILD = 1e5
"""Beyond this, in degC or W, a reading is none."""
_STEADY_K, _STEADY_S = 0.2, 60.0


class Monitor:
    """The check of one run. Feed it every event of the run, in order."""

    def __init__(self, priors: Priors, assumptions: tuple[str, ...] = ()) -> None:
        self.priors = priors
        self.assumptions = assumptions
        self.edge_spread_s = EDGE_SPREAD_S  # Of the edges to come.
        self._power = PowerInput(priors.nominal_power_w)
        self._source, self._power_channel = source_of(priors.kind)
        self._noise = NoiseEstimate(priors.noise_sd_k)
        self._trend = Trend()
        self._estimates = Estimates(priors)
        self._history = History()
        self._faults = Faults(priors, self._power, self._estimates, self._history)
        self._bank: FilterBank | None = None
        self._t_ms = 0
        self._last_dt_ms = 0
        self._ambient: float | None = None
        self._next_look_s = 0.0
        self._next_line_s = 0.0
        self._far = 0
        self._rest = Rest()
        self._pulses = Pulses(self._source, self._power_channel)

    @classmethod
    def from_event(cls, event: PriorsFixed) -> Monitor:
        """The monitor that the run's own priors make; ValueError for those of another version."""
        return cls(Priors.from_plain(event.priors), tuple(event.assumptions))

    def feed(self, event: Event) -> tuple[Event, ...]:
        """Take the run's next event; returns what the check has to say about it."""
        self._pulses.feed(event)
        # No table of bound methods: it would hold the monitor, and its arrays, until a collection.
        match event:
            case Sample():
                return self._sample(event)
            case Emission():
                return self._emission(event)
            case StepBegun():
                return self._rest.step(event)
            case Dosed():
                return self._rest.added(event)
        return ()

    def steady(self, within_k: float, for_ns: int, now_ns: int) -> bool:
        """True when the probe changes by less than `within_k` over `for_ns`, noise allowed for."""
        return self._trend.steady(within_k, for_ns / NS, now_ns / NS)

    def why_not_yet(self, relative_sd: float) -> str:
        """Why a heating that wants the efficiency to this deviation without the inputs may not end
        yet; '' when it may. See `labctl.photothermal.StoppingRule`."""
        since_s = self._power.lit_since_s
        if self._bank is None or since_s is None or not self._power.lit:
            return "there is no light"
        return why_not_yet(
            relative_sd,
            self._t_ms / 1e3 - since_s,
            self.priors,
            self._estimates,
            self._history,
            self._noise,
            self._faults.alarms,
        )

    def time_constant_s(self) -> float | None:
        """Of the cell as found so far; None while it is not known to half of itself."""
        return self._estimates.told_time_constant_s()

    def hold(self, source: str = LASER) -> tuple[HoldModel, HoldStart | None]:
        """What a hold of temperature by that source starts from: the cell as found so far, and as
        it stands now. From the priors, and None, before the first reading. ValueError where
        nothing is expected to heat."""
        power_w = self._power.commanded_w if self._power.lit else 0.0
        return hold_of(self.priors, self._bank, power_w, self._source, source)

    def verdict(self, t_ns: int) -> Verdict:
        """The check's last word on the readings so far, from a bank that was told them once more
        around the curve it has found, and then by narrow filters: some 0.5 s for 1000 readings."""
        room = room_of(self.priors, self._history, self._bank, self._noise)
        bank = room.bank or self._bank
        # Not after an alarm: what is told then are the estimates from before it.
        if bank is not None and (room.bank or not self._faults.alarms):
            bank = settled(bank)
        found = verdict(
            t_ns,
            self.priors,
            (*self.assumptions, *self._rest.words),
            self._estimates,
            self._history,
            bank,
            self._noise,
            self._faults.meter,
            tuple(self._faults.alarms),
            room,
            rested=self._rest.now or self._rest.over,
        )
        return with_series(found, self._pulses.done, bank, self.priors, self._noise.variance)

    # -- events --------------------------------------------------------------------------------

    def _emission(self, event: Emission) -> tuple[Event, ...]:
        # A run is checked for what one source does; the other one is dark in it.
        if event.source == self._source:
            self._power.tell(event.t_ns / NS, event)
        return ()

    def _sample(self, sample: Sample) -> tuple[Event, ...]:
        probe: Reading | None = None
        power_w: float | None = None
        second: float | None = None
        said: tuple[Event, ...] = ()
        for reading in sample.readings:
            channel = reading.channel
            # Not a number, or none that an instrument gives: as good as no reading.
            if isinstance(reading, Invalid) or not -_WILD < reading.value < _WILD:
                if channel == "probe.temperature":
                    self._history.invalid += 1
                    self._noise.restart()
            elif channel == "probe.temperature":
                probe = reading
            elif channel == "ambient.temperature":
                said = self._average_ambient(reading.value, sample.t_ns)
            elif channel == "probe2.temperature":
                second = reading.value
            elif channel == self._power_channel:
                power_w = reading.value
        if probe is None:
            return said
        t_ms = round(probe.t_ns / 1_000_000)
        if self._rest.now:
            self._trend.add(t_ms / 1e3, probe.value)
            return ()
        if self._rest.over:
            self._begin_anew(t_ms, probe.value)
            return ()
        bank = self._bank
        if bank is None:
            return self._first(t_ms, probe.value)
        if t_ms <= self._t_ms:
            return self._faults.time_went_back(sample.t_ns, t_ms / 1e3, self._t_ms / 1e3)
        self._power.measured(power_w)
        try:
            # Readings that no cell gives may overflow in filters that are then replaced.
            with np.errstate(all="ignore"):
                said = self._advance_and_take(bank, t_ms, probe.value, sample.t_ns) + said
        except LostError:
            said = self._start_anew(t_ms, probe.value) + said
        if second is not None and self.priors.has_second:
            difference_k = probe.value - second
            said += self._faults.beside(difference_k, self._t_ms / 1e3, sample.t_ns)
        if power_w is not None:
            said += self._faults.metered(power_w, self._t_ms / 1e3, sample.t_ns)
        return said

    def _first(self, t_ms: int, value_degc: float) -> tuple[Event, ...]:
        self._ambient = ambient = self._ambient if self._ambient is not None else value_degc
        self._bank = FilterBank(self.priors.bank, value_degc, ambient)
        self._history.begins_over_ambient_k = value_degc - ambient
        self._t_ms = t_ms
        self._noise.add(value_degc)
        self._trend.add(t_ms / 1e3, value_degc)
        while self._power.next_edge_s(t_ms / 1e3) is not None:
            self._pass_edge(self._bank)
        return ()

    def _begin_anew(self, t_ms: int, value_degc: float) -> None:
        """Behind a rest: the cell as it was found under light, or else as by the priors."""
        self._rest.over = False
        self._faults.surroundings = AmbientWatch()
        if self._bank is None or self._history.lit_s == 0.0:
            self._first(t_ms, value_degc)
        else:
            self._resume(self._bank, t_ms, value_degc)
            self._history.gaps -= 1
        self._faults.restart(t_ms / 1e3)
        self._noise.restart()

    def _average_ambient(self, value_degc: float, t_ns: int) -> tuple[Event, ...]:
        if self._ambient is None or self._bank is None or self._rest.now or self._rest.over:
            self._ambient = value_degc
            return ()
        dt_s = max(0.0, t_ns / NS - self._t_ms / 1e3)
        said = self._faults.felt(value_degc, t_ns / NS, t_ns)
        surroundings = self._faults.surroundings
        if surroundings.moving:
            # An average of the last while would be behind; the probe is behind already.
            more = abs(surroundings.fast_degc - self._ambient)
            self._bank.loosen(_AHEAD * math.sqrt(more * abs(surroundings.size_k)))
            self._ambient = surroundings.fast_degc
        else:
            self._ambient += (1.0 - math.exp(-dt_s / _AMBIENT_S)) * (value_degc - self._ambient)
        return said

    def _advance_and_take(
        self, bank: FilterBank, t_ms: int, value_degc: float, t_ns: int
    ) -> tuple[Event, ...]:
        if t_ms - self._t_ms > _GAP_S * 1e3:
            self._resume(bank, t_ms, value_degc)
            return ()
        bank.take_first(value_degc, self._noise.variance)
        self._advance(bank, t_ms)
        return self._take(bank, value_degc, t_ns)

    def _resume(self, bank: FilterBank, t_ms: int, value_degc: float) -> None:
        """Go on behind a gap, through whatever edges lay in it."""
        self._t_ms = t_ms
        self._history.gaps += 1
        while self._power.next_edge_s(t_ms / 1e3) is not None:
            self._pass_edge(bank)
        bank.resume(value_degc)
        self._faults.restart(t_ms / 1e3)
        self._noise.restart()

    def _start_anew(self, t_ms: int, value_degc: float) -> tuple[Event, ...]:
        """The readings were those of no cell: a new bank, and the verdict will say so."""
        self._history.lost += 1
        ambient = self._ambient if self._ambient is not None else value_degc
        self._bank = FilterBank(self.priors.bank, value_degc, ambient)
        self._t_ms = t_ms
        self._faults.restart(t_ms / 1e3)
        self._noise.restart()
        return ()

    # -- prediction ----------------------------------------------------------------------------

    def _advance(self, bank: FilterBank, t_ms: int) -> None:
        """Predict up to a reading, through the edges that lie before it."""
        while (edge_s := self._power.next_edge_s(t_ms / 1e3)) is not None:
            self._predict(bank, max(self._t_ms, round(edge_s * 1e3)))
            self._pass_edge(bank)
        now_s = self._t_ms / 1e3
        if now_s >= self._next_line_s and not self._faults.suspicious:
            bank.relinearise()
            if bank.follow_the_leading():
                self._faults.follow_another()
            bank.recentre()
            since_s = now_s - (self._history.last_edge_s or 0.0)
            self._next_line_s = now_s + max(8.0, since_s)
        dt_ms = t_ms - self._t_ms
        if abs(dt_ms - self._last_dt_ms) > 0.2 * self._last_dt_ms:
            self._noise.restart()
        self._last_dt_ms = dt_ms
        self._predict(bank, t_ms)

    def _predict(self, bank: FilterBank, to_ms: int) -> None:
        whole_ms = to_ms - self._t_ms
        if whole_ms <= 0:
            return
        ambient = self._ambient if self._ambient is not None else bank.reference_degc
        power_w = self._power.mean_w(self._t_ms / 1e3, to_ms / 1e3)
        parts = math.ceil(whole_ms / (_LONGEST_STEP_S * 1e3))
        for part in range(parts):
            dt_s = (whole_ms * (part + 1) // parts - whole_ms * part // parts) / 1e3
            bank.predict(dt_s, power_w, ambient)
            to_s = (self._t_ms + whole_ms * (part + 1) // parts) / 1e3
            self._faults.moved(bank, to_s, dt_s, power_w, ambient)
        self._t_ms = to_ms
        if power_w > 0.0:
            self._history.lit_s += whole_ms / 1e3
            self._history.energy_j += power_w * whole_ms / 1e3

    def _pass_edge(self, bank: FilterBank) -> None:
        now_s = self._t_ms / 1e3
        was_lit = self._power.lit
        if not self._power.pass_edge(now_s):
            adjusted_w = abs(self._power.adjusted_w)
            if adjusted_w:
                bank.loosen(self.edge_spread_s * self._estimates.rate_k_per_s(adjusted_w))
            return
        self._estimates.look(bank, self._power.commanded_w, self._history.lit_s)
        self._history.edge(now_s, self._power.lit, was_lit, self._estimates)
        bank.relinearise()
        bank.follow_the_leading()
        spread_k = self.edge_spread_s * self._estimates.rate_k_per_s(self._power.commanded_w)
        bank.loosen(spread_k)
        self._next_line_s = now_s + 8.0
        self._next_look_s = now_s + 2.0
        self._faults.edge(now_s, spread_k, self._power.lit)
        self._noise.restart()

    # -- the reading ---------------------------------------------------------------------------

    def _take(self, bank: FilterBank, value_degc: float, t_ns: int) -> tuple[Event, ...]:
        now_s = self._t_ms / 1e3
        history = self._history
        variance = self._noise.variance
        predicted, spread = bank.forecast(variance)
        sd = math.sqrt(spread)
        residual = (value_degc - predicted) / sd
        noise = variance
        if abs(residual) > _ALONE_SD:
            self._far += 1
            if self._far == 1:
                # Taken in only if the next one stands there too.
                return (self._assess(bank, t_ns, predicted, sd, residual),)
            # One reading may still not pull more than so far: a jump is for the detector to find,
            # not for the estimate to follow.
            noise += spread * ((residual / _ALONE_SD) ** 2 - 1.0)
        else:
            history.left_out += self._far == 1
            self._far = 0
        bank.update(value_degc, noise)
        if not self._faults.suspicious and bank.catch_up():
            self._faults.follow_another()
        history.add(now_s, value_degc - predicted, spread - variance)
        self._noise.add(value_degc)
        self._trend.add(now_s, value_degc)
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + _FULL_LOOK_S
            self._estimates.look(bank, self._power.commanded_w, self._history.lit_s)
            history.keep(now_s, self._estimates)
        said = self._faults.took(bank, value_degc, noise, now_s, t_ns)
        return (self._assess(bank, t_ns, predicted, sd, residual), *said)

    def _assess(
        self, bank: FilterBank, t_ns: int, predicted: float, sd: float, residual: float
    ) -> Assessment:
        live: Live = self._estimates.live(bank)
        slope = bank.slope_k_per_s()
        dark = "cooling" if self._history.lit_s > 0.0 else "dark"
        return Assessment(
            t_ns,
            "heating" if self._power.lit else dark,
            round(predicted, 4),
            round(sd, 5),
            round(residual, 3),
            live.efficiency,
            live.efficiency_sd_statistical,
            live.efficiency_sd_total,
            live.time_constant_s,
            live.time_constant_sd_s,
            live.heat_loss_w_per_k,
            live.heat_loss_sd_w_per_k,
            abs(slope) * _STEADY_S <= _STEADY_K,
            round(slope, 6),
        )
