"""What `labctl plan` says of the light: fluence, irradiance, and the limits of a person."""

from __future__ import annotations

import json

from click.testing import CliRunner

from labctl.cli import main
from tests.scenario.runs import BENCHES


def told(*words: str) -> str:
    done = CliRunner().invoke(main, ["plan", *words])
    assert 0 == done.exit_code, done.output
    return done.output


def test_a_plan_shows_fluence_and_irradiance_beside_the_limits() -> None:
    """1 W for 10 min on 0.5 cm2 at 808 nm: 1200 J/cm2, 2 W/cm2, 6.1 times the skin's limit, with
    the eye's beside it, and not a word of safe."""
    text = told("heating-curve", "--bench", str(BENCHES / "simulated.yaml"))
    for part in ("1200 J/cm²", "2 W/cm²", "6.1 times", "skin", "the eye", "none of a sample's"):
        assert part in text
    assert "safe" not in text.lower()


def test_a_plan_gives_them_to_programs() -> None:
    """In SI units."""
    text = told("heating-curve", "--bench", str(BENCHES / "simulated.yaml"), "--json")
    light = json.loads(text)["light"]
    assert (1.2e7, 2e4) == (light["fluence_j_per_m2"], light["irradiance_w_per_m2"])
    assert 6.0 < light["skin_exposure"] < 6.2 and light["eye_exposure"] > 1000.0


def test_a_plan_without_light_says_nothing_of_it() -> None:
    """A log has no fluence."""
    text = told("log", "--bench", str(BENCHES / "thermometer-only.yaml"))
    assert "fluence" not in text and "irradiance" not in text
