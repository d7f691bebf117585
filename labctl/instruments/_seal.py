"""The seal without which no emitter is handed out."""

from __future__ import annotations

from typing import final


@final
class Seal:
    """Made only in `labctl.guard` (an import contract and a test watch that nobody else does).

    A Python object cannot keep a determined person out; it keeps an honest mistake out.
    """

    __slots__ = ("holder",)

    def __init__(self, holder: str) -> None:
        self.holder = holder
