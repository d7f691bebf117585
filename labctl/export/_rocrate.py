"""RO-Crate 1.1: the metadata file of a run's folder, and the folder as one zip with it.

Written by the specification with the standard library; it is one small JSON-LD document. No
licence is claimed: whoever publishes a crate puts theirs into it.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from labctl.events import InstrumentFound, Mode, Reading, Sample
from labctl.export._about import about
from labctl.record import JournalReader, RunDescription, describe_run

METADATA = "ro-crate-metadata.json"
_INPUTS = ("protocol.yaml", "bench.yaml", "sample.yaml")
_BLOCK = 1 << 20
_NO_DATE = "1970-01-01"
"""Of a run of which nobody kept when it was; the specification wants a date."""
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say; the same record gives the same bytes."""
_KINDS: dict[str, tuple[str, str]] = {
    "journal.jsonl": ("application/jsonl", "the record itself: every event, with its checksums"),
    "run.json": ("application/json", "who, what, versions, outcome, results"),
    "begun.json": ("application/json", "what run.json said when the run began"),
    "data.csv": ("text/csv", "one row a sample; made from the journal"),
    "protocol.yaml": ("application/yaml", "the protocol as it was carried out"),
    "bench.yaml": ("application/yaml", "the bench it was carried out on"),
    "sample.yaml": ("application/yaml", "the sample"),
    "figure.svg": ("image/svg+xml", "the run as one picture; made from the journal"),
    "figure.png": ("image/png", "the run as one picture; made from the journal"),
    "report.html": ("text/html", "the report; made from the journal"),
    "imported.csv": ("text/csv", "the file that was imported, as it came"),
    "imported.tsv": ("text/tab-separated-values", "the file that was imported, as it came"),
    "imported.txt": ("text/plain", "the file that was imported, as it came"),
    "notes.jsonl": ("application/jsonl", "what people wrote about the run afterwards"),
    "observations.jsonl": ("application/jsonl", "what was observed of the sample afterwards"),
    "agreement.json": ("application/json", "the run beside the reference of its pack"),
    "guard.jsonl": ("application/jsonl", "the guard's own log"),
    "truth.json": ("application/json", "what the simulated world was; no checker reads it"),
    "journal.tail": ("application/octet-stream", "what could not be read of the journal"),
}
_TYPES = {
    ".json": "application/json", ".jsonl": "application/jsonl", ".csv": "text/csv",
    ".yaml": "application/yaml", ".svg": "image/svg+xml", ".png": "image/png",
    ".html": "text/html", ".pdf": "application/pdf", ".txt": "text/plain", ".md": "text/markdown",
}  # fmt: skip


def write_rocrate(run: RunDescription, stem: Path) -> list[Path]:
    """`STEM.crate.zip`: the files of the run's folder as they stand, and `METADATA` made anew."""
    path = stem.with_name(stem.name + ".crate.zip")
    folder = run.path
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        contents = [_put(archive, folder, name) for name in _files(folder)]
        described = _json(_metadata(run, contents))
        archive.writestr(_entry(METADATA), described)
    return [path]


def describe_crate(folder: Path) -> Path:
    """Write `METADATA` into a run's folder, for the files that are there now; returns its path.
    RecordError when there is no journal, OSError when it cannot be written."""
    contents = []
    for name in _files(folder):
        with (folder / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            contents.append(_Content(name, file.tell(), digest))
    path = folder / METADATA
    beside = path.with_name(f".{METADATA}.new")
    beside.write_bytes(_json(_metadata(describe_run(folder), contents)))
    os.replace(beside, path)
    return path


def crate_or_why(folder: Path) -> str:
    """`describe_crate` once a run is over, by whoever carried it out; '' or why there is none. It
    can be made again, so whatever fails takes nothing from the run's end."""
    try:
        describe_crate(folder)
    except Exception as error:
        return f"no {METADATA}: {error}"
    return ""


@dataclass(frozen=True, slots=True)
class _Content:
    """A file of the crate."""

    name: str
    size: int
    sha256: str


def _put(archive: zipfile.ZipFile, folder: Path, name: str) -> _Content:
    """Into the archive, hashed on the way: the journal of a run that goes on grows meanwhile."""
    digest, size = hashlib.sha256(), 0
    with (folder / name).open("rb") as file, archive.open(_entry(name), "w") as put:
        while block := file.read(_BLOCK):
            digest.update(block)
            put.write(block)
            size += len(block)
    return _Content(name, size, digest.hexdigest())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _ZIP_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _metadata(run: RunDescription, contents: list[_Content]) -> dict[str, Any]:
    """The JSON-LD document of a crate of these files."""
    told = about(run)
    what = f"{told.get('protocol', 'a run')} on {told.get('sample') or 'no named sample'}"
    instruments, channels = _found(run.path / "journal.jsonl")
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": told["run"],
        "description": (
            f"{_kind(told)} of {what}, bench {told.get('bench') or 'unknown'}. "
            f"Verdict of its check: {told['verdict']}. Record: {told['state']}."
        ).lstrip(),
        "datePublished": told.get("ended") or told.get("begun") or _NO_DATE,
        "hasPart": [{"@id": quote(content.name)} for content in contents],
        "mentions": [{"@id": "#run"}],
        "identifier": told.get("run_id", told["head_hash"]),
        "variableMeasured": [{"@id": channel["@id"]} for channel in channels],
    }
    software = {
        "@id": "#labctl",
        "@type": "SoftwareApplication",
        "name": "labctl",
        "softwareVersion": told.get("version", "unknown"),
    }
    action = _action(run, told, what, contents)
    action["instrument"] = [{"@id": each["@id"]} for each in (software, *instruments)]
    graph: list[dict[str, Any]] = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        root,
        action,
        software,
        *instruments,
        *channels,
    ]
    # Older records have the account alone.
    operator = run.facts.get("operator")
    named = operator.get("name") if isinstance(operator, dict) else None
    user = named or run.facts.get("user")
    if isinstance(user, str) and user:
        action["agent"] = {"@id": "#user"}
        graph.append({"@id": "#user", "@type": "Person", "name": user})
    graph += [_file(content, told["head_hash"]) for content in contents]
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def _kind(told: dict[str, str]) -> str:
    """What nobody may take for a run where it is none."""
    mode = told.get("mode", "")
    return f"{mode} curve" if mode == Mode.IMPORTED else f"{mode} run"


def _action(
    run: RunDescription, told: dict[str, str], what: str, contents: list[_Content]
) -> dict[str, Any]:
    """The run, as what made the journal."""
    completed = run.ended is not None and run.ended.outcome in ("completed", "imported")
    status = "CompletedActionStatus" if completed else "FailedActionStatus"
    action: dict[str, Any] = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": what,
        "object": [{"@id": c.name} for c in contents if c.name in _INPUTS],
        "result": [{"@id": "journal.jsonl"}],
        "actionStatus": {"@id": f"http://schema.org/{status}"},
    }
    for key, at in (("startTime", "begun"), ("endTime", "ended")):
        if at in told:
            action[key] = told[at]
    if not completed:
        action["error"] = (run.ended.why or run.ended.outcome) if run.ended else run.words
    return action


def _found(journal: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The instruments that answered, and the channels of the first sample."""
    instruments, channels = {}, []
    for event in JournalReader(journal):
        if isinstance(event, InstrumentFound):
            instruments[event.instrument] = {
                "@id": f"#instrument-{event.instrument}",
                "@type": "IndividualProduct",
                "name": event.instrument,
                "description": f"{event.identity}, driver {event.driver}",
            }
        elif isinstance(event, Sample):
            for reading in event.readings:
                channel = {
                    "@id": f"#channel-{reading.channel}",
                    "@type": "PropertyValue",
                    "name": reading.channel,
                }
                if isinstance(reading, Reading) and reading.unit:
                    channel["unitText"] = reading.unit
                channels.append(channel)
            break
    return list(instruments.values()), channels


def _file(content: _Content, head_hash: str) -> dict[str, Any]:
    name = content.name
    kind, words = _KINDS.get(name, (_TYPES.get(Path(name).suffix, "application/octet-stream"), ""))
    entity: dict[str, Any] = {
        "@id": quote(name),
        "@type": "File",
        "name": name,
        "encodingFormat": kind,
        "contentSize": str(content.size),
        "sha256": content.sha256,
    }
    if words:
        entity["description"] = words
    if name == "journal.jsonl":
        entity["identifier"] = f"head hash {head_hash}"
    return entity


def _files(folder: Path) -> list[str]:
    """What belongs to the record: all plain files, but for hidden ones and an older description."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.relative_to(folder).as_posix() != METADATA
    )


def _json(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace")
