"""The table of faults that can be injected."""

from __future__ import annotations

from labctl_simulators.faults._effects import (
    bead_in_beam,
    bead_out,
    beam_off_sample,
    frozen_reading,
    ignores_off,
    interlock_open,
    late_reply,
    on_by_itself,
    open_thermocouple,
    power_step,
    unplugged,
    wrong_readback,
)
from labctl_simulators.faults._scene import Kind

KINDS = (
    Kind(
        "power-step",
        "the laser's light changes by SIZE, current unchanged; the meter sees it",
        power_step,
        needs_laser=True,
        size="relative",
        default=-0.10,
        shown="-10%",
    ),
    Kind(
        "beam-off-sample",
        "SIZE of the beam no longer meets the sample; the meter does not see it",
        beam_off_sample,
        size="relative",
        default=-0.30,
        shown="-30%",
    ),
    Kind(
        "bead-in-beam",
        "light falls on the thermocouple and warms it by SIZE per watt",
        bead_in_beam,
        size="kelvin",
        default=3.0,
        shown="3K",
        aliases=("bead-light",),
    ),
    Kind("bead-out", "the thermocouple falls out of the sample and hangs in air", bead_out),
    Kind(
        "open-thermocouple",
        "a thermocouple breaks (WHERE: channel, else the one in the sample)",
        open_thermocouple,
        target="reading",
        hits=("scanner",),
    ),
    Kind(
        "frozen-reading",
        "a reading repeats itself (WHERE: channel or instrument, else the sample's channel)",
        frozen_reading,
        target="reading",
        hits=("scanner", "meter"),
    ),
    Kind(
        "late-reply",
        "one reply (all of them, with a duration) comes SIZE late",
        late_reply,
        size="time",
        default=0.5,
        shown="500ms",
        target="instrument",
        hits=("meter", "scanner", "laser"),
    ),
    Kind(
        "unplugged-port",
        "the cable of an instrument is out",
        unplugged,
        target="instrument",
        hits=("scanner", "meter", "laser"),
    ),
    Kind(
        "laser-ignores-off", "the laser's output stage is stuck on", ignores_off, needs_laser=True
    ),
    Kind(
        "interlock-open",
        "the interlock loop opens; the laser drops out",
        interlock_open,
        needs_laser=True,
    ),
    Kind(
        "laser-on-by-itself",
        "the laser emits SIZE though nobody asked it to",
        on_by_itself,
        needs_laser=True,
        size="power",
        default=0.5,
        shown="0.5W",
    ),
    Kind(
        "wrong-readback",
        "the laser's controller reports a current that is wrong by SIZE",
        wrong_readback,
        needs_laser=True,
        size="relative",
        default=0.20,
        shown="+20%",
        aliases=("wrong-power",),
    ),
)
BY_NAME = {name: kind for kind in KINDS for name in (kind.name, *kind.aliases)}
