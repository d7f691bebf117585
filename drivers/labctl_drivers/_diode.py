"""What the drivers of current-driven diodes share: limits that refuse, and what the guard holds."""

from __future__ import annotations

from typing import Protocol

from labctl.instruments import DeviceRefusedError

DARK_A = 0.02
"""More than this through the diode while the output is said to be off is a contradiction."""


class Lightable(Protocol):
    """A diode's controller, as its emitter uses it."""

    async def set_current(self, level_a: float) -> None: ...

    async def set_limit(self, level_a: float) -> None: ...

    async def light(self) -> None: ...


class DiodeEmitter:
    """Fulfils `Emitter`; made by a driver against the guard's seal, and held by the guard."""

    def __init__(self, laser: Lightable) -> None:
        self._laser = laser

    async def set_level(self, level: float) -> None:
        await self._laser.set_current(level)

    async def limit_level(self, level: float) -> None:
        await self._laser.set_limit(level)

    async def on(self) -> None:
        await self._laser.light()


def refuse_outside(level_a: float, most_a: float) -> None:
    """DeviceRefusedError for a current below 0, above the bench's limit, or no number."""
    if not 0.0 <= level_a <= most_a:
        raise DeviceRefusedError(
            f"{level_a:g} A is outside 0 to {most_a:g} A",
            fix="`max_current` in the bench file is the diode's limit; it is never clipped.",
        )


def refuse_other(
    what: str, asked: float, held: float, unit: str = "A", *, step: float = 1e-3
) -> None:
    """DeviceRefusedError when the controller holds another value than was asked for: more than
    0.1 % and one `step` away."""
    if not abs(held - asked) <= max(step, 1e-3 * asked):
        raise DeviceRefusedError(
            f"the {what} was not taken: asked {asked:.4f} {unit}", seen=f"{held:.4f} {unit}"
        )
