"""What ends a run from outside: how signals are heard, with and without a loop.

While anybody hears them no signal has its default handler for any moment: one is put in the place
of another, so the second of two ends nothing by itself, however busy the machine. (asyncio's own
way back goes by the default, and a process with threads cannot hold a signal back meanwhile.)
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Each asks for the end of a run: Ctrl-C, `kill`, a closed terminal."""

RUN_ONLY = signal.SIGUSR1
"""Asks a service for the end of its run alone; such a run says so in its announcement."""


def on_signals(
    loop: asyncio.AbstractEventLoop,
    callback: Callable[[str], object],
    at_once: Callable[[str], object] = lambda name: None,
) -> Callable[[], None]:
    """Call `callback("SIGINT")` and so on, on the loop, for each stop signal; from now on none of
    them ends the process by itself. Returns what restores the handlers that were there before.
    `at_once` may only leave word; it also hears one for which the loop has no turn left.

    A SIGHUP that is ignored stays so: so `nohup` keeps a run alive. Main thread only."""

    def hear(number: int, _: object) -> None:
        name = signal.Signals(number).name
        at_once(name)
        loop.call_soon_threadsafe(callback, name)

    # The kernel may give a signal to any thread, and Python hears it on this one only: it is woken.
    woken, wake = socket.socketpair()
    woken.setblocking(False)
    wake.setblocking(False)
    loop.add_reader(woken, woken.recv, 4096)
    woke_before = signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    before = {
        number: signal.signal(number, hear)
        for number in STOP_SIGNALS
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
    }

    def restore() -> None:
        _handle_as(before)
        signal.set_wakeup_fd(woke_before)
        loop.remove_reader(woken)
        woken.close()
        wake.close()

    return restore


def hear_signals(callback: Callable[[str], object]) -> Callable[[], None]:
    """As `on_signals`, without a loop, and for `RUN_ONLY` too; `callback` may only leave word."""
    heard = [s for s in (*STOP_SIGNALS, RUN_ONLY) if signal.getsignal(s) is not signal.SIG_IGN]
    before = {s: signal.signal(s, lambda got, _: callback(signal.Signals(got).name)) for s in heard}

    return lambda: _handle_as(before)


def _handle_as(before: Mapping[signal.Signals, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
