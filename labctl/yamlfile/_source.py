"""The text of a file, and marks into it."""

from __future__ import annotations

import contextlib
import contextvars
import errno
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from labctl.errors import InputError
from labctl.yamlfile._mark import Mark

LARGEST_BYTES = 256 * 1024
"""No file that a person writes for a bench is larger; a larger one is another file."""

_BELOW: contextvars.ContextVar[tuple[Path, ...] | None] = contextvars.ContextVar(
    "labctl_files_below", default=None
)


@contextlib.contextmanager
def only_below(*folders: Path) -> Iterator[None]:
    """For the length of a `with`, in this context: YAML files are found and opened in these folders
    alone, wherever a link leads, and nothing else is. For a text that came from somebody else: what
    it includes, and the samples that it names, would else be any file that this process may read,
    and a problem tells the line that it is about."""
    token = _BELOW.set(tuple(folder.resolve() for folder in folders))
    try:
        yield
    finally:
        _BELOW.reset(token)


def is_file(path: Path) -> bool:
    """Whether there is such a file that may be opened here; what can be no path is none."""
    try:
        return _may_be_opened(path) and path.is_file()
    except (OSError, ValueError):
        # A name that is too long, or a zero byte in it.
        return False


def _may_be_opened(path: Path) -> bool:
    below = _BELOW.get()
    if below is None:
        return True
    found = path.resolve()
    return found.suffix in (".yaml", ".yml") and any(map(found.is_relative_to, below))


@dataclass(frozen=True)
class Source:
    """A file's text with its name as messages show it."""

    file: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The text, line by line."""
        return self.text.splitlines()

    def mark(self, line: int, column: int, width: int = 1) -> Mark:
        """The place at a 1-based line and column."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Mark(self.file, line, column, max(1, min(width, len(text) - column + 1)), text)


def open_source(path: Path) -> Source:
    """Read a file; raises InputError with one problem when it is not there or not text."""
    name = str(path)
    try:
        if not _may_be_opened(path):
            raise PermissionError(errno.EACCES, "it lies elsewhere than what may be opened here")
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        _refuse(name, "P001", f"cannot read the file: {error.strerror}", "Check the path.")
    if len(data) > LARGEST_BYTES:
        _refuse(
            name,
            "P003",
            f"the file is larger than {LARGEST_BYTES // 1024} kB",
            "Check that this is the file you mean.",
        )
    try:
        return Source(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        problem = Mark(name, line, column).problem(
            "P002", f"byte 0x{data[error.start]:02x} is not UTF-8", "Save the file as UTF-8."
        )
        raise InputError(problem.message, problems=[problem]) from error


def _refuse(name: str, code: str, message: str, fix: str) -> NoReturn:
    raise InputError(message, problems=[Mark(name).problem(code, message, fix)])
