"""What is watched while a thermostat may warm the sample: nothing else guards a sample in the dark.

The guard of a light keeps its own limits. A run without light has no guard, and a bath that runs
away would cook the sample unseen. So does one whose sample nobody sees: it does not go on for long.
"""

from __future__ import annotations

from labctl.bench import BenchFile, ThermostatRole
from labctl.clock import NS
from labctl.errors import SafetyError
from labctl.events import Reading
from labctl.limits import tighten
from labctl.protocol import Plan

UNSEEN_NS = 60 * NS
"""So long at most something in the dark goes on without a reading of what would end it: a bath
changes its sample by a kelvin or two in that."""


class Warmth:
    """Looks at the thermostat and at the probe after each tick."""

    def __init__(self, thermostat: ThermostatRole, plan: Plan, bench_file: BenchFile) -> None:
        self._thermostat = thermostat
        self._most_degc = tighten(bench_file.limits, plan.limits).temperature_degc
        self._seen_ns: int | None = None

    def check(self, probe: Reading | None, now_ns: int) -> None:
        """SafetyError for a thermostat that is not as it must be, and, while it regulates, for a
        sample above the limit or one that has not been seen for `UNSEEN_NS`."""
        trouble = self._thermostat.trouble()
        if trouble:
            raise SafetyError(f"thermostat: {trouble}")
        most = self._most_degc
        if not self._thermostat.running:
            self._seen_ns = None
            return
        if probe is not None:
            self._seen_ns = probe.t_ns
        elif self._seen_ns is None:
            self._seen_ns = now_ns
        if now_ns - (self._seen_ns or 0) > UNSEEN_NS:
            raise SafetyError(
                f"the sample in the thermostat has not been seen for {UNSEEN_NS / NS:g} s: the "
                "probe gives no valid reading"
            )
        if probe is not None and most is not None and probe.value > most:
            raise SafetyError(
                f"the sample is at {probe.value:.2f} degC in the thermostat, above the limit of "
                f"{most:g} degC"
            )
