"""The Heidolph hotplate stirrer against its card: two protocols, a tenth of a second between two
commands, a stop by hand; and the driver that reads it and stirs."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.clock import NS, Clock
from labctl.errors import InputError
from labctl.instruments import (
    DeviceRefusedError,
    IdentityError,
    Instrument,
    Invalid,
    PortProtocolError,
    Reading,
)
from labctl_drivers.heidolph_hotplate import HeidolphHotplate
from labctl_simulators.session import Session
from labctl_simulators.wire import HeiPlate, SimLink
from labctl_simulators.world import World
from tests.unit.drivers.transcript import Step, TranscriptPort
from tests.unit.simulators._helpers import ask, still_world
from tests.wire.t7 import on_bench, over_tcp

TRANSCRIPT = [
    ("STATUS", None),  # of its old protocol nothing is known
    ("PA_NEW", "PA_NEW"),
    ("STATUS", "STATUS 0"),
    ("SW_VERS", "MR Hei-Connect V1.23"),
    ("OUT_SP_3 400", "OUT_SP_3 400.0"),
    ("OUT_SP_3 5000", "OUT_SP_3 1400.0"),  # clipped, as it says
    ("IN_SP_3", "IN_SP_3 1400.0"),
    ("START_2", "START_2"),
    ("STATUS", "STATUS 1"),
    ("START_1", "START_1"),
    ("STOP_1", "STOP_1"),
    ("STATUS", "STATUS 1"),  # it does not tell heating from stirring
    ("STOP_2", "STOP_2"),
    ("STATUS", "STATUS 2"),
    ("NONSENSE", None),
    ("RESET", "RESET"),
    ("STATUS", None),
]
SETTINGS = {"stir": 400}


@pytest.fixture
def world() -> World:
    return still_world()


@pytest.fixture
def link(world: World) -> SimLink:
    return SimLink("plate", world, HeiPlate(world))


def test_transcript(link: SimLink) -> None:
    """Each line gets the answer that the card gives it, or silence."""
    heard = [
        (line, ask(link, line.encode() + b"\r\n", 0.2 * k + 0.2).decode().strip() or None)
        for k, (line, _) in enumerate(TRANSCRIPT)
    ]

    assert TRANSCRIPT == heard


def test_commands_in_a_package_are_lost(link: SimLink) -> None:
    """Less than a tenth of a second behind another nothing is heard."""
    assert b"PA_NEW\r\n" == ask(link, b"PA_NEW\r\nSTATUS\r\n", 0.2)
    assert b"" == ask(link, b"STATUS\r\n", 0.29, within_s=0.05)
    assert b"STATUS 0\r\n" == ask(link, b"STATUS\r\n", 0.5)


def test_the_connection_check_stops_it_and_the_next_word_lets_it_go_on(link: SimLink) -> None:
    """After ten seconds of silence it stands; asked again, and it turns."""
    for k, line in enumerate((b"PA_NEW", b"CC_ON", b"OUT_SP_3 400", b"START_2")):
        ask(link, line + b"\r\n", 0.2 * k + 0.2)
    speeds = [float(ask(link, b"IN_PV_5\r\n", t_s).split()[1]) for t_s in (9.0, 60.0, 65.0, 70.0)]

    assert speeds[0] == pytest.approx(400.0, abs=10.0)
    assert speeds[1] == pytest.approx(0.0, abs=10.0)
    assert speeds[3] > 300.0


# -- the driver ---------------------------------------------------------------------------------


async def read(thing: Instrument) -> tuple[Reading | Invalid, ...]:
    driver: Any = thing.driver
    given: tuple[Reading | Invalid, ...] = await thing.job(driver.read_temperatures)
    return given


def test_it_stirs_from_connecting_on_and_does_not_heat() -> None:
    """Whoever heated before; read once a minute, the stirrer goes on."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        plate: Any = session.devices["thing"].personality
        plate.heats = plate._checks = True
        await thing.job(thing.driver.configure)
        assert (False, True) == (plate.heats, plate.stirs)
        for _ in range(3):
            await clock.sleep(60 * NS)
            probe, top = await read(thing)
            assert isinstance(probe, Reading) and isinstance(top, Reading)
            assert ("probe", "plate") == (probe.channel, top.channel)
        assert plate._rpm == pytest.approx(400.0, abs=1.0)

    on_bench("heidolph-hotplate", SETTINGS, body)


def test_without_a_speed_the_stirrer_is_left_alone() -> None:
    """Neither started nor asked for."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        assert all(isinstance(one, Reading) for one in await read(thing))
        assert not session.devices["thing"].personality.stirs  # type: ignore[attr-defined]

    on_bench("heidolph-hotplate", {}, body)


def test_no_probe_is_open_and_the_plate_goes_on() -> None:
    """999.9 is no temperature."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        session.devices["thing"].personality.upsets.open_channels.add(1)
        probe, plate = await read(thing)
        assert isinstance(probe, Invalid) and "open" == probe.reason
        assert isinstance(plate, Reading)

    on_bench("heidolph-hotplate", SETTINGS, body)


def test_a_stirrer_that_stands_ends_the_reading_when_it_had_time_to_start() -> None:
    """Twenty seconds below half its speed."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        plate: Any = session.devices["thing"].personality
        await clock.sleep(25 * NS)
        await read(thing)
        plate.stuck = True
        await clock.sleep(15 * NS)
        await read(thing)
        await clock.sleep(25 * NS)
        with pytest.raises(DeviceRefusedError, match="stirrer turns at 0 rpm, asked 400 rpm"):
            await read(thing)

    on_bench("heidolph-hotplate", SETTINGS, body)


def test_a_stop_by_hand_is_told() -> None:
    """It says so, and labctl does not start it again by itself."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        plate: Any = session.devices["thing"].personality
        plate.by_hand = True
        with pytest.raises(DeviceRefusedError, match="stopped at the device"):
            await read(thing)

    on_bench("heidolph-hotplate", SETTINGS, body)


def test_a_plate_whose_supply_was_away_does_not_stir_and_says_so() -> None:
    """It answers again once its protocol is selected; nothing starts the stirrer by itself."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        plate: Any = session.devices["thing"].personality
        await read(thing)
        plate._obey("RESET")
        with pytest.raises(DeviceRefusedError, match="does not stir as it was told"):
            await read(thing)
        assert not plate.stirs

    on_bench("heidolph-hotplate", SETTINGS, body)


def test_over_tcp_it_reads() -> None:
    """Through pyserial, 7E1 as it declares, from another port of this machine."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        assert all(isinstance(reading, Reading) for reading in await read(thing))
        assert (7, "E") == (thing.spec.serial.bits, thing.spec.serial.parity)  # type: ignore[union-attr]

    over_tcp("heidolph-hotplate", SETTINGS, body)


def line(text: str, reply: str) -> Step:
    return text.encode() + b"\r\n", reply.encode("latin-1") + b"\r\n"


def test_what_repeats_every_command_is_a_stranger() -> None:
    """An echo of the question is no firmware."""
    port = TranscriptPort(line("PA_NEW", "PA_NEW"), line("SW_VERS", "SW_VERS"))

    with pytest.raises(IdentityError, match="repeats"):
        port.run(HeidolphHotplate(port, {}).identify())


def test_a_speed_that_is_not_held_is_refused() -> None:
    """Read back before it is started."""
    port = TranscriptPort(
        line("STOP_1", "STOP_1"), line("CC_OFF", "CC_OFF"), line("OUT_SP_3 400", "OUT_SP_3 400.0"),
        line("IN_SP_3", "IN_SP_3 100.0"),
    )  # fmt: skip

    with pytest.raises(DeviceRefusedError, match="was not taken"):
        port.run(HeidolphHotplate(port, SETTINGS).configure())


@pytest.mark.parametrize(
    "reply",
    ["IN_PV_3 25.3", "IN_PV_1", "25.3", "IN_PV_1 nan", "IN_PV_1 2_5", "IN_PV_1 25.3 1",
     "IN_PV_1 25.\xff", "PC Err"],
)  # fmt: skip
def test_what_is_no_value_is_none(reply: str) -> None:
    """Another's, none, without its name, no number, one more, no ASCII."""
    port = TranscriptPort(line("IN_PV_1", reply))

    with pytest.raises(PortProtocolError):
        port.run(HeidolphHotplate(port, {}).read_temperatures())


def test_an_error_of_the_plate_is_told() -> None:
    """A negative status that is not a stop by hand."""
    port = TranscriptPort(
        line("IN_PV_1", "IN_PV_1 25.3"),
        line("IN_PV_3", "IN_PV_3 25.0"),
        line("STATUS", "STATUS -5"),
    )

    with pytest.raises(DeviceRefusedError, match="reports an error"):
        port.run(HeidolphHotplate(port, SETTINGS).read_temperatures())


@pytest.mark.parametrize("wrong", [{"stir": 50}, {"stir": 1500}, {"stir": "400"}])
def test_settings_that_cannot_be_are_bad_input(wrong: dict[str, Any]) -> None:
    """Each is named."""
    with pytest.raises(InputError, match="setting 'stir'"):
        HeidolphHotplate(TranscriptPort(), wrong)
