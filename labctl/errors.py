"""One small tree of errors, ordered by what the person at the bench must do.

Every error says what is wrong, where, what was seen and what to do next; the exit code that a
command ends with follows from the class (architecture decision 13) and from nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of a command means."""

    PASS = 0
    """The run completed and its check passed (or nothing was to be checked)."""
    CHECK_FAILED = 1
    BAD_INPUT = 2
    """Bad input; nothing was touched."""
    INSTRUMENT = 3
    """An instrument is missing or was lost."""
    SAFETY = 4
    """A safety rule ended the run, or light did not go off in its time when something else had."""
    STOPPED = 5
    """A person or a signal ended the run."""
    DATA = 6
    """Data could not be written."""
    CANNOT_TELL = 7
    BEAM_NOT_CONFIRMED_OFF = 8
    """Overrides all others."""
    FAULT = 70
    """A fault in labctl itself."""


class LabctlError(Exception):
    """Root of all errors that labctl raises on purpose.

    `where` is file:line:column, or an instrument and its port; `fix` is one sentence that says
    what to do.
    """

    exit_code: Exit = Exit.FAULT

    def __init__(self, what: str, *, where: str = "", seen: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.seen = seen
        self.fix = fix

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.seen:
            text += f" (seen: {self.seen})"
        if self.fix:
            text += f". {self.fix}" if not text.endswith(".") else f" {self.fix}"
        return text


def in_words(error: Exception) -> str:
    """What it says of itself, with its type where it is none of ours."""
    return error.what if isinstance(error, LabctlError) else f"{type(error).__name__}: {error}"


async def attempt(job: Callable[[], Awaitable[object]], failed: str) -> str:
    """Do it; '', or in words how it failed. Whatever it is, a driver's own fault too, what else is
    to be tried still is."""
    try:
        await job()
    except Exception as error:
        return f"{failed}: {in_words(error)}"
    return ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file that a person wrote."""

    code: str
    """Stable code, e.g. `P012`."""
    message: str
    file: str = ""
    line: int = 0
    """1-based; 0 when there is no line."""
    column: int = 0
    source: str = ""
    """The line as it stands in the file."""
    fix: str = ""
    width: int = 1
    """How many characters the mark below the source line covers."""

    def __str__(self) -> str:
        place = ":".join(str(p) for p in (self.file, self.line, self.column) if p)
        return f"{place}: {self.code} {self.message}" if place else f"{self.code} {self.message}"


class InputError(LabctlError):
    """Files or arguments that a person wrote are not valid; carries every problem found."""

    exit_code = Exit.BAD_INPUT

    def __init__(
        self, what: str, *, problems: Sequence[Problem] = (), where: str = "", fix: str = ""
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.problems = tuple(problems)


class RefusedError(LabctlError):
    """What was asked for is outside a limit or not allowed in this state. Nothing was changed."""

    exit_code = Exit.BAD_INPUT


class InstrumentError(LabctlError):
    """An instrument, or the way to it, does not do what it must."""

    exit_code = Exit.INSTRUMENT


class PortTimeoutError(InstrumentError):
    """No complete reply before the deadline. The port is out of step until it is resynchronised."""


class PortDisconnectedError(InstrumentError):
    """The port is gone: unplugged, closed by the peer, refused."""


class PortProtocolError(InstrumentError):
    """Bytes came that this instrument's protocol does not have."""


class DeviceRefusedError(InstrumentError):
    """The instrument understood and said no."""


class IdentityError(InstrumentError):
    """Another instrument, or none that we know, answers at this address."""


class BenchError(InstrumentError):
    """All that is missing on a bench, gathered, so that one start shows every problem."""

    def __init__(self, what: str, causes: Sequence[LabctlError]) -> None:
        super().__init__(what)
        self.causes = tuple(causes)

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  {cause}" for cause in self.causes)])


class SafetyError(LabctlError):
    """A safety rule tripped, or arming was refused by one."""

    exit_code = Exit.SAFETY


class StoppedError(LabctlError):
    """A person or a signal asked for the end."""

    exit_code = Exit.STOPPED


class RecordError(LabctlError):
    """Data could not be written, or what is on disk is not what was written."""

    exit_code = Exit.DATA


class BeamNotConfirmedOffError(LabctlError):
    """Off was commanded and could not be confirmed. The loudest error there is."""

    exit_code = Exit.BEAM_NOT_CONFIRMED_OFF
