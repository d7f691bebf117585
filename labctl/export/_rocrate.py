"""RO-Crate 1.1: the metadata file of a run's folder, and the folder as one zip with it.

Written by the specification with the standard library; it is one small JSON-LD document. No
licence is claimed: whoever publishes a crate puts theirs into it.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

from labctl.export._about import about
from labctl.export._tables import Column, Role, Tables

METADATA = "ro-crate-metadata.json"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say; the same record gives the same bytes."""
_KINDS: dict[str, tuple[str, str]] = {
    "journal.jsonl": ("application/jsonl", "the record itself: every event, with its checksums"),
    "run.json": ("application/json", "who, what, versions, outcome, results"),
    "data.csv": ("text/csv", "one row a sample; made from the journal"),
    "protocol.yaml": ("application/yaml", "the protocol as it was carried out"),
    "bench.yaml": ("application/yaml", "the bench it was carried out on"),
    "sample.yaml": ("application/yaml", "the sample"),
    "figure.svg": ("image/svg+xml", "the run as one picture; made from the journal"),
    "figure.png": ("image/png", "the run as one picture; made from the journal"),
    "report.html": ("text/html", "the report; made from the journal"),
    "guard.jsonl": ("application/jsonl", "the guard's own log"),
    "truth.json": ("application/json", "what the simulated world was; no checker reads it"),
    "journal.tail": ("application/octet-stream", "what could not be read of the journal"),
}
_TYPES = {
    ".json": "application/json", ".jsonl": "application/jsonl", ".csv": "text/csv",
    ".yaml": "application/yaml", ".svg": "image/svg+xml", ".png": "image/png",
    ".html": "text/html", ".pdf": "application/pdf", ".txt": "text/plain", ".md": "text/markdown",
}  # fmt: skip


def write_rocrate(tables: Tables, stem: Path) -> list[Path]:
    """`STEM.crate.zip`: the files of the run's folder as they stand, and `METADATA` made anew."""
    path = stem.with_name(stem.name + ".crate.zip")
    files = _files(tables.run.path)
    contents = {name: (tables.run.path / name).read_bytes() for name in files}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {METADATA: _json(metadata(tables, contents)), **contents}.items():
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return [path]


def metadata(tables: Tables, contents: dict[str, bytes]) -> dict[str, Any]:
    """The JSON-LD document of a crate of these files."""
    told = about(tables)
    run, facts = tables.run, tables.run.facts
    begun = told.get("begun", "")
    what = f"{told.get('protocol', 'a run')} on {told.get('sample') or 'no named sample'}"
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": tables.name,
        "description": (
            f"{told.get('mode', '')} run of {what}, bench {told.get('bench', 'unknown')}. "
            f"Verdict of its check: {told['verdict']}. Record: {told['state']}."
        ).lstrip(),
        "datePublished": told.get("ended", begun) or "1970-01-01",
        "hasPart": [{"@id": name} for name in contents],
        "mentions": [{"@id": "#run"}],
        "identifier": told.get("run_id", told["head_hash"]),
        "variableMeasured": [{"@id": f"#column-{c.name}"} for c in _measured(tables)],
    }
    action: dict[str, Any] = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": what,
        "instrument": [{"@id": "#labctl"}, *({"@id": i["@id"]} for i in _instruments(tables))],
        "object": [{"@id": n} for n in ("protocol.yaml", "bench.yaml", "sample.yaml")
                   if n in contents],
        "result": [{"@id": "journal.jsonl"}],
        "actionStatus": {
            "@id": "http://schema.org/"
            + ("CompletedActionStatus" if run.ended and run.ended.outcome == "completed"
               else "FailedActionStatus")
        },
    }  # fmt: skip
    for key, at in (("startTime", "begun"), ("endTime", "ended")):
        if at in told:
            action[key] = told[at]
    if not (run.ended and run.ended.outcome == "completed"):
        action["error"] = run.ended.why or run.ended.outcome if run.ended else run.words
    graph: list[dict[str, Any]] = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        root,
        action,
        {
            "@id": "#labctl",
            "@type": "SoftwareApplication",
            "name": "labctl",
            "softwareVersion": told.get("version", "unknown"),
        },
    ]
    user = facts.get("user")
    if isinstance(user, str) and user:
        action["agent"] = {"@id": "#user"}
        graph.append({"@id": "#user", "@type": "Person", "name": user})
    graph += _instruments(tables)
    graph += [_file(name, data, told["head_hash"]) for name, data in contents.items()]
    graph += [
        {
            "@id": f"#column-{c.name}",
            "@type": "PropertyValue",
            "name": c.channel or c.name,
            "unitText": c.unit,
            "description": c.meaning,
        }
        for c in _measured(tables)
    ]
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def _measured(tables: Tables) -> list[Column]:
    return [tables.columns[0], *tables.of(Role.VALUE)]


def _instruments(tables: Tables) -> list[dict[str, Any]]:
    found = {}
    for other in tables.others:
        if other.kind == "instrument-found":
            told = json.loads(other.body)
            found[told["instrument"]] = {
                "@id": f"#instrument-{told['instrument']}",
                "@type": "IndividualProduct",
                "name": told["instrument"],
                "description": f"{told['identity']}, driver {told['driver']}",
            }
    return list(found.values())


def _file(name: str, data: bytes, head_hash: str) -> dict[str, Any]:
    fallback = (_TYPES.get(Path(name).suffix, "application/octet-stream"), "")
    kind, words = _KINDS.get(name, fallback)
    entity: dict[str, Any] = {
        "@id": name,
        "@type": "File",
        "name": name,
        "encodingFormat": kind,
        "contentSize": str(len(data)),
        "sha256": hashlib.sha256(data).hexdigest(),
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
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
