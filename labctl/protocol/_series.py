"""`for_each_sample`: which samples, each of which becomes a run of its own (decision 0021)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl.errors import InputError
from labctl.protocol._structure_fields import ID, OF, SAMPLE_CONCENTRATION, SAMPLES
from labctl.quantities import Kind, format
from labctl.sample import find
from labctl.yamlfile import Node, Reader, Row, is_file


@dataclass(frozen=True, slots=True)
class SampleAsked:
    """One sample of a series, as the protocol names it."""

    id: str
    """What it is called."""
    of: str
    """The sample file that describes it: its own, or the one that it is a dilution of."""
    file: Path
    """Where that lies."""
    concentration_kg_per_m3: float | None = None
    """Where it differs from what the file states; None: as the file says."""

    @property
    def words(self) -> str:
        """`A25 (25 ug/mL)`."""
        if self.concentration_kg_per_m3 is None:
            return self.id
        return f"{self.id} ({format(self.concentration_kg_per_m3, Kind.CONCENTRATION)})"

    def parameters(self) -> dict[str, str]:
        """What `$sample.id` and its like stand for."""
        out = {"sample.id": self.id, "sample.of": self.of}
        if self.concentration_kg_per_m3 is not None:
            out["sample.concentration"] = format(self.concentration_kg_per_m3, Kind.CONCENTRATION)
        return out


def read_samples(row: Row, protocol_file: str, reader: Reader) -> list[SampleAsked]:
    """The samples that can be found; problems of the others are told."""
    base = row[OF]
    asked = []
    for entry in row[SAMPLES] or ():
        sample = _read(entry, base, protocol_file, reader)
        if sample is not None:
            asked.append(sample)
    return asked


def told_apart(asked: list[SampleAsked], node: Node, reader: Reader) -> None:
    """Two samples of one name could not be told apart in the results."""
    seen: set[str] = set()
    for sample in asked:
        if sample.id.lower() in seen:
            reader.add(node, "P033", f"two samples are called '{sample.id}'", "Name each once.")
        seen.add(sample.id.lower())


def _read(
    entry: tuple[str, Node] | Row, base: str | None, protocol_file: str, reader: Reader
) -> SampleAsked | None:
    if isinstance(entry, Row):
        name, of, amount = entry[ID], entry[OF], entry[SAMPLE_CONCENTRATION]
        node: Node = entry.at(OF) if entry.has(OF) else entry.at(ID)
    else:
        (name, node), of, amount = entry, None, None
    if name is None:
        return None
    described: list[str] = [of] if of else [name, *([base] if base else [])]
    problem: Any = None
    for candidate in described:
        try:
            file = _found(candidate, protocol_file)
        except InputError as error:
            problem = problem or error.problems[0]
        else:
            # A file's path would be a strange name for a run.
            called = Path(name).stem if Path(name).suffix in (".yaml", ".yml") else name
            return SampleAsked(called, candidate, file, amount)
    reader.add(
        node, "P080", problem.message,
        f"{problem.fix} A dilution says `of` which sample, for example 'of: pda-aminoacid'.",
    )  # fmt: skip
    return None


def _found(name: str, protocol_file: str) -> Path:
    """A file beside the protocol comes first, then what `--sample` would take."""
    beside = Path(protocol_file).parent / name
    if beside.suffix in (".yaml", ".yml") and is_file(beside):
        return beside
    return find(name)
