"""The live curve: one row a sample with what the check said of it, thinned evenly when long."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from labctl.clock import NS
from labctl.events import LASER, Assessment, Beam, Emission, EmissionIntent, Event, Reading, Sample

COLUMNS = (
    "t_s", "probe_degc", "ambient_degc", "power_w", "predicted_degc", "sd_k", "efficiency",
    "efficiency_sd", "lit",
)  # fmt: skip
MOST = 6000
"""Rows kept; a longer run keeps every second, then every fourth."""

Row: TypeAlias = list[float | int | None]

_CHANNELS = {"probe.temperature": 1, "ambient.temperature": 2, "meter.power": 3}


class Points:
    """Events of one run in, rows out."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        # Of each row, made once: the whole at once would hold up the bench's thread.
        self._texts: list[str] = []
        self.laser_on_s: list[float] = []
        """When the laser was first told ON, of each emission."""
        self._every = 1
        self._count = 0
        self._pending: Row | None = None
        self._fresh: list[Row] = []
        self._lit: int | None = 0

    def feed(self, event: Event) -> None:
        """Take an event; those that are no part of a curve are ignored."""
        if isinstance(event, Sample):
            self.flush()
            row: Row = [None] * len(COLUMNS)
            row[0] = round(event.t_ns / NS, 4)
            for reading in event.readings:
                place = _CHANNELS.get(reading.channel)
                if place is not None and isinstance(reading, Reading):
                    row[place] = round(reading.value, 5)
            row[8] = self._lit
            self._pending = row
        elif isinstance(event, Assessment):
            self._assessed(event)
        elif isinstance(event, EmissionIntent) and event.source == LASER:
            self._lit = None
        elif isinstance(event, Emission) and event.source == LASER:
            was, self._lit = self._lit, {Beam.ON: 1, Beam.OFF: 0}.get(event.beam)
            if self._lit == 1 and was != 1:
                self.laser_on_s.append(round(event.t_ns / NS, 4))

    def _assessed(self, event: Assessment) -> None:
        """Onto its sample's row. One that was told already, as the check was late, is told again:
        a hole in the model's band would be there for good."""
        row, late = self._pending, False
        if row is None and self.rows and self.rows[-1][0] == round(event.t_ns / NS, 4):
            row, late = self.rows[-1], True
        if row is None:
            return
        row[4] = round(event.predicted_degc, 4)
        row[5] = round(event.predicted_sd_k, 5)
        row[6] = _rounded(event.efficiency)
        row[7] = _rounded(event.efficiency_sd_total)
        if not late:
            self.flush()
            return
        self._texts[-1] = json.dumps(row, separators=(",", ":"))
        if not (self._fresh and self._fresh[-1] is row):
            self._fresh.append(row)

    @property
    def waits(self) -> bool:
        """A sample is there that the check has not spoken of yet."""
        return self._pending is not None

    def flush(self) -> None:
        """The sample that waits becomes a row as it is."""
        row, self._pending = self._pending, None
        if row is None:
            return
        self._count += 1
        if (self._count - 1) % self._every:
            return
        self.rows.append(row)
        self._texts.append(json.dumps(row, separators=(",", ":")))
        self._fresh.append(row)
        if len(self.rows) > MOST:
            del self.rows[1::2]
            del self._texts[1::2]
            self._every *= 2

    def fresh(self) -> list[Row]:
        """The rows since the last call."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def text(self) -> str:
        """All of it as JSON."""
        columns = json.dumps(COLUMNS, separators=(",", ":"))
        return f'{{"columns":{columns},"rows":[{",".join(self._texts)}]}}'

    def table(self) -> dict[str, Any]:
        """All of it, as it travels."""
        return {"columns": list(COLUMNS), "rows": self.rows}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
