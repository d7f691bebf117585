"""The command line: `labctl VERB`. One file a verb; nothing but parsing and printing.

A verb is a module of this package whose attribute `command` is a `click.Command`. It is imported
only when it is called, so that `labctl --help` costs nothing that a verb needs. What a verb
returns (None, an int or an `Exit`) is the exit code of the process; what it raises is shown by
`labctl.cli._errors`.
"""

from __future__ import annotations

import os

from labctl.cli._group import VerbGroup, main

# Before NumPy is imported. Our matrices are small: threads that wait for each other's share of them
# took four tenths of a run's time. And what is added up by one thread is the same on any machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__all__ = ["VerbGroup", "main"]
