"""Who may do what: tokens, roles, scopes, the short-lived right to arm, one-time tickets.

Tokens are compared in constant time and kept as hashes; none is ever written to a log. Every role
may stop. The right to arm is bought with a code that is shown at the service's own terminal, holds
for minutes, and is worth something on a SIMULATED bench only: on a REAL one arming is an act at the
bench, which no request performs.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from labctl import clock

ARM_S = 300.0
"""How long a right to arm holds."""
TICKET_S = 5.0
"""How long a ticket may wait to be used."""
_TRIES, _TRIES_S = 10, 60.0
"""Wrong codes or tokens from one address in so many seconds; then it is not looked at."""
_TICKETS = 1000
_ADDRESSES = 1000
"""Of which wrong ones are remembered; more are forgotten with all the rest."""


class Scope(StrEnum):
    """What a route asks for."""

    PUBLIC = "public"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ARM = "arm"


class Role(StrEnum):
    """Who somebody is, by the token that was given."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ARM = "arm"


SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.VIEWER: frozenset({Scope.PUBLIC, Scope.VIEWER}),
    Role.OPERATOR: frozenset({Scope.PUBLIC, Scope.VIEWER, Scope.OPERATOR}),
    Role.ARM: frozenset({Scope.PUBLIC, Scope.VIEWER, Scope.OPERATOR, Scope.ARM}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody whose token was right."""

    role: Role
    address: str
    """Of the network, without a port."""
    until_ns: int | None = None
    """Real time at which the right ends; None: with the service."""

    def may(self, scope: Scope) -> bool:
        """Whether this role has the scope."""
        return scope in SCOPES[self.role]

    @property
    def who(self) -> str:
        """For records: `operator at 127.0.0.1`."""
        return f"{self.role.value} at {self.address}"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What opens the service."""

    viewer: str
    operator: str
    arm_code: str

    @classmethod
    def new(cls) -> Tokens:
        """Random ones."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_hex(5))


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class Access:
    """Looks at tokens. Any thread."""

    def __init__(self, tokens: Tokens) -> None:
        self._roles = {
            _hashed(tokens.viewer): Role.VIEWER,
            _hashed(tokens.operator): Role.OPERATOR,
        }
        self._code = _hashed(tokens.arm_code)
        self._lock = threading.Lock()
        self._grants: dict[bytes, int] = {}
        self._tickets: dict[bytes, tuple[Principal, int]] = {}
        self._failed: dict[str, Sequence[int]] = {}

    def who(self, token: str, address: str) -> Principal | None:
        """Whoever this token belongs to; None for nobody."""
        given = _hashed(token)
        found: Principal | None = None
        # All are compared, so that the time says nothing.
        for known, role in self._roles.items():
            if hmac.compare_digest(known, given):
                found = Principal(role, address)
        now_ns = clock.real_ns()
        with self._lock:
            self._forget(now_ns)
            for known, until_ns in self._grants.items():
                if hmac.compare_digest(known, given):
                    found = Principal(Role.ARM, address, until_ns)
            if found is None:
                self._wrong(address, now_ns)
        return found

    def _wrong(self, address: str, now_ns: int) -> None:
        """Bounded, as nobody needs a token to be wrong: it is looked through with every request."""
        if len(self._failed) >= _ADDRESSES and address not in self._failed:
            self._failed.clear()
        self._failed[address] = [*self._failed.get(address, ())[-_TRIES:], now_ns]

    def locked_out(self, address: str) -> bool:
        """Too many wrong ones came from there. A right token is taken all the same: nobody can keep
        another from stopping."""
        with self._lock:
            self._forget(clock.real_ns())
            return len(self._failed.get(address, ())) > _TRIES

    def grant(self, code: str, principal: Principal) -> str | None:
        """A token with the right to arm, for the code that is shown at the terminal; None for
        another code."""
        right = hmac.compare_digest(self._code, _hashed(code.strip().lower()))
        now_ns = clock.real_ns()
        with self._lock:
            if not right:
                self._wrong(principal.address, now_ns)
                return None
            token = secrets.token_urlsafe(32)
            self._grants[_hashed(token)] = now_ns + clock.ns(ARM_S)
            return token

    def ticket(self, principal: Principal) -> str | None:
        """Opens one stream, once, soon, from the same address; None when too many are out."""
        token, now_ns = secrets.token_urlsafe(24), clock.real_ns()
        with self._lock:
            self._forget(now_ns)
            if len(self._tickets) >= _TICKETS:
                return None
            self._tickets[_hashed(token)] = (principal, now_ns + clock.ns(TICKET_S))
        return token

    def redeem(self, ticket: str, address: str) -> Principal | None:
        """Whoever drew this ticket; it is used up."""
        with self._lock:
            self._forget(clock.real_ns())
            found = self._tickets.pop(_hashed(ticket), None)
            if found is None or found[0].address != address:
                self._wrong(address, clock.real_ns())
                return None
        return found[0]

    def _forget(self, now_ns: int) -> None:
        for token in [t for t, until_ns in self._grants.items() if until_ns < now_ns]:
            del self._grants[token]
        for token in [t for t, (_, until_ns) in self._tickets.items() if until_ns < now_ns]:
            del self._tickets[token]
        since_ns = now_ns - clock.ns(_TRIES_S)
        self._failed = {
            address: recent
            for address, times in self._failed.items()
            if (recent := [t_ns for t_ns in times if t_ns > since_ns])
        }
