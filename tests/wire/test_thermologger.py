"""The thermocouple logger with MAX31855 chips: the compiled sketch against the simulated board, the
board against the world, the driver against both."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from labctl.clock import NS, Clock
from labctl.instruments import (
    DeviceRefusedError,
    Identity,
    IdentityError,
    InputError,
    Instrument,
    Invalid,
    PortProtocolError,
    Reading,
)
from labctl_drivers.mcu_thermocouples import McuThermocouples
from labctl_simulators.session import Session
from labctl_simulators.wire import SimLink, ThermoLogger, ThermoLoggerBoard, chip_word
from labctl_simulators.world import World
from tests.unit.drivers.transcript import Step, TranscriptPort
from tests.unit.simulators._helpers import ask, at, light, still_world
from tests.wire.t7 import on_bench, over_tcp

SKETCH = Path(__file__).resolve().parents[2] / "drivers" / "sketches" / "thermologger"

# -- the chip's words, as its data sheet gives them ---------------------------------------------

SHEET = [
    (1600.00, 25.0, "01100100000000"), (1000.00, 25.0, "00111110100000"),
    (100.75, 25.0, "00000110010011"), (25.00, 25.0, "00000001100100"),
    (0.00, 25.0, "00000000000000"), (-0.25, 25.0, "11111111111111"),
    (-1.00, 25.0, "11111111111100"), (-250.00, 25.0, "11110000011000"),
]  # fmt: skip
JUNCTIONS = [
    (127.0, "011111110000"), (100.5625, "011001001001"), (25.0, "000110010000"),
    (0.0, "000000000000"), (-0.0625, "111111111111"), (-1.0, "111111110000"),
    (-20.0, "111011000000"), (-55.0, "110010010000"),
]  # fmt: skip


def test_the_words_are_those_of_the_data_sheet() -> None:
    """Its two tables, bit by bit."""
    for degc, cold, bits in SHEET:
        assert int(bits, 2) == chip_word(degc, cold) >> 18
    for cold, bits in JUNCTIONS:
        assert int(bits, 2) == chip_word(20.0, cold) >> 4 & 0xFFF
    assert 0x10001 == chip_word(20.0, 25.0, 1) & 0x30007


HOST = """
#define LOGGER_CHANNELS 2
#include "thermologger.h"
#include <iostream>
#include <string>
int main() {
  ThermoLogger it;
  unsigned long now; std::string text;
  while (std::cin >> now >> it.word[0] >> it.word[1] && std::getline(std::cin >> std::ws, text)) {
    char reply[104];
    it.line(text.c_str(), now, reply, sizeof reply);
    std::cout << reply << "\\n";
  }
}
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler here")
def test_the_sketch_and_the_simulated_board_say_the_same(tmp_path: Path) -> None:
    """Thousands of lines at random times with random words of the chips, right ones and wrong: the
    compiled sketch and the simulator answer each alike, also while the clock wraps around."""
    (tmp_path / "host.cpp").write_text(HOST)
    program = tmp_path / "host"
    subprocess.run(
        ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I", str(SKETCH), "-o", program,
         tmp_path / "host.cpp"],
        check=True,
    )  # fmt: skip
    chance = random.Random(5)
    board, script, expected = ThermoLogger(2), [], []
    now = 2**32 - 100_000

    def word() -> int:
        faults = chance.choice((0, 0, 0, 1, 2, 4, 3, 7))
        right = chip_word(chance.uniform(-300.0, 1500.0), chance.uniform(-60.0, 130.0), faults)
        return chance.choice((right, right, right, 0, 0xFFFFFFFF, chance.getrandbits(32)))

    for _ in range(5000):
        now += chance.choice((1, 20, 99, 100, 101, 400, 2000))
        board.words = [word(), word()]
        text = chance.choice(
            ("ID?", "STATE", "READ", "READ", "READ", "BEAT 0", "BEAT 100", "BEAT 99", "BEAT 10001",
             "BEAT 400", "BEAT", "BEAT x", "BEAT  100", "read", "READ ", "BEAT 000400")
        )  # fmt: skip
        script.append(f"{now & 0xFFFFFFFF} {board.words[0]} {board.words[1]} {text}")
        expected.append(board.line(text, now))
    done = subprocess.run(
        [program], input="\n".join(script) + "\n", capture_output=True, text=True, check=True
    )

    assert expected == done.stdout.splitlines()
    said = " ".join(expected)
    assert all(it in said for it in ("DROPPED", ",OK", "BAD", "OPEN+GND+VCC", ",-", "range"))


def test_the_sketch_drives_the_heartbeat_low_before_it_is_an_output() -> None:
    """And asks a chip no sooner than it has converted."""
    pins = (SKETCH / "thermologger.ino").read_text()

    assert pins.index("digitalWrite(BEAT_PIN, LOW)") < pins.index("pinMode(BEAT_PIN, OUTPUT)")
    assert "CONVERTED_MS = 120" in pins


# -- the board in the world ---------------------------------------------------------------------


def said(link: SimLink, line: str, t_s: float) -> str:
    return ask(link, line.encode() + b"\n", t_s, within_s=0.05).decode().strip()


@pytest.fixture
def world() -> World:
    return still_world()


def test_a_board_that_is_not_read_opens_the_interlock_loop(world: World) -> None:
    """Read in time the loop stays closed; unread the light is gone at the drop, and reading again
    neither closes the loop nor lights anything."""
    board = ThermoLoggerBoard(world, {0: world.probe_degc}, in_loop=True)
    link = SimLink("logger", world, board)
    assert not world.laser.interlock_closed
    said(link, "BEAT 1000", 0.2)
    light(world, 0.3)
    for k in range(5):
        assert ",ON," in said(link, "READ", 0.5 + 0.8 * k)
    at(world, 9.0)
    (emitted,) = world.emission.plain(world.now_ns, 0.0)

    assert emitted["off_ns"] / NS == pytest.approx(3.7 + 1.0, abs=0.02)
    assert ",DROPPED," in said(link, "READ", 9.1)
    assert not world.laser.interlock_closed
    said(link, "BEAT 1000", 9.2)
    assert world.laser.interlock_closed
    assert not world.laser.lit


def test_a_chip_says_the_same_until_it_has_converted(world: World) -> None:
    """Two readings within the conversion are one."""
    link = SimLink("logger", world, ThermoLoggerBoard(world, {0: world.probe_degc}))
    told = [said(link, "READ", 1.0 + 0.02 * k).split(",")[3] for k in range(5)]
    spread = {said(link, "READ", 2.0 + 0.2 * k).split(",")[3] for k in range(60)}

    assert 1 == len(set(told))
    assert 1 < len(spread)


# -- the driver ---------------------------------------------------------------------------------


async def read(thing: Instrument) -> tuple[Reading | Invalid, ...]:
    driver: Any = thing.driver
    given: tuple[Reading | Invalid, ...] = await thing.job(driver.read_temperatures)
    return given


def test_an_open_thermocouple_is_invalid_and_the_other_goes_on() -> None:
    """The fault bit, not the number beside it."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        healthy = await read(thing)
        assert all(isinstance(each, Reading) for each in healthy)
        session.devices["thing"].personality.upsets.open_channels.add(0)
        await clock.sleep(NS)
        first, second = await read(thing)
        assert isinstance(first, Invalid) and "open" == first.reason
        assert isinstance(second, Reading)

    on_bench("mcu-thermocouples", {"channels": [0, 1]}, body)


def test_a_heartbeat_that_has_dropped_ends_the_reading() -> None:
    """Silence for longer than it stands: the next reading raises, and so does the one after."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await read(thing)
        assert session.world.laser.interlock_closed
        await clock.sleep(2 * NS)
        for _ in range(2):
            with pytest.raises(DeviceRefusedError, match="heartbeat has dropped"):
                await read(thing)
        assert not session.world.laser.interlock_closed

    on_bench("mcu-thermocouples", {"heartbeat": "1 s"}, body)


def test_over_tcp_it_reads() -> None:
    """Through pyserial, from another port of this machine."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        assert all(isinstance(reading, Reading) for reading in await read(thing))

    over_tcp("mcu-thermocouples", {"channels": [0, 1], "heartbeat": "5 s"}, body)


def line(text: str, reply: str | None) -> Step:
    return text.encode() + b"\n", None if reply is None else reply.encode() + b"\n"


def made(*steps: Step, **settings: Any) -> tuple[McuThermocouples, TranscriptPort]:
    port = TranscriptPort(line("ID?", "LABCTL-TC,1,7,2"), *steps)
    driver = McuThermocouples(port, settings)
    port._steps, rest = port._steps[:1], port._steps[1:]
    assert Identity("labctl", "MAX31855 logger", "7", "sketch 1") == port.run(driver.identify())
    return driver, port.then(*rest)


def test_a_board_that_is_starting_is_given_its_time() -> None:
    """No answer at first: two seconds later it is asked again."""
    port = TranscriptPort(line("ID?", None), line("ID?", "LABCTL-TC,1,7,2"))

    port.run(McuThermocouples(port, {}).identify())
    assert port.paused_s > 2.0


@pytest.mark.parametrize(
    "reply", ["LABCTL-TC,2,7,2", "LABCTL-DEADMAN,1,7,2", "LABCTL-TC,1,7,0", "LABCTL-TC,1,7,x", "?"]
)
def test_another_sketch_is_a_stranger(reply: str) -> None:
    """Another version speaks otherwise."""
    port = TranscriptPort(line("ID?", reply))

    with pytest.raises(IdentityError, match="labctl's sketch"):
        port.run(McuThermocouples(port, {}).identify())


def test_a_chip_that_is_not_there_is_refused() -> None:
    """Two channels, and the third is to be read."""
    driver, port = made(channels=[0, 2])

    with pytest.raises(DeviceRefusedError, match="2 is to be read"):
        port.run(driver.configure())


@pytest.mark.parametrize("reply", ["BEAT,OFF,0,0", "BEAT,ON,900,0", "ERROR,range"])
def test_a_heartbeat_that_is_not_taken_is_refused(reply: str) -> None:
    """Read back from the board."""
    driver, port = made(line("BEAT 1000", reply), heartbeat="1 s")

    with pytest.raises(DeviceRefusedError):
        port.run(driver.configure())


@pytest.mark.parametrize(
    "reply",
    ["TEMPS,5,ON,1.00,2.0,OK", "TEMPS,5,MAYBE,1,2,OK,1,2,OK", "BEAT,ON,1,1",
     "TEMPS,5,OFF,nan,2.0,OK,1,2,OK", "TEMPS,5,OFF,1_0,2.0,OK,1,2,OK",
     "TEMPS,5,OFF,1.0,2.0,WET,1,2,OK", "TEMPS,5,OFF,1.0,2.0,,1,2,OK"],
)  # fmt: skip
def test_what_is_no_answer_is_none(reply: str) -> None:
    """Too few, no number, a fault that there is not."""
    driver, port = made(line("READ", reply), channels=[0, 1])

    with pytest.raises(PortProtocolError):
        port.run(driver.read_temperatures())


@pytest.mark.parametrize(
    "wrong", [{"channels": [8]}, {"channels": [0, 0]}, {"channels": ["0"]}, {"heartbeat": "20 ms"}]
)
def test_settings_that_cannot_be_are_bad_input(wrong: dict[str, Any]) -> None:
    """Each is named."""
    with pytest.raises(InputError, match=f"setting '{next(iter(wrong))}'"):
        McuThermocouples(TranscriptPort(), wrong)
