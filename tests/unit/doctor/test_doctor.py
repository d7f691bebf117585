"""The doctor: each thing looked at is told as it is, with how to mend it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from labctl.cli import main
from labctl.doctor import Finding, State, _machine, _ports, _software, look_over
from labctl.errors import Exit
from labctl.instruments import Place
from labctl.settings import Settings


def test_a_port_that_this_user_may_not_open_is_bad_and_names_the_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Root may open everything, so what may be opened is said by the test."""
    monkeypatch.setattr("os.access", lambda name, mode: name != "/dev/null")
    found = _ports.serial_permission([Place("/dev/null"), Place("/dev/zero")])
    assert (State.BAD, Exit.INSTRUMENT) == (found.state, found.exit_code)
    assert "/dev/null" in found.seen
    assert "/dev/zero" not in found.seen
    assert "usermod -aG" in found.fix


def test_a_port_that_may_be_opened_is_ok() -> None:
    assert State.OK is _ports.serial_permission([Place("/dev/null")]).state


def test_no_port_at_all_is_to_mind() -> None:
    found = _ports.serial_permission([])
    assert State.WARN is found.state
    assert "dmesg" in found.fix


def test_a_usb_port_without_a_name_that_stays_is_to_mind() -> None:
    """One under by-id is not."""
    loose = Place("/dev/ttyUSB0", usb="1a86:7523")
    firm = Place("/dev/serial/by-id/usb-x", "/dev/ttyUSB1", "0403:6001", "A1")
    assert State.WARN is _ports.stable_names([loose, firm]).state
    assert State.OK is _ports.stable_names([firm]).state


@pytest.mark.parametrize(
    ("running", "state"),
    [
        (["/usr/sbin/ModemManager "], State.WARN),
        (["/bin/brltty --no-daemon"], State.WARN),
        (["/usr/bin/python3 -m labctl"], State.OK),
        ([], State.NOT_LOOKED),
    ],
)
def test_programs_that_reach_for_ports_are_named(running: list[str], state: State) -> None:
    found = _ports.meddlers(running)
    assert state is found.state
    assert (state is State.WARN) == bool(found.fix)


def test_a_usb_instrument_without_permission_gets_its_udev_rule(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the maker's number, for a Thorlabs meter."""
    device = tmp_path / "1-1"
    device.mkdir()
    for name, text in (
        ("idVendor", "1313"), ("idProduct", "8078"), ("product", "PM100D"), ("busnum", "1"),
        ("devnum", "4"),
    ):  # fmt: skip
        (device / name).write_text(text)
    monkeypatch.setattr("os.access", lambda name, mode: False)
    found = _ports.usb_permission(tmp_path)
    assert State.BAD is found.state
    assert 'ATTR{idVendor}=="1313"' in found.fix
    monkeypatch.setattr("os.access", lambda name, mode: True)
    assert State.OK is _ports.usb_permission(tmp_path).state
    assert State.NOT_LOOKED is _ports.usb_permission(tmp_path / "none").state


def test_an_adapter_that_may_be_put_to_sleep_is_named(tmp_path: Path) -> None:
    for name, control in (("a", "auto"), ("b", "on")):
        port = tmp_path / name / "1-1:1.0" / f"tty{name}"
        port.mkdir(parents=True)
        (tmp_path / name / "power").mkdir()
        (tmp_path / name / "power" / "control").write_text(control)
        (tmp_path / "devices").mkdir(exist_ok=True)
        (tmp_path / "devices" / f"tty{name}").symlink_to(port)
    found = _ports.autosuspend(tmp_path / "devices")
    assert State.WARN is found.state
    assert "ttya" in found.seen
    assert "ttyb" not in found.seen


def test_visa_without_usb_is_to_mind_and_without_a_library_bad() -> None:
    with_usb = {"Version": "0.8", "TCPIP INSTR": "Available", "USB INSTR": "Available via PyUSB"}
    without = with_usb | {"USB INSTR": ["Please install PyUSB"]}

    def gone() -> object:
        raise ImportError("no pyvisa_py")

    assert [State.OK] == [f.state for f in _ports.visa(lambda: with_usb)]
    assert [State.OK, State.WARN] == [f.state for f in _ports.visa(lambda: without)]
    assert [State.BAD] == [f.state for f in _ports.visa(gone)]


def test_a_driver_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> object:
        raise SyntaxError("half a driver")

    monkeypatch.setattr(_software, "drivers", lambda: ("half",))
    monkeypatch.setattr(_software, "driver", load)
    found = _software.installed_drivers()
    assert State.BAD is found.state
    assert "half (SyntaxError: half a driver)" in found.seen


def test_a_full_disk_is_bad_and_a_slow_one_to_mind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The folder need not be there yet; records are data, so the exit code is that of data."""

    class Usage:
        free = 50e9

    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage)
    runs = tmp_path / "not" / "there"
    assert State.OK is _machine.disk(runs, lambda n: 0.01).state
    assert State.WARN is _machine.disk(runs, lambda n: 0.5).state
    Usage.free = 1e6
    found = _machine.disk(runs, lambda n: 0.01)
    assert (State.BAD, Exit.DATA) == (found.state, found.exit_code)


def test_a_disk_is_written_to_and_left_as_it_was(tmp_path: Path) -> None:
    assert "a sync takes" in _machine.disk(tmp_path).seen
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kernel", "state"), [(0, State.OK), (5, State.WARN), (None, State.NOT_LOOKED)]
)
def test_a_clock_that_nothing_keeps_right_is_to_mind(kernel: int | None, state: State) -> None:
    assert state is _machine.clock(lambda: kernel).state


def test_a_broker_that_does_not_answer_is_to_mind_only() -> None:
    """A run goes on without it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert State.OK is _machine.broker(f"mqtt://127.0.0.1:{port}").state
    assert State.WARN is _machine.broker(f"mqtt://127.0.0.1:{port}").state
    assert State.OK is _machine.broker("off").state
    assert State.BAD is _machine.broker("pigeon").state


def test_this_computer_is_looked_over_without_opening_a_port(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every finding has words, and what is amiss says how to mend it."""
    monkeypatch.setenv("LABCTL_RUNTIME_DIR", str(tmp_path))
    findings = list(look_over(Settings(runs=tmp_path / "runs")))
    assert {"python", "drivers", "serial ports", "disk", "clock", "broker"} <= {
        finding.name for finding in findings
    }
    assert all(finding.seen for finding in findings)
    amiss = [f for f in findings if f.state in (State.BAD, State.WARN)]
    assert all(finding.fix for finding in amiss)


def test_what_is_bad_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the first bad one; `--json` says the same."""
    findings = [
        Finding("clock", State.WARN, "drifts", "set it"),
        Finding("disk", State.BAD, "full", "make room", Exit.DATA),
    ]
    monkeypatch.setattr("labctl.doctor.look_over", lambda settings: iter(findings))
    shown = CliRunner().invoke(main, ["doctor"])
    assert Exit.DATA == shown.exit_code
    assert "mend: make room" in shown.output
    told = json.loads(CliRunner().invoke(main, ["doctor", "--json"]).output)
    assert ["warn", "bad"] == [finding["state"] for finding in told["findings"]]
