"""`labctl bench init`: what is wrong with where it is to be written is one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.bench import Device, Scan
from labctl.cli import _bench, main
from labctl.instruments import Answerer, Identity, Place

AT = ["--only-at", "--at", "socket://192.0.2.7:4001"]


def ended(args: list[str]) -> int:
    """The exit code of `labctl ARGS`."""
    with pytest.raises(SystemExit) as left:
        main(args)
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One laser answers; no port is opened."""
    place = Place("socket://192.0.2.7:4001", listed=False)
    who = Answerer(place.address, "arroyo-laser", Identity("Arroyo", "6310", "1"))
    found = Scan((Device(place, who),), ())
    monkeypatch.setattr(_bench, "scanned", lambda at, only_at: found)


@pytest.mark.usefixtures("answers")
def test_a_name_with_blanks_and_umlauts_is_written_and_quoted_in_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "meine Bänke.yaml"
    assert 0 == ended(["bench", "init", "bench-3", *AT, "--out", str(out)])
    assert "arroyo-laser" in out.read_text(encoding="utf-8")
    assert f"labctl validate '{out}'" in capsys.readouterr().out


@pytest.mark.usefixtures("answers")
def test_a_folder_that_is_not_there_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "nowhere" / "bench.yaml"
    assert 2 == ended(["bench", "init", "bench-3", *AT, "--out", str(out)])
    assert f"there is no folder {out.parent}" in capsys.readouterr().err


@pytest.mark.usefixtures("answers")
def test_a_folder_that_is_read_only_is_told_as_data_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bench.os, "access", lambda *_: False)
    out = tmp_path / "bench.yaml"
    assert 6 == ended(["bench", "init", "bench-3", *AT, "--out", str(out)])
    said = capsys.readouterr().err
    assert "cannot be written" in said and str(out) in said
    assert not out.exists()


@pytest.mark.parametrize("verb", [["devices"], ["bench", "init", "bench-3"]])
def test_only_at_without_an_address_is_bad_input(
    verb: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It would ask nothing, and "nothing is plugged in" would be no truth."""
    monkeypatch.chdir(tmp_path)
    assert 2 == ended([*verb, "--only-at"])
    assert "--at names nothing" in capsys.readouterr().err
