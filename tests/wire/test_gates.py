"""Shutter, dead-man board and LabJack against their cards, and what they do to the light.

The board's sketch is compiled for this computer and held against the simulated one, line by line;
pymodbus is the independent peer of our own Modbus frames."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    WriteMultipleRegistersRequest,
)

from labctl_drivers._modbus import Modbus
from labctl_simulators.wire import DeadMan, DeadManBoard, LabJackT7, Sc10, SimLink
from labctl_simulators.world import World
from tests.unit.drivers.transcript import TranscriptPort
from tests.unit.simulators._helpers import ask, at, light, still_world

SKETCH = Path(__file__).resolve().parents[2] / "drivers" / "sketches" / "deadman"


@pytest.fixture
def world() -> World:
    return still_world()


# -- shutter ----------------------------------------------------------------------------------

SC10 = [
    ("id?", "id?\rTHORLABS SC10 VERSION 1.07\r> "),
    ("mode=1", "mode=1\r> "),
    ("mode?", "mode?\r1\r> "),
    ("ens?", "ens?\r0\r> "),
    ("closed?", "closed?\r1\r> "),
    ("ens", "ens\r> "),
    ("ens?", "ens?\r1\r> "),
    ("closed?", "closed?\r0\r> "),
    ("interlock?", "interlock?\r0\r> "),
    ("ens", "ens\r> "),
    ("ens?", "ens?\r0\r> "),
    ("nonsense", "nonsense\rCommand error CMD_NOT_DEFINED\r> "),
]


def test_the_shutter_echoes_answers_and_prompts(world: World) -> None:
    """Each line gets the answer that the card gives it; `ens` toggles."""
    link = SimLink("shutter", world, Sc10(world))
    heard = [
        (line, ask(link, line.encode() + b"\r", 0.2 * k).decode())
        for k, (line, _) in enumerate(SC10)
    ]

    assert SC10 == heard


def test_a_closed_blade_keeps_the_light_from_the_sample_and_not_from_the_meter(
    world: World,
) -> None:
    """Shut: the head sees the beam, the sample nothing; open: both; the world's log has the
    sample's."""
    link = SimLink("shutter", world, Sc10(world))
    light(world, 1.0)
    before = at(world, 20.0).power_w(), world.head_power_w()
    ask(link, b"ens\r", 20.0)
    after = at(world, 30.0).power_w(), world.head_power_w()

    assert 0.0 == before[0] < before[1]
    assert after[0] > 0.5
    assert before[1] == pytest.approx(after[1], rel=1e-3)
    assert 20.0 < world.emission.plain(world.now_ns, 0.0)[0]["on_ns"] / 1e9 < 20.05


# -- dead-man board ---------------------------------------------------------------------------


def state(link: SimLink, line: str, t_s: float) -> str:
    return ask(link, line.encode() + b"\n", t_s, within_s=0.05).decode().strip()


def test_the_board_drops_the_light_when_nobody_feeds_it_and_stays_so(world: World) -> None:
    """The laser goes off at the time of the drop, not when somebody asks; closing is refused until
    a reset, and neither lights the laser again."""
    link = SimLink("board", world, DeadManBoard(world))
    state(link, "TIMEOUT 500", 0.1)
    state(link, "CLOSE", 0.2)
    light(world, 0.3)
    fed = [state(link, f"FEED {n}", 0.6 + 0.4 * n) for n in range(10)]
    at(world, 9.0)
    (emitted,) = world.emission.plain(world.now_ns, 0.0)

    assert all(word.startswith("STATE,CLOSED,1,500,") for word in fed)
    assert emitted["off_ns"] / 1e9 == pytest.approx(4.2 + 0.5, abs=0.02)
    assert "ERROR,latched" == state(link, "CLOSE", 9.1)
    assert state(link, "RESET", 9.2).startswith("STATE,OPEN,0,0,")
    assert state(link, "CLOSE", 9.3).startswith("STATE,CLOSED,")
    assert not world.laser.lit


def test_a_feed_that_repeats_itself_feeds_nothing(world: World) -> None:
    """The same number twice, or one out of turn: refused, and the time goes on."""
    link = SimLink("board", world, DeadManBoard(world))
    state(link, "CLOSE", 0.1)

    assert state(link, "FEED 0", 0.5).startswith("STATE,CLOSED,1,1000,1,")
    assert "ERROR,number" == state(link, "FEED 0", 0.9)
    assert "ERROR,number" == state(link, "FEED 7", 1.0)
    assert state(link, "STATE", 1.4).startswith("STATE,CLOSED,1,1")
    assert state(link, "STATE", 1.6).startswith("STATE,DROPPED,0,0,")


HOST = """
#include "deadman.h"
#include <iostream>
#include <string>
int main() {
  DeadMan it;
  unsigned long now; std::string text;
  while (std::cin >> now && std::getline(std::cin >> std::ws, text)) {
    char reply[64];
    it.line(text.c_str(), now, '-', reply, sizeof reply);
    std::cout << reply << "\\n";
  }
}
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler here")
def test_the_sketch_and_the_simulated_board_say_the_same(tmp_path: Path) -> None:
    """Thousands of lines at random times, good ones and bad: the compiled sketch and the simulator
    answer each alike, also while the clock of the one wraps around."""
    (tmp_path / "host.cpp").write_text(HOST)
    program = tmp_path / "host"
    subprocess.run(
        ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I", str(SKETCH), "-o", program,
         tmp_path / "host.cpp"],
        check=True,
    )  # fmt: skip
    chance = random.Random(3)
    board, script, expected = DeadMan(), [], []
    # The sketch's clock wraps around on the way.
    now = 2**32 - 100_000
    seen = set()
    for _ in range(5000):
        now += chance.choice((1, 20, 90, 99, 100, 101, 400))
        text = chance.choice(
            ("ID?", "STATE", "OPEN", "RESET", "CLOSE", "CLOSE", "TIMEOUT 100", "TIMEOUT 99",
             "TIMEOUT 5001", "TIMEOUT 400", "TIMEOUT", "TIMEOUT x", "FEED", "FEED -1", "FEED 1x",
             "FEED 000001", "close", "CLOSE ", "FEED  1",
             *[f"FEED {board.next}"] * 20, f"FEED {(board.next + 1) % 256}")
        )  # fmt: skip
        script.append(f"{now} {text}")
        expected.append(board.line(text, now, "-"))
        seen.add(expected[-1].partition(",")[2][:4])
    done = subprocess.run(
        [program], input="\n".join(script) + "\n", capture_output=True, text=True, check=True
    )

    assert expected == done.stdout.splitlines()
    assert {"OPEN", "CLOS", "DROP", "latc", "numb", "rang", "clos", "unkn"} <= seen


def test_the_sketch_never_drives_the_relay_before_it_is_told() -> None:
    """The pin is low before it is an output."""
    pins = (SKETCH / "deadman.ino").read_text()

    assert pins.index("digitalWrite(RELAY_PIN, LOW)") < pins.index("pinMode(RELAY_PIN, OUTPUT)")


# -- LabJack ----------------------------------------------------------------------------------


def modbus(link: SimLink, frame: str, t_s: float) -> str:
    return ask(link, bytes.fromhex(frame), t_s, within_s=0.05).hex(" ")


def test_the_registers_answer_as_the_makers_table_says(world: World) -> None:
    """Test register, product, and exceptions for what there is not."""
    link = SimLink("t7", world, LabJackT7(world))

    assert "00 07 00 00 00 07 01 03 04 00 11 22 33" == modbus(
        link, "0007 0000 0006 01 03 D73C 0002", 0.1
    )
    assert "00 08 00 00 00 07 01 03 04 40 e0 00 00" == modbus(
        link, "0008 0000 0006 01 03 EA60 0002", 0.2
    )
    assert "00 09 00 00 00 03 01 83 02" == modbus(link, "0009 0000 0006 01 03 0001 0002", 0.3)
    assert "00 0a 00 00 00 03 01 85 01" == modbus(link, "000A 0000 0006 01 05 0001 0002", 0.4)


def write(link: SimLink, address: int, value: bytes, t_s: float) -> str:
    body = struct.pack(">BBHHB", 1, 16, address, len(value) // 2, len(value)) + value
    return modbus(link, (struct.pack(">HHH", 1, 0, len(body)) + body).hex(), t_s)


def watchdog(link: SimLink, t_s: float, timeout_s: int = 2) -> None:
    for at_register, value in (
        (61604, timeout_s), (61610, 1), (61612, 99), (61630, 1), (61636, 0x7FFFFE), (61634, 1),
        (61632, 0), (61600, 1),
    ):  # fmt: skip
        write(link, at_register, value.to_bytes(4, "big"), t_s)


def test_in_strict_mode_only_the_key_keeps_the_relay_closed(world: World) -> None:
    """Reading feeds nothing; the key does; unfed, the line goes low and the laser is off."""
    link = SimLink("t7", world, LabJackT7(world))
    watchdog(link, 0.1)
    write(link, 2000, b"\x00\x01", 0.2)
    light(world, 0.3)
    for second in range(1, 6):
        write(link, 61614, (99).to_bytes(4, "big"), float(second))
    for tenth in range(51, 90):
        modbus(link, "0009 0000 0006 01 03 0AF0 0002", tenth / 10)
    (emitted,) = world.emission.plain(world.now_ns, 0.0)

    assert emitted["off_ns"] / 1e9 == pytest.approx(7.0, abs=0.02)


def test_reading_one_line_makes_it_an_input_and_drops_the_relay(world: World) -> None:
    """The trap of this instrument: why the driver reads all lines at once."""
    t7 = LabJackT7(world)
    link = SimLink("t7", world, t7)
    write(link, 2000, b"\x00\x01", 0.1)
    levels = modbus(link, "0009 0000 0006 01 03 0AF0 0002", 0.2)
    directions = modbus(link, "0009 0000 0006 01 03 0B22 0002", 0.3)
    modbus(link, "0009 0000 0006 01 03 07D0 0001", 0.4)

    assert levels.endswith("00 7f ff ff")
    assert directions.endswith("00 00 00 01")
    assert modbus(link, "0009 0000 0006 01 03 0B22 0002", 0.5).endswith("00 00 00 00")


def test_the_watchdogs_settings_are_locked_while_it_is_enabled(world: World) -> None:
    """Only disabling is taken then."""
    link = SimLink("t7", world, LabJackT7(world))
    watchdog(link, 0.1)

    assert write(link, 61604, (9).to_bytes(4, "big"), 0.2).endswith("90 03")
    assert write(link, 61600, (0).to_bytes(4, "big"), 0.3).endswith("f0 a0 00 02")


def test_our_modbus_frames_are_pymodbus_frames() -> None:
    """Requests byte for byte as an independent library makes them."""
    framer = FramerSocket(DecodePDU(False))
    ours = Modbus(TranscriptPort(), 1, 0.2)
    reading = ReadHoldingRegistersRequest(address=61600, count=2, dev_id=1, transaction_id=1)
    writing = WriteMultipleRegistersRequest(
        address=61614, registers=[0x6C61, 0x6274], dev_id=1, transaction_id=2
    )

    assert framer.buildFrame(reading) == ours._request(3, 61600, 2)
    assert framer.buildFrame(writing) == ours.write_frame(61614, bytes.fromhex("6C616274"))
