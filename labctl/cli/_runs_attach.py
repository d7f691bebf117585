"""`labctl runs attach`: what was measured of samples afterwards, kept beside their runs."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labctl.cli._run_folder import run_folder, runs_option
from labctl.errors import InputError, Problem

if TYPE_CHECKING:
    from labctl.observations import Draft, Observation, Sheet

SCHEMA = "labctl.attached/1"


@click.command("attach")
@click.argument("what", metavar="[RUN] [FILE]", nargs=-1, required=True)
@click.option("--campaign", "campaign", default=None, metavar="FILE",
              help="Rows are of this campaign's vessels, by `sample`.")  # fmt: skip
@click.option("--by", default="", metavar="NAME", help="Who attaches them; else the account.")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a run.")
def attach_command(
    what: tuple[str, ...], campaign: str | None, by: str, runs_dir: Path | None, as_json: bool
) -> None:
    """Keep what was measured later (absorbance, viability, size, weight) with the RUN it is of.

    FILE is a CSV with a row a value: columns `quantity` and `value`, and as wanted `sample` or
    `run`, `unit`, `sd`, `n`, `method`, `when`, `who`, `corrects`, `note`. Without RUN each row says
    which run it is of, by `run` or by `sample`; with --campaign the samples are its vessels, and
    while it is blind the file may name no arm. All rows are attached, or none. Without FILE what
    RUN has is shown. The journal is not touched.
    """
    from labctl.observations import attach, read_observations, read_sheet

    run, file = _which(what, campaign, runs_dir)
    if file is None:
        folder = run_folder(run, runs_dir)
        found = read_observations(folder)
        _tell(folder, found.lines, as_json=as_json)
        for words in found.trouble:
            click.echo(f"  {words}", err=True)
        return
    sheet = read_sheet(file)
    given = _of_one(run, sheet, file, runs_dir) if run else None
    places = given or _placed(sheet, file, campaign, runs_dir)
    _keep_blind(sheet, file, places)
    who = by.strip() or getpass.getuser()
    for folder in places:
        # What may refuse one run must refuse before any other has its rows.
        _check_free(folder, sheet)
    for folder, rows in places.items():
        _tell(folder, attach(folder, sheet, rows, by=who), as_json=as_json)


def _which(
    what: tuple[str, ...], campaign: str | None, runs_dir: Path | None
) -> tuple[str, Path | None]:
    if len(what) > 2 or (campaign and len(what) > 1):
        raise click.UsageError("name RUN and FILE, or FILE alone")
    if len(what) == 2:
        return what[0], Path(what[1])
    path = Path(what[0])
    if campaign or (path.is_file() and path.name != "journal.jsonl"):
        return "", path
    return what[0], None


def _of_one(
    run: str, sheet: Sheet, file: Path, runs_dir: Path | None
) -> dict[Path, tuple[Draft, ...]]:
    """All rows are of `run`; one that names another is refused."""
    folder = run_folder(run, runs_dir)
    sample = _sample(folder)
    name = f"{folder.resolve().parent.name}/{folder.resolve().name}"
    _raise(
        Problem("P024", f"this row is of {row.sample or row.run}, and the run is {name}, of "
                f"{sample or 'no named sample'}", str(file), row.line)
        for row in sheet.rows
        if (row.run and row.run.rstrip("/") not in (name, folder.name))
        or (row.sample and row.sample != sample)
    )  # fmt: skip
    return {folder: sheet.rows}


def _sample(folder: Path) -> str:
    from labctl.record import read_ends

    begun = read_ends(folder / "journal.jsonl").begun
    return begun.sample if begun is not None else ""


def _placed(
    sheet: Sheet, file: Path, campaign: str | None, runs_dir: Path | None
) -> dict[Path, tuple[Draft, ...]]:
    """Each row's run, by `run` or `sample`."""
    root = _root(runs_dir)
    vessels = None if campaign is None else _vessels(campaign, root)
    places: dict[Path, list[Draft]] = {}
    problems = []
    for row in sheet.rows:
        try:
            folder = _place(row, root, vessels)
        except InputError as error:
            problems.append(Problem("P024", error.what, str(file), row.line, fix=error.fix))
            continue
        places.setdefault(folder, []).append(row)
    _raise(problems)
    return {folder: tuple(rows) for folder, rows in places.items()}


def _place(row: Draft, root: Path, vessels: Mapping[str, Path] | None) -> Path:
    if vessels is not None:
        if row.sample not in vessels:
            raise InputError(
                f"{row.sample or 'no sample'} is no vessel of this campaign that was run",
                fix="Write the mark of the vessel, such as light-or-dark-u07, or u07.",
            )
        return vessels[row.sample]
    if row.run:
        folder = run_folder(row.run, root)
        sample = _sample(folder)
        if row.sample and row.sample != sample:
            raise InputError(f"this row is of {row.sample}, and its run is of {sample or 'none'}")
        return folder
    if not row.sample:
        raise InputError(
            "this row says neither run nor sample",
            fix="Add a column `run` or `sample`, or name the run on the command line.",
        )
    from labctl.catalogue import Catalogue, Query

    with Catalogue(root) as catalogue:
        catalogue.refresh()
        found = [
            entry for entry in catalogue.search(Query(sample=row.sample))
            if entry.sample == row.sample
        ]  # fmt: skip
    if len(found) != 1:
        count = "no run" if not found else f"{len(found)} runs"
        raise InputError(
            f"sample {row.sample!r} has {count}",
            fix="Say which in a column `run`." if found else "Write its mark as the record has it.",
        )
    return root / found[0].path


def _vessels(file: str, root: Path) -> dict[str, Path]:
    """Marks, and names of runs, of every portion of a campaign that left a record."""
    from labctl.campaign import CampaignLog, Study, campaign_folder, find, load, open_state

    study = Study.of(load(find(file)))
    log = CampaignLog(campaign_folder(root, study.campaign.name))
    by_id = {unit.id: unit for unit in study.units}
    places: dict[str, Path] = {}
    for made in open_state(study, log, to_run=False).made.values():
        if made.run:
            places[made.name] = root / made.run
            places[study.vessel(by_id[made.unit], made.portion)] = root / made.run
    return places


def _keep_blind(sheet: Sheet, file: Path, places: Mapping[Path, tuple[Draft, ...]]) -> None:
    """Who measures blind must not be told by the file which arm a vessel is of. The campaign is
    that of the folder for records in which a run lies, whichever one was asked for."""
    names: dict[tuple[Path, str], frozenset[str]] = {}
    problems = []
    for folder, rows in places.items():
        member = _member(folder)
        if not member:
            continue
        at = (folder.resolve().parent.parent, member)
        if at not in names:
            names[at] = _of_arms(member, at[0])
        _raise(
            Problem("P025", f"campaign {member} is blind, and the sheet's name says {arm!r}",
                    str(file), fix="Give it another name; or unblind first.")
            for arm in names[at] if _says(Path(sheet.name).stem.replace(member, ""), arm)
        )  # fmt: skip
        for row in rows:
            # Its sample is the vessel's mark: no row with another one comes this far.
            cells = [text.replace(member, "") for text in _words(row)]
            told = [arm for arm in names[at] if any(_says(cell, arm) for cell in cells)]
            if told:
                problems.append(
                    Problem("P025", f"campaign {member} is blind, and this row names {told[0]!r}",
                            str(file), row.line, fix="Name vessels, not arms; or unblind first.")
                )  # fmt: skip
    _raise(problems)


def _words(row: Draft) -> tuple[str, ...]:
    return (row.note, row.method, row.quantity, row.who)


def _member(folder: Path) -> str:
    from labctl.record import read_facts

    member = read_facts(folder / "run.json").get("campaign")
    return str(member.get("name", "")) if isinstance(member, dict) else ""


def _of_arms(name: str, root: Path) -> frozenset[str]:
    """Names and titles of the arms of a campaign that is blind; none of one that is not, or whose
    folder is not there."""
    from labctl import yamlfile
    from labctl.campaign import CampaignLog, CampaignState, campaign_folder

    place = campaign_folder(root, name)
    if not place.is_dir():
        return frozenset()
    # As text: the files that it names need not lie where they did.
    node, _ = yamlfile.read_text(yamlfile.open_source(place / "campaign.yaml"))
    said = yamlfile.plain(node)
    arms = said.get("arms") if isinstance(said, dict) else None
    if not isinstance(arms, dict) or not said.get("blind"):
        return frozenset()
    if CampaignState.of(CampaignLog(place).read()).unblinded is not None:
        return frozenset()
    titles = (str(arm.get("title", "")) for arm in arms.values() if isinstance(arm, dict))
    return frozenset(word for word in (*map(str, arms), *titles) if word)


def _says(cell: str, arm: str) -> bool:
    """Also written with other signs between its words, as in the name of a file or a quantity."""
    import re

    words = r"[\W_]+".join(re.escape(word) for word in re.split(r"[\W_]+", arm) if word)
    return bool(words) and (
        re.search(rf"(?<![^\W_]){words}(?![^\W_])", cell, re.IGNORECASE) is not None
    )


def _check_free(folder: Path, sheet: Sheet) -> None:
    from labctl.observations import read_observations

    if any(line.sha256 == sheet.sha256 for line in read_observations(folder).lines):
        raise InputError(
            f"{sheet.name} is attached to this run already",
            where=str(folder),
            fix="Attach a sheet with what is new.",
        )


def _raise(problems: Any) -> None:
    found = list(problems)
    if not found:
        return
    first = found[0]
    raise InputError(
        first.message if len(found) == 1 else f"{len(found)} rows cannot be attached",
        problems=found,
        where=f"{first.file}:{first.line}",
        fix=first.fix or "Nothing was attached; correct the file.",
    )


def _root(runs_dir: Path | None) -> Path:
    from labctl.settings import read_settings

    return runs_dir or read_settings().runs


def _tell(folder: Path, lines: tuple[Observation, ...], *, as_json: bool) -> None:
    import dataclasses

    if as_json:
        told = [dataclasses.asdict(line) for line in lines]
        click.echo(json.dumps({"schema": SCHEMA, "run": str(folder), "observations": told}))
        return
    from labctl.cli._visible import visible

    many = f"{len(lines)} observations" + ("" if lines else "; none is attached")
    click.echo(f"{visible(str(folder))}: {many}")
    for text in _lines(lines):
        click.echo(f"  {visible(text)}")


def _lines(lines: tuple[Observation, ...]) -> Iterator[str]:
    for line in lines:
        what = f"{line.number:>3}  {line.words}"
        if line.corrects is not None:
            what += f"; corrects {line.corrects}"
        if line.corrected_by is not None:
            what += f"; corrected by {line.corrected_by}"
        yield what + (f"  {line.when}" if line.when else "")
