"""The guard in a process of its own: what it does with what it is told, and with what it is not.

It runs here on a loop beside the test's end of the wire, in real time, over a source made for the
test; tests/scenario/test_guard_process.py kills real ones.
"""

from __future__ import annotations

import asyncio
import json
import os
import runpy
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from labctl import platform, talk
from labctl.clock import NS, Clock, run_real
from labctl.errors import BenchError, InputError, LabctlError, SafetyError
from labctl.events import LASER, Beam, Invalid, Reading
from labctl.evidence import eyes_of, eyes_over
from labctl.guard import Guards
from labctl.guard.process import _process
from labctl.guard.process._process import GuardProcess
from labctl.instruments import (
    Identity,
    SimSpec,
    SourceState,
    connect_all,
    make_instrument,
    open_simulation,
)
from labctl.talk import STOP, Adjust, Arm, Emit, GuardReadings, Heartbeat, Phase, _held, _served
from tests.scenario.runs import bench_file
from tests.unit.guard.test_host import FakeMeter, FakeSource
from tests.unit.guard.test_rules import SPEC

M = TypeVar("M")


class FakeInstrument:
    """What the process holds, as far as it asks it anything itself."""

    name = "diode"
    identity = Identity("Fake", "laser")
    simulated = True

    def __init__(self, source: FakeSource) -> None:
        self.source = source

    async def off(self) -> None:
        await self.source.off()

    async def close(self) -> None:
        self.source.log.append("closed")


class World:
    """A guard process on this loop, and the engine's end of its wire."""

    def __init__(self, clock: Clock, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.clock = clock
        self.folder = folder
        self.source = FakeSource(clock)
        self.guards: Guards | None = None
        self.missing: tuple[LabctlError, ...] = ()
        self.slow_s = 0.0
        ours, theirs = platform.message_pair()
        self.raw = ours
        self.channel = talk.Channel(ours)
        self.heard: list[Any] = []
        self.number = 0
        self.value = 25.0
        patch.setattr(_served, "hold", self._hold)
        patch.setattr(_served, "connect_all", self._connect)
        patch.setattr(_process, "guards_of", self._guards_of)
        setup = talk.Setup(
            "bench", clock.zero_ns, (), (talk.OwnedSource(LASER, "diode", SPEC),), {}, "", 1.0,
            str(folder / "g.sock"),
        )  # fmt: skip
        self.process = GuardProcess(talk.Channel(theirs), setup, clock)
        self.running = asyncio.ensure_future(self.process.run())

    def _hold(self, held: dict[str, Any], *rest: object) -> None:
        held["diode"] = FakeInstrument(self.source)

    async def _connect(self, *rest: object) -> tuple[LabctlError, ...]:
        await self.clock.sleep(round(self.slow_s * NS))
        return self.missing

    def _guards_of(self, held: object, setup: object, served: talk.Served) -> Guards:
        eyes = eyes_of({LASER: SPEC}, {LASER: self.source}, FakeMeter(self.source), served.clock)
        self.guards = Guards(eyes, served.clock, served.tripped)
        self.guards.unlogged = served.unlogged
        return self.guards

    @property
    def log(self) -> list[dict[str, Any]]:
        """The guard's own log."""
        return [json.loads(line) for line in (self.folder / "guard.jsonl").read_text().splitlines()]

    def say(self, message: object) -> None:
        self.channel.send(message)

    async def hear(self, kind: type[M], when: Callable[[M], bool] = lambda message: True) -> M:
        """The next message of this kind that is as it must be."""
        deadline_ns = self.clock.now_ns() + 5 * NS
        while True:
            while self.heard:
                message = self.heard.pop(0)
                if isinstance(message, kind) and when(message):
                    return message
            assert self.clock.now_ns() < deadline_ns, f"no {kind.__name__}"
            await self.clock.sleep(NS // 500)
            self.heard += self.channel.receive()

    async def ask(self, what: Any) -> talk.Answer:
        self.number += 1
        number = self.number
        self.say(talk.Asked(number, what))
        return await self.hear(talk.Answer, lambda answer: answer.number == number)

    def beat(self) -> None:
        self.value += 0.01
        self.say(Heartbeat(self.clock.now_ns(), self.value))

    async def light(self) -> None:
        """Ready, with a log, read, armed and lit."""
        await self.hear(talk.Ready)
        self.say(talk.LogTo(str(self.folder / "guard.jsonl")))
        self.beat()
        await self.ask(talk.Read())
        assert (await self.ask(Arm("test", SPEC.digest()))).error is None
        self.beat()
        assert (await self.ask(Emit(1.0, 600 * NS))).error is None
        assert self.source.lit


Scenario = Callable[[World], Awaitable[None]]


@pytest.fixture
def on_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """Carry a scenario out and wait until the process has left; it must have left dark."""

    def carry_out(scenario: Scenario, code: int = 0, **how: Any) -> World:
        worlds: list[World] = []

        async def main(clock: Clock) -> None:
            world = World(clock, tmp_path, monkeypatch)
            worlds.append(world)
            for name, value in how.items():
                setattr(world, name, value)
            try:
                await scenario(world)
            finally:
                world.channel.close()
            async with asyncio.timeout(20):
                assert code == await world.running

        run_real(main)
        if code == 0:
            assert not worlds[0].source.lit
        assert "closed" in worlds[0].source.log
        assert not (tmp_path / "g.sock").exists()
        return worlds[0]

    return carry_out


def test_a_run_as_the_engine_has_it(on_wire: Callable[..., World]) -> None:
    """Ready, log, read, arm, light with the moment of on, off confirmed, closed; all on its log."""

    async def scenario(world: World) -> None:
        await world.light()
        world.beat()
        readings = (await world.ask(talk.Read())).readings[LASER]
        assert isinstance(readings.source, SourceState)
        assert (Beam.ON, Reading) == (readings.source.beam, type(readings.power))
        news = await world.hear(talk.News)
        assert (Phase.EMITTING, Beam.ON, True) == (
            news.sources[0].phase, news.sources[0].beam, news.sources[0].can_confirm
        )  # fmt: skip
        report = (await world.ask(talk.Off("done"))).reports[LASER]
        assert (True, "read back") == (report.confirmed, report.how)
        world.say(talk.Disarm())
        await world.hear(talk.News, lambda news: news.sources[0].phase is Phase.DISARMED)
        world.say(talk.Close())
        await world.running

    world = on_wire(scenario)
    assert ["connected", "armed", "emit", "off", "leaving", "off", "gone"] == [
        line["what"] for line in world.log
    ]
    assert "closed by the engine" == world.log[4]["why"]


def test_on_is_told_at_the_moment_it_is_written(on_wire: Callable[..., World]) -> None:
    """`Commanded` comes with the number of its request, before its answer."""

    async def scenario(world: World) -> None:
        await world.hear(talk.Ready)
        world.beat()
        await world.ask(talk.Read())
        await world.ask(Arm("test", SPEC.digest()))
        world.beat()
        world.say(talk.Asked(77, Emit(1.0, NS)))
        commanded = await world.hear(talk.Commanded)
        assert (77, True) == (commanded.number, 0 < commanded.t_ns <= world.clock.now_ns())
        assert 77 == (await world.hear(talk.Answer)).number

    on_wire(scenario)


def test_another_power_while_lit_is_set_answered_and_logged(on_wire: Callable[..., World]) -> None:
    """What is refused is answered too, and the light goes on."""

    async def scenario(world: World) -> None:
        await world.light()
        world.beat()
        await world.ask(talk.Read())
        answer = await world.ask(Adjust(0.5))
        assert answer.error is None
        assert 0 < answer.set_ns <= world.clock.now_ns()
        assert isinstance((await world.ask(Adjust(9.0))).error, SafetyError)
        assert (0.5, True) == (world.source.level_set, world.source.lit)

    world = on_wire(scenario)
    assert [0.5, 9.0] == [line["power_w"] for line in world.log if line["what"] == "adjust"]


def test_the_end_of_the_wire_is_the_end_of_the_light(on_wire: Callable[..., World]) -> None:
    """The engine is gone: off, confirmed, logged, ports released."""

    async def scenario(world: World) -> None:
        await world.light()

    world = on_wire(scenario)
    assert ["leaving", "off", "gone"] == [line["what"] for line in world.log][-3:]
    assert "gone" in world.log[-3]["why"] and world.log[-1]["confirmed"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"off\n", b"{}\n", b'{"": "Emit", "power_w": NaN, "at_most_ns": 1}\n', b"\xff\xfe\n",
        b'{"": "Heartbeat", "taken_ns": "now", "temperature_degc": 1.0, "invalid": ""}\n',
        b'{"": "Ready", "found": []}\n', b'{"": "Asked", "number": 1, "what": {"": "Close"}}\n',
    ],
)  # fmt: skip
def test_what_is_no_message_ends_the_light(on_wire: Callable[..., World], garbage: bytes) -> None:
    """A line that is no message, or one that only the guard says: off, and gone."""

    async def scenario(world: World) -> None:
        await world.light()
        world.raw.send(garbage)
        async with asyncio.timeout(5):
            await world.running
        assert not world.source.lit

    assert "leaving" in [line["what"] for line in on_wire(scenario).log]


def test_a_request_before_everything_is_there_ends_it(on_wire: Callable[..., World]) -> None:
    """Nothing can be asked of a guard that is still connecting."""

    async def scenario(world: World) -> None:
        world.say(talk.Asked(1, Emit(1.0, NS)))
        await world.running

    assert ["off", "closed"] == on_wire(scenario, slow_s=1.0).source.log


def test_a_missing_instrument_is_told(on_wire: Callable[..., World]) -> None:
    """Refused, with every cause; what was reached is switched off and released."""

    async def scenario(world: World) -> None:
        (cause,) = (await world.hear(talk.Refused)).causes
        assert "not there" in str(cause)

    missing = BenchError("not there", ())
    assert ["off", "closed"] == on_wire(scenario, missing=(missing,)).source.log


def test_rules_are_looked_at_without_the_engine(on_wire: Callable[..., World]) -> None:
    """An interlock that opens ends the light though the engine asks nothing; the trip is told from
    then on, what came of it is on the log, and nothing lights."""

    async def scenario(world: World) -> None:
        await world.light()
        world.source.interlock_closed = False
        news = await world.hear(talk.News, lambda news: news.trip is not None)
        assert news.trip is not None and "interlock" == news.trip.rule
        assert not world.source.lit
        world.source.interlock_closed = True
        assert isinstance((await world.ask(Emit(1.0, NS))).error, SafetyError)
        news = await world.hear(talk.News)
        assert news.trip is not None and Phase.TRIPPED is news.sources[0].phase

    said = [line["what"] for line in on_wire(scenario).log]
    assert "off" == said[said.index("tripped") + 1]


def test_the_lease_runs_out_without_the_engine(on_wire: Callable[..., World]) -> None:
    """An engine that is there and does not beat: off one lease after the last beat."""

    async def scenario(world: World) -> None:
        await world.light()
        begun_ns = world.clock.now_ns()
        news = await world.hear(talk.News, lambda news: news.trip is not None)
        assert news.trip is not None and "lease" == news.trip.rule
        assert world.clock.now_ns() - begun_ns < (SPEC.lease_s + 0.5) * NS

    on_wire(scenario)


def test_a_request_that_nobody_waits_for_ends_dark(on_wire: Callable[..., World]) -> None:
    """An emission under way is given up when its asker is."""

    async def scenario(world: World) -> None:
        await world.hear(talk.Ready)
        world.beat()
        await world.ask(talk.Read())
        await world.ask(Arm("test", SPEC.digest()))
        reached = asyncio.Event()

        async def slow(level: float) -> None:
            reached.set()
            await world.clock.sleep(NS)

        assert world.guards is not None
        world.guards.of(LASER)._off.emitter.set_level = slow  # type: ignore[union-attr, method-assign]
        world.beat()
        world.say(talk.Asked(9, Emit(1.0, NS)))
        await reached.wait()
        world.say(talk.Dropped(9))
        world.say(talk.Dropped(1000))
        await world.ask(talk.Read())
        assert "on" not in world.source.log

    on_wire(scenario)


def test_a_reader_that_nobody_waits_for_holds_up_nobody(on_wire: Callable[..., World]) -> None:
    """A read that was dropped is no fault."""

    async def scenario(world: World) -> None:
        await world.hear(talk.Ready)
        quick = world.source.read

        async def slow() -> SourceState:
            await world.clock.sleep(NS // 5)
            return await quick()

        world.source.read = slow  # type: ignore[method-assign]
        world.say(talk.Asked(5, talk.Read()))
        await world.clock.sleep(NS // 20)
        world.say(talk.Dropped(5))
        assert (await world.ask(talk.Read())).error is None

    on_wire(scenario)


def test_trouble_of_a_port_is_told(on_wire: Callable[..., World]) -> None:
    """To the engine, for its record, and on the guard's own log."""

    async def scenario(world: World) -> None:
        await world.light()
        world.process._served.trouble("diode", "timeout", "late")
        assert talk.Trouble("diode", "timeout", "late") == await world.hear(talk.Trouble)

    assert "timeout" in [line.get("trouble") for line in on_wire(scenario).log]


def test_an_engine_that_cannot_be_told_is_gone(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wire may end at a word of the guard's as well as at one of the engine's."""

    async def scenario(world: World) -> None:
        await world.light()

        def gone(message: object) -> None:
            raise talk.WireError("gone")

        monkeypatch.setattr(world.process._served._channel, "send", gone)
        await world.running

    on_wire(scenario)


def test_sigterm_is_off_and_gone(on_wire: Callable[..., World]) -> None:
    """Somebody ends the guard itself."""

    async def scenario(world: World) -> None:
        await world.light()
        os.kill(os.getpid(), signal.SIGTERM)
        await world.running

    assert "SIGTERM" in [line.get("why") for line in on_wire(scenario).log]


def test_a_fault_of_its_own_is_off_and_gone(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that breaks, at a tick or at a heartbeat: off."""

    async def broken_rule(world: World) -> None:
        await world.light()
        monkeypatch.setattr(Guards, "look", lambda guards: 1 / 0)
        await world.running

    async def broken_heartbeat(world: World) -> None:
        await world.light()
        monkeypatch.setattr(Guards, "heartbeat", lambda guards, beat: 1 / 0)
        world.beat()
        await world.running

    for scenario, code in ((broken_rule, 0), (broken_heartbeat, 0)):
        with monkeypatch.context():
            on_wire(scenario, code=code)
        monkeypatch.undo()


def test_a_fault_on_the_way_to_off_still_writes_it(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the guards themselves break, off is written blindly, and it is not called confirmed."""

    async def scenario(world: World) -> None:
        await world.light()
        assert world.guards is not None
        monkeypatch.setattr(world.guards, "beam_off", lambda why: 1 / 0)

    world = on_wire(scenario, code=8)
    assert not world.source.lit


def test_what_does_not_go_off_is_said(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laser that ignores off: tried, logged as not confirmed, exit 8, and the port released."""
    monkeypatch.setattr("labctl.guard._off._GIVE_UP_S", 0.2)

    async def scenario(world: World) -> None:
        await world.light()
        world.source.ignores_off = True

    assert not on_wire(scenario, code=8).log[-1]["confirmed"]


def test_a_log_that_cannot_be_written_arms_nothing(on_wire: Callable[..., World]) -> None:
    """The disk's words are told at arming."""

    async def scenario(world: World) -> None:
        await world.hear(talk.Ready)
        world.say(talk.LogTo(str(world.folder / "nowhere" / "guard.jsonl")))
        world.say(talk.LogTo(str(world.folder / "again.jsonl")))
        await world.clock.sleep(NS // 10)
        error = (await world.ask(Arm("test", SPEC.digest()))).error
        assert error is not None and "No such file" in error.seen

    assert "on" not in on_wire(scenario).source.log


async def _at_control(world: World, said: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(world.folder / "g.sock"))
    writer.write(said)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


def test_anybody_of_this_user_may_ask_for_off(on_wire: Callable[..., World]) -> None:
    """At the control socket, 0600: off, latched, answered with what came of it."""

    async def scenario(world: World) -> None:
        await world.light()
        assert 0o600 == os.stat(world.folder / "g.sock").st_mode & 0o777
        answer = talk.from_line(await _at_control(world, talk.to_line(talk.Off("a person"))))
        assert isinstance(answer, talk.Stopped) and answer.reports[LASER].confirmed
        news = await world.hear(talk.News, lambda news: news.trip is not None)
        assert news.trip is not None
        assert (STOP, "a person") == (news.trip.rule, news.trip.message)

    on_wire(scenario)


@pytest.mark.parametrize("said", [b"", b"garbage\n", talk.to_line(Emit(1.0, NS))])
def test_nothing_but_off_can_be_said_there(on_wire: Callable[..., World], said: bytes) -> None:
    """Whoever says anything else gets no answer, and the run goes on."""

    async def scenario(world: World) -> None:
        await world.light()
        world.beat()
        assert b"" == await _at_control(world, said)
        assert world.source.lit

    on_wire(scenario)


def test_a_stop_is_answered_though_the_engine_goes(on_wire: Callable[..., World]) -> None:
    """The engine closes while the stop is under way: its answer still comes."""

    async def scenario(world: World) -> None:
        await world.light()
        at_once = world.source.off

        async def off() -> None:
            await at_once()
            await world.clock.sleep(NS // 5)

        world.source.off = off  # type: ignore[method-assign]
        asking = asyncio.ensure_future(_at_control(world, talk.to_line(talk.Off("a person"))))
        await world.clock.sleep(NS // 20)
        world.say(talk.Close())
        assert isinstance(talk.from_line(await asking), talk.Stopped)

    on_wire(scenario)


def test_who_says_nothing_there_holds_up_nobody(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection without a word is given up, also by a guard that leaves."""
    monkeypatch.setattr("labctl.talk._listening._PATIENCE_S", 0.2)

    async def scenario(world: World) -> None:
        await world.light()
        _, writer = await asyncio.open_unix_connection(str(world.folder / "g.sock"))
        await world.clock.sleep(NS // 20)
        world.say(talk.Close())
        await world.running
        writer.close()

    on_wire(scenario)


# -- over simulated instruments ------------------------------------------------------------------


def test_guards_are_made_over_what_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Laser, meter and gates by plain numbers: connected, off, and their trouble told."""
    bench = bench_file("simulated-gates")
    session = open_simulation(SimSpec(1, (), {}, bench.statement()))
    monkeypatch.setattr(_held, "make_instrument", partial(make_instrument, session=session))
    from labctl.bench._guard_process import setup_of

    spec = bench.guard_spec()

    async def main(clock: Clock) -> None:
        setup = setup_of(bench, ("laser", "probe", "meter", "shutter", "deadman"), {LASER: spec}, 0)
        again = talk.from_line(talk.to_line(setup))
        assert setup == again
        held: dict[str, Any] = {}
        talk.hold(held, again, clock, lambda *said: None)
        assert () == await connect_all(held.values(), clock)
        assert {"diode", "meter", "shutter", "board"} == set(held)
        guards = Guards(eyes_over(held, again, clock), clock, lambda trip: None)
        (readings,) = (await guards.readings()).values()
        assert readings.source is not None and isinstance(readings.power, Reading)
        for instrument in held.values():
            await instrument.close()

    run_real(main)


def test_what_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An instrument that does not answer is a cause, and no exception."""
    bench = bench_file("simulated")
    session = open_simulation(SimSpec(1, (), {}, bench.statement()))
    monkeypatch.setattr(_held, "make_instrument", partial(make_instrument, session=session))
    nobody = talk.OwnedInstrument("x", "arroyo-laser", "sim://nobody", {"max_current": "3.0 A"})
    setup = talk.Setup("b", 0, (nobody,), (), {}, "", 1.0, "")

    async def main(clock: Clock) -> tuple[LabctlError, ...]:
        held: dict[str, Any] = {}
        talk.hold(held, setup, clock, lambda *said: None)
        return await connect_all(held.values(), clock)

    (cause,) = run_real(main)
    assert "nobody" in str(cause)


def test_a_resistor_is_set_by_its_voltage() -> None:
    """A source's level is that of the bench file."""
    bench = bench_file("simulated-heater")
    heater = talk.OwnedSource("heater", "supply", SPEC, resistance_ohm=bench.heater.resistance_ohm)  # type: ignore[union-attr]
    laser = bench.power_at_sample
    assert laser is not None
    lit = talk.OwnedSource("laser", "diode", SPEC, laser.threshold, laser.slope)
    assert bench.level_for(0.5, "heater") == pytest.approx(heater.level(0.5))
    assert bench.level_for(0.5) == pytest.approx(lit.level(0.5))


@pytest.mark.parametrize(
    ("name", "level"), [("simulated-coil", 450.0**0.5), ("simulated-induction", 200.0)]
)
def test_a_coil_is_set_as_its_bench_says_in_the_guard_s_process_too(
    name: str, level: float
) -> None:
    """By voltage or by current, and measured by that; also when it has crossed the wire."""
    from labctl.bench._guard_process import setup_of

    bench = bench_file(name)
    assert bench.coil is not None
    setup = setup_of(bench, ("coil", "probe"), {"coil": bench.guard_spec(source="coil")}, 0)
    (coil,) = talk.from_line(talk.to_line(setup)).sources
    power_w = bench.coil.at_power_w

    assert level == pytest.approx(coil.level(power_w)) == bench.level_for(power_w, "coil")
    assert bench.coil.measured_w(level) == coil.measured_w(level)


# -- the wire --------------------------------------------------------------------------------------


@pytest.fixture
def pair() -> Iterator[tuple[talk.Channel, socket.socket]]:
    ours, theirs = platform.message_pair()
    channel = talk.Channel(ours)
    yield channel, theirs
    channel.close()
    theirs.close()


def test_a_whole_number_is_a_number() -> None:
    """JSON does not tell 1 from 1.0; the type that is wanted does."""
    read = talk.from_line(b'{"": "Heartbeat", "taken_ns": 1, "temperature_degc": 25}')
    assert (25.0, float) == (read.temperature_degc, type(read.temperature_degc))


def test_errors_keep_their_class_and_words() -> None:
    """An error is raised over there as it was here."""
    error = SafetyError("no", where="here", seen="that", fix="Do it.")
    (said,) = talk.from_line(talk.to_line(talk.Refused((error,)))).causes
    assert (SafetyError, str(error)) == (type(said), str(said))
    bad = InputError("bad", where="there", fix="Mend it.")
    (said,) = talk.from_line(talk.to_line(talk.Refused((bad,)))).causes
    assert (InputError, str(bad)) == (type(said), str(said))


def test_a_reading_that_is_none_crosses_as_one() -> None:
    """`Reading | Invalid` is told apart, and None stays None."""
    invalid = Invalid("meter.power", "timeout", "late", 5)
    readings = talk.from_line(
        talk.to_line(talk.Answer(1, None, {}, {LASER: GuardReadings(None, invalid)}))
    ).readings
    assert invalid == readings[LASER].power and readings[LASER].source is None


def test_an_end_that_is_gone_is_said(pair: tuple[talk.Channel, socket.socket]) -> None:
    """First what was said last, then the end; sending to it is an error as well."""
    channel, other = pair
    other.send(talk.to_line(talk.Read()) + talk.to_line(talk.Close()))
    other.close()
    assert [talk.Read(), talk.Close()] == channel.receive()
    with pytest.raises(talk.WireError, match="gone"):
        channel.receive()
    with pytest.raises(talk.WireError, match="gone"):
        channel.send(talk.Read())


def test_an_end_that_does_not_listen_loses_whole_messages(
    pair: tuple[talk.Channel, socket.socket],
) -> None:
    """What does not fit is dropped whole: what is read later is messages still."""
    channel, other = pair
    for _ in range(5000):
        channel.send(talk.Off("x" * 100))
    assert {talk.Off("x" * 100)} == set(talk.Channel(other).receive())


class Half:
    """A socket that takes half of what it is given, and one that fails to give."""

    def setblocking(self, flag: bool) -> None:
        pass

    def send(self, data: bytes) -> int:
        return len(data) // 2

    def recv(self, most: int) -> bytes:
        raise ConnectionResetError


def test_a_stream_that_takes_half_or_breaks_is_an_end() -> None:
    """Half a message would spoil all that follow."""
    channel = talk.Channel(Half())  # type: ignore[arg-type]
    with pytest.raises(talk.WireError, match="listen"):
        channel.send(talk.Read())
    with pytest.raises(talk.WireError, match="gone"):
        channel.receive()


def test_messages_may_come_in_pieces_but_not_without_end(
    pair: tuple[talk.Channel, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where messages do not go whole, they are put together; too long a line is none."""
    channel, other = pair
    line = talk.to_line(talk.Off("why"))
    other.send(line[:7])
    assert [] == channel.receive()
    other.send(line[7:])
    assert [talk.Off("why")] == channel.receive()
    monkeypatch.setattr("labctl.talk._wire._MOST", 64)
    for _ in range(3):
        other.send(b"x" * 60)
    with pytest.raises(talk.WireError, match="without an end"):
        channel.receive()


# -- the program ---------------------------------------------------------------------------------


@pytest.fixture
def as_program(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Signals and modules as they were, afterwards."""
    monkeypatch.setitem(sys.modules, "numpy", sys.modules.get("numpy"))
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("first", [b"", b"garbage\n", talk.to_line(talk.Read())])
def test_without_a_setup_it_ends(as_program: None, first: bytes) -> None:
    """Nothing was touched: exit 2."""
    ours, theirs = platform.message_pair()
    if first:
        ours.send(first)
    else:
        ours.close()
    assert 2 == _process.main(theirs.detach())
    ours.close()


def test_it_starts_with_its_setup(
    as_program: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setup, also in pieces; what cannot be is refused, and it goes as it came."""
    ours, theirs = socket.socketpair()
    nobody = talk.OwnedInstrument("x", "no-such-driver", "sim://x", {})
    line = talk.to_line(talk.Setup("b", 0, (nobody,), (), {}, "", 1.0, str(tmp_path / "g.sock")))
    ours.send(line[:20])

    def engine() -> None:
        threading.Event().wait(0.1)
        ours.send(line[20:])
        ours.settimeout(5)
        assert b"no-such-driver" in ours.recv(1 << 16)
        ours.close()

    other = threading.Thread(target=engine)
    other.start()
    monkeypatch.setattr(sys, "argv", ["guard", str(theirs.detach())])
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("labctl.guard.process", run_name="__main__")
    other.join()
    runpy.run_module("labctl.guard.process.__main__", run_name="imported")
    assert 0 == ended.value.code
