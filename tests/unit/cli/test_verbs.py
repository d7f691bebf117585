"""The verbs that need no file of a person's: test, watch, broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from labctl.cli import _test, main


def ended(*args: str) -> int:
    """The exit code of `labctl ARGS`."""
    with pytest.raises(SystemExit) as left:
        main(list(args))
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.mark.parametrize(("pytest_code", "expected"), [(0, 0), (1, 1), (2, 2), (4, 2), (5, 2)])
def test_test_hands_arguments_to_pytest(
    pytest_code: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`labctl test -k x` runs pytest on the checkout, without the user's own labctl settings,
    and with compiled modules kept for the processes that the tests start."""
    seen: list[tuple[list[str], set[str]]] = []
    his = {"LABCTL_BENCH": "mine.yaml", "PYTHONDONTWRITEBYTECODE": "1"}

    def run(command: list[str], cwd: Path, env: dict[str, str]) -> SimpleNamespace:
        seen.append((command[1:], his.keys() & env.keys()))
        assert (cwd / "tests").is_dir()
        return SimpleNamespace(returncode=pytest_code)

    for name, value in his.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_test, "subprocess", SimpleNamespace(run=run))
    assert expected == ended("test", "-k", "clock", "--version")
    workers = str((os.cpu_count() or 1) + 1)
    assert [(["-m", "pytest", "-n", workers, "-k", "clock", "--version"], set())] == seen


def test_an_installed_labctl_has_no_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no checkout, `labctl test` says so."""
    monkeypatch.setattr(_test, "ROOT", tmp_path)
    assert 2 == ended("test")
    assert "carries no tests" in capsys.readouterr().err


def test_tests_without_pytest_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the extra, the line that brings it is printed."""
    nothing = SimpleNamespace(util=SimpleNamespace(find_spec=lambda name: None))
    monkeypatch.setattr(_test, "importlib", nothing)
    assert 2 == ended("test")
    assert ".[broker,test]" in capsys.readouterr().err


def test_watching_a_broker_that_is_off_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`LABCTL_BROKER=off labctl watch` cannot work, and says how to mend it."""
    monkeypatch.setenv("LABCTL_BROKER", "off")
    assert 2 == ended("watch")
    assert "set to off" in capsys.readouterr().err


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`labctl watch` in a process, in a runtime folder of its own."""
    child = subprocess.Popen(
        [sys.executable, "-c", "from labctl.cli import main; main(['watch'])"],
        env={**os.environ, "LABCTL_RUNTIME_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    yield child
    child.kill()
    child.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch_started_first_waits_and_ends_when_asked(
    number: signal.Signals, watching: subprocess.Popen[str]
) -> None:
    """With nothing to watch it says that it waits; Ctrl-C or `kill` ends it without an error."""
    assert watching.stdout is not None
    assert watching.stdout.readline().startswith("waiting")
    watching.send_signal(number)
    rest, _ = watching.communicate(timeout=10)
    assert ("", 0) == (rest, watching.returncode)
