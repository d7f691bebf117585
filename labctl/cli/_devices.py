"""`labctl devices`: what is plugged in, and who answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from labctl.cli._folded import folded
from labctl.errors import InputError

if TYPE_CHECKING:
    from labctl.bench import Device, Scan


@click.command("devices")
@click.option("--at", multiple=True, metavar="ADDRESS",
              help="An address to ask as well, e.g. socket://192.0.2.7:4001 or "
              "TCPIP0::192.0.2.5::INSTR. Of `labctl sim serve` one is enough.")  # fmt: skip
@click.option("--only-at", is_flag=True, help="Ask nothing but what --at names.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(at: tuple[str, ...], only_at: bool, as_json: bool) -> None:
    """Look at every serial port and VISA resource, and ask each who is there.

    Each driver's own question is put to it, one that changes nothing in any instrument. A port that
    a run or another program holds is not touched. Opening its port starts many microcontroller
    boards anew. What no driver knows stays unknown.
    """
    found = scanned(at, only_at=only_at)
    if as_json:
        click.echo(json.dumps(as_plain(found), ensure_ascii=False))
        return
    for line in _lines(found):
        for part in folded(line, 8, sys.stdout):
            click.echo(part)


def scanned(at: tuple[str, ...], *, only_at: bool) -> Scan:
    """What is plugged in, and what `at` names. InputError where nothing is to be asked."""
    from labctl import bench as benches
    from labctl.clock import run_real

    if only_at and not at:
        raise InputError(
            "--only-at asks nothing but what --at names, and --at names nothing",
            fix="Add `--at ADDRESS`, or leave --only-at out.",
        )
    return run_real(lambda clock: benches.scan(clock, at, listed=not only_at))


def as_plain(found: Scan) -> dict[str, Any]:
    """A scan for machines."""
    return {
        "schema": "labctl.devices/1",
        "devices": [_plain(device) for device in found.devices],
        "notes": list(found.notes),
    }


def _plain(device: Device) -> dict[str, Any]:
    place, who = device.place, device.answerer
    out: dict[str, Any] = {
        "address": place.address,
        "device": place.device or None,
        "usb": place.usb or None,
        "usb_serial": place.usb_serial or None,
        "about": place.about or None,
        "state": device.state,
        "held_by": device.held_by or None,
    }
    if who is None:
        return out
    identity = who.identity
    return out | {
        "driver": who.driver or None,
        "make": identity.make if identity else None,
        "model": identity.model if identity else None,
        "serial": identity.serial or None if identity else None,
        "firmware": identity.firmware or None if identity else None,
        "settings": dict(who.settings),
        "simulated": who.simulated,
        "seen": who.seen or None,
        "why": who.why or None,
        "fix": who.fix or None,
        "took_s": round(who.took_s, 3),
    }


def _lines(found: Scan) -> Iterator[str]:
    for device in found.devices:
        place = device.place
        about = [f"now {place.device}"] if place.device else []
        about += [f"USB {place.usb}"] if place.usb else []
        about += [f"serial {place.usb_serial}"] if place.usb_serial else []
        about += [place.about] if place.about else []
        yield place.address + (f"  ({', '.join(about)})" if about else "")
        yield f"    {_who(device)}"
        if device.answerer is not None and device.answerer.fix:
            yield f"    mend: {device.answerer.fix}"
    known = sum(device.state == "known" for device in found.devices)
    if not found.devices:
        yield "nothing is plugged in that this computer lists as a serial port or a VISA resource"
    else:
        yield f"{known} of {len(found.devices)} known"
    yield from found.notes
    if known:
        yield "next: labctl bench init NAME"


def _who(device: Device) -> str:
    who = device.answerer
    if who is None:
        return f"held by {device.held_by}; not asked"
    if device.state == "known":
        simulated = "SIMULATED  " if who.simulated else ""
        settings = "".join(f", {key}: {value}" for key, value in who.settings.items())
        name = str(who.identity) if who.identity else f"answered {who.seen}"
        return f"{simulated}{name}   driver {who.driver}{settings}"
    if device.state == "unknown":
        return f"unknown: it says {who.seen}; {who.why}"
    if device.state == "closed":
        return f"cannot be opened: {who.why}"
    return f"silent: {who.why}"
