"""The door to the platform: signals, locks, the runtime folder, the list of live runs."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labctl.clock import NS, Clock, run_real, run_virtual
from labctl.errors import RefusedError
from labctl.platform import (
    FileLock,
    announce,
    is_locked,
    is_terminal,
    live_runs,
    locked,
    runtime_dir,
)
from labctl.signals import STOP_SIGNALS, on_signals

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABCTL_RUNTIME_DIR", str(tmp_path / "runtime"))


@pytest.mark.parametrize("number", STOP_SIGNALS)
@pytest.mark.parametrize("how", [run_real, run_virtual])
def test_a_stop_signal_calls_back_on_the_loop(number: signal.Signals, how: object) -> None:
    """Each is heard in real and in virtual time, by its name, and ends nothing by itself;
    afterwards the handlers are the ones from before."""
    kept = {each: signal.signal(each, _handler) for each in STOP_SIGNALS}

    async def main(clock: Clock) -> str:
        heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        restore = on_signals(asyncio.get_running_loop(), heard.set_result)
        os.kill(os.getpid(), number)
        while not heard.done():
            await clock.sleep(NS // 1000)
        restore()
        return heard.result()

    try:
        assert number.name == how(main)  # type: ignore[operator]
        assert [_handler] * 3 == [signal.getsignal(each) for each in STOP_SIGNALS]
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)


def test_no_signal_has_its_default_handler_on_the_way_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Heard outside the loop, then on it, then outside again: a second signal at any moment of that
    finds somebody who hears it, not the end of the process."""
    kept = {each: signal.signal(each, _handler) for each in STOP_SIGNALS}
    given: list[object] = []
    really = signal.signal

    def look(number: signal.Signals, handler: object) -> object:
        given.append(handler)
        return really(number, handler)  # type: ignore[arg-type]

    async def main(clock: Clock) -> None:
        on_signals(asyncio.get_running_loop(), lambda name: None)()

    monkeypatch.setattr(signal, "signal", look)
    try:
        run_virtual(main)
        assert len(given) >= 2 * len(STOP_SIGNALS)
        assert not {signal.SIG_DFL, signal.default_int_handler} & set(given)
    finally:
        for each, handler in kept.items():
            really(each, handler)


def _handler(*_: object) -> None:
    """Some handler that was there before."""


def test_a_run_under_nohup_outlives_its_terminal() -> None:
    """A SIGHUP that was ignored before stays ignored."""

    async def main(clock: Clock) -> list[str]:
        heard: list[str] = []
        restore = on_signals(asyncio.get_running_loop(), heard.append)
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        while not heard:
            await clock.sleep(NS // 1000)
        restore()
        return heard

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert ["SIGTERM"] == run_real(main)
        assert signal.SIG_IGN is signal.getsignal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    """Who holds it alone keeps all others out until it is released."""
    path = tmp_path / "lock"
    one, other = FileLock(path), FileLock(path)

    assert one.try_exclusive()
    assert (False, False, True) == (other.try_exclusive(), other.try_shared(), is_locked(path))
    one.release()
    one.release()
    assert (False, True) == (is_locked(path), other.try_exclusive())
    other.release()


def test_a_shared_lock_is_held_by_several(tmp_path: Path) -> None:
    """Those who share keep out only who wants it alone."""
    locks = [FileLock(tmp_path / "lock") for _ in range(3)]

    assert [True, True, False] == [
        locks[0].try_shared(), locks[1].try_shared(), locks[2].try_exclusive(),
    ]  # fmt: skip
    for lock in locks:
        lock.release()


def test_a_folder_can_be_locked(tmp_path: Path) -> None:
    """Folders too, for the length of a `with`; what is not there is not locked, nor made."""
    with locked(tmp_path):
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)
    assert not is_locked(tmp_path / "none") and not (tmp_path / "none").exists()


def test_a_child_dies_with_its_parent() -> None:
    """A grandchild that was told to is gone soon after its parent was killed."""
    code = (
        "import subprocess, sys\n"
        "from labctl.platform import die_with_parent\n"
        "child = subprocess.Popen(['sleep', '60'], preexec_fn=die_with_parent)\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 5
    while _alive(child):
        assert time.monotonic() < deadline


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_pipe_is_no_terminal() -> None:
    """Neither is a stream that is closed."""
    stream = io.StringIO()
    assert not is_terminal(stream)
    stream.close()
    assert not is_terminal(stream)


def test_the_runtime_folder_is_for_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made with mode 0700, in the session's folder when nothing else is said."""
    monkeypatch.delenv("LABCTL_RUNTIME_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    assert tmp_path / "labctl" == runtime_dir()
    assert 0o700 == (tmp_path / "labctl").stat().st_mode & 0o777


def test_somebody_elses_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that another user may have put in /tmp is not followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("LABCTL_RUNTIME_DIR", str(tmp_path / "link"))
    with pytest.raises(RefusedError, match="LABCTL_RUNTIME_DIR"):
        runtime_dir()


def test_a_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever owns the folder could announce what he likes in it."""
    (tmp_path / "runtime").mkdir()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(RefusedError, match="does not belong to this user"):
        runtime_dir()


def test_a_run_is_announced_while_it_goes_on() -> None:
    """It is found with what it said of itself, and not any more when it has ended."""
    with announce({"bench": "b1", "mode": "SIMULATED"}) as path:
        (found,) = live_runs()
        assert (os.getpid(), {"bench": "b1", "mode": "SIMULATED"}) == (found.pid, found.about)
        assert path == found.path
    assert not path.exists()
    assert () == live_runs()
    assert not found.ask_to_stop()


def test_one_run_a_process() -> None:
    """A second announcement by the same process is refused, and the first one stands."""
    with announce({"bench": "b1"}):
        with pytest.raises(RefusedError, match="already"), announce({"bench": "b2"}):
            pass
        assert ["b1"] == [found.about["bench"] for found in live_runs()]


def test_a_dead_run_is_forgotten() -> None:
    """What a killed process left behind is not shown, and is removed."""
    with announce({"bench": "b1"}):
        pass
    stale = runtime_dir() / "run-1.json"
    stale.write_text("{}")
    (runtime_dir() / "run-x.json").write_text("not ours")

    assert () == live_runs()
    assert not stale.exists()


def test_a_run_in_another_process_is_found_and_stopped() -> None:
    """From another terminal a live run gets the signal that ends it; a killed one is gone."""
    code = (
        "import signal, sys\n"
        "from labctl.platform import announce\n"
        "with announce({'bench': 'far'}):\n"
        "    print('on', flush=True)\n"
        "    print(signal.sigwait([signal.SIGTERM]).name, flush=True)\n"
    )
    # Blocked from before the child begins, so that the signal waits to be taken.
    run = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]),
    )  # fmt: skip
    assert run.stdout is not None
    assert "on\n" == run.stdout.readline()
    (found,) = live_runs()

    assert (run.pid, "far") == (found.pid, found.about["bench"])
    assert found.ask_to_stop()
    assert "SIGTERM\n" == run.communicate()[0]
    assert () == live_runs()
