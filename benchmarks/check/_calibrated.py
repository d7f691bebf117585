"""Electrically calibrated cells, and runs in them through the shipped monitor.

Cells are drawn from the check's own prior and solved by its own equations (inference alone), what
differs between two runs in one cell and every input's error among it. What is known of a cell comes
from a simulated calibration record through the monitor, never from the drawn truth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.check._cells import AMBIENT_DEGC, BASELINE_S, Floats, draw_cell
from labctl.clock import NS
from labctl.events import HEATER, LASER, Beam, Emission, Event, Reading, Sample, Verdict
from labctl.monitor import Monitor, Priors, build_priors, calibration_of, cell_of
from labctl.photothermal import (
    BETWEEN_RUNS,
    MODEL_RELATIVE_SD,
    REFILL_RELATIVE_SD,
    CellParameters,
    ElectricalCalibration,
    Estimate,
    Inputs,
    Known,
    PowerSteps,
    sd_without_inputs,
    solve_cell,
)

LASER_W, HEATER_W = 1.0, 0.5
NOISE_K = 0.05
LONGEST_S = BASELINE_S + 600.0 + 900.0
_AMBIENT_NOISE_K, _METER_NOISE = 0.02, 0.003
_ELECTRICAL_SD = 0.002
_CAPACITY = Known(1e-6 * 997.0 * 4180.0, 1e-6 * 997.0 * 4180.0 * math.hypot(0.01, 0.001, 0.01))
_LOSS = Known(0.024, 0.003)
_ABSORBANCE, _WATER = Known(1.0, 0.005), Known(2.23, 0.11)
INPUTS = Inputs(
    volume_m3=Known(1e-6, 1e-8),
    density_kg_per_m3=Known(997.0, 1.0),
    specific_heat_j_per_kg_k=Known(4180.0, 41.8),
    absorbance=_ABSORBANCE,
    solvent_absorption_per_m=_WATER,
    power_relative_sd=0.03,
)
"""As stated. The wall is not stated: its prior is the field's, 45 %."""
WATER = replace(INPUTS, particles=False, absorbance=None, power_relative_sd=_ELECTRICAL_SD)


@dataclass(frozen=True, slots=True)
class Phases:
    """How a laser run went."""

    heated_s: float
    cooled_s: float
    verdict: Verdict
    value: Estimate
    relative_sd: float
    """Without the inputs, the wall's part included."""

    @property
    def total_s(self) -> float:
        """Heating and cooling."""
        return self.heated_s + self.cooled_s


def stated(inputs: Inputs, *, calibrates: bool = False) -> tuple[Priors, tuple[str, ...]]:
    """The priors that ship for such inputs."""
    return build_priors(
        inputs,
        heat_loss=_LOSS,
        calibrates=calibrates,
        has_ambient=True,
        has_meter=True,
        nominal_power_w=HEATER_W if calibrates else LASER_W,
        noise_sd_k=NOISE_K,
        vessel="drawn",
    )


class Record:
    """What the instruments read of a cell, second by second; the same however long it is lit up to
    the moment at which the light goes off."""

    def __init__(
        self, cell: CellParameters, power_w: float, seen_w: float, source: str, flutter: float,
        drift_k2_per_s: float, seed: tuple[int, ...],
    ) -> None:  # fmt: skip
        self._cell, self._power_w, self._flutter, self._seed = cell, power_w, flutter, seed
        self._seen_w, self._source = seen_w, source
        self.times = np.arange(0.0, LONGEST_S + 0.5)
        n = len(self.times)
        rng = np.random.default_rng([*seed, 1])
        walk = rng.normal(0.0, math.sqrt(drift_k2_per_s), n)
        self._surroundings = AMBIENT_DEGC + np.cumsum(walk)
        self._noise = rng.normal(0.0, NOISE_K, n)
        self._ambient = AMBIENT_DEGC + rng.normal(0.0, _AMBIENT_NOISE_K, n)
        self._meter = 1.0 + rng.normal(0.0, _METER_NOISE, n)

    def bead(self, off_s: float, end_s: float) -> Floats:
        """The probe's readings up to `end_s` when the heat goes off at `off_s`."""
        n = int(end_s) + 1
        found = solve_cell(
            self._cell,
            self.times[:n],
            PowerSteps.on_off(self._power_w, (BASELINE_S, off_s)),
            self._surroundings[:n],
            flutter_k2_per_s=self._flutter,
            rng=np.random.default_rng([*self._seed, 2]),
        )
        readings: Floats = found.bead_degc + self._noise[:n]
        return readings

    def sample(self, i: int, probe_degc: float, lit: bool) -> Sample:
        """The readings of a second as the engine tells them."""
        t_ns = round(self.times[i] * NS)
        channel = "heater.power" if self._source == HEATER else "meter.power"
        return Sample(
            t_ns,
            t_ns,
            (
                Reading("probe.temperature", float(probe_degc), "degC", t_ns),
                Reading("ambient.temperature", float(self._ambient[i]), "degC", t_ns),
                Reading(channel, float(self._seen_w * self._meter[i] * lit), "W", t_ns),
            ),
        )

    def edge(self, t_s: float, lit: bool) -> Emission:
        """The source on or off."""
        t_ns = round(t_s * NS)
        power_w = self._seen_w if lit else None
        return Emission(
            t_ns, Beam.ON if lit else Beam.OFF, "read back", power_w, source=self._source
        )


def follow(
    record: Record,
    monitor: Monitor,
    *,
    heat_s: float,
    cool_s: float,
    target: float | None = None,
    told: list[Event] | None = None,
) -> tuple[float, float]:
    """Feed a run to a monitor (and keep its events in `told`): for those times, or with a `target`
    as the protocol has it,
    `irradiate: {until: {efficiency_statistical: ...}}` and `cool: {until: {time_constants: 1}}`
    with those times as `at_most`. Returns how long it was heated and cooled."""

    def tell(event: Event) -> None:
        monitor.feed(event)
        if told is not None:
            told.append(event)

    off_s = BASELINE_S + heat_s
    readings = record.bead(off_s, off_s)
    for i in range(int(off_s) + 1):
        lit = record.times[i] > BASELINE_S
        tell(record.sample(i, readings[i], lit))
        if record.times[i] == BASELINE_S:
            tell(record.edge(BASELINE_S, True))
        if target is not None and lit and not monitor.why_not_yet(target):
            off_s = float(record.times[i])
            break
    tell(record.edge(off_s, False))
    readings = record.bead(off_s, off_s + cool_s)
    now_s = off_s
    for i in range(int(off_s) + 1, len(readings)):
        now_s = float(record.times[i])
        tell(record.sample(i, readings[i], False))
        tau_s = monitor.time_constant_s()
        if target is not None and tau_s is not None and now_s - off_s >= tau_s:
            break
    return off_s - BASELINE_S, now_s - off_s


@dataclass(frozen=True, slots=True)
class _Errors:
    """What the inputs are in truth: shares and transmission, and factors on what is stated. What
    the total interval allows for is drawn, its allowance for the model too."""

    particles: float
    solvent: float
    through: float
    allowance: float
    laser: float
    electrical: float
    refilled: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> _Errors:
        shares = INPUTS.shares(
            _drawn(_ABSORBANCE, rng), _drawn(_WATER, rng), _drawn(INPUTS.rear_return, rng)
        )
        through = _drawn(INPUTS.wall_transmission, rng)
        sds = (MODEL_RELATIVE_SD, INPUTS.power_relative_sd, _ELECTRICAL_SD, REFILL_RELATIVE_SD)
        return cls(*shares, through, *(1.0 + sd * float(rng.normal()) for sd in sds))


class CalibratedCell:
    """The cell of a seed: drawn, calibrated by a record of a resistor, and filled again."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        rng = np.random.default_rng([seed, 0])
        priors, said = stated(WATER, calibrates=True)
        self._flutter = float(rng.choice(priors.bank.flutter_k2_per_s))
        self._drift = priors.bank.drift_k2_per_s
        cell = replace(
            draw_cell(priors.bank, rng),
            heat_capacity_j_per_k=_drawn(_CAPACITY, rng),
            heat_per_watt=1.0,
            light_k_per_w=0.0,
        )
        electrical = 1.0 + _ELECTRICAL_SD * float(rng.normal())
        monitor = Monitor(priors, said)
        record = self._record(cell, HEATER_W * electrical, HEATER_W, HEATER, 1)
        told: list[Event] = []
        heated_s, cooled_s = follow(record, monitor, heat_s=600.0, cool_s=600.0, told=told)
        verdict = monitor.verdict(round((BASELINE_S + heated_s + cooled_s) * NS))
        self.passed = verdict.verdict == "pass"
        self.calibration = calibration_of(cell_of(told, priors), priors)
        self._sample(cell, electrical, rng)

    def _sample(self, cell: CellParameters, electrical: float, rng: np.random.Generator) -> None:
        """The cell as the laser run finds it, with a sample in it, and what the inputs are."""
        loss, coupling, wall, inverse_lag, curve = np.array(BETWEEN_RUNS) * rng.normal(size=5)
        self.efficiency = math.nan
        while not 0.05 <= self.efficiency <= 1.0:
            self.efficiency = 0.4 * math.exp(0.5 * float(rng.normal()))
        errors = replace(_Errors.drawn(rng), electrical=electrical)
        heat = errors.through * (
            self.efficiency * errors.allowance * errors.particles + errors.solvent
        )
        self._laser, refilled = errors.laser, errors.refilled
        fresh = draw_cell(stated(INPUTS)[0].bank, rng)
        self._cell = replace(
            fresh,
            heat_capacity_j_per_k=cell.heat_capacity_j_per_k * refilled,
            heat_per_watt=heat,
            heat_loss_w_per_k=cell.heat_loss_w_per_k * math.exp(loss),
            coupling_w_per_k=cell.coupling_w_per_k * math.exp(coupling),
            wall_j_per_k=cell.wall_j_per_k * math.exp(wall),
            lag_s=cell.lag_s * math.exp(-inverse_lag),
            curve_per_k=cell.curve_per_k + curve,
            dark_loss_log=cell.dark_loss_log,
            holder_share=cell.holder_share,
        )
        # What readings without error give with the inputs as they are stated.
        self._seen = heat * self._laser / (electrical * refilled)
        of_particles, of_solvent = INPUTS.shares()
        self.readable = (self._seen / INPUTS.wall_transmission.value - of_solvent) / of_particles

    def efficiencies(self, draws: int) -> list[float]:
        """True efficiencies that would have shown the same readings, each with all errors of the
        inputs drawn anew: one draw a cell would leave the luck of 200 power meters in a share."""
        rng = np.random.default_rng([self._seed, 3])
        found = []
        for _ in range(draws):
            errors = _Errors.drawn(rng)
            heat = self._seen * errors.electrical * errors.refilled / errors.laser
            behind = heat / errors.through - errors.solvent
            found.append(behind / (errors.particles * errors.allowance))
        return found

    def _record(
        self, cell: CellParameters, power_w: float, seen_w: float, source: str, number: int
    ) -> Record:
        return Record(
            cell, power_w, seen_w, source, self._flutter, self._drift, (self._seed, number)
        )

    def run(
        self,
        target: float | None,
        *,
        heat_s: float = 600.0,
        cool_s: float = 900.0,
        apart: bool = False,
    ) -> Phases:
        """A laser run, see `follow`; `apart`: as if what the calibration left open of the heating
        rate had nothing to do with what it left open of the cell."""
        calibration = _apart(self.calibration) if apart else self.calibration
        priors, said = stated(replace(INPUTS, electrical=calibration))
        monitor = Monitor(priors, said)
        record = self._record(self._cell, LASER_W * self._laser, LASER_W, LASER, 2)
        heated_s, cooled_s = follow(record, monitor, heat_s=heat_s, cool_s=cool_s, target=target)
        verdict = monitor.verdict(round((BASELINE_S + heated_s + cooled_s) * NS))
        found = verdict.results["efficiency"]
        value = Estimate(found["value"], found["sd_statistical"], found["sd_inputs"])
        deviation = sd_without_inputs(value, verdict.budget)
        return Phases(heated_s, cooled_s, verdict, value, deviation)


def _apart(calibration: ElectricalCalibration) -> ElectricalCalibration:
    covariance = np.array(calibration.cell.covariance)
    covariance[0, 1:] = covariance[1:, 0] = 0.0
    rows = tuple(tuple(float(value) for value in row) for row in covariance)
    return replace(calibration, cell=replace(calibration.cell, covariance=rows))


def _drawn(known: Known, rng: np.random.Generator) -> float:
    return known.value + known.sd * float(rng.normal())
