"""A trip on disk: which bench it holds, and what cannot be read or written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from labctl.bench import BenchFile, latched, look, reset_latched
from labctl.bench._connect import connect
from labctl.bench._tripped import latch_of, refuse_latched
from labctl.clock import Clock, run_real
from labctl.errors import LabctlError, RecordError, SafetyError
from labctl.talk import STOP, Latch, Trip
from tests.scenario.runs import bench_file

FILE = bench_file("simulated")
PORT, OTHER = "sim+socket://127.0.0.1:9", "sim+socket://127.0.0.1:10"
TRIP = Trip("temperature", "probe.temperature is 90.00 degC")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABCTL_STATE_DIR", str(tmp_path))
    return tmp_path / "trips"


def at(address: str) -> BenchFile:
    return FILE.with_addresses({"diode": address})


def keep(file: BenchFile, trip: Trip = TRIP) -> Trip:
    return latch_of(file, ["laser"]).keep(trip)


def test_a_trip_holds_its_bench_and_no_other() -> None:
    """Known again by the port of its laser."""
    assert TRIP == keep(at(PORT))
    with pytest.raises(SafetyError, match=r"has not been reset: probe.temperature is 90.00 degC"):
        refuse_latched(at(PORT))
    refuse_latched(at(OTHER))
    refuse_latched(FILE)


def test_a_real_bench_is_known_by_its_name_too() -> None:
    """Its laser may come back at another port."""
    keep(at("/dev/ttyUSB0"))
    with pytest.raises(SafetyError):
        refuse_latched(at("/dev/ttyUSB1"))
    refuse_latched(at(OTHER))


def test_a_port_is_the_same_under_another_name() -> None:
    """Neither another writing of the address (a link, a detour, without the word that it is
    simulated) nor another name of the bench takes a trip off."""
    keep(at("/dev/null"))
    with pytest.raises(SafetyError):
        refuse_latched(replace(at("/dev/./null"), name="another"))
    refuse_latched(replace(at("/dev/zero"), name="another"))
    keep(at(PORT))
    with pytest.raises(SafetyError):
        refuse_latched(replace(at(PORT.removeprefix("sim+")), name="another"))


def test_a_latched_bench_is_not_lit_but_can_be_read() -> None:
    """Refused where limits for its light are given, before a port is opened."""
    keep(at(PORT))
    spec = {"laser": FILE.guard_spec()}

    async def main(clock: Clock) -> None:
        await connect(at(PORT), ["laser"], clock, None, spec)

    with pytest.raises(SafetyError, match="has not been reset"):
        run_real(main)


def test_a_reset_is_on_record_before_the_trip_goes(folder: Path) -> None:
    """Who, when, and why; the bench may be lit again."""
    keep(at(PORT))
    reset_latched(at(PORT), "lid was open")
    assert () == latched(at(PORT))
    said = json.loads((folder / "resets.jsonl").read_text())
    assert ("lid was open", "temperature") == (said["why"], said["rule"])
    assert said["by"] and said["reset_utc"]


def test_a_reset_that_cannot_be_put_on_record_resets_nothing(folder: Path) -> None:
    """The trip stands."""
    keep(at(PORT))
    (folder / "resets.jsonl").mkdir()
    with pytest.raises(RecordError):
        reset_latched(at(PORT), "lid was open")
    assert 1 == len(latched(at(PORT)))


def test_a_trip_that_cannot_be_read_refuses(folder: Path) -> None:
    """Nobody knows whose it is."""
    folder.mkdir()
    (folder / "half.json").write_text('{"bench": ')
    with pytest.raises(SafetyError, match="cannot be read"):
        refuse_latched(at(PORT))


def test_a_disk_that_does_not_take_a_trip_is_told_with_it(tmp_path: Path) -> None:
    """The trip is told all the same, and says that it does not outlive its process."""
    told = Latch(str(tmp_path / "nowhere" / "t.json"), "b", (PORT,)).keep(TRIP)
    assert TRIP.rule == told.rule
    assert told.message.startswith(TRIP.message + "; NOT kept on disk: ")


def test_a_disk_that_hangs_does_not_hold_up_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for no longer than a tenth of a second."""
    monkeypatch.setattr("labctl.synced._write_whole", lambda path, text, said: None)
    assert "the disk does not answer" in keep(at(PORT)).message


def test_a_persons_stop_latches_nothing() -> None:
    """Whoever asked for off need not see to a cause."""
    assert Trip(STOP, "by Ann") == keep(at(PORT), Trip(STOP, "by Ann"))
    assert () == latched(at(PORT))


def test_a_bench_that_is_not_there_cannot_be_looked_at() -> None:
    """And so it is not reset."""

    async def main(clock: Clock) -> list[Trip]:
        others = {"scanner": "sim+socket://127.0.0.1:7", "meter": "sim+socket://127.0.0.1:8"}
        return await look(at(PORT).with_addresses(others), clock)

    with pytest.raises(LabctlError, match="are not there"):
        run_real(main)
