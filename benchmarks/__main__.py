"""`python -m benchmarks NAME [PART] [--short|--full] [--json]`: the one door to all benchmarks.

Short ends in minutes, full in at most an hour or two. Exit code 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys

# As `labctl.cli` has it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks._figures import json_line, line

NAMES = ("engine", "check", "guard", "drivers", "records", "protocols", "service")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("part", nargs="?", help="one part of a benchmark that has several")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--short", dest="profile", action="store_const", const="short")
    length.add_argument("--full", dest="profile", action="store_const", const="full")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    parser.set_defaults(profile="short")
    options = parser.parse_args()
    module = ".".join(filter(None, ("benchmarks", options.name, options.part)))
    measure = importlib.import_module(module).measure
    missed = 0
    for figure in measure(options.profile):
        print(json_line(figure) if options.json else line(figure), flush=True)
        missed += figure.holds is False
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
