"""What waits, and which keys were used, outlive the service; nothing starts again by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labctl.errors import InputError, RecordError, RefusedError
from labctl.ready import Order
from labctl.service import Service
from labctl.service._kept_queue import QueueFile
from labctl.service._queue import Item, Queue
from tests.unit.service.kept import API, QUICK, armed, client, make_service

ORDER = {"protocol": "heating-curve", "parameters": QUICK, "sample": "water"}


def order(folder: Path) -> Order:
    return Order(protocol="log", parameters=("every=1s",), faults=("x=1",), runs_dir=folder,
                 blank=folder / "2026-01-01" / "001-x", about={"by": "me"})  # fmt: skip


def kept(folder: Path) -> Queue:
    return Queue(disk=QueueFile(folder, "b"))


def add(queue: Queue, folder: Path, **more: Any) -> Item:
    return queue.add(order(folder), by="me", at_most_s=1.0, lights=True, speed=2.0, **more)


def died(item: Item) -> None:
    item.state, item.why = "lost", "it died"


def test_what_waited_comes_back_held_and_as_it_was(tmp_path: Path) -> None:
    """Same order, same number, same place; nothing is taken before somebody has looked."""
    before = kept(tmp_path)
    items = [add(before, tmp_path) for _ in range(3)]
    before.move(items[2].id, 0)
    before.cancel(items[0].id)
    after = kept(tmp_path)
    after.restore(died)
    told = after.told()
    assert ["q3", "q1", "q2"] == [item["id"] for item in told["items"]]
    assert ["waiting", "cancelled", "waiting"] == [item["state"] for item in told["items"]]
    assert "started anew" in told["held"]
    assert after.take() is None
    after.go_on()
    taken = after.take()
    assert taken is not None
    assert (order(tmp_path), "me", 2.0, True) == (
        taken.order, taken.by, taken.speed, taken.lights,
    )  # fmt: skip
    assert "q4" == add(after, tmp_path).id


def test_what_was_on_is_lost_and_told_and_never_taken_again(tmp_path: Path) -> None:
    """It does not wait any more; what waits behind it is held because of it."""
    before = kept(tmp_path)
    add(before, tmp_path)
    add(before, tmp_path)
    taken = before.take()
    assert taken is not None
    before.begun(taken, "2026-01-01/001-log")
    after = kept(tmp_path)
    after.restore(died)
    first, second = after.told()["items"]
    assert ("lost", "2026-01-01/001-log") == (first["state"], first["run"])
    assert "waiting" == second["state"]
    assert "q1, log, was on: it died" in after.held
    after.go_on()
    again = after.take()
    assert again is not None and "q2" == again.id


def test_a_key_is_the_same_item_after_a_restart(tmp_path: Path) -> None:
    """Asked again it starts nothing, though its item is long over; for another order it is
    refused."""
    before = kept(tmp_path)
    asked = ["start", {"parameters": {"heat": "1 s"}, "faults": ["x"]}]
    item = add(before, tmp_path, key="k", asked=asked)
    before.take()
    before.over(item, "done", 0, outcome="completed")
    after = kept(tmp_path)
    after.restore(died)
    found = after.known("k", asked)
    assert found is not None and ("q1", "done") == (found.id, found.state)
    assert "q1" == add(after, tmp_path, key="k", asked=asked).id
    with pytest.raises(RefusedError, match="another order"):
        after.known("k", ["start", {}])


def test_nothing_is_held_where_nothing_waits(tmp_path: Path) -> None:
    """A queue that was empty goes on as a new one; so does one without a file."""
    before = kept(tmp_path)
    item = add(before, tmp_path)
    before.take()
    before.over(item, "done", 0)
    for queue in (kept(tmp_path), Queue()):
        queue.restore(died)
        assert "" == queue.held


class FullDisk:
    """Takes so many writes."""

    def __init__(self, takes: int) -> None:
        self.takes = takes

    def write(self, *given: Any) -> str:
        self.takes -= 1
        return "" if self.takes >= 0 else "No space left on device"

    def read(self) -> tuple[list[Item], int, dict[str, tuple[Any, str]]]:
        return [], 0, {}


def test_a_disk_that_takes_nothing_takes_no_order(tmp_path: Path) -> None:
    """Refused, and its key is free again; with room it is taken."""
    queue = Queue(disk=FullDisk(0))
    with pytest.raises(RecordError, match="queue cannot be written"):
        add(queue, tmp_path, key="k", asked=1)
    assert [] == queue.told()["items"]
    assert queue.known("k", 2) is None
    assert "q1" == add(Queue(disk=FullDisk(1)), tmp_path).id


def test_what_cannot_be_written_as_begun_is_not_begun(tmp_path: Path) -> None:
    """It would come back as one that waits, and be begun twice."""
    queue = Queue(disk=FullDisk(1))
    item = add(queue, tmp_path)
    assert queue.take() is None
    assert ("waiting", True) == (item.state, "No space" in queue.held)


def test_a_queue_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    """One clear error, and the file stays."""
    file = QueueFile(tmp_path, "b")
    file.path.write_text('{"schema": "labctl.queue/1", "items": [{')
    with pytest.raises(InputError, match="cannot be read") as refused:
        Queue(disk=file).restore(died)
    assert str(file.path) in str(refused.value)
    assert file.path.exists()


def test_two_services_do_not_share_a_queue(tmp_path: Path) -> None:
    """The second is refused; when the first has left, it is not."""
    one, other = QueueFile(tmp_path, "b"), QueueFile(tmp_path, "b")
    one.take()
    with pytest.raises(RefusedError, match="another service keeps this bench"):
        other.take()
    one.release()
    other.take()
    other.release()


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return make_service(tmp_path)


def test_a_service_takes_back_what_its_forerunner_was_asked_for(
    service: Service, tmp_path: Path
) -> None:
    """Over HTTP: ordered, the process gone, kept by the next; a second POST with the first one's
    key makes no second item, and no token is in the file."""
    file = service.keep_queue()
    token = armed(service)
    head = {"Idempotency-Key": "k1"}
    said = client(service, token).post(f"{API}/queue", json=ORDER, headers=head)
    assert 201 == said.status_code, said.text
    file.release()
    text = file.path.read_text()
    assert token not in text and "c0de" not in text
    heir = make_service(tmp_path)
    held = heir.keep_queue()
    again = client(heir, armed(heir)).post(f"{API}/queue", json=ORDER, headers=head)
    told = heir.orders.told()
    held.release()
    assert ("q1", 1) == (again.json()["id"], len(told["items"]))
    assert "started anew" in told["held"]
