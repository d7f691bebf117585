"""May this user open the ports, and does anybody else reach for them?"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from labctl.doctor._finding import Finding, bad, not_looked, ok, warn
from labctl.instruments import Place

_MEDDLERS = {
    "ModemManager": (
        "it asks every new serial port whether it is a modem, in the middle of your first commands",
        "Switch it off: `sudo systemctl disable --now ModemManager`; or leave instruments alone by "
        'a udev rule with ENV{ID_MM_DEVICE_IGNORE}="1".',
    ),
    "brltty": (
        "it takes USB serial adapters (CH340, CP210x) for braille displays, and the port vanishes",
        "Remove it: `sudo apt remove brltty`; or mask its udev rules.",
    ),
    "serial-getty": (
        "a login prompt writes to that port",
        "Switch it off: `sudo systemctl disable --now serial-getty@ttyUSB0`, with your port.",
    ),
}
"""Process (or a part of its command line) -> what it does, how it is kept away."""
_GPIB_USB_TMC = ("1313", "0957", "2a8d", "0699", "05e6")
"""USB vendors of message instruments: Thorlabs, Agilent, Keysight, Tektronix, Keithley."""


def serial_permission(places: Sequence[Place]) -> Finding:
    """Whether this user may read and write each serial port."""
    if not places:
        return warn(
            "serial ports", "none is listed",
            "Plug the instrument in; an adapter that is not listed needs its kernel driver "
            "(`sudo dmesg | tail` says what the system makes of it).",
        )  # fmt: skip
    refused = [p for p in places if not _may(p.device or p.address)]
    if not refused:
        return ok("serial ports", ", ".join(p.address for p in places))
    names = [p.device or p.address for p in refused]
    groups = sorted({_group(name) for name in names} - {""}) or ["dialout"]
    return bad(
        "serial ports",
        f"no permission on {', '.join(names)} (group {', '.join(groups)})",
        f"`sudo usermod -aG {','.join(groups)} $USER`, then log out and in again.",
    )


def stable_names(places: Sequence[Place]) -> Finding:
    """A USB port without a name that stays is another one after the next start."""
    usb = [p for p in places if p.usb]
    loose = [p.address for p in usb if "/by-id/" not in p.address]
    if not usb:
        return ok("port names", "no USB serial port to name")
    if loose:
        return warn(
            "port names",
            f"no name that stays for {', '.join(loose)}",
            "udev makes one under /dev/serial/by-id from the serial number; an adapter without one "
            "keeps its number only as long as nothing else is plugged in.",
        )
    return ok("port names", "every USB serial port has one under /dev/serial/by-id")


def usb_permission(devices: Path = Path("/sys/bus/usb/devices")) -> Finding:
    """Whether this user may open message instruments on USB (USBTMC)."""
    if not devices.is_dir():
        return not_looked("USB instruments", f"{devices} is not there")
    found, refused, vendors = [], [], set()
    for device in sorted(devices.iterdir()):
        vendor = _text(device / "idVendor")
        if vendor not in _GPIB_USB_TMC:
            continue
        name = f"{vendor}:{_text(device / 'idProduct')} {_text(device / 'product')}".strip()
        number = _text(device / "busnum"), _text(device / "devnum")
        found.append(name)
        if all(number):
            node = f"/dev/bus/usb/{int(number[0]):03d}/{int(number[1]):03d}"
            if not os.access(node, os.R_OK | os.W_OK):
                refused.append(name)
                vendors.add(vendor)
    if refused:
        rules = " ".join(
            f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{vendor}", MODE="0660", GROUP="plugdev"'
            for vendor in sorted(vendors)
        )
        return bad(
            "USB instruments",
            f"no permission on {', '.join(refused)}",
            f"Write into /etc/udev/rules.d/99-labctl.rules: {rules} - then `sudo udevadm control "
            "--reload && sudo udevadm trigger`, be in the group plugdev, and plug it in again.",
        )
    return ok("USB instruments", ", ".join(found) or "none of a maker that we know is plugged in")


def visa(info: Callable[[], object] | None = None) -> Iterator[Finding]:
    """The VISA library, and what it reaches. `info`: instead of what pyvisa-py says of itself."""
    try:
        told = dict((info or _pyvisa_py)())  # type: ignore[call-overload]
    except Exception as error:
        yield bad("VISA", f"pyvisa-py does not load: {error}", "`pip install pyvisa pyvisa-py`.")
        return
    version = told.get("Version", "of an unknown version")
    # What it says of `GPIB INSTR` holds with and without the library that reaches it.
    kinds = {"TCPIP": "TCPIP INSTR", "USB": "USB INSTR", "GPIB": "GPIB INTFC"}
    ways = {way: "vailable" in str(told.get(kind, "")) for way, kind in kinds.items()}
    yield ok("VISA", f"pyvisa-py {version}; reaches " + ", ".join(w for w in ways if ways[w]))
    if not ways["USB"]:
        yield warn(
            "VISA over USB",
            "pyvisa-py does not find PyUSB: addresses that begin with USB cannot be opened",
            "`pip install 'labctl[usb]'`, and libusb: `sudo apt install libusb-1.0-0`.",
        )


def meddlers(commands: Iterable[str] | None = None) -> Finding:
    """Programs that are known to reach for other people's ports. `commands`: the command lines of
    what runs here, for a test."""
    lines = list(_running() if commands is None else commands)
    if not lines:
        return not_looked("other programs", "the running programs cannot be listed here")
    found = {word for word in _MEDDLERS for line in lines if word in line}
    if not found:
        return ok("other programs", "neither ModemManager nor brltty runs")
    return warn(
        "other programs",
        "; ".join(f"{word} runs: {_MEDDLERS[word][0]}" for word in sorted(found)),
        " ".join(_MEDDLERS[word][1] for word in sorted(found)),
    )


def autosuspend(devices: Path = Path("/sys/bus/usb-serial/devices")) -> Finding:
    """A USB adapter that the system puts to sleep loses the first bytes after waking."""
    if not devices.is_dir():
        return ok("USB sleep", "no USB serial adapter is plugged in")
    asleep = []
    for port in sorted(devices.iterdir()):
        control = port.resolve().parent.parent / "power" / "control"
        if _text(control) == "auto":
            asleep.append(port.name)
    if asleep:
        return warn(
            "USB sleep",
            f"the system may put {', '.join(asleep)} to sleep",
            "`echo on | sudo tee /sys/bus/usb/devices/*/power/control`, or a udev rule that keeps "
            "the adapter awake.",
        )
    return ok("USB sleep", "no USB serial adapter is put to sleep")


def _may(name: str) -> bool:
    return not name.startswith("/") or os.access(name, os.R_OK | os.W_OK)


def _group(name: str) -> str:
    import grp

    try:
        seen = os.stat(name)
        return grp.getgrgid(seen.st_gid).gr_name if stat.S_ISCHR(seen.st_mode) else ""
    except (OSError, KeyError):
        return ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _running() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile


def _pyvisa_py() -> object:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyvisa_py.highlevel import PyVisaLibrary  # type: ignore[import-untyped]

        return PyVisaLibrary.get_debug_info()
