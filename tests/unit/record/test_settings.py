"""Settings from the environment, and labctl's own log."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl import log
from labctl.errors import InputError
from labctl.settings import Settings, read_settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    yield
    log.configure()


def test_nothing_set_is_the_default() -> None:
    """Without variables, and with empty ones, the settings are the defaults."""
    empty = {"LABCTL_BENCH": "", "LABCTL_RUNS": "", "LABCTL_LOG": "", "NO_COLOR": ""}

    assert Settings() == read_settings({}) == read_settings(empty)


def test_what_is_set_is_taken() -> None:
    """Each variable has its setting; `~` is the user's home."""
    given = {
        "LABCTL_BENCH": "~/b.yaml", "LABCTL_RUNS": "/data", "LABCTL_BROKER": "mqtt://h:1883",
        "LABCTL_LOG": "INFO", "NO_COLOR": "1",
    }  # fmt: skip
    expected = Settings(Path.home() / "b.yaml", Path("/data"), "mqtt://h:1883", "info", True)

    assert expected == read_settings(given)


def test_a_level_that_is_none_is_refused() -> None:
    """A word that means nothing is an error that says which there are."""
    with pytest.raises(InputError, match="debug, info, warning, error"):
        read_settings({"LABCTL_LOG": "loud"})


def test_the_log_is_quiet_by_default() -> None:
    """Below the level chosen nothing is written."""
    stream = io.StringIO()
    log.configure(stream=stream)
    log.logger().info("nothing to see")
    log.logger().debug("nor here")

    assert "" == stream.getvalue()


def test_a_line_has_its_fields() -> None:
    """`key=value`, those of the logger before those of the line."""
    stream = io.StringIO()
    log.configure("debug", stream=stream)
    log.logger(run="007").bind(port="sim://x").warning("port lost", after_s=1.5, why="no reply")

    _, _, rest = stream.getvalue().partition(" ")
    assert (
        'level=warning event="port lost" run=007 port=sim://x after_s=1.5 why="no reply"\n' == rest
    )


def test_a_line_can_be_json() -> None:
    """One object a line, whatever the values are."""
    stream = io.StringIO()
    log.configure("info", as_json=True, stream=stream)
    log.logger().error("disk", path=Path("/data"))
    line = json.loads(stream.getvalue())

    assert ("error", "disk", "/data") == (line["level"], line["event"], line["path"])
    assert line["at"].endswith("Z")


def test_the_log_costs_nothing_until_it_speaks() -> None:
    """structlog is imported with the first line that is written."""
    code = (
        "import sys\n"
        "from labctl import log\n"
        "log.logger().info('quiet')\n"
        "assert 'structlog' not in sys.modules\n"
        "log.logger().error('loud')\n"
        "assert 'structlog' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert 0 == done.returncode, done.stderr
    assert "event=loud" in done.stderr
