"""Every shipped protocol as a whole run on a simulated bench, with the fact that it is for.

With short parameters where the defaults take hours; `benchmarks protocols shipped` has the whole.
"""

from __future__ import annotations

import concurrent.futures
from pathlib import Path

import pytest

from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.engine import RunRequest, RunResult, carry_out
from labctl.errors import Exit
from labctl.events import Dose, GateLooked
from labctl.monitor import AtConcentration, over_concentrations
from tests.scenario.runs import Story, read, run

EASY = ("released=30%", "ceiling=90%", "dose=10min")
"""Gates that open soon."""


def test_a_blank_passes_and_hands_on_what_the_solvent_takes(tmp_path: Path) -> None:
    """Water under light: no efficiency, and the share of light that becomes heat."""
    story = run(
        tmp_path,
        protocol="blank",
        parameters=["baseline=60s", "heat=4min", "cool=4min"],
        sample="water",
    )
    assert story.result.verdict is not None
    results = story.result.verdict.results

    assert ("pass", Exit.PASS) == (story.ended.verdict, story.ended.exit_code)
    assert "efficiency" not in results
    assert results["solvent_share"]["low"] < 0.0223 < results["solvent_share"]["high"]


CYCLES = ("cycles=3", "on=90s", "off=2min")


def test_cycles_of_a_stable_sample_end_at_one_temperature(tmp_path: Path) -> None:
    """The table and the retention are told, and no trend is found."""
    story = run(tmp_path, protocol="on-off-cycles", parameters=CYCLES)
    results = found(story)

    assert ["cycle", "power_w", "rise_k", "ratio", "against_the_cell"] == list(
        results["cycles"]["table"][0]
    )
    assert results["retention"]["low"] < 1.0 < results["retention"]["high"]
    assert "fail" != story.ended.verdict


def test_cycles_of_a_dye_that_bleaches_fail_by_their_trend(tmp_path: Path) -> None:
    """The check fails, and the trend stands among the reasons."""
    story = run(
        tmp_path,
        protocol="on-off-cycles",
        parameters=["cycles=3", "on=4min", "off=3min"],
        sample="indocyanine-green",
    )

    assert found(story)["retention"]["high"] < 1.0
    assert Exit.CHECK_FAILED == story.ended.exit_code
    assert "fail" == outcome(story, "T_max over the cycles")


def test_a_power_series_finds_one_efficiency(tmp_path: Path) -> None:
    """Four powers in a drawn order, told from the lowest to the highest."""
    story = run(tmp_path, protocol="power-series", parameters=["on=90s", "off=2min"])
    powers = [row["power_w"] for row in found(story)["powers"]["table"]]

    assert sorted(powers) == powers
    assert 4 == len(story.light)
    assert "fail" != outcome(story, "one efficiency over the powers")


def test_a_cell_calibration_finds_the_heat_capacity_that_is_stated(tmp_path: Path) -> None:
    """By the name that it had before."""
    story = run(
        tmp_path,
        protocol="electrical-calibration",
        parameters=["heat=3min", "cool=3min"],
        bench="simulated-heater",
        sample="water",
    )

    assert "pass" == outcome(story, "heat capacity as stated")


def test_an_early_stop_lights_for_less_than_it_may(tmp_path: Path) -> None:
    """Heating ends once the efficiency is known."""
    story = run(tmp_path, protocol="early-stop", parameters=["heat=10min"])
    ((on_s, off_s),) = story.light

    assert off_s is not None
    assert off_s - on_s < 300.0
    assert "pass" == story.ended.verdict


def test_a_dose_is_held_for_and_no_longer(tmp_path: Path) -> None:
    """CEM43 within 2 % of what was asked for, the probe never above the band."""
    story = run(tmp_path, protocol="dose-hold", parameters=["dose=2min", "cool=3min"])
    (dose,) = story.of(Dose)
    results = dose.results

    assert 2.0 == pytest.approx(results["cem43"]["value"], rel=0.02)
    assert results["peak_temperature"]["value"] < 48.0
    assert "pass" == story.ended.verdict


def test_a_concentration_series_is_one_run_a_sample_with_one_efficiency(tmp_path: Path) -> None:
    """Water and four dilutions: each run is told, and the efficiencies agree."""
    file = benches.load(benches.find_bench("simulated").path)
    plan = protocols.load(
        protocols.find("concentration-series"), ["heat=2min", "cool=2min"], bench=file
    )
    rows = []
    for one in plan.samples:
        specimen = one.specimen()
        result = carry(RunRequest(one.plan, file, specimen, tmp_path, seed=1, speed=None))
        stated = specimen.concentration_kg_per_m3
        assert result.verdict is not None
        rows.append(
            AtConcentration(one.id, None if stated is None else stated.value, result.verdict)
        )
    criterion, lines = over_concentrations(rows)

    assert 5 == len(lines)
    assert "pass" == criterion.outcome


GRID = ("measurements=8", "every=4min", "temperature=37degC")


def test_a_triggered_release_is_faster_in_acid_with_glutathione(tmp_path: Path) -> None:
    """Two corners of the grid, dark, each with a verdict of its own."""
    mild = triggered(tmp_path, "ph=pH 6.5", "glutathione=0mM")
    harsh = triggered(tmp_path, "ph=pH 4.6", "glutathione=20mM")
    low, high = (found(story)["released_quinidine"] for story in (mild, harsh))

    assert low["high"] < high["low"]
    assert ["pass", "pass"] == [story.ended.verdict for story in (mild, harsh)]
    assert [] == mild.light + harsh.light
    assert any("placeholder" in words for words in mild.result.verdict.assumptions)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("protocol", "more", "gates"),
    [
        ("staged-release", ("floor=5%",), ["Order gate", "Laser gate"]),
        ("staged-release-laser-after-drug1", (), ["Order gate"]),
    ],
)
def test_a_staged_release_lights_behind_its_gates_for_a_dose(
    tmp_path: Path, protocol: str, more: tuple[str, ...], gates: list[str]
) -> None:
    """Gates in their order, all opened, then the dose, within what a probe of 1 K can tell."""
    story = staged(tmp_path, protocol, [*EASY, *more])
    looked = story.of(GateLooked)
    (dose,) = story.of(Dose)

    assert [(gate, True) for gate in gates] == [(gate.step, gate.opened) for gate in looked]
    assert looked[-1].t_ns / 1e9 < story.light[0][0]
    assert 10.0 == pytest.approx(dose.results["cem43"]["value"], rel=0.05)
    assert "completed" == story.ended.outcome


def test_a_staged_release_is_held_where_the_drug_left_with_the_inhibitor(tmp_path: Path) -> None:
    """No light, exit code 7, the reason told once in words."""
    story = staged(tmp_path, "staged-release", ["released=30%", "ceiling=1%"])

    assert ("held", Exit.CANNOT_TELL) == (story.ended.outcome, story.ended.exit_code)
    assert [] == story.light
    assert "doxorubicin is released to at most 1 %" in story.ended.why


# -- beneath -----------------------------------------------------------------------------------


def found(story: Story) -> dict[str, dict[str, object]] | dict:  # type: ignore[type-arg]
    """The results of the verdict."""
    assert story.result.verdict is not None
    return dict(story.result.verdict.results)


def outcome(story: Story, name: str) -> str:
    """Of the criterion of that name."""
    assert story.result.verdict is not None
    (one,) = [c for c in story.result.verdict.criteria if c.name == name]
    return one.outcome


def triggered(folder: Path, *parameters: str) -> Story:
    """One cell of the grid."""
    return on_release_bench(folder, "triggered-release", [*GRID, *parameters])


def staged(folder: Path, protocol: str, parameters: list[str]) -> Story:
    """One staged release of the shipped particles."""
    return on_release_bench(folder, protocol, parameters)


def on_release_bench(folder: Path, protocol: str, parameters: list[str]) -> Story:
    file = benches.load(benches.find_bench("simulated-release").path)
    specimen = samples.load(samples.find("pda-aminoacid"))
    plan = protocols.load(protocols.find(protocol), parameters, bench=file, specimen=specimen)
    return read(carry(RunRequest(plan, file, specimen, folder, seed=1, speed=None)))


def there(text: str) -> concurrent.futures.Future[str]:
    """A person who has put the sample in."""
    answer: concurrent.futures.Future[str] = concurrent.futures.Future()
    answer.set_result("")
    return answer


def carry(request: RunRequest) -> RunResult:
    return carry_out(
        request,
        publish=(),
        ask=there,
        on_begin=lambda begun: None,
        on_signals=lambda loop, stop: lambda: None,
    )
