"""Runs in processes of their own on a served bench, and the world's own word on their light."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.guard._served import BENCH, LOG
from labctl.clock import NS, real_ns

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0
_SETTLED_S = 1.0
"""Dark for so long after the deed (twice the emission delay): no light is on its way any more."""
_PROTOCOL = """
schema: labctl.protocol/1
name: campaign
needs: {laser: laser, probe: thermometer}
record: {every: 100 ms}
steps:
  - baseline: {for: 500 ms}
  - irradiate: {power: 1 W, for: 60 s}
"""


class GaveUpError(Exception):
    """What was waited for did not come."""


@dataclass
class Served:
    """A bench that is served, and its folder."""

    folder: Path
    process: subprocess.Popen[str]

    def edges(self) -> list[dict[str, Any]]:
        """Every edge of light that the world has logged."""
        with contextlib.suppress(FileNotFoundError):
            whole = (self.folder / LOG).read_text().rpartition("\n")[0]
            return [json.loads(line) for line in whole.splitlines()]
        return []

    def lit(self) -> bool:
        """Whether there is light now, by the log."""
        edges = self.edges()
        return bool(edges) and edges[-1]["edge"] == "on"


@contextlib.contextmanager
def served(bench: str, seed: int) -> Iterator[Served]:
    """Serve a bench in a process of its own until the context ends."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.guard._served", bench, str(seed)],
            cwd=folder,
            env=_environment(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            (folder / "campaign.yaml").write_text(_PROTOCOL)
            assert process.stdout is not None
            said = process.stdout.readline()
            if said.strip() != "READY":
                raise GaveUpError(said + process.stdout.read())
            yield Served(folder, process)
        finally:
            process.terminate()
            process.communicate()


def _environment(folder: Path) -> dict[str, str]:
    """A user without settings, whose runs nobody else sees."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LABCTL_")}
    return {
        **kept,
        "LABCTL_NO_BOOTSTRAP": "1",
        "LABCTL_RUNTIME_DIR": str(folder / "runtime"),
        "PYTHONPATH": str(ROOT),
    }


class Campaigner:
    """One run on the served bench, with its guard."""

    def __init__(self, bench: Served, number: int) -> None:
        self.bench = bench
        self._runs = bench.folder / f"runs-{number}"
        self._begun_ns = real_ns()
        self.engine = subprocess.Popen(
            [sys.executable, "-m", "labctl", "run", "campaign.yaml", "--bench", BENCH,
             "--sample", "pda-aminoacid", "--speed", "1", "--broker", "off", "--no-figure",
             "--json", "--runs", str(self._runs)],
            cwd=bench.folder,
            env=_environment(bench.folder),
            stdin=subprocess.DEVNULL,
            stdout=(bench.folder / f"said-{number}.txt").open("w"),
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._said = bench.folder / f"said-{number}.txt"
        self.guard = 0
        self.guard_stayed = False
        """It did not leave by itself."""

    def until_commanded(self) -> None:
        """Wait until on is written: the emission delay begins."""
        wait_for(self._is_commanded, self._why)
        found = guards_of(self.engine.pid)
        if len(found) != 1:
            raise GaveUpError(f"{len(found)} guards")
        self.guard = found[0]

    def _why(self) -> str:
        return self._said.read_text()[-2000:]

    def _is_commanded(self) -> bool:
        if self.engine.poll() is not None:
            raise GaveUpError(self._why())
        for log in self._runs.glob("*/*/guard.jsonl"):
            return '"emit"' in log.read_text()
        return False

    def untroubled(self) -> bool:
        """Whether nothing has ended the light yet."""
        mine = [e for e in self.bench.edges() if e.get("boot_ns", 0) > self._begun_ns]
        return self.engine.poll() is None and "off" not in [e["edge"] for e in mine]

    def dark_after(self, deed_ns: int, queued: Queued) -> float:
        """Seconds from the deed to the end of the last light, by the world; 0 where there was none
        any more. GaveUpError where it does not end."""
        settled_ns = deed_ns + round(_SETTLED_S * NS)

        def dark() -> bool:
            if self.bench.lit():
                queued.look()
                return False
            return real_ns() > settled_ns

        wait_for(dark, self._why)
        ends = [e["boot_ns"] for e in self.bench.edges() if e["edge"] == "off"]
        return max(0.0, (max(ends, default=deed_ns) - deed_ns) / NS)

    def queued(self) -> Queued:
        """How long world, engine and guard are kept waiting for a processor from now on."""
        return Queued((self.bench.process.pid, self.engine.pid, self.guard))

    def clear(self) -> None:
        """Nothing of it stays: the guard leaves by itself, and is waited for."""
        for pid in (self.engine.pid, self.guard):
            if pid and alive(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        if self.engine.poll() is None:
            self.engine.kill()
        self.engine.wait()
        try:
            wait_for(lambda: not (self.guard and alive(self.guard)), self._why)
        except GaveUpError:
            self.guard_stayed = True
            os.kill(self.guard, signal.SIGKILL)
        # What tripped was made to trip; a person would reset it at the bench.
        shutil.rmtree(self.bench.folder / "runtime" / "state", ignore_errors=True)


class Queued:
    """How long processes were ready to run and did not: what a busy machine adds to a latency, by
    the kernel's own account. 0 where it keeps none."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._before = {pid: _queued_ns(pid) for pid in pids}
        self._now = dict(self._before)

    def look(self) -> None:
        """To be called now and then: of a process that is gone the last look counts."""
        for pid in self._before:
            self._now[pid] = max(self._now[pid], _queued_ns(pid))

    @property
    def seconds(self) -> float:
        """Of all of them together."""
        return sum(self._now[pid] - was for pid, was in self._before.items()) / NS


def _queued_ns(pid: int) -> int:
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])
    return 0


def wait_for(what: Callable[[], bool], why: Callable[[], str]) -> None:
    """Look again and again; GaveUpError with what is known when it does not come."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        if time.monotonic() > deadline:
            raise GaveUpError(why())
        time.sleep(0.005)


def guards_of(pid: int) -> list[int]:
    """The guards that a process has started."""
    found = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(number) for number in listing.read_text().split()]
    return [child for child in found if "labctl.guard" in _command(child)]


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def alive(pid: int) -> bool:
    """Whether it runs; a zombie that nobody has waited for does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
