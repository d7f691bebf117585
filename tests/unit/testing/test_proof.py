"""A driver that is not labctl's own: proven by its contract suite, as it is, and by nothing
else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labctl import bench
from labctl.instruments import InputError, driver, proven, unproven

ROOT = Path(__file__).resolve().parents[3]

METER = '''
"""A power meter of two commands."""
from labctl.instruments import (DriverSpec, Identity, IdentityError, Invalid, Line,
    PortProtocolError, Reading, SerialSettings, Settings)

class Meter:
    spec = DriverSpec("acme-meter", "Acme meter", frozenset({"power_meter"}), "serial",
                      SerialSettings())

    def __init__(self, port, settings):
        Settings(self.spec, settings)
        self._port = port

    async def identify(self):
        text = await self._port.exchange(b"ID?\\n", Line(b"\\n"), timeout_s=0.2, retry=True)
        if b"ACME" not in text:
            raise IdentityError("not an Acme", seen=repr(text))
        return Identity("Acme", "P1")

    async def configure(self):
        pass

    async def read_power(self):
        text = await self._port.exchange(b"P?\\n", Line(b"\\n"), timeout_s=0.2, retry=True)
        if text.strip() == b"OVER":
            return Invalid("power", REASON, "over-range", self._port.arrived_ns)
        try:
            return Reading("power", float(text), "W", self._port.arrived_ns)
        except ValueError:
            raise PortProtocolError("no number", seen=repr(text)) from None

REASON = "range"
'''
CASE = """
from pathlib import Path
from labctl.instruments import driver
from labctl.testing import Case, contract

CASE = Case(
    answer=lambda: {b"ID?\\n": b"ACME P1\\n", b"P?\\n": b"0.125\\n"}.get,
    stranger=b"NOBODY\\n",
    invalid={b"OVER\\n": "range"},
)
TestMeter = contract(driver(f"{Path(__file__).parent}/acme.py:Meter"), CASE)
"""


def try_it(folder: Path, *arguments: str) -> str:
    """The suite, in a process of its own as its author would run it."""
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "labctl.testing", "--labctl-proof",
            "-p", "no:cacheprovider", "-p", "no:randomly", *arguments, "test_acme.py",
        ],
        cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "",
             "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's folder with a driver and its case, tried once."""
    folder = tmp_path_factory.mktemp("acme")
    (folder / "acme.py").write_text(METER)
    (folder / "test_acme.py").write_text(CASE)
    said = try_it(folder)
    assert "proven: acme-meter" in said, said
    return folder


def named(folder: Path) -> str:
    return f"{folder}/acme.py:Meter"


def copied(project: Path, folder: Path) -> Path:
    """The same driver with its proof elsewhere, to be spoilt."""
    for file in project.glob("acme*"):
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_a_driver_that_passed_is_proven(project: Path, tmp_path: Path) -> None:
    """Its proof holds wherever the two files go together."""
    assert proven(named(project))
    assert proven(named(copied(project, tmp_path)))


def test_a_changed_driver_is_no_more_proven(project: Path, tmp_path: Path) -> None:
    """One byte is enough, and the reason is told."""
    folder = copied(project, tmp_path)
    with (folder / "acme.py").open("a") as file:
        file.write("\n")

    assert "it was changed since it went through the contract suite" == unproven(named(folder))


def test_a_driver_without_a_record_is_unproven(tmp_path: Path) -> None:
    """As it comes."""
    (tmp_path / "acme.py").write_text(METER)

    assert "no record says that it went through the contract suite" == unproven(named(tmp_path))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"driver": "other"}, "is of other"),
        ({"contract": 0}, "an older contract suite"),
        ({"sha256": None}, "changed since"),
    ],
)
def test_another_s_record_proves_nothing(
    project: Path, tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    """Of another driver, of an older suite, of no driver at all."""
    folder = copied(project, tmp_path)
    (record,) = folder.glob("*.proof.json")
    record.write_text(json.dumps({**json.loads(record.read_text()), **changes}))

    assert why in unproven(named(folder))


def test_a_failing_driver_loses_its_record(project: Path, tmp_path: Path) -> None:
    """The reason it gives for over-range is wrong: nothing is proven, and what was is withdrawn."""
    folder = copied(project, tmp_path)
    (folder / "test_acme.py").write_text(CASE)
    source = folder / "acme.py"
    source.write_text(source.read_text().replace('REASON = "range"', 'REASON = "open"'))
    said = try_it(folder)

    assert "not proven: acme-meter (1 of " in said
    assert [] == list(folder.glob("*.proof.json"))


def test_a_part_of_the_suite_proves_nothing(project: Path, tmp_path: Path) -> None:
    """With some tests deselected the others are not enough."""
    folder = copied(project, tmp_path)
    (folder / "test_acme.py").write_text(CASE)
    said = try_it(folder, "-k", "stranger")

    assert "not proven: acme-meter" in said
    assert [] == list(folder.glob("*.proof.json"))


def test_a_driver_of_labctl_s_own_is_proven_by_its_tests() -> None:
    """It needs no record."""
    assert proven("arroyo-laser")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("{0}/none.py:Meter", "there is no such driver file"),
        ("{0}/acme.py:Mater", "there is no driver 'Mater' in this file"),
        ("{0}/acme.py", "which driver of it"),
        ("{0}/broken.py:Meter", "cannot be loaded"),
        ("{0}/acme.txt", "a driver file is .py"),
    ],
)
def test_a_driver_file_that_is_none_is_told(tmp_path: Path, name: str, what: str) -> None:
    """With what there is instead, and never as a traceback."""
    (tmp_path / "acme.py").write_text(METER)
    (tmp_path / "broken.py").write_text("import nothing_of_this_name\n")
    (tmp_path / "acme.txt").write_text("x")
    with pytest.raises(InputError, match=what):
        driver(name.format(tmp_path))


def test_a_commissioned_bench_notices_that_a_driver_file_was_changed(tmp_path: Path) -> None:
    """Its digest holds the file's, also of a driver that is waived."""
    (tmp_path / "acme.py").write_text(METER)
    bench_file = tmp_path / "bench.yaml"
    bench_file.write_text(
        "schema: labctl.bench/1\nname: b\ninstruments:\n"
        "  meter: {driver: './acme.py:Meter', address: /dev/ttyUSB0}\nroles: {}\n"
    )
    before = bench.safety_digest(bench.load(bench_file))
    same = bench.safety_digest(bench.load(bench_file))
    with (tmp_path / "acme.py").open("a") as file:
        file.write("\n")

    assert before == same
    assert before != bench.safety_digest(bench.load(bench_file))
