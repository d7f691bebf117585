"""What the engine knows of one source whose guard has a process of its own: what it last said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from labctl import talk
from labctl.events import Beam
from labctl.guard import GuardReadings, GuardSpec, Phase


class RemoteSource:
    """Fulfils `AnyGuard`."""

    def __init__(
        self,
        name: str,
        spec: GuardSpec,
        news: Callable[[], talk.SourceNews | None],
        readings: Callable[[], Awaitable[Mapping[str, GuardReadings]]],
    ) -> None:
        """`news` is what was last said of it, None before anything was; `readings` has the guard
        read all its instruments now."""
        self.spec = spec
        self._name = name
        self._news = news
        self._readings = readings

    @property
    def phase(self) -> Phase:
        news = self._news()
        return Phase.DISARMED if news is None else news.phase

    @property
    def can_confirm(self) -> bool:
        news = self._news()
        return news is None or news.can_confirm

    @property
    def lit_ns(self) -> int:
        news = self._news()
        return 0 if news is None else news.lit_ns

    def emission(self) -> tuple[Beam, str]:
        """What is known of the beam, and how."""
        news = self._news()
        return (Beam.UNKNOWN, "never read") if news is None else (news.beam, news.how)

    async def read(self) -> GuardReadings:
        """Have the guard read its instruments now."""
        return (await self._readings())[self._name]
