"""The how-to on adding a driver, followed to the letter in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "how-to" / "add-a-driver.md").read_text(encoding="utf-8")
FILES = re.findall(r"```(?:python|yaml)\n# ([^\n ]+)\n(.*?)```", PAGE, re.DOTALL)
CONSOLE = re.findall(r"```console\n\$ ([^\n]+)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the page prints, under the names it gives them."""
    made = tmp_path_factory.mktemp("t2")
    for name, text in FILES:
        (made / name).write_text(text)
    return made


def test_the_page_prints_a_driver_its_case_and_a_bench_file() -> None:
    """So that there is something to follow."""
    assert ["t2.py", "test_t2.py", "bench.yaml"] == [name for name, _ in FILES]
    assert 2 == len(CONSOLE)


@pytest.mark.parametrize(("typed", "answered"), CONSOLE, ids=[typed for typed, _ in CONSOLE])
def test_what_the_page_types_answers_what_it_says(folder: Path, typed: str, answered: str) -> None:
    """Each command ends well, and every line printed below it is the beginning of one that came."""
    program, *arguments = typed.split()
    done = subprocess.run(
        [sys.executable, "-m", program, *arguments],
        cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "-p no:cacheprovider"},
    )  # fmt: skip
    said = (done.stdout + done.stderr).splitlines()

    assert 0 == done.returncode, said
    for line in answered.splitlines():
        assert any(got.startswith(line) for got in said), (line, said)
