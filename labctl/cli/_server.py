"""A service of `labctl serve`, as the command line speaks to it: one request, one answer.

Only the standard library speaks here. The token comes from `$LABCTL_TOKEN` (or `_FILE`, or
`_KEYRING`: `labctl.secret`), else from the card that a service of this user on this computer leaves
in the runtime folder.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import click

from labctl import platform
from labctl.cli._visible import visible
from labctl.errors import (
    InputError,
    InstrumentError,
    LabctlError,
    Problem,
    RecordError,
    RefusedError,
)
from labctl.secret import read_secret

_TIMEOUT_S = 30.0
_HERE = ("127.0.0.1", "localhost", "::1")
_LONG_S = 90.0
"""A report is made anew."""
_LONGEST = 64 * 1024 * 1024
"""Bytes of one answer; a report is far below."""
_QUIET_S = 10.0
"""A stream says something each second; this long without a word is lost contact."""


@dataclass(frozen=True, slots=True)
class Server:
    """A service, and what opens it."""

    url: str
    token: str
    arm_code: str = ""

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """What it says. LabctlError in its own words where it refuses."""
        return self._told(self._read(method, path, body, key, _TIMEOUT_S))

    def text(self, path: str) -> str:
        """What it says where it is no JSON."""
        return self._read("GET", path, None, "", _LONG_S).decode("utf-8", "replace")

    def lines(self, path: str) -> Iterator[dict[str, Any]]:
        """A stream, object by object, until its last word. InstrumentError when it falls silent, or
        ends without."""
        try:
            with self._open("GET", path, None, "", _QUIET_S) as said:
                while line := said.readline(_LONGEST):
                    told = self._told(line)
                    if not isinstance(told, dict):
                        raise self._no_service("a line that is no JSON object")
                    yield told
                    if "bye" in told:
                        return
            raise ConnectionError("it ended without its last word")
        except (OSError, HTTPException) as error:
            raise self._lost(error) from error

    def armed(self) -> Server:
        """With the right to arm, where its code is known; else as it is."""
        if not self.arm_code:
            return self
        try:
            token = self.ask("POST", "/arm", {"code": self.arm_code})["token"]
        except RefusedError:
            # A REAL bench is armed at the bench.
            return self
        return Server(self.url, token)

    def _read(self, method: str, path: str, body: Any, key: str, timeout_s: float) -> bytes:
        try:
            with self._open(method, path, body, key, timeout_s) as said:
                read: bytes = said.read(_LONGEST + 1)
        except (OSError, HTTPException) as error:
            raise self._lost(error) from error
        if len(read) > _LONGEST:
            raise self._no_service(f"more than {_LONGEST} bytes")
        return read

    def _told(self, text: bytes) -> Any:
        def whole(pairs: dict[str, Any]) -> _Object:
            return _Object(self.url, pairs)

        try:
            return json.loads(text, object_hook=whole)
        except (ValueError, RecursionError) as error:
            raise self._no_service(f"no JSON: {error}") from None

    def _lost(self, error: Exception) -> InstrumentError:
        return InstrumentError("LOST CONTACT: the beam is UNKNOWN, treat it as ON",
                               where=self.url, seen=str(error) or type(error).__name__,
                               fix="The interlock or the key puts it out.")  # fmt: skip

    def _no_service(self, seen: str) -> InstrumentError:
        return _no_service(self.url, seen)

    def _open(self, method: str, path: str, body: Any, key: str, timeout_s: float) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}", data=data, headers=headers, method=method
        )
        try:
            return _opener(self.url).open(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                raise _as_error(self.url, error.code, error.read(_LONGEST)) from None
        except (urllib.error.URLError, OSError, HTTPException) as error:
            raise InstrumentError(
                "no service answers there",
                where=self.url,
                seen=str(getattr(error, "reason", error)),
                fix="Is `labctl serve` running?",
            ) from None


class _Object(dict[str, Any]):
    """What was said. Asked for what is not in it, whoever said it is no service of this version."""

    def __init__(self, url: str, pairs: dict[str, Any]) -> None:
        super().__init__(pairs)
        self._url = url

    def __missing__(self, key: str) -> Any:
        raise _no_service(self._url, f"an answer without {key!r}")


def _no_service(url: str, seen: str) -> InstrumentError:
    return InstrumentError("what answers there is no service of labctl's, or of another version",
                           where=url, seen=visible(seen),
                           fix="Nothing is known of the beam: treat it as ON.")  # fmt: skip


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The service sends nobody elsewhere; whoever does shall not be given its token."""

    def redirect_request(self, *given: Any) -> None:
        return None


def _opener(url: str) -> urllib.request.OpenerDirector:
    """What is on this computer is not asked for through a proxy of the environment."""
    more = [urllib.request.ProxyHandler({})] if urlsplit(url).hostname in _HERE else []
    return urllib.request.build_opener(_NoRedirect, *more)


def _as_error(url: str, status: int, text: bytes) -> LabctlError:
    try:
        said = json.loads(text)["error"]
        what, seen, fix = (visible(str(said.get(name, ""))) for name in ("what", "seen", "fix"))
        problems = [
            Problem(visible(str(p["code"])), visible(str(p["message"])), line=int(p["line"]),
                    column=int(p["column"]), source=visible(str(p["source"])),
                    fix=visible(str(p["fix"])))
            for p in said.get("problems", ())
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        what, seen, fix, problems = f"status {status}", "", "", []
    if problems:
        return InputError(what, problems=problems, where=url)
    if status in (401, 403, 409, 429):
        return RefusedError(what, where=url, seen=seen, fix=fix)
    if status >= 500:
        return RecordError(what, where=url, seen=seen, fix=fix)
    return InputError(what, where=url, fix=fix)


def find_server(url: str) -> Server:
    """The service at this address, with the token that opens it."""
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
        raise InputError(f"{url!r} is no address of a service", where="--server",
                         fix="Write it as http://127.0.0.1:8088.")  # fmt: skip
    base = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme == "http" and parts.hostname not in _HERE:
        raise InputError(
            "a token would travel to another computer in clear",
            where=base,
            fix="Use https://, or a tunnel: `ssh -L 8088:127.0.0.1:8088 HOST`.",
        )
    token = read_secret("LABCTL_TOKEN", os.environ)
    if token:
        return Server(base, token, read_secret("LABCTL_ARM_CODE", os.environ))
    for card in sorted(platform.runtime_dir().glob("service-*.json")):
        about = json.loads(card.read_text(encoding="utf-8"))
        if base in about.get("origins", ()) and platform.is_alive(int(about["pid"])):
            return Server(base, about["operator"], about["arm_code"])
    raise InputError(
        "no token is known for this service",
        where=base,
        fix="Set LABCTL_TOKEN or LABCTL_TOKEN_FILE to the one that it printed at its start.",
    )


def shown(words: object) -> None:
    """A line of what a service said, whoever said it there: it moves no cursor."""
    click.echo(visible(str(words)))


def parameters_of(texts: tuple[str, ...]) -> dict[str, str]:
    """`-p NAME=VALUE`, as an order has them. InputError for what sets none."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(
                f"{text!r} sets no parameter", where="-p", fix="For example power=1.2W."
            )
        found[name.strip()] = value.strip()
    return found
