"""The simulated bench served over TCP by another process, through pyserial and PyVISA."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from labctl import clock

HEAT_S = 3.0
SHORT = ("-p", "baseline=2s", "-p", f"heat={HEAT_S:g}s", "-p", "cool=1s", "--seed", "1")
PATIENCE_S = 45.0
PROTOCOL = Path(__file__).resolve().parents[2] / "protocols" / "heating-curve.yaml"


@dataclass(frozen=True)
class Served:
    """A bench served by a child process."""

    bench_file: Path
    emission_log: Path

    def edges(self) -> list[dict[str, Any]]:
        """What the world itself says of its light."""
        if not self.emission_log.exists():
            return []
        return [json.loads(line) for line in self.emission_log.read_text().splitlines()]


@dataclass(frozen=True)
class Ended:
    """A command that came to its end."""

    code: int
    out: str
    err: str

    @property
    def closed(self) -> dict[str, Any]:
        """The closing event of `--json`."""
        event: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        assert "closed" == event["k"]
        return event


def environment(folder: Path) -> dict[str, str]:
    """A user without settings, whose runs nobody else sees."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LABCTL_")}
    return {**kept, "LABCTL_NO_BOOTSTRAP": "1", "LABCTL_RUNTIME_DIR": str(folder / "runtime")}


@pytest.fixture
def labctl(tmp_path: Path) -> Callable[..., Ended]:
    """Run `labctl ARGS` in a process, in the folder of the test, without a broker. There is a
    heating-curve that may be short: over TCP it takes the time that it says."""
    (tmp_path / "short.yaml").write_text(PROTOCOL.read_text().replace("min: 5 s", "min: 1 s"))

    def carry_out(*args: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "labctl", *args, "--broker", "off", "--no-figure"],
            cwd=tmp_path, env=environment(tmp_path), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE_S,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    return carry_out


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """`labctl sim serve`, ready; it must end when it is told to."""
    bench_file, emission_log = tmp_path / "served.yaml", tmp_path / "emission.jsonl"
    child = subprocess.Popen(
        [sys.executable, "-m", "labctl", "sim", "serve", "--bench", "simulated", "--seed", "1",
         "--log", str(emission_log), "--write-bench", str(bench_file)],
        cwd=tmp_path, env={**environment(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        for line in child.stdout:
            if '"ready"' in line:
                break
        else:
            pytest.fail("the server ended before it was ready")
        yield Served(bench_file, emission_log)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            pytest.fail("the server did not end when it was told to")
    assert child.returncode in (0, -signal.SIGTERM)


def test_a_run_over_tcp_is_the_run_in_process(
    served: Served, labctl: Callable[..., Ended], tmp_path: Path
) -> None:
    """The same protocol, seed and drivers over TCP: completed, dark at the end by the world's own
    word, and the verdict of the run in-process."""
    run = ("run", "short.yaml", *SHORT, "--json")
    # Beside each other.
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(labctl, *run, "--bench", str(served.bench_file), "--speed", "1")
        in_process = labctl(*run, "--speed", "max")
        over_tcp = waiting.result()
    assert ("completed", "off") == (over_tcp.closed["outcome"], over_tcp.closed["beam"]), (
        over_tcp.err
    )
    assert "SIMULATED" == over_tcp.closed["mode"]
    assert in_process.closed["verdict"] == over_tcp.closed["verdict"]
    assert in_process.code == over_tcp.code
    in_bench_file = served.bench_file.read_text()
    assert "sim+socket://" in in_bench_file and "sim+TCPIP0::" in in_bench_file

    on, off = served.edges()
    assert ("on", "off") == (on["edge"], off["edge"])
    lit_ns = off["t_ns"] - on["t_ns"]
    journal = (tmp_path / over_tcp.closed["record"] / "journal.jsonl").read_text()
    events = [json.loads(line) for line in journal.splitlines()]
    (intended_ns,) = (e["t"] for e in events if e.get("k") == "emission-intent")
    told_off_ns = min(
        e["t"] for e in events
        if e.get("k") == "emission" and e["beam"] == "off" and e["t"] > intended_ns
    )  # fmt: skip
    kept = next(e["files"] for e in events if e.get("k") == "files-kept")
    assert "begun.json" in kept, "on the real clock a journal vouches for people, machine and times"
    # The light came after the intent was on disk, and went before the record said it was gone.
    assert lit_ns <= told_off_ns - intended_ns
    assert abs(lit_ns - clock.ns(HEAT_S)) < clock.ns(1.0)


def test_a_real_bench_is_logged_and_never_lit(
    served: Served, labctl: Callable[..., Ended], tmp_path: Path
) -> None:
    """The same instruments at addresses of hardware are REAL: emission is refused with nothing
    lit, and their thermocouples are logged."""
    real = tmp_path / "real.yaml"
    real.write_text(served.bench_file.read_text().replace("sim+", ""))
    refused = labctl("run", "short.yaml", *SHORT, "--bench", str(real), "--sample", "water")
    assert 2 == refused.code, refused.err
    assert "REAL" in refused.err
    assert "Traceback" not in refused.err
    logged = labctl("log", "--for", "2 s", "--bench", str(real), "--plain")
    assert 0 == logged.code, logged.err
    assert logged.out.startswith("REAL")
    assert "PASS" not in logged.out
    assert [] == served.edges()
