"""What can go wrong, and when: `NAME[:WHERE][=SIZE]@ONSET[+DURATION]`.

`power-step=-10%@120s`, `bead-in-beam=3K@0s`, `late-reply:meter=300ms@150s`,
`unplugged-port@laser+60s`. Times count from the beginning of the simulated world, or from its first
light when they begin with `laser+`. A fault with a duration is taken back at its end.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from labctl.clock import ns
from labctl.instruments import InputError
from labctl_simulators.bench import Device
from labctl_simulators.world import World

_SYNTAX = re.compile(
    r"(?P<name>[a-z][a-z-]*)(:(?P<where>[\w.-]+))?(=(?P<size>[^@]+))?(@(?P<when>.+))?"
)
_WHEN = re.compile(r"(?P<laser>laser\+)?(?P<onset>[^+]+)(\+(?P<duration>[^+]+))?")
_QUANTITY = re.compile(r"(?P<number>[+-]?\d+(\.\d+)?)\s*(?P<unit>%|[A-Za-z/]*)")
_SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_UNITS = {
    "relative": {"%": 0.01},
    "kelvin": {"K": 1.0, "K/W": 1.0},
    "time": _SECONDS,
    "power": {"W": 1.0, "mW": 1e-3},
}


@dataclass(slots=True)
class Scene:
    """What faults act upon."""

    world: World
    devices: Mapping[str, Device]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as asked for."""

    text: str
    kind: Kind
    where: str
    size: float
    onset_ns: int
    after_light: bool
    duration_ns: int | None


Start = Callable[[Scene, Fault], "Callable[[], None] | None"]
"""Lets the fault begin; returns how to take it back, or None where that is impossible."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault."""

    name: str
    help: str
    begin: Start
    size: str = ""
    """Which units its size has: `relative`, `kelvin`, `time`, `power`; empty: it has none."""
    default: float = 0.0
    shown: str = ""
    """The default as a person would type it."""
    target: str = ""
    """What WHERE may name: `instrument`, `reading` (instrument or channel); empty: nothing."""
    usual: tuple[str, ...] = ()
    """Kinds of instrument it hits when WHERE is not given, first one present."""
    aliases: tuple[str, ...] = ()


# -- what each does ----------------------------------------------------------------------------


def _power_step(scene: Scene, fault: Fault) -> Callable[[], None]:
    laser = scene.world.laser
    before = laser.factor
    laser.factor = before * (1.0 + fault.size)

    def undo() -> None:
        laser.factor = before

    return undo


def _beam_off_sample(scene: Scene, fault: Fault) -> Callable[[], None]:
    thermal = scene.world.thermal
    before = thermal.overlap
    thermal.overlap = before * (1.0 - abs(fault.size))

    def undo() -> None:
        thermal.overlap = before

    return undo


def _bead_in_beam(scene: Scene, fault: Fault) -> Callable[[], None]:
    thermal = scene.world.thermal
    thermal.bead_light_k_per_w += fault.size

    def undo() -> None:
        thermal.bead_light_k_per_w -= fault.size

    return undo


def _bead_out(scene: Scene, fault: Fault) -> Callable[[], None]:
    thermal = scene.world.thermal
    thermal.bead_in_air = True

    def undo() -> None:
        thermal.bead_in_air = False

    return undo


def _open_thermocouple(scene: Scene, fault: Fault) -> Callable[[], None]:
    device, channel = _reading(scene, fault)
    open_channels = device.personality.upsets.open_channels
    wire = device.probe_channel if channel is None else channel
    open_channels.add(wire)

    def undo() -> None:
        open_channels.discard(wire)

    return undo


def _frozen_reading(scene: Scene, fault: Fault) -> Callable[[], None]:
    device, channel = _reading(scene, fault)
    upsets = device.personality.upsets
    upsets.frozen = True
    if device.kind == "scanner" and fault.where not in (device.name, device.key):
        upsets.frozen_channels.add(device.probe_channel if channel is None else channel)

    def undo() -> None:
        upsets.frozen = False
        upsets.frozen_channels.clear()

    return undo


def _late_reply(scene: Scene, fault: Fault) -> Callable[[], None]:
    upsets = _device(scene, fault).personality.upsets
    upsets.late_ns = ns(fault.size)
    upsets.late_replies = 1 if fault.duration_ns is None else -1

    def undo() -> None:
        upsets.late_replies = 0

    return undo


def _unplugged(scene: Scene, fault: Fault) -> Callable[[], None]:
    upsets = _device(scene, fault).personality.upsets
    upsets.unplugged = True

    def undo() -> None:
        upsets.unplugged = False

    return undo


def _ignores_off(scene: Scene, fault: Fault) -> Callable[[], None]:
    laser = scene.world.laser
    laser.ignores_off = True

    def undo() -> None:
        laser.ignores_off = False

    return undo


def _interlock_open(scene: Scene, fault: Fault) -> Callable[[], None]:
    laser = scene.world.laser
    laser.open_interlock()

    def undo() -> None:
        # The output stays off: a closed interlock does not light a laser again.
        laser.interlock_closed = True

    return undo


def _on_by_itself(scene: Scene, fault: Fault) -> Callable[[], None]:
    laser = scene.world.laser
    laser.level = laser.beam.threshold + fault.size / laser.beam.slope
    laser.output_on = laser.lit = True

    def undo() -> None:
        laser.output_on = laser.lit = False

    return undo


def _wrong_readback(scene: Scene, fault: Fault) -> Callable[[], None]:
    laser = scene.world.laser
    laser.readback_factor = 1.0 + fault.size

    def undo() -> None:
        laser.readback_factor = 1.0

    return undo


KINDS = (
    Kind(
        "power-step",
        "the laser's light changes by SIZE, current unchanged; the meter sees it",
        _power_step,
        size="relative",
        default=-0.10,
        shown="-10%",
    ),
    Kind(
        "beam-off-sample",
        "SIZE of the beam no longer meets the sample; the meter does not see it",
        _beam_off_sample,
        size="relative",
        default=-0.30,
        shown="-30%",
    ),
    Kind(
        "bead-in-beam",
        "light falls on the thermocouple and warms it by SIZE per watt",
        _bead_in_beam,
        size="kelvin",
        default=3.0,
        shown="3K",
        aliases=("bead-light",),
    ),
    Kind("bead-out", "the thermocouple falls out of the sample and hangs in air", _bead_out),
    Kind(
        "open-thermocouple",
        "a thermocouple breaks (WHERE: channel, else the one in the sample)",
        _open_thermocouple,
        target="reading",
        usual=("scanner",),
    ),
    Kind(
        "frozen-reading",
        "a reading repeats itself (WHERE: channel or instrument, else the sample's channel)",
        _frozen_reading,
        target="reading",
        usual=("scanner",),
    ),
    Kind(
        "late-reply",
        "one reply (all of them, with a duration) comes SIZE late",
        _late_reply,
        size="time",
        default=0.5,
        shown="500ms",
        target="instrument",
        usual=("meter", "scanner", "laser"),
    ),
    Kind(
        "unplugged-port",
        "the cable of an instrument is out",
        _unplugged,
        target="instrument",
        usual=("scanner", "meter", "laser"),
    ),
    Kind("laser-ignores-off", "the laser's output stage is stuck on", _ignores_off),
    Kind("interlock-open", "the interlock loop opens; the laser drops out", _interlock_open),
    Kind(
        "laser-on-by-itself",
        "the laser emits SIZE though nobody asked it to",
        _on_by_itself,
        size="power",
        default=0.5,
        shown="0.5W",
    ),
    Kind(
        "wrong-readback",
        "the laser's controller reports a current that is wrong by SIZE",
        _wrong_readback,
        size="relative",
        default=0.20,
        shown="+20%",
        aliases=("wrong-power",),
    ),
)
_BY_NAME = {name: kind for kind in KINDS for name in (kind.name, *kind.aliases)}


# -- reading what was typed --------------------------------------------------------------------


def describe() -> str:
    """All kinds of fault, for the command line's help."""
    lines = ["NAME[:WHERE][=SIZE]@ONSET[+DURATION]; ONSET such as 120s, 2min or laser+60s", ""]
    for kind in KINDS:
        where = ":WHERE" if kind.target else ""
        size = f"={kind.shown}" if kind.size else ""
        lines.append(f"  {kind.name + where + size:<28} {kind.help}")
    return "\n".join(lines)


def parse(texts: Iterable[str]) -> tuple[Fault, ...]:
    """All faults asked for; InputError names everything that is wrong with any of them."""
    faults: list[Fault] = []
    problems: list[str] = []
    for text in texts:
        try:
            faults.append(_parse_one(text.strip()))
        except ValueError as problem:
            problems.append(f"{text!r}: {problem}")
    if problems:
        raise InputError(
            "cannot inject " + "; ".join(problems),
            where="--fault",
            fix="Write NAME[:WHERE][=SIZE]@ONSET[+DURATION], e.g. power-step=-10%@120s.",
        )
    return tuple(faults)


def _parse_one(text: str) -> Fault:
    match = _SYNTAX.fullmatch(text)
    if match is None:
        raise ValueError("not of the form NAME[:WHERE][=SIZE]@ONSET[+DURATION]")
    kind = _BY_NAME.get(match["name"])
    if kind is None:
        near = difflib.get_close_matches(match["name"], _BY_NAME, 1)
        meant = f", did you mean {near[0]!r}" if near else ""
        raise ValueError(f"no such fault{meant} (there are {', '.join(k.name for k in KINDS)})")
    if match["where"] and not kind.target:
        raise ValueError(f"{kind.name} takes no ':{match['where']}'")
    if match["size"] and not kind.size:
        raise ValueError(f"{kind.name} takes no size")
    size = _quantity(match["size"], _UNITS[kind.size], "size") if match["size"] else kind.default
    if kind.size == "relative" and size < -1.0:
        raise ValueError("a loss of more than 100 % is none")
    if kind.size in ("time", "power") and size < 0.0:
        raise ValueError("the size must not be negative")
    after_light, onset_s, duration_s = _parse_when(match["when"])
    return Fault(
        text=text,
        kind=kind,
        where=match["where"] or "",
        size=size,
        onset_ns=ns(onset_s),
        after_light=after_light,
        duration_ns=None if duration_s is None else ns(duration_s),
    )


def _parse_when(text: str | None) -> tuple[bool, float, float | None]:
    if not text:
        raise ValueError("when does it begin? Add an onset, e.g. @120s or @0s")
    match = _WHEN.fullmatch(text)
    if match is None:
        raise ValueError(f"onset {text!r} is not of the form [laser+]TIME[+DURATION]")
    onset_s = _quantity(match["onset"], _SECONDS, "onset")
    duration_s = None
    if match["duration"]:
        duration_s = _quantity(match["duration"], _SECONDS, "duration")
    if onset_s < 0.0 or (duration_s is not None and duration_s <= 0.0):
        raise ValueError("onset and duration must not be negative")
    return match["laser"] is not None, onset_s, duration_s


def _quantity(text: str, units: Mapping[str, float], what: str) -> float:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{what} {text!r} is not a number with a unit")
    if match["unit"] not in units:
        raise ValueError(f"{what} {text!r} needs one of the units {', '.join(units)}")
    return float(match["number"]) * units[match["unit"]]


# -- letting them happen -----------------------------------------------------------------------


def inject(faults: Iterable[Fault], scene: Scene) -> None:
    """Schedule the faults in the world; InputError when one has nothing to act on here."""
    for fault in faults:
        if fault.kind.target:
            _reading(scene, fault)
        elif fault.kind.begin in _LASER_FAULTS and not any(
            device.kind == "laser" for device in scene.devices.values()
        ):
            raise InputError(
                f"{fault.text!r} needs a laser, and this bench has none", where="--fault"
            )
        _schedule(fault, scene)


_LASER_FAULTS = (_power_step, _ignores_off, _interlock_open, _on_by_itself, _wrong_readback)


def _schedule(fault: Fault, scene: Scene) -> None:
    world = scene.world

    def begin() -> None:
        undo = fault.kind.begin(scene, fault)
        if undo is not None and fault.duration_ns is not None:
            world.schedule(world.now_ns + fault.duration_ns, undo)

    if fault.after_light:
        world.schedule_after_first_light(fault.onset_ns, begin)
    else:
        world.schedule(fault.onset_ns, begin)


def _device(scene: Scene, fault: Fault) -> Device:
    return _reading(scene, fault)[0]


def _reading(scene: Scene, fault: Fault) -> tuple[Device, int | None]:
    """The instrument, and the channel where one was named, that a fault acts on."""
    devices = scene.devices.values()
    where = fault.where
    found: Device | None = None
    channel: int | None = None
    if not where:
        for kind in fault.kind.usual:
            found = found or next((d for d in devices if d.kind == kind), None)
    elif where.isdigit() and fault.kind.target == "reading":
        found = next((d for d in devices if d.kind == "scanner"), None)
        channel = int(where)
    else:
        word = "scanner" if where in ("probe", "thermometer") else where
        found = next((d for d in devices if word in (d.name, d.key)), None) or next(
            (d for d in devices if word == d.kind), None
        )
    if found is None:
        names = ", ".join(d.name for d in devices)
        raise InputError(
            f"{fault.text!r} has nothing to act on",
            where="--fault",
            fix=f"This bench has the instruments {names}.",
        )
    return found, channel
