"""Topics, session ids and how both are spelled.

A name in a topic is `[a-z0-9_-]{1,64}`: nothing that MQTT, a shell or a URL would read otherwise.
"""

from __future__ import annotations

import re
import secrets

from labctl import clock
from labctl.errors import InputError, RefusedError
from labctl.events import Mode

ROOT = "labctl/v1"
"""Simulated and real benches; every payload says which."""
REPLAY_ROOT = "labctl-replay/v1"
"""Replays: nobody who watches a bench may take an old run for it."""

_NOT_A_NAME = re.compile(r"[^a-z0-9_-]+")
_LEVEL = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LIVE = (ROOT.partition("/")[0], "homeassistant")
"""First levels that are not a replay's."""
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def name(text: str) -> str:
    """`text` as one level of a topic; whatever cannot stand there becomes `-`."""
    return _NOT_A_NAME.sub("-", text.lower()).strip("-")[:64].rstrip("-") or "unnamed"


def root(mode: Mode) -> str:
    """The root of the topics of a mode."""
    return REPLAY_ROOT if mode is Mode.REPLAY else ROOT


def check_replay_root(text: str) -> str:
    """`text` as the root of a replay's topics: names of letters, digits, `_` and `-` between `/`.
    InputError for anything else, and RefusedError for where benches publish, or look."""
    levels = text.split("/")
    if not all(_LEVEL.fullmatch(level) for level in levels) or len(levels) > 8:
        raise InputError(
            f"{text!r} is no root of topics", where="--root",
            fix=f"Write names between slashes, as {REPLAY_ROOT}.",
        )  # fmt: skip
    if levels[0].lower() in _LIVE:
        raise RefusedError(
            "a replay is never published where benches are", where="--root", seen=text,
            fix=f"Leave --root out: it is {REPLAY_ROOT}.",
        )  # fmt: skip
    return text


def channel_topic(channel: str) -> str:
    """`probe.temperature` -> `last/probe/temperature`."""
    return "/".join(["last", *(name(part) for part in channel.split("."))])


def matches(asked: str, topic: str) -> bool:
    """Whether a topic is one of those asked for, `+` being any level and a last `#` any rest."""
    levels = topic.split("/")
    for at, wanted in enumerate(asked.split("/")):
        if wanted == "#":
            return True
        if at >= len(levels) or wanted not in ("+", levels[at]):
            return False
    return len(levels) == asked.count("/") + 1


def new_session() -> str:
    """A ULID: 48 bits of wall time in milliseconds, 80 random ones; sorts by time."""
    number = (clock.wall_utc_ns() // 1_000_000 << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
