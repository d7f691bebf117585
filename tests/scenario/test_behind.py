"""What a bench does without is refused where it is REAL, and on record where it is not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from labctl.bench import Waiver
from labctl.engine import check_request
from labctl.errors import RefusedError
from labctl.events import Note
from tests.scenario.runs import bench_file, request, run

FILE = bench_file("simulated")
REAL = FILE.with_addresses(
    {"diode": "/dev/ttyUSB0", "scanner": "/dev/ttyUSB1", "meter": "/dev/ttyUSB2"}
)
WAIVER = Waiver("Ann", "2020-01-01", "on order", where="b.yaml:7")


def test_a_real_bench_whose_waiver_has_ended_cannot_be_armed(tmp_path: Path) -> None:
    """Refused before anything is opened, with the waiver's place in the file."""
    file = dataclasses.replace(REAL, dead_man=None, waivers={"dead_man": WAIVER})
    with pytest.raises(RefusedError, match="by Ann ended on 2020-01-01") as refused:
        check_request(request(tmp_path, bench=file, speed=1.0))
    assert "b.yaml:7" == refused.value.where


def test_emission_on_a_real_bench_stays_refused(tmp_path: Path) -> None:
    """Declared or not: it cannot be armed at the bench yet."""
    with pytest.raises(RefusedError, match="cannot be armed at the bench yet"):
        check_request(request(tmp_path, bench=REAL, speed=1.0))


def test_a_waiver_is_on_record(tmp_path: Path) -> None:
    """In the journal and in run.json, also when it has ended; a simulated bench runs all the
    same."""
    file = dataclasses.replace(FILE, dead_man=None, waivers={"dead_man": WAIVER})
    story = run(tmp_path, bench=file)
    words = [note.text for note in story.of(Note) if note.text.startswith("WAIVED")]
    about = json.loads((story.result.folder.path / "run.json").read_text())
    assert 1 == len(words) and "EXPIRED on 2020-01-01" in words[0]
    assert words == about["waived"]
