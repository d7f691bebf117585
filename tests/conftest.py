"""What every test gets: virtual time by one word, and no leak that goes unseen.

A test that leaves an asyncio task, a thread, a child process or an open socket behind fails. What
lives longer on purpose belongs into a fixture of module or session scope: those are set up before
the count is taken.
"""

from __future__ import annotations

import asyncio
import asyncio.runners
import gc
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from labctl.clock import Clock, run_virtual

# As `labctl.cli` has it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

T = TypeVar("T")
Main = Callable[[Clock], Coroutine[Any, Any, T]]

ALLOWED_THREADS = ("MainThread", "pytest_timeout")
"""Beginnings of the names of threads that pytest and its plugins own."""
GRACE_S = 1.0
"""A thread that has been told to end may take this long to be gone."""


@pytest.fixture
def virtual() -> Callable[..., Any]:
    """Run `async def main(clock)` to its end in virtual time and hand back what it returns."""
    return run_virtual


@dataclass
class _Standing:
    """What was alive before a test."""

    threads: set[threading.Thread] = field(default_factory=set)
    children: set[int] = field(default_factory=set)
    sockets: set[str] = field(default_factory=set)


_STANDING = pytest.StashKey[_Standing]()
_pending_tasks: list[str] = []
_cancel_all_tasks = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined]


def _record_pending(loop: asyncio.AbstractEventLoop) -> None:
    """Runners cancel what is left over without a word; here it gets one."""
    for task in asyncio.all_tasks(loop):
        if not task.done():
            _pending_tasks.append(f"{task.get_name()} ({task.get_coro()!r})")
    _cancel_all_tasks(loop)


asyncio.runners._cancel_all_tasks = _record_pending  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _standing(request: pytest.FixtureRequest) -> Iterator[None]:
    _pending_tasks.clear()
    request.node.stash[_STANDING] = _Standing(set(threading.enumerate()), _children(), _sockets())
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Compare when everything that belongs to the test alone has been torn down."""
    yield
    standing = item.stash.get(_STANDING, None)
    if standing is None:
        return
    leaks = [f"asyncio task {name}" for name in _pending_tasks]
    _pending_tasks.clear()
    for thread in set(threading.enumerate()) - standing.threads:
        if thread.name.startswith(ALLOWED_THREADS):
            continue
        thread.join(GRACE_S)
        if thread.is_alive():
            leaks.append(f"thread {thread.name}")
    leaks += [f"child process {pid}: {_command(pid)}" for pid in _children() - standing.children]
    if _sockets() - standing.sockets:
        # One that only a reference cycle keeps is closed by the collector, with its own warning.
        gc.collect()
        leaks += [f"open {name}" for name in _sockets() - standing.sockets]
    if leaks:
        pytest.fail("left behind: " + "; ".join(leaks), pytrace=False)


def _children() -> set[int]:
    found: set[int] = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        try:
            found.update(int(pid) for pid in listing.read_text().split())
        except OSError:
            continue  # a thread that ended while we looked
    return {pid for pid in found if "resource_tracker" not in _command(pid)}


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return "gone"


def _sockets() -> set[str]:
    found: set[str] = set()
    try:
        handles = os.listdir("/proc/self/fd")
    except OSError:
        return found
    for handle in handles:
        try:
            target = os.readlink(f"/proc/self/fd/{handle}")
        except OSError:
            continue  # the handle of the listing itself
        if target.startswith("socket:"):
            found.add(target)
    return found
