"""From a run, or from a protocol alone, to the files of a pack."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from labctl import protocol as protocols
from labctl import sample as samples
from labctl import yamlfile
from labctl.batch import find_limits, load_limits
from labctl.errors import RefusedError
from labctl.events import Mode
from labctl.record import Outcome, describe_run, verify_run

_STATED = ("wavelength", "spot_area", "power_at_sample", "pick_off", "probe", "thermocouples",
           "vessel", "field", "assays")  # fmt: skip
"""Of a bench file: what its numbers rest on. Its instruments, addresses, interlock, arming and
waivers stay where they are."""
_FACTS = ("run_id", "begun", "ended", "versions", "outcome", "verdict", "reasons",
          "results", "budget", "improve", "assumptions", "dose", "energy_j", "duration_s",
          "samples")  # fmt: skip


def make_from_run(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Files and what the manifest says, of the run in `folder`. RefusedError for one that is no
    run, did not come to its end, or whose record is not as it was written."""
    checked = verify_run(folder)
    run = describe_run(folder)
    where = str(folder)
    if checked.outcome is not Outcome.INTACT:
        raise RefusedError(
            "a reference must be intact", where=where,
            seen=f"{checked.outcome.value}: {checked.why[0]}",
        )  # fmt: skip
    if run.begun is None or run.ended is None or run.begun.mode is Mode.IMPORTED:
        raise RefusedError("this is no run that has ended", where=where)
    if run.ended.outcome != "completed":
        raise RefusedError(
            f"the run did not complete: {run.ended.outcome}", where=where, seen=run.ended.why,
            fix="A reference is a run that came to its end.",
        )  # fmt: skip
    files = {"protocol.yaml": _kept(folder, "protocol.yaml")}
    if (folder / "sample.yaml").is_file():
        files["sample.yaml"] = _kept(folder, "sample.yaml")
    bench = _plain(folder / "bench.yaml")
    limits: dict[str, Any] = {}
    # A protocol's own are the tighter ones.
    for said in (bench.get("limits"), _plain(folder / "protocol.yaml").get("limits")):
        limits |= said if isinstance(said, dict) else {}
    files["limits.yaml"] = _yaml(limits)
    stated = {key: bench[key] for key in _STATED if key in bench}
    files["calibration.yaml"] = _yaml(stated)
    begun = run.begun
    reference = {
        "schema": "labctl.reference/1",
        "mode": begun.mode.value,
        "protocol": begun.protocol,
        "protocol_digest": begun.protocol_digest,
        "bench": begun.bench,
        "sample": begun.sample,
        "sample_digest": begun.sample_digest,
        "seed": begun.seed,
        "head_hash": run.head_hash,
        **{key: run.facts[key] for key in _FACTS if key in run.facts},
    }
    files["reference.json"] = _json(reference)
    about = {
        "made_of": "run",
        "name": begun.protocol,
        "sample": begun.sample,
        "mode": begun.mode.value,
        "head_hash": run.head_hash,
    }
    return files, about


def make_from_protocol(
    name: str, sample: str | None = None, parameters: Sequence[str] = ()
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The same of a protocol alone: nothing to compare with is in it. InputError with every problem
    of the files; RefusedError for a series."""
    plan = protocols.load(protocols.find(name), parameters)
    files = {"protocol.yaml": plan.dump().encode()}
    specimen = None if sample is None else samples.load(samples.find(sample))
    if specimen is not None:
        files["sample.yaml"] = specimen.dump().encode()
    about = {
        "made_of": "protocol",
        "name": plan.name,
        "sample": "" if specimen is None else specimen.name,
        "mode": None,
        "head_hash": None,
    }
    return files, about


def release_limits(name: str) -> bytes:
    """A limits file of `labctl batch` as it stands, once it has been read. InputError with every
    problem."""
    path = find_limits(name)
    load_limits(path)
    return path.read_bytes()


def _kept(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise RefusedError(
            f"the record has no {name}", where=str(folder), seen=error.strerror or ""
        ) from error


def _plain(path: Path) -> dict[str, Any]:
    node, _ = yamlfile.read_text(yamlfile.open_source(path))
    values = yamlfile.plain(node)
    return values if isinstance(values, dict) else {}


def _yaml(values: Mapping[str, Any]) -> bytes:
    return yamlfile.dump(values).encode()


def _json(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()
