"""The campaign's log: torn at worst at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.campaign import CampaignLog
from labctl.errors import RecordError


def said(log: CampaignLog) -> list[str]:
    """What each line tells of."""
    return [line["what"] for line in log.read()]


def test_what_is_said_is_read_again(tmp_path: Path) -> None:
    """In order, with who and when."""
    with CampaignLog(tmp_path / "c") as log:
        log.say("declared", digest="x")
        log.say("begins", unit="u01")

    lines = CampaignLog(tmp_path / "c").read()
    assert ["declared", "begins"] == [line["what"] for line in lines]
    assert all(line["utc"] and line["user"] for line in lines)


@pytest.mark.parametrize("kept", range(1, 40, 6))
def test_a_torn_last_line_is_set_aside(tmp_path: Path, kept: int) -> None:
    """Wherever it was torn; the lines before it stand, and the log goes on."""
    with CampaignLog(tmp_path) as log:
        log.say("declared", digest="x")
        whole = log.path.stat().st_size
        log.say("begins", unit="u01")
    log.path.write_bytes(log.path.read_bytes()[: whole + kept])

    assert ["declared"] == said(log)
    with CampaignLog(tmp_path) as log:
        log.say("begins", unit="u02")
    assert ["declared", "begins"] == said(log)
    assert (tmp_path / "log.tail").stat().st_size == kept + 1


@pytest.mark.parametrize("line", [0, 1])
def test_a_changed_line_is_an_error(tmp_path: Path, line: int) -> None:
    """Nothing is run on such a log."""
    with CampaignLog(tmp_path) as log:
        log.say("excluded", reason="a spill")
        log.say("begins", reason="a spill")
        log.say("ended")
    lines = log.path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"spill", b"quill")
    log.path.write_bytes(b"".join(lines))

    with pytest.raises(RecordError, match="not as it was written"):
        log.read()


def test_a_line_taken_out_is_an_error(tmp_path: Path) -> None:
    """Each has the hash of the one before."""
    with CampaignLog(tmp_path) as log:
        for what in ("declared", "excluded", "ended"):
            log.say(what)
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(lines[0] + lines[2])

    with pytest.raises(RecordError, match="not as it was written"):
        log.read()


def test_one_process_at_a_time_holds_it(tmp_path: Path) -> None:
    """A second one is refused, and may take it afterwards."""
    with CampaignLog(tmp_path), pytest.raises(RecordError, match="another process"):
        CampaignLog(tmp_path).__enter__()
    with CampaignLog(tmp_path) as log:
        assert [] == log.read()
