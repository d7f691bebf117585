"""Something is added to the sample: by the doser, or by a person who says how much and when."""

from __future__ import annotations

import math
import re

from labctl.bench import DoserRole, Stock, volume_to_reach
from labctl.clock import NS
from labctl.engine._asking import Asking
from labctl.engine._assays import typed
from labctl.engine._liquid import Liquid
from labctl.engine._states import State
from labctl.engine._work import Work
from labctl.errors import InstrumentError, RefusedError
from labctl.quantities import Kind, format

_MISSING = 0.05
"""Of a volume: so much less, by the doser's own count, is another dose than was asked for."""
_NOTHING = 1e-5
"""Of the medium: less than this, computed, is rounding and not a volume that a pump can give."""
_AGO = re.compile(r"(.*?)(?:,\s*(.+?)\s+ago)?\s*", re.DOTALL)


class Dosing:
    """Adds agents to one run's liquid."""

    def __init__(self, work: Work, asking: Asking, liquid: Liquid) -> None:
        self._work = work
        self._asking = asking
        self._liquid = liquid
        self.delivering = False
        """The doser was told to deliver, and has not been seen to be done."""

    async def add(
        self,
        agent: str,
        at_most_ns: int,
        *,
        volume_m3: float | None = None,
        concentration_mol_per_m3: float | None = None,
        ph: float | None = None,
    ) -> str:
        """Add so much, or to so much, and tell it; returns how: `doser` or `by hand`."""
        work = self._work
        stock = work.bench.file.stocks.get(agent)
        if volume_m3 is None and stock is not None:
            volume_m3 = volume_to_reach(
                stock,
                self._liquid.volume_m3,
                concentration_mol_per_m3=concentration_mol_per_m3,
                ph=ph,
                present_mol_per_m3=self._liquid.agents.get(agent, 0.0),
                present_ph=self._liquid.ph,
            )
            if volume_m3 < _NOTHING * self._liquid.volume_m3:
                volume_m3 = 0.0
        doser = work.bench.doser
        if doser is not None and work.plan.needs.get("doser") != "manual" and stock is not None:
            if volume_m3 is None:
                raise RefusedError(f"nothing says how much {agent} is to be added")
            if volume_m3 == 0.0:
                work.note(f"{agent}: nothing to add, the medium has it already")
            else:
                await self._deliver(doser, agent, volume_m3, stock, at_most_ns)
            return "doser"
        aim = _aim(concentration_mol_per_m3, ph)
        await self._by_hand(agent, volume_m3, aim, stock, at_most_ns)
        if stock is None:
            # Nobody knows the stock: what was aimed at is what the person confirms.
            self._liquid.ph = ph if ph is not None else self._liquid.ph
            if concentration_mol_per_m3 is not None:
                self._liquid.agents[agent] = concentration_mol_per_m3
        return "by hand"

    async def _deliver(
        self, doser: DoserRole, agent: str, volume_m3: float, stock: Stock, at_most_ns: int
    ) -> None:
        work = self._work
        end_ns = work.now_ns + at_most_ns
        # Before it is told to: an answer that is lost may have begun it all the same.
        self.delivering = True
        await doser.deliver(agent, volume_m3)
        while True:
            await work.sampler.once()
            state = await doser.read()
            if state.faults:
                raise InstrumentError(f"the doser of {agent}: {'; '.join(state.faults)}")
            if not state.busy:
                break
            if work.now_ns >= end_ns:
                raise InstrumentError(
                    f"the doser has not delivered {format(volume_m3, Kind.VOLUME)} of {agent} "
                    f"within {at_most_ns / NS:g} s"
                )
        given_m3 = volume_m3 if state.delivered_m3 is None else state.delivered_m3
        if not 0.0 <= given_m3 < math.inf:
            raise InstrumentError(f"the doser of {agent} has counted {given_m3:g}: no volume")
        self.delivering = False
        work.tell(self._liquid.added(work.now_ns, agent, given_m3, stock, "doser"))
        if abs(given_m3 - volume_m3) > _MISSING * volume_m3:
            raise InstrumentError(
                f"the doser has delivered {format(given_m3, Kind.VOLUME)} of {agent}, and was told "
                f"{format(volume_m3, Kind.VOLUME)}"
            )

    async def _by_hand(
        self, agent: str, volume_m3: float | None, aim: str, stock: Stock | None, at_most_ns: int
    ) -> None:
        work = self._work
        work.go(State.WAITING)
        much = "" if volume_m3 is None else f"{format(volume_m3, Kind.VOLUME)} of "
        like = "50 uL" if volume_m3 is None else format(volume_m3, Kind.VOLUME)
        text = (
            f"Add {much}{agent}{aim} to the sample. Type the volume added, as `{like}`, when it is "
            f"in; or `{like}, 2 min ago`."
        )
        given_m3, ago_ns = await self._asking.value(
            self._asking.with_hazards(text),
            typed_dose,
            at_most_ns,
            in_advance=None if volume_m3 is None else (volume_m3, 0),
        )
        work.tell(self._liquid.added(work.now_ns, agent, given_m3, stock, "by hand", ago_ns))
        work.go(State.DARK)


def typed_dose(text: str) -> tuple[float, int]:
    """Volume in m^3, and how many nanoseconds ago it was added, of `50 uL` or `50 uL, 2 min ago`.
    ValueError says in words what is wrong."""
    found = _AGO.fullmatch(text)
    volume, ago = (text, None) if found is None else found.groups()
    volume_m3 = typed(volume, Kind.VOLUME)
    if not volume_m3 > 0.0:
        raise ValueError(f"a volume of {volume.strip()} is none")
    ago_s = 0.0 if ago is None else typed(ago, Kind.TIME)
    if ago_s < 0.0:
        raise ValueError(f"{ago} ago is in the future")
    return volume_m3, round(ago_s * NS)


def _aim(concentration_mol_per_m3: float | None, ph: float | None) -> str:
    if ph is not None:
        return f" to pH {ph:g}"
    if concentration_mol_per_m3 is not None:
        return f" to {format(concentration_mol_per_m3, Kind.SUBSTANCE_CONCENTRATION)}"
    return ""
