"""`python -m labctl.guard.process HANDLE`: the guard's own process, started by a run."""

from __future__ import annotations

from labctl import talk
from labctl.guard.process._process import main

if __name__ == "__main__":
    talk.as_program(main)
