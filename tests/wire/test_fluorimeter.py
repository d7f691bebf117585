"""The fibre fluorimeter: the compiled sketch against the simulated board, the board against the
world, the driver against both."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from labctl.clock import NS, Clock, run_virtual
from labctl.instruments import (
    DeviceRefusedError,
    InputError,
    Instrument,
    Invalid,
    PortProtocolError,
    Reading,
    SimSpec,
    make_instrument,
)
from labctl_drivers.mcu_fluorimeter import McuFluorimeter
from labctl_simulators.session import Session
from labctl_simulators.wire import Fluorimeter
from tests.unit.drivers.transcript import Step, TranscriptPort
from tests.unit.simulators._helpers import SAMPLE
from tests.wire.t7 import over_tcp

SKETCH = Path(__file__).resolve().parents[2] / "drivers" / "sketches" / "fluorimeter"
HOST = """
#define FLUOR_CHANNELS 2
#include "fluorimeter.h"
#include <iostream>
#include <string>
int main() {
  Fluorimeter it;
  unsigned long now; long value; std::string text;
  while (std::cin >> now >> value && std::getline(std::cin >> std::ws, text)) {
    if (text == "sample") {
      it.sample(int32_t(value), now);
      std::cout << it.lit(now) << "\\n";
      continue;
    }
    char reply[72];
    it.line(text.c_str(), now, reply, sizeof reply);
    std::cout << reply << "\\n";
  }
}
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler here")
def test_the_sketch_and_the_simulated_board_say_the_same(tmp_path: Path) -> None:
    """Thousands of lines and values at random times: the compiled sketch and the simulator answer
    each alike, and light alike, also while the clock wraps around."""
    (tmp_path / "host.cpp").write_text(HOST)
    program = tmp_path / "host"
    subprocess.run(
        ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I", str(SKETCH), "-o", program,
         tmp_path / "host.cpp"],
        check=True,
    )  # fmt: skip
    chance = random.Random(5)
    board, script, expected = Fluorimeter(2), [], []
    now = 2**32 - 20_000
    for _ in range(6000):
        now += chance.choice((1, 7, 20, 50, 60, 400))
        wrapped = now & 0xFFFFFFFF
        if chance.random() < 0.7:
            value = chance.choice((-40, 0, 120, 8000, 20000, 20000, 32766))
            value = 32767 if chance.random() < 0.01 else value
            board.sample(value, wrapped)
            script.append(f"{wrapped} {value} sample")
            expected.append(str(int(board.lit(wrapped))))
            continue
        text = chance.choice(
            ("ID?", "RESULT?", "RESULT?", "RESULT?", "BEGIN 0", "BEGIN 1", "BEGIN 2", "BEGIN",
             "BEGIN x", "BEGIN 00", "result?", "BEGIN 1 ", "STOP" if chance.random() < 0.1 else "?")
        )  # fmt: skip
        script.append(f"{wrapped} 0 {text}")
        expected.append(board.line(text, wrapped))
    done = subprocess.run(
        [program], input="\n".join(script) + "\n", capture_output=True, text=True, check=True
    )

    assert expected == done.stdout.splitlines()
    told = " ".join(expected)
    words = (",OK", "SATURATED", "AMBIENT", "EMPTY", "BUSY", "busy", "range", ",-", " 1 ")
    assert [] == [word for word in words if word not in told]


def test_the_sketch_is_dark_before_its_pins_are_outputs() -> None:
    """A diode does not blink at a start."""
    pins = (SKETCH / "fluorimeter.ino").read_text()

    assert pins.index("digitalWrite(pin, LOW)") < pins.index("pinMode(pin, OUTPUT)")


# -- the driver on the board in the world -------------------------------------------------------

SLOPE, NOISE = 4e5, 0.001
ASSAYS = {
    name: {"slope": SLOPE, "slope_sd": 1e-9, "offset": 0.0, "range_mol_per_m3": 0.06,
           "sd_mol_per_m3": NOISE, "removed_m3": removed}
    for name, removed in (("iron", 0.0), ("nitrite", 20e-9))
}  # fmt: skip
SETTINGS = {"species": {"iron": 0, "nitrite": 1}}
Body = Callable[[Clock, Session, Instrument], Awaitable[None]]


def on_board(body: Body, *faults: str) -> None:
    """The driver on the simulated board, calibrated for two species that nothing quenches."""
    entry = {"driver": "mcu-fluorimeter", "address": "sim://fluor", "settings": SETTINGS}
    bench = {"instruments": {"fluor": entry}, "assays": ASSAYS}

    async def main(clock: Clock) -> None:
        session = Session(SimSpec(3, faults, SAMPLE, bench=bench))
        thing = make_instrument(
            "fluor", "mcu-fluorimeter", "sim://fluor", SETTINGS, clock, session=session
        )
        try:
            await thing.connect()
            await body(clock, session, thing)
        finally:
            await thing.close()

    run_virtual(main)


async def measure(clock: Clock, thing: Instrument, species: str = "iron") -> Reading | Invalid:
    driver: Any = thing.driver
    await thing.job(lambda: driver.begin_assay(species))
    await clock.sleep(round(2.05 * NS))
    given = await thing.job(driver.read_assay)
    assert isinstance(given, Reading | Invalid)
    return given


def test_it_sees_what_is_dissolved_with_the_noise_that_was_stated() -> None:
    """Counts over its dark, by slope and concentration."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        session.world.chemistry.medium.gain("iron", 0.03 * 1e-6)
        there = session.world.concentration("iron")
        values = [(await measure(clock, thing)) for _ in range(40)]
        counts = [one.value for one in values if isinstance(one, Reading)]
        mean = sum(counts) / len(counts)
        spread = (sum((one - mean) ** 2 for one in counts) / (len(counts) - 1)) ** 0.5
        assert 40 == len(counts)
        assert mean == pytest.approx(SLOPE * there, abs=3 * NOISE * SLOPE / 40**0.5)
        assert spread == pytest.approx(NOISE * SLOPE, rel=0.35)

    on_board(body)


def test_a_measurement_that_draws_medium_takes_it_away() -> None:
    """As the bench states it; the concentration stays."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        medium = session.world.chemistry.medium
        before_m3 = medium.volume_m3
        await measure(clock, thing, "nitrite")
        assert before_m3 - medium.volume_m3 == pytest.approx(20e-9, rel=1e-3)

    on_board(body)


def test_saturated_is_no_number() -> None:
    """And when what was bright has gone it measures again."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        given = await measure(clock, thing)
        assert isinstance(given, Invalid) and "saturated" in given.detail
        await clock.sleep(10 * NS)
        assert isinstance(await measure(clock, thing), Reading)

    on_board(body, "assay-saturated@1s+8s")


def test_a_board_that_started_anew_says_so() -> None:
    """Power gone for a moment: no old number is taken."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        driver: Any = thing.driver
        board: Any = session.devices["fluor"].personality
        await thing.job(lambda: driver.begin_assay("iron"))
        assert await thing.job(driver.read_assay) is None
        board.logic.state = "IDLE"
        given = await thing.job(driver.read_assay)
        assert isinstance(given, Invalid) and "started anew" in given.detail

    on_board(body)


def test_over_tcp_it_measures() -> None:
    """Through pyserial, from another port of this machine."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        driver: Any = thing.driver
        await thing.job(lambda: driver.begin_assay("quinidine"))
        assert await thing.job(driver.read_assay) is None

    over_tcp("mcu-fluorimeter", {}, body)


def line(text: str, reply: str) -> Step:
    return text.encode() + b"\n", reply.encode() + b"\n"


@pytest.mark.parametrize(
    "reply",
    ["DONE,1,120.00,40.00,OK", "DONE,0,nan,40.00,OK", "DONE,0,120.00,40.00", "DONE,0,1e5,40.00,OK",
     "DONE,0,120.00,40.00,FINE", "BUSY"],
)  # fmt: skip
def test_what_is_no_result_is_told(reply: str) -> None:
    """Another channel, no number, no word that there is."""
    port = TranscriptPort(line("BEGIN 0", "BEGUN,0,2000"), line("RESULT?", reply))
    driver = McuFluorimeter(port, {})

    async def both() -> None:
        await driver.begin_assay("quinidine")
        await driver.read_assay()

    with pytest.raises(PortProtocolError):
        port.run(both())


@pytest.mark.parametrize(("told", "has"), [("LABCTL-FL,1,17,1", 1), ("9.9E+37", 0)])
def test_more_channels_than_the_board_has_are_refused(told: str, has: int) -> None:
    """It says how many it has; what is no number of channels is none."""
    port = TranscriptPort(line("STOP", "IDLE"), line("ID?", told))

    with pytest.raises(DeviceRefusedError, match=f"has {has} channels"):
        port.run(McuFluorimeter(port, {}).configure())


@pytest.mark.parametrize(
    "species", [{}, [0], {"quinidine": 8}, {"quinidine": 0, "iron": 0}, {"Quinidine": 0}]
)
def test_settings_that_cannot_be_are_bad_input(species: Any) -> None:
    """It is named."""
    with pytest.raises(InputError, match="setting 'species'"):
        McuFluorimeter(TranscriptPort(), {"species": species})
