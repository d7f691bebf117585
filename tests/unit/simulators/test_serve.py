"""The same bench over TCP: handshake, truth, answers in real time, a log that survives."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from labctl.clock import NS, Clock, real_ns, run_real
from labctl.instruments import InputError, SimSpec
from labctl_simulators.serve import serve_session
from labctl_simulators.session import Session, open_session
from tests.unit.simulators._helpers import SAMPLE

Ports = dict[str, int]
Visit = Callable[[Clock, Session, Ports], Awaitable[None]]
PATIENCE_S = 5.0


def visit(
    host: Visit, *faults: str, log: Path | None = None, bench: Mapping[str, Any] | None = None
) -> None:
    """Serve a bench in this process, let `host` talk to it, end the server."""

    async def main(clock: Clock) -> None:
        session = open_session(SimSpec(3, faults, SAMPLE, bench or {}))
        listening: asyncio.Future[Ports] = asyncio.get_running_loop().create_future()

        def ready(table: Sequence[dict[str, Any]]) -> None:
            listening.set_result({row["instrument"]: row["port"] for row in table})

        server = asyncio.create_task(serve_session(session, clock, log=log, ready=ready))
        try:
            async with asyncio.timeout(PATIENCE_S):
                await host(clock, session, await listening)
        finally:
            server.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await server

    run_real(main)


class Host:
    """A plain socket to one instrument."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Host:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def tell(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def ask(self, data: bytes) -> bytes:
        await self.tell(data)
        return await self._reader.readline()


def test_handshake_says_who_is_simulated() -> None:
    """The simulator's own question is answered with instrument, driver, seed, faults, speed
    and where the others are."""

    async def host(clock: Clock, session: Session, ports: Ports) -> None:
        async with Host(ports["scanner"]) as scanner:
            word, _, said = (await scanner.ask(b"~labctl-sim?\n")).partition(b" ")
            name = await scanner.ask(b"*IDN?\n")

        told = json.loads(said)
        served = told.pop("addresses")

        assert b"labctl-sim/1" == word
        assert {
            "instrument": "scanner",
            "driver": "keysight-3497x",
            "seed": 3,
            "faults": ["bead-out@300s"],
            "speed": 1.0,
        } == told
        assert f"sim+socket://127.0.0.1:{ports['laser']}" == served["laser"]
        assert f"sim+TCPIP0::127.0.0.1::{ports['scanner']}::SOCKET" == served["scanner"]
        assert b"HEWLETT-PACKARD,34970A,0,13-2-2\n" == name

    visit(host, "bead-out@300s")


def test_a_resistor_s_supply_is_served_and_its_edges_are_logged(tmp_path: Path) -> None:
    """Energised and switched off over TCP: two lines of the log, which say that it is the heater,
    and the last line, which says that it is off."""
    bench = {
        "instruments": {"supply": {"driver": "keysight-e36300", "address": "sim://supply"}},
        "heater": {"resistance_ohm": 100.0, "deviation": 0.002},
    }
    log = tmp_path / "edges.jsonl"

    async def host(clock: Clock, session: Session, ports: Ports) -> None:
        async with Host(ports["supply"]) as supply:
            await supply.tell(b"VOLT 8,(@2)\nOUTP 1,(@2)\n")
            assert b"1\n" == await supply.ask(b"OUTP? (@2)\n")
            assert 8.0 == pytest.approx(float(await supply.ask(b"MEAS:VOLT? (@2)\n")), rel=0.01)
            await supply.tell(b"OUTP 0,(@2)\n")
            assert b"0\n" == await supply.ask(b"OUTP? (@2)\n")

    visit(host, log=log, bench=bench)
    on, off, end = (json.loads(line) for line in log.read_text().splitlines())

    assert [("on", "heater"), ("off", "heater")] == [(e["edge"], e["source"]) for e in (on, off)]
    assert ("end", False, False) == (end["edge"], end["lit"], end["heated"])


def test_handshake_may_come_in_pieces() -> None:
    """The question is recognised however TCP cuts it."""

    async def host(clock: Clock, session: Session, ports: Ports) -> None:
        async with Host(ports["laser"]) as laser:
            await laser.tell(b"~lab")
            await clock.sleep(NS // 100)
            await laser.tell(b"ctl-si")
            await clock.sleep(NS // 100)

            assert (await laser.ask(b"m?\n")).startswith(b"labctl-sim/1 {")

    visit(host)


def test_time_begins_with_the_first_instrument_byte() -> None:
    """A handshake does not start the world; a query does."""

    async def host(clock: Clock, session: Session, ports: Ports) -> None:
        async with Host(ports["meter"]) as meter:
            await meter.ask(b"~labctl-sim?\n")
            await clock.sleep(NS // 10)
            before_ns = session.world.now_ns
            await meter.ask(b"*IDN?\n")
            await clock.sleep(NS // 10)

            assert 0 == before_ns
            assert session.world.now_ns > 0

    visit(host)


def test_a_reply_takes_its_wire_time() -> None:
    """An identification at 38400 baud is not there before its bytes can have passed."""

    async def host(clock: Clock, session: Session, ports: Ports) -> None:
        async with Host(ports["laser"]) as laser:
            begun_ns = clock.now_ns()
            reply = await laser.ask(b"*IDN?\r\n")

            assert clock.now_ns() - begun_ns > (7 + len(reply)) * 10 * NS // 38400

    visit(host)


def test_off_is_heard_while_a_reply_is_under_way() -> None:
    """A command sent behind a query acts before that query's answer has come."""

    async def host(clock: Clock, session: Session, ports: Ports) -> None:
        async with Host(ports["laser"]) as laser:
            await laser.tell(b"LAS:LDI 1461\r\nLAS:OUT 1\r\n")
            await clock.sleep(NS // 10)
            lit = session.world.power_w()
            await laser.tell(b"LAS:LDI?\r\nLAS:OUT 0\r\n")
            await clock.sleep(NS // 50)

            assert lit > 0.9
            assert 0.0 == session.world.power_w()

    visit(host, "late-reply:laser=1s@0s+60s")


def test_truth_and_log_know_the_light(tmp_path: Path) -> None:
    """Truth over the wire has the emission with wall times; the log has both edges by then."""
    log = tmp_path / "emission.jsonl"

    async def host(clock: Clock, session: Session, ports: Ports) -> None:
        begun_ns = real_ns()
        async with Host(ports["laser"]) as laser:
            await laser.tell(b"LAS:LDI 1461\r\nLAS:OUT 1\r\n")
            await clock.sleep(NS // 5)
            await laser.tell(b"LAS:OUT 0\r\n")
            await clock.sleep(NS // 10)
            truth = json.loads(await laser.ask(b"~labctl-truth?\n"))
        edges = [json.loads(line) for line in log.read_text().splitlines()]
        [emission] = truth["emission"]

        assert 3 == truth["seed"]
        assert ["on", "off"] == [edge["edge"] for edge in edges]
        assert [emission["on_ns"], emission["off_ns"]] == [edge["t_ns"] for edge in edges]
        assert [emission["on_utc"], emission["off_utc"]] == [edge["utc"] for edge in edges]
        stamps = [begun_ns, *(edge["boot_ns"] for edge in edges), real_ns()]
        assert sorted(stamps) == stamps
        assert emission["mean_power_w"] == pytest.approx(1.0, rel=0.1)

    visit(host, log=log)
    last = json.loads(log.read_text().splitlines()[-1])

    assert ("end", False) == (last["edge"], last["lit"])


def test_light_stays_when_the_host_goes() -> None:
    """Nothing on these wires switches the laser off when its host is gone."""

    async def host(clock: Clock, session: Session, ports: Ports) -> None:
        async with Host(ports["laser"]) as laser:
            await laser.tell(b"LAS:LDI 1461\r\nLAS:OUT 1\r\n")
            await clock.sleep(NS // 10)
        await clock.sleep(NS // 10)

        assert session.world.power_w() > 0.9

    visit(host)


def test_faults_happen_though_nobody_asks() -> None:
    """The world goes on by itself: a laser that lights itself is in the log at its time."""

    async def host(clock: Clock, session: Session, ports: Ports) -> None:
        async with Host(ports["meter"]) as meter:
            await meter.ask(b"*IDN?\n")
            await clock.sleep(NS // 2)

            assert 200_000_000 == session.world.emission.first_on_ns

    visit(host, "laser-on-by-itself@200ms")


def test_unplugged_port_drops_its_host() -> None:
    """The connection ends when the cable comes out, and a new one is not answered."""

    async def host(clock: Clock, session: Session, ports: Ports) -> None:
        async with Host(ports["meter"]) as meter:
            await meter.ask(b"*IDN?\n")
            with contextlib.suppress(ConnectionError):
                assert b"" == await meter._reader.read()
        with contextlib.suppress(ConnectionError):
            async with Host(ports["meter"]) as again:
                assert b"" == await again.ask(b"*IDN?\n")

    visit(host, "unplugged-port:meter@100ms")


def test_a_port_already_taken_is_named() -> None:
    """Two servers cannot have one port; the message says which and what to do."""

    async def main(clock: Clock) -> None:
        session = open_session(SimSpec(1))
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
            with pytest.raises(InputError, match=rf"127\.0\.0\.1:{port}.*[Cc]hoose another"):
                await serve_session(session, clock, port=port)

    run_real(main)


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A log in a folder that is not there is refused before anything is served."""
    missing = tmp_path / "no" / "log.jsonl"

    async def main(clock: Clock) -> None:
        with pytest.raises(InputError, match=r"log\.jsonl"):
            await serve_session(open_session(SimSpec(1)), clock, log=missing)

    run_real(main)


PROGRAM = """
import json, sys
from labctl.instruments import SimSpec
from labctl_simulators.serve import serve
serve(SimSpec(3), ready=lambda table: print(json.dumps(table), flush=True))
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    """`serve` blocks, tells its addresses once, and returns when asked to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    with process:
        try:
            assert process.stdout is not None
            table = json.loads(process.stdout.readline())
            port = table[0]["port"]
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as host:
                host.sendall(b"~labctl-sim?\n")
                said = host.recv(1000)
            process.send_signal(number)
            rest, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()

    assert said.startswith(b"labctl-sim/1 {")
    assert "ended\n" == rest
    assert 0 == process.returncode
    assert f"sim+socket://127.0.0.1:{port}" == table[0]["socket"]
    assert f"sim+TCPIP0::127.0.0.1::{port}::SOCKET" == table[0]["visa"]
