"""What two tellings of the same readings differ in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labctl.clock import NS
from labctl.events import Alarm, Assessment, Event, to_dict


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was recorded."""

    what: str
    """`assessment efficiency`, `alarm step`, `verdict`, `verdict results.efficiency.value`, ..."""
    t_s: float
    """When in the run; of an assessment's field, for the first time."""
    recorded: Any
    """None where it was not told then."""
    now: Any
    """None where it is not told now."""
    times: int = 1
    """How many assessments differ in this field."""


def text(event: Event) -> str:
    """The event as a journal has it."""
    return json.dumps(to_dict(event), separators=(",", ":"), allow_nan=False)


class Differences:
    """Gathers what differs, in the order of the run."""

    def __init__(self) -> None:
        self._fields: dict[str, Difference] = {}
        self._others: list[Difference] = []

    def of_check(self, recorded: Sequence[Event], now: Sequence[Event]) -> None:
        """What the check said to one event, then and now."""
        if [text(event) for event in recorded] == [text(event) for event in now]:
            return
        then_alarms, now_alarms = _alarms(recorded), _alarms(now)
        for name in dict.fromkeys([*then_alarms, *now_alarms]):
            self.between(f"alarm {name}", then_alarms.get(name), now_alarms.get(name))
        then_said = [event for event in recorded if isinstance(event, Assessment)]
        now_said = [event for event in now if isinstance(event, Assessment)]
        for number in range(max(len(then_said), len(now_said))):
            self._assessment(_nth(then_said, number), _nth(now_said, number))

    def _assessment(self, recorded: Event | None, now: Event | None) -> None:
        for difference in _between("assessment", recorded, now):
            known = self._fields.get(difference.what)
            self._fields[difference.what] = (
                difference
                if known is None
                else Difference(
                    known.what, known.t_s, known.recorded, known.now, times=known.times + 1
                )
            )

    def between(self, name: str, recorded: Event | None, now: Event | None) -> None:
        """What one event, such as the verdict, differs in."""
        self._others += _between(name, recorded, now)

    def all(self) -> tuple[Difference, ...]:
        """Assessments first, then alarms, dose and verdict as they came."""
        return (*self._fields.values(), *self._others)


def _alarms(events: Sequence[Event]) -> dict[str, Event]:
    return {event.name: event for event in events if isinstance(event, Alarm)}


def _nth(events: Sequence[Event], number: int) -> Event | None:
    return events[number] if number < len(events) else None


def _between(name: str, recorded: Event | None, now: Event | None) -> Iterator[Difference]:
    if recorded is None or now is None:
        one = recorded or now
        if one is not None:
            was, is_now = (None if event is None else "told" for event in (recorded, now))
            yield Difference(name, one.t_ns / NS, was, is_now)
        return
    if text(recorded) == text(now):
        return
    then, today = dict(_flat("", to_dict(recorded))), dict(_flat("", to_dict(now)))
    for key in dict.fromkeys([*then, *today]):
        if json.dumps(then.get(key)) != json.dumps(today.get(key)):
            what = name if key == name else f"{name} {key}"
            yield Difference(what, recorded.t_ns / NS, then.get(key), today.get(key))


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every plain value with the way to it; criteria by their names, other lists whole."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), inner)
    elif path in ("criteria", "declared"):
        for criterion in value:
            name = criterion["name"]
            yield from _flat(
                f"{path}.{name}", {key: criterion[key] for key in criterion if key != "name"}
            )
    else:
        yield path, value
