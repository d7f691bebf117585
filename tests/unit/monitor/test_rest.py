"""The check while the medium is handled: it rests, and goes on with the cell as it is then."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from labctl.clock import NS
from labctl.events import Assessment, Dosed, Event, Reading, Sample, StepBegun
from tests.unit.monitor.story import alarms, events, fixed, heat_per_watt, play
from tests.unit.photothermal.cell import Cell, curve

MEASURED = events(curve(Cell(heat_per_watt=heat_per_watt(0.4)), seed=1))
"""Dark, heating, cooling."""
WARMING_S = 300


def begun(verb: str, t_s: float = 0.0) -> StepBegun:
    return StepBegun(round(t_s * NS), 1, 2, verb, "", 0)


def warming() -> list[Event]:
    """A bath takes surroundings and sample from 10 to 22 degC, and swings about on the way."""
    told: list[Event] = []
    for second in range(WARMING_S):
        t_ns = (second + 1) * NS
        degc = min(22.0, 10.0 + 0.05 * second) + 0.5 * (second // 60 % 2)
        told.append(
            Sample(
                t_ns,
                t_ns,
                (
                    Reading("probe.temperature", degc, "degC", t_ns),
                    Reading("ambient.temperature", degc, "degC", t_ns),
                ),
            )
        )
    return told


def later(told: Sequence[Event], by_s: float) -> list[Event]:
    """The same, so much later."""
    by_ns = round(by_s * NS)
    out: list[Event] = []
    for event in told:
        moved = dataclasses.replace(event, t_ns=event.t_ns + by_ns)
        if isinstance(moved, Sample):
            readings = tuple(dataclasses.replace(r, t_ns=r.t_ns + by_ns) for r in moved.readings)
            moved = dataclasses.replace(moved, readings=readings)
        out.append(moved)
    return out


@pytest.mark.parametrize("verb", ["thermostat", "wait"])
def test_a_medium_that_is_handled_is_not_judged(verb: str) -> None:
    """No alarm and no assessment; then the efficiency is found as if nothing had been before."""
    alone, _ = play(MEASURED, fixed())
    told = [
        begun(verb),
        *warming(),
        begun("baseline", WARMING_S + 1),
        *later(MEASURED, WARMING_S + 5),
    ]
    monitor, said = play(told, fixed())
    first = next(event for event in said if isinstance(event, Assessment))
    both = [m.verdict(10**12).results["efficiency"]["value"] for m in (alone, monitor)]

    assert [] == alarms(said)
    assert first.t_ns > WARMING_S * NS
    assert both[0] == pytest.approx(both[1], rel=0.02)


def test_the_same_readings_in_a_baseline_are_an_alarm() -> None:
    """Nobody has said that the surroundings would change."""
    _, said = play([begun("baseline"), *warming()], fixed())

    assert [] != alarms(said)


def test_a_rest_after_light_keeps_what_was_found() -> None:
    """Of the cell, and of the light; no gap is told of."""
    dark = [event for event in MEASURED if isinstance(event, Sample)][:50]
    told = [*MEASURED, begun("wait", 3000), *later(warming(), 3000), begun("cool", 3700)]
    monitor, said = play([*told, *later(dark, 3700)], fixed())
    verdict = monitor.verdict(10**13)

    assert [] == alarms(said)
    assert 0.4 == pytest.approx(verdict.results["efficiency"]["value"], rel=0.1)
    assert not any("gaps" in words for words in verdict.assumptions)


def test_what_was_added_is_taken_for_granted_in_words() -> None:
    """The heat capacity of the beginning is not that of a cell that was filled up."""
    told = [begun("dose"), Dosed(1, "acid", 50e-9, "doser"), begun("irradiate", 1.0)]
    monitor, _ = play([*told, *later(MEASURED[:400], 2.0)], fixed())

    assert any("50 uL were added" in words for words in monitor.verdict(10**12).assumptions)
