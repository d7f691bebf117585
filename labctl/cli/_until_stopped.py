"""For verbs that a person ends: work in real time until Ctrl-C, `kill` or a closed terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from labctl import signals
from labctl.clock import Clock, run_real


def until_stopped(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Carry `work` out until it returns, raises, or a signal asks for the end.

    A person's end is how these verbs end, so it is no error; `work` is cancelled and may clean up.
    """

    async def main(clock: Clock) -> None:
        task = asyncio.ensure_future(work())
        restore = signals.on_signals(asyncio.get_running_loop(), lambda name: task.cancel())
        try:
            await asyncio.wait([task])
        finally:
            restore()
        if not task.cancelled():
            task.result()

    run_real(main)
