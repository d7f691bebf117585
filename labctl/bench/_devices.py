"""What is plugged in here, and who answers: all ports side by side, none that somebody holds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labctl import platform
from labctl.bench._lock import holder, lock_path
from labctl.clock import Clock
from labctl.errors import LabctlError
from labctl.instruments import (
    Answerer,
    Driver,
    Place,
    ask_who,
    driver,
    drivers,
    serial_places,
    visa_places,
)


@dataclass(frozen=True, slots=True)
class Device:
    """One place, and who was found there."""

    place: Place
    answerer: Answerer | None
    """None for a port that was not asked, because somebody holds it."""
    held_by: str = ""
    """Who holds it, in words."""

    @property
    def state(self) -> str:
        """`known`, `unknown` (something answers that no driver knows), `silent`, `held` or
        `closed` (it cannot be opened)."""
        who = self.answerer
        if who is None:
            return "held"
        if who.driver:
            return "known"
        if not who.opened:
            return "closed"
        return "unknown" if who.seen else "silent"


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan has found."""

    devices: tuple[Device, ...]
    """In the order of the ports."""
    notes: tuple[str, ...]
    """What could not be looked at, in words."""


async def scan(
    clock: Clock,
    at: Sequence[str] = (),
    *,
    listed: bool = True,
    places: Iterable[Place] | None = None,
) -> Scan:
    """Ask every serial port and VISA resource of this computer (unless not `listed`), and every
    address in `at`, who is there. A port that somebody holds is not touched. `places`: instead of
    what this computer lists. Raises InputError for what is no address.

    While a port is asked it is locked, so that no run begins on it meanwhile.
    """
    classes, notes = _drivers()
    asked: dict[str, Place] = {}
    jobs: dict[str, asyncio.Task[Device]] = {}

    def begin(found: Iterable[Place]) -> None:
        for place in found:
            if place.address not in asked:
                asked[place.address] = place
                jobs[place.address] = asyncio.ensure_future(_device(place, classes, clock))

    try:
        begin(Place(address, listed=False) for address in at)
        if places is not None:
            begin(places)
        elif listed:
            begin(serial_places())
            # It looks about for a second; whoever is known already is asked meanwhile.
            begin(await _visa(notes))
        done: list[Device] = []
        while len(done) < len(jobs):
            # Who answers may name others.
            for job in list(jobs.values())[len(done) :]:
                device = await job
                done.append(device)
                if device.answerer is not None:
                    begin(Place(address, listed=False) for address in device.answerer.others)
    finally:
        for job in jobs.values():
            job.cancel()
        await asyncio.gather(*jobs.values(), return_exceptions=True)
    return Scan(tuple(done), tuple(notes))


async def _device(place: Place, classes: Sequence[type[Driver]], clock: Clock) -> Device:
    held = holder(place.address)
    if held is not None:
        return Device(place, None, str(held))
    lock = platform.FileLock(lock_path(place.address))
    if not lock.try_exclusive():
        return Device(place, None, "a process that has not said who it is")
    try:
        # A motherboard's port has no board behind its USB that opening would start anew.
        starts = bool(place.usb) or not place.listed
        return Device(place, await ask_who(place.address, clock, among=classes, starts=starts))
    finally:
        lock.release()


def _drivers() -> tuple[list[type[Driver]], list[str]]:
    """Every driver that can be loaded; one that cannot must not hide the others."""
    classes, notes = [], []
    for name in drivers():
        try:
            classes.append(driver(name))
        except (LabctlError, ImportError, AttributeError, SyntaxError) as error:
            notes.append(f"driver {name} cannot be loaded, and was not asked about: {error}")
    return classes, notes


async def _visa(notes: list[str]) -> tuple[Place, ...]:
    try:
        return await asyncio.to_thread(visa_places)
    except Exception as error:
        # Whatever the VISA library makes of a missing backend: serial ports are found without it.
        notes.append(f"VISA resources could not be listed: {error} (`labctl doctor` says more)")
        return ()
