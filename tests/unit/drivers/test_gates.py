"""The drivers of shutter, dead-man board and LabJack, word for word, where something is amiss."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from labctl.instruments import (
    DeviceRefusedError,
    Driver,
    GateState,
    Identity,
    IdentityError,
    InputError,
    PortProtocolError,
    Seal,
)
from labctl_drivers.labjack_t7 import LabJackT7
from labctl_drivers.mcu_deadman import McuDeadMan
from labctl_drivers.thorlabs_sc10 import ThorlabsSc10
from tests.unit.drivers.transcript import Step, TranscriptPort

SEAL = Seal("test")


def made(driver: type[Any], *steps: Step, **settings: Any) -> tuple[Any, TranscriptPort]:
    port = TranscriptPort(*steps)
    return driver(port, settings), port


# -- shutter ----------------------------------------------------------------------------------


def said(command: str, value: str = "") -> Step:
    reply = command + "\r" + (value + "\r" if value else "") + ">"
    return command.encode() + b"\r", reply.encode()


def test_a_shut_shutter_is_not_toggled() -> None:
    """`ens?` says no: block only looks at the blade."""
    driver, port = made(ThorlabsSc10, said("ens?", "0"), said("closed?", "1"))

    port.run(driver.block())


def test_a_blade_that_does_not_close_is_refused_after_four_looks() -> None:
    """Toggled once, never again without asking."""
    driver, port = made(ThorlabsSc10, said("ens?", "1"), said("ens"), *[said("closed?", "0")] * 4)

    with pytest.raises(DeviceRefusedError, match="the blade does not close"):
        port.run(driver.block())


def test_a_shutter_whose_interlock_has_tripped_is_not_opened() -> None:
    """And its state says so."""
    driver, port = made(ThorlabsSc10, said("interlock?", "1"))
    with pytest.raises(DeviceRefusedError, match="interlock has tripped"):
        port.run(driver.gatekeeper(SEAL).let_through())
    port.then(said("closed?", "1"), said("interlock?", "1"))

    assert ("its own interlock has tripped",) == port.run(driver.read_gate()).faults


def test_a_shutter_is_opened_by_one_toggle_and_seen_open() -> None:
    """Already enabled, it is only looked at."""
    driver, port = made(
        ThorlabsSc10,
        said("interlock?", "0"), said("ens?", "0"), said("ens"), said("closed?", "1"),
        said("closed?", "0"),
    )  # fmt: skip
    port.run(driver.gatekeeper(SEAL).let_through())
    port.then(said("interlock?", "0"), said("ens?", "1"), said("closed?", "0"))

    port.run(driver.gatekeeper(SEAL).let_through())


def test_a_blank_before_the_echo_is_the_rest_of_the_prompt() -> None:
    """`> ` is cut at its first mark; the blank comes with the next answer."""
    driver, port = made(ThorlabsSc10, (b"id?\r", b" id?\rTHORLABS SC10 VERSION 1.07\r>"))

    assert Identity("Thorlabs", "SC10", "", "1.07") == port.run(driver.identify())


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"closed?\r2\r>", PortProtocolError),
        (b"ens?\r1\r>", PortProtocolError),
        (b"closed?\r\xff\r>", PortProtocolError),
        (b"closed?\rCommand error CMD_NOT_DEFINED\r>", PortProtocolError),
    ],
)
def test_an_answer_that_is_none_says_nothing_of_the_blade(
    reply: bytes, error: type[Exception]
) -> None:
    """Neither 0 nor 1, the echo of another command, no ASCII."""
    driver, port = made(ThorlabsSc10, (b"closed?\r", reply))

    with pytest.raises(error):
        port.run(driver.read_gate())


def test_a_command_that_the_shutter_does_not_know_is_refused() -> None:
    """So is a mode that it does not take."""
    driver, port = made(ThorlabsSc10, said("mode=1", "Command error CMD_NOT_DEFINED"))
    with pytest.raises(DeviceRefusedError, match="refused 'mode=1'"):
        port.run(driver.configure())
    port.then(said("mode=1"), said("mode?", "5"))

    with pytest.raises(DeviceRefusedError, match="manual mode"):
        port.run(driver.configure())


# -- dead-man board ---------------------------------------------------------------------------


def line(text: str, reply: str) -> Step:
    return text.encode() + b"\n", reply.encode() + b"\n"


def test_a_board_that_is_starting_is_given_its_time() -> None:
    """No answer at first: two seconds later it is asked again."""
    driver, port = made(McuDeadMan, (b"ID?\n", None), line("ID?", "LABCTL-DEADMAN,1,23,1000"))

    assert Identity("labctl", "dead-man", "23", "sketch 1") == port.run(driver.identify())
    assert port.paused_s > 2.0


@pytest.mark.parametrize("reply", ["LABCTL-DEADMAN,2,23,1000", "LABCTL-TC,1,4", "ERROR,unknown"])
def test_another_sketch_is_a_stranger(reply: str) -> None:
    """Another version speaks otherwise."""
    driver, port = made(McuDeadMan, line("ID?", reply))

    with pytest.raises(IdentityError, match="labctl's sketch"):
        port.run(driver.identify())


def test_a_timeout_that_is_not_taken_is_refused() -> None:
    """Read back from what the board says of itself."""
    driver, port = made(
        McuDeadMan,
        line("OPEN", "STATE,OPEN,0,0,0,0"),
        line("TIMEOUT 500", "STATE,OPEN,0,0,0,0"),
        line("ID?", "LABCTL-DEADMAN,1,23,1000"),
        timeout="500 ms",
    )

    with pytest.raises(DeviceRefusedError, match="asked 500 ms"):
        port.run(driver.configure())


def test_what_has_dropped_is_reset_and_closed_by_letting_through() -> None:
    """RESET and CLOSE, each once; the contact is looked at when it has had time to move."""
    driver, port = made(
        McuDeadMan,
        line("STATE", "STATE,DROPPED,0,0,9,1"),
        line("RESET", "STATE,OPEN,0,0,9,1"),
        line("CLOSE", "STATE,CLOSED,0,1000,0,1"),
        line("FEED 0", "STATE,CLOSED,1,1000,1,1"),
    )

    port.run(driver.gatekeeper(SEAL).let_through())


@pytest.mark.parametrize("after", ["STATE,CLOSED,0,1000,1,0", "STATE,DROPPED,0,0,1,1"])
def test_a_contact_that_does_not_close_is_refused(after: str) -> None:
    """Commanded is not closed."""
    driver, port = made(
        McuDeadMan,
        line("STATE", "STATE,OPEN,0,0,0,0"),
        line("CLOSE", "STATE,CLOSED,0,1000,0,0"),
        line("FEED 0", after),
    )

    with pytest.raises(DeviceRefusedError, match="does not close"):
        port.run(driver.gatekeeper(SEAL).let_through())


def test_a_lost_answer_does_not_stop_the_feeding() -> None:
    """The board says which number is next, and gets it."""
    driver, port = made(
        McuDeadMan,
        line("FEED 0", "ERROR,number"),
        line("STATE", "STATE,CLOSED,1,300,1,0"),
        line("FEED 1", "STATE,CLOSED,1,1000,2,0"),
    )

    assert GateState(blocks=False) == port.run(driver.gatekeeper(SEAL).feed())


def test_without_a_second_contact_nothing_is_said_of_it() -> None:
    """A board without a sense wire knows what it commanded, which is not what is."""
    driver, port = made(McuDeadMan, line("STATE", "STATE,OPEN,-,0,0,0"))

    assert GateState(blocks=None) == port.run(driver.read_gate())


@pytest.mark.parametrize(
    "reply", ["STATE,AJAR,1,1,1,1", "STATE,OPEN,1,1,1", "STATE,OPEN,x,1,1,1", "STATE,OPEN,1,1,x,1"]
)
def test_a_line_that_is_no_state_is_none(reply: str) -> None:
    """Garbage says nothing of the relay."""
    driver, port = made(McuDeadMan, line("STATE", reply))

    with pytest.raises(PortProtocolError, match="no state"):
        port.run(driver.read_gate())


def test_a_line_that_is_no_ascii_is_none() -> None:
    """Nor does noise."""
    driver, port = made(McuDeadMan, (b"STATE\n", b"\xff\xfe\n"))

    with pytest.raises(PortProtocolError, match="ASCII"):
        port.run(driver.read_gate())


# -- LabJack ----------------------------------------------------------------------------------


class Registers:
    """A port with a T7 behind it that answers from a table."""

    address = "table"
    arrived_ns = 0

    def __init__(self, **changes: int) -> None:
        self.held = {55100: 0x00112233, 60000: 0x40E00000, 60004: 0x3F83EF14, 60028: 4711}
        self.held |= {2800: 0b11, 2850: 0b01, **dict.fromkeys(range(61600, 61638, 2), 0)}
        self.held |= {int(at[1:]): value for at, value in changes.items()}
        self.written: list[tuple[int, int]] = []
        self.locked = False
        self.damage: dict[int, bytes] = {}
        self.paused_s = 0.0

    async def exchange(
        self, data: bytes, reply: object, *, timeout_s: float, retry: bool = False
    ) -> bytes:
        function, at = data[7], int.from_bytes(data[8:10], "big")
        if function == 16:
            value = int.from_bytes(data[13:], "big")
            self.written.append((at, value))
            if not self.locked:
                self.held[at] = value
            body = data[7:12]
        elif at in self.held:
            body = bytes((3, 4)) + self.held[at].to_bytes(4, "big")
        elif 2000 <= at < 2023:
            body = bytes((3, 2, 0, 1))
        else:
            body = bytes((0x83, 2))
        whole = data[:4] + (len(body) + 1).to_bytes(2, "big") + data[6:7] + body
        return self.damage.pop(at, whole)

    async def urgent(self, data: bytes) -> None:
        self.written.append((int.from_bytes(data[8:10], "big"), int.from_bytes(data[13:], "big")))

    async def pause(self, duration_s: float) -> None:
        self.paused_s += duration_s


RUN = TranscriptPort().run


def test_the_watchdog_is_written_in_its_order_and_only_where_it_differs() -> None:
    """The flash behind it wears: a device that is set up already is only read."""
    port = Registers()
    RUN(LabJackT7(port, {"line": 0, "timeout": 2}).configure())
    first = [at for at, _ in port.written]
    port.written.clear()
    RUN(LabJackT7(port, {"line": 0, "timeout": 2}).configure())

    assert [2000, 61600, 61604, 61610, 61612, 61620, 61630, 61636, 61634, 61632, 61600] == first
    assert [(2000, 0)] == port.written


def test_a_watchdog_that_is_not_taken_is_refused() -> None:
    """What is read back counts."""
    port = Registers()
    port.locked = True

    with pytest.raises(DeviceRefusedError, match="the watchdog was not taken: register 61604"):
        RUN(LabJackT7(port, {}).configure())


def test_a_relay_is_closed_only_under_a_watchdog() -> None:
    """Somebody has disabled it since: refused."""
    driver = LabJackT7(Registers(), {})

    with pytest.raises(DeviceRefusedError, match="the watchdog is not enabled"):
        RUN(driver.gatekeeper(SEAL).let_through())


@pytest.mark.parametrize(("levels", "sense"), [(0b10, 1), (0b11, 1), (0b10, None)])
def test_a_relay_that_does_not_close_is_refused(levels: int, sense: int | None) -> None:
    """The line stays low, or the second contact open."""
    settings = {} if sense is None else {"sense": sense}
    driver = LabJackT7(Registers(r61600=1, r2800=levels), settings)

    with pytest.raises(DeviceRefusedError, match="does not close"):
        RUN(driver.gatekeeper(SEAL).let_through())


def test_dropped_is_told_only_of_what_was_let_through() -> None:
    """A line that is low because it was blocked has not dropped."""
    port = Registers(r61600=1, r2800=0b01)
    driver = LabJackT7(port, {"sense": 1})
    RUN(driver.gatekeeper(SEAL).let_through())
    port.held[2800] = 0b10
    dropped = RUN(driver.gatekeeper(SEAL).feed())
    RUN(driver.block())
    blocked = RUN(driver.read_gate())

    assert (GateState(True, dropped=True), GateState(True)) == (dropped, blocked)
    assert (2000, 0) == port.written[-1]


@pytest.mark.parametrize("changes", [{"r55100": 1}, {"r60000": 0x40800000}])
def test_another_device_is_a_stranger(changes: dict[str, int]) -> None:
    """Another test register, another product."""
    with pytest.raises(IdentityError, match="not a LabJack T7"):
        RUN(LabJackT7(Registers(**changes), {}).identify())


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ("0001 0000 0003 01 83 02", "not a LabJack T7"),
        ("0002 0000 0007 01 03 04 0011 2233", "not a LabJack T7"),
        ("0001 0000 0007 01 04 04 0011 2233", "not a LabJack T7"),
        ("0001 0000 0005 01 03 02 0011", "not a LabJack T7"),
    ],
)
def test_an_answer_to_something_else_is_none(frame: str, words: str) -> None:
    """An exception, another number, another function, another length."""
    port = Registers()
    port.damage[55100] = bytes.fromhex(frame)

    with pytest.raises(IdentityError, match=words):
        RUN(LabJackT7(port, {}).identify())


def test_a_write_that_is_acknowledged_otherwise_is_no_write() -> None:
    """The acknowledgement names register and count."""
    port = Registers()
    port.damage[2000] = struct.pack(">HHHBBHH", 1, 0, 6, 1, 16, 2001, 1)

    with pytest.raises(PortProtocolError, match="another write"):
        RUN(LabJackT7(port, {}).configure())


@pytest.mark.parametrize(
    ("driver", "settings"),
    [
        (LabJackT7, {"line": 23}),
        (LabJackT7, {"line": 1, "sense": 1}),
        (LabJackT7, {"timeout": 0}),
        (McuDeadMan, {"timeout": "6 s"}),
        (ThorlabsSc10, {"baud": 1200}),
    ],
)
def test_settings_outside_what_there_is_are_refused(
    driver: type[Driver], settings: dict[str, Any]
) -> None:
    """Before anything is touched."""
    with pytest.raises(InputError):
        driver(TranscriptPort(), settings)
