"""A described source, and a described gate: what the guard holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.described._description import Barrier, Description, Output
from labctl.described._talk import Talk
from labctl.instruments import (
    Beam,
    DeviceRefusedError,
    DriverSpec,
    Emitter,
    Gatekeeper,
    GateState,
    Identity,
    Port,
    Reading,
    Seal,
    Settings,
    SourceState,
)

UNITS = {"current": "A", "power": "W", "voltage": "V"}
_DARK = 0.02
"""More than this part of `most` measured while it is said to be off is a contradiction."""
_NO_SEAL = "only the guard may {}, and this is not its seal"


class DescribedSource:
    """Lights or heats by levels that its file limits, and the bench file may limit further."""

    spec: ClassVar[DriverSpec]
    described: ClassVar[Description]

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._talk = Talk(port, self.described)
        output = self._output
        key = f"max_{output.drive}"
        limit = given.quantity(key, output.drive, 0.0, output.most)
        self._most = output.most if limit is None else limit
        self._unit = UNITS[output.drive]
        self._ready = False
        self._set: float | None = None

    @property
    def _output(self) -> Output:
        if self.described.output is None:
            raise TypeError(f"{self.spec.name} describes no source")
        return self.described.output

    async def identify(self) -> Identity:
        """As the file says."""
        return await self._talk.identify()

    async def configure(self) -> None:
        """Off, the commands under `start`, the safe level, off as read back."""
        self._ready = False
        await self._talk.tell(self._output.off)
        for command in self.described.start:
            await self._talk.tell(command)
        await self._send(min(self._output.safe, self._most))
        if self._output.state is not None and (await self.read()).beam is not Beam.OFF:
            raise DeviceRefusedError(
                "it does not read off after it was switched off",
                fix="Switch it off by hand, and look at `state` in its driver file.",
            )

    async def off(self) -> None:
        """Written at once; the level is forgotten."""
        self._ready = False
        await self._talk.at_once(self._output.off)

    async def read(self) -> SourceState:
        """One exchange for each of `state`, `measured` and `interlock` that the file has."""
        output = self._output
        beam = Beam.UNKNOWN
        faults: tuple[str, ...] = ()
        if output.state is not None:
            beam = Beam.ON if await self._talk.state(output.state) else Beam.OFF
        level: float | None = None
        readings: tuple[Reading, ...] = ()
        if output.measured is not None:
            level = output.scale.si(await self._talk.number(output.measured))
            readings = (Reading(output.drive, level, self._unit, self._talk.port.arrived_ns),)
        closed = None
        if output.interlock is not None:
            closed = await self._talk.state(output.interlock)
        if beam is Beam.OFF and level is not None and level > _DARK * output.most:
            beam = Beam.UNKNOWN
            faults = (f"{level:g} {self._unit} are measured though it is said to be off",)
        return SourceState(
            beam=beam,
            level=level,
            set_level=self._set,
            interlock_closed=closed,
            key_on=None,
            faults=faults,
            readings=readings,
        )

    def emitter(self, seal: Seal) -> Emitter:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError(_NO_SEAL.format("light a source"))
        return _DescribedEmitter(self)

    # -- for the emitter ---------------------------------------------------------------------

    async def set_level(self, level: float) -> None:
        """Refuses what is outside, and what is read back otherwise."""
        if not 0.0 <= level <= self._most:
            raise DeviceRefusedError(
                f"{level:g} {self._unit} is outside 0 to {self._most:g} {self._unit}",
                fix="`most` in its driver file and the bench file's own limit are never clipped.",
            )
        self._ready = False
        await self._send(level)
        self._ready = True

    async def light(self) -> None:
        """On, at the level set since the last off."""
        if not self._ready:
            raise DeviceRefusedError("no level was set since it was last switched off")
        await self._talk.tell(self._output.on)

    async def _send(self, level: float) -> None:
        output = self._output
        number = f"{output.scale.wire(level):.{output.decimals}f}"
        await self._talk.tell(output.set_level.replace("{value}", number).encode())
        self._set = level
        if output.set_point is None:
            return
        held = output.scale.si(await self._talk.number(output.set_point))
        step = output.scale.factor * 10.0**-output.decimals
        self._set = held
        if not abs(held - level) <= max(step, 1e-3 * level):
            raise DeviceRefusedError(
                f"the level was not taken: asked {level:g} {self._unit}",
                seen=f"{held:g} {self._unit}",
            )


class _DescribedEmitter:
    """What the guard holds."""

    def __init__(self, source: DescribedSource) -> None:
        self._source = source

    async def set_level(self, level: float) -> None:
        await self._source.set_level(level)

    async def limit_level(self, level: float) -> None:
        """No limit of its own is described."""

    async def on(self) -> None:
        await self._source.light()


class DescribedGate:
    """A shutter or a relay that is told to block, and never toggled."""

    spec: ClassVar[DriverSpec]
    described: ClassVar[Description]
    drops_after_s: float | None = None
    """It stays as it is, whoever dies."""

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        Settings(self.spec, settings)
        self._talk = Talk(port, self.described)

    @property
    def _gate(self) -> Barrier:
        if self.described.gate is None:
            raise TypeError(f"{self.spec.name} describes no gate")
        return self.described.gate

    async def identify(self) -> Identity:
        """As the file says."""
        return await self._talk.identify()

    async def configure(self) -> None:
        """Blocked, and the commands under `start`."""
        await self._talk.tell(self._gate.block)
        for command in self.described.start:
            await self._talk.tell(command)
        await self._talk.tell(self._gate.block)

    async def block(self) -> None:
        """Written at once."""
        await self._talk.at_once(self._gate.block)

    async def read_gate(self) -> GateState:
        """One exchange."""
        return GateState(blocks=await self._talk.state(self._gate.position))

    def gatekeeper(self, seal: Seal) -> Gatekeeper:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError(_NO_SEAL.format("let energy through"))
        return _DescribedKeeper(self)

    # -- for the gatekeeper ------------------------------------------------------------------

    async def open_up(self) -> None:
        """Told, and looked at; it may need a moment."""
        await self._talk.tell(self._gate.let_through)
        for _ in range(4):
            if not await self._talk.state(self._gate.position):
                return
            await self._talk.port.pause(0.015)
        raise DeviceRefusedError("it does not let through", fix="Look at it and at its cable.")


class _DescribedKeeper:
    """What the guard holds."""

    def __init__(self, gate: DescribedGate) -> None:
        self._gate = gate

    async def let_through(self) -> None:
        await self._gate.open_up()

    async def feed(self) -> GateState:
        return await self._gate.read_gate()
