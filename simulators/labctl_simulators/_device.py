"""One instrument of a simulated bench, and how a statement speaks of channels and amounts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labctl_simulators.wire import Personality
from labctl_simulators.world import World

Plain = Mapping[str, Any]

PROBE_CHANNEL, AMBIENT_CHANNEL = 101, 102


@dataclass(frozen=True, slots=True)
class Device:
    """One instrument of the simulated bench."""

    name: str
    """Host part of its `sim://` address."""
    key: str
    """Its key in the bench file."""
    driver: str
    kind: str
    """`laser`, `scanner`, `meter`, `supply`, `shutter`, `deadman`, `plate`, `bath`, `pump` or
    `assay`."""
    personality: Personality
    probe_channel: int = PROBE_CHANNEL
    """For a scanner: the channel whose bead is in the sample."""
    channels: tuple[int, ...] = ()
    """For a scanner: the channels that something is wired to."""


def address_name(address: str, key: str) -> str:
    """`sim://NAME` -> NAME; an instrument reached otherwise goes by its key."""
    scheme, found, rest = address.partition("://")
    if not found or scheme != "sim":
        return key
    return re.split(r"[/?#]", rest, maxsplit=1)[0] or key


def sensors(
    world: World, key: str, listed: list[int], roles: Plain
) -> dict[int, Callable[[], float]]:
    """The thermocouples on these channels, the one in the sample first."""
    found = _role_channel(roles.get("probe"), key)
    probe = listed[0] if found is None else found
    ambient = _role_channel(roles.get("ambient"), key)
    second = _role_channel(roles.get("probe2"), key)
    if ambient is None:
        ambient = next((c for c in listed if c not in (probe, second)), None)
    sensors: dict[int, Callable[[], float]] = {probe: world.probe_degc}
    if second is not None and second != probe:
        sensors[second] = world.second_degc
    if ambient is not None and ambient not in sensors:
        sensors[ambient] = world.ambient_degc
    return sensors


def channels_of(said: Any) -> list[int]:
    """Channel numbers of a list, a mapping or a text such as `101:102, 105`."""
    if said is None:
        return []
    if isinstance(said, int):
        return [said]
    if isinstance(said, str):
        found: list[int] = []
        for part in re.findall(r"\d+(?:\s*[:-]\s*\d+)?", said):
            first, _, last = re.sub(r"\s", "", part).replace("-", ":").partition(":")
            found.extend(range(int(first), int(last or first) + 1))
        return found
    return [int(channel) for channel in said]


def amount(said: Any, otherwise: float) -> float:
    """Watts or volts of `4 W`, `4000 mW`, `2.5 V`."""
    found = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(m?)[WV]\s*", str(said or ""))
    return otherwise if found is None else float(found[1]) * (1e-3 if found[2] else 1.0)


def _role_channel(role: Any, key: str) -> int | None:
    """`scanner.101` -> 101, when it is this scanner's."""
    device, _, channel = str(role or "").partition(".")
    return int(channel) if device == key and channel.isdigit() else None
