"""The runs held together: differences to the first, and what speaks against comparing them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from labctl.compare._curves import CurveDifference, curve_difference
from labctl.compare._differences import QUANTITIES, Difference, difference
from labctl.compare._side import Side
from labctl.errors import InputError

MOST = 8


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two to eight runs. Differences are to the first of them."""

    sides: tuple[Side, ...]
    rise: bool
    """Curves are rises over each run's own baseline, else temperatures."""
    differences: tuple[Difference, ...]
    """Of each quantity that any of them has, one a further run."""
    curves: tuple[CurveDifference, ...]
    warnings: tuple[str, ...]
    """Why they are not, or not quite, comparable."""
    remarks: tuple[str, ...]
    """How to read the differences."""


def compare(sides: Sequence[Side], *, rise: bool = True) -> Comparison:
    """Hold runs together. InputError for less than two or more than `MOST`, and for one run
    twice."""
    if not 2 <= len(sides) <= MOST:
        raise InputError(f"{len(sides)} runs cannot be compared", fix=f"Name 2 to {MOST}.")
    sides = _named_apart(sides)
    first, others = sides[0], sides[1:]
    names = [name for name in QUANTITIES
             if name == "efficiency" or any(side.result(name) for side in sides)]  # fmt: skip
    found = tuple(difference(first, other, name) for name in names for other in others)
    return Comparison(
        tuple(sides),
        rise,
        found,
        tuple(curve_difference(first, other, rise=rise) for other in others),
        tuple(_warnings(sides, rise)),
        tuple(_remarks(found)),
    )


def _named_apart(sides: Sequence[Side]) -> list[Side]:
    """With longer names where two folders for records have a run of one name. InputError where one
    folder is named twice."""
    places = [side.place or side.run for side in sides]
    for side, place in zip(sides, places, strict=True):
        if places.count(place) > 1:
            raise InputError(f"{side.run} is named twice", fix="Name each run once.")
    names = [side.run for side in sides]
    return [replace(side, run=side.place) if names.count(side.run) > 1 else side
            for side in sides]  # fmt: skip


def _warnings(sides: Sequence[Side], rise: bool) -> Iterator[str]:
    alone: dict[str, list[str]] = {}
    for side in sides:
        for words in _alone(side, rise):
            alone.setdefault(words, []).append(side.letter)
    for words, letters in alone.items():
        yield f"{' '.join(letters)}: {words}"
    for what, of in _SAME.items():
        groups: dict[Hashable, list[str]] = {}
        for side in sides:
            groups.setdefault(of(side), []).append(side.letter)
        if len(groups) > 1:
            parts = "; ".join(f"{' '.join(letters)}: {value or 'not stated'}"
                              for value, letters in groups.items())  # fmt: skip
            yield f"{what}: {parts}"
    yield from _same_name(sides)
    yield from _one_journal(sides)


def _one_journal(sides: Sequence[Side]) -> Iterator[str]:
    """A copy of a record, or one simulated world run twice: the bytes do not tell which."""
    letters: dict[str, list[str]] = {}
    for side in sides:
        if side.head_hash:
            letters.setdefault(side.head_hash, []).append(side.letter)
    for same in letters.values():
        if len(same) > 1:
            yield (
                f"{' '.join(same)} have one journal, byte for byte: a copy of one run, or one "
                "simulated world run twice, and no second measurement"
            )


def _alone(side: Side, rise: bool) -> Iterator[str]:
    """What is the matter with one of them."""
    ended = side.ended
    if side.mode == "IMPORTED":
        yield "imported: its light, power and instruments are known from its file alone"
    if side.state == "closed" and side.kept_head not in (None, side.head_hash):
        yield "its journal is not the one that its run.json has the hash of"
    if side.state != "closed":
        yield f"its journal is {side.state}; only what is good of it is shown"
    elif ended is not None and not side.completed:
        yield f"ended as {ended.outcome} ({ended.why}); its numbers stand for nothing"
    elif side.verdict is not None and side.verdict.verdict in ("fail", "cannot tell"):
        said = side.verdict
        more = f" (and {len(said.reasons) - 1} more)" if len(said.reasons) > 1 else ""
        yield f"the check says {said.verdict}: {''.join(said.reasons[:1])}{more}"
    if side.begun is not None and side.begun.faults:
        yield f"faults were injected: {', '.join(side.begun.faults)}"
    if side.lit_s is None:
        yield "was never lit; its curve counts from its beginning"
    elif rise and side.baseline_degc is None:
        yield "has no reading before the light; its rise counts from its first reading"
    placeholders = [words for words in side.assumptions if "placeholder" in words]
    if placeholders:
        yield f"rests on placeholders: {'; '.join(placeholders)}"


def _same_name(sides: Sequence[Side]) -> Iterator[str]:
    """The same name and something else behind it."""
    for what, name, digest in (
        ("protocols", "protocol", "protocol_digest"),
        ("bench files", "bench", "bench_digest"),
        ("sample files", "sample", "sample_digest"),
    ):
        seen: dict[str, dict[str, list[str]]] = {}
        for side in sides:
            if side.begun is not None:
                digests = seen.setdefault(getattr(side.begun, name), {})
                digests.setdefault(getattr(side.begun, digest), []).append(side.letter)
        for named, digests in seen.items():
            if len(digests) > 1 and named:
                parts = " and ".join(" ".join(letters) for letters in digests.values())
                yield f"{what} of one name, {named}, that say different things: {parts}"


_SAME: dict[str, Callable[[Side], str]] = {
    "not of one mode": lambda side: side.mode,
    "other protocols": lambda side: side.begun.protocol if side.begun is not None else "",
    "other cells": lambda side: str(side.priors.get("vessel") or ""),
    "other benches": lambda side: side.begun.bench if side.begun is not None else "",
    "made by other versions of labctl": lambda s: s.begun.version if s.begun is not None else "",
}


def _remarks(found: Sequence[Difference]) -> Iterator[str]:
    shared = {each.shared for each in found if each.shared}
    for names in sorted(shared):
        letters = [f"{e.first}, {e.second}" for e in found if e.shared == names]
        yield (
            f"taken as the same for both ({'; '.join(letters)}), so that it moves both alike: "
            f"{', '.join(names)}"
        )
    if any(each.value is not None and not each.shared for each in found):
        yield (
            "where nothing is known to be shared, inputs count for each run by itself: the "
            "interval is then rather too wide than too narrow"
        )
    if any(each.value is not None for each in found):
        yield (
            "what varies from one filling to the next is in none of these intervals: whether two "
            "samples differ is for replicates to say (labctl campaign)"
        )
    count = sum(each.value is not None for each in found)
    if count > 5:
        yield f"{count} differences at 95 % each: of as many without one, some stand out by chance"
