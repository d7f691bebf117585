"""What a serial receiver makes of a sender that is set up otherwise: bit by bit, as on a wire."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How one end of a serial line is set up."""

    baud: int = 9600
    bits: int = 8
    parity: str = "N"


def heard(data: bytes, sender: LineSettings, receiver: LineSettings) -> bytes:
    """The bytes that the receiver takes the sender's for. Alike, they are the same; bytes that come
    without a stop bit are taken all the same, as most receivers do, and those with a wrong parity
    are not."""
    if sender == receiver:
        return data
    wave: list[int] = []
    for byte in data:
        wave += _frame(byte, sender)
    return _sampled(wave, sender.baud, receiver)


def _frame(byte: int, line: LineSettings) -> list[int]:
    ones = [byte >> n & 1 for n in range(line.bits)]
    return [0, *ones, *_parity(ones, line.parity), 1]


def _parity(ones: list[int], parity: str) -> list[int]:
    if parity == "N":
        return []
    return [sum(ones) % 2 ^ (parity == "O")]


def _sampled(wave: list[int], baud: int, line: LineSettings) -> bytes:
    """Each falling edge begins a frame, whose bits are read in their middles."""
    ratio = baud / line.baud
    parity = int(line.parity != "N")
    out = bytearray()
    at = 0.0
    while (start := _fall(wave, at)) is not None:
        read = [_level(wave, start + (n + 1.5) * ratio) for n in range(line.bits + parity + 1)]
        ones = read[: line.bits]
        if not parity or [read[line.bits]] == _parity(ones, line.parity):
            out.append(sum(one << n for n, one in enumerate(ones)))
        at = start + (line.bits + parity + 1.5) * ratio
    return bytes(out)


def _level(wave: list[int], at: float) -> int:
    return wave[int(at)] if at < len(wave) else 1


def _fall(wave: list[int], after: float) -> float | None:
    """Where the line next goes from high to low; at rest, before the first frame, it is high."""
    before = _level(wave, after) if after > 0 else 1
    for n in range(int(after) + (after > 0), len(wave)):
        if before and not wave[n]:
            return float(n)
        before = wave[n]
    return None
