"""What a bench does without is refused where it is REAL, and on record where it is not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from labctl.bench import (
    Arming,
    Waiver,
    _armable,
    not_armable,
    not_commissioned,
    record_path,
    safety_digest,
    waived,
)
from labctl.engine import check_request
from labctl.errors import InputError
from labctl.events import Note
from tests.scenario.runs import bench_file, guarded, request

FILE = bench_file("simulated")
REAL = FILE.with_addresses(
    {"diode": "/dev/ttyUSB0", "scanner": "/dev/ttyUSB1", "meter": "/dev/ttyUSB2"}
)
WAIVER = Waiver("Ann", "2020-01-01", "on order", where="b.yaml:7")


def test_a_real_bench_whose_waiver_has_ended_cannot_be_armed(tmp_path: Path) -> None:
    """Refused before anything is opened, with the waiver's place in the file."""
    file = dataclasses.replace(REAL, dead_man=None, waivers={"dead_man": WAIVER})
    with pytest.raises(InputError, match="is REAL and cannot be armed") as refused:
        check_request(request(tmp_path, bench=file, speed=1.0))
    told = [p for p in refused.value.problems if "by Ann ended on 2020-01-01" in p.message]
    assert ["b.yaml:7"] == [problem.file for problem in told]


def test_everything_that_a_real_bench_lacks_is_told_at_once(tmp_path: Path) -> None:
    """Interlock, dead-man, cap, way off, proof of a driver, commissioning, somebody at the bench:
    each by itself, before anything is opened."""
    laser = REAL.instruments["diode"]
    slow = dataclasses.replace(laser, driver="cni-laser", settings={})
    file = dataclasses.replace(
        REAL,
        interlock=None,
        dead_man=None,
        limits=dataclasses.replace(REAL.limits, temperature_degc=None),
        arming=Arming(commissioned=True),
    )
    told = {p.message for p in not_armable(file, REAL.instruments, ["laser"], "2026-01-31")}
    for words in (
        "the hardware interlock is neither declared nor waived",
        "the dead-man is neither declared nor waived",
        "sets no limit 'temperature'",
        "has not been commissioned",
    ):
        assert 1 == sum(words in message for message in told), told
    assert 4 == len(told)
    cni = dataclasses.replace(file, instruments={**REAL.instruments, "diode": slow})
    told = {p.message for p in not_armable(cni, REAL.instruments, ["laser"], "2026-01-31")}
    assert any("may take 0.6 s to go off" in message for message in told)
    with pytest.raises(InputError) as refused:
        check_request(request(tmp_path, bench=REAL, speed=1.0))
    (nobody,) = refused.value.problems
    assert "it is armed by a person, at a terminal of the machine" in nobody.message
    assert 2 == refused.value.exit_code


def test_a_driver_that_nobody_proved_needs_somebody_who_answers_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By name and until a day; labctl's own need nobody."""

    def lacks(waivers: dict[str, Waiver], day: str = "2026-01-31") -> list[str]:
        file = dataclasses.replace(REAL, driver_waivers=waivers)
        return [p.message for p in not_armable(file, REAL.instruments, ["laser"], day)]

    assert [] == lacks({})
    unproven = {"arroyo-laser": "nobody tried it"}
    monkeypatch.setattr(_armable, "unproven", lambda name: unproven.get(name, ""))
    assert ["the driver arroyo-laser is not labctl's own, and nobody tried it"] == lacks({})
    waiver = Waiver("Ann", "2026-03-01", "tried at 50 mW", where="b.yaml:9")
    assert [] == lacks({"arroyo-laser": waiver})
    assert ["the waiver of the proof of the driver arroyo-laser by Ann ended on 2026-03-01"] == (
        lacks({"arroyo-laser": waiver}, "2026-03-02")
    )
    file = dataclasses.replace(REAL, driver_waivers={"arroyo-laser": waiver})
    assert "WAIVED: the proof of the driver arroyo-laser, by Ann" in waived(file, "2026-01-31")[0]


def test_a_commissioning_record_counts_while_the_bench_is_as_it_was(tmp_path: Path) -> None:
    """Passed, readable, and of this very bench; a title may change, a limit may not."""
    file = dataclasses.replace(REAL, source_file=str(tmp_path / "b.yaml"))
    path = record_path(file)

    def says(**said: object) -> str:
        whole = {"passed": True, "safety_digest": safety_digest(file), "who": "Ann", "date": "d"}
        path.write_text(json.dumps({**whole, **said}))
        return not_commissioned(file)

    assert "it has not been commissioned" == not_commissioned(file)
    assert "" == says()
    assert "it did not pass its commissioning by Ann on d" == says(passed=False)
    assert "was changed since" in says(safety_digest="other")
    path.write_text("{")
    assert "cannot be read" in not_commissioned(file)
    assert safety_digest(file) == safety_digest(dataclasses.replace(file, title="another"))
    looser = dataclasses.replace(file, limits=dataclasses.replace(file.limits, exposure_s=7200.0))
    assert safety_digest(file) != safety_digest(looser)


def test_light_with_nobody_there_is_off_unless_the_officer_allows_it(tmp_path: Path) -> None:
    """By the bench file, by name; asking for it is not enough."""
    asked = dataclasses.replace(request(tmp_path, bench=REAL, speed=1.0), unattended=True)
    with pytest.raises(InputError) as refused:
        check_request(asked)
    (why,) = refused.value.problems
    assert "nobody at the bench is not allowed" in why.message
    allowed = dataclasses.replace(REAL, unattended_by="Dr B")
    check_request(dataclasses.replace(asked, bench_file=allowed))


def test_a_waiver_is_on_record(tmp_path: Path) -> None:
    """In the journal and in run.json, also when it has ended; a simulated bench runs all the
    same."""
    file = dataclasses.replace(FILE, dead_man=None, waivers={"dead_man": WAIVER})
    story = guarded(tmp_path, bench=file)
    words = [note.text for note in story.of(Note) if note.text.startswith("WAIVED")]
    about = json.loads((story.result.folder.path / "run.json").read_text())
    assert 1 == len(words) and "EXPIRED on 2020-01-01" in words[0]
    assert words == about["waived"]
