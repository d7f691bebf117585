"""Commands in the documentation exist: verbs, options, and what they name."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from labctl import bench, protocol, sample
from labctl.cli import main
from labctl.errors import Exit

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*/*.md"))]
_LINE = re.compile(r"(?:python3 -m |\.venv/bin/|^|&& |`|uv run )(labctl [^`\n]*)", re.MULTILINE)
LOAD: dict[str, Callable[[Path], object]] = {
    "protocol": protocol.load,
    "bench": bench.load,
    "sample": sample.load,
}
_PLACEHOLDERS = re.compile(r"^[A-Z_]+$|^\.\.\.$|^[A-Z]+\.\.\.$|^\[")


def commands() -> Iterator[tuple[str, str]]:
    """Page and command for each `labctl ...` that stands in code."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        fenced = re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL)
        blocks = [body for language, body in fenced if language in ("", "sh")]
        spans = re.findall(
            r"`(?:python3 -m )?labctl [^`]*`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        )
        for piece in (*blocks, *spans):
            for found in _LINE.finditer(piece):
                # A table of commands in a block has its explanation two blanks further on.
                command = re.split(r"\s{2,}|\s#|\n| && ", found.group(1).strip("`").strip())[0]
                yield page.relative_to(ROOT).as_posix(), " ".join(command.split())


COMMANDS = sorted(set(commands()))


def parsed(words: list[str]) -> tuple[click.Context, click.Command]:
    """The verb and its parsed options; a click.UsageError where one does not exist."""
    group: click.Command = main
    context = click.Context(main, info_name="labctl")
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        name, group_or_verb, words = group.resolve_command(context, words)
        assert group_or_verb is not None
        group = group_or_verb
        context = click.Context(group, parent=context, info_name=name, resilient_parsing=True)
    if isinstance(group, click.Group):
        return context, group
    unknown = [
        word for word in words if word.startswith("-") and word.split("=")[0] not in known(group)
    ]
    if unknown and group.name != "test":
        raise click.NoSuchOption(unknown[0])
    group.parse_args(context, list(words))
    return context, group


def known(verb: click.Command) -> set[str]:
    """Every option of a verb, as it is typed."""
    names = {"-h", "--help"}
    for parameter in verb.params:
        names |= {*parameter.opts, *parameter.secondary_opts}
    return names


def test_the_pages_have_commands() -> None:
    """The search finds what a person sees: README, tutorial, how-to and reference."""
    pages = {page for page, _ in COMMANDS}
    expected = {
        "README.md",
        "docs/tutorial/first-run.md",
        "docs/how-to/log-thermocouples.md",
        "docs/how-to/simulated-bench-over-tcp.md",
        "docs/reference/cli.md",
    }
    assert set() == expected - pages
    assert len(COMMANDS) > 40


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[f"{p}: {c}" for p, c in COMMANDS])
def test_a_documented_command_exists(page: str, command: str) -> None:
    """Its verb and its options are there, and a shipped thing that it names is shipped."""
    words = [word for word in shlex.split(command)[1:] if word not in ("...", "[PYTEST_ARGS]")]
    context, verb = parsed(words)
    given = context.params
    named = given.get("protocol")
    if named and not _PLACEHOLDERS.match(named) and not named.endswith((".yaml", ".labpack")):
        overrides = given.get("parameters") or ()
        on = given.get("bench") or "simulated"
        where = bench.load(bench.find_bench("simulated" if on.endswith(".yaml") else on).path)
        protocol.load(protocol.find(named), overrides=overrides, bench=where)
    if given.get("sample") and not _PLACEHOLDERS.match(given["sample"]):
        sample.load(sample.find(given["sample"]))
    asked = given.get("bench")
    if asked and verb.name in ("run", "log", "plan") and not asked.endswith(".yaml"):
        bench.load(bench.find_bench(asked).path)


def test_every_verb_and_option_is_in_the_reference() -> None:
    """docs/reference/cli.md names each verb and each long option of each verb."""
    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    context = click.Context(main)
    missing = []
    for name in main.list_commands(context):
        verb = main.get_command(context, name)
        assert verb is not None
        parts = list(verb.commands.values()) if isinstance(verb, click.Group) else [verb]
        for part in parts:
            called = name if part is verb else f"{name} {part.name}"
            if f"`labctl {called}" not in page:
                missing.append(called)
            for parameter in part.params:
                if isinstance(parameter, click.Option):
                    shown = [*parameter.opts, *parameter.secondary_opts]
                    if not any(f"`{option}" in page for option in shown):
                        missing.append(f"{called} {shown[0]}")
    assert [] == missing


def test_the_reference_has_every_exit_code() -> None:
    """The table of exit codes in docs/reference/cli.md has exactly the numbers of labctl.errors."""
    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert [int(code) for code in Exit] == [int(n) for n in re.findall(r"^\| (\d+) \|", page, re.M)]


@pytest.mark.parametrize("page", PAGES, ids=[p.relative_to(ROOT).as_posix() for p in PAGES])
def test_files_shown_are_valid(page: Path, tmp_path: Path) -> None:
    """Each whole protocol, bench or sample file on a page is one that labctl takes."""
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)):
        whole = re.search(r"^schema: labctl\.(protocol|bench|sample)/1$", text, re.MULTILINE)
        if whole is None:
            continue
        file = tmp_path / f"{number}.yaml"
        file.write_text(text)
        LOAD[whole.group(1)](file)
