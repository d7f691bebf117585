"""What is watched while a thermostat may warm the sample: nothing else guards a sample in the dark.

The guard of a light keeps its own limits. A run without light has no guard, and a bath that runs
away would cook the sample unseen.
"""

from __future__ import annotations

from labctl.bench import BenchFile, ThermostatRole
from labctl.errors import SafetyError
from labctl.events import Reading
from labctl.limits import tighten
from labctl.protocol import Plan


class Warmth:
    """Looks at the thermostat and at the probe after each tick."""

    def __init__(self, thermostat: ThermostatRole, plan: Plan, bench_file: BenchFile) -> None:
        self._thermostat = thermostat
        self._most_degc = tighten(bench_file.limits, plan.limits).temperature_degc

    def check(self, probe: Reading | None) -> None:
        """SafetyError for a thermostat that is not as it must be, or a sample above the limit while
        it regulates."""
        trouble = self._thermostat.trouble()
        if trouble:
            raise SafetyError(f"thermostat: {trouble}")
        most = self._most_degc
        if not self._thermostat.running or probe is None or most is None:
            return
        if probe.value > most:
            raise SafetyError(
                f"the sample is at {probe.value:.2f} degC in the thermostat, above the limit of "
                f"{most:g} degC"
            )
