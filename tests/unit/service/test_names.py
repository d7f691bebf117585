"""No place on this computer leaves the service, but names below the folder for records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labctl.errors import RecordError
from labctl.events import Beam, Note, RunEnded, Tripped
from labctl.service import Service
from labctl.service._names import Names
from tests.unit.service.kept import API, Life, client, make_service, until


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return make_service(tmp_path)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("/home/lab/runs/2026-01-01/001-x/a.json: none", "2026-01-01/001-x/a.json: none"),
        ("full (seen: '/home/lab/runs')", "full (seen: 'runs')"),
        ("/etc/labctl/bench.yaml:12:3: P001 bad", "bench.yaml:12:3: P001 bad"),
        ("~/ours/x.yaml", "x.yaml"),
        ("laser at /dev/ttyUSB0: no answer", "laser at /dev/ttyUSB0: no answer"),
        ("12 W/cm2 and/or 3 /min, http://h.x/a/b", "12 W/cm2 and/or 3 /min, http://h.x/a/b"),
    ],
)  # fmt: skip
def test_a_place_is_told_by_its_name(said: str, told: str) -> None:
    """Of records from their folder on; devices and units stay."""
    assert told == Names(Path("/home/lab/runs"))(said)


def test_an_event_that_leaves_has_no_place_in_what_an_error_said() -> None:
    """What a person said stays as it was; where nothing changes it is the same event."""
    names = Names(Path("/home/lab/runs"))
    ended = RunEnded(0, "data-fault", "/home/lab/runs/a/b: full", 6, "none", Beam.OFF, "read back",
                     1, 0.0)  # fmt: skip
    told = names.event(ended)
    assert isinstance(told, RunEnded)
    assert ("a/b: full", "data-fault") == (told.why, told.outcome)
    note = Note(0, who="x", text="see /mnt/data/x")
    trip = Tripped(0, "lease", "no word for 0.3 s", 0.3, 0.3, "s")
    assert note is names.event(note)
    assert trip is names.event(trip)


def test_no_listing_tells_where_anything_lies(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Queue, its hold, runs, a run, protocols, bench, errors: none has the folder's place in it."""
    place = str(tmp_path)
    run = service.runs_dir / "2026-01-01" / "001-x"
    run.mkdir(parents=True)
    (run / "journal.jsonl").write_text("[]\n", encoding="utf-8")
    somebody = client(service)
    order = {"protocol": "log"}
    item = somebody.post(f"{API}/queue", json=order, headers={"Idempotency-Key": "k"}).json()["id"]
    taken = service.orders.take()
    assert taken is not None
    somebody.post(f"{API}/queue", json=order, headers={"Idempotency-Key": "k2"})
    why = f"{place}/runs/2026-01-01/001-x/journal.jsonl: the journal cannot be written"
    service.orders.over(taken, "done", 6, outcome="data-fault", why=why)
    service.latch.latch(f"{place}/state/trip.json cannot be read", "the disk")
    queue = somebody.get(f"{API}/queue").json()
    assert "2026-01-01/001-x/journal.jsonl: the journal cannot be written" == next(
        one["why"] for one in queue["items"] if one["id"] == item
    )
    assert "2026-01-01/001-x/journal.jsonl" in queue["held"]

    def broken(*given: Any, **more: Any) -> Any:
        raise RecordError("cannot be read", where=f"{place}/x", seen=f"{place}/runs/y")

    said = [
        somebody.get(f"{API}/{path}").text
        for path in ("queue", "runs", "runs/2026-01-01/001-x", "runs/2026-01-01/001-x/points",
                     "protocols", "bench", "samples")
    ]  # fmt: skip
    monkeypatch.setattr("labctl.service._records.Catalogue", broken)
    said.append(somebody.get(f"{API}/runs").text)
    said.append(somebody.post(f"{API}/start", json=order, headers={"Idempotency-Key": "n"}).text)
    said.append(service.hub.snapshot({}))
    assert [] == [text for text in said if place in text]


def test_a_run_whose_record_fails_tells_watchers_and_queue_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the engine's own end to the queue and the stream of events."""
    from labctl.record import RunFolder

    finish = RunFolder.finish

    def full(self: RunFolder, **said: Any) -> None:
        finish(self, **said)
        raise RecordError("no space left", where=str(self.path / "run.json"))

    monkeypatch.setattr(RunFolder, "finish", full)
    told: list[str] = []

    def person(life: Life) -> None:
        service = life.service
        assert service is not None
        order = service.order(
            {"protocol": "log", "parameters": {"for": "5 s", "every": "1 s"}}, "x"
        )
        service.orders.add(order, by="x", at_most_s=5.0, lights=False)
        with until(lambda: service.orders.told()["items"][0]["state"] == "done"):
            told.append(json.dumps(service.orders.told()))
            told.append(json.dumps(service.hub.kept(0)))
            told.append(service.hub.snapshot({}))

    Life(tmp_path, person).run()
    assert "no space left" in told[0]
    assert [] == [text for text in told if str(tmp_path) in text]
