"""Damaged records, and folders of strange names, are listed as such and hide no other."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.records._made import BRIEF, simulated
from labctl.catalogue import Catalogue
from labctl.service._scoped import Json
from tests.unit.service.kept import API, client, make_service


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def test_a_damaged_record_is_listed_as_such_and_is_never_a_fault(tmp_path: Path) -> None:
    """A name that is no UTF-8; a run.json that is cut, no object, too deep, too large a number or
    no file; a journal that is gone, or a pipe; a link that leads to itself."""
    simulated(tmp_path / "runs", 1, BRIEF)
    (run,) = (tmp_path / "runs").glob("*/001-*")
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))

    def made(name: bytes) -> Path:
        new = Path(os.fsdecode(os.fsencode(run.parent) + b"/" + name))
        shutil.copytree(run, new)
        return new

    def efficiency(value: str) -> bytes:
        odd = {**facts, "results": {"efficiency": {"value": "HERE"}}}
        return json.dumps(odd).replace('"HERE"', value).encode()

    made(b"002-no-\xff-utf8")
    cannot: dict[bytes, bytes] = {
        b"010-cut": b'{"run_id": ', b"011-list": b"[]", b"012-deep": b"[" * 100_000,
        b"013-bytes": b"\xff\x00", b"014-digits": efficiency("9" * 5000),
    }  # fmt: skip
    odd = {b"020-huge": efficiency("9" * 400), b"021-nan": efficiency("NaN"),
           b"022-inf": efficiency("1e999"), b"023-half": b'{"run_id": "\\ud800"}'}  # fmt: skip
    for name, text in {**cannot, **odd}.items():
        (made(name) / "run.json").write_bytes(text)
    changes: dict[bytes, Callable[[Path], Any]] = {
        b"030-none": lambda folder: (folder / "journal.jsonl").unlink(),
        b"031-pipe": lambda folder: _pipe(folder / "journal.jsonl"),
        b"032-loop": lambda folder: (shutil.rmtree(folder), folder.symlink_to(folder.name)),
        b"033-json": lambda folder: _pipe(folder / "run.json"),
    }
    for name, change in changes.items():
        change(made(name))

    somebody = client(make_service(tmp_path))
    for _ in range(2):
        said = somebody.get(f"{API}/runs?last=500")
        assert 200 == said.status_code
        told = {entry["path"].partition("/")[2]: entry for entry in said.json()}
        assert 2 + len(cannot) + len(odd) + len(changes) == len(told)
        strange = told["002-no-\\udcff-utf8"]
        assert (strange["state"], strange["opens"]) == ("closed", False)
        assert "not UTF-8" in strange["why"]
        for name in [*cannot, b"033-json"]:
            entry = told[name.decode()]
            assert ("closed", True) == (entry["state"], entry["opens"])
            assert "its run.json cannot be read" in entry["why"], name
        for name in odd:
            assert told[name.decode()]["efficiency"] is None
        for name in ("030-none", "031-pipe", "032-loop"):
            assert "unreadable" == told[name]["state"]
        assert "all steps done" == told[run.name]["why"]
    for name in told:
        for tail in ("", "/points"):
            assert somebody.get(f"{API}/runs/{run.parent.name}/{name}{tail}").status_code < 500


def test_a_day_that_cannot_be_looked_at_hides_no_other(tmp_path: Path) -> None:
    """As a link that leads to itself."""
    (tmp_path / "2026-01-01").symlink_to("2026-01-01")
    (tmp_path / "2026-01-02" / "001-x").mkdir(parents=True)
    with Catalogue(tmp_path) as catalogue:
        catalogue.refresh()
        assert ["2026-01-02/001-x"] == [entry.path for entry in catalogue.search()]


def test_a_number_that_is_none_is_null_on_the_wire() -> None:
    """In whatever a record has of it."""
    told = Json({"a": [float("nan"), (1.5, float("inf"))]}).body
    assert {"a": [None, [1.5, None]]} == json.loads(told)
