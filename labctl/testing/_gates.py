"""What is asked of a gate: a shutter in the beam, a relay in the interlock loop."""

from __future__ import annotations

import itertools

import pytest

from labctl.instruments import PortDisconnectedError, Seal
from labctl.testing._rig import OnRig, Rig
from labctl.testing._wire import MS


class EveryGate(OnRig):
    """Blocked after connect, blocked as sensed, whatever it was told before."""

    def test_a_gate_blocks_after_connecting(self, world: str) -> None:
        """Whoever opened it before: connecting blocks it, as sensed, and never lets through."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            await rig.clock.sleep(50 * MS)
            state = await rig.look()
            written = rig.wire.written()

            assert (True, False, ()) == (state.blocks, state.dropped, state.faults)
            # Where the command toggles, the bytes say nothing; what is sensed does.
            if not rig.instrument.spec.asks_before_block:
                assert not any(w.endswith(rig.case.lets) for w in written)
            assert [] == rig.trouble

        self.run(world, body)

    def test_a_gate_lets_through_and_blocks_as_told(self, world: str) -> None:
        """Both are sensed at the gate itself; fed, it stays as it is."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            await rig.let_through()
            keeper = rig.gate.gatekeeper(Seal("test"))
            fed = [await rig.instrument.job(keeper.feed) for _ in range(3)]
            await rig.instrument.block()
            await rig.clock.sleep(50 * MS)
            shut = await rig.look()

            assert [False] * 3 == [state.blocks for state in fed]
            assert (True, False) == (shut.blocks, shut.dropped)

        self.run(world, body)

    def test_a_gate_told_twice_stays_blocked(self, world: str) -> None:
        """Blocking what blocks, and again, never lets through: also where the command toggles."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            for _ in range(3):
                await rig.instrument.block()
            await rig.clock.sleep(50 * MS)

            assert (await rig.look()).blocks is True

        self.run(world, body)

    def test_no_gatekeeper_without_a_seal(self) -> None:
        """Something that is no seal gets no gatekeeper."""

        async def body(rig: Rig) -> None:
            with pytest.raises(TypeError, match="guard"):
                rig.gate.gatekeeper("a seal, honestly")  # type: ignore[arg-type]

        self.run("card", body)

    def test_blocking_over_a_gone_port_is_told_and_raises(self, world: str) -> None:
        """Whoever blocks learns that it could not be written."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            rig.wire.pulled = True
            with pytest.raises(PortDisconnectedError, match="thing at sim://thing"):
                await rig.instrument.block()

            assert ["disconnected"] == rig.trouble

        self.run(world, body)

    def test_a_late_reply_of_a_gate_is_not_taken_for_the_next_answer(self, world: str) -> None:
        """After a timeout the port is drained and identified, then the query is repeated once."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            rig.wire.late_ns = 900 * MS
            state = await rig.look()

            assert ["timeout", "resynchronised"] == rig.trouble
            assert state.blocks is True

        self.run(world, body)


class BlindGate(OnRig):
    """For one that can be told to block without being asked first."""

    def test_a_relay_is_opened_in_the_same_instant(self, world: str) -> None:
        """While a reply is missing and the lock is held, the command still goes out at once."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            await rig.let_through()
            rig.lose_step()
            asked_ns, t_ns, data = await rig.off_while_busy(rig.instrument.block)

            assert asked_ns == t_ns
            assert data.endswith(rig.case.blocks)

        self.run(world, body)


class AskingGate(OnRig):
    """For one that can only be toggled."""

    def test_a_toggle_is_never_written_without_asking(self, world: str) -> None:
        """Each toggle stands directly behind a question, whatever went wrong before."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            await rig.let_through()
            rig.wire.late_ns = 900 * MS
            await rig.instrument.block()
            written = rig.wire.written()
            asked = [
                before for before, data in itertools.pairwise(written) if data == rig.case.blocks
            ]

            assert {rig.case.asks} == set(asked)
            assert (await rig.look()).blocks is True

        self.run(world, body)


class WatchedGate(OnRig):
    """For one that drops by itself when nobody feeds it."""

    def test_a_dead_man_drops_when_it_is_not_fed_and_stays_so(self) -> None:
        """Fed in time it stays closed; not fed it opens by itself, and feeding does not close it;
        only letting through anew does."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            drops_after_s = rig.gate.drops_after_s
            assert drops_after_s is not None
            keeper = rig.gate.gatekeeper(Seal("test"))
            await rig.let_through()
            for _ in range(6):
                await rig.clock.sleep(round(drops_after_s * 0.7e9))
                fed = await rig.instrument.job(keeper.feed)
            await rig.clock.sleep(round(drops_after_s * 1.05e9))
            late = await rig.instrument.job(keeper.feed)
            await rig.clock.sleep(50 * MS)
            later = await rig.instrument.job(keeper.feed)
            await rig.let_through()
            again = await rig.look()

            assert (False, False) == (fed.blocks, fed.dropped)
            assert (True, True) == (late.blocks, late.dropped)
            assert (True, True) == (later.blocks, later.dropped)
            assert (False, False) == (again.blocks, again.dropped)

        self.run("sim", body)
