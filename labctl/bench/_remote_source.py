"""What the engine knows of one source whose guard has a process of its own: what it last said."""

from __future__ import annotations

from dataclasses import dataclass

from labctl.events import Beam
from labctl.talk import GuardSpec, Phase, SourceNews


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """Fulfils `AnyGuard`."""

    spec: GuardSpec
    news: SourceNews


def unheard(name: str) -> SourceNews:
    """What is known before the guard has said anything."""
    return SourceNews(name, Phase.DISARMED, Beam.UNKNOWN, "never read", 0, True, False, False)
