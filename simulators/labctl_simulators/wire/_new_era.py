"""New Era syringe pumps on one line, 19200 8N1, Basic mode: STX, address, status, data, ETX.

From the protocol card: a pump that was switched on says `A?R` to the first word and to no other;
the first STP pauses and the second stops; numbers of more than four digits are not understood; a
stalled motor is told once. What a pump has delivered is in the sample when it ends, at its volume,
at a stop or at a stall: until then it is in the tube, which the simulator has none of.

What a stock holds is what the bench states of it, within the stated deviation; one that states a
titration alone holds 1 mol/L. What that does to the pH is the world's own buffer's affair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from labctl.clock import NS
from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import Stream, World

_LATENCY_NS = 8 * MS
_STALLS_NS = 400 * MS
_UL = 1e-9
_RATES_UL_PER_S = {"UM": 1 / 60.0, "MM": 1000 / 60.0, "UH": 1 / 3600.0, "MH": 1000 / 3600.0}


class _Pump:
    """One pump with its syringe; volumes in uL."""

    def __init__(self, world: World, address: int, agent: str, stock: Mapping[str, Any]) -> None:
        self.address = address
        self.status = "S"
        self.alarm = "R"
        self.stalled = False
        self.diameter_mm = 26.59
        self.rate, self.rate_unit = "1.000", "MM"
        self.volume_ul, self.unit = 0.0, "ML"
        self.infused_ul = 0.0
        self._world = world
        self._agent, self._stock = agent, stock
        self._begun_ns = 0
        self._turn = 0
        self._stated_mol_per_m3 = float(
            stock.get("concentration_mol_per_m3") or (1000.0 if stock.get("titration") else 0.0)
        )
        # What the stock truly has of what is stated.
        draw = Stream(world.truth.seed, f"stock/{agent}")
        self._factor = 1.0 + float(stock.get("deviation") or 0.0) * draw.normal()

    def obey(self, text: str, t_ns: int) -> str:
        """Status and data."""
        if self.alarm:
            said, self.alarm = f"A?{self.alarm}", ""
            return said
        data = self._data(text, t_ns)
        return self.status + data

    def _data(self, text: str, t_ns: int) -> str:
        match text[:3], text[3:]:
            case "", "":
                return ""
            case "VER", "":
                return "NE1000V3.928"
            case "DIS", "":
                done = self._unit(self.infused_ul + self._running_ul(t_ns))
                return f"I{done}W{self._unit(0.0)}{self.unit}"
            case "DIA", "":
                return _digits(self.diameter_mm)
            case "RAT", "":
                return self.rate + self.rate_unit
            case "VOL", "":
                return self._unit(self.volume_ul) + self.unit
            case "STP", "":
                return self._stop(t_ns)
        if self.status == "I":
            return "?NA"
        return self._set(text, t_ns)

    def _set(self, text: str, t_ns: int) -> str:
        name, value = text[:3], text[3:]
        number = _number(value)
        if name == "RUN" and not value:
            return self._run(t_ns)
        if name == "DIR" and value == "INF":
            return ""
        if name == "CLD" and value == "INF":
            self.infused_ul = 0.0
            return ""
        if name == "VOL" and value in ("UL", "ML"):
            self.unit = value
            return ""
        if name == "VOL" and number is not None:
            self.volume_ul = number * (1.0 if self.unit == "UL" else 1000.0)
            return ""
        if name == "DIA" and number is not None:
            if not 0.1 <= number <= 50.0:
                return "?OOR"
            self.diameter_mm, self.volume_ul, self.infused_ul = number, 0.0, 0.0
            self.unit = "UL" if number <= 14.0 else "ML"
            return ""
        number = _number(value[:-2])
        if name == "RAT" and number is not None and value[-2:] in _RATES_UL_PER_S:
            if not 0.0 < number * _RATES_UL_PER_S[value[-2:]] <= 100.0:
                return "?OOR"
            self.rate, self.rate_unit = value[:-2], value[-2:]
            return ""
        return "?"

    def _run(self, t_ns: int) -> str:
        self.status, self._begun_ns = "I", t_ns
        self._turn += 1
        turn = self._turn
        takes_ns = round(self.volume_ul / self._ul_per_s() * NS)

        def end() -> None:
            if turn == self._turn and self.status == "I":
                self._give(self._world.now_ns)
                self.status = "S"

        def stall() -> None:
            if turn == self._turn and self.stalled:
                self.stall()

        self._world.schedule(t_ns + takes_ns, end)
        self._world.schedule(t_ns + min(_STALLS_NS, takes_ns // 2), stall)
        return ""

    def stall(self) -> None:
        """A fault: the motor turns no more, now or soon after the next begin."""
        self.stalled = True
        if self.status == "I":
            self._give(self._world.now_ns)
            self.status, self.alarm = "P", "S"

    def _stop(self, t_ns: int) -> str:
        if self.status == "I":
            self._give(t_ns)
            self.status = "P"
            return ""
        if self.status == "P":
            self.status = "S"
            return ""
        return "?NA"

    def _ul_per_s(self) -> float:
        return float(self.rate) * _RATES_UL_PER_S[self.rate_unit]

    def _running_ul(self, t_ns: int) -> float:
        if self.status != "I":
            return 0.0
        return min(self.volume_ul, (t_ns - self._begun_ns) / NS * self._ul_per_s())

    def _give(self, t_ns: int) -> None:
        """What has left the syringe is in the sample now."""
        given_ul = self._running_ul(t_ns)
        self.infused_ul += given_ul
        self._turn += 1
        if given_ul > 0.0:
            self._world.dose(
                self._agent,
                given_ul * _UL,
                concentration_mol_per_m3=self._factor * self._stated_mol_per_m3,
            )

    def _unit(self, ul: float) -> str:
        return _digits(ul if self.unit == "UL" else ul / 1000.0)


class NewEraPumps:
    """All pumps of one line."""

    baud: int | None = 19200

    def __init__(
        self, world: World, addresses: tuple[int, ...], stocks: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """`stocks`: as the bench states them, by agent; each names its channel."""
        self.upsets = Upsets()
        by_channel = {str(stock.get("channel")): (agent, stock) for agent, stock in stocks.items()}
        self.pumps = {
            address: _Pump(world, address, *by_channel.get(str(address), ("water", {})))
            for address in addresses
        }
        self._partial = b""

    def opened(self, t_ns: int) -> None:
        """The pumps do not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data).split(b"\r")
        replies: list[Reply] = []
        for line in lines:
            # Blanks and control characters are dropped, and case does not matter.
            text = re.sub(r"[^!-~]", "", line.decode("latin-1")).upper()
            found = re.match(r"([0-9]{0,2})(.*)", text)
            address = int(found[1] or 0) if found else 0
            pump = self.pumps.get(address)
            if pump is not None and found is not None:
                said = f"{address:02d}{pump.obey(found[2], t_ns)}"
                replies.append((b"\x02" + said.encode() + b"\x03", _LATENCY_NS))
        return replies


def _digits(value: float) -> str:
    """Four digits and a point."""
    for behind in (3, 2, 1, 0):
        text = f"{value:.{behind}f}"
        if len(text.replace(".", "")) <= 4:
            return text if behind else f"{text}."
    return "9999."


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[0-9]*\.?[0-9]{0,3}", text) or not text.strip("."):
        return None
    return float(text) if len(text.replace(".", "")) <= 4 else None
