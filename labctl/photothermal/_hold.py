"""Holding a liquid inside a band: the power to ask for next, with the cell's model ahead of it.

The liquid, not the bead, is brought to its aim as a first-order curve would: what the model says
that wall and surroundings take is given beforehand, and only what is left is found out
(`_hold_observer`). The power asked for is 0 or between the source's least and the step's limit. It
is a wish: the guard judges it as any other. No clock, no events, plain floats in and out.

What to rely on, and not: the temperature is that of the liquid as the probe has it. A probe that is
off by half a kelvin holds a liquid that is off by half a kelvin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from labctl.photothermal._hold_model import HoldModel, HoldStart
from labctl.photothermal._hold_observer import HoldObserver
from labctl.photothermal._hold_tail import Cooling
from labctl.photothermal._kinetics import CEM43, Cem43

_LEAST_RESPONSE_S = 6.0
_LAGS = 3.0
"""The response is slower than so many times all that is late in the loop."""
_MARGIN_K = 0.6
_MARGIN_SHARE = 0.25
"""Of the band: its aim stays this far from either end, or `_MARGIN_K` where that is less."""
_TAIL_SHARE = 0.15
"""Of a dose, at most so much may come while the liquid cools: what comes in the dark is known by
the model alone."""
_COLDER_K = 0.1
_LANDING_SHARE = 0.5
"""Of free cooling, so fast the liquid is led down before a dose is reached: with light enough left
to tell what goes with the light from what does not."""
_LANDING_RESERVE = 0.03
"""Of the dose, kept for the low end of the band."""
_NEARING_S = 9.0
"""What is left of a dose, its tail taken off, is let grow no faster than to be used up in so long:
the tail grows with every tenth of a kelvin, and a look comes too late for it."""
_YOUNG_S = 60.0
"""So long after the band is reached, what the check has learned on the way there foretells better
than the hold, whose wall is still that of the beginning and whose unknown heat is not settled.
Afterwards the check is the one that is late to a draught."""
_COAST_S = 3.0
"""Without a reading for longer, the hold is lost for good."""
_STRANGE_SHARE = 0.7
"""Of all the heat that the limit allows. When so much is missing the readings are not those of a
liquid under this light: a bead that has left it reads colder and colder, and more light is the
wrong answer to that. A draught of 30 % or as much of the beam lost is less than half of it."""
_STRANGE_K_PER_S = 0.05
"""Never less: so much is found for a moment by noise alone."""
_FAR_READINGS, _FAR_S = 3, 1.5
"""So many readings in succession, over so long, far from anything to be expected: the same."""
_STILL_READINGS, _STILL_S, _STILL_K = 12, 6.0, 0.3
"""So many readings bit for bit the same, over so long, in which the power should have changed them
by so much: out of the band by the model, a value has frozen. At a plateau, where steps are coarse,
a healthy one repeats itself."""
_ALMOST = 0.98
"""Of the limit: what is asked for all the time then is all that there is."""


class HoldPhase(StrEnum):
    """What the hold is doing."""

    REACHING = "reaching the band"
    HOLDING = "holding"
    AT_LIMIT = "at the power limit, below the aim"
    AT_LEAST = "at the least power of the source, above the aim"
    BLIND = "no reading"
    LOST = "sensor lost, or no longer in this liquid"


@dataclass(frozen=True, slots=True)
class HoldRules:
    """The band, and what the source can do."""

    low_degc: float
    high_degc: float
    power_limit_w: float
    least_w: float = 0.0
    """Below this the source gives nothing, or nothing that can be known."""
    every_s: float = 0.5
    """The source takes a new power no more often."""
    resolution_w: float = 0.0
    """A smaller change is not asked for."""
    delay_s: float = 0.3
    """From asking to light at the sample."""

    def __post_init__(self) -> None:
        if not self.low_degc < self.high_degc:
            raise ValueError(f"a band from {self.low_degc:g} to {self.high_degc:g} degC is none")
        if not 0.0 <= self.least_w < self.power_limit_w:
            raise ValueError(
                f"a power limit of {self.power_limit_w:g} W leaves nothing above the least power "
                f"of the source, {self.least_w:g} W"
            )
        if self.every_s <= 0.0 or self.delay_s < 0.0 or self.resolution_w < 0.0:
            raise ValueError("times and resolution of a source cannot be negative")


@dataclass(frozen=True, slots=True)
class HoldCommand:
    """What to ask for, and why."""

    power_w: float
    """0, or between the source's least power and the limit. 0 asks for darkness."""
    phase: HoldPhase
    liquid_degc: float
    """As the probe would show it, were it not late."""
    liquid_sd_k: float
    aim_degc: float

    @property
    def lost(self) -> bool:
        """True for good: the engine goes dark, and nothing lights this step again."""
        return self.phase is HoldPhase.LOST


@dataclass(frozen=True, slots=True)
class _Foretold:
    """Of the dose to come, by the check."""

    cooling: Cooling
    surroundings_degc: float
    wall_k: float
    """How much warmer the wall is than the hold has it."""


class HoldController:
    """One hold. `begin` once, then `step` with every sample."""

    def __init__(
        self,
        rules: HoldRules,
        model: HoldModel,
        *,
        noise_sd_k: float = 0.05,
        law: Cem43 = CEM43,
        dose_s: float | None = None,
    ) -> None:
        """`dose_s`: CEM43 that ends the hold, in equivalent seconds still to come; None where
        something else ends it."""
        self.rules = rules
        self.model = model
        self.law = law
        self.reached_s: float | None = None
        """When the liquid was first inside the band."""
        self._noise_sd_k = noise_sd_k
        self._dose_s = dose_s
        late_s = model.lag_s + rules.every_s + rules.delay_s
        self._response_s = max(_LEAST_RESPONSE_S, _LAGS * late_s)
        self._observer: HoldObserver | None = None
        self._cooling: Cooling | None = None
        self._t_s = self._seen_s = self._asked_s = self._near_s = -math.inf
        self._power_w = 0.0
        self._phase = HoldPhase.REACHING
        self._landing = False
        self._foretold: _Foretold | None = None
        self._left_s: float | None = None
        """Of a dose at the look before, its tail taken off; None where no dose was asked for."""
        self._look_s = rules.every_s
        """From the step before to this one."""
        self.aim_degc = 0.5 * (rules.low_degc + rules.high_degc)
        """What the liquid is held at now; `begin` lowers it for a small dose, `dose_reached`
        towards the end of one."""

    def begin(self, t_s: float, start: HoldStart, power_w: float = 0.0) -> None:
        """Take over at `t_s`, under the power that there is now."""
        self._observer = HoldObserver(self.model, start, power_w, self._noise_sd_k)
        self._t_s = self._seen_s = self._near_s = t_s
        self._asked_s = -math.inf
        self._power_w = power_w
        over = 0.5 * (self.rules.low_degc + self.rules.high_degc) - start.surroundings_degc
        self._cooling = Cooling.of(self.model, over)
        self.aim_degc = self._aim(start.surroundings_degc)

    def step(
        self,
        t_s: float,
        reading_degc: float | None,
        applied_w: float,
        ambient_change_k: float = 0.0,
    ) -> HoldCommand:
        """The reading at `t_s` (None: there is none), the power at the sample since the step
        before, and by how much the ambient probe has changed since then. RuntimeError before
        `begin`."""
        observer = self._begun()
        dt_s = max(0.0, t_s - self._t_s)
        self._look_s = max(self.rules.every_s, min(dt_s, _COAST_S))
        self._t_s = max(t_s, self._t_s)
        observer.surroundings_degc += ambient_change_k
        observer.predict(dt_s, applied_w)
        if self._phase is HoldPhase.LOST:
            return self._command(0.0, HoldPhase.LOST)
        if reading_degc is None or not math.isfinite(reading_degc):
            lost = t_s - self._seen_s > _COAST_S
            power_w = 0.0 if lost else min(self._power_w, self.rules.least_w)
            return self._command(power_w, HoldPhase.LOST if lost else HoldPhase.BLIND)
        if t_s - self._seen_s > _COAST_S + self.rules.every_s:
            # No step came at all meanwhile: nobody knows what the liquid did.
            return self._command(0.0, HoldPhase.LOST)
        self._seen_s = t_s
        observer.update(reading_degc)
        if self._strange(observer, t_s):
            return self._command(0.0, HoldPhase.LOST)
        if self.reached_s is None and self._in_band():
            self.reached_s = t_s
        if t_s - self._asked_s < self.rules.every_s - 1e-6 and self._phase is not HoldPhase.BLIND:
            return self._command(self._power_w, self._phase)
        self._asked_s = t_s
        return self._ask(observer)

    @property
    def young(self) -> bool:
        """Whether `foretell` is listened to: a dose is asked for, and the liquid is on its way to
        its band, or has not been there for long."""
        if self._dose_s is None:
            return False
        return self.reached_s is None or self._t_s - self.reached_s < _YOUNG_S

    def foretell(self, model: HoldModel, start: HoldStart) -> None:
        """The cell as the check knows it by now, after a step: while the hold is young, the dose to
        come is told from that. The power does not come from it, nor what is strange."""
        if self.young:
            over_k = start.liquid_degc - start.surroundings_degc
            wall_k = start.wall_degc - self._begun().wall_degc
            self._foretold = _Foretold(Cooling.of(model, over_k), start.surroundings_degc, wall_k)

    def dose_to_come_s(self) -> float:
        """CEM43 in equivalent seconds that the liquid would still take, were off told now."""
        observer = self._begun()
        return self._to_come_s(observer.liquid_degc, observer.wall_degc)

    def dose_reached(self, so_far_s: float, target_s: float) -> bool:
        """Whether to end now: what has come and what cooling will add is nearer to the target than
        it would be at the next look. The dose that is aimed at has its tail in it.

        Ask after each step. Towards the end the liquid is led down to the low end of the band,
        under light: of what comes on the way there is then a measurement, and what is left to come
        in the dark, by the model alone, is small. A dose so small that most of it is its tail is
        come to slowly, from below."""
        observer = self._begun()
        liquid = observer.liquid_degc
        rate = 60.0 * self.law.rate(liquid)
        if so_far_s + rate * self.rules.every_s >= target_s:
            return True
        tail_s = self.dose_to_come_s()
        lowest = self._lowest_degc()
        # Where it is too cold for any dose there is nothing to land from.
        if not self._landing and rate > 0.0 and liquid > lowest and self.reached_s is not None:
            tail_there_s = tail_s * 60.0 * self.law.rate(lowest) / rate
            coming_s = (tail_s - tail_there_s) / _LANDING_SHARE + tail_there_s
            self._landing = so_far_s + coming_s >= (1.0 - _LANDING_RESERVE) * target_s
        self._left_s = target_s - so_far_s - tail_s
        then, wall = observer.ahead(self._look_s, self._power_w)
        lit_s = 30.0 * (self.law.rate(liquid) + self.law.rate(then)) * self._look_s
        more_s = lit_s + self._to_come_s(then, wall) - tail_s
        return self._left_s <= 0.5 * max(0.0, more_s)

    # -- inside --------------------------------------------------------------------------------

    def _to_come_s(self, liquid_degc: float, wall_degc: float) -> float:
        observer, cooling, foretold = self._begun(), self._cooling, self._foretold
        if cooling is None:
            return 0.0
        around, rest_k_per_s = observer.surroundings_degc, observer.rest_k_per_s
        if foretold is not None and self.young:
            cooling, around, rest_k_per_s = foretold.cooling, foretold.surroundings_degc, 0.0
            wall_degc += foretold.wall_k
        still_lit_s = 60.0 * self.law.rate(liquid_degc) * self.rules.delay_s
        return still_lit_s + cooling.dose_s(self.law, liquid_degc, wall_degc, around, rest_k_per_s)

    def _slow_enough(self, wanted_k_per_s: float) -> float:
        """A slope at which a dose is not passed between two looks: what is left of it is approached
        as a first-order curve would, while the liquid still warms."""
        if self._left_s is None or self._left_s <= 0.0 or wanted_k_per_s <= 0.0:
            return wanted_k_per_s
        observer = self._begun()
        liquid, wall = observer.liquid_degc, observer.wall_degc
        grows_s = self._to_come_s(liquid + _COLDER_K, wall + _COLDER_K)
        grows_s = (grows_s - self._to_come_s(liquid, wall)) / _COLDER_K
        if grows_s <= 0.0:
            return wanted_k_per_s
        lit = 60.0 * self.law.rate(liquid)
        return min(wanted_k_per_s, max(0.0, (self._left_s / _NEARING_S - lit) / grows_s))

    def _strange(self, observer: HoldObserver, t_s: float) -> bool:
        """Whether the readings are those of something else than this liquid."""
        if observer.far_in_succession == 0:
            self._near_s = t_s
        # Of the first seconds of light the heating rate is known to be anything: the model's.
        rate = max(observer.rate_k_per_s_w, self.model.rate_k_per_s_w)
        most_k_per_s = max(_STRANGE_SHARE * rate * self.rules.power_limit_w, _STRANGE_K_PER_S)
        far = observer.far_in_succession >= _FAR_READINGS and t_s - self._near_s >= _FAR_S
        return far or self._frozen(observer) or observer.rest_k_per_s < -most_k_per_s

    def _frozen(self, observer: HoldObserver) -> bool:
        """Whether the same reading comes again and again while the liquid must have left the band:
        one that is off the aim is chased by the power without an end."""
        still, rules = observer.still, self.rules
        if still.count < _STILL_READINGS or still.for_s < _STILL_S or still.should_k < _STILL_K:
            return False
        below = self.reached_s is not None and still.liquid_degc < rules.low_degc
        return below or still.liquid_degc > rules.high_degc

    def _ask(self, observer: HoldObserver) -> HoldCommand:
        rules = self.rules
        if self._landing:
            self.aim_degc = min(self.aim_degc, self._lowest_degc())
        aim = self.aim_degc
        liquid, wall = observer.ahead(rules.delay_s, self._power_w)
        none_k_per_s = observer.drive(0.0, liquid, wall, observer.rest_k_per_s)
        wanted_k_per_s = self._slow_enough((aim - liquid) / self._response_s)
        if self._landing:
            wanted_k_per_s = max(wanted_k_per_s, _LANDING_SHARE * min(0.0, none_k_per_s))
        wish_w = (wanted_k_per_s - none_k_per_s) / observer.rate_k_per_s_w
        power_w = min(max(wish_w, 0.0), rules.power_limit_w)
        phase = HoldPhase.HOLDING if self.reached_s is not None else HoldPhase.REACHING
        if wish_w >= _ALMOST * rules.power_limit_w and self.reached_s is not None:
            phase = HoldPhase.AT_LIMIT
        if power_w < rules.least_w:
            phase = HoldPhase.AT_LEAST
            # The least, while that alone does not carry the liquid over the band.
            too_hot = liquid > rules.high_degc - self._margin_k()
            power_w = 0.0 if too_hot else rules.least_w
        limits = (0.0, rules.least_w, rules.power_limit_w)
        if abs(power_w - self._power_w) < rules.resolution_w and power_w not in limits:
            power_w = self._power_w
        return self._command(power_w, phase)

    def _command(self, power_w: float, phase: HoldPhase) -> HoldCommand:
        observer = self._begun()
        self._power_w, self._phase = power_w, phase
        return HoldCommand(
            power_w, phase, observer.liquid_degc, observer.liquid_sd_k, self.aim_degc
        )

    def _in_band(self) -> bool:
        return self.rules.low_degc <= self._begun().liquid_degc <= self.rules.high_degc

    def _margin_k(self) -> float:
        return min(_MARGIN_K, _MARGIN_SHARE * (self.rules.high_degc - self.rules.low_degc))

    def _lowest_degc(self) -> float:
        """No aim is lower."""
        middle = 0.5 * (self.rules.low_degc + self.rules.high_degc)
        return min(self.rules.low_degc + self._margin_k(), middle)

    def _aim(self, surroundings_degc: float) -> float:
        """The middle of the band; lower where much of a small dose would come while it cools."""
        rules = self.rules
        middle = 0.5 * (rules.low_degc + rules.high_degc)
        lowest = self._lowest_degc()
        cooling = self._cooling
        if self._dose_s is None or cooling is None:
            return middle
        aim = middle
        while aim > lowest:
            wall = aim - self.model.wall_loss_share * self.model.loss_per_s * (
                aim - surroundings_degc
            ) / (self.model.coupling_per_s)
            tail_s = cooling.dose_s(self.law, aim, wall, surroundings_degc, 0.0)
            if tail_s <= _TAIL_SHARE * self._dose_s:
                break
            aim -= _COLDER_K
        return max(aim, lowest)

    def _begun(self) -> HoldObserver:
        if self._observer is None:
            raise RuntimeError("a hold that has not begun: call begin() first")
        return self._observer
