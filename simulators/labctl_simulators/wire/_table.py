"""A plate reader behind the table that its program writes: `WHO`, `COUNT species`, `ROW species n`.

It measures all species every 20 s by itself. The file is not simulated below its lines.
"""

from __future__ import annotations

from labctl.clock import NS
from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import World

_LATENCY_NS = 5 * MS
_EVERY_NS = 20 * NS


class PlateTable:
    """Rows by species."""

    baud: int | None = None

    def __init__(self, world: World, species: tuple[str, ...], per_count: float = 1.0) -> None:
        """`per_count`: the program's unit for one of the world's."""
        self.upsets = Upsets()
        self._world = world
        self._per_count = per_count
        self._rows: dict[str, list[float]] = {name: [] for name in species}
        world.schedule(_EVERY_NS, self._measure)

    def opened(self, t_ns: int) -> None:
        """A file does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        lines = data.decode("latin-1").split("\n")
        return [(self._obey(line).encode() + b"\n", _LATENCY_NS) for line in lines if line]

    def _obey(self, line: str) -> str:
        verb, *rest = line.split(" ")
        if verb == "WHO":
            return "TABLE plate.csv"
        mine = self._rows.get(rest[0], []) if rest else []
        if verb == "COUNT":
            return f"ROWS {len(mine)}"
        seen = int(rest[1]) if len(rest) == 2 and rest[1].isdigit() else len(mine)
        return f"VALUE {mine[seen]:.6g}" if seen < len(mine) else "NONE"

    def _measure(self) -> None:
        for name, rows in self._rows.items():
            rows.append(self._world.signal(name) * self._per_count)
        self._world.schedule(self._world.now_ns + _EVERY_NS, self._measure)
