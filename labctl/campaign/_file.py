"""Campaign files, `labctl.campaign/1`. All problems of a file are told at once (InputError)."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from labctl import yamlfile
from labctl.campaign import _fields as f
from labctl.campaign._campaign import SCHEMA, Analysis, Arm, Campaign
from labctl.errors import InputError
from labctl.limits import Limits
from labctl.yamlfile import Item, Node, Reader, Row, Source, did_you_mean

CONFIDENCE = 0.95
_MISSPELT = 0.8
"""So alike (`difflib`) to a result that is known is that result, misspelt."""


def find(name: str) -> Path:
    """A campaign file by path or by the name of a shipped one; InputError lists those there are."""
    return yamlfile.find_file(name, "campaign", "campaigns")


def load(path: Path) -> Campaign:
    """Read a campaign file; raises InputError with every problem of its own. What its protocols,
    samples and bench say together is `Study.of`'s to find."""
    return _read(yamlfile.open_source(path))


def loads(text: str, file: str = "campaign.yaml") -> Campaign:
    """The same from a text; files that it names are looked for beside `file`."""
    return _read(Source(file, text))


def json_schema() -> dict[str, Any]:
    """JSON Schema of a campaign file, for editors."""
    return yamlfile.json_schema(SCHEMA, f.TABLE, {})


def _read(source: Source) -> Campaign:
    node, problems = yamlfile.read_text(source)
    reader = Reader(problems)
    row = f.TABLE.read(node, reader)
    found = None if row is None else _build(row, reader, source, yamlfile.plain(node))
    what = f"{source.file} is not a valid campaign"
    reader.raise_any(what)
    if found is None:
        # A field without a value has always told a problem.
        raise RuntimeError(what)
    return found


def _build(row: Row, reader: Reader, source: Source, plain: Any) -> Campaign | None:
    lots = row[f.LOTS] or []
    if len(set(lots)) < len(lots):
        reader.add(row.at(f.LOTS), "P033", "a lot stands twice", "Name each once.")
    benches = [
        found
        for name in row[f.BENCH] or []
        if (found := _found(name, "bench", "benches", row.at(f.BENCH), source.file, reader))
    ]
    arms = _arms(row, lots, source.file, reader)
    analysis = None if row[f.ANALYSIS] is None else _analysis(row[f.ANALYSIS], row, reader)
    name, hypothesis, seed = row[f.NAME], row[f.HYPOTHESIS], row[f.SEED]
    replicates = row[f.REPLICATES]
    if name is None or hypothesis is None or seed is None or replicates is None:
        return None
    if analysis is None or not benches:
        return None
    values = {} if row[f.LIMITS] is None else _limits(row[f.LIMITS])
    return Campaign(
        name=name,
        title=row[f.TITLE] or "",
        hypothesis=hypothesis,
        arms=tuple(arms),
        replicates=replicates,
        benches=tuple(benches),
        seed=seed,
        blind=row[f.BLIND] is True,
        limits=Limits(**values),
        analysis=analysis,
        said=yamlfile.digest(plain),
        text=source.text,
        source_file=source.file,
    )


def _limits(row: Row | None) -> dict[str, float]:
    if row is None:
        return {}
    found = {attribute: row[field] for attribute, field in f.LIMIT_FIELDS}
    return {attribute: value for attribute, value in found.items() if value is not None}


def _analysis(row: Row | None, whole: Row, reader: Reader) -> Analysis | None:
    if row is None:
        return None
    arms = whole[f.ARMS] or {}
    compare = row[f.COMPARE] or ""
    if compare and arms and compare not in arms:
        reader.add(
            row.at(f.COMPARE), "P017", f"there is no arm '{compare}'",
            f"{did_you_mean(compare, arms)}The arms are {', '.join(arms)}.",
        )  # fmt: skip
    primary, secondary, counted = row[f.PRIMARY], row[f.SECONDARY], row[f.COUNTED]
    for name in (primary or "", *(secondary or ())):
        meant = get_close_matches(name, f.KNOWN_RESULTS, 1, _MISSPELT)
        if meant and name not in f.KNOWN_RESULTS:
            mark = row.at(f.PRIMARY) if name == primary else row.at(f.SECONDARY)
            reader.add(mark, "P017", f"no run has a result '{name}'", f"Did you mean '{meant[0]}'?")
    if primary is None:
        return None
    return Analysis(
        primary=primary,
        secondary=tuple(secondary or ()),
        compare_to=compare,
        confidence=row[f.CONFIDENCE] or CONFIDENCE,
        count=tuple(counted or ("completed",)),
    )


def _arms(row: Row, lots: list[str], file: str, reader: Reader) -> list[Arm]:
    common = None
    if row[f.PROTOCOL] is not None:
        common = _found(row[f.PROTOCOL] or "", "protocol", "", row.at(f.PROTOCOL), file, reader)
    items = row[f.ARMS] or {}
    if row.has(f.ARMS) and not items and not reader.problems:
        reader.add(row.at(f.ARMS), "P013", "a campaign has at least one arm")
    built = [_arm(name, item, row, common, lots, file, reader) for name, item in items.items()]
    return [arm for arm in built if arm is not None]


def _arm(
    name: str,
    item: Item[Row],
    whole: Row,
    common: Path | None,
    lots: list[str],
    file: str,
    reader: Reader,
) -> Arm | None:
    row = item.value
    protocol = common
    if row[f.ARM_PROTOCOL] is not None:
        at = row.at(f.ARM_PROTOCOL)
        protocol = _found(row[f.ARM_PROTOCOL] or "", "protocol", "", at, file, reader)
    elif not whole.meant(f.PROTOCOL) and not row.meant(f.ARM_PROTOCOL):
        reader.add(item.key, "P013", f"arm '{name}' has no protocol",
                   "Add 'protocol' to it, or to the campaign for all arms.")  # fmt: skip
    samples = _samples(name, item, lots, file, reader)
    if protocol is None or not samples:
        return None
    given = row[f.ARM_PARAMETERS] or {}
    return Arm(
        name=name,
        title=row[f.ARM_TITLE] or "",
        role=row[f.ARM_ROLE] or "treatment",
        samples=samples,
        protocol=protocol,
        parameters=tuple(f"{key}={each.value}" for key, each in given.items()),
    )


def _samples(
    name: str, item: Item[Row], lots: list[str], file: str, reader: Reader
) -> dict[str, Path]:
    row = item.value
    one, several = row.meant(f.ARM_SAMPLE), row.meant(f.ARM_SAMPLES)
    if one == several:
        reader.add(item.key, "P013", f"arm '{name}' needs 'sample' or 'samples', one of them",
                   "Write 'sample: pda-aminoacid'; or 'samples: {LOT: FILE}'.")  # fmt: skip
        return {}
    if one:
        if row[f.ARM_SAMPLE] is None:
            return {}
        at = row.at(f.ARM_SAMPLE)
        found = _found(row[f.ARM_SAMPLE] or "", "sample", "samples", at, file, reader)
        return {} if found is None else dict.fromkeys(lots or [""], found)
    out = {}
    for lot, each in (row[f.ARM_SAMPLES] or {}).items():
        found = _found(each.value, "sample", "samples", each.node, file, reader)
        if found is not None:
            out[lot] = found
    return out


def _found(
    name: str, what: str, folder: str, at: Node, file: str, reader: Reader
) -> Path | None:  # fmt: skip
    """A file beside the campaign comes first, then what the command line would take."""
    beside = Path(file).parent / name
    if beside.suffix in (".yaml", ".yml") and beside.is_file():
        return beside
    try:
        return yamlfile.find_file(name, what, folder)
    except InputError as error:
        problem = error.problems[0]
        reader.add(at, problem.code, problem.message, problem.fix)
        return None
