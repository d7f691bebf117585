"""A secret by the name of its variable: from the environment, from a file, or from a keyring.

| variable | holds |
|---|---|
| `NAME` | the secret itself |
| `NAME_FILE` | a file that holds it, which only its owner can read |
| `NAME_KEYRING` | `SERVICE/USER` in the system's keyring (the extra `keyring`) |

What a secret is never stands in an error.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from labctl.errors import InputError


def read_secret(name: str, environment: Mapping[str, str], *, shortest: int = 0) -> str:
    """The secret of this name, '' where nobody gave one. InputError for one that cannot be read,
    that others can read, that was given in two ways, or has fewer characters than `shortest`."""
    ways = [n for n in (name, f"{name}_FILE", f"{name}_KEYRING") if environment.get(n)]
    if not ways:
        return ""
    if len(ways) > 1:
        raise InputError("one secret was given in two ways", where=" and ".join(ways),
                         fix="Keep one of them.")  # fmt: skip
    (way,) = ways
    given = environment[way]
    if way.endswith("_FILE"):
        value = _from_file(Path(given).expanduser(), way)
    elif way.endswith("_KEYRING"):
        value = _from_keyring(given, way)
    else:
        value = given
    if len(value) < max(1, shortest):
        raise InputError(f"{name} has fewer than {max(1, shortest)} characters", where=way,
                         fix="Take a random one: `openssl rand -hex 24`.")  # fmt: skip
    return value


def _from_file(path: Path, way: str) -> str:
    try:
        seen = path.stat()
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the file that {way} names cannot be read", where=str(path),
                         fix=type(error).__name__) from error  # fmt: skip
    if stat.S_IMODE(seen.st_mode) & 0o077:
        raise InputError("others can read this secret", where=str(path), fix=f"chmod 600 {path}")
    return text


def _from_keyring(entry: str, way: str) -> str:
    service, slash, user = entry.rpartition("/")
    if not slash or not service or not user:
        raise InputError(f"{entry!r} names no entry of a keyring", where=way,
                         fix="Write it as SERVICE/USER, e.g. labctl/operator.")  # fmt: skip
    try:
        import keyring
    except ImportError:
        raise InputError("the package keyring is not installed", where=way,
                         fix='Install it: pip install "labctl[keyring]".') from None  # fmt: skip
    try:
        value = keyring.get_password(service, user)
    # Its backends have errors of their own, of which not all are the library's.
    except Exception as error:
        raise InputError(f"the keyring cannot be read: {type(error).__name__}", where=way,
                         fix="A service without a desktop session has none that is open: take a "
                             "file.") from error  # fmt: skip
    if value is None:
        raise InputError("the keyring has no such entry", where=f"{way}={entry}",
                         fix=f"keyring set {service} {user}")  # fmt: skip
    return str(value).strip()
