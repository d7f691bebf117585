"""The command line: `labctl VERB`. One file a verb; nothing but parsing and printing.

A verb is a module of this package whose attribute `command` is a `click.Command`. It is imported
only when it is called, so that `labctl --help` costs nothing that a verb needs. What a verb
returns (None, an int or an `Exit`) is the exit code of the process; what it raises is shown by
`labctl.cli._errors`.
"""

from __future__ import annotations

from labctl.cli._group import VerbGroup, main

__all__ = ["VerbGroup", "main"]
