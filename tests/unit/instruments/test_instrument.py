"""An instrument over a port: jobs, trouble, and who may answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from labctl.clock import Clock
from labctl.errors import RefusedError
from labctl.instruments import (
    Address,
    DeviceRefusedError,
    DriverSpec,
    Identity,
    IdentityError,
    Instrument,
    Line,
    Port,
    PortProtocolError,
    PortTimeoutError,
    Silent,
)
from tests.contract.wire import MS, Card, Wire

LINE = Line(b"\n")
Virtual = Callable[..., Any]


class Counter:
    """A driver of the test's own: every query is answered with its number."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="counter", title="A counter", capabilities=frozenset({"thermometer"}),
        transport="serial",
    )  # fmt: skip

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        self._port = port

    async def identify(self) -> Identity:
        text = (
            (await self._port.exchange(b"id\n", LINE, timeout_s=0.1))
            .decode("ascii", "replace")
            .strip()
        )
        if not text.startswith("counter"):
            raise IdentityError("not a counter", seen=text)
        return Identity("test", text)

    async def configure(self) -> None:
        await self._port.exchange(b"begin\n", Silent(), timeout_s=0.1)

    async def query(self) -> bytes:
        return await self._port.exchange(b"n?\n", LINE, timeout_s=0.1, retry=True)

    async def command(self) -> bytes:
        return await self._port.exchange(b"set\n", LINE, timeout_s=0.1)

    async def unreadable(self) -> None:
        await self._port.exchange(b"n?\n", LINE, timeout_s=0.1, retry=True)
        raise PortProtocolError("that is no number")


class Bench:
    """One counter on a wire, and what was told of it."""

    def __init__(self, clock: Clock) -> None:
        self.name = b"counter 1\n"
        self.wire = Wire(lambda: Card(self._answer))
        self.told: list[tuple[str, str]] = []
        self.instrument = Instrument(
            "thing",
            Counter,
            {},
            Address.parse("sim://thing"),
            self.wire.port(clock, "thing"),
            on_trouble=lambda what, detail: self.told.append((what, detail)),
        )
        assert isinstance(self.instrument.driver, Counter)
        self.driver = self.instrument.driver

    def _answer(self, data: bytes) -> bytes | None:
        return {b"id\n": self.name, b"n?\n": b"7\n", b"set\n": b"ok\n"}.get(data)

    @property
    def trouble(self) -> list[str]:
        return [what for what, _ in self.told]


def test_one_job_at_a_time(virtual: Virtual) -> None:
    """Two jobs of several exchanges do not mix."""

    async def main(clock: Clock) -> list[str]:
        bench = Bench(clock)
        await bench.instrument.connect()
        order: list[str] = []

        async def twice(who: str) -> None:
            for _ in range(2):
                await bench.driver.query()
                order.append(who)
                await clock.sleep(20 * MS)

        await asyncio.gather(
            bench.instrument.job(lambda: twice("a")), bench.instrument.job(lambda: twice("b"))
        )
        return order

    assert ["a", "a", "b", "b"] == virtual(main)


def test_a_late_query_is_repeated_once_after_resynchronising(virtual: Virtual) -> None:
    """The caller sees an answer; the trouble is told, with instrument and port."""

    async def main(clock: Clock) -> None:
        bench = Bench(clock)
        await bench.instrument.connect()
        before = len(bench.wire.sent)
        bench.wire.late_ns = 120 * MS
        reply = await bench.instrument.job(bench.driver.query)

        assert b"7\n" == reply
        assert ["timeout", "resynchronised"] == bench.trouble
        assert "thing at sim://thing" in bench.told[0][1]
        assert [b"n?\n", b"id\n", b"n?\n"] == bench.wire.written(before)

    virtual(main)


def test_a_late_reply_that_meets_the_identification_is_drained_too(virtual: Virtual) -> None:
    """A reply later than the first quiet time is taken for an identity, refused, and drained."""

    async def main(clock: Clock) -> None:
        bench = Bench(clock)
        await bench.instrument.connect()
        before = len(bench.wire.sent)
        bench.wire.late_ns = 150 * MS
        reply = await bench.instrument.job(bench.driver.query)

        assert b"7\n" == reply
        assert [b"n?\n", b"id\n", b"id\n", b"n?\n"] == bench.wire.written(before)

    virtual(main)


def test_a_late_command_is_not_repeated(virtual: Virtual) -> None:
    """A command that is not answered raises; the next job resynchronises first."""

    async def main(clock: Clock) -> None:
        bench = Bench(clock)
        await bench.instrument.connect()
        before = len(bench.wire.sent)
        bench.wire.late_ns = 900 * MS
        with pytest.raises(PortTimeoutError, match="thing at sim://thing"):
            await bench.instrument.job(bench.driver.command)
        reply = await bench.instrument.job(bench.driver.query)

        assert b"7\n" == reply
        assert 1 == bench.wire.written(before).count(b"set\n")
        assert ["timeout", "resynchronised"] == bench.trouble

    virtual(main)


def test_silence_for_good_raises_after_three_tries(virtual: Virtual) -> None:
    """An instrument that says nothing any more: three identifications, then PortTimeoutError."""

    async def main(clock: Clock) -> None:
        bench = Bench(clock)
        await bench.instrument.connect()
        before = len(bench.wire.sent)
        bench.wire._link = Card(lambda data: None)  # type: ignore[assignment]
        with pytest.raises(PortTimeoutError):
            await bench.instrument.job(bench.driver.query)

        assert [b"n?\n", b"id\n", b"id\n", b"id\n"] == bench.wire.written(before)
        assert ["timeout"] == bench.trouble

    virtual(main)


def test_another_instrument_after_a_timeout_is_refused(virtual: Virtual) -> None:
    """Somebody swapped the plugs: the port never serves again under the old name."""

    async def main(clock: Clock) -> None:
        bench = Bench(clock)
        await bench.instrument.connect()
        bench.name = b"counter 2\n"
        bench.wire.late_ns = 120 * MS
        with pytest.raises(IdentityError, match="another instrument answers"):
            await bench.instrument.job(bench.driver.query)
        with pytest.raises(IdentityError, match="another instrument answers"):
            await bench.instrument.job(bench.driver.query)
        with pytest.raises(IdentityError, match="another instrument answers"):
            await bench.instrument.reopen()

        assert not bench.wire.open

    virtual(main)


def test_an_urgent_write_ends_the_commands_of_a_job_but_not_its_queries(virtual: Virtual) -> None:
    """What a job still wants to command after an off is refused; asking is allowed."""

    async def main(clock: Clock) -> None:
        bench = Bench(clock)
        await bench.instrument.connect()

        async def off_in_between() -> None:
            await bench.instrument._port.urgent(b"off\n")
            assert b"7\n" == await bench.driver.query()
            await bench.driver.command()

        with pytest.raises(DeviceRefusedError, match="switched off meanwhile"):
            await bench.instrument.job(off_in_between)
        refused = bench.wire.written()
        await bench.instrument.job(bench.driver.command)

        assert b"set\n" not in refused
        assert b"set\n" == bench.wire.written()[-1]

    virtual(main)


def test_an_unreadable_reply_puts_the_port_out_of_step(virtual: Virtual) -> None:
    """The driver cannot read a whole frame: told, raised, and resynchronised before the next."""

    async def main(clock: Clock) -> None:
        bench = Bench(clock)
        await bench.instrument.connect()
        with pytest.raises(PortProtocolError, match="thing at sim://thing: that is no number"):
            await bench.instrument.job(bench.driver.unreadable)
        before = len(bench.wire.sent)
        await bench.instrument.job(bench.driver.query)

        assert [b"id\n", b"n?\n"] == bench.wire.written(before)
        assert ["protocol", "resynchronised"] == bench.trouble

    virtual(main)


def test_garbage_on_the_line_at_first_is_forgiven(virtual: Virtual) -> None:
    """The first identification after opening may meet rubbish; the second counts."""

    async def main(clock: Clock) -> tuple[str, list[str]]:
        bench = Bench(clock)
        bench.wire.instead = b"\x00\xfe\n"
        identity = await bench.instrument.connect()
        return str(identity), bench.trouble

    assert ("test counter 1", []) == virtual(main)


def test_only_a_source_can_be_switched_off_and_only_a_server_knows_truth(virtual: Virtual) -> None:
    """Both are refused, by name, for a plain instrument."""

    async def main(clock: Clock) -> None:
        bench = Bench(clock)
        with pytest.raises(RefusedError, match="nothing to switch off"):
            await bench.instrument.off()
        with pytest.raises(RefusedError, match="only a served simulator"):
            await bench.instrument.truth()

    virtual(main)


def test_a_cancelled_connect_lets_the_port_go(virtual: Virtual) -> None:
    """Cancelled half-way, the port is free again."""

    async def main(clock: Clock) -> bool:
        bench = Bench(clock)
        task = asyncio.ensure_future(bench.instrument.connect())
        await clock.sleep(52 * MS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return bench.wire.open

    assert virtual(main) is False
