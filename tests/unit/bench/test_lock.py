"""One bench, one owner: who has a port is named, and a dead owner's lock is taken over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from labctl.bench import BenchFile, _lock, _machine, connect, loads
from labctl.bench._lock import holder, lock_path, take
from labctl.bench._machine import MachineName
from labctl.clock import Clock, run_real
from labctl.errors import LabctlError, RefusedError
from tests.scenario.runs import BENCHES

FILE = loads((BENCHES / "simulated.yaml").read_text())
PORT = f"sim+socket://127.0.0.1:{20000 + os.getpid() % 20000}"
"""Where nobody listens; another one in each process that runs these tests on this machine."""

HOLD = """
import sys, time
from labctl.bench import loads
from labctl.bench._lock import take
file = loads(open(sys.argv[1]).read()).with_addresses({"diode": sys.argv[2]})
held = take(file, ["diode"])
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABCTL_RUNTIME_DIR", str(tmp_path / "runtime"))


def at(address: str) -> BenchFile:
    return FILE.with_addresses({"diode": address})


def test_a_port_that_is_held_is_refused_and_names_who_holds_it() -> None:
    """Pid, user, bench and since when; given back, it can be taken."""
    held = take(at(PORT), ["diode"])
    with pytest.raises(RefusedError, match="one bench, one owner") as refused:
        take(at(PORT), ["diode"])
    assert f"pid {os.getpid()} of " in refused.value.seen
    assert f"bench {FILE.name}, since 20" in refused.value.seen
    assert 2 == refused.value.exit_code
    held.release()
    assert holder(PORT) is None
    take(at(PORT), ["diode"]).release()


def test_what_is_refused_holds_nothing() -> None:
    """The ports that could be locked before the one in use are free again."""
    other = PORT.removeprefix("sim+").replace("127.0.0.1", "127.0.0.2")
    file = at(PORT).with_addresses({"scanner": other})
    held = take(at(PORT), ["diode"])
    with pytest.raises(RefusedError):
        take(file, ["scanner", "diode"])
    assert holder(other) is None
    held.release()


def test_two_names_of_one_device_are_one_port(tmp_path: Path) -> None:
    """A link to a device file, and an address with and without its word of being simulated."""
    device, link = tmp_path / "ttyUSB0", tmp_path / "by-id"
    device.touch()
    link.symlink_to(device)
    assert lock_path(str(device)) == lock_path(str(link))
    held = take(at(PORT), ["diode"])
    with pytest.raises(RefusedError):
        take(at(PORT.removeprefix("sim+")), ["diode"])
    held.release()


def test_a_simulation_in_this_process_has_no_port_to_lock() -> None:
    """Two worlds of one process are two worlds."""
    assert () == take(FILE, FILE.instruments).handles
    take(FILE, FILE.instruments).release()


def test_the_lock_of_a_killed_process_is_taken_over_unless_its_child_holds_it(
    tmp_path: Path,
) -> None:
    """A guard that outlives its engine keeps the bench until it has left."""
    file = tmp_path / "bench.yaml"
    file.write_text((BENCHES / "simulated.yaml").read_text())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file), PORT], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert "held\n" == owner.stdout.readline()
        who = holder(PORT)
        assert who is not None and owner.pid == who.pid
        with pytest.raises(RefusedError, match="in use"):
            take(at(PORT), ["diode"])
        owner.send_signal(signal.SIGKILL)
    held = take(at(PORT), ["diode"])
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=held.handles
    ) as guard:
        held.release()
        with pytest.raises(RefusedError, match="in use"):
            take(at(PORT), ["diode"])
        guard.communicate(b"\n")
    take(at(PORT), ["diode"]).release()


def test_connecting_locks_first_and_gives_back_when_nothing_is_there() -> None:
    """A bench whose ports are held is not opened; one that is not there is not held."""

    async def main(clock: Clock) -> None:
        await connect(at(PORT), ["laser"], clock, None)

    with pytest.raises(LabctlError):
        run_real(main)
    assert holder(PORT) is None
    held = take(at(PORT), ["diode"])
    with pytest.raises(RefusedError, match="in use"):
        run_real(main)
    held.release()


def test_a_port_that_another_user_has_is_refused_and_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's files are not ours to see: the kernel says who it is. When they are gone it
    can be taken."""
    file = tmp_path / "bench.yaml"
    file.write_text((BENCHES / "simulated.yaml").read_text())
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file), PORT], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "LABCTL_RUNTIME_DIR": str(tmp_path / "of-another")},
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert "held\n" == other.stdout.readline()
        with pytest.raises(RefusedError, match="by another user of this machine") as refused:
            take(at(PORT), ["diode"])
        assert f"held by pid {other.pid} of " in refused.value.seen
        assert holder(PORT) is None
        monkeypatch.setattr(_lock, "pwd", SimpleNamespace(getpwuid={}.__getitem__))
        with pytest.raises(RefusedError) as refused:
            take(at(PORT), ["diode"])
        assert f"held by pid {other.pid} of user {os.getuid()}" == refused.value.seen
        other.kill()
    take(at(PORT), ["diode"]).release()


def test_where_the_kernel_names_nobody_one_users_lock_is_all_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Told in the documents; nothing fails for it."""
    monkeypatch.setattr(_machine.sys, "platform", "other")
    first, second = MachineName("x"), MachineName("x")
    assert first.take() and second.take()
    assert (None, ()) == (first.holder(), first.handles)
    first.release()
