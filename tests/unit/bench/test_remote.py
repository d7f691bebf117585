"""The engine's end of the guard's process: what it believes, when it takes over, and what then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from labctl import platform, talk
from labctl.bench._remote import RemoteGuards
from labctl.clock import NS, Clock, real_sleep, run_real
from labctl.errors import BeamNotConfirmedOffError, DeviceRefusedError, RefusedError, SafetyError
from labctl.events import HEATER, LASER, Beam
from labctl.evidence import eyes_of
from labctl.guard import Guards
from labctl.talk import Adjust, Arm, Emit, Heartbeat, Phase, Trip
from tests.unit.guard.test_host import FakeSource
from tests.unit.guard.test_rules import SPEC


class FakeProcess:
    """As much of `subprocess.Popen` as is asked for."""

    returncode: int | None = None

    def __init__(self) -> None:
        self.killed = False

    def poll(self) -> int | None:
        return self.returncode

    def kill(self) -> None:
        self.killed = True
        self.returncode = -9


class FakePort:
    """A port that can be opened, or not."""

    def __init__(self, source: FakeSource) -> None:
        self.source = source

    async def connect(self, *, hold: bool = False) -> None:
        self.source.log.append("opened")
        if self.source.unplugged:
            raise DeviceRefusedError("no")
        await self.source.off()


def news(phase: Phase = Phase.EMITTING, trip: Trip | None = None) -> talk.News:
    beam = Beam.ON if phase is Phase.EMITTING else Beam.OFF
    return talk.News((talk.SourceNews(LASER, phase, beam, "read back", 7, True, True, True),), trip)


class Wire:
    """Remote guards, and the guard's end of the wire in the test's hands."""

    def __init__(self, clock: Clock, folder: Path) -> None:
        self.clock = clock
        ours, theirs = platform.message_pair()
        self.theirs = theirs
        self.guard = talk.Channel(theirs)
        self.process = FakeProcess()
        self.source = FakeSource(clock, lit=True)
        self.trips: list[Trip] = []
        self.trouble: list[tuple[str, str, str]] = []
        self.spare_breaks = False
        self.spares = 0
        self.left: int | None = None
        """How the guard ended when it saw the wire end."""
        process: Any = self.process
        self.remote = RemoteGuards(
            clock, {LASER: SPEC}, process, talk.Channel(ours), folder / "g.sock"
        )
        self.remote.begin(
            self.trips.append, lambda *said: self.trouble.append(said), folder / "guard.jsonl",
            self.spare, [FakePort(self.source)],  # type: ignore[list-item]
        )  # fmt: skip
        self.telling = asyncio.ensure_future(self._tell())
        self.answers: Callable[[talk.Asked], object] = lambda asked: talk.Answer(asked.number)
        self.heard: list[Any] = []

    async def _tell(self) -> None:
        """A guard that lives: news at each tick, an answer to each request."""
        while True:
            try:
                self.guard.send(news())
                for message in self.guard.receive():
                    self.heard.append(message)
                    if isinstance(message, talk.Asked):
                        self.guard.send(self.answers(message))
            except talk.WireError:
                self.left = self.process.returncode = self.process.returncode or 0
                return
            await self.clock.sleep(NS // 50)

    def spare(self, tell: Callable[[Trip], None]) -> Guards:
        self.spares += 1
        if self.spare_breaks:
            raise RuntimeError("broken")
        return Guards(
            eyes_of({LASER: SPEC}, {LASER: self.source}, None, self.clock), self.clock, tell
        )

    def hang(self) -> None:
        self.telling.cancel()

    def ended(self) -> bool:
        """Whether the guard's end has seen the wire end."""
        try:
            self.guard.receive()
        except talk.WireError:
            return True
        return False


Scenario = Callable[[Wire], Awaitable[None]]


@pytest.fixture
def on_wire(tmp_path: Path) -> Callable[[Scenario], Wire]:
    """Carry a scenario out, and let go of everything."""

    def carry_out(scenario: Scenario) -> Wire:
        wires: list[Wire] = []

        async def main(clock: Clock) -> None:
            w = Wire(clock, tmp_path)
            wires.append(w)
            await clock.sleep(NS // 20)
            try:
                await scenario(w)
            finally:
                w.telling.cancel()
                await asyncio.wait({w.telling})
                w.process.returncode = w.process.returncode or 0
                await w.remote.end()
                w.theirs.close()

        run_real(main)
        return wires[0]

    return carry_out


async def until(clock: Clock, what: Callable[[], object]) -> None:
    deadline_ns = clock.now_ns() + 3 * NS
    while not what():
        assert clock.now_ns() < deadline_ns
        await clock.sleep(NS // 200)


def test_what_the_guard_says_is_what_is_known(on_wire: Callable[[Scenario], Wire]) -> None:
    """Phase, beam and time of light are the guard's; requests get their own answers and errors."""

    async def scenario(w: Wire) -> None:
        guard = w.remote.of(LASER)
        assert (Phase.EMITTING, 7, True) == (
            guard.news.phase,
            guard.news.lit_ns,
            guard.news.can_confirm,
        )
        assert ((Beam.ON, "read back"), SPEC) == ((guard.news.beam, guard.news.how), guard.spec)
        with pytest.raises(RefusedError, match="no heater"):
            w.remote.of(HEATER)
        await w.remote.arm(Arm("test", SPEC.digest()))
        w.answers = lambda asked: talk.Answer(asked.number, SafetyError("no", where="laser"))
        with pytest.raises(SafetyError, match="laser: no"):
            await w.remote.emit(Emit(1.0, NS))
        w.remote.heartbeat(Heartbeat(1, 25.0))
        w.remote.disarm()
        w.guard.send(talk.Trouble("diode", "timeout", "late"))
        await until(w.clock, lambda: talk.Disarm() in w.heard and w.trouble)
        assert Heartbeat(1, 25.0) in w.heard

    assert 0 == on_wire(scenario).spares


def test_the_moment_of_on_is_handed_on(on_wire: Callable[[Scenario], Wire]) -> None:
    """To the one who asked for light."""

    async def scenario(w: Wire) -> None:
        def answers(asked: talk.Asked) -> object:
            w.guard.send(talk.Commanded(asked.number, 42))
            w.guard.send(talk.Commanded(asked.number + 100, 43))
            return talk.Answer(asked.number)

        w.answers = answers
        told: list[int] = []
        await w.remote.emit(Emit(1.0, NS), commanded=told.append)
        assert [42] == told

    on_wire(scenario)


def test_another_power_is_asked_for_and_the_time_of_it_is_handed_on(
    on_wire: Callable[[Scenario], Wire],
) -> None:
    """As a request with an answer of its own; the guard decides."""

    async def scenario(w: Wire) -> None:
        w.answers = lambda asked: talk.Answer(asked.number, set_ns=44)
        assert 44 == await w.remote.adjust(0.5)
        assert Adjust(0.5, LASER) in [m.what for m in w.heard if isinstance(m, talk.Asked)]

    on_wire(scenario)


def test_who_gives_up_a_request_says_so(on_wire: Callable[[Scenario], Wire]) -> None:
    """So that the guard ends what it began."""

    async def scenario(w: Wire) -> None:
        w.answers = lambda asked: news()
        asking = asyncio.ensure_future(w.remote.emit(Emit(1.0, NS)))
        await w.clock.sleep(NS // 20)
        asking.cancel()
        await until(w.clock, lambda: talk.Dropped(1) in w.heard)

    on_wire(scenario)


def test_a_trip_is_told_once(on_wire: Callable[[Scenario], Wire]) -> None:
    """It is in the news at every tick."""

    async def scenario(w: Wire) -> None:
        for _ in range(3):
            w.guard.send(news(Phase.TRIPPED, Trip("lease", "late")))
        await until(w.clock, lambda: w.trips)

    assert [Trip("lease", "late")] == on_wire(scenario).trips


@pytest.mark.parametrize("how", ["silent", "gone", "garbage", "out of place"])
def test_a_lost_guard_is_killed_and_replaced(on_wire: Callable[[Scenario], Wire], how: str) -> None:
    """Its ports are opened here, off is written, everything stays latched and answers as before;
    who waited for an answer is told."""

    async def scenario(w: Wire) -> None:
        w.answers = lambda asked: news()
        waiting = asyncio.ensure_future(w.remote.arm(Arm("test", SPEC.digest())))
        await w.clock.sleep(NS // 20)
        w.hang()
        begun_ns = w.clock.now_ns()
        if how == "gone":
            w.theirs.close()
        elif how == "garbage":
            w.theirs.send(b"garbage\n")
        elif how == "out of place":
            w.theirs.send(talk.to_line(talk.Read()))
        await until(w.clock, lambda: w.trips)
        assert w.clock.now_ns() - begun_ns < (0.7 if how == "silent" else 0.3) * NS
        assert (True, False, 1) == (w.process.killed, w.source.lit, w.spares)
        assert "guard" == w.trips[0].rule and "is lost" in w.trips[0].message
        with pytest.raises(SafetyError, match="is lost"):
            await waiting
        with pytest.raises(SafetyError, match="is lost"):
            await w.remote.emit(Emit(1.0, NS))
        assert Phase.TRIPPED is w.remote.of(LASER).news.phase
        taken = await w.remote.readings()
        assert taken[LASER].source is not None
        w.remote.heartbeat(Heartbeat(w.clock.now_ns(), 25.0))
        report = (await w.remote.beam_off("end"))[LASER]
        assert (True, "read back") == (report.confirmed, report.how)
        await w.remote.close()

    assert 1 == len(on_wire(scenario).trips)


def test_what_cannot_be_switched_off_here_is_said(
    on_wire: Callable[[Scenario], Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laser whose cable is out when its guard dies: not confirmed."""
    monkeypatch.setattr("labctl.guard._off._GIVE_UP_S", 0.1)

    async def scenario(w: Wire) -> None:
        w.source.unplugged = True
        w.theirs.shutdown(2)
        assert not (await w.remote.beam_off("end"))[LASER].confirmed
        with pytest.raises(BeamNotConfirmedOffError):
            await w.remote.close()

    on_wire(scenario)


def test_a_takeover_that_breaks_is_heard_of(on_wire: Callable[[Scenario], Wire]) -> None:
    """Nobody waits for ever, and nobody believes that it is off."""

    async def scenario(w: Wire) -> None:
        w.spare_breaks = True
        w.answers = lambda asked: news()
        waiting = asyncio.ensure_future(w.remote.arm(Arm("test", SPEC.digest())))
        await w.clock.sleep(NS // 20)
        w.hang()
        with pytest.raises(SafetyError, match="is lost"):
            await waiting
        with pytest.raises(RuntimeError, match="broken"):
            await w.remote.beam_off("end")

    assert ["guard"] == [trip.rule for trip in on_wire(scenario).trips]


def test_it_may_be_this_process_that_was_held_up(on_wire: Callable[[Scenario], Wire]) -> None:
    """A loop that stalls for longer than a guard may be silent reads first what has come."""

    async def scenario(w: Wire) -> None:
        w.guard.send(news())
        real_sleep(0.6)
        await w.clock.sleep(NS // 5)

    world = on_wire(scenario)
    assert ([], 0) == (world.trips, world.spares)


@pytest.mark.parametrize("code", [0, 8])
def test_a_guard_that_leaves_says_how(on_wire: Callable[[Scenario], Wire], code: int) -> None:
    """Its exit code is the last word: 8 is not confirmed off."""

    async def scenario(w: Wire) -> None:
        w.process.returncode = code
        if code:
            with pytest.raises(BeamNotConfirmedOffError, match="8"):
                await w.remote.close()
        else:
            await w.remote.close()
        with pytest.raises(SafetyError, match="closed"):
            await w.remote.emit(Emit(1.0, NS))

    on_wire(scenario)


def test_an_edge_that_cannot_be_told_ends_the_request(on_wire: Callable[[Scenario], Wire]) -> None:
    """Who asked for light hears why, the guard hears that nobody wants it any more, and it is
    listened to as before."""

    async def scenario(w: Wire) -> None:
        def answers(asked: talk.Asked) -> object:
            w.guard.send(talk.Commanded(asked.number, 42))
            return talk.Answer(asked.number)

        def breaks(t_ns: int) -> None:
            raise ValueError("no")

        w.answers = answers
        with pytest.raises(ValueError, match="no"):
            await w.remote.emit(Emit(1.0, NS), commanded=breaks)
        await until(w.clock, lambda: talk.Dropped(1) in w.heard)
        await w.remote.arm(Arm("test", SPEC.digest()))

    world = on_wire(scenario)
    assert ([], 0) == (world.trips, world.spares)


def test_a_fault_of_our_own_does_not_end_the_watch(on_wire: Callable[[Scenario], Wire]) -> None:
    """Whatever breaks in hearing the guard: nobody knows what it said then; off is from here."""

    async def scenario(w: Wire) -> None:
        def breaks(key: str, what: str, detail: str) -> None:
            raise ValueError("no")

        w.remote._on_trouble = breaks
        w.guard.send(talk.Trouble("diode", "timeout", "late"))
        await until(w.clock, lambda: w.trips)
        assert (0, False) == (w.left, w.source.lit)

    assert "a fault in labctl" in on_wire(scenario).trips[0].message


def test_a_guard_that_lives_is_not_killed_before_it_has_switched_off(
    on_wire: Callable[[Scenario], Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be this process that is ill, and cannot open a port any more: the guard hears its wire
    end first, and only one that does not leave is killed."""
    monkeypatch.setattr("labctl.bench._remote._LEFT_NS", NS // 4)

    async def scenario(w: Wire) -> None:
        def breaks(key: str, what: str, detail: str) -> None:
            raise MemoryError

        w.spare_breaks = True
        w.remote._on_trouble = breaks
        w.guard.send(talk.Trouble("diode", "timeout", "late"))
        w.hang()
        heard_the_end = w.clock.now_ns()
        await until(w.clock, lambda: w.ended())
        assert not w.process.killed and w.clock.now_ns() - heard_the_end < NS // 5
        await until(w.clock, lambda: w.process.killed)

    on_wire(scenario)


def test_an_answer_that_never_comes_is_a_guard_that_is_lost(
    on_wire: Callable[[Scenario], Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on talking, but what came of off was said while this process was stopped and nobody
    took it."""
    monkeypatch.setattr("labctl.bench._remote._ANSWER_NS", NS // 2)

    async def scenario(w: Wire) -> None:
        w.answers = lambda asked: news()
        report = (await w.remote.beam_off("end"))[LASER]
        assert (True, "read back") == (report.confirmed, report.how)
        assert (0, False) == (w.left, w.source.lit)

    assert "no answer" in on_wire(scenario).trips[0].message


def test_a_strange_port_keeps_no_source_from_being_latched(
    on_wire: Callable[[Scenario], Wire],
) -> None:
    """A driver that breaks in its own way while the ports of a lost guard are opened."""

    async def scenario(w: Wire) -> None:
        strange: Any = FakePort(w.source)
        strange.source = None
        w.remote._ports = (strange, *w.remote._ports)
        w.theirs.shutdown(2)
        assert (await w.remote.beam_off("end"))[LASER].confirmed
        assert Phase.TRIPPED is w.remote.of(LASER).news.phase

    assert ["guard"] == [trip.rule for trip in on_wire(scenario).trips]
