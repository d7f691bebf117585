"""New Era syringe pumps against their card: STX and ETX, an alarm told once, two words to stop; and
the driver, which begins a delivery once and never again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from unittest import mock

import pytest

from labctl.clock import NS, Clock, run_virtual
from labctl.instruments import (
    DeviceRefusedError,
    DoserState,
    IdentityError,
    InputError,
    Instrument,
    PortProtocolError,
    PortTimeoutError,
    SimSpec,
    make_instrument,
)
from labctl_drivers.new_era import NewEraPump
from labctl_simulators.session import Session
from labctl_simulators.wire import NewEraPumps, SimLink
from tests.unit.drivers.transcript import Step, TranscriptPort
from tests.unit.simulators._helpers import SAMPLE, ask, still_world
from tests.wire.t7 import over_tcp

UL = 1e-9
TRANSCRIPT = [
    ("0", "00A?R"),  # it was switched on
    ("0", "00S"),
    ("0VER", "00SNE1000V3.928"),
    ("0 dia 14.4", "00S"),  # blanks and case do not matter
    ("0DIA", "00S14.40"),
    ("0DIA 99", "00S?OOR"),
    ("0VOL", "00S0.000ML"),
    ("0VOL UL", "00S"),
    ("0VOL 31.25", "00S"),
    ("0VOL", "00S31.25UL"),
    ("0VOL 31.255", "00S?"),  # five digits
    ("0RAT 0.500MM", "00S"),
    ("0RAT", "00S0.500MM"),
    ("0STP", "00S?NA"),
    ("0RUN", "00I"),
    ("0VOL 1", "00I?NA"),
    ("0STP", "00P"),
    ("0STP", "00S"),
    ("0NONSENSE", "00S?"),
    ("7", None),  # nobody has this address
]


def test_transcript() -> None:
    """Each line gets the answer that the card gives it; an address that there is not, silence."""
    world = still_world()
    link = SimLink("pumps", world, NewEraPumps(world, (0, 1), {}))
    heard = []
    for k, (line, _) in enumerate(TRANSCRIPT):
        said = ask(link, line.encode() + b"\r", 0.05 * k)
        assert not said or (said[:1], said[-1:]) == (b"\x02", b"\x03")
        heard.append((line, said.strip(b"\x02\x03").decode() or None))

    assert TRANSCRIPT == heard


STOCKS = {
    "glutathione": {"channel": "0", "concentration_mol_per_m3": 500.0},
    "acid": {"channel": "1", "concentration_mol_per_m3": 10.0},
}
SETTINGS = {"syringes": {0: "4.6 mm", 1: "4.6 mm"}, "rate": 600, "most": "200 uL"}
Body = Callable[[Clock, Session, Instrument], Awaitable[None]]


def on_pumps(body: Body, *faults: str) -> None:
    """The driver on two simulated pumps with their stocks."""
    entry = {"driver": "new-era-pump", "address": "sim://pumps", "settings": SETTINGS}
    bench = {"instruments": {"pumps": entry}, "stocks": STOCKS}

    async def main(clock: Clock) -> None:
        session = Session(SimSpec(3, faults, {**SAMPLE, "solvent": "water"}, bench=bench))
        thing = make_instrument(
            "pumps", "new-era-pump", "sim://pumps", SETTINGS, clock, session=session
        )
        try:
            await thing.connect()
            await body(clock, session, thing)
        finally:
            await thing.close()

    run_virtual(main)


async def look(thing: Instrument) -> DoserState:
    driver: Any = thing.driver
    state = await thing.job(driver.read_doser)
    assert isinstance(state, DoserState)
    return state


async def deliver(thing: Instrument, channel: str, volume_m3: float) -> None:
    driver: Any = thing.driver
    await thing.job(lambda: driver.deliver(channel, volume_m3))


def test_what_it_delivers_is_in_the_sample_when_it_is_done() -> None:
    """20 uL of 500 mM in a millilitre: 9.8 mM, and so much more liquid."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        medium = session.world.chemistry.medium
        before_m3 = medium.volume_m3
        await deliver(thing, "0", 20 * UL)
        assert (await look(thing)).busy
        await clock.sleep(3 * NS)
        state = await look(thing)
        assert (False, ()) == (state.busy, state.faults)
        assert state.delivered_m3 == pytest.approx(20 * UL)
        assert medium.volume_m3 - before_m3 == pytest.approx(20 * UL, rel=1e-3)
        there = 500.0 * 20 * UL / medium.volume_m3
        assert medium.concentration("glutathione") == pytest.approx(there, rel=0.01)

    on_pumps(body)


def test_the_other_pump_brings_the_other_agent() -> None:
    """Acid, by its address; the pH falls."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        medium = session.world.chemistry.medium
        before = medium.ph
        await deliver(thing, "1", 10 * UL)
        await clock.sleep(5 * NS)
        assert not (await look(thing)).busy
        assert medium.ph < before - 0.5

    on_pumps(body)


def test_a_halt_leaves_what_has_left_the_syringe() -> None:
    """Half of it, told as such; a second delivery is another one."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        driver: Any = thing.driver
        await deliver(thing, "0", 100 * UL)
        with pytest.raises(DeviceRefusedError, match="still delivers"):
            await deliver(thing, "1", 10 * UL)
        await clock.sleep(5 * NS)
        await thing.job(driver.halt)
        state = await look(thing)
        assert not state.busy
        assert state.delivered_m3 == pytest.approx(50 * UL, rel=0.1)
        await deliver(thing, "0", 10 * UL)
        await clock.sleep(3 * NS)
        assert (await look(thing)).delivered_m3 == pytest.approx(10 * UL)

    on_pumps(body)


def test_a_pump_that_does_not_answer_keeps_no_other_from_being_halted() -> None:
    """Pump 0 is off the line; pump 1 delivers, and stops."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        driver: Any = thing.driver
        await deliver(thing, "1", 100 * UL)
        halt = driver._halt

        async def one_is_gone(address: int) -> None:
            if address == 0:
                raise PortTimeoutError("no complete reply in time")
            await halt(address)

        with mock.patch.object(driver, "_halt", one_is_gone), pytest.raises(PortTimeoutError):
            await thing.job(driver.halt)
        assert not (await look(thing)).busy

    on_pumps(body)


def test_a_motor_that_stalls_is_told_until_the_next_delivery() -> None:
    """The pump tells it once, the driver goes on telling it."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await deliver(thing, "0", 100 * UL)
        await clock.sleep(3 * NS)
        for _ in range(3):
            state = await look(thing)
            assert (False, ("pump 0: stalled",)) == (state.busy, state.faults)
        assert state.delivered_m3 is not None and state.delivered_m3 < 30 * UL

    on_pumps(body, "pump-stalled@2s")


def test_over_tcp_it_says_who_is_there() -> None:
    """Through pyserial, from another port of this machine."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        assert "NE1000" in str(thing.identity)
        assert not (await look(thing)).busy

    over_tcp("new-era-pump", {}, body)


def said(text: str, reply: str) -> Step:
    return text.encode() + b"\r", b"\x02" + reply.encode() + b"\x03"


@pytest.mark.parametrize(
    ("ul", "text"), [(31.25, "31.25"), (0.5, "0.500"), (8.3333, "8.333"), (150.0, "150.0")]
)
def test_a_volume_has_four_digits(ul: float, text: str) -> None:
    """As many behind the point as there is room for; more the pump does not understand."""
    port = TranscriptPort(
        said("0CLD INF", "00S"), said("0VOL UL", "00S"), said(f"0VOL {text}", "00S"),
        said("0VOL", f"00S{text}UL"), said("0RUN", "00I"),
    )  # fmt: skip
    port.run(NewEraPump(port, SETTINGS).deliver("0", ul * UL))


@pytest.mark.parametrize(
    ("reply", "error", "match"),
    [
        ("01S", PortProtocolError, "not its own"),
        ("00S?OOR", DeviceRefusedError, "out of range"),
        ("00A?R", DeviceRefusedError, "without power"),
        ("00Z", PortProtocolError, "not its own"),
    ],
)
def test_a_refusal_and_another_pumps_answer_are_told(
    reply: str, error: type[Exception], match: str
) -> None:
    """Before anything runs."""
    port = TranscriptPort(said("0CLD INF", reply))

    with pytest.raises(error, match=match):
        port.run(NewEraPump(port, SETTINGS).deliver("0", 10 * UL))


@pytest.mark.parametrize("held", ["9.990UL", "10.00ML", "UL", "10.00"])
def test_a_volume_that_was_not_taken_is_not_run(held: str) -> None:
    """The pump holds another number, or a thousand times as much: RUN is never written."""
    port = TranscriptPort(
        said("0CLD INF", "00S"), said("0VOL UL", "00S"), said("0VOL 10.00", "00S"),
        said("0VOL", f"00S{held}"),
    )  # fmt: skip

    with pytest.raises(DeviceRefusedError, match="has not taken"):
        port.run(NewEraPump(port, SETTINGS).deliver("0", 10 * UL))


def test_a_stranger_is_told() -> None:
    """By what it answers."""
    port = TranscriptPort(said("0", "00S"), said("0VER", "00SHA22"))

    with pytest.raises(IdentityError, match="not a New Era pump"):
        port.run(NewEraPump(port, {}).identify())


@pytest.mark.parametrize(
    "wrong",
    [{"syringes": {}}, {"syringes": {100: "4.6 mm"}}, {"syringes": {0: "4.6"}}, {"rate": 0},
     {"syringes": [0]}, {"most": "20 mL"}],
)  # fmt: skip
def test_settings_that_cannot_be_are_bad_input(wrong: dict[str, Any]) -> None:
    """Each is named."""
    with pytest.raises(InputError, match=f"setting '{next(iter(wrong))}'"):
        NewEraPump(TranscriptPort(), wrong)
