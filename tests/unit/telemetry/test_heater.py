"""What the retained state says of a calibration resistor."""

from __future__ import annotations

import pytest

from labctl.events import COIL, HEATER, Beam, Emission, EmissionIntent, Reading, Sample
from labctl.telemetry import _payloads as payloads
from labctl.telemetry._belief import believed
from tests.unit.telemetry import runs
from tests.unit.telemetry.test_fold import after
from tests.unit.telemetry.test_payloads import AUTHOR, QUEUE, valid

INTENT = EmissionIntent(50, 0.5, 10, 2_000_000_000, HEATER)
ON = Emission(60, Beam.ON, "read back", 0.5, "Heat", HEATER)


def test_a_run_without_one_says_nothing_of_it() -> None:
    """`heater` is null until a run uses it."""
    sent = valid(payloads.state(AUTHOR, after(runs.DARK), stalled=False, queue=QUEUE))

    assert sent["heater"] is None


def test_it_is_unknown_from_the_intent_until_it_is_told() -> None:
    """And the laser stays as it was: off, read back."""
    state = after(runs.DARK, INTENT)
    sent = valid(payloads.state(AUTHOR, state, stalled=False, queue=QUEUE))

    assert ("unknown", 0.5, 2000) == (
        sent["heater"]["emission"], sent["heater"]["commanded_w"], sent["heater"]["lease_ms"]
    )  # fmt: skip
    assert "off" == sent["laser"]["emission"]
    assert state.known_off


def test_it_is_told_as_it_is_known() -> None:
    """On with its power and how that is known; off with none; unknown of a run that is silent."""
    lit, dark = after(runs.DARK, INTENT, ON), after(ON, Emission(70, Beam.OFF, "read back",
                                                                  source=HEATER))  # fmt: skip
    told = [
        valid(payloads.state(AUTHOR, believed(state, 1, quiet=quiet), stalled=False, queue=QUEUE))[
            "heater"
        ]
        for state, quiet in ((lit, ""), (dark, ""), (lit, "the run tells nothing"))
    ]

    assert [("on", 0.5, "ok"), ("off", 0.0, "ok"), ("unknown", 0.5, "none")] == [
        (said["emission"], said["commanded_w"], said["readback"]) for said in told
    ]


@pytest.mark.parametrize(("source", "name"), [(HEATER, "heater"), (COIL, "coil")])
def test_a_reading_that_contradicts_makes_it_worse(source: str, name: str) -> None:
    """ON although OFF was told, OFF although ON was read back; one that agrees changes nothing."""
    dark = Emission(70, Beam.OFF, "read back", source=source)
    lit = Emission(60, Beam.ON, "read back", 0.5, "Heat", source)

    def after_reading(told: Emission, value: float) -> tuple[str, str]:
        reading = Reading(f"{name}.emission", value, "", 80)
        facts = getattr(after(told, Sample(80, 80, (reading,))), name)
        return facts["emission"], facts["readback"]

    assert ("off", "ok") == after_reading(dark, 0.0)
    assert ("on", "ok") == after_reading(lit, 1.0)
    assert ("on", "mismatch") == after_reading(dark, 1.0)
    assert ("unknown", "mismatch") == after_reading(lit, 0.0)
