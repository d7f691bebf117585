"""The rules of the house that neither imports nor a linter can express."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from labctl import _bootstrap
from labctl.cli._group import VERBS

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT, ROOT / "drivers", ROOT / "simulators")
PACKAGES = (
    ROOT / "labctl",
    ROOT / "drivers" / "labctl_drivers",
    ROOT / "simulators" / "labctl_simulators",
)
LONGEST = 400
LONG_FOR_A_REASON = {
    "labctl/yamlfile/_shapes.py": "one table of what a value in a file can be",
}
"""File -> why it is longer than LONGEST lines."""


def modules() -> Iterator[tuple[Path, str, ast.Module]]:
    """Every module of the three packages: its file, dotted name and syntax tree."""
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            parts = list(path.relative_to(package.parent).with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            yield path, ".".join(parts), _tree(path)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _imports(name: str, path: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that is imported, dotted and absolute."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def test_private_modules_stay_in_their_package() -> None:
    """Nothing outside a package imports its `_name` modules, nor a `_name` out of a module."""
    found = []
    for path, name, tree in modules():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for line, target in _imports(name, path, tree):
            parts = target.split(".")
            if not parts[0].startswith("labctl"):
                continue
            for depth, part in enumerate(parts):
                if part.startswith("_") and not part.startswith("__"):
                    owner = ".".join(parts[:depth])
                    if not (package == owner or package.startswith(owner + ".")):
                        found.append(f"{path.relative_to(ROOT)}:{line} imports {target}")
    assert [] == found


_SEALED = ("emitter", "gatekeeper")
"""What is handed out against a seal only."""


def _seal_calls(tree: ast.AST, handing_on: str = "") -> Iterator[tuple[int, str]]:
    """Calls of `Seal(...)`, `.emitter(...)` and `.gatekeeper(...)`, but for one of the latter that
    hands its own caller's seal on."""
    for node in ast.iter_child_nodes(tree):
        inner = handing_on
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            name = getattr(node, "name", "")
            inner = node.args.args[-1].arg if name in _SEALED and node.args.args else ""
        if isinstance(node, ast.Call):
            called = node.func
            word = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            given = [ast.unparse(argument) for argument in node.args]
            if word == "Seal" or (word in _SEALED and not (inner and given == [inner])):
                yield node.lineno, word
        yield from _seal_calls(node, inner)


def test_only_the_guard_obtains_an_emitter() -> None:
    """`Seal(...)`, `.emitter(...)` and `.gatekeeper(...)` are called in labctl.guard alone, but for
    the contract suite, which nothing that runs a bench imports."""
    found = [
        f"{path.relative_to(ROOT)}:{line} calls {word}"
        for path, name, tree in modules()
        if not f"{name}.".startswith(("labctl.guard.", "labctl.testing."))
        for line, word in _seal_calls(tree)
    ]
    assert [] == found


def test_nothing_imports_the_contract_suite() -> None:
    """`labctl.testing` has the guard's seal and pytest: it is for tests alone."""
    assert [] == [
        f"{name} imports {target}"
        for path, name, tree in modules()
        if not f"{name}.".startswith("labctl.testing.")
        for _, target in _imports(name, path, tree)
        if f"{target}.".startswith("labctl.testing.")
    ]


@pytest.mark.parametrize(
    "code",
    [
        "beam = await laser.emitter(Seal('engine'))",
        "seal = instruments.Seal('x')",
        "async def light(laser, seal): return await laser.emitter(seal)",
        "def emitter(self, seal): return self.driver.emitter(stolen)",
        "async def open(shutter, seal): return shutter.gatekeeper(seal)",
    ],
)
def test_the_watch_on_emitters_sees(code: str) -> None:
    """Each way round the guard is seen by the watch above."""
    assert [] != list(_seal_calls(ast.parse(f"async def outer():\n    {code}")))


def test_the_guard_is_the_one_that_obtains_it() -> None:
    """The watch above has something to watch: the guard does call for the emitter."""
    words = "".join(path.read_text() for path in (ROOT / "labctl" / "guard").rglob("*.py"))
    assert ".emitter(Seal(" in words
    assert ".gatekeeper(Seal(" in words


def test_every_module_states_its_contract() -> None:
    """Every module begins with a docstring."""
    assert [] == [
        str(path.relative_to(ROOT)) for path, _, tree in modules() if not ast.get_docstring(tree)
    ]


def test_every_package_lists_what_is_public() -> None:
    """A package that hands names on lists them in a flat `__all__`, and has each one."""
    found = []
    for path, name, tree in modules():
        if path.name != "__init__.py":
            continue
        hands_on = any(isinstance(node, ast.ImportFrom | ast.Import) for node in tree.body[1:])
        listed = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]
        futures = all(
            isinstance(node, ast.ImportFrom) and node.module == "__future__"
            for node in tree.body[1:]
            if isinstance(node, ast.ImportFrom | ast.Import)
        )
        if hands_on and not futures and not (listed and isinstance(listed[0], ast.List)):
            found.append(name)
    assert [] == found


def test_modules_are_small() -> None:
    """A module longer than 400 lines has a reason written down here."""
    long = {
        str(path.relative_to(ROOT))
        for path, _, _ in modules()
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST
    }
    assert set() == long - set(LONG_FOR_A_REASON)


def test_the_simulator_shares_no_code_with_the_check() -> None:
    """No import leads from a simulator to the science, else the check would be a tautology."""
    found = [
        f"{name} imports {target}"
        for path, name, tree in modules()
        if name.startswith("labctl_simulators")
        for _, target in _imports(name, path, tree)
        if "photothermal" in target or "monitor" in target
    ]
    assert [] == found


def _project() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project: dict[str, object] = tomllib.load(file)["project"]
    return project


def test_the_bootstrap_looks_for_what_the_project_requires() -> None:
    """Each required distribution has its import name in the bootstrap's list, and no other."""
    import_names = {"pyserial": "serial", "pyvisa-py": "pyvisa_py"}
    required = _project()["dependencies"]
    assert isinstance(required, list)
    names = {re.split(r"[<>=!~ \[;]", str(line), maxsplit=1)[0] for line in required}
    assert {import_names.get(name, name) for name in names} == set(_bootstrap._NEEDED)


def test_constraints_pin_everything_and_name_no_host() -> None:
    """Every direct dependency is pinned to one version a Python, and no address stands there."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = text.splitlines()
    pinned = {line.split("==")[0] for line in lines}
    project = _project()
    required = project["dependencies"]
    extras = project["optional-dependencies"]
    assert isinstance(required, list) and isinstance(extras, dict)
    wanted = {
        re.split(r"[<>=!~ \[;]", str(line), maxsplit=1)[0].replace(".", "-")
        for line in [*required, *(item for extra in extras.values() for item in extra)]
    }
    assert set() == wanted - pinned
    assert [] == [line for line in lines if not re.match(r"^[a-z0-9-]+==[^ ]+( ;.*)?$", line)]
    assert "://" not in text


def test_the_version_is_one() -> None:
    """The package, pyproject.toml and CITATION.cff say the same version."""
    import labctl

    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert labctl.__version__ == _project()["version"] == cited[1].strip("\"'")


def test_the_readme_shows_the_subscriber_that_is_tried() -> None:
    """The Python in the README is that of the page whose code the tests run."""
    page = ROOT / "docs" / "how-to" / "subscribe.md"
    code = re.compile(r"```python\n(.*?)```", re.DOTALL)
    readme = code.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert readme == code.findall(page.read_text(encoding="utf-8"))[:1]


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link of the documentation names a file that is there."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests" / "README.md"]
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert [] == broken


def test_every_verb_is_there() -> None:
    """Each verb of the table has its module, with a docstring and a `command`."""
    found = {name: tree for _, name, tree in modules()}
    lacking = [
        module
        for module, _ in VERBS.values()
        if module not in found
        or "command" not in {getattr(node, "name", "") for node in found[module].body}
    ]
    assert [] == lacking


@pytest.mark.parametrize(
    "heavy",
    [
        "asyncio", "numpy", "pydantic", "rich", "structlog", "matplotlib", "pyvisa", "aiomqtt",
        "ruamel", "importlib.metadata",
    ],
)  # fmt: skip
def test_help_imports_nothing_heavy(heavy: str, imported_by_help: frozenset[str]) -> None:
    """`labctl --help` imports nothing that only a verb needs."""
    assert heavy not in imported_by_help


@pytest.fixture(scope="module")
def imported_by_help() -> frozenset[str]:
    """What is imported when `labctl --help` has been printed."""
    code = (
        "import sys, json, atexit\n"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))\n"
        "from labctl.cli import main\n"
        "main(['--help'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Verbs" in done.stdout
    return frozenset(json.loads(done.stderr))


LEAKS = """
import asyncio, socket, subprocess, sys, threading
kept = []

def test_thread():
    go = threading.Event(); kept.append(go)
    threading.Thread(target=go.wait, name="leaky", daemon=True).start()

def test_child():
    kept.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))

def test_socket():
    kept.append(socket.socket())

def test_task():
    async def main():
        kept.append(asyncio.create_task(asyncio.sleep(9), name="forgotten"))
        await asyncio.sleep(0)
    asyncio.run(main())

async def test_async_task():
    kept.append(asyncio.create_task(asyncio.sleep(9), name="forgotten-too"))
    await asyncio.sleep(0)

async def test_clean():
    await asyncio.sleep(0)
"""


def test_a_test_that_leaves_something_behind_fails(tmp_path: Path) -> None:
    """The leak check fires for a thread, a child, a socket and a task, and for nothing else."""
    (tmp_path / "test_leaks.py").write_text(LEAKS)
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"),
            "-p", "tests.conftest", "-p", "no:cacheprovider", "-p", "no:randomly", "-q",
            str(tmp_path / "test_leaks.py"),
        ],
        cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
    )  # fmt: skip
    errors = [line for line in done.stdout.splitlines() if line.startswith("left behind: ")]
    said = "\n".join(errors)
    for leak in ("thread leaky", "child process", "open socket", "forgotten ", "forgotten-too "):
        assert leak in said, done.stdout
    assert "6 passed, 5 errors" in done.stdout
