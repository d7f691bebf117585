"""The USB relay module against its card: echo, answer, prompt; and the driver that holds a shutter
open by one of its relays."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from labctl.clock import NS, Clock
from labctl.errors import InputError
from labctl.instruments import (
    DeviceRefusedError,
    GateState,
    IdentityError,
    Instrument,
    InstrumentError,
    PortProtocolError,
    Seal,
)
from labctl_drivers.numato_relay import NumatoRelay
from labctl_simulators.session import Session
from labctl_simulators.wire import NumatoModule, SimLink
from labctl_simulators.world import World
from tests.unit.drivers.transcript import Step, TranscriptPort
from tests.unit.simulators._helpers import ask, at, light, still_world
from tests.wire.t7 import on_bench, over_tcp

TRANSCRIPT = [
    ("relay read 0", "relay read 0\n\roff\n\r>"),
    ("relay on 0", "relay on 0\n\r>"),
    ("relay read 0", "relay read 0\n\ron\n\r>"),
    ("relay on A", "relay on A\n\r>"),
    ("relay readall", "relay readall\n\r0401\n\r>"),
    ("gpio read 3", "gpio read 3\n\r1\n\r>"),
    ("\rrelay off 0", "\n\r>relay off 0\n\r>"),
    ("gpio read 3", "gpio read 3\n\r0\n\r>"),
    ("reset", "reset\n\r>"),
    ("relay readall", "relay readall\n\r0000\n\r>"),
    ("relay read G", "relay read G\n\runknown command\n\r>"),
]
SETTINGS = {"relay": 2, "sense": 3}


@pytest.fixture
def world() -> World:
    return still_world()


def test_the_module_echoes_answers_and_prompts(world: World) -> None:
    """Each line gets the answer that the card gives it; an empty one is prompted for."""
    link = SimLink("relays", world, NumatoModule(world, sense=3))
    heard = [
        (line, ask(link, line.encode() + b"\r", 0.2 * k).decode())
        for k, (line, _) in enumerate(TRANSCRIPT)
    ]

    assert TRANSCRIPT == heard


@pytest.mark.parametrize(("loses", "passes"), [(True, True), (False, False)])
def test_what_comes_before_the_prompt_waits_or_is_lost(
    world: World, loses: bool, passes: bool
) -> None:
    """Behind the last command, or, with the fault, not at all."""
    module = NumatoModule(world)
    module.loses = loses
    link = SimLink("relays", world, module)
    light(world, 0.5)
    at(world, 1.0)
    link.write(b"relay on 0\r", NS)
    link.write(b"relay off 0\r", NS + NS // 1000)

    assert passes == (at(world, 2.0).power_w() > 0.5)
    assert passes == (b"on\n\r>" in ask(link, b"relay read 0\r", 2.0))


# -- the driver ---------------------------------------------------------------------------------


async def look(thing: Instrument) -> GateState:
    driver: Any = thing.driver
    state = await thing.job(driver.read_gate)
    assert isinstance(state, GateState)
    return state


async def let_through(thing: Instrument) -> None:
    driver: Any = thing.driver
    await thing.job(driver.gatekeeper(Seal("test")).let_through)


def test_only_its_own_relay_is_switched() -> None:
    """The others are somebody else's: connecting, opening and blocking leave them as they are."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        module: Any = session.devices["thing"].personality
        module.relays["0"] = module.relays["A"] = True
        await let_through(thing)
        assert GateState(blocks=False) == await look(thing)
        assert ["0", "2", "A"] == [name for name, on in module.relays.items() if on]
        await thing.block()
        assert GateState(blocks=True) == await look(thing)
        assert ["0", "A"] == [name for name, on in module.relays.items() if on]

    on_bench("numato-relay", SETTINGS, body)


@pytest.mark.parametrize("into_ms", [0, 1, 2, 3, 5])
def test_an_off_in_the_middle_of_a_question_is_obeyed_behind_it(into_ms: int) -> None:
    """Closed a moment later, and the port is back in step with the next read."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await let_through(thing)
        asked = asyncio.create_task(look(thing))
        await clock.sleep(into_ms * NS // 1000)
        begun_ns = clock.now_ns()
        off = asyncio.create_task(thing.block())
        await clock.sleep(NS // 20)
        session.world.advance_to(clock.now_ns())
        assert not session.world.blade.is_open  # type: ignore[union-attr]
        await off
        with contextlib.suppress(InstrumentError):
            await asked
        assert GateState(blocks=True) == await look(thing)
        assert clock.now_ns() - begun_ns < NS // 3

    on_bench("numato-relay", SETTINGS, body)


def test_what_somebody_left_in_its_line_does_not_keep_it_open() -> None:
    """Half a command stands there; off begins with the end of it."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        module: Any = session.devices["thing"].personality
        await let_through(thing)
        module._partial = b"relay on"
        await thing.block()
        assert GateState(blocks=True) == await look(thing)

    on_bench("numato-relay", SETTINGS, body)


def test_a_module_whose_supply_was_away_has_dropped_and_stays_so() -> None:
    """Its relays are off though nobody said so: told, until it is let through anew."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        module: Any = session.devices["thing"].personality
        await let_through(thing)
        module.reset(clock.now_ns())
        await clock.sleep(NS // 10)
        assert [GateState(blocks=True, dropped=True)] * 2 == [await look(thing) for _ in range(2)]
        await let_through(thing)
        assert GateState(blocks=False) == await look(thing)

    on_bench("numato-relay", SETTINGS, body)


def test_a_stuck_shutter_is_told_both_ways() -> None:
    """Open, it does not connect; shut, it does not let through: whatever the relay says."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        blade: Any = session.world.blade
        blade.stuck = True
        with pytest.raises(DeviceRefusedError, match="does not open"):
            await let_through(thing)
        await thing.block()
        blade.is_open = True
        with pytest.raises(DeviceRefusedError, match="does not read closed"):
            await thing.job(thing.driver.configure)

    on_bench("numato-relay", SETTINGS, body)


def test_over_tcp_it_opens_and_blocks() -> None:
    """Through pyserial, from another port of this machine."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await let_through(thing)
        assert GateState(blocks=False) == await look(thing)
        await thing.block()
        assert GateState(blocks=True) == await look(thing)

    over_tcp("numato-relay", SETTINGS, body)


def line(text: str, answer: str) -> Step:
    return text.encode() + b"\r", f"{text}{answer}>".encode()


@pytest.mark.parametrize("end", ["\n\r", "\r\n"])
def test_both_orders_of_its_line_end_are_taken(end: str) -> None:
    """Sources have it as LF CR and as CR LF."""
    port = TranscriptPort(
        line("relay read 0", f"{end}on{end}"), line("id get", f"{end}LASER-01{end}"),
        line("ver", f"{end}00000008{end}"),
    )  # fmt: skip

    identity = port.run(NumatoRelay(port, {"sense": 0}).identify())
    assert ("LASER-01", "00000008") == (identity.serial, identity.firmware)


@pytest.mark.parametrize(
    "reply",
    ["relay read 0>", "relay read 0 on\n\r>", "relay read 0\n\ron\n\roff\n\r>",
     "relay read 0\n\r1\n\r>", "relay read 0\n\r>", "relay read 0\n\rO\xffN\n\r>"],
)  # fmt: skip
def test_what_is_no_state_is_none(reply: str) -> None:
    """The echo alone, an echo that runs on, two answers, another word, nothing, no ASCII."""
    port = TranscriptPort((b"relay read 0\r", reply.encode("latin-1")))

    with pytest.raises(PortProtocolError):
        port.run(NumatoRelay(port, {"sense": 0}).read_gate())


def test_a_module_with_fewer_relays_is_refused() -> None:
    """It does not know the relay that the bench file names."""
    port = TranscriptPort(line("relay read F", "\n\r"))

    with pytest.raises(IdentityError, match="without relay F"):
        port.run(NumatoRelay(port, {"relay": 15, "sense": 0}).identify())


@pytest.mark.parametrize("wrong", [{"relay": 16}, {"sense": 10}, {"sense": "3"}])
def test_settings_that_cannot_be_are_bad_input(wrong: dict[str, Any]) -> None:
    """Each is named."""
    with pytest.raises(InputError, match=f"setting '{next(iter(wrong))}'"):
        NumatoRelay(TranscriptPort(), {"sense": 0, **wrong})


def test_without_an_end_switch_it_is_no_gate() -> None:
    """A relay says what it was told; what stands in the beam must be sensed."""
    with pytest.raises(InputError, match="setting 'sense'"):
        NumatoRelay(TranscriptPort(), {})
