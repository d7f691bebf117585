"""What is plugged into this computer: serial ports and VISA resources, listed and not opened."""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BY_ID = Path("/dev/serial/by-id")


@dataclass(frozen=True, slots=True)
class Place:
    """One way to an instrument, of which nothing more is known yet."""

    address: str
    """As a bench file writes it: the name that stays, where the system gives one."""
    device: str = ""
    """The name of this minute, e.g. `/dev/ttyUSB0`; empty where it is the address."""
    usb: str = ""
    """Vendor and product of the USB device, `0403:6001`."""
    usb_serial: str = ""
    """Serial number that the USB device has told."""
    about: str = ""
    """What the system calls it."""
    listed: bool = True
    """False for one that a person has named."""


def serial_places(by_id: Path = _BY_ID) -> tuple[Place, ...]:
    """The serial ports of this computer, by name. A port of a USB device goes by the link that the
    system makes from its serial number, which stays when the device is plugged in elsewhere."""
    from serial.tools import list_ports

    stable = _links(by_id)
    places = []
    for port in sorted(list_ports.comports(), key=lambda p: _natural(p.device)):
        usb = "" if port.vid is None else f"{port.vid:04x}:{port.pid:04x}"
        address = stable.get(os.path.realpath(port.device), port.device)
        about = "" if port.description in (None, "n/a") else str(port.description)
        places.append(
            Place(
                address, port.device if address != port.device else "", usb,
                port.serial_number or "", about,
            )
        )  # fmt: skip
    return tuple(places)


def visa_places(library: str = "@py") -> tuple[Place, ...]:
    """The VISA resources that the library finds on USB, GPIB and LAN; serial ports are left to
    `serial_places`. Takes about a second, and raises what the library raises."""
    import pyvisa

    with warnings.catch_warnings():
        # That one more way to search the network could be installed is no news here.
        warnings.simplefilter("ignore")
        manager: Any = pyvisa.ResourceManager(library)
        listed = [name for name in manager.list_resources("?*::INSTR") if "ASRL" not in name]
    return tuple(_visa(name) for name in sorted(listed))


def _visa(name: str) -> Place:
    told = re.match(r"USB\d*::(0x[0-9a-f]+|\d+)::(0x[0-9a-f]+|\d+)::([^:]+)", name, re.IGNORECASE)
    if told is None:
        return Place(name)
    vendor, product = (int(told[n], 0) for n in (1, 2))
    return Place(name, usb=f"{vendor:04x}:{product:04x}", usb_serial=told[3])


def _links(folder: Path) -> dict[str, str]:
    try:
        return {os.path.realpath(link): str(link) for link in sorted(folder.iterdir())}
    except OSError:
        return {}


def _natural(name: str) -> tuple[str, int]:
    """`ttyUSB10` comes behind `ttyUSB9`."""
    head = name.rstrip("0123456789")
    return head, int(name[len(head) :] or 0)
