"""Faults of what acts on the medium and of what looks into it."""

from __future__ import annotations

from labctl_simulators.faults._scene import Fault, Kind, Scene, Undo
from labctl_simulators.wire import FluorimeterBoard, IkaPlate, JulaboBath, NewEraPumps
from labctl_simulators.world import Bath


def _bath(scene: Scene) -> Bath:
    bath = scene.world.bath
    if bath is None:
        raise RuntimeError("a fault of a thermostat that is not there")
    return bath


def thermostat_stuck(scene: Scene, fault: Fault) -> Undo:
    bath = _bath(scene)
    bath.sticks = True

    def undo() -> None:
        bath.sticks = False

    return undo


def thermostat_runs_away(scene: Scene, fault: Fault) -> Undo:
    bath = _bath(scene)
    bath.runs_away = True

    def undo() -> None:
        bath.runs_away = False

    return undo


def thermostat_cold(scene: Scene, fault: Fault) -> Undo:
    bath = _bath(scene)
    bath.cold = True

    def undo() -> None:
        bath.cold = False

    return undo


def thermostat_offset(scene: Scene, fault: Fault) -> Undo:
    bath = _bath(scene)
    bath.offset_k += fault.size

    def undo() -> None:
        bath.offset_k -= fault.size

    return undo


def thermostat_stops(scene: Scene, fault: Fault) -> Undo:
    """By an alarm of its own; a person ends that at the device."""
    bath = _bath(scene)
    bath.stop()
    for each in scene.devices.values():
        if isinstance(each.personality, JulaboBath):
            each.personality.alarm = "-01 LOW LEVEL ALARM"
        if isinstance(each.personality, IkaPlate):
            each.personality.heats = False

    def undo() -> None:
        for each in scene.devices.values():
            if isinstance(each.personality, JulaboBath):
                each.personality.alarm = ""

    return undo


def pump_stalled(scene: Scene, fault: Fault) -> Undo:
    pumps = [
        pump
        for each in scene.devices.values()
        if isinstance(each.personality, NewEraPumps)
        for pump in each.personality.pumps.values()
    ]
    for pump in pumps:
        pump.stall()

    def undo() -> None:
        for pump in pumps:
            pump.stalled = False

    return undo


def assay_outlier(scene: Scene, fault: Fault) -> Undo:
    optics = scene.world.chemistry.optics
    optics.outlier = fault.size
    optics.outliers_left = 1 if fault.duration_ns is None else -1

    def undo() -> None:
        optics.outliers_left = 0

    return undo


def assay_drift(scene: Scene, fault: Fault) -> Undo:
    optics = scene.world.chemistry.optics
    before = optics.drift
    optics.drift = before * (1.0 + fault.size)

    def undo() -> None:
        optics.drift = before

    return undo


def assay_saturated(scene: Scene, fault: Fault) -> Undo:
    boards = [
        each.personality
        for each in scene.devices.values()
        if isinstance(each.personality, FluorimeterBoard)
    ]
    for board in boards:
        board.saturates = True

    def undo() -> None:
        for board in boards:
            board.saturates = False

    return undo


MEDIUM_KINDS = (
    Kind(
        "thermostat-stuck",
        "the thermostat's heater keeps the power that it has",
        thermostat_stuck,
        needs="thermostat",
    ),
    Kind(
        "thermostat-runs-away",
        "the thermostat's heater is on, whatever it is told; only its own protection ends it",
        thermostat_runs_away,
        needs="thermostat",
    ),
    Kind(
        "thermostat-cold",
        "the thermostat's heater is broken, and it says nothing of it",
        thermostat_cold,
        needs="thermostat",
    ),
    Kind(
        "thermostat-offset",
        "the thermostat's own sensor reads SIZE too much, and it regulates by that",
        thermostat_offset,
        size="kelvin",
        default=1.0,
        shown="+1K",
        needs="thermostat",
    ),
    Kind(
        "thermostat-stops",
        "the thermostat stops by an alarm of its own",
        thermostat_stops,
        needs="thermostat",
    ),
    Kind(
        "pump-stalled",
        "a syringe pump's motor stalls; what it has delivered by then is in the sample",
        pump_stalled,
        needs="pump",
    ),
    Kind(
        "assay-outlier",
        "one measurement (all of them, with a duration) is off by SIZE of the full scale",
        assay_outlier,
        size="relative",
        default=0.50,
        shown="+50%",
        needs="assay",
    ),
    Kind(
        "assay-drift",
        "the assay's lamp changes by SIZE from then on",
        assay_drift,
        size="relative",
        default=-0.10,
        shown="-10%",
        needs="assay",
    ),
    Kind(
        "assay-saturated",
        "something bright is before the assay's detector",
        assay_saturated,
        needs="assay",
    ),
)
