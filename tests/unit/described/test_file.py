"""What is wrong in a driver's file is told with its place, all at once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from labctl.clock import Clock, run_virtual
from labctl.described import json_schema, load
from labctl.instruments import Address, DeviceRefusedError, InputError, Instrument
from labctl.testing import Card, Wire
from labctl.yamlfile import Source, plain, read_text
from tests.unit.described.test_page import FILES

THERMOMETER = FILES["thermometer.yaml"]
LASER = FILES["laser.yaml"]


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "driver.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load(path)
    assert caught.value.problems
    return [str(problem).replace(f"{path}:", "") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (THERMOMETER, "(?P<value>-?", "(?P<value-?", "11:10: P014 this is no regular expression"),
        (THERMOMETER, "(?P<value>-?", "(-?", "11:10: P014 the pattern does not say which part"),
        (THERMOMETER, "ends: CR,", "ends: CRLF,", "P017 'CRLF' is no end of line"),
        (THERMOMETER, "200 ms", "200", "P022"),
        (THERMOMETER, "high: 400 degC", "high: -400 degC", "P024 `high` must be above `low`"),
        (THERMOMETER, "unit: degC", "unit: C", "12:9: P017"),
        (THERMOMETER, "identity:", "idenity:", "P012 unknown key 'idenity'"),
        (THERMOMETER, "thermometer:", "power_meter:", "P012 unknown key 'channels'"),
        (LASER, "{value}", "{valu}", "this command must have {value} in it"),
        (LASER, "150 ms", "300 ms", "what lights or holds back must answer within 200 ms"),
        (LASER, "most: 2 A", "most: 2 W", "P062 a power does not fit a level in mA"),
        (LASER, "safe: 0 A", "safe: 3 A", "the safe level is above the most"),
        (LASER, "off: EMIT 0", "off: EMIT 1", "what switches off is what switches on"),
        (LASER, "on: EMIT 1", 'on: "EMIT\\n1"', "a command is one line"),
        (LASER, "source:", "gate: {}\nsource:", "an instrument is exactly one of"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, text: str, old: str, new: str, told: str
) -> None:
    """Line, column, code and what to do."""
    assert old in text
    found = problems(tmp_path, text.replace(old, new, 1))

    assert any(told in problem for problem in found), found
    assert all(re.match(r"\d+:\d+: P\d{3} ", problem) for problem in found), found


def test_two_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """In the order of the file."""
    found = problems(tmp_path, THERMOMETER.replace("9600", "fast").replace("degC", "C", 1))
    assert 2 == len(found)


@pytest.mark.parametrize("name", [name for name in FILES if name != "bench.yaml"])
def test_the_schema_for_editors_takes_what_is_valid(name: str) -> None:
    """Each file of the page."""
    node, _ = read_text(Source(name, FILES[name]))
    jsonschema.validate(json.loads(json.dumps(plain(node))), json_schema())


def test_a_level_that_is_not_taken_is_refused(tmp_path: Path) -> None:
    """The laser reads back another set point than it was given: connecting ends there."""
    path = tmp_path / "laser.yaml"
    path.write_text(LASER)
    table = {b"WHO?\r\n": b"Kessel L8 1\r\n", b"CURR?\r\n": b"500.0 mA\r\n"}

    async def main(clock: Clock) -> None:
        wire = Wire(lambda: Card(lambda data: table.get(data, b"OK\r\n")))
        port = wire.port(clock, "x")
        made = Instrument("x", load(path), {}, Address.parse("sim://x"), port)
        with pytest.raises(DeviceRefusedError, match="was not taken: asked 0 A"):
            await made.connect()

    run_virtual(main)


def test_a_command_that_is_not_acknowledged_is_refused(tmp_path: Path) -> None:
    """What is answered to it is told."""
    path = tmp_path / "laser.yaml"
    path.write_text(LASER)
    table = {b"WHO?\r\n": b"Kessel L8 1\r\n"}

    async def main(clock: Clock) -> None:
        wire = Wire(lambda: Card(lambda data: table.get(data, b"ERR 7\r\n")))
        port = wire.port(clock, "x")
        made = Instrument("x", load(path), {}, Address.parse("sim://x"), port)
        with pytest.raises(DeviceRefusedError, match="ERR 7"):
            await made.connect()

    run_virtual(main)


def test_a_pause_has_off_written_twice(tmp_path: Path) -> None:
    """The first may come while the instrument does not listen."""
    path = tmp_path / "laser.yaml"
    path.write_text(LASER.replace("acknowledge: OK", "acknowledge: OK\npause: 100 ms"))
    told = {"WHO?": "Kessel L8 1", "CURR?": "0.0 mA", "MEAS?": "0.0 mA", "EMIT?": "0"}
    told["LOCK?"] = "CLOSED"
    table = {f"{ask}\r\n".encode(): f"{reply}\r\n".encode() for ask, reply in told.items()}

    async def main(clock: Clock) -> None:
        wire = Wire(lambda: Card(lambda data: table.get(data, b"OK\r\n")))
        port = wire.port(clock, "x")
        made = Instrument("x", load(path), {}, Address.parse("sim://x"), port)
        await made.connect()
        before, asked_ns = len(wire.sent), clock.now_ns()
        await made.off()

        assert [b"EMIT 0\r\n"] * 2 == wire.written(before)
        assert asked_ns == wire.sent[before][0]
        assert 0.35 == made.spec.slowest_off_s

    run_virtual(main)
