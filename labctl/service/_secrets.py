"""The service's tokens: from the environment, from files, else random at every start.

| variable | |
|---|---|
| `LABCTL_VIEWER_TOKEN`, `LABCTL_OPERATOR_TOKEN`, `LABCTL_ARM_CODE` | the value |
| the same with `_FILE`, `_KEYRING` | where it is (`labctl.secret`) |
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping

from labctl.errors import InputError
from labctl.secret import read_secret
from labctl.service._access import Tokens

_SHORTEST, _SHORTEST_CODE = 24, 8
"""Characters; what is shorter can be guessed."""


def read_tokens(environment: Mapping[str, str] | None = None) -> tuple[Tokens, bool]:
    """The tokens, and whether somebody set the operator's by hand: then they are not printed."""
    given = os.environ if environment is None else environment
    viewer = read_secret("LABCTL_VIEWER_TOKEN", given, shortest=_SHORTEST)
    operator = read_secret("LABCTL_OPERATOR_TOKEN", given, shortest=_SHORTEST)
    code = read_secret("LABCTL_ARM_CODE", given, shortest=_SHORTEST_CODE)
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
