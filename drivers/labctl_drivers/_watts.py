"""What the drivers of lasers share that are told a power: a limit that refuses, and what the guard
holds. Those that are told a current are in `_diode`."""

from __future__ import annotations

from typing import Protocol

from labctl.instruments import DeviceRefusedError


class Lightable(Protocol):
    """A laser as its emitter uses it."""

    async def set_power(self, level_w: float) -> None: ...

    async def light(self) -> None: ...


class PowerEmitter:
    """Fulfils `Emitter`; made by a driver against the guard's seal, and held by the guard."""

    def __init__(self, laser: Lightable) -> None:
        self._laser = laser

    async def set_level(self, level: float) -> None:
        await self._laser.set_power(level)

    async def limit_level(self, level: float) -> None:
        """The laser has no limit of its own to set; `max_power` refuses."""

    async def on(self) -> None:
        await self._laser.light()


def refuse_outside(level_w: float, most_w: float) -> None:
    """DeviceRefusedError for a power below 0, above the bench's limit, or no number."""
    if not 0.0 <= level_w <= most_w:
        raise DeviceRefusedError(
            f"{level_w:g} W is outside 0 to {most_w:g} W",
            fix="`max_power` in the bench file is the limit; it is never clipped.",
        )
