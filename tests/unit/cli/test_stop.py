"""`labctl stop`: what it says of a guard that answers, one that does not, and one that is dead."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from labctl import platform, talk
from labctl.cli import _stop
from labctl.errors import Exit
from labctl.events import Beam
from labctl.talk import OffReport

OFF = talk.Stopped("bench", {"laser": OffReport(True, Beam.OFF, "read back", 120_000_000)})
LIT = talk.Stopped("bench", {"laser": OffReport(False, Beam.ON, "it reads ON", 10_000_000_000)})


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABCTL_RUNTIME_DIR", str(tmp_path / "rt"))


@pytest.fixture
def guard() -> Iterator[Callable[[bytes], None]]:
    """A guard of a run that is no more, which answers one request with these bytes."""
    threads: list[threading.Thread] = []
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def answers(said: bytes) -> None:
        listening.bind(str(platform.guard_socket(4_000_000)))
        listening.listen()

        def serve() -> None:
            way, _ = listening.accept()
            with way, way.makefile("rb") as asked:
                assert isinstance(talk.from_line(asked.readline()), talk.Off)
                way.sendall(said)

        threads.append(threading.Thread(target=serve))
        threads[0].start()

    yield answers
    for thread in threads:
        thread.join()
    listening.close()


def stop(*args: str) -> Result:
    return CliRunner().invoke(_stop.command, args, standalone_mode=False)


def test_without_a_run_it_says_so() -> None:
    """Nothing to stop is no failure."""
    assert ("no run is going on\n", Exit.PASS) == (stop().output, stop().return_value)


def test_a_guard_that_reads_off_back_is_quoted(guard: Callable[[bytes], None]) -> None:
    """Source, state, how and after what time."""
    guard(talk.to_line(OFF))
    said = stop()
    assert "bench laser: OFF, read back, 0.12 s after it was asked" in said.output
    assert Exit.PASS == said.return_value


def test_what_is_not_confirmed_off_is_exit_8(guard: Callable[[bytes], None]) -> None:
    """And said as loudly as can be."""
    guard(talk.to_line(LIT))
    said = stop()
    assert "laser: NOT CONFIRMED OFF (ON, it reads ON)" in said.output
    assert Exit.BEAM_NOT_CONFIRMED_OFF == said.return_value


def test_a_guard_that_was_still_connecting_lights_nothing(guard: Callable[[bytes], None]) -> None:
    """There is no light of its own to speak of."""
    guard(talk.to_line(talk.Stopped("bench", {})))
    said = stop()
    assert "bench: its guard was still connecting, and lights nothing" in said.output
    assert Exit.PASS == said.return_value


@pytest.mark.parametrize("answer", [b"", b"garbage\n", talk.to_line(talk.Read())])
def test_a_guard_that_makes_no_sense_is_exit_8(
    guard: Callable[[bytes], None], answer: bytes
) -> None:
    """Nobody knows then."""
    guard(answer)
    assert Exit.BEAM_NOT_CONFIRMED_OFF == stop().return_value


def test_a_killed_guard_without_its_run_is_exit_8_once() -> None:
    """Its socket is still there and nobody behind it: said once, and removed."""
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(platform.guard_socket(4_000_000)))
    dead.close()
    said = stop()
    assert "were killed: NOT CONFIRMED OFF" in said.output
    assert Exit.BEAM_NOT_CONFIRMED_OFF == said.return_value
    assert Exit.PASS == stop().return_value


def test_a_bench_without_a_run_has_no_guard_to_ask(guard: Callable[[bytes], None]) -> None:
    """With `--bench` only the guards of that bench's runs are asked."""
    assert "no run is going on on other" in stop("--bench", "other").output
