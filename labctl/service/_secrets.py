"""The service's tokens: from the environment, from files, else random at every start.

| variable | |
|---|---|
| `LABCTL_VIEWER_TOKEN`, `LABCTL_OPERATOR_TOKEN`, `LABCTL_ARM_CODE` | the value |
| the same with `_FILE` | a file that holds it, that only its owner can read |
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from labctl.errors import InputError
from labctl.service._access import Tokens

_SHORTEST, _SHORTEST_CODE = 24, 8
"""Characters; what is shorter can be guessed."""


def read_tokens(environment: Mapping[str, str] | None = None) -> tuple[Tokens, bool]:
    """The tokens, and whether somebody set the operator's by hand: then they are not printed."""
    given = os.environ if environment is None else environment
    viewer = _read("LABCTL_VIEWER_TOKEN", given, _SHORTEST)
    operator = _read("LABCTL_OPERATOR_TOKEN", given, _SHORTEST)
    code = _read("LABCTL_ARM_CODE", given, _SHORTEST_CODE)
    chosen = [token for token in (viewer, operator, code) if token]
    if len(set(chosen)) != len(chosen):
        raise InputError("two of the service's tokens are the same", where="LABCTL_*_TOKEN",
                         fix="Give each role one of its own.")  # fmt: skip
    tokens = Tokens(
        viewer or secrets.token_urlsafe(32),
        operator or secrets.token_urlsafe(32),
        (code or secrets.token_hex(5)).lower(),
    )
    return tokens, bool(chosen)


def _read(name: str, given: Mapping[str, str], shortest: int) -> str:
    value = given.get(name, "")
    file = given.get(f"{name}_FILE", "")
    if file:
        value = _from_file(Path(file).expanduser(), f"{name}_FILE")
    if value and len(value) < shortest:
        # What it is must not stand in a message.
        raise InputError(f"{name} has fewer than {shortest} characters", where=name,
                         fix="Take a random one: `openssl rand -hex 24`.")  # fmt: skip
    return value


def _from_file(path: Path, name: str) -> str:
    try:
        seen = path.stat()
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the file that {name} names cannot be read", where=str(path),
                         fix=type(error).__name__) from error  # fmt: skip
    if stat.S_IMODE(seen.st_mode) & 0o077:
        raise InputError("others can read this secret", where=str(path), fix=f"chmod 600 {path}")
    return text
