"""A bench that calls itself REAL is lit by an act at a terminal and by nothing else. It is the
simulated bench over TCP at addresses that make no claim to be simulated; a real terminal (pty)
stands between the test and the run. Every laser here is simulated."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.test_guard_process import PATIENCE_S
from tests.scenario.test_guard_process import environment as usual

PROTOCOL = """schema: labctl.protocol/1
name: short
needs: {laser: laser, probe: thermometer}
limits: {temperature: 75 degC, total: 10 min}
record: {every: 250 ms}
steps:
  - prompt: {text: "Put the sample in.", at_most: 1 min}
  - irradiate: {power: 1 W, for: 1 s}
"""
RUN = ("run", "short.yaml", "--sample", "water", "--no-figure", "--plain")
WORDS = re.compile(r"To arm, type: (bench-7 [0-9a-f]{6})")


def environment(folder: Path) -> dict[str, str]:
    """At the bench, not over the network."""
    return {name: value for name, value in usual(folder).items() if not name.startswith("SSH_")}


@dataclass
class Bench:
    """A served bench that makes no claim to be simulated, and what the world says of its light."""

    folder: Path
    text: str = field(repr=False)

    def write(self, more: str = "") -> None:
        (self.folder / "b.yaml").write_text(self.text + more)

    @property
    def edges(self) -> list[str]:
        log = self.folder / "emission.jsonl"
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line)["edge"] for line in lines]

    def events(self) -> list[dict[str, Any]]:
        """The journal of the one run."""
        (journal,) = self.folder.glob("runs/*/*/journal.jsonl")
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        return [line for line in lines if "k" in line]

    def guard_log(self) -> list[dict[str, Any]]:
        (path,) = self.folder.glob("runs/*/*/guard.jsonl")
        return [json.loads(line) for line in path.read_text().splitlines()]

    def labctl(self, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A run without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "labctl", "run", "short.yaml", "--bench", "b.yaml",
             "--sample", "water", "--broker", "off", "--no-figure", *args],
            cwd=self.folder, env={**environment(self.folder), **more},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S,
            check=False,
        )  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Served, and gone afterwards."""
    server = subprocess.Popen(
        [sys.executable, "-m", "labctl", "sim", "serve", "--bench", "simulated", "--seed", "1",
         "--log", "emission.jsonl", "--write-bench", "served.yaml"],
        cwd=tmp_path, env={**environment(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        assert any('"ready"' in line for line in server.stdout)
        (tmp_path / "short.yaml").write_text(PROTOCOL)
        text = (tmp_path / "served.yaml").read_text().replace("sim+", "")
        made = Bench(tmp_path, re.sub(r"(?m)^name: .*$", "name: bench-7", text, count=1))
        made.write()
        yield made
    finally:
        server.terminate()
        server.communicate(timeout=PATIENCE_S)


class Terminal:
    """A run at a terminal of its own, and a person before it."""

    def __init__(self, bench: Bench, *args: str, command: tuple[str, ...] = RUN) -> None:
        self._ours, theirs = pty.openpty()
        self.name = os.ttyname(theirs)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "labctl", *command, "--bench", "b.yaml", "--broker", "off",
             *args],
            cwd=bench.folder, env=environment(bench.folder),
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.said = ""

    def until(self, pattern: str) -> re.Match[str]:
        """Wait until this is said, and forget what was said before it."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := re.search(pattern, self.said)) is None:
            assert time.monotonic() < deadline, self.said
            assert self._read(), self.said
        self.said = self.said[found.end() :]
        return found

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], 0.1)[0]:
            return True
        try:
            self.said += os.read(self._ours, 1 << 16).decode()
        except OSError:
            return False
        return True

    def types(self, words: str) -> None:
        os.write(self._ours, words.encode() + b"\n")

    def ended(self) -> int:
        """Exit code, once the run is over by itself."""
        while self._read():
            pass
        return self.process.wait(timeout=PATIENCE_S)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        self.ended()
        os.close(self._ours)


def test_a_real_bench_is_lit_by_what_a_person_types_and_by_nothing_else(bench: Bench) -> None:
    """`--yes` answers the prompt and not the act; another word is none and asks for a new one;
    five seconds of warning come before the light; who and where is on record, twice."""
    terminal = Terminal(bench, "--yes")
    try:
        terminal.until(r"REAL  bench bench-7")
        terminal.until(r"limits [0-9a-f]{12} of the laser: at most ")
        terminal.until(r"EYEWEAR for 808 nm, which nobody sees")
        terminal.until(r"laser off at worst ")
        first = terminal.until(WORDS.pattern)
        terminal.types("bench-7")
        terminal.until(r"not what was to be typed")
        second = terminal.until(WORDS.pattern)
        assert first[1] != second[1]
        assert [] == bench.edges
        terminal.types(second[1])
        terminal.until(r"armed at the bench, typed at " + re.escape(terminal.name))
        terminal.until(r"do not look: laser light in 5 s")
        assert [] == bench.edges
        code = terminal.ended()
    finally:
        terminal.close()
    # The light was too short for the check to tell anything.
    assert 7 == code, terminal.said
    assert ["on", "off"] == bench.edges[:2]
    (act,) = (line for line in bench.guard_log() if line["what"] == "act")
    (armed,) = (line for line in bench.guard_log() if line["what"] == "armed")
    assert (terminal.name, act["who"]) == (act["terminal"], armed["who"])
    events = bench.events()
    assert {"REAL"} == {event["mode"] for event in events if event["k"] == "run-begun"}
    (warned,) = (e["t"] for e in events if e["k"] == "state-changed" and e["new"] == "WARNING")
    (intended,) = (e["t"] for e in events if e["k"] == "emission-intent")
    assert 5_000_000_000 <= intended - warned
    (about,) = bench.folder.glob("runs/*/*/run.json")
    assert act["who"] == json.loads(about.read_text())["armed_by"]


def test_three_wrong_words_end_the_run_dark(bench: Bench) -> None:
    """Exit code 2, record closed, nothing lit."""
    terminal = Terminal(bench, "--yes")
    try:
        for _ in range(3):
            terminal.until(WORDS.pattern)
            terminal.types("yes")
        terminal.until("other words were typed 3 times")
        assert 2 == terminal.ended()
    finally:
        terminal.close()
    assert [] == bench.edges
    assert "run-ended" == bench.events()[-1]["k"]


def test_without_a_person_at_a_terminal_here_nothing_is_opened(bench: Bench) -> None:
    """A pipe is refused, and so is a light with nobody there that the bench file does not allow; no
    record is begun."""
    refused = bench.labctl("--yes")
    assert 2 == refused.returncode, refused.stderr
    assert "standard input is no terminal" in refused.stderr
    refused = bench.labctl("--yes", "--unattended")
    assert 2 == refused.returncode, refused.stderr
    assert "nobody at the bench is not allowed" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert [] == bench.edges
    assert [] == list(bench.folder.glob("runs/*/*"))


def test_where_the_safety_officer_allows_it_nobody_need_be_there(bench: Bench) -> None:
    """By name, on screen, in the journal and in the guard's log; the warning comes all the same."""
    bench.write("\nunattended: {allowed_by: Dr B}\n")
    done = bench.labctl("--yes", "--unattended", "--plain")
    assert 7 == done.returncode, done.stderr
    assert "UNATTENDED: light with nobody at the bench, allowed by Dr B" in done.stdout
    assert "do not look: laser light in 5 s" in done.stdout
    assert ["on", "off"] == bench.edges[:2]
    (armed,) = (line for line in bench.guard_log() if line["what"] == "armed")
    assert "Dr B" == armed["unattended"]
    notes = [e["text"] for e in bench.events() if e["k"] == "note"]
    assert any(text.startswith("UNATTENDED: nobody at the bench") for text in notes)
