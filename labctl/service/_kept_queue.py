"""The queue on disk: what waits and which keys were used, so that both outlive the service.

One JSON file beside the records, put there whole at each change before the change is answered.
Tokens and codes are not in it. A lock beside it keeps two services from one queue.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from labctl import platform
from labctl.errors import InputError, RecordError, RefusedError
from labctl.ready import Order
from labctl.service._queue import Item
from labctl.synced import write_whole

SCHEMA = "labctl.queue/1"
_WITHIN_S = 2.0
"""A disk that does not answer in so long refuses the change."""


class QueueFile:
    """Of one bench and one folder for records."""

    def __init__(self, runs_dir: Path, bench: str) -> None:
        self.path = runs_dir / f"service-queue-{bench}.json"
        self._runs_dir = runs_dir
        self._lock = platform.FileLock(runs_dir / f".service-queue-{bench}.lock")

    def take(self) -> None:
        """Have it alone until the process ends, or `release`. RefusedError where another service
        has it; RecordError for a folder that cannot be written."""
        try:
            self._runs_dir.mkdir(parents=True, exist_ok=True)
            alone = self._lock.try_exclusive()
        except OSError as error:
            raise RecordError("the folder for records cannot be written", seen=str(error),
                              where=str(self._runs_dir)) from error  # fmt: skip
        if not alone:
            raise RefusedError(
                "another service keeps this bench, with the same folder for records",
                where=str(self.path),
                fix="Use that one, or give --runs.",
            )

    def release(self) -> None:
        """Let another have it."""
        self._lock.release()

    def write(self, items: list[Item], shown: int, keys: Mapping[str, tuple[Any, str]]) -> str:
        """Put it there; what went wrong, or ''. `shown`: so many of the items, the last ones, are
        told; the others are there for their keys."""
        told = {
            "schema": SCHEMA,
            "shown": shown,
            "items": [_plain(item) for item in items],
            "keys": {key: {"asked": asked, "item": name} for key, (asked, name) in keys.items()},
        }
        return write_whole(self.path, json.dumps(told, ensure_ascii=True) + "\n", _WITHIN_S)

    def read(self) -> tuple[list[Item], int, dict[str, tuple[Any, str]]]:
        """As it was written last; nothing where there was none. InputError for one that cannot be
        read."""
        if not self.path.exists():
            return [], 0, {}
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
            if told["schema"] != SCHEMA:
                raise ValueError(f"schema {told['schema']}")
            items = [self._item(one) for one in told["items"]]
            keys = {key: (one["asked"], one["item"]) for key, one in told["keys"].items()}
            return items, int(told["shown"]), keys
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"the queue that was kept cannot be read: {type(error).__name__}: {error}",
                where=str(self.path),
                fix="Look what was ordered, and move the file away.",
            ) from error

    def _item(self, told: Mapping[str, Any]) -> Item:
        given = dict(told["order"])
        given["parameters"], given["faults"] = tuple(given["parameters"]), tuple(given["faults"])
        given["blank"] = None if given["blank"] is None else Path(given["blank"])
        rest = {name: value for name, value in told.items() if name != "order"}
        return Item(order=Order(**given, runs_dir=self._runs_dir), kept=True, **rest)


def _plain(item: Item) -> dict[str, Any]:
    told = {name: value for name, value in asdict(item).items() if name not in ("order", "kept")}
    order = asdict(item.order)
    del order["runs_dir"]
    order["blank"] = None if order["blank"] is None else str(order["blank"])
    return {**told, "order": order}
