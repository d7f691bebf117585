"""Two people act at once, or one presses twice: exactly one effect, and the second is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from labctl.errors import RecordError
from labctl.events import Note, PromptAnswered
from labctl.ready import Order
from labctl.record import JournalReader
from labctl.service import Service
from labctl.service._queue import Item, Queue
from tests.unit.service.kept import API, Life, armed, client, make_service, until

LOG = {"protocol": "log"}
ASKS = """\
schema: labctl.protocol/1
name: asks
needs: {probe: thermometer}
record: {every: 1 s}
steps:
  - prompt: {text: Which sample is it?}
  - log: {for: 2 s}
  - prompt: {text: And now?}
"""


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each came to, all begun in the same moment."""
    gate = threading.Barrier(len(acts))
    said: list[Any] = []

    def do(act: Callable[[], Any]) -> None:
        gate.wait(10.0)
        said.append(act())

    threads = [threading.Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    return sorted(said, key=lambda one: one.status_code)


def words(said: Any) -> str:
    error = said.json()["error"]
    return f"{error['what']} {error['seen']}"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return make_service(tmp_path)


def ordering(service: Service, path: str, key: str) -> Callable[[], Any]:
    return lambda: client(service).post(f"{API}/{path}", json=LOG, headers={"Idempotency-Key": key})


def asking(service: Service, path: str, body: Any = None) -> Callable[[], Any]:
    return lambda: client(service).post(f"{API}/{path}", json=body)


@pytest.mark.parametrize("path", ["queue", "start"])
def test_one_order_sent_twice_is_one_run(service: Service, path: str) -> None:
    """By a double click, or a script that asks again: the others are told which one it is."""
    first, *others = reversed(at_once(*[ordering(service, path, "k")] * 4))
    assert [201, 200, 200, 200] == [first.status_code, *(one.status_code for one in others)]
    assert [False, True, True, True] == [one.json()["again"] for one in (first, *others)]
    assert 1 == len({one.json()["id"] for one in (first, *others)})
    assert 1 == len(service.orders.told()["items"])


def test_two_who_start_at_once_start_one(service: Service) -> None:
    """The other is told who has the bench."""
    first, second = at_once(ordering(service, "start", "a"), ordering(service, "start", "b"))
    assert [201, 409] == [first.status_code, second.status_code]
    assert "the bench is taken" in words(second)
    assert 1 == len(service.orders.told()["items"])


def test_two_who_cancel_or_move_the_same_are_told_apart(service: Service) -> None:
    """It is cancelled once, and moved no more."""
    item = ordering(service, "queue", "a")().json()["id"]
    ordering(service, "queue", "b")()
    first, second = at_once(*[lambda: client(service).delete(f"{API}/queue/{item}")] * 2)
    assert [200, 409] == [first.status_code, second.status_code]
    assert "cancelled" in words(second)
    assert 409 == asking(service, f"queue/{item}/move", {"to": 1})().status_code
    assert ["cancelled", "waiting"] == [one["state"] for one in service.orders.told()["items"]]


def test_a_hold_of_the_queue_is_taken_off_by_who_looked_at_it(service: Service) -> None:
    """Once; and a new one that came meanwhile stays, however often somebody presses."""
    ordering(service, "queue", "a")()
    service.orders.hold("the first")
    seen = service.orders.told()["hold"]
    first, second = at_once(*[asking(service, "queue/go-on", {"hold": seen})] * 2)
    assert [200, 409] == [first.status_code, second.status_code]
    assert "not held" in words(second)
    service.orders.hold("smoke")
    late = asking(service, "queue/go-on", {"hold": seen})()
    assert (409, True) == (late.status_code, "smoke" in words(late))
    assert "smoke" == service.orders.told()["held"]
    assert 200 == asking(service, "queue/go-on")().status_code
    assert ("", 0) == (service.orders.told()["held"], service.orders.told()["hold"])


def test_a_latch_is_taken_off_by_who_looked_at_it(service: Service) -> None:
    """Of two one does; and not one that came meanwhile."""
    token = armed(service)

    def reset(latched: str | None) -> Callable[[], Any]:
        body = {"why": "looked at it"} | ({} if latched is None else {"latched": latched})
        return lambda: client(service, token).post(f"{API}/reset", json=body)

    service.latch.latch("first", "a")
    now = service.latch.now()
    assert now is not None
    first, second = at_once(reset(now.utc), reset(now.utc))
    assert [200, 409] == [first.status_code, second.status_code]
    service.latch.latch("smoke", "b")
    late = reset(now.utc)()
    assert (409, True) == (late.status_code, "smoke" in words(late))
    assert service.latch.now() is not None
    assert 200 == reset(None)().status_code


def test_a_prompt_is_answered_once_and_a_hold_asked_and_taken_off_once(tmp_path: Path) -> None:
    """The one who comes second is told who was first; the journal has one of each. Who goes on
    takes off the hold that they saw."""
    own = tmp_path / "ours"
    own.mkdir()
    (own / "asks.yaml").write_text(ASKS, encoding="utf-8")
    said: dict[str, list[Any]] = {}
    crossed: list[list[int]] = []

    def person(life: Life) -> None:
        service = life.service
        assert service is not None
        mine = client(service, life.token)

        def post(path: str, body: Any = None) -> Callable[[], Any]:
            return lambda: client(service, life.token).post(f"{API}/{path}", json=body)

        mine.post(f"{API}/start", json={"protocol": "asks"}, headers={"Idempotency-Key": "k"})
        with until(lambda: service.control.prompt is not None):
            first = service.control.prompt
        assert first is not None
        said["hold"] = at_once(post("hold"), post("hold"))
        seen = mine.get(f"{API}/bench").json()["hold_number"]
        said["go-on"] = at_once(*[post("go-on", {"hold": seen})] * 2)
        said["held anew"] = [post("hold")()]
        said["late"] = [post("go-on", {"hold": seen})()]
        said["go"] = [post("go-on")()]
        # One holds while the other goes on: both in some order, or the hold was there already.
        post("hold")()
        seen = mine.get(f"{API}/bench").json()["hold_number"]
        crossed.append(sorted(
            one.status_code for one in at_once(post("go-on", {"hold": seen}), post("hold"))
        ))  # fmt: skip
        now = mine.get(f"{API}/bench").json()["hold_number"]
        crossed.append([now - seen] if now else [])
        if now:
            post("go-on", {"hold": now})()
        said["answer"] = at_once(
            post("answer", {"prompt": first.id, "text": "A"}),
            post("answer", {"prompt": first.id, "text": "B"}),
        )
        with until(lambda: service.control.prompt not in (None, first)):
            second = service.control.prompt
        assert second is not None
        said["old"] = [post("answer", {"prompt": first.id, "text": "C"})()]
        post("answer", {"prompt": second.id, "text": "D"})()
        with until(lambda: service.orders.told()["items"][0]["state"] == "done"):
            pass

    Life(tmp_path, person, own=own).run()
    codes: Mapping[str, list[int]] = {
        name: [one.status_code for one in answers] for name, answers in said.items()
    }
    assert {
        "hold": [200, 409], "go-on": [200, 409], "held anew": [200], "late": [409], "go": [200],
        "answer": [200, 409], "old": [409],
    } == codes  # fmt: skip
    assert "held already by operator at" in words(said["hold"][1])
    assert "another hold stands" in words(said["late"][0])
    assert "answered already by operator at" in words(said["answer"][1])
    (journal,) = (tmp_path / "runs").glob("*/*/journal.jsonl")
    events = list(JournalReader(journal))
    answers = [event.answer for event in events if isinstance(event, PromptAnswered)]
    assert (2, "D", True) == (len(answers), answers[1], answers[0] in "AB")
    holds = [event.text for event in events if isinstance(event, Note)]
    assert crossed in ([[200, 200], [1]], [[200, 409], []])
    asked = 3 + (crossed[1] == [1])
    assert (asked, asked) == (sum("hold before" in text for text in holds), holds.count("go on"))


def test_nobody_is_told_of_an_order_that_is_not_on_disk(tmp_path: Path) -> None:
    """Who asks again with the same key while it is written waits for it, and is refused with it;
    and where their own write comes through, the order is kept."""

    class Disk:
        def __init__(self) -> None:
            self.faults = ["full", "full"]
            self.inside: Callable[[], None] = lambda: None

        def write(self, items: list[Item], shown: int, keys: Mapping[str, tuple[Any, str]]) -> str:
            do, self.inside = self.inside, lambda: None
            do()
            return self.faults.pop() if self.faults else ""

        def read(self) -> tuple[list[Item], int, dict[str, tuple[Any, str]]]:
            return [], 0, {}

    disk = Disk()
    queue = Queue(disk=disk)
    order = Order(protocol="log", runs_dir=tmp_path)
    came: list[str] = []

    def add() -> None:
        try:
            came.append(queue.add(order, by="x", at_most_s=1.0, lights=False, key="k", asked=1).id)
        except RecordError as error:
            came.append(error.seen)

    second = threading.Thread(target=add)
    disk.inside = second.start
    add()
    second.join(10.0)
    assert ["full", "full"] == came
    assert [] == queue.told()["items"]
    disk.faults = []
    add()
    assert [came[2]] == [item["id"] for item in queue.told()["items"]]
