"""The frame of the command line: how a verb is found, and how a command ends."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import labctl
from labctl.cli import main
from labctl.errors import (
    BeamNotConfirmedOffError,
    BenchError,
    Exit,
    InputError,
    InstrumentError,
    LabctlError,
    Problem,
    RecordError,
    SafetyError,
    StoppedError,
)

Verb = Callable[[Callable[[], object]], None]


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Verb:
    """Makes `labctl probe` do what the test says."""

    def install(does: Callable[[], object]) -> None:
        command = click.Command("probe", callback=does)
        monkeypatch.setattr(main, "list_commands", lambda ctx: ["probe"])
        monkeypatch.setattr(main, "get_command", lambda ctx, name: command)

    return install


def ended(*args: str) -> int:
    """The exit code of `labctl ARGS`."""
    with pytest.raises(SystemExit) as left:
        main(list(args))
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.mark.parametrize(("given", "expected"), [(None, 0), (0, 0), (7, 7), (Exit.SAFETY, 4)])
def test_what_a_verb_returns_is_the_exit_code(verb: Verb, given: object, expected: int) -> None:
    """None is success; a number or an Exit is the code."""
    verb(lambda: given)
    assert expected == ended("probe")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InputError("x"), 2),
        (InstrumentError("x"), 3),
        (SafetyError("x"), 4),
        (StoppedError("x"), 5),
        (RecordError("x"), 6),
        (BeamNotConfirmedOffError("x"), 8),
        (LabctlError("x"), 70),
        (click.UsageError("x"), 2),
        (click.ClickException("x"), 2),
        (click.FileError("x"), 2),
        (KeyboardInterrupt(), 5),
        (BrokenPipeError(), 5),
        (ZeroDivisionError("x"), 70),
    ],
)
def test_the_error_decides_the_exit_code(
    verb: Verb,
    error: BaseException,
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Each class of error ends the process with its own code, and click's never with 1."""

    def does() -> None:
        raise error

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    verb(does)
    assert expected == ended("probe")


def test_an_error_shows_what_where_seen_and_help(
    verb: Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error is four lines on stderr, and nothing on stdout."""

    def does() -> None:
        raise InstrumentError(
            "no answer to *IDN?", where="meter at USB0::INSTR", seen="0 bytes", fix="Is it on?"
        )

    verb(does)
    ended("probe")
    out, err = capsys.readouterr()
    assert "" == out
    assert (
        "error: no answer to *IDN?\n"
        "  where: meter at USB0::INSTR\n"
        "  seen: 0 bytes\n"
        "  help: Is it on?\n" == err
    )


def test_every_problem_of_a_file_is_shown_in_place(
    verb: Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    """Problems come with file:line:column, the line, a mark below the place, and help."""
    problems = [
        Problem(
            "P012", "unknown key 'wavelenth'", file="bad.yaml", line=6, column=7,
            source="      wavelenth: 808 nm", fix="did you mean 'wavelength'?", width=9,
        ),
        Problem("P003", "empty file", file="worse.yaml"),
    ]  # fmt: skip

    def does() -> None:
        raise InputError("2 problems", problems=problems)

    verb(does)
    ended("probe")
    expected = (
        "bad.yaml:6:7: P012 unknown key 'wavelenth'\n"
        "  |\n"
        "6 |       wavelenth: 808 nm\n"
        "  |       ^^^^^^^^^\n"
        "  help: did you mean 'wavelength'?\n"
        "\n"
        "worse.yaml: P003 empty file\n"
    )
    assert expected in capsys.readouterr().err


def test_every_cause_of_a_bench_error_is_shown(
    verb: Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is missing on a bench is told in one go."""
    causes = [
        InstrumentError("no answer", where="laser", fix="Is it on?"),
        InstrumentError("unplugged", where="meter"),
    ]

    def does() -> None:
        raise BenchError("2 instruments are missing", causes)

    verb(does)
    assert 3 == ended("probe")
    expected = (
        "error: 2 instruments are missing\n"
        "  no answer\n    where: laser\n    help: Is it on?\n"
        "  unplugged\n    where: meter\n"
    )
    assert expected == capsys.readouterr().err


def test_a_fault_leaves_a_crash_note_and_no_traceback(
    verb: Verb,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """An unexpected exception names a file that holds the traceback and the version."""

    def does() -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.delenv("LABCTL_DEBUG", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    verb(does)
    ended("probe")
    (note,) = tmp_path.iterdir()
    err = capsys.readouterr().err
    assert str(note) in err
    assert "Traceback" not in err
    written = note.read_text()
    assert "ZeroDivisionError: by zero" in written
    assert f"labctl {labctl.__version__}" in written


def test_debug_shows_the_traceback(
    verb: Verb,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """With LABCTL_DEBUG the traceback is on stderr."""

    def does() -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setenv("LABCTL_DEBUG", "1")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    verb(does)
    ended("probe")
    assert "Traceback" in capsys.readouterr().err


def test_a_misspelt_verb_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    """`labctl tset` is answered with `test`."""
    assert 2 == ended("tset")
    assert "did you mean 'test'?" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`labctl --version` prints name and version."""
    assert 0 == ended("--version")
    assert f"labctl {labctl.__version__}\n" == capsys.readouterr().out


def test_help_lists_every_verb_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`labctl --help` shows each verb, one line each, and the safety sentence."""
    assert 0 == ended("--help")
    out = capsys.readouterr().out
    assert "not a safety device" in out
    for name in main.list_commands(click.Context(main)):
        assert f"\n  {name} " in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`labctl completion SHELL` prints a script that asks labctl for words."""
    assert 0 == ended("completion", shell)
    assert "_LABCTL_COMPLETE" in capsys.readouterr().out


def test_completion_completes_verbs() -> None:
    """What the script asks for gives the verbs that fit."""
    done = subprocess.run(
        [sys.executable, "-c", "from labctl.cli import main; main()"],
        env={
            **os.environ,
            "_LABCTL_COMPLETE": "bash_complete",
            "COMP_WORDS": "labctl comp",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
    )
    assert "plain,compare\nplain,completion\n" == done.stdout


def test_a_reader_that_goes_away_is_no_fault() -> None:
    """`labctl --help | true` says nothing and leaves no crash note."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-c", "from labctl.cli import main; main(['--help'])"],
            stdout=writer, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    finally:
        os.close(writer)
    assert (int(Exit.STOPPED), "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_standard_stream_is_no_fault(closed: str, tmp_path: Path) -> None:
    """With a stream closed the verb ends as it should, and a file it opens holds only its own."""
    program = (
        "import sys, click\n"
        "from labctl.cli import _group\n"
        "@click.command('log')\n"
        "def verb():\n"
        "    with open('journal', 'w') as journal:\n"
        "        print('to stdout', flush=True)\n"
        "        print('to stderr', file=sys.stderr, flush=True)\n"
        "        journal.write('its own')\n"
        "    return 7\n"
        "_group.VerbGroup.get_command = lambda self, ctx, name: verb\n"
        "_group.main(['log'])\n"
    )
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, program],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert (7, "its own") == (done.returncode, (tmp_path / "journal").read_text())


@pytest.mark.parametrize("ends", ["print('said')", "raise SafetyError('no')"])
def test_nobody_who_reads_takes_no_exit_code(ends: str) -> None:
    """`labctl run 2>&1 | head -1`: what came of the run is its exit code, read or not."""
    program = (
        "import click\n"
        "from labctl.cli import _group\n"
        "from labctl.errors import SafetyError\n"
        "@click.command('log')\n"
        "def verb():\n"
        f"    {ends}\n"
        "    return 4\n"
        "_group.VerbGroup.get_command = lambda self, ctx, name: verb\n"
        "_group.main(['log'])\n"
    )
    reader, writer = os.pipe()
    os.close(reader)
    try:
        # Buffered, so that it is the end that finds nobody there.
        kept = {**os.environ, "PYTHONUNBUFFERED": ""}
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=writer, stderr=writer, env=kept
        )
    finally:
        os.close(writer)
    assert int(Exit.SAFETY) == done.returncode
