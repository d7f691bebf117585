"""The telemetry of a run as its owner sees it."""

from __future__ import annotations

import subprocess
import sys

from labctl.events import Mode
from labctl.telemetry import BrokerChoice, Telemetry
from tests.unit.telemetry import runs
from tests.unit.telemetry.conftest import ROOT


def test_off_is_off() -> None:
    """Switched off, it takes events, starts no thread and says so."""
    said: list[str] = []
    telemetry = Telemetry(
        "b", Mode.REAL, {}, BrokerChoice(off=True), utc_zero_ns=0, say=said.append
    )
    telemetry.start()
    for event in runs.run():
        telemetry.publish(event)
    assert telemetry.close()
    assert ["telemetry is off"] == said
    assert not telemetry.wait_ready(0)


def test_importing_it_imports_no_mqtt_library() -> None:
    """The start of a run does not wait for aiomqtt or paho."""
    code = "import sys, labctl.telemetry; print([m for m in sys.modules if 'mqtt' in m.lower()])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    libraries = [m for m in ("'aiomqtt'", "'paho'", "'amqtt'") if m in done.stdout]
    assert [] == libraries
