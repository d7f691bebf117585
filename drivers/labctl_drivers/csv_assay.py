"""A table that another program writes: what a plate reader's software exports while it measures.

No hardware was touched. No instrument is spoken to: the file is the interface, and labctl's own.

- the file has a line of column names, then one row a measurement: `time,species,value` (other
  columns are ignored; `;` or a tab in the place of `,`, and with those a decimal comma); UTF-8;
- the other program measures at its own pace and appends; a line without its end is still being
  written and is not read; rows that were there before are not taken for a new measurement;
- the address is `library+csv:///path/to/file.csv`.

A measurement is the first row of its species that appears after it was begun. Its time is that of
the look at which it was there, as the clock of the other program is not this run's.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Identity,
    IdentityError,
    InputError,
    Invalid,
    Line,
    Port,
    PortDisconnectedError,
    PortProtocolError,
    Reading,
    Settings,
)

_LINE = Line(b"\n", at_most=400)
_ASK_S = 1.0
_COLUMNS = ("species", "value")
_MOST_BYTES = 20_000_000
_NAME = r"[a-z][a-z0-9_-]{0,31}"


class CsvAssay:
    """Assay by the rows of a file."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="csv-assay",
        title="Rows that another program appends to a file (a plate reader's export)",
        capabilities=frozenset({"assay"}),
        transport="library",
        slowest_exchange_s=_ASK_S,
        settings={
            "species": "names as they stand in the file, e.g. [quinidine, doxorubicin]",
            "unit": "of the values, counts or AU; AU when not given",
            "takes": "so long at most until the other program has a new row, e.g. 60 s; 60 s when "
            "not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        names = given.items("species") or ["quinidine", "doxorubicin"]
        if not all(re.fullmatch(_NAME, str(name)) for name in names) or len(set(names)) != len(
            names
        ):
            raise given.wrong("species", "different names in small letters")
        self._names = tuple(str(name) for name in names)
        self._unit = given.choice("unit", ("counts", "AU"), "AU")
        takes = given.quantity("takes", "time", 1.0, 3600.0)
        self._takes_s = 60.0 if takes is None else takes
        self._species = ""
        self._seen = 0

    @property
    def species(self) -> tuple[str, ...]:
        """In the order of the bench file."""
        return self._names

    @property
    def takes_s(self) -> float:
        """As the bench file says: the pace is the other program's."""
        return self._takes_s

    async def identify(self) -> Identity:
        """The file, with the columns that are needed."""
        text = await self._said("WHO")
        found = re.fullmatch(r"TABLE (.+)", text)
        if found is None:
            raise IdentityError(
                "not a table of measurements",
                seen=text[:80],
                fix="Its first line names the columns, `species` and `value` among them.",
            )
        return Identity("a table", found[1])

    async def configure(self) -> None:
        """There is nothing to be set."""
        self._species = ""

    async def begin_assay(self, species: str) -> None:
        """Remember how many rows it has: the next one is the measurement."""
        if species not in self._names:
            raise DeviceRefusedError(
                f"it has no species {species!r}", seen=f"it has {', '.join(self._names)}"
            )
        text = await self._ask(f"COUNT {species}")
        found = re.fullmatch(r"ROWS ([0-9]{1,7})", text)
        if found is None:
            raise PortProtocolError("COUNT was answered with none", seen=text[:80])
        self._species, self._seen = species, int(found[1])

    async def read_assay(self) -> Reading | Invalid | None:
        """The first row after those; None while there is none."""
        if not self._species:
            raise DeviceRefusedError("no measurement was begun")
        text = await self._ask(f"ROW {self._species} {self._seen}")
        t_ns = self._port.arrived_ns
        if text == "NONE":
            return None
        found = re.fullmatch(r"VALUE (\S{0,40})", text)
        if found is None:
            raise PortProtocolError("ROW was answered with none", seen=text[:80])
        value = _number(found[1])
        if value is None:
            return Invalid(self._species, "device", f"the row says {found[1]!r}", t_ns)
        return Reading(self._species, value, self._unit, t_ns)

    async def _ask(self, text: str) -> str:
        said = await self._said(text)
        if said.startswith("ERROR "):
            raise PortProtocolError("the table cannot be read", seen=said[6:120])
        return said

    async def _said(self, text: str) -> str:
        reply = await self._port.exchange(
            text.encode() + b"\n", _LINE, timeout_s=_ASK_S, retry=True
        )
        return reply.decode("utf-8", "replace").strip()


class CsvLibrary:
    """Fulfils `BlockingTransport`: answers the driver's lines from the file."""

    writes_alongside = False
    stream = True

    def __init__(self, rest: str, where: str) -> None:
        """`rest` is the path."""
        if not rest:
            raise InputError(
                "the address names no file", where=where, fix="Write library+csv:///data/plate.csv."
            )
        self._path = Path(rest)
        self._where = where
        self._open = False
        self._replies = b""

    def open(self) -> None:
        """The file must be there."""
        if not self._path.is_file():
            raise PortDisconnectedError(
                f"there is no file {self._path}",
                where=self._where,
                fix="Let the other program begin its export, with a line of column names.",
            )
        self._open = True

    def close(self) -> None:
        """The file is never held open."""
        self._open, self._replies = False, b""

    def write(self, data: bytes) -> None:
        """Answer each line."""
        if not self._open:
            raise PortDisconnectedError("the table is not open", where=self._where)
        for line in data.decode("utf-8", "replace").split("\n"):
            if line:
                self._replies += self._obey(line).encode() + b"\n"

    def read(self, at_most: int, timeout_s: float) -> bytes:
        """What was answered; never waits."""
        got, self._replies = self._replies[:at_most], self._replies[at_most:]
        return got

    def clear(self) -> None:
        """Drop what was answered."""
        self._replies = b""

    def _obey(self, line: str) -> str:
        try:
            rows = self._rows()
        except (OSError, ValueError, csv.Error) as error:
            return f"ERROR {str(error)[:100]}".replace("\n", " ")
        verb, *rest = line.split(" ")
        if verb == "WHO":
            return f"TABLE {self._path.name}"
        mine = [value for species, value in rows if rest and species == rest[0]]
        if verb == "COUNT":
            return f"ROWS {len(mine)}"
        seen = int(rest[1]) if len(rest) == 2 and rest[1].isdigit() else len(mine)
        return f"VALUE {mine[seen]}" if seen < len(mine) else "NONE"

    def _rows(self) -> list[tuple[str, str]]:
        """Species and value of every whole line."""
        if self._path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES} bytes")
        text = self._path.read_text(encoding="utf-8-sig")
        whole = text[: text.rfind("\n") + 1]
        head = whole.partition("\n")[0]
        mark = next((one for one in (";", "\t") if one in head), ",")
        table = csv.DictReader(io.StringIO(whole), delimiter=mark)
        names = {(name or "").strip().lower(): name for name in table.fieldnames or ()}
        missing = [name for name in _COLUMNS if name not in names]
        if missing:
            raise ValueError(f"it has no column {' and '.join(missing)}")
        out = []
        for row in table:
            species = (row[names["species"]] or "").strip().lower()
            value = "".join((row[names["value"]] or "").split())
            out.append((species, value.replace(",", ".") if mark != "," else value))
        return out


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e7 and "_" not in text else None
