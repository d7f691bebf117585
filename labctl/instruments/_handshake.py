"""How a `sim+` address proves its claim: the server answers in the simulator's own words.

No instrument understands the question, so an answer to it means that nothing real is there. An
address that claims and does not answer is refused: it may be real.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labctl.errors import IdentityError, PortProtocolError, PortTimeoutError
from labctl.instruments._port import Line
from labctl.instruments._raw import RawPort

_HELLO = b"~labctl-sim?\n"
_TRUTH = b"~labctl-truth?\n"
_PREFIX = b"labctl-sim/1 "
_ANSWER_S = 2.0
_TRUTH_S = 10.0
_TRUTH_AT_MOST = 1 << 26


async def shake_hands(port: RawPort, where: str) -> Mapping[str, Any]:
    """What the simulator says of itself; IdentityError when there is none."""
    fix = "Nothing proves that it is simulated: start `labctl sim serve`, or write it without sim+."
    try:
        line = await port.exchange(_HELLO, Line(b"\n"), timeout_s=_ANSWER_S)
    except (PortTimeoutError, PortProtocolError) as error:
        raise IdentityError(
            "no answer to the simulator's handshake", where=where, seen=error.seen, fix=fix
        ) from error
    if not line.startswith(_PREFIX):
        raise IdentityError(
            "not the simulator's handshake", where=where, seen=repr(line[:60]), fix=fix
        )
    return _object(line[len(_PREFIX) :], where)


async def ask_truth(port: RawPort, where: str) -> Mapping[str, Any]:
    """The truth of a served simulation, for `truth.json`."""
    # One that is dead is not waited for: what answers no short question answers no long one.
    await shake_hands(port, where)
    line = await port.exchange(_TRUTH, Line(b"\n", _TRUTH_AT_MOST), timeout_s=_TRUTH_S)
    return _object(line, where)


def _object(line: bytes, where: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise PortProtocolError(
            "the simulator's answer is not JSON", where=where, seen=repr(line[:60])
        ) from error
    if not isinstance(value, dict):
        raise PortProtocolError(
            "the simulator's answer is no object", where=where, seen=repr(line[:60])
        )
    return value
