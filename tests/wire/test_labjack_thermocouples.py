"""A T7 as thermocouple logger: what its inputs give, and what is no temperature; alone, and as a
second connection to the T7 that gates the laser."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from labctl.bench import check_instruments, loads
from labctl.clock import NS, Clock, run_virtual
from labctl.errors import InputError
from labctl.instruments import (
    DeviceRefusedError,
    Instrument,
    Invalid,
    Reading,
    Seal,
    SimSpec,
    make_instrument,
)
from labctl_drivers.labjack_thermocouples import LabJackThermocouples
from labctl_simulators.session import Session, open_session
from tests.unit.drivers.transcript import TranscriptPort
from tests.unit.simulators._helpers import SAMPLE
from tests.wire.t7 import LASER_BY_POWER, asked, on_bench, over_tcp, written

SETTINGS = {"channels": [0, 2]}


async def read(thing: Instrument) -> tuple[Reading | Invalid, ...]:
    driver: Any = thing.driver
    given: tuple[Reading | Invalid, ...] = await thing.job(driver.read_temperatures)
    return given


def test_two_thermocouples_read_near_the_truth() -> None:
    """Set up by the driver, in degC, each with the time of its own reply."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        readings = [await read(thing) for _ in range(20)]
        probe, ambient = (
            [r.value for r in column if isinstance(r, Reading)]
            for column in zip(*readings, strict=True)
        )
        assert sum(probe) / 20 == pytest.approx(session.world.probe_degc(), abs=0.4)
        assert sum(ambient) / 20 == pytest.approx(session.world.ambient_degc(), abs=0.4)
        assert len(set(probe)) == 20
        assert readings[0][0].t_ns < readings[0][1].t_ns

    on_bench("labjack-thermocouples", SETTINGS, body)


@pytest.mark.parametrize(("resolution", "at_most_s"), [(8, 0.03), (10, 0.05)])
def test_a_poll_takes_what_the_index_takes(resolution: int, at_most_s: float) -> None:
    """Two inputs, two conversions each: far from the guard's fifth of a second."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        begun_ns = clock.now_ns()
        await read(thing)
        assert 0.01 < (clock.now_ns() - begun_ns) / NS < at_most_s

    on_bench("labjack-thermocouples", {**SETTINGS, "resolution": resolution}, body)


def test_an_open_thermocouple_is_invalid_and_the_other_goes_on() -> None:
    """-9999 is no temperature."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        session.devices["thing"].personality.upsets.open_channels.add(0)
        first, second = await read(thing)
        assert isinstance(first, Invalid) and "open" == first.reason
        assert isinstance(second, Reading)

    on_bench("labjack-thermocouples", SETTINGS, body)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(-9999.0, "open"), (float("nan"), "open"), (1500.0, "range"), (-300.0, "range"),
     (float("inf"), "range"), (-9998.7, "open")],
)  # fmt: skip
def test_what_is_no_temperature_is_invalid(value: float, reason: str) -> None:
    """Never a number, whatever the register holds."""
    reply = struct.pack(">HHHBBBf", 1, 0, 7, 1, 3, 4, value)
    port = TranscriptPort((asked(7000), reply))

    (given,) = port.run(LabJackThermocouples(port, {}).read_temperatures())

    assert isinstance(given, Invalid)
    assert reason == given.reason


def test_an_input_that_is_not_set_up_is_refused() -> None:
    """Another unit than asked for, read back: nothing is read by it."""
    exchanges: list[tuple[bytes, int, bytes | None]] = []
    for address, data in (
        (40000, struct.pack(">f", 0.1)), (41000, b"\x00\x01"), (41500, b"\x00\x08"),
        (9000, bytes(4)), (9000, bytes((0, 0, 0, 22))), (9300, bytes((0, 0, 0, 1))),
        (9600, (60052).to_bytes(4, "big")), (10200, struct.pack(">f", 1.0)), (10500, bytes(4)),
    ):  # fmt: skip
        exchanges.append((data, address, None))
    for address, data in (
        (9000, bytes((0, 0, 0, 22))), (9300, bytes((0, 0, 0, 2))),
        (9600, (60052).to_bytes(4, "big")), (41000, b"\x00\x01"), (41500, b"\x00\x08"),
    ):  # fmt: skip
        exchanges.append((b"", address, data))
    steps = []
    for number, (sent, address, held) in enumerate(exchanges, start=1):
        if held is None:
            body = struct.pack(">BBHH", 1, 16, address, len(sent) // 2)
            frame = written(address, sent, number)
        else:
            body = bytes((1, 3, len(held))) + held
            frame = asked(address, len(held) // 2, number)
        steps.append((frame, struct.pack(">HHH", number, 0, len(body)) + body))
    port = TranscriptPort(*steps)

    with pytest.raises(DeviceRefusedError, match="input 0 was not set up"):
        port.run(LabJackThermocouples(port, {}).configure())


@pytest.mark.parametrize(
    "wrong",
    [{"channels": [1]}, {"channels": [0, 0]}, {"channels": [14]}, {"channels": ["a"]},
     {"resolution": 12}, {"type": "X"}, {"wiring": "soldered"}],
)  # fmt: skip
def test_settings_that_cannot_be_are_bad_input(wrong: dict[str, Any]) -> None:
    """Each is named; an odd input is allowed only single-ended."""
    with pytest.raises(InputError, match=f"setting '{next(iter(wrong))}'"):
        LabJackThermocouples(TranscriptPort(), wrong)

    assert ("1",) == LabJackThermocouples(
        TranscriptPort(), {"channels": [1], "wiring": "single-ended"}
    ).channels


def test_over_tcp_it_reads() -> None:
    """Through pyserial, from another port of this machine."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        assert all(isinstance(reading, Reading) for reading in await read(thing))

    over_tcp("labjack-thermocouples", SETTINGS, body)


BOX = {"full_power": "4 W"}
SHARED: dict[str, dict[str, Any]] = {
    "box": {"driver": "labjack-laser", "address": "sim://t7", "settings": BOX},
    "logger": {
        "driver": "labjack-thermocouples",
        "address": "sim://t7#logger",
        "settings": SETTINGS,
    },
}


def test_logging_on_the_same_device_feeds_no_watchdog() -> None:
    """The logger goes on reading on its own connection; the laser that nobody reads goes out."""

    async def main(clock: Clock) -> None:
        bench = {"instruments": SHARED, "laser": LASER_BY_POWER}
        session = open_session(SimSpec(3, sample=SAMPLE, bench=bench))
        things = {
            key: make_instrument(
                key, entry["driver"], entry["address"], entry["settings"], clock, session=session
            )
            for key, entry in SHARED.items()
        }
        try:
            for thing in things.values():
                await thing.connect()
            box: Any = things["box"].driver
            emitter = box.emitter(Seal("test"))
            await things["box"].job(lambda: emitter.set_level(1.0))
            await things["box"].job(emitter.on)
            for _ in range(20):
                await things["box"].job(box.read)
                assert all(isinstance(each, Reading) for each in await read(things["logger"]))
                await clock.sleep(NS // 4)
            assert session.world.laser.lit
            for _ in range(12):
                await read(things["logger"])
                await clock.sleep(NS // 4)
            assert not session.world.laser.lit
        finally:
            for thing in things.values():
                await thing.close()

    run_virtual(main)


BENCH = """schema: labctl.bench/1
name: b
instruments:
  box: {{driver: {box}, address: "socket://192.0.2.7:502", settings: {settings}}}
  other: {{driver: {other}, address: "socket://192.0.2.7:502#other", settings: {{}}}}
{more}roles: {{probe: other.0}}
"""


def said(box: str, other: str, settings: str = "{}", more: str = "") -> str:
    bench = loads(BENCH.format(box=box, other=other, settings=settings, more=more))
    try:
        check_instruments(bench)
    except InputError as error:
        return " ".join(problem.message for problem in error.problems)
    return ""


def test_two_on_one_device_are_a_logger_and_what_lights() -> None:
    """A bench may say so; two that light or hold back, or three, are refused."""
    logger = "labjack-thermocouples"
    third = f'  third: {{driver: {logger}, address: "socket://192.0.2.7:502#x"}}\n'

    assert "" == said("labjack-laser", logger, "{full_power: 4 W}")
    assert "" == said("labjack-t7", logger)
    assert "more than one of them lights or holds back" in said("labjack-t7", "labjack-t7")
    assert "serves 2 at once" in said("labjack-t7", logger, more=third)
    assert "serves 1 at once" in said("mcu-deadman", logger)
