"""A described thermometer, and a described power meter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.described._description import Description
from labctl.described._talk import Talk
from labctl.instruments import DriverSpec, Identity, Invalid, Port, Reading, Settings


class DescribedThermometer:
    """Reads the channels that its file lists, or those of them that the bench file asks for."""

    spec: ClassVar[DriverSpec]
    described: ClassVar[Description]

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._talk = Talk(port, self.described)
        known = {one.channel: one for one in self.described.thermometer}
        wanted = [str(c) for c in given.items("channels") or list(known)]
        if any(channel not in known for channel in wanted) or len(set(wanted)) != len(wanted):
            raise given.wrong("channels", f"some of {', '.join(known)}, each once")
        self._wanted = [known[channel] for channel in wanted]

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels read."""
        return tuple(one.channel for one in self._wanted)

    async def identify(self) -> Identity:
        """As the file says."""
        return await self._talk.identify()

    async def configure(self) -> None:
        """The commands under `start`."""
        for command in self.described.start:
            await self._talk.tell(command)

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """One exchange a channel."""
        return tuple([await self._talk.measure(one) for one in self._wanted])


class DescribedMeter:
    """Reads optical power, W."""

    spec: ClassVar[DriverSpec]
    described: ClassVar[Description]

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        Settings(self.spec, settings)
        self._talk = Talk(port, self.described)

    async def identify(self) -> Identity:
        """As the file says."""
        return await self._talk.identify()

    async def configure(self) -> None:
        """The commands under `start`."""
        for command in self.described.start:
            await self._talk.tell(command)

    async def read_power(self) -> Reading | Invalid:
        """One exchange."""
        meter = self.described.power_meter
        if meter is None:
            raise TypeError(f"{self.spec.name} describes no power meter")
        return await self._talk.measure(meter)
