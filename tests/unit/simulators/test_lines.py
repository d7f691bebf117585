"""Served over rfc2217 and on a pseudo-terminal: as over a cable, also with wrong line settings."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.clock import Clock, run_real
from labctl.instruments import (
    IdentityError,
    Instrument,
    Line,
    PortTimeoutError,
    SerialSettings,
    SimSpec,
    make_instrument,
)
from labctl.instruments._serial import SerialTransport
from labctl.instruments._threaded import ThreadPort
from labctl_simulators._uart import LineSettings, heard
from labctl_simulators.serve import serve_session
from labctl_simulators.session import open_session

PATIENCE_S = 20.0
# pyserial makes its thread as older Pythons wanted it.
pytestmark = pytest.mark.filterwarnings("ignore:set\\w+\\(\\) is deprecated")
BENCH = {
    "instruments": {
        "laser": {"driver": "arroyo-laser", "address": "sim://laser", "settings": {}},
        "plate": {"driver": "ika-hotplate", "address": "sim://plate", "settings": {}},
        "meter": {"driver": "thorlabs-pm100", "address": "sim://meter"},
    }
}
Visit = Callable[[Clock, Mapping[str, str]], Awaitable[None]]


def served(way: str, host: Visit) -> None:
    """Serve the bench so, and let `host` talk to it."""

    async def main(clock: Clock) -> None:
        session = open_session(SimSpec(3, bench=BENCH))
        listening: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

        def ready(table: Sequence[dict[str, Any]]) -> None:
            listening.set_result({row["key"]: row["address"] for row in table})

        server = asyncio.create_task(serve_session(session, clock, ready=ready, way=way))
        try:
            async with asyncio.timeout(PATIENCE_S):
                await host(clock, await listening)
        finally:
            server.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await server

    run_real(main)


async def connected(clock: Clock, key: str, driver: str, address: str) -> Instrument:
    made = make_instrument(key, driver, address, {}, clock)
    await made.connect()
    return made


@pytest.mark.parametrize(("way", "scheme"), [("rfc2217", "sim+rfc2217://"), ("pty", "sim+/dev/")])
def test_drivers_reach_it_with_the_lines_that_they_declare(way: str, scheme: str) -> None:
    """38400 8N1 and 9600 7E1; the simulator's handshake proves itself; a message instrument stays
    on TCP."""

    async def host(clock: Clock, addresses: Mapping[str, str]) -> None:
        assert addresses["laser"].startswith(scheme)
        assert addresses["plate"].startswith(scheme)
        assert addresses["meter"].startswith("sim+TCPIP0::")
        for key, name in (("laser", "arroyo-laser"), ("plate", "ika-hotplate")):
            made = await connected(clock, key, name, addresses[key])
            assert made.simulated
            assert made.identity is not None
            await made.close()

    served(way, host)


@pytest.mark.parametrize("way", ["rfc2217", "pty"])
def test_a_wrong_speed_gives_garbage(way: str) -> None:
    """What comes back at 9600 from an instrument at 38400 is no answer, and often nothing."""

    async def host(clock: Clock, addresses: Mapping[str, str]) -> None:
        url = addresses["laser"].removeprefix("sim+")
        transport = SerialTransport(url, SerialSettings(baud=9600), "laser")
        port = ThreadPort(transport, clock, url, "laser")
        await port.open()
        try:
            with pytest.raises(PortTimeoutError) as caught:
                await port.exchange(b"*IDN?\r\n", Line(b"\r\n"), timeout_s=0.3)
            assert "Arroyo" not in caught.value.seen
        finally:
            await port.close()

    served(way, host)


def test_a_driver_at_the_wrong_speed_is_told() -> None:
    """As nobody who can be identified."""

    async def host(clock: Clock, addresses: Mapping[str, str]) -> None:
        made = make_instrument("laser", "arroyo-laser", addresses["laser"], {"baud": 9600}, clock)
        with pytest.raises((IdentityError, PortTimeoutError)):
            await made.connect()

    served("pty", host)


def test_ends_that_are_set_up_alike_understand_each_other() -> None:
    """Every byte is itself."""
    line = LineSettings(19200, 8, "E")
    assert bytes(range(256)) == heard(bytes(range(256)), line, line)


@given(st.binary(max_size=20), st.sampled_from([(8, "N"), (7, "E"), (7, "O"), (8, "E")]))
def test_the_wire_carries_what_it_can(data: bytes, frame: tuple[int, str]) -> None:
    """Bit by bit at the same speed: what fits into the bits comes through."""
    line = LineSettings(9600, *frame)
    fitting = bytes(byte & ((1 << frame[0]) - 1) for byte in data)
    other = LineSettings(9600, *frame)
    wave_twin = heard(fitting, line, LineSettings(9601, *frame))

    assert fitting == heard(fitting, line, other)
    # A ten-thousandth off is within what every receiver stands, for one frame.
    assert fitting == wave_twin


@pytest.mark.parametrize(
    ("sender", "receiver", "expected"),
    [
        # Each bit is seen twice, 00 11 00 11 ...; the first frame ends low, the next begins late.
        (LineSettings(4800), LineSettings(9600), b"\x66\xe6"),
        # Even parity in the eighth bit: U has four ones, so that the bit is 0.
        (LineSettings(9600, 7, "E"), LineSettings(9600, 8, "N"), b"U"),
        (LineSettings(9600, 7, "O"), LineSettings(9600, 8, "N"), b"\xd5"),
        (LineSettings(9600, 7, "O"), LineSettings(9600, 7, "E"), b""),
    ],
)
def test_known_mistakes(sender: LineSettings, receiver: LineSettings, expected: bytes) -> None:
    """By hand from the frames."""
    assert expected == heard(b"U", sender, receiver)


@given(st.binary(max_size=40), st.sampled_from([1200, 9600, 38400, 115200]))
def test_a_receiver_never_hangs(data: bytes, baud: int) -> None:
    """Whatever comes, at whatever speed: no more bytes than the wire has room for."""
    got = heard(data, LineSettings(9600), LineSettings(baud))
    assert len(got) <= len(data) * max(1.0, baud / 9600) * 1.2 + 1
