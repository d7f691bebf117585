"""The guard in its own process, over TCP: whoever is killed or stopped, the light ends, by the
word of the simulated world and within its bound. Every latency here is of a simulated laser."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 30.0
LEASE_S = 1.0
SLACK_S = 1.0
"""What a loaded machine adds to every bound; the benchmark holds to the bounds themselves."""
PARAMETERS = ("baseline=500ms", "heat=60s", "cool=1s", "every=250ms")
ARGS = ("run", "short.yaml", "--seed", "1", "--speed", "1", "--broker", "off", "--no-figure",
        "--json", *(word for given in PARAMETERS for word in ("-p", given)))  # fmt: skip
PROTOCOL = Path(__file__).resolve().parents[2] / "protocols" / "heating-curve.yaml"


def environment(folder: Path) -> dict[str, str]:
    """A user without settings, whose runs nobody else sees."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LABCTL_")}
    return {**kept, "LABCTL_NO_BOOTSTRAP": "1", "LABCTL_RUNTIME_DIR": str(folder / "rt")}


@dataclass
class Run:
    """A run in a process of its own, over TCP, with the guard that it started."""

    folder: Path
    process: subprocess.Popen[str]
    guard: int = 0
    killed: list[int] = field(default_factory=list)

    @property
    def engine(self) -> int:
        return self.process.pid

    def edges(self) -> list[dict[str, Any]]:
        """What the world itself says of its light."""
        log = self.folder / "emission.jsonl"
        if not log.exists():
            return []
        return [json.loads(line) for line in log.read_text().splitlines()]

    def until_lit(self) -> None:
        """Wait for the light, and for who holds it; a run that does not light says why."""

        def lit() -> bool:
            return bool(self.edges()) and self.edges()[-1]["edge"] == "on"

        try:
            _wait_for(lambda: lit() or self.process.poll() is not None)
            assert lit()
        except AssertionError:
            self.process.terminate()
            pytest.fail(f"no light: {self.process.communicate(timeout=PATIENCE_S)[0]}")
        (self.guard,) = _children(self.engine, "labctl.guard")

    def until_dark(self) -> float:
        """Seconds from now until the world's own log says that the light is off."""
        begun = time.monotonic()
        _wait_for(lambda: self.edges()[-1]["edge"] == "off")
        return time.monotonic() - begun

    def send(self, pid: int, number: signal.Signals) -> None:
        os.kill(pid, number)

    def ended(self) -> tuple[int, str]:
        """Exit code and what was said, once the run is over by itself."""
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out

    def log(self) -> list[dict[str, Any]]:
        """The guard's own log, in the run's folder."""
        (path,) = self.folder.glob("runs/*/*/guard.jsonl")
        return [json.loads(line) for line in path.read_text().splitlines()]


def _wait_for(what: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _children(pid: int, word: str) -> list[int]:
    found = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(number) for number in listing.read_text().split()]
    return [child for child in found if word in _command(child)]


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def _alive(pid: int) -> bool:
    """Whether it runs; a zombie that nobody has waited for does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture
def run(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Run]:
    """A served bench, and a run on it that is lit; nothing of either outlives the test."""
    served = getattr(request, "param", "simulated")
    server = subprocess.Popen(
        [sys.executable, "-m", "labctl", "sim", "serve", "--bench", served, "--seed", "1",
         "--log", "emission.jsonl", "--write-bench", "b.yaml"],
        cwd=tmp_path, env={**environment(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    processes = [server]
    going: Run | None = None
    try:
        assert server.stdout is not None
        assert any('"ready"' in line for line in server.stdout)
        short = PROTOCOL.read_text().replace("min: 5 s", "min: 500 ms")
        (tmp_path / "short.yaml").write_text(short)
        bench = tmp_path / "b.yaml"
        bench.write_text(bench.read_text().replace("lease: 2 s", f"lease: {LEASE_S:g} s"))
        assert f"lease: {LEASE_S:g} s" in bench.read_text()
        engine = subprocess.Popen(
            [sys.executable, "-m", "labctl", *ARGS, "--bench", "b.yaml"],
            cwd=tmp_path, env=environment(tmp_path), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        processes.append(engine)
        going = Run(tmp_path, engine)
        going.until_lit()
        yield going
    finally:
        for process in reversed(processes):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        if going is not None and going.guard:
            _wait_for(lambda: not _alive(going.guard))


def test_a_killed_engine_leaves_no_light_and_no_guard(run: Run) -> None:
    """`kill -9` of the engine: the guard sees the wire end, switches off, says so in its log, and
    is gone."""
    run.send(run.engine, signal.SIGKILL)
    assert run.until_dark() < SLACK_S
    _wait_for(lambda: not _alive(run.guard))
    words = [line["what"] for line in run.log()]
    assert ["leaving", "off", "gone"] == words[-3:]
    assert run.log()[-1]["confirmed"]


def test_a_stopped_engine_is_a_lease_that_runs_out(run: Run) -> None:
    """SIGSTOP of the engine: off one lease after its last control step; woken up, it ends by the
    guard's trip."""
    run.send(run.engine, signal.SIGSTOP)
    assert run.until_dark() < LEASE_S + SLACK_S
    run.send(run.engine, signal.SIGCONT)
    code, _ = run.ended()
    assert 4 == code
    assert "lease" in [line.get("rule") for line in run.log()]


def test_a_killed_guard_is_seen_and_its_port_taken(run: Run) -> None:
    """`kill -9` of the guard: the engine opens the port, switches off, and ends with 4."""
    run.send(run.guard, signal.SIGKILL)
    assert run.until_dark() < 1.0 + SLACK_S
    code, out = run.ended()
    assert 4 == code, out
    assert "the guard's process is lost" in out


def test_a_stopped_guard_is_killed_and_its_port_taken(run: Run) -> None:
    """SIGSTOP of the guard: silent for 0.4 s, it is killed, and the engine switches off."""
    run.send(run.guard, signal.SIGSTOP)
    assert run.until_dark() < 1.0 + SLACK_S
    code, out = run.ended()
    assert 4 == code, out
    assert "silent for" in out
    assert not _alive(run.guard)


DROPS_S = 0.6
"""As the bench file sets the dead-man of `simulated-gates`."""
with_dead_man = pytest.mark.parametrize("run", ["simulated-gates"], indirect=True)


@with_dead_man
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_with_engine_and_guard_gone_the_dead_man_drops(run: Run, number: signal.Signals) -> None:
    """Both killed, or both stopped, and nobody left to switch off: the relay that nobody feeds ends
    the light at the laser's interlock."""
    time.sleep(2 * DROPS_S)
    assert "on" == run.edges()[-1]["edge"]
    run.send(run.guard, number)
    run.send(run.engine, number)
    assert run.until_dark() < DROPS_S + SLACK_S


@with_dead_man
def test_a_dead_man_that_is_fed_keeps_the_light(run: Run) -> None:
    """The engine stopped: the guard still feeds, so that it is the lease that ends the light, with
    the shutter shut and the relay open at once."""
    run.send(run.engine, signal.SIGSTOP)
    assert run.until_dark() < LEASE_S + SLACK_S
    run.send(run.engine, signal.SIGCONT)
    code, _ = run.ended()
    assert 4 == code
    assert "lease" in [line.get("rule") for line in run.log()]


def test_stop_reaches_the_guard_past_a_stopped_engine(run: Run) -> None:
    """`labctl stop` with the engine stopped: off, confirmed, said; the engine ends with 5 later."""
    run.send(run.engine, signal.SIGSTOP)
    done = subprocess.run(
        [sys.executable, "-m", "labctl", "stop", "--no-wait"],
        cwd=run.folder, env=environment(run.folder), capture_output=True, text=True,
        timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert "off" == run.edges()[-1]["edge"]
    assert 0 == done.returncode, done.stderr
    assert "simulated laser: OFF, read back" in done.stdout
    run.send(run.engine, signal.SIGCONT)
    assert run.ended()[0] in (4, 5)


def test_stop_ends_a_run_as_a_person_does(run: Run) -> None:
    """`labctl stop`: the guard says what came of it, the run is closed and ends with 5."""
    done = subprocess.run(
        [sys.executable, "-m", "labctl", "stop"],
        cwd=run.folder, env=environment(run.folder), capture_output=True, text=True,
        timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert "off" == run.edges()[-1]["edge"]
    assert 0 == done.returncode, done.stderr
    assert "OFF, read back" in done.stdout and "closed: " in done.stdout
    code, out = run.ended()
    assert 5 == code, out
    assert ["leaving", "off", "gone"] == [line["what"] for line in run.log()][-3:]
