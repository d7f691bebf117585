"""`labctl pack`: a protocol with its reference, for a second laboratory, in one file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labctl.cli._options import sample_option
from labctl.cli._run_folder import run_folder
from labctl.cli._visible import visible
from labctl.errors import Exit, InputError

if TYPE_CHECKING:
    from labctl.pack import Agreement, Pack

SCHEMA = "labctl.packed/1"
SIGNED_SCHEMA = "labctl.signed/1"
AGREEMENT_SCHEMA = "labctl.agreement/1"


class _OrMake(click.Group):
    """`labctl pack RUN` is `labctl pack make RUN`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and args[0] not in ("-h", "--help"):
            args = ["make", *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not args[0].startswith("-"):
            return "make", self.commands["make"], args
        return super().resolve_command(ctx, args)


@click.group("pack", cls=_OrMake)
def command() -> None:
    """Put a protocol, its sample and what a RUN found into one file that a second laboratory runs
    on its own bench: `labctl pack RUN -o x.labpack`, there `labctl run x.labpack`.

    A pack carries no arming, no waiver and no limit that loosens a bench's own.
    """


@command.command("make")
@click.argument("what", metavar="RUN|PROTOCOL")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="The pack; it is not written over.")  # fmt: skip
@sample_option
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE",
              help="Set a parameter of the PROTOCOL.")  # fmt: skip
@click.option("--limits", default=None, metavar="FILE",
              help="Release limits of `labctl batch`, to go with it.")  # fmt: skip
@click.option("--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
              help="Folder for records; else $LABCTL_RUNS, else ./runs.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def make_command(
    what: str,
    out: Path,
    sample: str | None,
    parameters: tuple[str, ...],
    limits: str | None,
    runs_dir: Path | None,
    as_json: bool,
) -> None:
    """Make a pack of a RUN (its folder), with its results as the reference, or of a PROTOCOL alone.

    The same run gives the same bytes. Tell the SHA-256 that is printed to whoever gets it.
    """
    from labctl.pack import (
        SUFFIX,
        make_from_protocol,
        make_from_run,
        release_limits,
        write_pack,
    )

    if out.suffix != SUFFIX:
        raise InputError(f"a pack's name ends with {SUFFIX}", where="--out")
    folder = _as_run(what, runs_dir)
    if folder is not None:
        if sample or parameters:
            raise InputError(
                "a run has its sample and its parameters already",
                where="--sample" if sample else "-p",
                fix="Leave it out, or pack the protocol.",
            )
        files, about = make_from_run(folder)
    else:
        files, about = make_from_protocol(what, sample, parameters)
    if limits is not None:
        files["release-limits.yaml"] = release_limits(limits)
    pack = write_pack(out, files, about)
    _tell(out, pack, as_json=as_json)


@command.command("show")
@click.argument("pack", metavar="PACK", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show_command(pack: Path, as_json: bool) -> None:
    """Say what is in a PACK. Nothing is written."""
    from labctl.pack import read_pack

    _tell(pack, read_pack(pack), as_json=as_json)


@command.command("open")
@click.argument("pack", metavar="PACK", type=click.Path(path_type=Path))
@click.argument("folder", metavar="[FOLDER]", required=False, type=click.Path(path_type=Path))
def open_command(pack: Path, folder: Path | None) -> None:
    """Put the files of a PACK into FOLDER (else one of its name), which must be empty or not there.

    Each is held against its hash first, and nothing but the files that a pack may have is taken.
    """
    from labctl.pack import open_pack, read_pack

    for path in open_pack(read_pack(pack), folder or Path(pack.stem)):
        click.echo(path)


@command.command("compare")
@click.argument("pack", metavar="PACK", type=click.Path(path_type=Path))
@click.argument("run", metavar="RUN")
@click.option("--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
              help="Folder for records; else $LABCTL_RUNS, else ./runs.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def compare_command(pack: Path, run: str, runs_dir: Path | None, as_json: bool) -> int:
    """Hold RUN against the reference in PACK, in units of their joint uncertainty.

    Exit code 0: it agrees; 1: it differs; 7: it cannot be told.
    """
    from labctl.pack import agreement, read_pack

    found = agreement(read_pack(pack), run_folder(run, runs_dir))
    if as_json:
        click.echo(json.dumps(agreement_json(found)))
    else:
        for line in agreement_lines(found):
            click.echo(visible(line))
    codes = {"agrees": Exit.PASS, "differs": Exit.CHECK_FAILED}
    return codes.get(found.told, Exit.CANNOT_TELL)


@command.command("sign")
@click.argument("pack", metavar="PACK", type=click.Path(path_type=Path))
@click.option("--key", required=True, metavar="FILE", type=click.Path(path_type=Path),
              help="Private key of OpenSSH, or the public one of a key in an agent.")  # fmt: skip
def sign_command(pack: Path, key: Path) -> None:
    """Sign a PACK with a key of the laboratory; PACK.sig goes with it.

    `ssh-keygen` signs, and asks for a passphrase where the key has one. The other laboratory needs
    the public key, from you and not from the mail that the pack comes by.
    """
    from labctl.pack import sign_pack

    signature, signed = sign_pack(pack, key)
    click.echo(visible(f"signed {pack.name}, SHA-256 {signed.sha256}: {signature}"))


@command.command("verify")
@click.argument("pack", metavar="PACK", type=click.Path(path_type=Path))
@click.option("--signers", required=True, metavar="FILE", type=click.Path(path_type=Path),
              help='A line a signer: NAME namespaces="labctl.pack" PUBLIC-KEY.')  # fmt: skip
@click.option("--signature", default=None, metavar="FILE", type=click.Path(path_type=Path),
              help="Its signature; else PACK.sig.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify_command(pack: Path, signers: Path, signature: Path | None, as_json: bool) -> int:
    """Say who signed a PACK, and whether it is as it was signed.

    Exit code 0: signed by a known signer; 6: the signature is not of this pack; 7: there is none,
    or no known signer has its key.
    """
    import dataclasses

    from labctl.pack import CHANGED, SIGNED, verify_pack

    found = verify_pack(pack, signers, signature)
    if as_json:
        told = {"schema": SIGNED_SCHEMA, "pack": str(pack), **dataclasses.asdict(found)}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(visible(f"{pack}: {found.told}: {found.why}"))
        if found.key:
            click.echo(visible(f"  key {found.key}"))
        click.echo(f"  SHA-256 {found.sha256}")
    return {SIGNED: Exit.PASS, CHANGED: Exit.DATA}.get(found.told, Exit.CANNOT_TELL)


def _as_run(what: str, runs_dir: Path | None) -> Path | None:
    """The run of that name; None where there is none, and it is a protocol's."""
    try:
        return run_folder(what, runs_dir)
    except InputError:
        if Path(what).is_dir():
            raise
        return None


def _tell(path: Path, pack: Pack, *, as_json: bool) -> None:
    if as_json:
        told = {
            "schema": SCHEMA,
            "pack": str(path),
            "sha256": pack.sha256,
            **{key: value for key, value in pack.about.items() if key != "schema"},
            "files": {name: len(data) for name, data in pack.files.items()},
            "reference": pack.reference,
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for line in pack_lines(path, pack):
        click.echo(visible(line))


def pack_lines(path: Path, pack: Pack) -> Iterator[str]:
    """What is in it, as it says itself: anybody may have written it."""
    from labctl.record import finite

    about, reference = pack.about, pack.reference
    yield f"PACK  {path}"
    yield f"  SHA-256    {pack.sha256}"
    yield f"  protocol   {about.get('name', '')}"
    yield f"  sample     {about.get('sample') or 'none'}"
    yield f"  made by    labctl {about.get('labctl', 'unknown')}"
    for name, data in pack.files.items():
        yield f"  file       {name}, {len(data)} bytes"
    if reference is None:
        yield "  reference  none: made of a protocol alone"
        return
    yield f"  REFERENCE  {reference.get('mode')}, verdict {reference.get('verdict')}"
    yield f"  head hash  {reference.get('head_hash')}"
    results = reference.get("results")
    for name, entry in results.items() if isinstance(results, dict) else ():
        told = entry if isinstance(entry, dict) else {}
        value, low, high = (finite(told.get(key)) for key in ("value", "low", "high"))
        if value is not None:
            span = f" ({low:.4g} to {high:.4g})" if low is not None and high is not None else ""
            shown = f"{value:.4g}{span} {told.get('unit', '')}".rstrip()
            yield f"  {name.replace('_', ' ')}  {shown}"


def agreement_lines(found: Agreement) -> Iterator[str]:
    """For people; the reference's mode comes first."""
    yield found.words
    if found.head_hash:
        yield f"  reference's head hash {found.head_hash}"
    for row in found.rows:
        numbers = ""
        if row.reference is not None and row.here is not None:
            numbers = (
                f"  {row.here:.4g} ± {row.here_sd:.2g} here, {row.reference:.4g} ± "
                f"{row.reference_sd:.2g} there {row.unit}".rstrip()
            )
        yield f"  {row.quantity.replace('_', ' ')}: {row.told}, {row.why}{numbers}"
    for words in found.remarks:
        yield f"  {words}"


def agreement_json(found: Agreement) -> dict[str, object]:
    """For programs, and for `agreement.json` in the run's folder."""
    import dataclasses

    return {"schema": AGREEMENT_SCHEMA, **dataclasses.asdict(found)}
