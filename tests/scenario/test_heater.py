"""Whole runs with the calibration resistor: healthy, under every fault of its supply, and beside
the laser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labctl.errors import Exit
from labctl.events import HEATER, LASER, Beam, Emission, PortTrouble, Reading, Sample, Tripped
from tests.scenario.runs import Story, run

SHORT = ("baseline=20s", "heat=90s", "cool=20s")

BOTH = """\
schema: labctl.protocol/1
name: both
needs: {laser: laser, heater: heater, probe: thermometer}
record: {every: 500 ms}
steps:
  - baseline: {for: 10 s}
  - heat: {power: 0.5 W, for: 30 s}
  - cool: {for: 5 s}
  - irradiate: {power: 1 W, for: 30 s}
  - cool: {for: 5 s}
"""


def calibrate(tmp_path: Path, *faults: str, **how: Any) -> Story:
    """A short run of the shipped protocol on the shipped bench with a resistor; with a fault it is
    the guard's, and no model follows it."""
    how = {
        "protocol": "electrical-calibration",
        "parameters": SHORT,
        "sample": "water",
        "check": not faults,
    } | how
    return run(tmp_path, bench="simulated-heater", faults=faults, **how)


def powers(story: Story, channel: str = "heater.power") -> list[float]:
    return [
        reading.value
        for sample in story.of(Sample)
        for reading in sample.readings
        if isinstance(reading, Reading) and reading.channel == channel
    ]


def test_a_calibration_heats_as_commanded_and_ends_off(tmp_path: Path) -> None:
    """Half a watt for ninety seconds, measured by the supply; dark light; off read back."""
    story = calibrate(tmp_path)
    ((on_s, off_s),) = story.heat
    (intended,) = [e.power_w for e in story.of(Emission) if e.how.startswith("commanded")]

    assert "completed" == story.ended.outcome
    assert [] == story.light
    assert off_s is not None
    assert 90.0 == pytest.approx(off_s - on_s, abs=0.3)
    assert 0.5 == intended == pytest.approx(max(powers(story)), rel=0.01)
    assert 45.0 == pytest.approx(story.ended.electrical_j, rel=0.02)
    assert story.ended.electrical_j == pytest.approx(story.truth["electrical_energy_j"], rel=0.02)
    assert (Beam.OFF, "read back") == (story.ended.heater, story.ended.heater_how)
    assert 0.0 == story.ended.energy_j


def test_the_table_has_the_heater_and_its_power(tmp_path: Path) -> None:
    """A column for what is known of it, and its channels as columns."""
    story = calibrate(tmp_path)
    head, *rows = (story.result.folder.path / "data.csv").read_text().splitlines()
    columns = head.split(",")
    told = [row.split(",")[columns.index("heater")] for row in rows]

    assert {"heater_power_W", "heater_voltage_V", "heater_current_A"} <= set(columns)
    assert {"on", "off"} == set(told)


@pytest.mark.parametrize(
    ("fault", "rule", "within_s"),
    [
        ("bead-out@60s", "fall", 8.0),
        ("open-thermocouple@60s", "open", 1.0),
        ("frozen-reading@60s", "frozen", 7.0),
        ("heater-breaks@60s", "power-mismatch", 1.0),
    ],
)
def test_a_fault_of_safety_trips_and_the_resistor_is_off(
    tmp_path: Path, fault: str, rule: str, within_s: float
) -> None:
    """The rule is named with its source, exit code 4, off within the same bound as a laser."""
    story = calibrate(tmp_path, fault)
    ((_, off_s),) = story.heat
    tripped = story.of(Tripped)[0]

    assert ("tripped", Exit.SAFETY) == (story.ended.outcome, story.ended.exit_code)
    assert (rule, True) == (tripped.rule, tripped.message.startswith("heater: "))
    assert off_s is not None
    assert off_s <= 60.0 + within_s
    assert (Beam.OFF, "read back") == (story.ended.heater, story.ended.heater_how)


@pytest.mark.parametrize(
    ("fault", "said"),
    [("heater-ignores-off@60s", "it reads ON"), ("heater-lies-about-off@60s", "0.500 W flow")],
)
def test_a_supply_that_does_not_switch_off_gets_every_path_and_the_loudest_alarm(
    tmp_path: Path, fault: str, said: str
) -> None:
    """Off, zero volts, port opened anew; then exit code 8, and ON is what is said."""
    story = calibrate(tmp_path, fault)
    alarm = story.of(Tripped)[-1]

    assert [None] == [off_s for _, off_s in story.heat]
    assert (Exit.BEAM_NOT_CONFIRMED_OFF, Beam.ON) == (story.ended.exit_code, story.ended.heater)
    assert "heater-not-confirmed-off" == alarm.rule
    assert said in alarm.message
    assert "drive level set to 0" in alarm.message
    assert "Pull its plug now." in alarm.message


def test_an_unplugged_supply_is_never_said_to_be_off(tmp_path: Path) -> None:
    """With its cable out nothing can switch it off or read it: exit code 8 overrides 3."""
    story = calibrate(tmp_path, "unplugged-port:supply@60s")

    assert [None] == [off_s for _, off_s in story.heat]
    assert Exit.BEAM_NOT_CONFIRMED_OFF == story.ended.exit_code
    assert story.ended.heater is not Beam.OFF
    assert "instrument-lost" == story.ended.outcome


def test_a_late_reply_of_the_supply_switches_it_off(tmp_path: Path) -> None:
    """Nobody knows what a source does whose reply is late: off at once, and the run ends."""
    story = calibrate(tmp_path, "late-reply:supply@60s")
    ((_, off_s),) = story.heat

    assert Exit.SAFETY == story.ended.exit_code
    assert off_s is not None
    assert off_s < 60.6
    assert "resynchronised" in {trouble.what for trouble in story.of(PortTrouble)}


def test_a_supply_on_by_itself_is_switched_off_and_ends_the_run(tmp_path: Path) -> None:
    """Heat that nobody asked for is off within a second, and the run does not go on."""
    story = calibrate(tmp_path, "heater-on-by-itself@10s")
    ((_, off_s),) = story.heat

    assert Exit.SAFETY == story.ended.exit_code
    assert "unbidden" == story.of(Tripped)[0].rule
    assert off_s is not None
    assert off_s < 11.0


def test_resistor_and_laser_take_turns(tmp_path: Path) -> None:
    """Both in one plan: each on in its own step, never together, each told as its own."""
    story = calibrate(tmp_path, protocol=BOTH, parameters=(), sample="pda-aminoacid")
    ((heat_on_s, heat_off_s),) = story.heat
    ((light_on_s, light_off_s),) = story.light

    assert "completed" == story.ended.outcome
    assert heat_off_s is not None and light_off_s is not None
    assert heat_on_s < heat_off_s < light_on_s < light_off_s
    assert {LASER, HEATER} == {event.source for event in story.of(Emission)}
    assert 30.0 == pytest.approx(story.ended.energy_j, rel=0.1)
    assert 15.0 == pytest.approx(story.ended.electrical_j, rel=0.05)


@pytest.mark.parametrize(
    ("fault", "source"), [("laser-on-by-itself@20s", LASER), ("heater-on-by-itself@60s", HEATER)]
)
def test_the_source_that_is_not_asked_for_ends_the_step_of_the_other(
    tmp_path: Path, fault: str, source: str
) -> None:
    """Stray light while the resistor heats, stray heat while the laser shines: all off."""
    story = calibrate(tmp_path, fault, protocol=BOTH, parameters=(), sample="pda-aminoacid")
    tripped = story.of(Tripped)[0]

    assert (Exit.SAFETY, "unbidden") == (story.ended.exit_code, tripped.rule)
    assert (source == HEATER) == tripped.message.startswith("heater: ")
    assert all(off_s is not None for _, off_s in (*story.light, *story.heat))
    assert (Beam.OFF, Beam.OFF) == (story.ended.beam, story.ended.heater)


def test_a_condition_of_rest_needs_no_check(tmp_path: Path) -> None:
    """With two sources of heat there is no check; the readings alone say when the probe rests."""
    text = BOTH.replace(
        "  - baseline: {for: 10 s}\n",
        "  - cool: {until: {steady: {within: 0.3 K, for: 20 s}}, at_most: 100 s}\n",
    )
    story = calibrate(tmp_path, protocol=text, parameters=(), sample="pda-aminoacid")

    assert 20.0 <= story.heat[0][0] < 60.0


def test_beside_a_laser_switched_by_hand_the_meter_is_still_read(tmp_path: Path) -> None:
    """The heater is guarded, the laser is not labctl's, and its meter belongs to no guard."""
    text = BOTH.replace("laser: laser", "laser: manual")
    text = text[: text.index("  - cool: {for: 5 s}\n  - irradiate")]
    story = calibrate(tmp_path, protocol=text, parameters=(), sample="pda-aminoacid")

    assert len(story.of(Sample)) == len(powers(story, "meter.power")) > 70
    assert "completed" == story.ended.outcome
    assert Beam.OFF is story.ended.heater
