"""What watches a run for faults, and the alarms that were raised."""

from __future__ import annotations

import math
from dataclasses import replace

from labctl.clock import NS
from labctl.events import Alarm
from labctl.monitor import _alarms as alarms
from labctl.monitor._ambient_watch import AmbientStep, AmbientWatch
from labctl.monitor._estimates import LEAST_LOSS_K_PER_S, Estimates
from labctl.monitor._explain import Explanation
from labctl.monitor._history import FAR_K, History
from labctl.monitor._meter_watch import MeterWatch
from labctl.monitor._power import PowerInput
from labctl.monitor._priors import Priors
from labctl.monitor._second_watch import SecondWatch, Whose
from labctl.monitor._tape import Fed, Moved, Switched, Tape, Took
from labctl.photothermal import BEAD_STEP, OFFSET, FilterBank, Step, StepDetector, Stuck

Said = tuple[Alarm, ...]
_DARK_S = 3.0
"""After an off, until a meter must see none."""
_MISMATCH_S = 30.0
_BEHIND_S = 120.0
"""So long behind the light what is found may be a change from before its end: the heat loss that
was learned wrongly shows within the first minutes."""
_ROOM_S = 300.0
"""So long after a step of the surroundings the cell may still be following."""
_TOGETHER_S, _ALIKE = 6.0, 0.5
"""Steps of the probe and of the ambient channel this close are one, of their common reference."""


class Faults:
    """The step detector on the innovations, the watches on power meter and ambient probe, the rules
    on the estimates, and what the switch-off says of an alarm's causes.

    An alarm is told once per name between two edges. What rests on the bank is silent after the
    bank's first alarm: its model does not hold any longer, and would see more.
    """

    def __init__(
        self, priors: Priors, power: PowerInput, estimates: Estimates, history: History
    ) -> None:
        self.alarms: list[Alarm] = []
        """As they are now: one that was refined stands in place of the former."""
        self.meter = MeterWatch(priors.thresholds.power_step_relative)
        self.surroundings = AmbientWatch()
        self._beads = SecondWatch()
        self._asked: Step | None = None
        """What the two beads are asked about: the bank's step as it stands."""
        self._whose: Whose | None = None
        """Whose fault the open alarm is, where the second bead has told."""
        self._same_light = False
        """True from the bank's alarm to the next edge: as long as the two beads may be asked."""
        self._heating = 0.0
        self._priors = priors
        self._power, self._estimates, self._history = power, estimates, history
        self._steps = StepDetector(priors.steps)
        self._stuck = Stuck()
        self._tape = Tape()
        self._at: int | None = None
        """Where the alarm of the bank stands that may still be refined."""
        self._told: Step | None = None
        self._explanation: Explanation | None = None
        self._settled = False
        """True when nothing before now has to be asked again."""

    @property
    def suspicious(self) -> bool:
        """True while a step is likely: the filter followed should then not be changed."""
        return self._steps.suspicious

    # -- the bank ------------------------------------------------------------------------------

    def follow_another(self) -> None:
        """The detector follows another filter from here on."""
        self._steps.forget()

    def restart(self, now_s: float) -> None:
        """Behind a gap, or with a new bank."""
        self._steps.restart(now_s)
        self.meter.restart()
        self._beads.restart(now_s)
        self._same_light = False
        self._tape.clear()
        # What its hypotheses were fed breaks off here.
        self._explanation = None

    def edge(self, now_s: float, spread_k: float, lit: bool) -> None:
        """The light changed."""
        self._steps.restart(now_s)
        self.meter.restart()
        self._beads.restart(now_s)
        self._same_light = False
        self._feed(Switched(spread_k))
        if self._explanation is not None:
            self._settled = True
            self._explanation.switched(now_s, lit)

    def moved(
        self, bank: FilterBank, to_s: float, dt_s: float, power_w: float, ambient_degc: float
    ) -> None:
        """The bank predicted."""
        heating = self._estimates.heat_step_k_per_s(power_w, bank)
        self._heating = heating
        self._steps.move(bank.moved(), heating)
        self._feed(Moved(to_s, dt_s, power_w, ambient_degc))

    def took(
        self, bank: FilterBank, value_degc: float, noise_k2: float, now_s: float, t_ns: int
    ) -> Said:
        """The bank took a reading in."""
        stuck_s = self._stuck.add(now_s, value_degc, math.sqrt(noise_k2))
        self._feed(Took(value_degc, noise_k2))
        if self._at is None:
            # Not later: whatever is asked again begins before the alarm's onset.
            self._tape.mark(now_s, bank)
        said: Said = ()
        if stuck_s is not None:
            said = self._say(alarms.stuck_probe(t_ns, stuck_s, value_degc))
        said += self._found(self._steps.update(now_s, bank.taken()), t_ns)
        if self._explanation is not None:
            said += self._refined(self._explanation.look(now_s, t_ns, self._open()))
        return said + self._by_estimates(now_s, t_ns)

    def _feed(self, fed: Fed) -> None:
        if self._explanation is not None:
            self._explanation.add(fed)
        if not self._settled:
            self._tape.add(fed)

    def _open(self) -> Alarm:
        if self._at is None:
            raise RuntimeError("no alarm can be refined")
        return self.alarms[self._at]

    def _found(self, step: Step | None, t_ns: int) -> Said:
        """A step is told of at once, and once more when its shape has settled."""
        if step is None:
            return ()
        told = self._told
        if step.settled and not alarms.worth_naming(step, self._priors):
            if told is None:
                return ()
            step = alarms.as_first_told(told, step)
        room = any(a.name == "ambient-step" and t_ns - a.t_ns < _ROOM_S * NS for a in self.alarms)
        alarm = alarms.of_step(
            t_ns, step, self._power.lit, self._priors, unsettled_room=room,
            loss_known=self._heating > LEAST_LOSS_K_PER_S, heating_k_per_s=self._heating,
        )  # fmt: skip
        if self._behind_the_light(step.onset_s):
            alarm = alarms.behind_the_light(alarm, self._priors, warms=step.size > 0.0)
        if abs(self._history.begins_over_ambient_k) >= FAR_K:
            alarm = alarms.from_afar(alarm)
        if self._at is None and not step.settled and alarms.too_early(step):
            return ()
        if self._at is None:
            said = self._say(alarm)
            if said:
                self._at = len(self.alarms) - 1
                self._told = self._asked = step
                self._same_light = True
                self._explain(step)
            return said
        if self._settled or told is None:
            return ()
        first = self._open()
        self._asked = step
        self._explain(step)
        if self._whose is not None:
            alarm = alarms.by_two_beads(t_ns, alarm, self._whose, self._power.lit)
        if (alarm.name, alarm.causes) == (first.name, first.causes):
            # Nothing new to tell, but the size is better known than when it was first told.
            self.alarms[self._at] = replace(first, size=alarm.size)
            return ()
        return self._refined(alarms.settled(alarm, first))

    def _behind_the_light(self, onset_s: float) -> bool:
        """True where what was found began in the dark, not long after the light."""
        edge_s, lit_s = self._history.last_edge_s, self._history.lit_s
        if self._power.lit or edge_s is None or lit_s == 0.0:
            return False
        return onset_s - edge_s < _BEHIND_S

    def _explain(self, step: Step) -> None:
        self._settled = step.settled
        if self._power.lit:
            self._explanation = Explanation(self._tape, step, self._priors)
        if self._settled:
            self._tape.clear()

    def _refined(self, alarm: Alarm) -> Said:
        if self._at is None or alarm == self.alarms[self._at]:
            return ()
        self.alarms[self._at] = alarm
        return (alarm,)

    def _by_estimates(self, now_s: float, t_ns: int) -> Said:
        """Rules that rest on the estimates, tried now and then."""
        estimates, limits = self._estimates, self._priors.thresholds
        since_s = self._power.lit_since_s
        if since_s is None or estimates.looked_s(now_s):
            return ()
        said: Said = ()
        light_k, light_sd = estimates.light_on_bead(self._power.commanded_w)
        lit_s = self._history.lit_s
        if lit_s > 20.0 and abs(light_k) - 3.0 * light_sd > limits.light_on_bead_k:
            said += self._say(alarms.light_on_bead(t_ns, since_s, light_k, light_sd))
        if lit_s > limits.least_heating_s and self._power.lit and estimates.no_rise():
            said += self._say(alarms.no_rise(t_ns, since_s, self._priors))
        return said

    # -- monitors ------------------------------------------------------------------------------

    def felt(self, value_degc: float, now_s: float, t_ns: int) -> Said:
        """A reading of the ambient probe."""
        watch = self.surroundings
        step = watch.add(now_s, value_degc)
        if watch.moving and watch.told and not self._steps.suspicious:
            # The probe lags behind the air: what the sample shows meanwhile is no fault of its own.
            self._steps.restart(now_s)
        if step is None:
            return ()
        both = self._seen_by_both(step)
        if both is not None:
            self._settled, self._explanation = True, None
            self._steps.restart(now_s)
            return self._refined(alarms.junction_jumped(t_ns, both, step.size_k))
        self._steps.restart(now_s)
        return self._say(alarms.ambient_step(t_ns, step.onset_s, step.size_k))

    def beside(self, difference_k: float, now_s: float, t_ns: int) -> Said:
        """Readings of both beads in the liquid, the probe's less the second one's; call behind
        `took`."""
        self._beads.add(now_s, difference_k)
        step = self._asked
        if step is None or self._at is None or not self._same_light or self._whose is not None:
            return ()
        lag_s = self._priors.steps.out_lag_s
        self._whose = self._beads.whose(step, self._heating, lag_s)
        if self._whose is None:
            return ()
        return self._refined(alarms.by_two_beads(t_ns, self._open(), self._whose, self._power.lit))

    def _seen_by_both(self, ambient: AmbientStep) -> Alarm | None:
        """The alarm of a step at the bead that came with this one of the ambient channel."""
        if self._at is None or self._told is None or self._told.shape not in {BEAD_STEP, OFFSET}:
            return None
        together = abs(self._told.onset_s - ambient.onset_s) <= _TOGETHER_S
        alike = abs(self._told.size - ambient.size_k) <= _ALIKE * abs(ambient.size_k)
        return self._open() if together and alike else None

    def metered(self, power_w: float, now_s: float, t_ns: int) -> Said:
        """A reading of the power meter."""
        power, limits = self._power, self._priors.thresholds
        commanded_w = power.commanded_w
        since_s = power.lit_since_s
        if since_s is None or commanded_w <= 0.0:
            return ()
        if not power.lit:
            edge_s = self._history.last_edge_s
            dark_s = now_s - (edge_s if edge_s is not None else now_s)
            if dark_s > _DARK_S and power_w > max(0.05 * commanded_w, 0.02):
                return self._say(alarms.light_in_the_dark(t_ns, power_w))
            return ()
        step = self.meter.add(now_s, now_s - since_s, power_w / commanded_w)
        if step is not None:
            return self._say(alarms.power_step(t_ns, step.onset_s, step.size))
        ratio = self.meter.mean_ratio
        if (
            ratio is not None
            and abs(ratio - 1.0) > limits.power_relative
            and (now_s - since_s > _MISMATCH_S)
        ):
            return self._say(alarms.power_not_as_commanded(t_ns, since_s, ratio))
        return ()

    def time_went_back(self, t_ns: int, now_s: float, before_s: float) -> Said:
        """A reading is not later than the one before."""
        return self._say(alarms.time_went_back(t_ns, now_s, before_s))

    def _say(self, alarm: Alarm) -> Said:
        edge_ns = (self._history.last_edge_s or 0.0) * NS
        for earlier in self.alarms:
            if earlier.name == alarm.name and earlier.t_ns >= edge_ns:
                return ()
            if earlier.name in alarms.SILENCING and alarm.name in alarms.BY_THE_BANK:
                return ()
        self.alarms.append(alarm)
        return (alarm,)
