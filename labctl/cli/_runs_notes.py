"""`labctl runs note` and `labctl runs tag`: words beside a record, which stays as it is."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from labctl.cli._run_folder import run_folder, runs_option
from labctl.cli._visible import visible
from labctl.errors import LabctlError
from labctl.settings import read_settings

_BY = click.option(
    "--by", "who", default="", metavar="NAME",
    help="Who writes it; else $LABCTL_OPERATOR, else the account on this computer.",
)  # fmt: skip


@click.command("note")
@click.argument("run", metavar="RUN")
@click.argument("text", metavar="TEXT")
@_BY
@runs_option
def note_command(run: str, text: str, who: str, runs_dir: Path | None) -> None:
    """Write TEXT about RUN (its folder) into its notes.jsonl, with who and when.

    The journal and all that is verified stay as they are. Nothing is taken back: write another.
    """
    from labctl.notes import add_note

    folder = run_folder(run, runs_dir)
    line = add_note(folder, text, who=who or read_settings().operator, user=_account())
    _told(folder)
    said = f"{folder}: note {line.number} by {line.by or 'nobody named'}, {line.utc}"
    click.echo(visible(said))


@click.command("tag")
@click.argument("run", metavar="RUN")
@click.argument("words", metavar="WORD...", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Take them off; that they stood there stays.")
@_BY
@runs_option
def tag_command(
    run: str, words: tuple[str, ...], remove: bool, who: str, runs_dir: Path | None
) -> None:
    """Put each WORD on RUN (its folder) as a tag, by which `labctl runs --tag` finds it."""
    from labctl.notes import change_tags, read_notes

    folder = run_folder(run, runs_dir)
    line = change_tags(
        folder, words, who=who or read_settings().operator, user=_account(), remove=remove
    )
    if line is not None:
        _told(folder)
    stand = " ".join(read_notes(folder).tags)
    as_before = ", as before" if line is None else ""
    click.echo(visible(f"{folder}: {f'tagged {stand}' if stand else 'no tags'}{as_before}"))


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _told(folder: Path) -> None:
    """Tell the index. What was written stands, also where the index cannot be brought up to
    date. Around a record that lies by itself there is none, and none is made."""
    from labctl.catalogue import Catalogue, is_day

    folder = folder.resolve()
    if not is_day(folder.parent.name):
        return
    try:
        with Catalogue(folder.parent.parent) as catalogue:
            catalogue.look_at(f"{folder.parent.name}/{folder.name}")
    except LabctlError as error:
        click.echo(f"the index does not know of it yet; `labctl runs --rebuild` sees to that: "
                   f"{error}", err=True)  # fmt: skip
