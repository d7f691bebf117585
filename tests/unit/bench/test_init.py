"""A bench file from what was found: what is guessed is marked, what is missing is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from labctl import bench
from labctl.bench import Device, Scan, starting_file
from labctl.errors import InputError
from labctl.instruments import Answerer, Identity, Place

FILLED = {
    "max_current": "2.5 A",
    "wavelength": "808 nm",
    "value": "0.50 cm^2",
    "sd": "5 %",
    "source": "knife edge",
    "threshold": "0.35 A",
    "slope": "0.90 W/A",
    "deviation": "3 %",
    "date": "2026-10-05",
    "method": "thermal head at the sample's place",
    "expires": "2027-04-05",
    "ratio": "2 %",
    "power": "1.5 W",
    "temperature": "70 degC",
    "exposure": "20 min",
    "energy": "2 kJ",
    "what": "lid switch",
    "tested": "opened it",
    "readable": "true",
    "resistance": "100 ohm",
    "max_power": "1 W",
    "max_voltage": "10 V",
    "sense": "3",
}


def found(driver: str, address: str, serial: str = "", **settings: Any) -> Device:
    who = Answerer(address, driver, Identity("Make", "Model", serial), settings)
    return Device(Place(address, usb_serial="A1"), who)


def silent(address: str) -> Device:
    return Device(Place(address), Answerer(address, why="no answer to any driver's question"))


LASER = found("arroyo-laser", "/dev/serial/by-id/usb-arroyo", baud=9600)
SCANNER = found("keysight-3497x", "TCPIP0::192.0.2.5::INSTR")
METER = found("thorlabs-pm100", "USB0::0x1313::0x8078::P1::INSTR", "P1")
SHUTTER = found("thorlabs-sc10", "/dev/ttyUSB1")
BOARD = found("mcu-deadman", "/dev/ttyACM0")
SUPPLY = found("keysight-e36300", "TCPIP0::192.0.2.6::5025::SOCKET")


def text_of(*devices: Device) -> str:
    return starting_file("bench-2", Scan(devices, ()))


def filled(text: str, words: Mapping[str, str] = FILLED) -> str:
    """The text as a person leaves it who fills in what is marked."""
    out = []
    for line in text.splitlines():
        key = re.match(r"( *)(\w+):(?: FILL  # |  # FILL)", line)
        out.append(f"{key[1]}{key[2]}: {words[key[2]]}" if key else line)
    return "\n".join(out)


def test_the_file_is_not_valid_until_it_is_filled_in_and_says_what() -> None:
    """Every empty key is a problem in its own line; what fills them makes the file valid."""
    text = text_of(LASER, SCANNER, METER)
    with pytest.raises(InputError) as caught:
        bench.loads(text)
    lines = text.splitlines()
    told = {lines[problem.line - 1].split(":")[0].strip() for problem in caught.value.problems}
    empty = {line.split(":")[0].strip() for line in lines if re.search(r":  # FILL|: FILL ", line)}
    assert empty == told

    valid = bench.loads(filled(text))
    bench.check_instruments(valid)
    assert "bench-2" == valid.name
    assert valid.arming.commissioned


def test_a_limit_of_an_instrument_left_open_is_refused_in_its_line() -> None:
    """The highest current of a diode is nobody's guess."""
    half = filled(text_of(LASER, SCANNER, METER), FILLED | {"max_current": "FILL"})
    with pytest.raises(InputError) as refused:
        bench.loads(half)
    (told,) = refused.value.problems
    assert "max_current: FILL" in half.splitlines()[told.line - 1]
    assert "to be filled in" in told.message


def test_roles_are_guessed_from_what_each_can_do() -> None:
    """Laser, thermocouples, meter, shutter, dead-man and heater find their places."""
    file = bench.loads(filled(text_of(LASER, SCANNER, METER, SHUTTER, BOARD, SUPPLY)))
    roles = {name: file.instruments[role.instrument].driver for name, role in file.roles.items()}
    assert {
        "laser": "arroyo-laser",
        "probe": "keysight-3497x",
        "ambient": "keysight-3497x",
        "meter": "thorlabs-pm100",
        "shutter": "thorlabs-sc10",
        "deadman": "mcu-deadman",
        "heater": "keysight-e36300",
    } == roles
    assert ["laser", "scanner", "meter", "shutter", "deadman", "supply"] == list(file.instruments)
    assert ("101", "102") == (file.roles["probe"].channel, file.roles["ambient"].channel)


def test_a_shutter_whose_end_switch_is_to_be_named_is_a_shutter() -> None:
    """It has its role; the input of its end switch is left open, and the file is valid with it."""
    text = text_of(LASER, SCANNER, METER, found("numato-relay", "/dev/ttyACM3"))
    assert "      sense: FILL  # " in text
    file = bench.loads(filled(text))
    assert "numato-relay" == file.instruments[file.roles["shutter"].instrument].driver


def test_a_thermostat_is_never_taken_for_a_laser_and_has_no_limit_but_a_persons() -> None:
    """A hotplate is what keeps a temperature; how warm it may be is empty."""
    text = text_of(SCANNER, found("ika-hotplate", "/dev/ttyUSB4"))
    assert "  thermostat: bath" in text
    assert "      max_temperature: FILL" in text
    assert "thermostat:  #" in text
    assert "  laser:" not in text


def test_what_needs_stocks_or_calibrations_says_so() -> None:
    """A pump or a fluorimeter gets no role before somebody says what is in it."""
    text = text_of(SCANNER, found("mcu-fluorimeter", "/dev/ttyUSB4"))
    assert "# no role was left for fluorimeter; it can be `assay` once you state `assays`" in text


def test_the_second_of_a_kind_gets_no_role_and_is_named() -> None:
    second = found("thorlabs-pm100", "USB0::0x1313::0x8078::P2::INSTR", "P2")
    text = text_of(SCANNER, METER, second)
    assert "# no role was left for meter2" in text
    assert "meter: meter " in text


def test_what_was_found_out_about_the_line_is_written() -> None:
    """A controller that answered at another speed than usual is opened at it."""
    file = bench.loads(filled(text_of(LASER, SCANNER, METER)))
    assert 9600 == file.instruments["laser"].settings["baud"]


def test_what_is_not_known_is_named_and_how_a_mute_supply_is_written() -> None:
    text = text_of(SCANNER, silent("/dev/ttyUSB3"))
    assert "# not known: /dev/ttyUSB3 (silent" in text
    assert "driver: cni-laser" in text
    assert ["scanner"] == list(bench.loads(text).instruments)


def test_a_thermometer_alone_needs_nothing_filled_in() -> None:
    """Logging needs no limits."""
    text = text_of(SCANNER)
    assert "# FILL:" not in text
    assert bench.loads(text).roles["probe"].channel == "101"


def test_nothing_found_is_told_and_nothing_written() -> None:
    with pytest.raises(InputError, match="nothing that a driver knows"):
        text_of(silent("/dev/ttyUSB3"))


def test_every_line_that_is_still_to_be_filled_in_is_told_with_its_place_at_once() -> None:
    """Also the settings of an instrument, which only its driver knows."""
    text = text_of(LASER, SCANNER, METER)
    marked = {n for n, line in enumerate(text.splitlines(), 1) if re.search(r"(: |# )FILL", line)}
    with pytest.raises(InputError) as refused:
        bench.loads(text)
    told = [p for p in refused.value.problems if "to be filled in" in p.message]
    assert {p.line for p in told} == marked - {3}
    assert any(p.message.endswith("an area is wanted here") for p in told)


def test_the_kind_of_thermocouple_is_written_down_as_a_guess() -> None:
    """A scanner takes any wire for type K, and nothing on the wire says which it is."""
    text = text_of(LASER, SCANNER, METER)
    settings = text[text.index("settings:  # GUESS") :]
    assert "      type: K  # thermocouple type" in settings[: settings.index("meter:")]


def test_what_an_efficiency_needs_is_there_to_be_taken_out_of_its_comment() -> None:
    """Vessel and tolerance of the probe, as the reference has them."""
    text = filled(text_of(LASER, SCANNER, METER))
    assert bench.loads(text).vessel is None
    open_ = re.sub(r"(?m)^# (vessel:|  \w+: .*|probe: .*)$", r"\1", text)
    file = bench.loads(open_)
    assert file.vessel is not None
    assert file.probe is not None
