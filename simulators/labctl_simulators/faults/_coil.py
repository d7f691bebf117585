"""Faults of the coil around the cell, of its inverter and of the supply before it."""

from __future__ import annotations

from labctl_simulators.faults._scene import Fault, Kind, Scene, Undo
from labctl_simulators.world import Coil


def _coil(scene: Scene) -> Coil:
    coil = scene.world.coil
    if coil is None:
        raise RuntimeError("a fault of the coil was let through on a bench without one")
    return coil


def coil_ignores_off(scene: Scene, fault: Fault) -> Undo:
    coil = _coil(scene)
    coil.ignores_off = True

    def undo() -> None:
        coil.ignores_off = False

    return undo


def coil_lies_about_off(scene: Scene, fault: Fault) -> Undo:
    coil = _coil(scene)
    coil.lied_to_off = True

    def undo() -> None:
        coil.lied_to_off = False

    return undo


def coil_on_by_itself(scene: Scene, fault: Fault) -> Undo:
    coil = _coil(scene)
    if coil.feed is None:
        raise RuntimeError("nothing feeds this coil")
    coil.feed.force_w(fault.size)

    def undo() -> None:
        coil.output_on = False

    return undo


def coil_breaks(scene: Scene, fault: Fault) -> Undo:
    coil = _coil(scene)
    coil.broken = True

    def undo() -> None:
        coil.broken = False

    return undo


COIL_KINDS = (
    Kind(
        "coil-ignores-off",
        "the output of the coil's supply is stuck on, and it says so",
        coil_ignores_off,
        needs="coil",
    ),
    Kind(
        "coil-lies-about-off",
        "the output of the coil's supply stays on, and it says that it is off",
        coil_lies_about_off,
        needs="coil",
    ),
    Kind(
        "coil-on-by-itself",
        "the coil's supply gives SIZE though nobody asked it to",
        coil_on_by_itself,
        needs="coil",
        size="power",
        default=5.0,
        shown="5W",
    ),
    Kind(
        "coil-breaks", "coil or inverter is open: no current, no field", coil_breaks, needs="coil"
    ),
)
