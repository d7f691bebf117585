"""Runs that wait for the bench, in order; started once for each idempotency key.

Both outlive the service (decision 0033): what waited comes back held, and what was on is lost.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from labctl.errors import Exit, RecordError, RefusedError
from labctl.ready import Order

KEPT = 50
"""Of those that are over."""
MOST = 200
"""That may wait."""
_KEYS = 300
GOES_ON = (Exit.PASS, Exit.CHECK_FAILED, Exit.CANNOT_TELL)
"""A queue goes on after these; after any other end somebody looks first."""


@dataclass(slots=True, eq=False)
class Item:
    """One order and what became of it."""

    id: str
    order: Order
    by: str
    at_most_s: float
    lights: bool
    speed: float | None = None
    """None: what the service takes."""
    state: str = "waiting"
    run: str | None = None
    outcome: str | None = None
    verdict: str | None = None
    exit_code: int | None = None
    why: str = ""
    kept: bool = False
    """On disk; nothing is begun that is not."""

    def told(self) -> dict[str, Any]:
        """In names, but for its `why`."""
        given = dict(text.partition("=")[::2] for text in self.order.parameters)
        return {
            "id": self.id,
            "protocol": _name(self.order.protocol), "sample": _name(self.order.sample),
            "parameters": given, "faults": list(self.order.faults), "by": self.by,
            "state": self.state, "at_most_s": self.at_most_s, "lights": self.lights,
            "run": self.run, "outcome": self.outcome, "verdict": self.verdict,
            "exit_code": self.exit_code, "why": self.why,
        }  # fmt: skip


def _name(of: str | None) -> str | None:
    """A name instead of a place on this machine."""
    return None if of is None else Path(of).stem


@dataclass(slots=True)
class _Key:
    asked: Any
    item: Item


class Keeps(Protocol):
    """Puts a queue on disk, and takes it from there."""

    def write(self, items: list[Item], shown: int, keys: Mapping[str, tuple[Any, str]]) -> str:
        """What went wrong, or ''."""
        ...

    def read(self) -> tuple[list[Item], int, dict[str, tuple[Any, str]]]: ...


@dataclass(slots=True)
class Queue:
    """Any thread. `changed` is called, outside the lock, after each change; nothing waits for the
    disk with the lock held."""

    changed: Callable[[], None] = lambda: None
    named: Callable[[str], str] = lambda text: text
    """Puts names in the place of places, in what is told."""
    disk: Keeps | None = None
    """None: it ends with the process."""
    held: str = ""
    """Why it does not go on; '' when it does."""
    holds: int = 0
    """Which hold it is, counted since the service began."""
    stops: int = 0
    """How often somebody asked to stop, or it was held."""
    _items: list[Item] = field(default_factory=list)
    _keys: OrderedDict[str, _Key] = field(default_factory=OrderedDict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def restore(self, became: Callable[[Item], None]) -> None:
        """Take back what was kept, before anything else. What waits is held; of what was on when
        the service died `became` says what is left. InputError."""
        if self.disk is None:
            return
        items, shown, keys = self.disk.read()
        for item in items:
            if item.state == "running":
                became(item)
        by_id = {item.id: item for item in items}
        self._items = items[len(items) - shown :]
        self._keys = OrderedDict(
            (key, _Key(asked, by_id[name])) for key, (asked, name) in keys.items() if name in by_id
        )
        self._numbers = itertools.count(1 + max((int(item.id[1:]) for item in items), default=0))
        if any(item.state == "waiting" for item in items):
            lost = next((item for item in items if item.state == "lost"), None)
            self._hold(
                "the service was started anew"
                + (f"; {lost.id}, {_name(lost.order.protocol)}, was on: {lost.why}" if lost else "")
            )
        self._write()

    def _hold(self, why: str) -> None:
        self.held = why
        self.holds += 1

    def _write(self, taken: Item | None = None) -> str:
        """Put it on disk as it is now, `taken` among the rest; what went wrong, or ''."""
        with self._writing:
            with self._lock:
                shown = list(self._items)
                named = [one.item for one in self._keys.values() if one.item not in shown]
                keys = {key: (one.asked, one.item.id) for key, one in self._keys.items()}
            why = self.disk.write([*named, *shown], len(shown), keys) if self.disk else ""
            if taken is not None and not why:
                taken.kept = True
            return why

    def _must_write(self, taken: Item | None = None) -> None:
        why = self._write(taken)
        # Another may have put it there meanwhile, who asked with the same key.
        if why and not (taken is not None and taken.kept):
            raise RecordError("the queue cannot be written", seen=why, fix="Free space.")

    def known(self, key: str, asked: Any) -> Item | None:
        """What was made for this key before. RefusedError when it was asked for something else."""
        with self._lock:
            found = self._keys.get(key)
        if found is None:
            return None
        if found.asked != asked:
            raise RefusedError(
                "this Idempotency-Key was used for another order",
                seen=key,
                fix="Take a new key for a new order.",
            )
        return found.item

    def again(self, item: Item) -> Item:
        """The same one, asked for once more; nobody is told of it before it is on disk.
        RecordError."""
        if not item.kept:
            self._must_write(item)
        return item

    def add(
        self,
        order: Order,
        *,
        by: str,
        at_most_s: float,
        lights: bool,
        speed: float | None = None,
        key: str | None = None,
        asked: Any = None,
        only_if_idle: bool = False,
        stops: int | None = None,
    ) -> Item:
        """Put an order at the end; the same key, the same item. RefusedError when there is no room,
        or, with `only_if_idle`, when something runs or waits, or somebody asked to stop since
        `stops` was read."""
        with self._lock:
            before = None if key is None else self.known(key, asked)
            if before is None:
                item = self._new(order, by, at_most_s, lights, speed, key, asked,
                                 only_if_idle=only_if_idle, stops=stops)  # fmt: skip
        if before is not None:
            return self.again(before)
        try:
            self._must_write(item)
        except RecordError:
            with self._lock:
                self._items.remove(item)
                if key is not None:
                    self._keys.pop(key, None)
            raise
        self.changed()
        return item

    def _new(
        self,
        order: Order,
        by: str,
        at_most_s: float,
        lights: bool,
        speed: float | None,
        key: str | None,
        asked: Any,
        *,
        only_if_idle: bool,
        stops: int | None,
    ) -> Item:
        """With the lock held: one more of them."""
        busy = [item for item in self._items if item.state in ("waiting", "running")]
        if only_if_idle and busy:
            raise RefusedError("the bench is taken", seen=f"{busy[0].id} is {busy[0].state}",
                               fix="Put it in the queue.")  # fmt: skip
        if only_if_idle and stops is not None and stops != self.stops:
            raise RefusedError("somebody asked to stop while this was looked at",
                               seen=self.held, fix="Look, and start it anew.")  # fmt: skip
        if len(busy) >= MOST:
            raise RefusedError(f"{MOST} runs wait already", fix="Cancel some.")
        item = Item(f"q{next(self._numbers)}", order, by, at_most_s, lights, speed)
        self._items.append(item)
        if only_if_idle:
            # Whoever starts one run by hand has looked.
            self.held = ""
        if key is not None:
            self._keys[key] = _Key(asked, item)
            while len(self._keys) > _KEYS:
                self._keys.popitem(last=False)
        return item

    @property
    def run_in_hand(self) -> str:
        """The record of what runs, day and folder; '' without one. Waits for no lock: it is asked
        for right behind a stop."""
        return next((item.run or "" for item in list(self._items) if item.state == "running"), "")

    def take(self) -> Item | None:
        """The next one, running from now on; None while none waits or the queue is held."""
        with self._lock:
            if self.held:
                return None
            item = next((i for i in self._items if i.state == "waiting"), None)
            if item is None or not item.kept:
                return None
            item.state = "running"
        if why := self._write():
            # A run that was forgotten would come back as one that waits, and be begun twice.
            with self._lock:
                item.state = "waiting"
                self._hold(f"the queue cannot be written: {why}")
            self.changed()
            return None
        self.changed()
        return item

    def begun(self, item: Item, run: str) -> None:
        """Its record is open."""
        item.run = run
        self._write()

    def over(self, item: Item, state: str, exit_code: int | None, **said: Any) -> None:
        """A run is over, or was refused."""
        with self._lock:
            item.state, item.exit_code = state, exit_code
            for name, value in said.items():
                setattr(item, name, value)
            if state == "refused" or (exit_code is not None and exit_code not in GOES_ON):
                waits = any(i.state == "waiting" for i in self._items)
                if waits:
                    self._hold(
                        f"{item.id}, {_name(item.order.protocol)}: {item.why or item.outcome}"
                    )
            done = [i for i in self._items if i.state not in ("waiting", "running")]
            for old in done[:-KEPT]:
                self._items.remove(old)
        if (fault := self._write()) and any(i.state == "waiting" for i in self._items):
            self.hold(f"the queue cannot be written: {fault}")
        self.changed()

    def go_on(self, number: int | None = None) -> None:
        """Somebody has looked. RefusedError where it is not held, or where it was held anew since
        the hold of this number, which they looked at."""
        with self._lock:
            if not self.held:
                raise RefusedError("the queue is not held")
            if number is not None and number != self.holds:
                raise RefusedError("it was held anew meanwhile", seen=self.held)
            self.held = ""
        self.changed()

    def hold(self, why: str) -> None:
        """Nothing begins until somebody has looked."""
        with self._lock:
            self._hold(why)
            self.stops += 1
        self.changed()

    def stopped(self, why: str) -> None:
        """Somebody asked to stop: what waits is held, and an order that is looked at right now is
        not begun."""
        with self._lock:
            self.stops += 1
            if not self.held and any(item.state == "waiting" for item in self._items):
                self._hold(why)
        self.changed()

    def cancel(self, name: str) -> Item:
        """Take one out that waits. LookupError: there is none; RefusedError: it waits no more."""
        with self._lock:
            item = self._waiting(name)
            item.state = "cancelled"
        self._must_write()
        self.changed()
        return item

    def move(self, name: str, to: int) -> Item:
        """Another place among those that wait, counted from 0."""
        with self._lock:
            item = self._waiting(name)
            self._items.remove(item)
            waits = [i for i in self._items if i.state == "waiting"]
            before = waits[to] if to < len(waits) else None
            place = len(self._items) if before is None else self._items.index(before)
            self._items.insert(place, item)
        self._must_write()
        self.changed()
        return item

    def told(self) -> dict[str, Any]:
        """As it travels."""
        with self._lock:
            return {
                "items": [self.item_told(item) for item in self._items],
                "held": self.named(self.held),
                "hold": self.holds if self.held else 0,
            }

    def item_told(self, item: Item) -> dict[str, Any]:
        """One of them."""
        told = item.told()
        return {**told, "why": self.named(told["why"])}

    def _waiting(self, name: str) -> Item:
        item = next((i for i in self._items if i.id == name), None)
        if item is None:
            raise LookupError(name)
        if item.state != "waiting":
            raise RefusedError(f"{name} does not wait any more", seen=item.state)
        return item
