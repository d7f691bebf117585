"""Nothing REAL is lit but by an act at the bench: a word, typed by a person, that holds for a
declared time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from labctl import talk
from labctl.clock import NS, Clock, run_real, run_virtual
from labctl.errors import PortTimeoutError, RefusedError, SafetyError
from labctl.events import LASER
from labctl.evidence import Acts, eyes_of
from labctl.guard import Guards
from labctl.guard.process._process import guards_of
from labctl.talk import Act, Arm, Emit, Heartbeat, Setup, Trip
from tests.unit.guard.test_host import FakeMeter, FakeSource
from tests.unit.guard.test_process import World
from tests.unit.guard.test_rules import SPEC

HOLD_S = 60.0
T0 = 1000 * NS


def typed(words: str) -> Act:
    return Act("ann", "/dev/tty2", words)


def acted(acts: Acts, now_ns: int = T0) -> None:
    acts.take(typed(acts.wanted(now_ns)), now_ns)


def test_the_word_names_the_bench_and_is_another_each_time() -> None:
    """Nobody's fingers know it."""
    acts = Acts("bench-2", HOLD_S)
    first, second = acts.wanted(T0), acts.wanted(T0)
    assert first.startswith("bench-2 ") and second.startswith("bench-2 ")
    assert first != second


def test_what_is_typed_holds_until_first_light_and_no_longer() -> None:
    acts = Acts("bench-2", HOLD_S)
    acted(acts)
    last_ns = T0 + round(HOLD_S * NS)
    assert "" == acts.wanted(last_ns)
    assert acts.stand(last_ns)
    assert not acts.stand(last_ns + 1)
    assert acts.wanted(last_ns + 1)


def test_after_light_in_time_it_holds_until_a_person_may_touch_the_bench() -> None:
    acts = Acts("bench-2", HOLD_S)
    acted(acts)
    acts.lit(T0)
    assert acts.stand(T0 + 100 * round(HOLD_S * NS))
    acts.void()
    assert not acts.stand(T0)


def test_light_that_comes_after_an_act_was_taken_back_does_not_bring_it_back() -> None:
    acts = Acts("bench-2", HOLD_S)
    acted(acts)
    acts.void()
    acts.lit(T0)
    assert not acts.stand(T0)


def test_nothing_is_armed_before_anybody_did_anything() -> None:
    acts = Acts("bench-2", HOLD_S)
    assert not acts.stand(0)
    acts.wanted(0)
    assert not acts.stand(0)


@pytest.mark.parametrize(
    "other", [lambda w: "", lambda w: "yes", lambda w: "bench-2", lambda w: w + "0"]
)
def test_another_word_is_none_and_spends_the_one_that_was_asked(
    other: Callable[[str], str],
) -> None:
    """Nobody tries words one after the other."""
    acts = Acts("bench-2", HOLD_S)
    word = acts.wanted(T0)
    for words in (other(word), word):
        with pytest.raises(RefusedError, match="not what was to be typed"):
            acts.take(typed(words), T0)
    assert not acts.stand(T0)


def test_a_word_that_was_left_standing_arms_nothing() -> None:
    """A person came back after lunch and typed what was still on the screen."""
    acts = Acts("bench-2", HOLD_S)
    word = acts.wanted(T0)
    with pytest.raises(RefusedError, match="too late"):
        acts.take(typed(word), T0 + round(HOLD_S * NS) + 1)


def test_blanks_between_the_words_do_not_matter() -> None:
    acts = Acts("bench-2", HOLD_S)
    acts.take(typed(f"  {acts.wanted(T0).replace(' ', '   ')} \n"), T0)
    assert acts.stand(T0)


def test_an_act_that_nobody_asked_for_is_none() -> None:
    with pytest.raises(RefusedError):
        Acts("bench-2", HOLD_S).take(typed(""), T0)


def test_where_nothing_needs_to_be_done_nothing_is_asked() -> None:
    acts = Acts()
    assert "" == acts.wanted(T0)
    assert acts.stand(T0)


class Bench:
    """Guards of one source that want an act."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.source = FakeSource(clock)
        self.trips: list[Trip] = []
        self.guards = Guards(
            eyes_of({LASER: SPEC}, {LASER: self.source}, FakeMeter(self.source), clock),
            clock,
            self.trips.append,
        )
        self.guards.acts = Acts("bench-2", HOLD_S)
        self.value = 25.0

    async def act(self) -> None:
        await self.guards.act(typed(await self.guards.wanted()))

    async def arm(self) -> None:
        self.beat()
        await self.guards.arm(Arm("ann", SPEC.digest()))

    def beat(self) -> None:
        self.value += 0.01
        self.guards.heartbeat(Heartbeat(self.clock.now_ns(), self.value))

    async def light(self) -> None:
        self.beat()
        await self.guards.emit(Emit(1.0, 5 * NS))


def carry_out(scenario: Callable[[Bench], Awaitable[None]]) -> Bench:
    made: list[Bench] = []

    async def main(clock: Clock) -> None:
        made.append(Bench(clock))
        await scenario(made[0])
        await made[0].guards.beam_off("over")
        await made[0].guards.close()

    run_virtual(main)
    assert not made[0].source.lit
    return made[0]


def test_without_an_act_the_guard_does_not_arm() -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(SafetyError, match="nobody has armed"):
            await bench.arm()
        assert "on" not in bench.source.log
        with pytest.raises(RefusedError, match="cannot light in"):
            await bench.act()
            await bench.light()

    carry_out(scenario)


def test_with_an_act_it_arms_and_lights_as_often_as_the_protocol_has_it() -> None:
    """One act for one run, as long as nobody may touch the bench."""

    async def scenario(bench: Bench) -> None:
        await bench.act()
        await bench.arm()
        await bench.light()
        assert bench.source.lit
        await bench.guards.beam_off("step")
        await bench.clock.sleep(round(3 * HOLD_S * NS))
        await bench.light()
        assert bench.source.lit and "" == await bench.guards.wanted()

    assert [] == carry_out(scenario).trips


def test_an_act_that_ran_out_between_arming_and_light_lights_nothing() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.act()
        await bench.arm()
        await bench.clock.sleep(round(HOLD_S * NS) + 1)
        with pytest.raises(SafetyError, match="too long ago"):
            await bench.light()
        assert "on" not in bench.source.log

    carry_out(scenario)


def test_for_the_light_that_is_on_no_act_is_wanted_again() -> None:
    """It ran out while the source was slow to come on: less power is not refused for that, and
    after a trip it is the trip that is told."""

    async def scenario(bench: Bench) -> None:
        await bench.act()
        await bench.arm()
        await bench.clock.sleep(round(HOLD_S * NS) - NS // 4)
        bench.beat()
        bench.source.slow_s = 0.5
        await bench.light()
        bench.beat()
        await bench.guards.readings()
        assert await bench.guards.wanted()
        await bench.guards.adjust(0.5)
        bench.guards.latch(Trip("lease", "a test"))
        for asked in (bench.guards.adjust(0.5), bench.arm()):
            with pytest.raises(SafetyError, match="tripped: a test"):
                await asked

    carry_out(scenario)


def test_disarming_wants_a_new_act() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.act()
        await bench.arm()
        await bench.light()
        await bench.guards.beam_off("step")
        bench.guards.disarm()
        with pytest.raises(SafetyError, match="nobody has armed"):
            await bench.arm()
        assert await bench.guards.wanted()

    carry_out(scenario)


class Held:
    """An instrument that the guard holds, which has or has not proved that it is simulated."""

    def __init__(self, simulated: bool) -> None:
        self.simulated = simulated


def wanted(simulated: bool, unattended_by: str = "") -> str:
    """What guards over such an instrument want typed."""

    async def main(clock: Clock) -> str:
        setup = Setup("bench-2", 0, (), (), {}, "", 1.0, "", unattended_by=unattended_by)
        held = cast("dict[str, Any]", {"meter": Held(simulated)})
        served = SimpleNamespace(clock=clock, tripped=lambda trip: None, unlogged=str)
        return await guards_of(held, setup, cast("Any", served)).wanted()

    return run_virtual(main)


def test_the_guard_finds_for_itself_whether_an_act_is_needed() -> None:
    """By what it holds, not by what the engine says; and by the safety officer's name."""
    assert wanted(simulated=False).startswith("bench-2 ")
    assert "" == wanted(simulated=True)
    assert "" == wanted(simulated=False, unattended_by="Dr B")


class WantsAnAct(World):
    """A guard process that wants one."""

    def _guards_of(self, held: object, setup: object, served: talk.Served) -> Guards:
        guards = super()._guards_of(held, setup, served)
        guards.acts = Acts("bench-2", HOLD_S)
        return guards


def test_over_the_wire_the_act_is_asked_done_and_on_the_guards_own_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who and at which terminal; another word arms nothing."""

    async def main(clock: Clock) -> None:
        world = WantsAnAct(clock, tmp_path, monkeypatch)
        try:
            await world.hear(talk.Ready)
            world.say(talk.LogTo(str(tmp_path / "guard.jsonl")))
            world.beat()
            await world.ask(talk.Read())
            await world.ask(talk.Wanted())
            assert isinstance((await world.ask(typed("yes"))).error, RefusedError)
            assert isinstance((await world.ask(Arm("ann", SPEC.digest()))).error, SafetyError)
            word = (await world.ask(talk.Wanted())).wanted
            assert (await world.ask(typed(word))).error is None
            assert (await world.ask(Arm("ann", SPEC.digest()))).error is None
            world.beat()
            assert (await world.ask(Emit(1.0, 5 * NS))).error is None
            assert "" == (await world.ask(talk.Wanted())).wanted
        finally:
            world.channel.close()
        async with asyncio.timeout(20):
            assert 0 == await world.running
        (act,) = (line for line in world.log if line["what"] == "act")
        assert ("ann", "/dev/tty2") == (act["who"], act["terminal"])

    run_real(main)


def test_what_went_wrong_after_arming_is_seen_at_the_moment_of_light() -> None:
    """Nobody looked in between: everything is read again before on."""

    async def scenario(bench: Bench) -> None:
        await bench.act()
        await bench.arm()
        bench.source.interlock_closed = False
        with pytest.raises(SafetyError, match="interlock"):
            await bench.light()
        assert "on" not in bench.source.log

    assert ["interlock"] == [trip.rule for trip in carry_out(scenario).trips]


@pytest.mark.parametrize("lost", [True, False])
def test_a_source_that_cannot_be_read_any_more_is_not_lit(lost: bool) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.act()
        await bench.arm()

        async def silent() -> Any:
            if lost:
                raise PortTimeoutError("no answer")
            return None

        read, bench.source.read = bench.source.read, silent  # type: ignore[method-assign]
        with pytest.raises((PortTimeoutError, SafetyError), match=r"no answer|cannot be read"):
            await bench.light()
        assert "on" not in bench.source.log
        bench.source.read = read  # type: ignore[method-assign]

    carry_out(scenario)
