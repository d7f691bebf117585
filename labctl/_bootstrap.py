"""The set-up of a fresh checkout: `python3 -m labctl ...` works on a machine with only Python.

Standard library only. When the dependencies are missing and this is a checkout, a virtual
environment `.venv` is made in it once, the dependencies are installed at the versions of
`constraints.txt`, and the command starts again in there. It says so in one line, never acts in an
installed package, and `LABCTL_NO_BOOTSTRAP=1` turns it off. Whatever prevents it is one clear line
and exit code 2: nothing was touched.

What it made it knows again by a note in `.venv`: an unfinished or outdated one is mended, one
that somebody else made is used as it is and never changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
OFF = "LABCTL_NO_BOOTSTRAP"
_STARTED = "LABCTL_BOOTSTRAPPED"
"""Holds the process id across the re-start, so that a child process is not taken for one."""
_NOTE = "labctl-bootstrap.json"
_LOG = "labctl-bootstrap.log"

_NEEDED = (
    "aiomqtt", "click", "fastapi", "matplotlib", "numpy", "pydantic", "pyvisa", "pyvisa_py", "rich",
    "ruamel.yaml", "serial", "structlog", "uvicorn", "websockets",
)  # fmt: skip
"""Import names of what pyproject.toml requires (a test compares the two)."""
_NEEDED_FOR_TESTS = (
    "pytest", "pytest_asyncio", "hypothesis", "jsonschema", "scipy", "pyarrow", "h5py", "pandas",
    "xarray", "event_model", "rocrate", "h5netcdf",
)  # fmt: skip

_NO_NETWORK = (
    "temporary failure in name resolution", "name or service not known", "failed to establish",
    "network is unreachable", "connection refused", "newconnectionerror", "max retries exceeded",
    "no matching distribution", "could not find a version", "timed out",
)  # fmt: skip


def ensure(argv: list[str]) -> None:
    """Return where the dependencies are importable; else make them so and start again there."""
    started = os.environ.pop(_STARTED, "") == str(os.getpid())
    extras = {"broker", "test"} if argv[:1] == ["test"] else {"broker"}
    venv = ROOT / ".venv"
    inside = Path(sys.prefix).resolve() == venv.resolve()
    ours = (venv / _NOTE).exists()

    if os.environ.get(OFF):
        if lacking := _lacking(extras=set()):
            _give_up(
                f"{', '.join(lacking)} not installed and {OFF} is set",
                "install labctl yourself: pip install .",
            )
        return
    if inside and ours:
        if _is_current(venv, extras):
            return
    elif not _lacking(extras):
        return
    elif not _is_checkout():
        _give_up(f"not installed: {', '.join(_lacking(extras))}", "pip install labctl")
    if started:
        _give_up(
            f"{venv} was set up and still lacks {', '.join(_lacking(extras)) or 'something'}",
            f"look into {venv / _LOG}, or remove {venv} and try again",
        )
    if os.name != "posix":
        _give_up("not set up, and not on a POSIX system", "python -m pip install .")
    if venv.exists() and any(venv.iterdir()) and not ours:
        _use_foreign(venv, extras, inside)
    elif not _is_current(venv, extras):
        _make(venv, extras)
    _restart(venv, argv)


def _is_checkout() -> bool:
    project = ROOT / "pyproject.toml"
    try:
        return '\nname = "labctl"\n' in project.read_text(encoding="utf-8")
    except OSError:
        return False


def _lacking(extras: set[str]) -> list[str]:
    """What cannot be imported by this Python, without importing it."""
    names = _NEEDED + (_NEEDED_FOR_TESTS if "test" in extras else ())
    lacking = [name for name in names if not _found(name)]
    import importlib.metadata  # late: an up-to-date .venv never comes here, and it costs 30 ms

    try:
        # Drivers and simulators are found through the entry points of the installed labctl.
        importlib.metadata.distribution("labctl")
    except importlib.metadata.PackageNotFoundError:
        lacking.append("labctl")
    return lacking


def _found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _fingerprint() -> str:
    """Changes when what is to be installed does; a changed lint rule is no reason to install."""
    import tomllib  # late: older Pythons that read this file have none

    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    parts = [project.get("build-system"), project.get("project"), project["tool"].get("hatch")]
    constraints = ROOT / "constraints.txt"
    pins = constraints.read_text(encoding="utf-8") if constraints.exists() else ""
    return hashlib.sha256(json.dumps([parts, pins], sort_keys=True).encode()).hexdigest()


def _note(venv: Path) -> dict[str, object]:
    try:
        note = json.loads((venv / _NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _write_note(venv: Path, note: dict[str, object]) -> None:
    fresh = venv / (_NOTE + ".new")
    fresh.write_text(json.dumps(note) + "\n", encoding="utf-8")
    fresh.replace(venv / _NOTE)


def _is_current(venv: Path, extras: set[str]) -> bool:
    note = _note(venv)
    have = note.get("extras")
    return (
        note.get("fingerprint") == _fingerprint()
        and isinstance(have, list)
        and extras <= set(have)
        and note.get("python") == _python_of(venv)
        and _at_home(note)
    )


def _python_of(venv: Path) -> str:
    """`3.11` of the Python that the environment starts, '' when it starts none."""
    if Path(sys.prefix).resolve() == venv.resolve():
        return _version()
    try:
        done = subprocess.run(
            [venv / "bin" / "python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _use_foreign(venv: Path, extras: set[str], inside: bool) -> None:
    """An environment made by somebody else: good enough, or named; never changed."""
    names = _NEEDED + (_NEEDED_FOR_TESTS if "test" in extras else ())
    probe = (
        "import importlib.metadata, importlib.util, sys\n"
        "importlib.metadata.distribution('labctl')\n"
        f"sys.exit(any(importlib.util.find_spec(n) is None for n in {names!r}))"
    )
    complete = not inside and (
        subprocess.run([venv / "bin" / "python", "-c", probe], capture_output=True).returncode == 0
        if (venv / "bin" / "python").exists()
        else False
    )
    if not complete:
        wanted = ",".join(sorted(extras))
        _give_up(
            f"{venv} was not made by labctl and lacks what labctl needs",
            f"install into it (pip install -e '.[{wanted}]' -c constraints.txt), or move it away",
        )


def _make(venv: Path, extras: set[str]) -> None:
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        _give_up(
            "this Python cannot make virtual environments",
            f"on Debian or Ubuntu: sudo apt install python{_version()}-venv",
        )
    try:
        venv.mkdir(exist_ok=True)
    except OSError as error:
        _give_up(f"cannot make {venv} ({error.strerror})", "pip install . somewhere else")
    with _locked(venv):
        # Another labctl may have done it while this one waited.
        if _is_current(venv, extras):
            return
        note = _note(venv)
        had = note.get("extras")
        extras = extras | (set(had) if isinstance(had, list) else set())
        whole = note.get("python") == _version() == _python_of(venv) and _at_home(note)
        _say(
            f"{'updating' if whole else 'first start here: making'} {venv} with the dependencies "
            f"({'' if whole else _size(extras)}about a minute; {OFF}=1 turns this off)"
        )
        if not whole:
            _write_note(venv, {"made_by": "labctl"})
            _clear(venv)
        with (venv / _LOG).open("w", encoding="utf-8") as log:
            if not whole:
                # Inside a broken .venv its own Python is what was just cleared away.
                python = getattr(sys, "_base_executable", sys.executable)
                _call([python, "-m", "venv", str(venv)], log.fileno(), venv)
            _call(_pip(venv, extras), log.fileno(), venv)
        _write_note(
            venv,
            {
                "made_by": "labctl",
                "extras": sorted(extras),
                "fingerprint": _fingerprint(),
                "python": _version(),
                "root": str(ROOT),
            },
        )


def _size(extras: set[str]) -> str:
    # The tests bring what reads every kind of export.
    return "about 700 MB, " if "test" in extras else "about 300 MB, "


def _at_home(note: dict[str, object]) -> bool:
    """False when the checkout was moved: scripts and paths in the environment are absolute."""
    return note.get("root") == str(ROOT)


def _pip(venv: Path, extras: set[str]) -> list[str]:
    pins = ["--constraint", "constraints.txt"] if (ROOT / "constraints.txt").exists() else []
    return [
        str(venv / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check",
        "--no-input", "--retries", "2", *pins, "--editable", f".[{','.join(sorted(extras))}]",
    ]  # fmt: skip


def _clear(venv: Path) -> None:
    """Empty an environment of ours, but for its note: it stays ours if this is interrupted."""
    for entry in venv.iterdir():
        if entry.name in (_NOTE, _LOG):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _call(command: list[str], log: int, venv: Path) -> None:
    try:
        code = subprocess.run(
            command,
            cwd=ROOT,
            # A `--user` install from somebody's pip settings cannot go into an environment.
            env={**os.environ, "PIP_USER": "0"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        ).returncode
    except KeyboardInterrupt:
        _give_up("set-up stopped", "the next start takes it up again", code=5)
    if code == 0:
        return
    text = (venv / _LOG).read_text(encoding="utf-8", errors="replace").lower()
    if "no space left" in text:
        _give_up(f"no space left for {venv}", "free about 800 MB and try again")
    if any(sign in text for sign in _NO_NETWORK):
        _give_up(
            "cannot reach the package index to install the dependencies (no network?)",
            f"connect once and try again; details in {venv / _LOG}",
        )
    _give_up(f"set-up failed at {' '.join(command[1:4])}", f"details in {venv / _LOG}")


@contextlib.contextmanager
def _locked(venv: Path) -> Iterator[None]:
    """One set-up at a time; the lock goes with the process that holds it."""
    import fcntl

    handle = os.open(venv, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"another labctl is setting up {venv}; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _restart(venv: Path, argv: list[str]) -> NoReturn:
    os.environ[_STARTED] = str(os.getpid())
    python = str(venv / "bin" / "python")
    sys.stderr.flush()
    os.execv(python, [python, "-m", "labctl", *argv])


def _say(text: str) -> None:
    sys.stderr.write(f"labctl: {text}\n")
    sys.stderr.flush()


def _give_up(what: str, fix: str, code: int = 2) -> NoReturn:
    _say(f"{what}; {fix}")
    sys.exit(code)
