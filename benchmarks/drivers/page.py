"""The page "drive your bench", followed word by word against `labctl sim serve` as if it were
hardware: its commands in their order, its hands, and what is typed at a terminal to arm.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks._figures import Figure

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "drive-your-bench.md"
FILLED = {
    "max_current": "2.5 A", "wavelength": "808 nm", "value": "0.50 cm^2", "sd": "5 %",
    "source": "knife edge", "threshold": "0.35 A", "slope": "0.90 W/A", "deviation": "3 %",
    "date": "2026-10-05", "method": "thermal head", "expires": "2027-04-05", "ratio": "2 %",
    "power": "1.5 W", "temperature": "80 degC", "exposure": "20 min", "energy": "2 kJ",
    "what": "lid switch", "tested": "opened it", "readable": "true",
}  # fmt: skip
"""What a person fills in."""
HANDS = {
    "OPEN the interlock": "open",
    "CLOSE the interlock": "close",
    "turn the key OFF": "key off",
    "turn the key ON": "key on",
}
_ARM = re.compile(r"To\s+arm,\s+type:\s+(\S+\s+[0-9a-f]{6})")
_FILL = re.compile(r"( *)(\w+):(?: FILL)?  # (?:FILL|highest)")
_EXPECTED = {"bench check --bench bench.yaml": 7}
"""Exit codes other than 0: the walk alone is no commissioning, and says so."""
_PATIENCE_S = 120.0


def measure(profile: str) -> Iterator[Figure]:
    """Everything up to the record of the commissioning; `full` the run behind it, half an hour."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _followed(Path(folder), profile)


def _followed(folder: Path, profile: str) -> Iterator[Figure]:
    commands = [c.strip() for c in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)]
    serve, *rest = commands
    wrong: list[str] = []
    begun_s = time.monotonic()
    server = subprocess.Popen(
        [sys.executable, "-m", *serve.split(), "--log", "light.jsonl"],
        cwd=folder, env=_environment(folder), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        assert any('"ready"' in line for line in server.stdout)
        for command in rest:
            if command.startswith("labctl run") and profile != "full":
                continue
            code = _typed(command, folder, server)
            expected = next((n for end, n in _EXPECTED.items() if command.endswith(end)), 0)
            if code != expected and not (command == "labctl validate bench.yaml" and code == 0):
                wrong.append(f"{command}: {code}")
            if " init " in command:
                _fill(folder / "bench.yaml")
    finally:
        server.terminate()
        server.communicate()
    yield Figure(
        "drivers.page.commands-that-end-otherwise", len(wrong), "commands", profile,
        "; ".join(wrong) or f"{len(rest)} in the page", "0", not wrong,
    )  # fmt: skip
    said = json.loads((folder / "commissioning.json").read_text())
    yield Figure(
        "drivers.page.commissioned", float(said["passed"]), "", profile,
        f"{said['mode']}, {len(said['steps'])} steps, "
        f"{time.monotonic() - begun_s:.0f} s in all", "passed",
        said["passed"] and said["mode"] == "REAL",
    )  # fmt: skip
    edges = [json.loads(line) for line in (folder / "light.jsonl").read_text().splitlines()]
    lit = sum(e["edge"] == "on" for e in edges)
    yield Figure(
        "drivers.page.lights", lit, "emissions", profile, "by the world's own log; dark at the end",
        "1 in short, 2 in full, and dark", lit == (2 if profile == "full" else 1)
        and not edges[-1]["lit"],
    )  # fmt: skip


def _fill(path: Path) -> None:
    out = []
    for line in path.read_text().splitlines():
        found = _FILL.match(line)
        out.append(f"{found[1]}{found[2]}: {FILLED[found[2]]}" if found else line)
    path.write_text("\n".join(out) + "\n")


def _typed(command: str, folder: Path, server: subprocess.Popen[str]) -> int:
    """At a terminal of its own, with a person before it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", *command.split()], cwd=folder, env=_environment(folder),
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said = ""
    try:
        while select.select([ours], [], [], _PATIENCE_S)[0]:
            chunk = b""
            with contextlib.suppress(OSError):
                chunk = os.read(ours, 65536)
            if not chunk:
                break
            said += chunk.decode(errors="replace")
            for words, hand in HANDS.items():
                if words in said:
                    said = said.split(words, 1)[1]
                    assert server.stdin is not None
                    server.stdin.write(f"{hand}\n")
                    server.stdin.flush()
            asked = _ARM.search(said)
            if asked:
                said = said[asked.end() :]
                os.write(ours, (" ".join(asked[1].split()) + "\n").encode())
        else:
            process.terminate()
        return process.wait(_PATIENCE_S)
    finally:
        os.close(ours)


def _environment(folder: Path) -> dict[str, str]:
    """At the bench, not over the network."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LABCTL_", "SSH_"))}
    return {
        **kept, "LABCTL_NO_BOOTSTRAP": "1", "LABCTL_RUNTIME_DIR": str(folder / "runtime"),
        "LABCTL_BROKER": "off", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
