"""What people and programs see of a run: a live terminal, plain lines, or JSON lines.

A view only looks. It is fed from the engine's thread and draws in a thread of its own, in real
time; nothing that it does can delay a reading or change a record.
"""

from __future__ import annotations

from labctl.cli._view._choose import choose
from labctl.cli._view._overlay import Line, overlay
from labctl.cli._view._presenter import Presenter
from labctl.cli._view._summary import Summary
from labctl.cli._view._words import happening, mode_line

__all__ = ["Line", "Presenter", "Summary", "choose", "happening", "mode_line", "overlay"]
