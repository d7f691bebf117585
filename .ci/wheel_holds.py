"""Check that the wheel in a folder carries what an installed labctl needs: `wheel_holds.py DIR`."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

NEEDED = (
    "labctl/py.typed",
    "labctl/cli/__init__.py",
    "labctl/service/page/index.html",
    "labctl/service/page/uplot/LICENSE",
    "labctl/service/page/uplot/uPlot.iife.min.js",
    "labctl_drivers/py.typed",
    "labctl_simulators/py.typed",
    "labctl/_protocols/heating-curve.yaml",
    "labctl/_protocols/log.yaml",
    "labctl/_protocols/benches/simulated.yaml",
    "labctl/_protocols/samples/water.yaml",
)


def main() -> int:
    """0 when the one wheel there holds everything and nothing of the tests."""
    (wheel,) = Path(sys.argv[1]).glob("labctl-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    wrong = [f"lacks {name}" for name in NEEDED if name not in names]
    wrong += [f"carries {top}/" for top in tops - {"labctl", "labctl_drivers", "labctl_simulators"}]
    for line in wrong:
        sys.stderr.write(f"{wheel.name} {line}\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
