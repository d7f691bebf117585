"""Rules between the keys of a step: what `needs` must list, how a step is bounded in time."""

from __future__ import annotations

from collections.abc import Mapping

from labctl import clock
from labctl.protocol._condition_reader import read_condition
from labctl.protocol._conditions import Condition
from labctl.protocol._fields import AT_MOST, FOR, IF_LATE, UNTIL
from labctl.yamlfile import Chosen, Field, Mark, Reader, Row


class Checks:
    """What the makers of steps ask; problems go to the reader."""

    def __init__(self, needs: Mapping[str, str], reader: Reader) -> None:
        self.needs = needs
        self.reader = reader

    def probe(self, row: Row, what: str) -> None:
        """The step needs a thermometer in the sample."""
        if self.needs.get("probe") != "thermometer":
            self.reader.add(
                row.node,
                "P046",
                f"{what} needs a thermometer in the sample, and `needs` lists no probe",
                "Add 'probe: thermometer' to `needs`.",
            )

    def role(self, row: Row, role: str, what: str, fix: str) -> None:
        """The step needs this role, however it is played."""
        if role not in self.needs:
            self.reader.add(row.node, "P046", f"{what}, and `needs` lists none", fix)

    def bounds(self, row: Row, what: str) -> tuple[Condition | None, int] | None:
        """Condition and longest time of a step that has `for`, or `until` with `at_most`."""
        reader = self.reader
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
                self.for_missing(row, what)
            return None
        condition = self.condition(row, UNTIL, what)
        at_most_ns = self.at_most(row, what, row.key(UNTIL).mark)
        if condition is None or at_most_ns is None:
            return None
        return condition, at_most_ns

    def at_most(self, row: Row, what: str, mark: Mark | None = None) -> int | None:
        """Longest time of a step that must say it."""
        if not row.meant(AT_MOST):
            beside = " beside `until`" if row.has(UNTIL) else ""
            self.for_ever(row, what, f"Add for example 'at_most: 20 min'{beside}.", mark)
        at_most = row[AT_MOST]
        return None if at_most is None else clock.ns(at_most)

    def condition(self, row: Row, field: Field[Chosen], what: str) -> Condition | None:
        """The condition of a key; None after a problem or where the key is absent."""
        chosen = row[field]
        return None if chosen is None else read_condition(chosen, what, self.needs, self.reader)

    def for_missing(self, row: Row, what: str) -> None:
        """Neither `for` nor `until` is given."""
        until = "" if what == "a baseline" else ", or 'until: {...}' with 'at_most: 20 min'"
        self.for_ever(row, what, f"Add 'for: 10 min'{until}.")

    def for_ever(self, row: Row, what: str, fix: str, mark: Mark | None = None) -> None:
        """Nothing bounds the step."""
        self.reader.add(mark or row.node.mark, "P042", f"{what} that could run for ever", fix)
