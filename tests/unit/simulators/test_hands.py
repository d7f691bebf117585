"""Hands at a served bench: lines that are typed open and close things."""

from __future__ import annotations

import os

import pytest

from labctl.clock import Clock, run_real
from labctl.instruments import SimSpec
from labctl_simulators import hands
from labctl_simulators.session import Session


def test_each_line_does_what_it_says() -> None:
    world = Session(SimSpec(1)).world
    hands.do(world, "open")
    assert not world.laser.interlock_closed
    hands.do(world, " Close ")
    assert world.laser.interlock_closed
    hands.do(world, "key  off")
    assert not world.laser.key_on
    hands.do(world, "key on")
    assert world.laser.key_on
    assert "there are: open" in hands.do(world, "dance")


def test_the_key_turned_off_ends_the_light() -> None:
    world = Session(SimSpec(1)).world
    world.laser.output_on = world.laser.lit = True
    hands.do(world, "key off")
    assert (False, False) == (world.laser.lit, world.laser.output_on)


@pytest.mark.parametrize("pieces", [[b"open\nclose\n"], [b"op", b"en\ncl", b"ose\n"]])
def test_lines_are_told_whole_and_the_end_is_heard(pieces: list[bytes]) -> None:
    """In whatever pieces they come; behind the end nothing is read any more."""
    told: list[str] = []

    async def main(clock: Clock) -> None:
        ours, theirs = os.pipe()
        with os.fdopen(ours) as stream, hands.at(stream, told.append):
            for piece in pieces:
                os.write(theirs, piece)
                await clock.sleep(5_000_000)
            os.close(theirs)
            await clock.sleep(5_000_000)

    run_real(main)
    assert ["open", "close"] == told


def test_where_nobody_can_type_nothing_is_read() -> None:
    async def main(clock: Clock) -> None:
        with hands.at(None, print):
            await clock.sleep(0)

    run_real(main)
