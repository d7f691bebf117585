"""Scanning: who is found, who is left alone, and how long it may take."""

from __future__ import annotations

import asyncio
import os
import pty
import threading
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from labctl.bench import Device, Scan, scan
from labctl.bench._lock import lock_path
from labctl.clock import Clock, run_real
from labctl.errors import InputError
from labctl.instruments import Answerer, Place, SimSpec, ask_who, driver, serial_places
from labctl.platform import FileLock
from labctl_simulators.serve import serve_session
from labctl_simulators.session import Session
from tests.unit.instruments.tcp import free_port, instrument

BENCH = {
    "instruments": {
        "diode": {"driver": "arroyo-laser"},
        "scanner": {"driver": "keysight-3497x", "settings": {"channels": [101, 102]}},
        "meter": {"driver": "thorlabs-pm100"},
        "board": {"driver": "mcu-deadman"},
        "t7": {"driver": "labjack-t7"},
        "supply": {"driver": "keysight-e36300"},
    }
}


@pytest.fixture(autouse=True)
def _own_runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LABCTL_RUNTIME_DIR", str(tmp_path / "runtime"))


def scan_at(*at: str) -> Scan:
    return run_real(lambda clock: scan(clock, at, listed=False))


def only(found: Scan) -> Device:
    (device,) = found.devices
    return device


def test_one_address_of_a_served_bench_finds_all_six_and_soon() -> None:
    """Six instruments are asked side by side; who they are is what each says of itself."""

    async def main(clock: Clock) -> Scan:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        server = asyncio.ensure_future(
            serve_session(
                Session(SimSpec(1, (), {}, BENCH)),
                clock,
                ready=lambda table: ready.set_result(table[0]["address"]),
            )
        )
        try:
            return await scan(clock, [await ready], listed=False)
        finally:
            server.cancel()
            await asyncio.gather(server, return_exceptions=True)

    found = run_real(main)
    assert ["known"] * 6 == [device.state for device in found.devices]
    answerers = [device.answerer for device in found.devices if device.answerer]
    assert {entry["driver"] for entry in BENCH["instruments"].values()} == {
        who.driver for who in answerers
    }
    assert all(who.simulated and who.identity for who in answerers)
    assert max(who.took_s for who in answerers) < 5.0


def test_one_at_another_speed_is_found_behind_what_it_was_asked_at_the_first() -> None:
    """38400 baud: what it has made of the questions at 9600 stands in its line, and spoils the
    first one that it could understand."""

    async def main(clock: Clock) -> Answerer:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        one = {"instruments": {"diode": BENCH["instruments"]["diode"]}}
        server = asyncio.ensure_future(
            serve_session(
                Session(SimSpec(1, (), {}, one)),
                clock,
                ready=lambda table: ready.set_result(table[0]["address"]),
                way="pty",
            )
        )
        try:
            address = (await ready).removeprefix("sim+")
            among = [driver("keysight-3497x"), driver("arroyo-laser")]
            return await ask_who(address, clock, among=among)
        finally:
            server.cancel()
            await asyncio.gather(server, return_exceptions=True)

    who = run_real(main)
    assert "arroyo-laser" == who.driver
    assert who.identity is not None
    assert "6310" == who.identity.model


def test_a_dead_instrument_ends_at_its_deadline() -> None:
    """One that takes what it is asked and says nothing is silent, when its time is over."""
    with instrument(lambda line: b"") as dead:
        address = f"socket://127.0.0.1:{dead.port}"
        who = run_real(lambda clock: ask_who(address, clock, deadline_s=0.4))
    assert not who.driver
    assert "not every question was asked" in who.why
    assert 0.4 <= who.took_s < 1.5


def test_an_unknown_one_stays_unknown() -> None:
    """What answers as nobody's instrument is told with what it says, and is given no driver."""
    with instrument(lambda line: b"ACME,Frobnicator,1,2\r\n") as stranger:
        device = only(scan_at(f"socket://127.0.0.1:{stranger.port}"))
    assert "unknown" == device.state
    assert device.answerer is not None
    assert "ACME,Frobnicator" in device.answerer.seen


def test_a_model_that_the_driver_refuses_is_not_given_to_it() -> None:
    """The driver's own look at the identity has the last word."""
    with instrument(lambda line: b"Thorlabs,PM100D2,P1,1\n" if b"IDN" in line else b"") as meter:
        device = only(scan_at(f"TCPIP0::127.0.0.1::{meter.port}::SOCKET"))
    assert device.answerer is not None
    assert "" == device.answerer.driver
    assert "remote-enable" in device.answerer.why


def test_a_port_that_a_run_holds_is_not_touched() -> None:
    """Not opened, not asked; who holds it is told."""
    with instrument(lambda line: b"") as busy:
        address = f"socket://127.0.0.1:{busy.port}"
        path = lock_path(address)
        lock = FileLock(path)
        assert lock.try_exclusive()
        said = f'{{"pid": {os.getpid()}, "user": "ann", "bench": "b2", "since": "2026-11-21"}}'
        path.write_text(said)
        device = only(scan_at(address))
        lock.release()
        assert [] == busy.heard
    assert "held" == device.state
    assert "ann" in device.held_by
    assert "bench b2" in device.held_by


def test_a_port_is_given_back_when_it_was_asked() -> None:
    """Its lock is free again, whatever was found."""
    address = f"socket://127.0.0.1:{free_port()}"
    device = only(scan_at(address))
    assert "closed" == device.state
    lock = FileLock(lock_path(address))
    assert lock.try_exclusive()
    lock.release()


def test_a_word_that_is_no_address_is_told() -> None:
    """Before anything is opened."""
    with pytest.raises(InputError, match="no address"):
        scan_at("there")


@contextmanager
def board_on_a_terminal() -> Iterator[str]:
    """A dead-man board on a pseudo-terminal: it answers `ID?` and nothing else."""
    master, slave = pty.openpty()
    tty.setraw(slave)

    def answer() -> None:
        buffer = b""
        while True:
            try:
                buffer += os.read(master, 256)
            except OSError:
                return
            while b"\n" in buffer:
                line, _, buffer = buffer.partition(b"\n")
                if line == b"end":
                    return
                if line.endswith(b"ID?"):
                    os.write(master, b"LABCTL-DEADMAN,1,77,600\n")

    thread = threading.Thread(target=answer, name="board on a pty")
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        os.write(slave, b"end\n")
        thread.join()
        os.close(slave)
        os.close(master)


def test_a_serial_device_is_asked_at_each_speed_until_one_answers() -> None:
    """On a terminal device the questions go out at their drivers' line settings."""
    with board_on_a_terminal() as name:
        device = only(scan_at(name))
    assert device.answerer is not None
    assert ("mcu-deadman", "77") == (
        device.answerer.driver,
        device.answerer.identity.serial if device.answerer.identity else "",
    )


def test_a_usb_port_goes_by_the_name_that_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The link made from the USB serial number is the address; ports come in their order."""

    def listed() -> Sequence[object]:
        port = SimpleNamespace(
            device="", vid=0x403, pid=0x6001, serial_number="A1", description="x"
        )
        board = SimpleNamespace(vid=None, pid=None, serial_number=None, description="n/a")
        ten, nine = vars(board) | {"device": "/dev/ttyX10"}, vars(port) | {"device": "/dev/ttyX9"}
        return [SimpleNamespace(**ten), SimpleNamespace(**nine)]

    monkeypatch.setattr("serial.tools.list_ports.comports", listed)
    (tmp_path / "usb-thing-A1").symlink_to("/dev/ttyX9")
    first, second = serial_places(tmp_path)
    assert Place(str(tmp_path / "usb-thing-A1"), "/dev/ttyX9", "0403:6001", "A1", "x") == first
    assert Place("/dev/ttyX10") == second
