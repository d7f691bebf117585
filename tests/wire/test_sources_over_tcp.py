"""Every simulated laser over TCP: served as to a stranger, reached by the library that its driver
takes (pyserial or PyVISA), lit and put out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from labctl.clock import Clock, run_real
from labctl.instruments import (
    Beam,
    PortTimeoutError,
    Seal,
    SimSpec,
    Source,
    make_instrument,
)
from labctl_simulators.serve import serve_session
from labctl_simulators.session import open_session
from tests.contract.cards import CASES
from tests.contract.registered import registered

PATIENCE_S = 10.0
LASERS = [name for name, driver in registered().items() if driver.spec.drive == "current"]
LASERS += ["cni-laser", "cobolt-laser", "ipg-laser", "obis-laser"]
CANNOT_TELL_INTERLOCK = {"ambrell-easyheat", "ipg-laser"}


async def lit_and_put_out(row: Mapping[str, Any], name: str, clock: Clock) -> None:
    """Off, lit, off, each as the instrument itself says where it can."""
    case = CASES[name]
    instrument = make_instrument("thing", name, str(row["address"]), case.settings, clock)
    try:
        await instrument.connect()
        source = instrument.driver
        assert isinstance(source, Source)
        dark = await instrument.job(source.read)
        emitter = source.emitter(Seal("test"))
        await instrument.job(lambda: emitter.limit_level(case.level))
        await instrument.job(lambda: emitter.set_level(case.level))
        await instrument.job(emitter.on)
        lit = await instrument.job(source.read)
        await instrument.off()
        out = await instrument.job(source.read)
    finally:
        await instrument.close()

    assert instrument.simulated
    assert pytest.approx(case.level, rel=1e-3) == lit.set_level
    seen = [dark.beam, lit.beam, out.beam]
    if not instrument.spec.confirms_emission:
        assert [Beam.UNKNOWN] * 3 == seen
        return
    assert [Beam.OFF, Beam.ON, Beam.OFF] == seen
    assert (name not in CANNOT_TELL_INTERLOCK or None, ()) == (lit.interlock_closed, lit.faults)


@pytest.mark.parametrize("name", LASERS)
def test_a_laser_is_lit_and_put_out_over_tcp(name: str) -> None:
    """By the address that the server gives for it, with the simulator's handshake."""
    entry = {"driver": name, "address": "sim://thing", "settings": dict(CASES[name].settings)}

    async def main(clock: Clock) -> None:
        listening: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()

        def ready(table: Sequence[dict[str, Any]]) -> None:
            listening.set_result(table[0])

        session = open_session(SimSpec(3, bench={"instruments": {"thing": entry}}))
        server = asyncio.create_task(serve_session(session, clock, ready=ready))
        try:
            row = await listening
            async with asyncio.timeout(PATIENCE_S):
                for last in (False, False, True):
                    try:
                        await lit_and_put_out(row, name, clock)
                        break
                    except PortTimeoutError:
                        # The computer is busy elsewhere; how fast it is, is not tried here.
                        if last:
                            raise
        finally:
            server.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await server

        coil = session.world.coil
        assert not session.world.laser.output_on
        assert coil is None or not coil.output_on

    run_real(main)
