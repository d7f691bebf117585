"""The end of a channel that is asked: what is said is handed on at once, each numbered request has
a task of its own, and what goes wrong with any of it is the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from labctl.talk._process import Asked, Dropped
from labctl.talk._wire import Channel, WireError

_AT_ONCE = 64
"""An end that has so many requests under way is ill."""


class Serving:
    """Hears from `begin` to `end`."""

    def __init__(
        self,
        channel: Channel,
        take: Callable[[object], None],
        answer: Callable[[Asked], Awaitable[None]],
        on_end: Callable[[str], None],
    ) -> None:
        """`take` is given what is no request, and raises WireError for what it does not expect;
        `answer` sends its answer itself, and is cancelled when nobody waits for it any more.
        `on_end` is told why nothing more is to be heard, maybe more than once."""
        self._channel = channel
        self._take = take
        self._answer = answer
        self._on_end = on_end
        self._asked: dict[int, asyncio.Task[None]] = {}

    def begin(self) -> None:
        """Hear."""
        asyncio.get_running_loop().add_reader(self._channel, self._hear)

    def end(self) -> list[asyncio.Task[None]]:
        """Hear no more; the requests that are still being answered."""
        asyncio.get_running_loop().remove_reader(self._channel)
        return list(self._asked.values())

    def send(self, message: object) -> None:
        """Say something."""
        try:
            self._channel.send(message)
        except WireError as error:
            self._on_end(f"engine: {error}")

    def _hear(self) -> None:
        try:
            for message in self._channel.receive():
                self._sort(message)
        except WireError as error:
            self._on_end(f"engine: {error}")
        except Exception as error:
            # Whatever it is, what was said is not understood.
            self._on_end(f"a fault in the guard: {error!r}")

    def _sort(self, message: object) -> None:
        match message:
            case Asked():
                if message.number in self._asked or len(self._asked) >= _AT_ONCE:
                    raise WireError("too many requests, or one number twice")
                task = asyncio.ensure_future(self._answer(message))
                self._asked[message.number] = task
                task.add_done_callback(partial(self._answered, message.number))
            case Dropped():
                if message.number in self._asked:
                    self._asked[message.number].cancel()
            case _:
                self._take(message)

    def _answered(self, number: int, task: asyncio.Task[None]) -> None:
        self._asked.pop(number, None)
        if not task.cancelled() and task.exception() is not None:
            self._on_end(f"a fault in the guard: {task.exception()!r}")
