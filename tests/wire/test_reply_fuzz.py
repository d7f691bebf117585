"""No reply breaks a driver: every registered one reads garbage, halves, glued and late replies, and
ends in a port error, in a refusal, or in an invalid reading, within its deadlines."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.clock import NS, Clock, run_virtual
from labctl.errors import LabctlError
from labctl.instruments import (
    Address,
    Assay,
    Doser,
    DoserState,
    Gate,
    GateState,
    InlinePort,
    Instrument,
    InstrumentError,
    Invalid,
    PowerMeter,
    Reading,
    Source,
    SourceState,
    Thermometer,
    Thermostat,
    ThermostatState,
)
from tests.contract.cards import CASES
from tests.contract.registered import registered
from tests.contract.wire import MS, Answer

DRIVERS = registered()
_PATIENCE_S = 60.0
"""Of virtual time, for connecting and one read with every exchange running into its deadline."""

Change = Callable[[bytes], list[tuple[int, bytes]]]
"""A reply -> what comes in its place, each piece so many nanoseconds late."""


def whole(data: bytes) -> list[tuple[int, bytes]]:
    return [(0, data)]


def half(data: bytes) -> list[tuple[int, bytes]]:
    return [(0, data[: len(data) // 2])]


def glued(data: bytes) -> list[tuple[int, bytes]]:
    return [(0, data + data)]


def late(data: bytes) -> list[tuple[int, bytes]]:
    return [(700 * MS, data)]


def in_pieces(data: bytes) -> list[tuple[int, bytes]]:
    return [(k * MS, data[k : k + 1]) for k in range(len(data))]


def swallowed(data: bytes) -> list[tuple[int, bytes]]:
    return []


def instead(said: bytes) -> Change:
    return lambda data: [(0, said)]


def ended(said: bytes) -> Change:
    """In the place of the reply's text, its line end kept."""
    return lambda data: [(0, said + data[len(data.rstrip(b"\r\n> ")) :])]


SAID = st.one_of(
    st.binary(max_size=24),
    st.sampled_from(
        [b"", b"nan", b"inf", b"-inf", b"9.9E+37", b"1e999", b"-1", b"2", b"OFF", b"OPEN", b"#H410",
         b"0x10", b"1,2,3", b",,,,", b"\xff\xfe\x00", "µΩ°".encode(), b"0" * 3000, b"9" * 400,
         b'+0,"No error"', b'-113,"Undefined header"', b"  7  ", b"\x00", b">"]
    ),
)  # fmt: skip
CHANGES = st.one_of(
    st.sampled_from([whole, half, glued, late, in_pieces, swallowed]),
    SAID.map(instead),
    SAID.map(ended),
)


class Mangled:
    """An instrument behind a line that changes its replies, one after another, to the last of the
    list; from then on it passes them on."""

    def __init__(self, answer: Answer, changes: list[Change]) -> None:
        self._answer = answer
        self._changes = deque(changes)
        self._due: deque[tuple[int, bytes]] = deque()

    def write(self, data: bytes, now_ns: int) -> None:
        reply = self._answer(data)
        if reply is None:
            return
        change = self._changes.popleft() if self._changes else whole
        for late_ns, piece in change(reply):
            t_ns = now_ns + 5 * MS + late_ns
            self._due.append((max(t_ns, self._due[-1][0]) if self._due else t_ns, piece))

    def next_chunk(self, before_ns: int) -> tuple[int, bytes] | None:
        if self._due and self._due[0][0] <= before_ns:
            return self._due.popleft()
        return None

    def close(self) -> None:
        self._due.clear()


async def look(instrument: Instrument) -> object:
    driver = instrument.driver
    if isinstance(driver, Source):
        return await instrument.job(driver.read)
    if isinstance(driver, Gate):
        return await instrument.job(driver.read_gate)
    if isinstance(driver, Doser):
        return await instrument.job(driver.read_doser)
    if isinstance(driver, Assay):
        await instrument.job(lambda: driver.begin_assay(driver.species[0]))
        return (await instrument.job(driver.read_assay),)
    if isinstance(driver, Thermostat) and not isinstance(driver, Thermometer):
        return await instrument.job(driver.read_thermostat)
    if isinstance(driver, Thermometer):
        return await instrument.job(driver.read_temperatures)
    assert isinstance(driver, PowerMeter)
    return (await instrument.job(driver.read_power),)


def check(seen: object) -> None:
    """Numbers are numbers; what is none is Invalid and says why."""
    if isinstance(seen, GateState):
        return
    if isinstance(seen, ThermostatState):
        told = (seen.bath_degc, seen.set_degc, seen.safety_degc)
        assert all(value is None or math.isfinite(value) for value in told)
        return
    if isinstance(seen, DoserState):
        assert math.isfinite(seen.delivered_m3 or 0.0)
        return
    if isinstance(seen, SourceState):
        assert seen.level is None or math.isfinite(seen.level)
        assert seen.set_level is None or math.isfinite(seen.set_level)
        seen = seen.readings
    assert isinstance(seen, tuple)
    for reading in seen:
        if reading is None:  # An assay that is not done.
            continue
        assert isinstance(reading, Reading | Invalid)
        assert isinstance(reading, Invalid) or math.isfinite(reading.value)


@pytest.mark.parametrize("name", DRIVERS)
@settings(deadline=None, max_examples=60)
@given(
    at_first=st.lists(CHANGES, max_size=4),
    between=st.integers(0, 12),
    afterwards=st.lists(CHANGES, max_size=4),
)
def test_no_reply_breaks_a_driver(
    name: str, at_first: list[Change], between: int, afterwards: list[Change]
) -> None:
    """Connecting, then looking twice: nothing but labctl's own errors, and all of it in time."""
    case = CASES[name]

    async def main(clock: Clock) -> None:
        link = Mangled(case.answer(), [*at_first, *([whole] * between), *afterwards])
        port = InlinePort(lambda: link, clock, "sim://thing", "thing at sim://thing")
        instrument = Instrument(
            "thing", DRIVERS[name], case.settings, Address.parse("sim://thing"), port
        )
        connected = False
        try:
            await instrument.connect()
            connected = True
        except InstrumentError as error:
            assert error.what
        for _ in range(2 * connected):
            try:
                check(await look(instrument))
            except LabctlError as error:
                assert isinstance(error, InstrumentError)
        await instrument.close()
        assert clock.now_ns() < _PATIENCE_S * NS

    run_virtual(main)
