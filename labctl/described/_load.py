"""From a file to a driver class."""

from __future__ import annotations

from pathlib import Path

from labctl.described._description import Description
from labctl.described._energy import DescribedGate, DescribedSource
from labctl.described._file import read
from labctl.described._sensors import DescribedMeter, DescribedThermometer
from labctl.instruments import Driver, DriverSpec


def load(path: Path) -> type[Driver]:
    """The driver that the file describes; InputError with every problem of it, each with its line
    and column."""
    return made(read(path))


def made(what: Description) -> type[Driver]:
    """The driver class of a description."""
    base: type[Driver]
    if what.thermometer:
        base, can = DescribedThermometer, "thermometer"
    elif what.power_meter is not None:
        base, can = DescribedMeter, "power_meter"
    elif what.output is not None:
        base, can = DescribedSource, "source"
    else:
        base, can = DescribedGate, "gate"
    settings = {}
    if what.thermometer:
        settings["channels"] = "channels to read, of those in its file; all when not given"
    if what.output is not None:
        settings[f"max_{what.output.drive}"] = "highest level it may get, below the file's `most`"
    spec = DriverSpec(
        name=what.name,
        title=what.title,
        capabilities=frozenset({can}),
        transport=what.transport,
        serial=what.serial,
        confirms_emission=what.output is not None and what.output.state is not None,
        drive="" if what.output is None else what.output.drive,
        slowest_exchange_s=what.reply_s,
        settings=settings,
        # With a pause off is written again after it: the first may not have been heard.
        slowest_off_s=0.25 + what.pause_s,
    )
    members = {
        "spec": spec,
        "described": what,
        "source_file": what.source_file,
        "__doc__": what.title,
        "__module__": __name__,
    }
    return type(what.name, (base,), members)
