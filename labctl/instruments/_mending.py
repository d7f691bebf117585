"""Why a port could not be opened, in a few words, and what a person does about it."""

from __future__ import annotations

import errno
import os

_DENIED = (errno.EACCES, errno.EPERM)
_GONE = (errno.ENOENT, errno.ENODEV, errno.ENXIO)
_BUSY = (errno.EBUSY, errno.EAGAIN)
_HOW = (
    (
        _DENIED,
        "You may not use this port: `sudo usermod -aG dialout $USER`, then log in anew; `labctl "
        "doctor` says more.",
    ),
    (
        _GONE,
        "There is no such port now: look whether it is plugged in; `labctl devices` lists what is "
        "there, by names that stay.",
    ),
    (
        _BUSY,
        "The port is there, and another program has it: end that one; `fuser -v PORT` names it.",
    ),
    (
        (errno.ECONNREFUSED,),
        "Nothing takes connections there: look whether it is switched on, whether the number of "
        "the port is right, and whether it takes one connection only, which another program has.",
    ),
)


def mending(error: BaseException, otherwise: str) -> tuple[str, str]:
    """What was seen, on one line, and what to do; `otherwise` where the system gave no reason that
    is known here."""
    number = _errno(error)
    for numbers, how in _HOW:
        if number in numbers:
            return os.strerror(number), how
    seen = " ".join(str(error).split())
    if "PyUSB" in seen:
        return seen, "`pip install 'labctl[usb]'`; `labctl doctor` says more."
    return seen, otherwise


def _errno(error: BaseException | None) -> int:
    """Of the first cause that has one: a library wraps what the system said."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno:
            return error.errno
        error = error.__cause__ or error.__context__
    return 0
