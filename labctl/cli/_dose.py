"""`labctl dose`: what a sample has had over all its runs, or the dose of one run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labctl.errors import InputError

if TYPE_CHECKING:
    from labctl.ledger import RunDose, SampleLedger
    from labctl.photothermal import ArrheniusPair, Bounded, Cem43

SCHEMA = "labctl.dose/1"


@click.command("dose")
@click.argument("what", metavar="SAMPLE|RUN")
@click.option("--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
              help="Folder for records; else $LABCTL_RUNS, else ./runs.")  # fmt: skip
@click.option("--rebuild", is_flag=True,
              help="Work every run out from its readings.")  # fmt: skip
@click.option("--convention", default=None, metavar="NAME",
              help="Of CEM43: cem43, cem43-uncut, cem43-break-42.5.")  # fmt: skip
@click.option("--pair", default=None, metavar="NAME",
              help="Arrhenius parameters: skin, retina, cho, liver.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    what: str,
    runs_dir: Path | None,
    rebuild: bool,
    convention: str | None,
    pair: str | None,
    as_json: bool,
) -> None:
    """Show what SAMPLE (a sample file, or the name of a shipped one) has had over all its runs in
    a folder of records, or the dose of one RUN (its folder).

    Worked out from the journals; nothing is written. Every dose is of the probed liquid, not of
    tissue.
    """
    from labctl.photothermal import CEM43, CONVENTIONS, PAIRS
    from labctl.settings import read_settings

    law = _named(CONVENTIONS, convention, "--convention")
    damage = _named(PAIRS, pair, "--pair")
    folder = Path(what).expanduser()
    if (folder / "journal.jsonl").is_file():
        _one_run(folder, rebuild, law, damage, as_json)
        return
    from labctl import sample as samples
    from labctl.ledger import identity_of, ledger_table, sample_ledgers

    identity = identity_of(samples.load(samples.find(what)))
    where = runs_dir or read_settings().runs
    ledgers = sample_ledgers(
        where, identity, rebuild=rebuild or damage is not None, convention=law, pair=damage
    )
    if as_json:
        told = [_ledger(ledger) for ledger in ledgers]
        head = {"schema": SCHEMA, "sample": identity.name, "lot": identity.lot}
        click.echo(json.dumps({**head, "runs_dir": str(where), "ledgers": told}))
        return
    if not ledgers:
        click.echo(f"no run of {identity} in {where}")
    for number, ledger in enumerate(ledgers):
        if number:
            click.echo()
        for line in ledger_table(ledger, law or CEM43):
            click.echo(line)


def _named(table: Any, name: str | None, option: str) -> Any:
    if name is None:
        return None
    if name not in table:
        raise InputError(f"{name!r} is none", where=option, fix=f"One of {', '.join(table)}.")
    return table[name]


def _one_run(
    folder: Path, rebuild: bool, law: Cem43 | None, pair: ArrheniusPair | None, as_json: bool
) -> None:
    from labctl.ledger import run_dose

    found = run_dose(folder, rebuild=rebuild, convention=law, pair=pair)
    if found is None:
        raise InputError("nothing was begun in this record", where=str(folder))
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, **_run(found), **found.dose.results}))
        return
    click.echo(f"{found.mode}  {found.sample or 'no sample named'}  {folder}  {found.state}")
    for text in (*found.dose.words, *found.notes):
        click.echo(f"  {text}")


def _ledger(ledger: SampleLedger) -> dict[str, Any]:
    from labctl.photothermal import OF_LIQUID

    return {
        "mode": ledger.mode,
        "of": OF_LIQUID,
        "energy_j": _bounds(ledger.energy),
        "fluence_j_per_m2": _bounds(ledger.fluence),
        "without_fluence": ledger.without_fluence,
        "cem43_min": _bounds(ledger.cem43_min),
        "lit_s": ledger.lit_s,
        "peak_degc": ledger.peak_degc,
        "runs": [_run(run) for run in ledger.runs],
        "not_counted": list(ledger.unreadable),
    }


def _run(run: RunDose) -> dict[str, Any]:
    return {
        "run": str(run.path),
        "mode": run.mode,
        "sample": run.sample,
        "lot": run.lot,
        "state": run.state,
        "energy_j": _bounds(run.energy),
        "fluence_j_per_m2": None if run.fluence is None else _bounds(run.fluence),
        "cem43_min": _bounds(run.cem43_min),
        "lit_s": run.lit_s,
        "peak_degc": run.peak_degc,
        "notes": list(run.notes),
    }


def _bounds(bounded: Bounded) -> dict[str, float]:
    return {"value": bounded.value, "low": bounded.low, "high": bounded.high}
