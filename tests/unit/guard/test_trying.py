"""A gate tried in the dark: what is found, and that it is blocked whatever happens."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from labctl.clock import NS, Clock, run_virtual
from labctl.errors import SafetyError
from labctl.guard.trying import GateTried, try_gate
from labctl.instruments import GateState
from tests.unit.guard.test_corners import FakeGate


@dataclass
class Relay(FakeGate):
    """A dead-man that drops by itself; fed or not is seen on the clock."""

    clock: Clock | None = None
    holds: bool = False
    """It does not drop when it is not fed."""
    hasty: bool = False
    """It drops though it is fed."""
    fed_ns: int = 0

    async def let_through(self) -> None:
        await super().let_through()
        self._now()

    async def feed(self) -> GateState:
        self._now()
        return await super().feed()

    async def read(self) -> GateState:
        assert self.clock is not None
        drops = self.drops_after_s or 0.0
        late = self.clock.now_ns() - self.fed_ns > drops * NS
        dropped = not self.blocks and ((late and not self.holds) or (self.hasty and self.fed > 3))
        return GateState(bool(self.blocks), dropped=dropped)

    def _now(self) -> None:
        assert self.clock is not None
        self.fed_ns = self.clock.now_ns()


def tried(gate: FakeGate, *, dark_for_s: float = 1e6, done_after_s: float = 0.0) -> GateTried:
    """Try it in virtual time; the source is seen off for so long, and then not."""

    async def main(clock: Clock) -> GateTried:
        if isinstance(gate, Relay):
            gate.clock = clock

        async def dark() -> bool:
            return clock.now_ns() < dark_for_s * NS

        async def meanwhile() -> bool:
            return clock.now_ns() >= done_after_s * NS

        if done_after_s:
            return await try_gate(gate, dark, clock, meanwhile)
        return await try_gate(gate, dark, clock)

    found: GateTried = run_virtual(main)
    return found


def relay(**how: bool) -> Relay:
    return Relay("deadman", in_beam=False, drops_after_s=0.6, **how)


def test_a_dead_man_that_is_not_fed_drops_in_its_time() -> None:
    gate = relay()
    found = tried(gate)
    assert (True, True, True) == (found.blocks_first, found.lets_through, found.blocks_last)
    assert found.dropped_after_s is not None
    assert 0.6 <= found.dropped_after_s <= 0.65


def test_a_dead_man_is_fed_for_as_long_as_something_else_goes_on() -> None:
    """Such as a person who opens the interlock that its contact is a part of."""
    gate = relay()
    found = tried(gate, done_after_s=30.0)
    assert gate.fed >= 30.0 / 0.15
    assert found.dropped_after_s is not None


def test_one_that_does_not_drop_is_said_to_have_not() -> None:
    gate = relay(holds=True)
    assert tried(gate).dropped_after_s is None
    assert gate.blocks


def test_one_that_drops_though_it_is_fed_is_refused() -> None:
    gate = relay(hasty=True)
    with pytest.raises(SafetyError, match="though it was fed"):
        tried(gate)
    assert gate.blocks


def test_a_shutter_opens_and_closes_and_drops_never() -> None:
    gate = FakeGate()
    assert GateTried(True, True, True, None) == tried(gate)
    assert ["block", "through", "block"] == gate.log


def test_one_that_senses_nothing_is_tried_and_nothing_is_claimed() -> None:
    class Mute(FakeGate):
        async def read(self) -> GateState:
            return GateState(None)

    assert GateTried(None, None, None, None) == tried(Mute())


def test_a_gate_that_does_not_block_is_not_let_through() -> None:
    gate = FakeGate(blocks=False, stuck=True)
    with pytest.raises(SafetyError, match="does not block"):
        tried(gate)
    assert "through" not in gate.log


def test_a_gate_that_does_not_let_through_is_said_so() -> None:
    class Shut(FakeGate):
        async def let_through(self) -> None:
            self.log.append("through")

    with pytest.raises(SafetyError, match="does not let through"):
        tried(Shut())


@pytest.mark.parametrize("lit_at_s", [0.0, 0.5, 1.5])
def test_at_any_sign_of_light_it_is_blocked_at_once(lit_at_s: float) -> None:
    """Before it is let through, while it is fed, and while it is starved."""
    gate = relay()
    with pytest.raises(SafetyError, match="not seen off"):
        tried(gate, dark_for_s=lit_at_s)
    assert gate.blocks
    assert "block" == gate.log[-1]
    assert ("through" in gate.log) is (lit_at_s > 0)
