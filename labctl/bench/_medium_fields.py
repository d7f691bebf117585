"""The keys of a bench file that speak of the medium: thermostat, stocks, assays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from labctl.quantities import Kind
from labctl.yamlfile import (
    Amount,
    Date,
    Field,
    ListOf,
    MapOf,
    Node,
    Reader,
    Shape,
    Table,
    Text,
    Truth,
)

_KEY = r"[a-z][a-z0-9_-]{0,31}"
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PER = {"mol/m^3": 1.0, "mM": 1.0, "uM": 1e-3, "nM": 1e-6}
SIGNAL_UNITS = {"counts": "what a detector counts", "AU": "absorbance"}


@dataclass(frozen=True, slots=True)
class Signal(Shape[tuple[float, str]]):
    """An instrument's own signal, `12 counts`; `per`: over a concentration, `4200 counts/mM`, which
    is read as over mol/m^3."""

    per: bool = False

    @property
    def _pattern(self) -> str:
        over = rf"\s*/\s*({'|'.join(re.escape(unit) for unit in _PER)})" if self.per else ""
        return rf"\s*({_NUMBER})\s*({'|'.join(SIGNAL_UNITS)}){over}\s*"

    def read(self, node: Node, reader: Reader) -> tuple[float, str] | None:
        text = reader.text(node, "a signal")
        if text is None:
            return None
        found = re.fullmatch(self._pattern, text, re.ASCII)
        if found is None:
            example = "4200 counts/mM" if self.per else "12 counts"
            reader.add(
                node,
                "P020",
                f"'{text[:40]}' is not a signal{' over a concentration' if self.per else ''}",
                f"Write it as '{example}'; units are {' and '.join(SIGNAL_UNITS)}.",
            )
            return None
        value = float(found[1]) / (_PER[found[3]] if self.per else 1.0)
        return value, found[2]

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self._pattern}$"}


DATE = Field("date", Date(), "When it was made or measured", True)
SOURCE = Field("source", Text(300), "How it was made or measured, with what", True)
PLACEHOLDER = Field(
    "placeholder", Truth(), "true for a number that stands in until somebody measures it"
)
DEVIATION = Field("deviation", Amount(Kind.FRACTION, 0.0, 1.0), "One relative standard deviation")

MAX_BATH = Field("max_temperature", Amount(Kind.TEMPERATURE, 0.0, 100.0),
                 "Highest set point; at most the bench's limit `temperature`", True)  # fmt: skip
THERMOSTAT = Field(
    "thermostat",
    Table("thermostat", (MAX_BATH,)),
    "What keeps the surroundings of the sample at a temperature",
)

CHANNEL = Field("channel", Text(16), "Of the doser, as its settings name it", True)
STRENGTH = Field("concentration", Amount(Kind.SUBSTANCE_CONCENTRATION, positive=True),
                 "Of the agent in the stock")  # fmt: skip
PH = Field("pH", Amount(Kind.PH, 0.0, 14.0), "Of the medium then", True)
PER_ML = Field("per_mL", Amount(Kind.VOLUME, 0.0, 1e-6),
               "Volume of the stock that 1 mL of the untouched medium has had by then",
               True)  # fmt: skip
TITRATION = Field(
    "titration",
    ListOf(Table("point of a titration", (PH, PER_ML))),
    "pH of the medium against what was added, the untouched medium first",
)
TITRATED_MEDIUM = Field("medium", Text(200), "In which the titration was made")
STOCKS = Field(
    "stocks",
    MapOf(
        Table(
            "stock",
            (CHANNEL, STRENGTH, TITRATION, TITRATED_MEDIUM, DEVIATION, DATE, SOURCE, PLACEHOLDER),
        ),
        _KEY,
    ),
    "What the doser adds, by the agent's name",
)

MEDIUM = Field("medium", Text(200), "In which the standards were measured", True)
SLOPE = Field("slope", Signal(per=True), "Signal per concentration", True)
SLOPE_DEVIATION = Field("slope_deviation", Amount(Kind.FRACTION, 0.0, 1.0),
                        "One relative standard deviation of the slope", True)  # fmt: skip
OFFSET = Field("offset", Signal(), "Signal of the medium without the species", True)
OFFSET_DEVIATION = Field("offset_deviation", Signal(), "One standard deviation of it", True)
NOISE = Field("noise", Signal(), "One standard deviation of a single measurement", True)
LOW = Field("from", Amount(Kind.SUBSTANCE_CONCENTRATION, 0.0), "Lowest standard", True)
HIGH = Field("to", Amount(Kind.SUBSTANCE_CONCENTRATION, positive=True), "Highest standard", True)
REMOVED = Field("removed_volume", Amount(Kind.VOLUME, 0.0),
                "Of the medium, drawn by each measurement and not given back")  # fmt: skip
EXPIRES = Field("expires", Date(), "The last day on which it is taken without a warning")
ASSAYS = Field(
    "assays",
    MapOf(
        Table(
            "assay",
            (MEDIUM, SLOPE, SLOPE_DEVIATION, OFFSET, OFFSET_DEVIATION, NOISE, LOW, HIGH, REMOVED,
             DATE, EXPIRES, SOURCE, PLACEHOLDER),
        ),
        _KEY,
    ),
    "Calibrations in the medium, by the species' name",
)  # fmt: skip

MEDIUM_FIELDS = (THERMOSTAT, STOCKS, ASSAYS)
