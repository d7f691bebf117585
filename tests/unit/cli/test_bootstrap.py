"""The set-up of a fresh checkout, with pip and venv played by the test."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from labctl import _bootstrap

PROJECT = """
[build-system]
requires = ["hatchling"]

[project]
name = "labctl"
[tool.x]
y = 1
"""


class Restarted(Exception):
    """The command would start again in another Python."""


class Checkout:
    """A checkout in a folder of the test, and what was called there."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.calls: list[str] = []
        self.lacking = ["click", "numpy"]
        self.fails_at = ""
        self.says = ""
        self.project(PROJECT)
        (root / "constraints.txt").write_text("click==8.5.1\n")
        monkeypatch.setattr(_bootstrap, "ROOT", root)
        monkeypatch.setattr(_bootstrap, "_lacking", lambda extras: self.lacking)
        monkeypatch.setattr(_bootstrap, "_python_of", self._python_of)
        monkeypatch.setattr(_bootstrap, "subprocess", SimpleNamespace(
            run=self._run, DEVNULL=subprocess.DEVNULL))  # fmt: skip
        monkeypatch.setattr(os, "execv", self._execv)
        monkeypatch.delenv("LABCTL_NO_BOOTSTRAP", raising=False)
        monkeypatch.delenv("LABCTL_BOOTSTRAPPED", raising=False)

    def project(self, text: str) -> None:
        (self.root / "pyproject.toml").write_text(text)

    def note(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.venv / "labctl-bootstrap.json").read_text())
        return found

    def start(self, *argv: str) -> str:
        """What `python3 -m labctl ARGV` ends with: `restarted`, `ready` or `exit N`."""
        try:
            _bootstrap.ensure(list(argv))
        except Restarted:
            os.environ.pop("LABCTL_BOOTSTRAPPED")
            return "restarted"
        except SystemExit as left:
            return f"exit {left.code}"
        return "ready"

    def _python_of(self, venv: Path) -> str:
        return _bootstrap._version() if (venv / "bin" / "python").exists() else ""

    def _run(self, command: list[str], **given: Any) -> SimpleNamespace:
        step = "venv" if "venv" in command else "pip" if "pip" in command else "probe"
        self.calls.append(step)
        if step == self.fails_at:
            if self.says:
                os.write(given["stdout"], self.says.encode())
            return SimpleNamespace(returncode=1)
        if step == "venv":
            (self.venv / "bin").mkdir(parents=True)
            (self.venv / "bin" / "python").touch()
        return SimpleNamespace(returncode=0)

    def _execv(self, python: str, command: list[str]) -> NoReturn:
        assert str(self.venv / "bin" / "python") == python
        assert str(os.getpid()) == os.environ["LABCTL_BOOTSTRAPPED"]
        raise Restarted


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    return Checkout(tmp_path, monkeypatch)


def test_a_fresh_checkout_is_set_up_once(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first start makes and installs and says so in one line; the second only starts."""
    assert "restarted" == checkout.start("run", "heating-curve")
    assert ["venv", "pip"] == checkout.calls
    said = capsys.readouterr().err
    assert 1 == said.count("\n")
    assert str(checkout.venv) in said and "LABCTL_NO_BOOTSTRAP=1" in said
    assert "restarted" == checkout.start("run", "heating-curve")
    assert ["venv", "pip"] == checkout.calls
    assert "" == capsys.readouterr().err


def test_the_tests_bring_their_packages_and_keep_the_others(checkout: Checkout) -> None:
    """`test` adds the extra; a later `run` neither installs again nor takes it away."""
    checkout.start("run")
    assert ["broker"] == checkout.note()["extras"]
    checkout.start("test")
    checkout.start("run")
    assert ["broker", "test"] == checkout.note()["extras"]
    assert ["venv", "pip", "pip"] == checkout.calls


def test_changed_dependencies_are_installed(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    """When what is required changes, pip runs again in the same environment, and says so."""
    checkout.start("run")
    capsys.readouterr()
    (checkout.root / "constraints.txt").write_text("click==8.6.0\n")
    assert "restarted" == checkout.start("run")
    assert ["venv", "pip", "pip"] == checkout.calls
    assert "updating" in capsys.readouterr().err


def test_a_changed_lint_rule_installs_nothing(checkout: Checkout) -> None:
    """Only what is installed counts, not the rest of pyproject.toml."""
    checkout.start("run")
    checkout.project(PROJECT.replace("y = 1", "y = 2"))
    checkout.start("run")
    assert ["venv", "pip"] == checkout.calls


@pytest.mark.parametrize("step", ["venv", "pip"])
def test_a_half_made_environment_is_made_anew(checkout: Checkout, step: str) -> None:
    """What an interrupted set-up left behind is emptied and made again by the next start."""
    checkout.fails_at = step
    assert "exit 2" == checkout.start("run")
    (checkout.venv / "lib").mkdir()
    (checkout.venv / "lib" / "half").touch()
    checkout.fails_at, checkout.calls = "", []
    assert "restarted" == checkout.start("run")
    assert ["venv", "pip"] == checkout.calls
    assert not (checkout.venv / "lib").exists()


def test_a_failed_update_leaves_the_environment(checkout: Checkout) -> None:
    """Without network an outdated environment is not thrown away."""
    checkout.start("run")
    (checkout.root / "constraints.txt").write_text("click==8.6.0\n")
    checkout.fails_at, checkout.calls = "pip", []
    assert "exit 2" == checkout.start("run")
    checkout.fails_at = ""
    assert "restarted" == checkout.start("run")
    assert ["pip", "pip"] == checkout.calls


def test_a_moved_checkout_is_set_up_again(checkout: Checkout) -> None:
    """Paths in an environment are absolute: one that was made elsewhere is made anew."""
    checkout.start("run")
    note = checkout.note()
    note["root"] = "/elsewhere"
    (checkout.venv / "labctl-bootstrap.json").write_text(json.dumps(note))
    checkout.start("run")
    assert ["venv", "pip", "venv", "pip"] == checkout.calls


def test_an_environment_of_somebody_else_is_used(checkout: Checkout) -> None:
    """A complete `.venv` that labctl did not make is started in, and nothing is installed."""
    (checkout.venv / "bin").mkdir(parents=True)
    (checkout.venv / "bin" / "python").touch()
    assert "restarted" == checkout.start("run")
    assert ["probe"] == checkout.calls


def test_an_incomplete_environment_of_somebody_else_is_named(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that lacks something is left alone: the way out is printed."""
    (checkout.venv / "bin").mkdir(parents=True)
    (checkout.venv / "bin" / "python").touch()
    checkout.fails_at = "probe"
    assert "exit 2" == checkout.start("run")
    assert "was not made by labctl" in capsys.readouterr().err
    assert ["bin"] == [entry.name for entry in checkout.venv.iterdir()]


@pytest.mark.parametrize(
    "says",
    [
        "NewConnectionError: Failed to establish a new connection: [Errno 111]",
        "Temporary failure in name resolution",
        "ERROR: No matching distribution found for hatchling>=1.27",
    ],
)
def test_no_network_is_one_clear_line(
    checkout: Checkout, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What pip says without network becomes one line that says what to do."""
    checkout.fails_at, checkout.says = "pip", says
    assert "exit 2" == checkout.start("run")
    last = capsys.readouterr().err.splitlines()[-1]
    assert "no network?" in last and "labctl-bootstrap.log" in last


def test_a_full_disk_is_one_clear_line(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    """No space left is said, not guessed at."""
    checkout.fails_at, checkout.says = "pip", "OSError: [Errno 28] No space left on device"
    assert "exit 2" == checkout.start("run")
    assert "no space left" in capsys.readouterr().err


def test_a_debian_without_venv_is_one_clear_line(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where Debian's python3-venv is missing, the apt line is printed and nothing is made."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "exit 2" == checkout.start("run")
    assert "sudo apt install python3." in capsys.readouterr().err
    assert not checkout.venv.exists()


def test_a_checkout_that_cannot_be_written_is_one_clear_line(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A read-only checkout says so."""

    def refuse(path: Path, **given: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert "exit 2" == checkout.start("run")
    assert "cannot make" in capsys.readouterr().err


def test_an_installed_labctl_never_acts(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    """Outside a checkout nothing is made; a missing dependency is named."""
    (checkout.root / "pyproject.toml").unlink()
    assert "exit 2" == checkout.start("run")
    assert ([], False) == (checkout.calls, checkout.venv.exists())
    assert "click, numpy" in capsys.readouterr().err


def test_where_everything_is_there_nothing_happens(checkout: Checkout) -> None:
    """In an environment of the user's own, complete, the command just goes on."""
    checkout.lacking = []
    assert ("ready", []) == (checkout.start("run"), checkout.calls)


def test_it_can_be_turned_off(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With LABCTL_NO_BOOTSTRAP a missing dependency is one line, and nothing is made."""
    monkeypatch.setenv("LABCTL_NO_BOOTSTRAP", "1")
    assert ("exit 2", []) == (checkout.start("run"), checkout.calls)
    assert 1 == capsys.readouterr().err.count("\n")


def test_it_does_not_go_round_in_circles(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When the environment was set up and something still lacks, it says so and ends."""
    monkeypatch.setenv("LABCTL_BOOTSTRAPPED", str(os.getpid()))
    assert ("exit 2", []) == (checkout.start("run"), checkout.calls)
    assert "still lacks click, numpy" in capsys.readouterr().err


def test_the_guard_against_circles_is_not_handed_to_children(checkout: Checkout) -> None:
    """A labctl started by a labctl is not taken for a re-start of it."""
    os.environ["LABCTL_BOOTSTRAPPED"] = str(os.getpid() + 1)
    assert "restarted" == checkout.start("run")


def test_two_at_once_do_it_once(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """The second waits for the first and finds everything done."""
    checkout.start("run")
    note = (checkout.venv / "labctl-bootstrap.json").read_text()
    _bootstrap._write_note(checkout.venv, {"made_by": "labctl"})
    capsys.readouterr()
    checkout.calls = []
    handle = os.open(checkout.venv, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    waiting = threading.Event()

    def first() -> None:
        waiting.wait(5)
        (checkout.venv / "labctl-bootstrap.json").write_text(note)
        os.close(handle)

    thread = threading.Thread(target=first)
    thread.start()
    say = _bootstrap._say

    def said(text: str) -> None:
        say(text)
        waiting.set()

    try:
        _bootstrap._say = said
        assert "restarted" == checkout.start("run")
    finally:
        _bootstrap._say = say
        waiting.set()
        thread.join()
    assert [] == checkout.calls
    assert "another labctl" in capsys.readouterr().err


def test_pip_is_asked_for_the_pinned_checkout() -> None:
    """What is installed is this checkout, editable, with its extras, at the pinned versions."""
    command = _bootstrap._pip(Path("/x/.venv"), {"test", "broker"})
    assert ["/x/.venv/bin/python", "-m", "pip", "install"] == command[:4]
    assert ["--constraint", "constraints.txt", "--editable", ".[broker,test]"] == command[-4:]


def test_the_real_environment_is_seen_for_what_it_is() -> None:
    """The functions that the other tests play find this Python, and a name that is not there."""
    assert _bootstrap._version() == _bootstrap._python_of(Path(sys.prefix))
    assert "" == _bootstrap._python_of(Path("/nonexistent"))
    assert (True, False) == (_bootstrap._found("click"), _bootstrap._found("no_such.thing"))


def test_an_old_python_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python 3.10 is told which one is needed, exit code 2."""
    from labctl import __main__ as start

    old = SimpleNamespace(version_info=(3, 10, 13), stderr=sys.stderr, exit=sys.exit)
    monkeypatch.setattr(start, "sys", old)
    with pytest.raises(SystemExit) as left:
        start.main()
    assert 2 == left.value.code
    assert "needs Python 3.11 or newer, this is 3.10" in capsys.readouterr().err


@pytest.mark.parametrize("file", ["__main__.py", "__init__.py"])
def test_what_an_old_python_reads_first_is_old_syntax(file: str) -> None:
    """The refusal must parse where it refuses: no newer syntax than Python 3.6 has."""
    import ast

    source = (Path(_bootstrap.__file__).parent / file).read_text()
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__ import annotations" not in source
