"""A `sim+` address is simulated only when its far end says so in the simulator's words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from labctl.clock import Clock, run_real
from labctl.instruments import Address, IdentityError, Instrument, SimSpec
from labctl_drivers.keysight_3497x import Keysight3497x
from labctl_drivers.thorlabs_pm100 import ThorlabsPm100
from labctl_simulators.serve import serve_session
from labctl_simulators.session import Session
from tests.contract.cards import CASES
from tests.contract.wire import Card, Wire

HELLO = b"~labctl-sim?\n"
Virtual = Callable[..., Any]


def claiming(clock: Clock, hello: bytes | None) -> tuple[Wire, Instrument]:
    """A power meter at an address that claims to be simulated, whose far end says `hello`."""
    meter = CASES["thorlabs-pm100"].answer()
    wire = Wire(lambda: Card(lambda data: hello if data == HELLO else meter(data)))
    address = Address.parse("sim+socket://127.0.0.1:1")
    return wire, Instrument("meter", ThorlabsPm100, {}, address, wire.port(clock, "meter"))


def test_an_answer_proves_it(virtual: Virtual) -> None:
    """The handshake comes before anything else, and what it said is kept."""

    async def main(clock: Clock) -> tuple[bool, bool, Any, bytes]:
        wire, instrument = claiming(clock, b'labctl-sim/1 {"instrument": "meter", "seed": 7}\n')
        before = instrument.simulated
        await instrument.connect()
        return before, instrument.simulated, instrument.simulator, wire.written()[0]

    said = {"instrument": "meter", "seed": 7}
    assert (False, True, said, HELLO) == virtual(main)


@pytest.mark.parametrize(
    "hello", [None, b'+0,"No error"\n', b"labctl-sim/2 {}\n", b"labctl-sim", b"\xff\xff\n"]
)
def test_no_proof_is_refused(virtual: Virtual, hello: bytes | None) -> None:
    """Silence or anything else: it may be real, so nothing more is written to it."""

    async def main(clock: Clock) -> tuple[bool, list[bytes], bool]:
        wire, instrument = claiming(clock, hello)
        with pytest.raises(IdentityError, match="simulator's handshake") as caught:
            await instrument.connect()
        assert "sim+" in caught.value.fix
        return instrument.simulated, wire.written(), wire.open

    assert (False, [HELLO], False) == virtual(main)


@pytest.mark.parametrize("way", ["socket", "visa"])
def test_a_served_simulation_over_tcp(way: str) -> None:
    """Both libraries reach it; it is found simulated, reads, and tells its truth."""

    async def main(clock: Clock) -> tuple[bool, int, list[str]]:
        from labctl.instruments import make_instrument

        session = Session(SimSpec(seed=5))
        ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        server = asyncio.ensure_future(serve_session(session, clock, ready=ready.set_result))
        row = next(r for r in await ready if r["driver"] == "keysight-3497x")
        instrument = make_instrument(
            "scanner", row["driver"], row[way], {"channels": [101, 102], "nplc": 0.2}, clock
        )
        try:
            await instrument.connect()
            assert isinstance(instrument.driver, Keysight3497x)
            readings = await instrument.job(instrument.driver.read_temperatures)
            truth = await instrument.truth()
        finally:
            await instrument.close()
            server.cancel()
            await asyncio.gather(server, return_exceptions=True)
        return instrument.simulated, truth["seed"], [r.channel for r in readings]

    assert (True, 5, ["101", "102"]) == run_real(main)
