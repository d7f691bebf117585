"""Which runs, in which order, under which labels: drawn from the campaign's seed.

A block is one run of every arm in one lot. Blocks are in random order, and arms within a block, so
that what drifts over days falls on all arms alike. Everything is drawn by SHA-256 of the seed and a
name, not by a generator of a library: it can be drawn again anywhere, at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from labctl.campaign._campaign import Campaign

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unit:
    """One replicate of one arm in one lot: what a run is made for."""

    id: str
    """`u07`: its place in the order."""
    arm: str
    lot: str
    replicate: int
    """From 1, within arm and lot."""
    block: int
    """From 1, in the order of the runs."""
    label: str
    """What stands for the arm while the campaign is blind."""


def units(campaign: Campaign) -> tuple[Unit, ...]:
    """All that is to be made, in the order of the runs."""
    seed = campaign.seed
    label = labels(campaign)
    lots = dict.fromkeys(lot for arm in campaign.arms for lot in arm.lots)
    blocks = [(replicate, lot) for replicate in range(1, campaign.replicates + 1) for lot in lots]
    out: list[Unit] = []
    ordered = shuffled(blocks, f"{seed}|block")
    width = len(str(len(blocks) * len(campaign.arms)))
    for number, (replicate, lot) in enumerate(ordered, start=1):
        names = [arm.name for arm in campaign.arms if lot in arm.lots]
        for arm in shuffled(names, f"{seed}|arm|{replicate}|{lot}"):
            place = f"u{len(out) + 1:0{max(2, width)}d}"
            out.append(Unit(place, arm, lot, replicate, number, label[arm]))
    return tuple(out)


def labels(campaign: Campaign) -> dict[str, str]:
    """Arm -> `A`, `B`, ...; drawn, so that the letter says nothing of the arm's place in the
    file."""
    names = shuffled([arm.name for arm in campaign.arms], f"{campaign.seed}|label")
    return {name: _letters(number) for number, name in enumerate(names)}


def world_seed(campaign: Campaign, unit: Unit, portion: int) -> int:
    """Of the simulated world of a unit's portion: other particles of the lot, another vessel."""
    words = f"{campaign.seed}|world|{unit.arm}|{unit.lot}|{unit.replicate}|{portion}"
    return int.from_bytes(_hash(words)[:4], "big") >> 1


def shuffled(items: Iterable[T], key: str) -> list[T]:
    """In the order of the hashes of `key` and each item."""
    return sorted(items, key=lambda item: _hash(f"{key}|{item}"))


def _hash(words: str) -> bytes:
    return hashlib.sha256(words.encode()).digest()


def _letters(number: int) -> str:
    """0 -> A, 25 -> Z, 26 -> AA."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
