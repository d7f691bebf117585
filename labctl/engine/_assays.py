"""Assays beside the sampling: one begun, looked at between two ticks until it is done, told."""

from __future__ import annotations

from collections.abc import Sequence

from labctl.bench import AssayResult, AssayRole
from labctl.clock import NS
from labctl.engine._asking import Asking
from labctl.engine._liquid import Liquid
from labctl.engine._work import Work
from labctl.errors import RefusedError
from labctl.quantities import Kind, QuantityError, parse

_LATE_FACTOR, _LATE_S = 3.0, 10.0
"""A measurement that takes so many times as long as it should, and so long more, gives nothing."""
BY_HAND_RELATIVE_SD = 0.05
"""Of a concentration that a person types, who may state another with `+-`."""


class Assays:
    """Of one run. What it measures is told, and followed by whoever follows the release."""

    def __init__(self, work: Work, asking: Asking, liquid: Liquid) -> None:
        self._work = work
        self._asking = asking
        self._liquid = liquid
        self._running: tuple[str, int] | None = None

    @property
    def by_hand(self) -> bool:
        """A person measures and types."""
        return self._work.plan.needs.get("assay") == "manual" or self._work.bench.assay is None

    async def measure(self, species: str, at_most_ns: int) -> None:
        """One measurement from its begin to its result, sampling on meanwhile."""
        end_ns = self._work.now_ns + at_most_ns
        # One that a step before has begun is told first: no instrument measures two at a time.
        await self._finish(end_ns)
        await self.begin(species, end_ns)
        await self._finish(end_ns)

    async def _finish(self, end_ns: int) -> None:
        while not await self.done(end_ns):
            await self._work.sampler.once()

    async def begin(self, species: str, end_ns: int) -> None:
        """Begin one; of a person it is asked for and told at once, StoppedError where nobody has
        answered by `end_ns`."""
        if self.by_hand:
            self._tell(await self._typed(species, max(0, end_ns - self._work.now_ns)))
            return
        role = self._role()
        await role.begin(species)
        self._running = (species, self._work.now_ns)

    async def done(self, end_ns: int | None = None) -> bool:
        """Look whether the one that was begun is done, and tell it then; True also when there is
        none."""
        if self._running is None:
            return True
        species, begun_ns = self._running
        role, now_ns = self._role(), self._work.now_ns
        takes_ns = round(role.takes_s * NS)
        if now_ns - begun_ns < takes_ns:
            return False
        result = await role.read()
        if result is None:
            late_ns = begun_ns + round(_LATE_FACTOR * takes_ns + _LATE_S * NS)
            if now_ns < late_ns and (end_ns is None or now_ns < end_ns):
                return False
            waited_s = (now_ns - begun_ns) / NS
            why = f"no result within {waited_s:.0f} s"
            result = AssayResult(species, begun_ns, None, "", None, None, None, 0.0, why)
        self._running = None
        self._tell(result)
        return True

    def _tell(self, result: AssayResult) -> None:
        work = self._work
        work.tell(self._liquid.assayed(work.now_ns, result))
        work.assays[result.species] += 1
        if work.release is not None:
            work.tell(work.release.assessed(work.now_ns))

    def _role(self) -> AssayRole:
        role = self._work.bench.assay
        if role is None:
            raise RefusedError("this bench has no assay")
        return role

    async def _typed(self, species: str, at_most_ns: int) -> AssayResult:
        taken_ns = self._work.now_ns
        text = (
            f"Measure {species} in the medium and type its concentration, as `0.12 mM`, or "
            "`0.12 mM +- 0.01 mM`."
        )
        value, sd = await self._asking.value(
            self._asking.with_hazards(text),
            typed_concentration,
            at_most_ns,
            in_advance=None,
        )
        return AssayResult(species, taken_ns, None, "", value, sd, None)


class Rounds:
    """Every species of a list, in turn, every so often, while a step goes on: `look` is called
    after every tick, and the step ends at `end_ns`."""

    def __init__(
        self,
        work: Work,
        assays: Assays,
        species: Sequence[str],
        every_ns: int | None,
        end_ns: int,
    ) -> None:
        self._work = work
        self._assays = assays
        self._species = tuple(species)
        self._every_ns = every_ns or 0
        self._end_ns = end_ns
        self._left: list[str] = []
        self._next_ns = work.now_ns

    async def look(self) -> None:
        """Tell what is done, begin what is due."""
        if not await self._assays.done():
            return
        now_ns = self._work.now_ns
        if not self._left:
            if now_ns < self._next_ns:
                return
            self._next_ns = max(self._next_ns + self._every_ns, now_ns)
            self._left = list(self._species)
        await self._assays.begin(self._left.pop(0), self._end_ns)


def typed_concentration(text: str) -> tuple[float, float]:
    """Value and one standard deviation, mol/m^3, of `0.12 mM` or `0.12 mM +- 0.01 mM`. ValueError
    says in words what is wrong."""
    first, _, second = text.replace("±", "+-").partition("+-")
    value = typed(first, Kind.SUBSTANCE_CONCENTRATION)
    if value < 0.0:
        raise ValueError(f"a concentration of {first.strip()} is below nothing")
    sd = typed(second, Kind.SUBSTANCE_CONCENTRATION) if second else BY_HAND_RELATIVE_SD * value
    return value, abs(sd)


def typed(text: str, kind: Kind) -> float:
    """A quantity that a person typed; ValueError says in words what is wrong."""
    try:
        return parse(text.strip(), kind)
    except QuantityError as error:
        raise ValueError(f"{error.what}. {error.fix}".rstrip(".")) from None
