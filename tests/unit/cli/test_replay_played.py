"""`labctl replay --mqtt` and `--page`: what is refused before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.cli import main
from labctl.record import RunFolder
from tests.unit.record.some_events import run


@pytest.fixture
def record(tmp_path: Path) -> Path:
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run():
        journal.append(event)
    folder.finish()
    return folder.path


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--speed", "10"], "--speed is for --mqtt or --page"),
        (["--root", "a/b"], "--root is for --mqtt"),
        (["--mqtt", "auto", "--port", "1"], "--port is for --page"),
        (["--mqtt", "auto", "--page"], "one at a time"),
        (["--mqtt", "auto", "--speed", "0"], "'0' is no speed"),
        (["--page", "--speed", "soon"], "'soon' is no speed"),
        (["--mqtt", "off"], "there is no broker to replay onto"),
        (["--mqtt", "http://x"], "not the address of an MQTT broker"),
    ],
)
def test_what_cannot_be_is_refused(
    record: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    """In one clear error, exit code 2."""
    with pytest.raises(SystemExit) as left:
        main(["replay", str(record), *more])

    assert 2 == left.value.code
    assert said in capsys.readouterr().err
