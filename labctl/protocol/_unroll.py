"""Steps as they were read -> steps of a plan: repeats unrolled, rules between keys checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl import clock
from labctl.protocol._conditions import (
    Above,
    Below,
    Condition,
    EfficiencyKnown,
    Elapsed,
    Steady,
    TimeConstants,
)
from labctl.protocol._fields import (
    ABOVE,
    AT_MOST,
    CHANNEL,
    DRIFT,
    EFFICIENCY,
    ELAPSED,
    ELECTRICAL_POWER,
    FOR,
    IF_LATE,
    IRRADIANCE,
    POWER,
    REPEATED,
    STEADY,
    STEADY_CHANNEL,
    STEADY_FOR,
    STEP_NAME,
    TEXT,
    TIME_CONSTANTS,
    TIMES,
    UNTIL,
    VALUE,
    WITHIN,
)
from labctl.protocol._steps import Baseline, Cool, Heat, Irradiate, Log, Prompt, Step
from labctl.quantities import Kind
from labctl.yamlfile import Chosen, Mark, Reader, Row

MOST_STEPS = 5000
"""After unrolling."""


class Unroller:
    """Makes the steps of one protocol. Problems go to the reader."""

    def __init__(self, needs: Mapping[str, str], reader: Reader) -> None:
        self.steps: list[Step] = []
        self.marks: dict[str, Mark] = {}
        self._needs = needs
        self._reader = reader
        self._full = False

    def add_all(self, chosen: list[Chosen], path: str = "steps", cycle: str = "") -> None:
        """Take in a list of steps; `cycle` says in which round of a repeat they are."""
        for number, step in enumerate(chosen):
            if self._full:
                return
            here = f"{path}[{number}]"
            if step.key == "repeat":
                self._repeat(step, here)
            elif isinstance(step.value, Row):
                self._add(step, step.value, here, cycle)

    def _repeat(self, step: Chosen, path: str) -> None:
        if not isinstance(step.value, Row):
            return
        times, inner = step.value[TIMES] or 1, step.value[REPEATED] or []
        for cycle in range(1, times + 1):
            self.add_all(inner, f"{path}.repeat.steps", f" ({cycle} of {times})")

    def _add(self, step: Chosen, row: Row, path: str, cycle: str) -> None:
        if len(self.steps) >= MOST_STEPS:
            self._full = True
            self._reader.add(
                step.key_node, "P045", f"the protocol has more than {MOST_STEPS} steps, unrolled",
                "Repeat less often.",
            )  # fmt: skip
            return
        self.marks[path] = step.key_node.mark
        for field in (POWER, IRRADIANCE, FOR, UNTIL, AT_MOST):
            if row.has(field):
                self.marks[f"{path}.{field.name}"] = row.at(field).mark
        made = _MAKERS[step.key](
            self,
            row,
            {
                "index": len(self.steps),
                "name": f"{step.common.get(STEP_NAME.name) or step.key}{cycle}",
                "path": path,
                "line": step.key_node.mark.line,
            },
        )
        if made is not None:
            self.steps.append(made)

    def baseline(self, row: Row, common: dict[str, Any]) -> Step | None:
        self._needs_probe(row, "a baseline")
        duration = row[FOR]
        if duration is None:
            if not row.meant(FOR):
                self._missing_for(row, "a baseline")
            return None
        return Baseline(**common, duration_ns=clock.ns(duration), drift_k=row[DRIFT])

    def irradiate(self, row: Row, common: dict[str, Any]) -> Step | None:
        self._needs_probe(row, "an irradiation")
        if "laser" not in self._needs:
            self._reader.add(
                row.node,
                "P046",
                "an irradiation needs a laser, and `needs` lists none",
                "Add 'laser: laser' (or 'laser: manual') to `needs`.",
            )
        power, irradiance = row[POWER], row[IRRADIANCE]
        if row.meant(POWER) == row.meant(IRRADIANCE):
            both = row.meant(POWER)
            self._reader.add(
                row.key(IRRADIANCE),
                "P041",
                "power and irradiance are both given" if both else "how strong? no power is given",
                "Give one: 'power: 1.0 W' at the sample, or 'irradiance: 1 W/cm^2'.",
            )
        bounds = self._bounds(row, "an irradiate step")
        if bounds is None or (power is None and irradiance is None):
            return None
        until, at_most_ns = bounds
        return Irradiate(
            **common,
            stated_power_w=power,
            irradiance_w_per_m2=irradiance,
            at_most_ns=at_most_ns,
            until=until,
            if_late=row[IF_LATE] or "stop",
        )

    def heat(self, row: Row, common: dict[str, Any]) -> Step | None:
        self._needs_probe(row, "heating")
        if "heater" not in self._needs:
            self._reader.add(
                row.node,
                "P046",
                "heating needs a calibration resistor, and `needs` lists no heater",
                "Add 'heater: heater' to `needs`; light is `irradiate`.",
            )
        power = row[ELECTRICAL_POWER]
        bounds = self._bounds(row, "a heat step")
        if bounds is None or power is None:
            return None
        until, at_most_ns = bounds
        return Heat(
            **common,
            power_w=power,
            at_most_ns=at_most_ns,
            until=until,
            if_late=row[IF_LATE] or "stop",
        )

    def cool(self, row: Row, common: dict[str, Any]) -> Step | None:
        self._needs_probe(row, "cooling")
        bounds = self._bounds(row, "a cool step")
        if bounds is None:
            return None
        until, at_most_ns = bounds
        return Cool(
            **common, at_most_ns=at_most_ns, until=until, if_late=row[IF_LATE] or "continue"
        )

    def log(self, row: Row, common: dict[str, Any]) -> Step | None:
        duration, at_most = row[FOR], row[AT_MOST]
        if row.has(FOR) and row.has(AT_MOST):
            self._reader.add(
                row.key(AT_MOST),
                "P043",
                "for and at_most are both given",
                "`for` is how long; `at_most` bounds a log that a person ends. Keep one.",
            )
        if not row.meant(FOR) and not row.meant(AT_MOST):
            self._for_ever(row, "a log step", "Add 'for: 10 min', or 'at_most: 24 h'.")
        length = at_most if duration is None else duration
        if length is None:
            return None
        return Log(**common, at_most_ns=clock.ns(length), until_stopped=duration is None)

    def prompt(self, row: Row, common: dict[str, Any]) -> Step | None:
        text, at_most = row[TEXT], row[AT_MOST]
        if text is None:
            return None
        return Prompt(
            **common, text=text, at_most_ns=None if at_most is None else clock.ns(at_most)
        )

    def _bounds(self, row: Row, what: str) -> tuple[Condition | None, int] | None:
        """Condition and longest time of a step that has `for`, or `until` with `at_most`."""
        reader = self._reader
        if row.has(FOR):
            for field in (UNTIL, AT_MOST, IF_LATE):
                if row.has(field):
                    reader.add(
                        row.key(field),
                        "P043",
                        f"`for` and `{field.name}` are both given",
                        "Give `for` alone, or `until` with `at_most`.",
                    )
            duration = row[FOR]
            return None if duration is None else (None, clock.ns(duration))
        if not row.has(UNTIL):
            if not row.meant(FOR) and not row.meant(UNTIL):
                self._missing_for(row, what)
            return None
        chosen = row[UNTIL]
        condition = self._condition(chosen, what) if chosen is not None else None
        if not row.meant(AT_MOST):
            self._for_ever(
                row, what, "Add for example 'at_most: 20 min' beside `until`.", row.key(UNTIL).mark
            )
        at_most = row[AT_MOST]
        if condition is None or at_most is None:
            return None
        return condition, clock.ns(at_most)

    def _missing_for(self, row: Row, what: str) -> None:
        until = "" if what == "a baseline" else ", or 'until: {...}' with 'at_most: 20 min'"
        self._for_ever(row, what, f"Add 'for: 10 min'{until}.")

    def _for_ever(self, row: Row, what: str, fix: str, mark: Mark | None = None) -> None:
        self._reader.add(mark or row.node.mark, "P042", f"{what} that could run for ever", fix)

    def _condition(self, chosen: Chosen, what: str) -> Condition | None:
        value = chosen.value
        if chosen.key == ELAPSED.name:
            return None if value is None else Elapsed(clock.ns(value))
        if chosen.key == TIME_CONSTANTS.name:
            return None if value is None else TimeConstants(value)
        if chosen.key == EFFICIENCY.name:
            if what != "an irradiate step":
                self._reader.add(
                    chosen.key_node,
                    "P044",
                    f"`{EFFICIENCY.name}` cannot end {what}: light alone tells an efficiency",
                    "Use it in an `irradiate` step; a cooling ends with 'time_constants: 1'.",
                )
            return None if value is None else EfficiencyKnown(value)
        if not isinstance(value, Row):
            return None
        if chosen.key == STEADY.name:
            within, over = value[WITHIN], value[STEADY_FOR]
            channel = value[STEADY_CHANNEL] or "probe"
            self._thermometer(channel, value.at(STEADY_CHANNEL).mark)
            if within is None or over is None:
                return None
            return Steady(channel, within, clock.ns(over))
        return self._threshold(chosen, value)

    def _threshold(self, chosen: Chosen, row: Row) -> Condition | None:
        channel, quantity = row[CHANNEL], row[VALUE]
        if channel is None:
            return None
        first, _, second = channel.partition(" - ")
        for role in filter(None, (first, second)):
            self._thermometer(role, row.at(CHANNEL).mark)
        if quantity is None:
            return None
        kind = Kind.TEMPERATURE_DIFFERENCE if second else Kind.TEMPERATURE
        if quantity.kind is not kind:
            unit = "K" if second else "degC"
            self._reader.add(
                row.at(VALUE),
                "P023",
                f"'{channel}' is a {kind}, and the value is a {quantity.kind}",
                f"Write the value in {unit}.",
            )
            return None
        make = Above if chosen.key == ABOVE.name else Below
        return make(first, second or None, quantity.value)

    def _thermometer(self, role: str, mark: Mark) -> None:
        if self._needs.get(role) != "thermometer":
            self._reader.add(
                mark,
                "P046",
                f"a condition uses '{role}', and `needs` lists no thermometer of that name",
                f"Add '{role}: thermometer' to `needs`.",
            )

    def _needs_probe(self, row: Row, what: str) -> None:
        if self._needs.get("probe") != "thermometer":
            self._reader.add(
                row.node,
                "P046",
                f"{what} needs a thermometer in the sample, and `needs` lists no probe",
                "Add 'probe: thermometer' to `needs`.",
            )


_MAKERS = {
    "baseline": Unroller.baseline,
    "irradiate": Unroller.irradiate,
    "heat": Unroller.heat,
    "cool": Unroller.cool,
    "log": Unroller.log,
    "prompt": Unroller.prompt,
}
