"""The science of the bench, pure: arrays and floats in, arrays and floats out.

The model of one heated liquid in its cell, the estimator that compares it with readings, the step
detector, and the way from a heating rate to an efficiency with its uncertainty. No clock, no
events, no files: usable from a notebook on any curve. The equations are in `_layout`, the reasons
in docs/explanation/the-check.md.
"""

from labctl.photothermal._audit import audit
from labctl.photothermal._bank import FilterBank, LostError
from labctl.photothermal._branches import Branches, Edge, branches, edges
from labctl.photothermal._cell import BETWEEN_RUNS, CellKnowledge, HeatPerWatt, rate_ratio
from labctl.photothermal._change import Cause, Change, ChangeTest
from labctl.photothermal._classical import classical_methods
from labctl.photothermal._combine import (
    MODEL_LOSS_RELATIVE_SD,
    MODEL_RELATIVE_SD,
    Estimate,
    RateEstimate,
    efficiency,
)
from labctl.photothermal._design import reachable_sd
from labctl.photothermal._dose import (
    NOTHING,
    OF_LIQUID,
    Bounded,
    Damage,
    DoseMeter,
    ProbeTrust,
    ThermalDose,
    thermal_dose,
)
from labctl.photothermal._drift import Drift, drift
from labctl.photothermal._electrical import (
    REFILL_RELATIVE_SD,
    SAME_VOLUME,
    ElectricalCalibration,
    electrical_prior,
    know_cell,
)
from labctl.photothermal._exposure import (
    FOR_PEOPLE,
    Exposure,
    exposure,
    eye_limit_w_per_m2,
    skin_limit_w_per_m2,
)
from labctl.photothermal._finding import Finding, Severity
from labctl.photothermal._forward import CellParameters, Solution, solve_cell
from labctl.photothermal._hold import HoldCommand, HoldController, HoldPhase, HoldRules
from labctl.photothermal._hold_model import HoldModel, HoldStart
from labctl.photothermal._inputs import BlankResult, Inputs, Known
from labctl.photothermal._kinetics import (
    CEM43,
    CEM43_BREAK_42_5,
    CEM43_UNCUT,
    CONVENTIONS,
    PAIRS,
    ArrheniusPair,
    Cem43,
    Kinetics,
)
from labctl.photothermal._kinks import Kink, kinks, with_light
from labctl.photothermal._layout import WALL_LOSS_SHARE, BankPrior
from labctl.photothermal._light import PowerSteps
from labctl.photothermal._light_energy import EnergyMeter, fluence_j_per_m2
from labctl.photothermal._log_linear import LogLinear, log_linear_cooling
from labctl.photothermal._magnetic import (
    USUAL_LOSS_H_M2_PER_KG,
    FieldHeating,
    FieldInputs,
    field_heating,
)
from labctl.photothermal._map import MapFit, fit_record
from labctl.photothermal._map_judge import FitCheck, judge_fit
from labctl.photothermal._map_model import FitOptions, SupposedStep, without_walks
from labctl.photothermal._map_steps import StepFound, find_step
from labctl.photothermal._noise import NoiseEstimate
from labctl.photothermal._one_node import OneNodeFit, fit_one_node
from labctl.photothermal._optics import (
    REAR_RETURN,
    WATER_ABSORPTION_PER_M,
    absorbed_shares,
    solvent_absorbance,
)
from labctl.photothermal._record import Record, UnusableError, noise_sd_k, restart_row, usable
from labctl.photothermal._release import FEWEST, Released, ReleaseTracker
from labctl.photothermal._release_history import MediumHistory
from labctl.photothermal._release_laws import Medium
from labctl.photothermal._release_prior import ReleasePrior, Spread
from labctl.photothermal._run import (
    RecordError,
    RecordRun,
    check_record,
    noise_of_record,
    run_record,
)
from labctl.photothermal._setting import Bias, Classical, Setting
from labctl.photothermal._settled import settled
from labctl.photothermal._shared_gains import SharedGains
from labctl.photothermal._step_rules import (
    BEAD_OUT,
    BEAD_STEP,
    HEAT,
    HEAT_RAMP,
    NOT_TOLD_APART,
    OFFSET,
    SHIFT,
    Step,
    StepRules,
)
from labctl.photothermal._steps import StepDetector
from labctl.photothermal._stopping import (
    Standing,
    StoppingRule,
    sd_without_inputs,
    wall_time_constant_s,
)
from labctl.photothermal._stuck import Stuck
from labctl.photothermal._student_quantile import two_sided
from labctl.photothermal._surroundings import Surroundings, find_surroundings
from labctl.photothermal._thermal import Thermal, thermal
from labctl.photothermal._told import Leading, Moments, Taken
from labctl.photothermal._trend import Trend
from labctl.photothermal._unit_audit import Expected
from labctl.photothermal._whiteness import chi2_tail, ljung_box, nis_band, sign_runs

__all__ = [
    "BEAD_OUT",
    "BEAD_STEP",
    "BETWEEN_RUNS",
    "CEM43",
    "CEM43_BREAK_42_5",
    "CEM43_UNCUT",
    "CONVENTIONS",
    "FEWEST",
    "FOR_PEOPLE",
    "HEAT",
    "HEAT_RAMP",
    "MODEL_LOSS_RELATIVE_SD",
    "MODEL_RELATIVE_SD",
    "NOTHING",
    "NOT_TOLD_APART",
    "OFFSET",
    "OF_LIQUID",
    "PAIRS",
    "REAR_RETURN",
    "REFILL_RELATIVE_SD",
    "SAME_VOLUME",
    "SHIFT",
    "USUAL_LOSS_H_M2_PER_KG",
    "WALL_LOSS_SHARE",
    "WATER_ABSORPTION_PER_M",
    "ArrheniusPair",
    "BankPrior",
    "Bias",
    "BlankResult",
    "Bounded",
    "Branches",
    "Cause",
    "CellKnowledge",
    "CellParameters",
    "Cem43",
    "Change",
    "ChangeTest",
    "Classical",
    "Damage",
    "DoseMeter",
    "Drift",
    "Edge",
    "ElectricalCalibration",
    "EnergyMeter",
    "Estimate",
    "Expected",
    "Exposure",
    "FieldHeating",
    "FieldInputs",
    "FilterBank",
    "Finding",
    "FitCheck",
    "FitOptions",
    "HeatPerWatt",
    "HoldCommand",
    "HoldController",
    "HoldModel",
    "HoldPhase",
    "HoldRules",
    "HoldStart",
    "Inputs",
    "Kinetics",
    "Kink",
    "Known",
    "Leading",
    "LogLinear",
    "LostError",
    "MapFit",
    "Medium",
    "MediumHistory",
    "Moments",
    "NoiseEstimate",
    "OneNodeFit",
    "PowerSteps",
    "ProbeTrust",
    "RateEstimate",
    "Record",
    "RecordError",
    "RecordRun",
    "ReleasePrior",
    "ReleaseTracker",
    "Released",
    "Setting",
    "Severity",
    "SharedGains",
    "Solution",
    "Spread",
    "Standing",
    "Step",
    "StepDetector",
    "StepFound",
    "StepRules",
    "StoppingRule",
    "Stuck",
    "SupposedStep",
    "Surroundings",
    "Taken",
    "Thermal",
    "ThermalDose",
    "Trend",
    "UnusableError",
    "absorbed_shares",
    "audit",
    "branches",
    "check_record",
    "chi2_tail",
    "classical_methods",
    "drift",
    "edges",
    "efficiency",
    "electrical_prior",
    "exposure",
    "eye_limit_w_per_m2",
    "field_heating",
    "find_step",
    "find_surroundings",
    "fit_one_node",
    "fit_record",
    "fluence_j_per_m2",
    "judge_fit",
    "kinks",
    "know_cell",
    "ljung_box",
    "log_linear_cooling",
    "nis_band",
    "noise_of_record",
    "noise_sd_k",
    "rate_ratio",
    "reachable_sd",
    "restart_row",
    "run_record",
    "sd_without_inputs",
    "settled",
    "sign_runs",
    "skin_limit_w_per_m2",
    "solve_cell",
    "solvent_absorbance",
    "thermal",
    "thermal_dose",
    "two_sided",
    "usable",
    "wall_time_constant_s",
    "with_light",
    "without_walks",
]
