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
from typing import Any
from urllib.parse import urlsplit

from labctl import platform
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
        with self._open(method, path, body, key, _TIMEOUT_S) as said:
            return json.loads(said.read())

    def text(self, path: str) -> str:
        """What it says where it is no JSON."""
        with self._open("GET", path, None, "", _LONG_S) as said:
            return str(said.read().decode("utf-8"))

    def lines(self, path: str) -> Iterator[dict[str, Any]]:
        """A stream, object by object, until it ends. InstrumentError when it falls silent."""
        try:
            with self._open("GET", path, None, "", _QUIET_S) as said:
                for line in said:
                    yield json.loads(line)
        except (TimeoutError, ConnectionError) as error:
            raise InstrumentError("LOST CONTACT: the beam is UNKNOWN, treat it as ON",
                                  where=self.url, seen=str(error)) from error  # fmt: skip

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
                raise _as_error(self.url, error.code, error.read()) from None
        except (urllib.error.URLError, OSError) as error:
            raise InstrumentError(
                "no service answers there",
                where=self.url,
                seen=str(getattr(error, "reason", error)),
                fix="Is `labctl serve` running?",
            ) from None


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
    except (ValueError, KeyError, TypeError):
        said = {"what": f"status {status}"}
    what, seen, fix = (str(said.get(name, "")) for name in ("what", "seen", "fix"))
    if said.get("problems"):
        problems = [
            Problem(str(p["code"]), str(p["message"]), line=int(p["line"]), column=int(p["column"]),
                    source=str(p["source"]), fix=str(p["fix"]))
            for p in said["problems"]
        ]  # fmt: skip
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
