"""Recorded runs through the check again: the same words from the same readings, and other ones
from readings that were changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from labctl.cli import main
from labctl.events import Sample
from labctl.record import Outcome, read_journal, verify_run
from labctl.record._frames import Chain, chain_line, seal
from labctl.replay import replay_run
from tests.scenario.runs import run

BRIEF = ("baseline=10s", "heat=40s", "cool=15s")
LATE = """
schema: labctl.protocol/1
name: late
needs: {laser: laser, probe: thermometer, meter: power_meter}
record: {every: 1 s}
steps:
  - baseline: {for: 10 s, drift: 1 mK}
  - irradiate: {power: 1 W, until: {steady: {within: 0.01 K, for: 10 s}}, at_most: 30 s}
  - cool: {for: 15 s}
"""
HEATER = ("baseline=20s", "heat=60s", "cool=20s")

RUNS: dict[str, dict[str, Any]] = {
    "healthy": {},
    "another seed": {"seed": 7},
    "rods": {"sample": "gold-nanorods"},
    "water": {"sample": "water"},
    "two beads": {"bench": "simulated-two-beads"},
    "another laser": {"bench": "simulated-cni"},
    "a shutter and gates": {"bench": "simulated-gates"},
    "cycles": {"protocol": "on-off-cycles", "parameters": ("cycles=2", "on=15s", "off=15s")},
    "the resistor": {
        "protocol": "electrical-calibration",
        "bench": "simulated-heater",
        "sample": "water",
        "parameters": HEATER,
    },
    "a log": {"protocol": "log", "parameters": ("for=20s",)},
    "steps with a word of their own": {"protocol": LATE, "parameters": ()},
    "light lost": {"faults": ("beam-off-sample=-60%@25s",)},
    "power steps": {"faults": ("power-step=-30%@25s",)},
    "offset": {"faults": ("probe-offset=+3K@25s",)},
    "bead out": {"faults": ("bead-out@30s",)},
    "air": {"faults": ("ambient-step=+5K@25s",)},
    "open": {"faults": ("open-thermocouple@25s",)},
    "one late reply": {"faults": ("late-reply:probe=500ms@25s",)},
    "unplugged": {"faults": ("unplugged-port:meter@25s",)},
    "interlock": {"faults": ("interlock-open@25s",)},
}


@pytest.mark.parametrize("how", RUNS.values(), ids=RUNS)
def test_a_replay_says_what_the_run_said(how: dict[str, Any], tmp_path: Path) -> None:
    """Every assessment, alarm, the dose and the verdict, byte for byte, whatever happened."""
    story = run(tmp_path, **{"parameters": BRIEF, **how})
    replay = replay_run(story.result.folder.path)

    assert ((), "") == (replay.differences, replay.broke)
    assert story.result.verdict == replay.verdict == replay.verdict_now
    assert len(story.events) == replay.events


def test_twenty_runs_are_replayed() -> None:
    """They are as many as is said of them."""
    assert 20 == len(RUNS)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a healthy run."""
    return run(tmp_path_factory.mktemp("run"), parameters=BRIEF).result.folder.path


def remade(lines: Sequence[bytes]) -> bytes:
    """A journal made anew around changed lines, checksums and chain and all."""
    chain, out, n = Chain(), [], 0
    for line in lines:
        if b'"h":' in line:
            out.append(chain_line(n, chain.close()))
            continue
        n = json.loads(line)["n"]
        sealed = seal(line.decode().rpartition(',"c":')[0])
        chain.add(sealed)
        out.append(sealed)
    return b"".join(out)


@pytest.fixture
def tampered(recorded: Path, tmp_path: Path) -> Path:
    """A copy in which one reading of the sample is 0.3 K higher, by somebody who knows how a
    journal is made."""
    (tmp_path / "journal.jsonl").write_bytes((recorded / "journal.jsonl").read_bytes())
    (tmp_path / "run.json").write_bytes((recorded / "run.json").read_bytes())
    path = tmp_path / "journal.jsonl"
    events = read_journal(path).events
    samples = [event for event in events if isinstance(event, Sample)]
    value = next(r.value for r in samples[60].readings if r.channel == "probe.temperature")
    assert isinstance(value, float)
    was = path.read_bytes()
    changed = was.replace(repr(value).encode(), repr(value + 0.3).encode(), 1)
    path.write_bytes(remade(changed.splitlines(keepends=True)))
    return tmp_path


def test_a_changed_reading_is_found_by_verify_and_by_replay(tampered: Path) -> None:
    """By the head hash that was kept, and, where none was, by what the check says to it."""
    assert Outcome.CHANGED == verify_run(tampered).outcome
    (tampered / "run.json").unlink()
    assert Outcome.NO_HEAD == verify_run(tampered).outcome
    replay = replay_run(tampered)
    told = {difference.what for difference in replay.differences}

    assert not replay.same
    assert "assessment residual_sd" in told


def test_the_command_ends_by_what_it_found(
    recorded: Path, tampered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 for the same, 6 for a changed record, 1 where only the check's words show it."""
    assert (0, True) == called(recorded, capsys)
    assert (6, False) == called(tampered, capsys)
    (tampered / "run.json").unlink()
    assert (1, False) == called(tampered, capsys)


def called(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, bool]:
    """Exit code, and whether it says that all is the same."""
    with pytest.raises(SystemExit) as exit:
        main(["replay", "--json", str(path)])
    assert isinstance(exit.value.code, int)
    return exit.value.code, json.loads(capsys.readouterr().out)["same"]


def test_the_table_says_what_changed_and_why(
    tampered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row a number that differs, and the versions then and now."""
    run_json = tampered / "run.json"
    facts = json.loads(run_json.read_text())
    facts["versions"]["numpy"] = "1.0.0"
    run_json.write_text(json.dumps(facts))
    with pytest.raises(SystemExit):
        main(["replay", str(tampered)])
    out = capsys.readouterr().out
    lines = out.splitlines()

    assert "assessment residual_sd (" in out
    assert any(line.startswith("assessment residual_sd (") for line in lines)
    assert any(line.startswith("why") and "numpy: 1.0.0 then" in line for line in lines)


def test_a_run_that_was_cut_off_is_replayed_to_where_it_ends(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All up to there is the same; there is no verdict to compare, and that is no pass."""
    lines = (recorded / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "journal.jsonl").write_bytes(b"".join(lines[:150]))
    replay = replay_run(tmp_path)

    assert (True, None) == (replay.same, replay.verdict)
    assert replay.verdict_now is not None
    assert ("none", True) == (replay.verdict_now.verdict, replay.assessments > 20)
    assert (7, True) == called(tmp_path, capsys)


def test_a_check_that_breaks_on_old_readings_is_told(recorded: Path, tmp_path: Path) -> None:
    """A run whose check started from something that today's does not know is not the same, and
    says why."""
    lines = (recorded / "journal.jsonl").read_bytes().splitlines(keepends=True)
    changed = [line.replace(b'"priors":{', b'"priors":{"aether":1,') for line in lines]
    (tmp_path / "journal.jsonl").write_bytes(remade(changed))
    replay = replay_run(tmp_path)

    assert not replay.same
    assert "another version" in replay.broke
