"""labctl's own log of a run: a line a change of state, and none a reading."""

from __future__ import annotations

import io

from labctl import log
from labctl.cli._event_log import EventLog
from labctl.events import Reading, Sample, StateChanged, Tripped


def test_changes_of_state_are_logged_and_readings_are_not() -> None:
    """At level info a state and a trip are a line each, with the run's time and the bench."""
    stream = io.StringIO()
    log.configure("info", stream=stream)
    try:
        show = EventLog(log.logger(bench="bench-1")).show
        show(StateChanged(5, "DARK", "ARMED"))
        show(Sample(6, 6, (Reading("probe.temperature", 25.0, "degC", 6),)))
        show(Tripped(7, "lease", "no control step"))
    finally:
        log.configure()

    first, second = stream.getvalue().splitlines()
    assert "event=state-changed bench=bench-1 t_ns=5 old=DARK new=ARMED" in first
    assert "event=tripped" in second
    assert "rule=lease" in second
