"""Ophir Nova II power meter with a silicon head, over RS-232 (9600 8N1, CR LF).

From the protocol card: a command is `$` and two letters and is always answered, `*` and a value or
`?` with the command in it; `$SP` gives the latest measurement, `*OVER` above the range; wavelengths
are a list of six, of which one holds; a filter that the meter does not know of scales the reading.
From memory of such meters: fifteen measurements a second, one of which is lost when an automatic
range goes up; half a minute of zeroing.
"""

from __future__ import annotations

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.wire._pm100 import responsivity
from labctl_simulators.world import Stream, World

_LATENCY_NS = 8 * MS
_PERIOD_NS = 67 * MS
_ZERO_NS = 30_000 * MS
_RANGES = (("30.0mW", 3.0e-2), ("3.00mW", 3.0e-3), ("300uW", 3.0e-4))
_FILTERED = (("300mW", 3.0e-1), *_RANGES)
_LOW_NM, _HIGH_NM = 350, 1100
_LASER_NM = 808.0
_FILTER_PASSES = 0.05
_AUTO = -1


class OphirMeter:
    """A Nova II whose head looks at the pick-off."""

    def __init__(
        self, world: World, *, head: bool = True, filtered: bool | None = None, baud: int = 9600
    ) -> None:
        """`filtered`: the head has a filter, which is on it or lies beside it; None for none."""
        self.upsets = Upsets()
        self.baud: int | None = baud
        self.head = head
        self._world = world
        self._filtered = filtered
        self._filter_told = False
        self._noise = Stream(world.truth.seed, "meter/power").normal
        self._wavelengths: list[int | None] = [633, 488, 980, 1064, None, None]
        self._taken = 0
        self._range = 0
        self._inside = 0
        self._zero_w = 0.0
        self._zero_until_ns: int | None = None
        self._last = "*0.000E0"
        self._next_ns = 0
        self._partial = b""

    def opened(self, t_ns: int) -> None:
        """The meter does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data).split(b"\n")
        replies: list[Reply] = []
        for line in lines:
            text = line.strip().decode("latin-1")
            if text:
                replies.append((self._obey(text, t_ns).encode() + b"\r\n", _LATENCY_NS))
        return replies

    @property
    def _ranges(self) -> tuple[tuple[str, float], ...]:
        return _FILTERED if self._filter_told else _RANGES

    def _obey(self, text: str, t_ns: int) -> str:
        name, rest = text[1:3].upper(), text[3:].strip()
        answer = None
        if text[0] == "$" and name.isalpha():
            ask = getattr(self, f"_ask_{name.lower()}", None)
            answer = ask(rest, t_ns) if ask is not None else None
        return answer if answer is not None else f"?{text[:40]}"

    # -- who ---------------------------------------------------------------------------------

    def _ask_ii(self, _: str, t_ns: int) -> str:
        return "* NOVAII 113217 NOVA-II"

    def _ask_ve(self, _: str, t_ns: int) -> str:
        return "*NV2.41"

    def _ask_hi(self, _: str, t_ns: int) -> str:
        return "* SI 54321 PD300 00000001" if self.head else "* XX 0 NONE 00000000"

    # -- measuring ---------------------------------------------------------------------------

    def _ask_sp(self, _: str, t_ns: int) -> str | None:
        if not self.head:
            return "?NO HEAD"
        if self._zero_until_ns is not None and t_ns < self._zero_until_ns:
            return "?ZEROING"
        if t_ns >= self._next_ns and not self.upsets.frozen:
            self._next_ns = t_ns - t_ns % _PERIOD_NS + _PERIOD_NS
            self._last = self._measure()
        return self._last

    def _measure(self) -> str:
        truth = self._world.truth
        noise = self._noise()
        power_w = self._world.head_power_w() * (1.0 + truth.probes.meter_noise * noise)
        held = self._wavelengths[self._taken] or _LASER_NM
        power_w *= responsivity(_LASER_NM) / responsivity(float(held))
        if bool(self._filtered) != self._filter_told:
            # What the meter takes for a filtered head is bare, or the other way round.
            power_w *= _FILTER_PASSES if self._filtered else 1.0 / _FILTER_PASSES
        power_w += truth.probes.meter_dark_w * (1.0 + 0.2 * noise) - self._zero_w
        ranges = self._ranges
        if self._range != _AUTO:
            return _number(power_w) if power_w <= 1.05 * ranges[self._range][1] else "*OVER"
        fits = [i for i, (_, full) in enumerate(ranges) if power_w <= full]
        hunting = not fits or fits[-1] < self._inside
        self._inside = fits[-1] if fits else 0
        # Going up, it has one measurement that is over the range it comes from.
        return "*OVER" if hunting else _number(power_w)

    def _ask_si(self, _: str, t_ns: int) -> str:
        return "* W"

    def _ask_fp(self, _: str, t_ns: int) -> str:
        return "*"

    # -- range, wavelength, filter -------------------------------------------------------------

    def _ask_ar(self, _: str, t_ns: int) -> str | None:
        names = " ".join(name for name, _ in self._ranges)
        return f"* {self._range} AUTO {names}" if self.head else None

    def _ask_rn(self, _: str, t_ns: int) -> str:
        return f"*{self._range}"

    def _ask_wn(self, rest: str, t_ns: int) -> str | None:
        if rest not in ("-1", *map(str, range(len(self._ranges)))):
            return None
        self._range = int(rest)
        return "*"

    def _ask_aw(self, _: str, t_ns: int) -> str | None:
        if not self.head:
            return None
        held = " ".join("NONE" if nm is None else str(nm) for nm in self._wavelengths)
        return f"*CONTINUOUS {_LOW_NM} {_HIGH_NM} {self._taken + 1} {held}"

    def _ask_wi(self, rest: str, t_ns: int) -> str | None:
        if not rest.isdigit() or not 1 <= int(rest) <= len(self._wavelengths):
            return None
        if self._wavelengths[int(rest) - 1] is None:
            return None
        self._taken = int(rest) - 1
        return "*"

    def _ask_wl(self, rest: str, t_ns: int) -> str | None:
        if not rest.isdigit() or not _LOW_NM <= int(rest) <= _HIGH_NM:
            return None
        self._wavelengths[self._taken] = int(rest)
        return "*"

    def _ask_fq(self, rest: str, t_ns: int) -> str | None:
        if self._filtered is None or not self.head:
            return None
        if rest in ("1", "2"):
            self._filter_told = rest == "2"
        elif rest:
            return None
        return f"*{1 + self._filter_told} OUT IN"

    # -- zeroing -----------------------------------------------------------------------------

    def _ask_ze(self, _: str, t_ns: int) -> str | None:
        if not self.head:
            return None
        self._zero_until_ns = t_ns + _ZERO_NS
        # A head that is not dark is zeroed wrongly, as on the bench.
        self._zero_w = self._world.head_power_w() + self._world.truth.probes.meter_dark_w
        return "*"

    def _ask_zq(self, _: str, t_ns: int) -> str:
        if self._zero_until_ns is None:
            return "*ZEROING NOT STARTED"
        return "*ZEROING IN PROCESS" if t_ns < self._zero_until_ns else "*ZEROING COMPLETED"

    def _ask_za(self, _: str, t_ns: int) -> str:
        if self._zero_until_ns is not None and t_ns < self._zero_until_ns:
            self._zero_w = 0.0
        self._zero_until_ns = None
        return "*ZEROING ABORTED"


def _number(power_w: float) -> str:
    """Four digits, as the card shows them: `*1.300E-5`."""
    mantissa, _, exponent = f"{power_w:.3E}".partition("E")
    return f"*{mantissa}E{int(exponent)}"
