"""`python -m labctl.guard.process HANDLE`: the guard's own process, started by a run."""

from __future__ import annotations

import sys

from labctl.guard.process._process import main

if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
