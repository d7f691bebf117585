"""A stop against everything that moves in the same instant, and whatever is said with it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from labctl import bench as benches
from labctl.cli._told import Told
from labctl.errors import RecordError, RefusedError
from labctl.events import EmissionIntent, Note
from labctl.ready import Ready
from labctl.record import JournalReader
from labctl.service import Service
from labctl.service import _bodies as bodies
from labctl.service._control import Control
from labctl.service._keeper import Keeper
from labctl.service._latch import StopLatch
from tests.unit.service.kept import API, QUICK, Life, armed, client, make_service, until
from tests.unit.service.test_life import of

HALF = "\\ud800"
"""Half a character, as JSON writes it."""


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return make_service(tmp_path)


def test_half_a_character_ends_no_page_no_run_and_no_service(tmp_path: Path) -> None:
    """In a note, and in the reason of a stop: all who watch go on, the record is closed, and
    whoever comes later is told too."""
    seen: dict[str, Any] = {}

    def do(life: Life) -> None:
        person = of(life)
        item = person.start("k1", parameters={**QUICK, "heat": "30 min"})[1]["id"]
        with until(lambda: person.status()["tone"] == "on"):
            pass
        head = {"Authorization": f"Bearer {person.token}"}
        where = f"ws{life.url[4:]}{API}/live"
        with (
            connect(where, additional_headers=head) as other,
            connect(where, additional_headers=head) as page,
        ):
            page.send(f'{{"id": "{HALF}", "do": "note", "text": "a{HALF}b"}}')
            page.send(f'{{"id": 2, "do": "stop", "why": "c{HALF}d"}}')
            with until(lambda: person.state(item) == "done"):
                pass
            for one in (other, page):
                while not (told := json.loads(one.recv(timeout=5))).get("queue") or (
                    told["queue"]["items"][0]["state"] != "done"
                ):
                    pass
        with connect(where, additional_headers=head) as late:
            seen["notes"] = [n["text"] for n in json.loads(late.recv(timeout=5))["notes"]]
        seen["run"] = person.ask(
            "GET", f"/runs/{person.ask('GET', '/queue')[1]['items'][0]['run']}"
        )

    Life(tmp_path, do, speed=20.0).run()
    assert "a?b" == seen["notes"][-1]
    assert (200, "closed", True) == (
        seen["run"][0], seen["run"][1]["state"], "c?d" in seen["run"][1]["why"],
    )  # fmt: skip


def test_words_from_the_network_move_no_cursor_where_somebody_arms() -> None:
    """A remark or a reason is one line at the service's terminal; labctl's own lines stay as they
    are, and so do letters of any language."""
    for said in ("a\x1b[2J\rb", "a\nbeam OFF", "a\x9bb\u202eb"):
        assert not set(bodies.whole(said)) & set("\x1b\r\n\x9b\u202e")
        note = bodies.Note(text=said).text
        assert note == bodies.whole(said)
    assert "Größe 測定 45 °C" == bodies.whole("Größe 測定 45 °C")
    lines: list[str] = []
    told = Told(lines.append)
    told.publish(Note(0, who="x", text="a\x1b[2J\nbeam OFF"))
    told.say("two\nlines\x1b[2J")
    told.close()
    assert 2 == len(lines)
    assert ("\n" in lines[0], "two\nlines\\x1b[2J") == (False, lines[1])


@pytest.mark.parametrize("text", [f'a: "{HALF}"', f'"{HALF}": 1'])
def test_half_a_character_in_a_protocol_is_a_problem(service: Service, text: str) -> None:
    """With its line; and one whole is none."""
    told = client(service).post(f"{API}/validate", json={"text": text}).json()["problems"]
    assert ["half a character" in told[0]["message"], 1] == [True, told[0]["line"]]
    whole = client(service).post(f"{API}/validate", json={"text": 'a: "\\U0001F600"'}).json()
    assert not [one for one in whole["problems"] if "half" in one["message"]]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"why=smoke", "application/x-www-form-urlencoded"),
        (b"smoke", "text/plain"),
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b'{"why": 7}', "application/json"),
        (b'{"why": "\\ud800"}', "application/json"),
        (b'{"why": "x", "more": 1}', "application/json"),
        (b'{"why": "' + b"x" * 300_000 + b'"}', "application/json"),
    ],
)
@pytest.mark.parametrize("path", ["/stop", "/stop-laser"])
def test_a_stop_is_never_refused_for_its_body(
    service: Service, path: str, body: bytes, kind: str
) -> None:
    """What is wrong with the reason is no reason to go on; and without a token it is refused."""
    head = {"content-type": kind}
    assert 200 == client(service).post(f"{API}{path}", content=body, headers=head).status_code
    assert 1 == service.stops
    assert 401 == client(service, None).post(f"{API}{path}", content=body).status_code
    assert 1 == service.stops


@pytest.mark.parametrize("path", ["/stop", "/stop-laser"])
def test_a_stop_that_cannot_be_written_down_is_told_as_done(
    service: Service, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """On a full disk too: what was asked for comes first, then what failed."""

    def full(*given: object, **more: object) -> None:
        raise RecordError("the audit line cannot be written", seen="no space left")

    monkeypatch.setattr(service.audit, "say", full)
    said = client(service).post(f"{API}{path}")
    assert 200 == said.status_code
    assert said.json()["done"].startswith("no run was on")
    assert "cannot be written" in said.json()["done"]
    assert (path == "/stop-laser") == (service.latch.now() is not None)


def test_a_stop_before_the_run_has_begun_is_kept_for_it() -> None:
    """Taken from the queue and not begun: stopped as it begins. Without anything to come there is
    nothing to stop, and nothing is kept for the next one."""
    control, heard = Control(lambda: None), list[str]()

    async def run() -> None:
        control.entered(asyncio.get_running_loop(), heard.append)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    assert not control.stop("nobody")
    control.coming(True)
    assert control.stop("somebody")
    asyncio.run(run())
    assert ["somebody"] == heard
    assert "somebody" == control.left()
    control.coming(True)
    asyncio.run(run())
    assert ["somebody"] == heard
    assert "" == control.left()


@pytest.mark.parametrize("path", ["/stop", "/stop-laser"])
def test_a_stop_while_a_run_is_made_ready_beats_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """It is told as asked for, and the run never lights; what waits behind it is held."""
    from labctl.service import _keeper

    readying, stopped = threading.Event(), threading.Event()
    real = _keeper.ready

    def slow(*given: Any, **more: Any) -> Ready:
        readying.set()
        stopped.wait(10.0)
        return real(*given, **more)

    seen: dict[str, Any] = {}

    def do(life: Life) -> None:
        person = of(life)
        order = {"protocol": "heating-curve", "sample": "water", "parameters": QUICK}
        person.start("k1")
        readying.wait(10.0)
        person.ask("POST", "/queue", order, **{"Idempotency-Key": "k2"})
        seen["said"] = person.ask("POST", path)[1]["done"]
        stopped.set()
        with until(lambda: person.state("q1") != "running"):
            pass
        seen["queue"] = person.ask("GET", "/queue")[1]

    monkeypatch.setattr(_keeper, "ready", slow)
    Life(tmp_path, do).run()
    assert "asked for" in seen["said"]
    first, second = seen["queue"]["items"]
    assert (("refused", 5), "waiting") == ((first["state"], first["exit_code"]), second["state"])
    assert seen["queue"]["held"]
    journals = list(tmp_path.glob("runs/*/*/journal.jsonl"))
    assert not [e for j in journals for e in JournalReader(j) if isinstance(e, EmissionIntent)]


def test_a_stop_between_two_runs_of_a_series_ends_the_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the first has closed and the second has not begun: there is no second."""
    lives: list[Life] = []
    real = Keeper._one

    def one(self: Keeper, *given: Any) -> Any:
        result = real(self, *given)
        service = lives[0].service
        assert service is not None
        assert "asked for" in service.stop("viewer at 127.0.0.1", "", laser=False)
        return result

    seen: dict[str, Any] = {}

    def do(life: Life) -> None:
        lives.append(life)
        person = of(life)
        order = {
            "protocol": "concentration-series",
            "sample": None,
            "parameters": {"heat": "90 s", "cool": "2 min"},
        }
        seen["start"] = person.start("k1", **order)
        with until(lambda: person.status()["prompt"] is not None):
            said = {"prompt": person.status()["prompt"]["id"], "text": "it is in"}
            assert 200 == person.ask("POST", "/answer", said)[0]
        with until(lambda: person.state("q1") != "running"):
            pass
        seen["item"] = person.ask("GET", "/queue")[1]["items"][0]

    monkeypatch.setattr(Keeper, "_one", one)
    Life(tmp_path, do).run()
    assert ("done", "stopped", 5) == tuple(
        seen["item"][name] for name in ("state", "outcome", "exit_code")
    ), seen
    assert 1 == len(list(tmp_path.glob("runs/*/*/journal.jsonl")))


def test_a_stop_beats_a_start_that_is_being_looked_at(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the latch is taken off before the start is done. Without a stop it is taken."""
    token, real = armed(service), service.checked

    def start(key: str) -> int:
        order = {"protocol": "heating-curve", "sample": "water", "parameters": QUICK}
        return client(service, token).post(
            f"{API}/start", json=order, headers={"Idempotency-Key": key}
        ).status_code  # fmt: skip

    def meanwhile(do: Callable[[], object]) -> None:
        monkeypatch.setattr(service, "checked", lambda order: (do(), real(order))[1])

    def latched_and_reset() -> None:
        service.stop("viewer at 127.0.0.1", "", laser=True)
        service.latch.reset("it was toast")

    for key, act in (("k1", latched_and_reset), ("k2", lambda: service.stop("v", "", laser=False))):
        meanwhile(act)
        assert 409 == start(key)
    assert not service.orders.told()["items"]
    meanwhile(lambda: None)
    assert 201 == start("k3")


def test_a_stop_with_no_run_on_holds_what_waits(service: Service) -> None:
    """Whoever presses it between two runs does not want the next; with nothing that waits there is
    nothing to hold."""
    assert "no run was on" == service.stop("v", "", laser=False)
    assert "" == service.orders.held
    order = service.order({"protocol": "heating-curve"}, "o")
    service.orders.add(order, by="o", at_most_s=1.0, lights=True)
    assert "held" in service.stop("v", "", laser=False)
    assert service.orders.take() is None


def test_a_disk_that_hangs_holds_up_no_second_stop_laser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first one's trip is not on disk yet; the second is taken at once."""
    latch, going, free = _latch(), threading.Event(), threading.Event()

    def hangs(*given: Any) -> None:
        going.set()
        free.wait(10.0)

    monkeypatch.setattr(benches, "keep_trip", hangs)
    latch.latch("smoke", "a")
    keeping = threading.Thread(target=latch.keep)
    keeping.start()
    going.wait(10.0)
    again = threading.Thread(target=latch.latch, args=("smoke", "b"), daemon=True)
    again.start()
    again.join(2.0)
    held_up = again.is_alive()
    free.set()
    keeping.join()
    again.join()
    assert not held_up


def test_a_look_at_the_disk_takes_no_stop_laser_off_that_comes_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The disk was read before the trip was on it. One that was on it and is gone is taken off."""
    latch = _latch()
    monkeypatch.setattr(benches, "keep_trip", lambda *given: None)
    latch.latch("old", "a")
    latch.keep()

    def read(bench: object) -> list[Any]:
        latch.latch("new", "b")
        return []

    monkeypatch.setattr(benches, "latched", read)
    latch.look()
    assert latch.now() is not None
    latch.keep()
    monkeypatch.setattr(benches, "latched", lambda bench: [])
    latch.look()
    assert latch.now() is None


def test_a_stop_laser_during_a_reset_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reset says so; the next one takes it off."""
    latch = _latch(real=False)
    latch.latch("old", "a")

    def read(bench: object) -> list[Any]:
        latch.latch("new", "b")
        return []

    monkeypatch.setattr(benches, "latched", read)
    with pytest.raises(RefusedError, match="anew"):
        latch.reset("toast")
    assert latch.now() is not None
    monkeypatch.setattr(benches, "latched", lambda bench: [])
    latch.reset("toast")
    assert latch.now() is None


def test_a_name_that_no_file_can_have_is_no_fault(service: Service) -> None:
    """Nobody needs a token for it."""
    assert 404 == client(service, None).get(f"/page/{'a' * 5000}.js").status_code


def _latch(*, real: bool = True) -> StopLatch:
    latch = StopLatch(benches.load(benches.find_bench("simulated", environment=None).path))
    latch.real, latch._on_disk = real, True
    return latch


@pytest.mark.parametrize(
    ("hold", "engine", "in_process", "stands_still"),
    [
        ("asked", "EMITTING", True, False),
        ("asked", "WAITING", True, True),
        ("asked", "WAITING", False, False),
        ("", "WAITING", True, False),
    ],
)
def test_silence_is_excused_only_where_a_simulated_clock_waits_for_a_person(
    service: Service, monkeypatch: pytest.MonkeyPatch,
    hold: str, engine: str, in_process: bool, stands_still: bool,
) -> None:  # fmt: skip
    """A hold that is asked for while it is lit hides no run that hangs, nor does a person on a
    bench whose clock is real."""
    heard: list[bool] = []
    monkeypatch.setattr(service.control, "_hold", hold)
    monkeypatch.setattr(Service, "in_process", in_process)
    state = replace(service.hub.seen.state, engine=engine)
    monkeypatch.setattr(service.hub.seen, "state", state)
    monkeypatch.setattr(
        "labctl.service._seen.Seen.stalled",
        lambda self, now_ns, *, asked: heard.append(asked) or False,
    )
    service.hub.status()
    assert [stands_still] == heard
