"""From a signal on: off asked for and told at once, and the process gone in a stated time."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import uvicorn
from websockets.exceptions import InvalidState

import labctl
from labctl.errors import Exit
from labctl.service._deadline import WITHIN_S, Deadline
from labctl.service._hub import Hub
from labctl.service._server import _OwnNoSignals
from tests.unit.service.kept import Life, until

UNIT = Path(labctl.__file__).parent / "service" / "systemd" / "labctl@.service"


def test_systemd_waits_longer_than_the_service_takes_at_most() -> None:
    """Else it would cut short what the guard still tries."""
    found = re.search(r"(?m)^TimeoutStopSec=(\d+)$", UNIT.read_text(encoding="utf-8"))
    assert found is not None
    assert float(found[1]) >= WITHIN_S + 10.0
    assert f"{WITHIN_S:g} s" in UNIT.read_text(encoding="utf-8")


def test_what_hangs_after_a_signal_is_left_in_time() -> None:
    """With the code that is told, once; off is asked for before that, and of no second signal."""
    left = threading.Event()
    said: list[object] = []

    def leave(code: int) -> None:
        said.append(code)
        left.set()

    begun = threading.Event()

    def begin(name: str) -> None:
        said.append(name)
        begun.set()

    deadline = Deadline(begin, lambda: 8 * begun.wait(10.0), within_s=0.01, leave=leave)
    deadline.start()
    deadline.heard("SIGTERM")
    deadline.heard("SIGINT")
    assert left.wait(10.0)
    deadline.over()
    assert ["SIGTERM", 8] == said


def test_what_can_say_nothing_any_more_is_left_in_time_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the words themselves hang; with the code of a beam that nobody confirmed."""
    monkeypatch.setattr("labctl.service._deadline._SAID_S", 0.01)
    gate, left = threading.Event(), threading.Event()
    codes: list[int] = []

    def leave(code: int) -> None:
        codes.append(code)
        left.set()

    def hangs(*given: str) -> int:
        gate.wait(10.0)
        return 0

    deadline = Deadline(hangs, hangs, within_s=0.01, leave=leave)
    deadline.start()
    deadline.heard("SIGTERM")
    assert left.wait(10.0)
    gate.set()
    deadline.over()
    assert [Exit.BEAM_NOT_CONFIRMED_OFF] == codes


def test_what_ends_in_time_is_not_left_by_force() -> None:
    """With a signal, and without one."""
    said: list[object] = []
    for names in (["SIGTERM"], []):
        begun = threading.Event()

        def begin(name: str, begun: threading.Event = begun) -> None:
            said.append(name)
            begun.set()

        deadline = Deadline(begin, lambda: 8, within_s=30.0, leave=said.append)
        deadline.start()
        for name in names:
            deadline.heard(name)
            assert begun.wait(10.0)
        deadline.over()
    assert ["SIGTERM"] == said


def test_a_service_that_ends_says_at_once_that_off_is_asked_for(tmp_path: Path) -> None:
    """At its terminal and to those who watch, with the time in which it will be gone."""
    told: list[str] = []

    def person(life: Life) -> None:
        service = life.service
        assert service is not None and service.keeper is not None
        order = service.order({"protocol": "log", "speed": 1.0}, "x")
        service.orders.add(order, by="x", at_most_s=5.0, lights=False, speed=1.0)
        with until(lambda: service.hub.status()["run"] is not None):
            service.keeper.heard("SIGTERM")
        with until(lambda: service.ending != ""):
            told.append(service.hub.status()["ending"])

    life = Life(tmp_path, person)
    life.run()
    assert ["SIGTERM"] == told
    (line,) = [line for line in life.said if line.startswith("SIGTERM")]
    assert "laser off and the run's end are asked for" in line
    assert f"{WITHIN_S:g} s at the latest" in line


@pytest.mark.parametrize(
    ("on", "code", "words"),
    [(True, Exit.BEAM_NOT_CONFIRMED_OFF, "THE BEAM IS NOT CONFIRMED OFF"),
     (False, Exit.FAULT, "something hangs")],
)  # fmt: skip
def test_a_service_that_is_left_by_force_says_what_nobody_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on: bool, code: Exit, words: str
) -> None:
    """With a run on nobody knows the beam, and the code is no success; its card is gone."""
    codes: list[int] = []

    class AtOnce(Deadline):
        def __init__(self, begin: Callable[[str], None], give_up: Callable[[], int]) -> None:
            super().__init__(begin, give_up, within_s=0.0, leave=codes.append)

        def over(self) -> None:
            # It hangs there until it is left.
            self._thread.join(10.0)
            super().over()

    monkeypatch.setattr("labctl.service._serve.Deadline", AtOnce)
    monkeypatch.setattr("labctl.service._control.Control.on", on)

    def person(life: Life) -> None:
        assert life.service is not None and life.service.keeper is not None
        life.service.keeper.heard("SIGTERM")

    life = Life(tmp_path, person)
    life.run()
    assert [code] == codes
    assert any(words in line and "by force" in line for line in life.said)


@pytest.mark.parametrize("confirmed", [True, False])
def test_the_last_word_says_where_the_beam_is_not_confirmed_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, confirmed: bool
) -> None:
    """To whoever watches; "asked to end" is not all that they must know."""
    code = Exit.STOPPED if confirmed else Exit.BEAM_NOT_CONFIRMED_OFF
    monkeypatch.setattr("labctl.service._keeper.Keeper.run", lambda self: int(code))
    last: list[str] = []
    life = Life(tmp_path, lambda life: None)
    bye = Hub.bye
    monkeypatch.setattr(Hub, "bye", lambda self, why: (last.append(why), bye(self, why)))
    assert code == life.run()
    assert confirmed == ("NOT CONFIRMED OFF" not in last[0])


def test_a_connection_that_is_closing_already_keeps_no_other_from_being_closed() -> None:
    """A page that was shut in the moment in which the service ends."""
    closed: list[str] = []

    class Connection:
        def __init__(self, name: str) -> None:
            self.name = name

        def shutdown(self) -> None:
            closed.append(self.name)
            raise InvalidState("connection is closing")

    async def main() -> None:
        server = _OwnNoSignals(uvicorn.Config(lambda scope, receive, send: None))
        server.servers, server.force_exit = [], True
        server.server_state.connections = {Connection("a"), Connection("b")}  # type: ignore[arg-type]
        await server.shutdown()

    asyncio.run(main())
    assert ["a", "b"] == sorted(closed)
