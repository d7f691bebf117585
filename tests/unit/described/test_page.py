"""The instruments that the page describes, each through the contract suite."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from labctl import bench
from labctl.described._file import parse
from labctl.described._load import made
from labctl.instruments import unproven
from labctl.testing import Answer, Case, contract
from labctl.yamlfile import Source

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "how-to" / "describe-a-driver.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```yaml\n# ([^\n ]+)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the page prints."""
    there = tmp_path_factory.mktemp("described")
    for name, text in FILES.items():
        (there / name).write_text(text)
    return there


def _laser() -> Answer:
    # Lit by whoever was there before.
    state = {"CURR": "500.0", "EMIT": "1"}

    def answer(data: bytes) -> bytes | None:
        name, _, value = data.decode().strip().partition(" ")
        if value:
            state[name] = value
            return b"OK\r\n"
        ma = state["CURR"] if state["EMIT"] == "1" else "0.0"
        told = {"WHO?": "Kessel L8 00812", "CURR?": f"{state['CURR']} mA", "MEAS?": f"{ma} mA",
                "EMIT?": state["EMIT"], "LOCK?": "CLOSED"}  # fmt: skip
        return told[name].encode() + b"\r\n"

    return answer


def _shutter() -> Answer:
    state = {"is": b"open"}

    def answer(data: bytes) -> bytes | None:
        text = data.strip()
        if text in (b"C", b"O"):
            state["is"] = b"shut" if text == b"C" else b"open"
            return None
        return {b"I": b"KESSEL S1", b"P": state["is"]}[text] + b"\r"

    return answer


def _meter() -> Answer:
    table = {
        b"*IDN?\n": b"Kessel,P1,007,1.0\n",
        b"SYST:ERR?\n": b'+0,"No error"\n',
        b"POW?\n": b"1.25E+1\n",
    }
    return table.get


def _thermometer() -> Answer:
    return {b"ID\r": b"KESSEL T2 V1.4 #731\r\n", b"T1\r": b"23.4C\r\n", b"T2\r": b"22.9C\r\n"}.get


CASES = {
    "thermometer.yaml": Case(
        _thermometer, stranger=b"KESSEL T3 V1.4 #731\r\n", garbage=b"warm\r\n",
        invalid={b"----\r\n": "open", b"OVER\r\n": "range", b"401.0C\r\n": "range"},
    ),
    "meter.yaml": Case(
        _meter, stranger=b"Kessel,P2,007,1.0\n",
        invalid={b"9.9E+37\n": "range", b"NO HEAD\n": "device", b"2001\n": "range"},
    ),
    "laser.yaml": Case(
        _laser, stranger=b"Kessel L9 00812\r\n", off=b"EMIT 0\r\n", on=b"EMIT 1\r\n", level=1.25,
        refused=(1.501, 1e9, -0.1, float("nan")), settings={"max_current": "1.5 A"},
    ),
    "shutter.yaml": Case(_shutter, stranger=b"KESSEL S2\r", blocks=b"C\r", lets=b"O\r"),
}  # fmt: skip

for _name, _case in CASES.items():
    _tried = contract(made(parse(Source(_name, FILES[_name]))), _case)
    globals()[_tried.__name__] = _tried


def test_every_driver_of_the_page_is_tried() -> None:
    """And the bench file is there beside them."""
    assert {*CASES, "bench.yaml"} == set(FILES)


def test_the_bench_file_of_the_page_is_valid_and_its_driver_unproven(folder: Path) -> None:
    """Its path counts from the bench file."""
    read = bench.load(folder / "bench.yaml")
    bench.check_instruments(read)
    name = read.instruments["thermometer"].driver

    assert str(folder / "thermometer.yaml") == name
    assert "no record says" in unproven(name)
