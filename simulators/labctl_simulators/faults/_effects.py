"""What each fault does to the world or to the way of the bytes, and how it is taken back."""

from __future__ import annotations

import math

from labctl.clock import ns
from labctl_simulators.faults._scene import Fault, Scene, Undo, device, reading
from labctl_simulators.wire import DeadManBoard, LabJackT7
from labctl_simulators.world import Blade, Heater, Relay


def power_step(scene: Scene, fault: Fault) -> Undo:
    return scene.world.laser.scale.put(1.0 + fault.size)


def power_drift(scene: Scene, fault: Fault) -> Undo:
    laser = scene.world.laser
    per_s = math.log1p(max(fault.size, -0.99)) / 60.0
    laser.drift_per_s += per_s

    def undo() -> None:
        # What has been lost stays so.
        laser.drift_per_s -= per_s

    return undo


def gusts(scene: Scene, fault: Fault) -> Undo:
    thermal, room = scene.world.thermal, scene.world.truth.room
    before = thermal.gusts
    thermal.gusts = abs(fault.size) / room.flutter if room.flutter > 0.0 else before

    def undo() -> None:
        thermal.gusts = before

    return undo


def beam_off_sample(scene: Scene, fault: Fault) -> Undo:
    # A person may write the loss with or without its sign.
    return scene.world.thermal.overlap.put(1.0 - abs(fault.size))


def heat_loss_step(scene: Scene, fault: Fault) -> Undo:
    return scene.world.thermal.exposure.put(1.0 + fault.size)


def ambient_step(scene: Scene, fault: Fault) -> Undo:
    thermal = scene.world.thermal
    thermal.room_shift_k += fault.size

    def undo() -> None:
        thermal.room_shift_k -= fault.size

    return undo


def bleaching(scene: Scene, fault: Fault) -> Undo:
    thermal = scene.world.thermal
    per_s = -math.log1p(-min(abs(fault.size), 0.99)) / 60.0
    thermal.bleach_per_s += per_s

    def undo() -> None:
        thermal.bleach_per_s -= per_s

    return undo


def probe_offset(scene: Scene, fault: Fault) -> Undo:
    world = scene.world
    world.probe_offset_k += fault.size

    def undo() -> None:
        world.probe_offset_k -= fault.size

    return undo


def junction_offset(scene: Scene, fault: Fault) -> Undo:
    world = scene.world
    world.junction_offset_k += fault.size

    def undo() -> None:
        world.junction_offset_k -= fault.size

    return undo


def bead_in_beam(scene: Scene, fault: Fault) -> Undo:
    thermal = scene.world.thermal
    thermal.bead_light_k_per_w += fault.size

    def undo() -> None:
        thermal.bead_light_k_per_w -= fault.size

    return undo


def bead_out(scene: Scene, fault: Fault) -> Undo:
    thermal = scene.world.thermal
    thermal.bead_in_air = True

    def undo() -> None:
        thermal.bead_in_air = False

    return undo


def open_thermocouple(scene: Scene, fault: Fault) -> Undo:
    hit, channel = reading(scene, fault)
    open_channels = hit.personality.upsets.open_channels
    wire = hit.probe_channel if channel is None else channel
    open_channels.add(wire)

    def undo() -> None:
        open_channels.discard(wire)

    return undo


def _wiring(scene: Scene, wiring: str) -> Undo:
    world = scene.world
    world.wiring = wiring

    def undo() -> None:
        world.wiring = ""

    return undo


def shorted_thermocouple(scene: Scene, fault: Fault) -> Undo:
    return _wiring(scene, "shorted")


def reversed_thermocouple(scene: Scene, fault: Fault) -> Undo:
    return _wiring(scene, "reversed")


def swapped_thermocouples(scene: Scene, fault: Fault) -> Undo:
    return _wiring(scene, "swapped")


def frozen_reading(scene: Scene, fault: Fault) -> Undo:
    hit, channel = reading(scene, fault)
    upsets = hit.personality.upsets
    upsets.frozen = True
    if hit.kind == "scanner" and fault.where not in (hit.name, hit.key):
        upsets.frozen_channels.add(hit.probe_channel if channel is None else channel)

    def undo() -> None:
        upsets.frozen = False
        upsets.frozen_channels.clear()

    return undo


def late_reply(scene: Scene, fault: Fault) -> Undo:
    upsets = device(scene, fault).personality.upsets
    upsets.late_ns = ns(fault.size)
    upsets.late_replies = 1 if fault.duration_ns is None else -1

    def undo() -> None:
        upsets.late_replies = 0

    return undo


def unplugged(scene: Scene, fault: Fault) -> Undo:
    upsets = device(scene, fault).personality.upsets
    upsets.unplugged = True

    def undo() -> None:
        upsets.unplugged = False

    return undo


def ignores_off(scene: Scene, fault: Fault) -> Undo:
    laser = scene.world.laser
    laser.ignores_off = True

    def undo() -> None:
        laser.ignores_off = False

    return undo


def lies_about_off(scene: Scene, fault: Fault) -> Undo:
    laser = scene.world.laser
    laser.lies_about_off = True

    def undo() -> None:
        laser.lies_about_off = False
        laser.lit = laser.lit and laser.output_on

    return undo


def interlock_open(scene: Scene, fault: Fault) -> Undo:
    laser = scene.world.laser
    laser.open_interlock()

    def undo() -> None:
        laser.close_interlock()

    return undo


def key_off(scene: Scene, fault: Fault) -> Undo:
    laser = scene.world.laser
    laser.key_on = laser.output_on = laser.lit = False

    def undo() -> None:
        laser.key_on = True

    return undo


def on_by_itself(scene: Scene, fault: Fault) -> Undo:
    laser = scene.world.laser
    laser.level = laser.beam.threshold + fault.size / laser.beam.slope
    laser.output_on = laser.lit = True

    def undo() -> None:
        laser.output_on = laser.lit = False

    return undo


def wrong_readback(scene: Scene, fault: Fault) -> Undo:
    laser = scene.world.laser
    laser.readback_factor = 1.0 + fault.size

    def undo() -> None:
        laser.readback_factor = 1.0

    return undo


def _heater(scene: Scene) -> Heater:
    heater = scene.world.heater
    if heater is None:
        raise RuntimeError("a fault of the heater was let through on a bench without one")
    return heater


def heater_ignores_off(scene: Scene, fault: Fault) -> Undo:
    heater = _heater(scene)
    heater.ignores_off = True

    def undo() -> None:
        heater.ignores_off = False

    return undo


def heater_lies_about_off(scene: Scene, fault: Fault) -> Undo:
    heater = _heater(scene)
    heater.lied_to_off = True

    def undo() -> None:
        heater.lied_to_off = False

    return undo


def heater_on_by_itself(scene: Scene, fault: Fault) -> Undo:
    heater = _heater(scene)
    heater.level_v = (fault.size * heater.true.resistance_ohm) ** 0.5
    heater.output_on = True

    def undo() -> None:
        heater.output_on = False

    return undo


def heater_breaks(scene: Scene, fault: Fault) -> Undo:
    heater = _heater(scene)
    heater.broken = True

    def undo() -> None:
        heater.broken = False

    return undo


def _blade(scene: Scene) -> Blade:
    blade = scene.world.blade
    if blade is None:
        raise RuntimeError("a fault of the shutter was let through on a bench without one")
    return blade


def _relay(scene: Scene) -> Relay:
    relay = scene.world.relay
    if relay is None:
        raise RuntimeError("a fault of the dead-man was let through on a bench without one")
    return relay


def _dead_man(scene: Scene) -> DeadManBoard | LabJackT7:
    for each in scene.devices.values():
        # A T7 may be the laser or the logger as well.
        if each.kind == "deadman" and isinstance(each.personality, DeadManBoard | LabJackT7):
            return each.personality
    raise RuntimeError("a fault of the dead-man was let through on a bench without one")


def shutter_stuck(scene: Scene, fault: Fault) -> Undo:
    blade = _blade(scene)
    blade.stuck = True

    def undo() -> None:
        blade.stuck = False
        blade.follow()

    return undo


def shutter_falls_shut(scene: Scene, fault: Fault) -> Undo:
    blade = _blade(scene)
    blade.is_open, blade.stuck = False, True

    def undo() -> None:
        blade.stuck = False
        blade.follow()

    return undo


def relay_welded(scene: Scene, fault: Fault) -> Undo:
    relay = _relay(scene)
    relay.welded = True

    def undo() -> None:
        relay.welded = False
        relay.follow()

    return undo


def deadman_stays(scene: Scene, fault: Fault) -> Undo:
    board = _dead_man(scene)
    board.stays = True

    def undo() -> None:
        board.stays = False

    return undo


def deadman_drops(scene: Scene, fault: Fault) -> Undo:
    _dead_man(scene).drop(scene.world.now_ns)
    return lambda: None
