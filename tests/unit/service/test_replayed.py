"""A record on the page: told as it went, in mode REPLAY, and nothing to start or stop behind it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from labctl import clock
from labctl.clock import Clock, run_virtual
from labctl.errors import RefusedError
from labctl.record import JournalState, RunFolder
from labctl.replay import Player, read_recorded
from labctl.service import NO_BENCH, Access, ReplayService, serve_replay
from labctl.service._replayed import _about
from tests.unit.record.some_events import run
from tests.unit.service.kept import API, TOKENS, client


@pytest.fixture
def record(tmp_path: Path) -> Path:
    folder = RunFolder.create(tmp_path / "runs", "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run():
        journal.append(event)
    folder.finish()
    return folder.path


def played(record: Path, until: int = 10**9) -> ReplayService:
    """As its page has it after so many events."""
    recorded = read_recorded(record)
    service = ReplayService(recorded, Access(TOKENS))
    service.hub.begin(_about(recorded, 1.0))
    handed: list[Any] = []

    def hand_on(event: Any) -> None:
        handed.append(event)
        if len(handed) <= until:
            service.hub.publish(event)

    async def main(here: Clock) -> None:
        service.over(await Player(recorded).play(here, hand_on))

    run_virtual(main)
    return service


def test_a_record_is_told_and_of_a_bench_nothing(record: Path) -> None:
    """While the record is lit too: the mode, the word and the beam say that nobody looks at one."""
    for until, then in ((30, "ON 1.00 W"), (10**9, "OFF")):
        status = played(record, until).hub.status()

        assert ("REPLAY", "REPLAY, ended", "idle") == (
            status["mode"],
            status["word"],
            status["tone"],
        )
        assert ("UNKNOWN", None, 0.0, "") == (
            status["beam"]["seen"], status["beam"]["age_s"], status["power_w"], status["engine"],
        )  # fmt: skip
        assert f"in the record of this SIMULATED run it was {then}" in status["beam"]["text"]
        assert "heating-curve" == status["run"]["protocol"]
        assert [("irradiate", 1.0)] == [
            (one["verb"], one["power_w"]) for one in status["run"]["steps"]
        ]


def test_a_record_that_was_cut_off_says_where_it_ends(record: Path) -> None:
    """The page does not wait for what never came."""
    journal = record / "journal.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:40]))
    status = played(record).hub.status()

    assert "REPLAY: the record ends here, cut off" == status["word"]
    assert status["run"]["ended"] is None and not status["stalled"]


def test_of_a_record_that_lies_by_itself_nothing_around_it_is_shown(
    record: Path, tmp_path: Path
) -> None:
    """Nor is anything written there. One among others has them beside it."""
    for there in ("other/letters", "2026-01-31/002-secret"):
        shutil.copytree(record, tmp_path / "post" / there)
    alone = Path(shutil.copytree(record, tmp_path / "post" / "came in" / "(from lab A)"))
    before = sorted((tmp_path / "post").rglob("*"))
    service = played(alone)
    ask = client(service, TOKENS.viewer).get
    name = service.hub.status()["run"]["record"]

    assert "2000-01-01/from-lab-A-" == name
    assert [name] == [one["path"] for one in ask(f"{API}/runs").json()]
    assert [] == ask(f"{API}/runs", params={"sample": "gold"}).json()
    assert 30 == len(ask(f"{API}/runs/{name}/points").json()["rows"])
    assert "journal.jsonl" in {one["name"] for one in ask(f"{API}/runs/{name}/files").json()}
    assert 200 == ask(f"{API}/runs/{name}/files/run.json").status_code
    assert 404 == ask(f"{API}/runs/2026-01-31/002-secret").status_code
    assert before == sorted((tmp_path / "post").rglob("*"))
    among = client(played(tmp_path / "post" / "2026-01-31" / "002-secret"), TOKENS.viewer)
    assert 1 == len(among.get(f"{API}/runs").json())


def test_a_page_sees_the_whole_run(record: Path) -> None:
    """Points, events with the mode REPLAY, and the verdict, as of a run that goes on."""
    told = json.loads(played(record).hub.snapshot({"role": "viewer"}))

    assert 30 == len(told["points"]["rows"])
    begun = next(one["e"] for one in told["events"] if one["e"]["k"] == "run-begun")
    assert "REPLAY" == begun["mode"]
    assert "pass" == told["status"]["run"]["verdict"]["verdict"]


@pytest.mark.parametrize("path", ["stop", "stop-laser"])
def test_stop_says_that_this_is_a_replay(record: Path, path: str) -> None:
    """It latches nothing and writes nothing."""
    service = played(record)
    before = sorted(record.parents[1].rglob("*"))
    said = client(service, TOKENS.viewer).post(f"{API}/{path}", json={})

    assert 200 == said.status_code
    assert said.json()["done"].startswith(NO_BENCH)
    assert service.hub.status()["latched"] is None
    assert before == sorted(record.parents[1].rglob("*"))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("start", {"protocol": "heating-curve"}),
        ("queue", {"protocol": "heating-curve"}),
        ("hold", {}),
        ("notes", {"text": "x"}),
        ("reset", {"why": "x"}),
        ("arm", {"code": TOKENS.arm_code}),
    ],
)
def test_nothing_starts_from_a_replay(record: Path, path: str, body: dict[str, str]) -> None:
    """Whoever watches may not; and who had an operator's token, which nobody is given, finds no
    bench."""
    service = played(record)
    key = {"Idempotency-Key": "k" * 16}
    mine = client(service, TOKENS.viewer).post(f"{API}/{path}", json=body, headers=key)
    theirs = client(service, TOKENS.operator).post(f"{API}/{path}", json=body, headers=key)

    assert 403 == mine.status_code
    assert theirs.status_code in (403, 409)
    assert [] == service.orders.told()["items"]
    with pytest.raises(RefusedError, match="this is the replay of a record"):
        service.order({"protocol": "heating-curve"}, "x")


def test_the_page_lives_until_a_signal(record: Path) -> None:
    """Served on loopback to whoever has the printed token, also when all was played."""
    said: list[str] = []
    seen: dict[str, Any] = {}

    def look() -> None:
        while not any(line.startswith("played") for line in said):
            clock.real_sleep(0.01)
        url, _, token = next(line.split()[1] for line in said if "#token=" in line).partition("/#")
        asked = urllib.request.Request(
            f"{url}{API}/bench", headers={"Authorization": f"Bearer {token[6:]}"}
        )
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                seen.update(json.load(answer))
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    person = threading.Thread(target=look)
    person.start()
    played = serve_replay(record, said.append, speed=None, port=0)
    person.join(10.0)

    assert (True, JournalState.CLOSED) == (played.over, played.state)
    assert ("REPLAY", "REPLAY, ended") == (seen["mode"], seen["word"])
    assert "http://127.0.0.1:" in said[0]
