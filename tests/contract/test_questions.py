"""What a scan asks: each driver's question finds its own instrument, and no other answers to it."""

from __future__ import annotations

import pytest

from labctl.clock import Clock, run_virtual
from labctl.instruments import Answerer, Driver, SimSpec, ask_who
from labctl_simulators.session import Session

from .registered import registered

DRIVERS = registered()
ASKABLE = sorted(name for name, one in DRIVERS.items() if one.spec.question is not None)


def find(name: str) -> Answerer:
    """Put every driver's question to the simulated instrument of one driver."""
    bench = {"instruments": {"thing": {"driver": name, "address": "sim://thing"}}}

    async def main(clock: Clock) -> Answerer:
        session = Session(SimSpec(1, (), {}, bench))
        classes: list[type[Driver]] = list(DRIVERS.values())
        return await ask_who("sim://thing", clock, among=classes, session=session, deadline_s=60.0)

    return run_virtual(main)


@pytest.mark.parametrize("name", ASKABLE)
def test_its_own_question_finds_it(name: str) -> None:
    """Among all questions that are put to it, the simulated instrument answers its driver's."""
    found = find(name)
    assert (name, "") == (found.driver, found.why)


def test_what_cannot_be_asked_stays_unknown() -> None:
    """A CNI supply knows commands only: nothing is sent to it that it understands, and so it is
    not found."""
    assert DRIVERS["cni-laser"].spec.question is None
    found = find("cni-laser")
    assert "" == found.driver
    assert found.opened


@pytest.mark.parametrize("name", ASKABLE)
def test_no_question_is_a_command_of_a_supply_without_questions(name: str) -> None:
    """No question carries the two bytes that begin every CNI command."""
    question = DRIVERS[name].spec.question
    assert question is not None
    assert b"\x55\xaa" not in question.ask


@pytest.mark.parametrize("name", ASKABLE)
def test_no_question_changes_anything(name: str) -> None:
    """A question in words ends with `?` or is one word that asks; a Modbus frame only reads."""
    question = DRIVERS[name].spec.question
    assert question is not None
    text = question.ask.strip()
    reads = len(text) == 12 and text[7] == 3
    assert reads or text.endswith(b"?") or text in ASKING_WORDS


ASKING_WORDS = (b"$II", b"$HI", b"K", b"IN_NAME", b"RMN", b"relay read 0", b"version")
"""Questions of instruments whose protocol asks without a question mark."""
