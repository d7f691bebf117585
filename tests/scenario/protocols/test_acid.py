"""Porous iron oxide in acid with glutathione, by a simulated plate reader, dark."""

from __future__ import annotations

import concurrent.futures
from pathlib import Path

import pytest

from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.engine import RunRequest, carry_out
from labctl.errors import Exit
from labctl.events import Assayed, Dosed
from tests.scenario.runs import Story, read

SHORT = ("measurements=5", "every=30min")
SPECIES = ("doxorubicin", "nitrite", "iron", "glutathione", "methylene-blue")


def test_acid_and_glutathione_set_doxorubicin_free_and_nitrite_rises(tmp_path: Path) -> None:
    """Two portions of one seed: one at pH 5.5 with 10 mM of glutathione, one in the buffer."""
    harsh = acid(tmp_path, *SHORT)
    mild = acid(tmp_path, "ph=pH 7.4", "glutathione=0mM", *SHORT)
    low, high = (results(story)["released_doxorubicin"] for story in (mild, harsh))
    nitrite, iron, dye, thiol = (
        concentrations(harsh, name) for name in ("nitrite", "iron", "methylene-blue", "glutathione")
    )

    assert [Exit.PASS, Exit.PASS] == [story.ended.exit_code for story in (mild, harsh)]
    assert [] == mild.light + harsh.light
    assert low["high"] < high["low"]
    assert nitrite[-1] - nitrite[0] > 1e-3
    first, last = (
        results(harsh)[name] for name in ("dissolved_nitrite_at_first", "dissolved_nitrite")
    )
    assert first["high"] < last["low"]
    assert [nitrite[0], nitrite[-1]] == pytest.approx([first["value"], last["value"]], rel=1e-3)
    assert iron[-1] > 3.0 * concentrations(mild, "iron")[-1]
    assert dye[-1] < dye[0]
    assert 9.0 < thiol[0] < 11.0
    assert concentrations(mild, "glutathione")[-1] < 0.5


def test_a_species_without_a_load_has_a_concentration_and_no_fraction(tmp_path: Path) -> None:
    """Of five, doxorubicin alone is followed; every placeholder is told by name."""
    story = acid(tmp_path, "measurements=4", "every=4min")
    told = {name: [one for one in story.of(Assayed) if one.species == name] for name in SPECIES}
    verdict = story.result.verdict

    assert verdict is not None
    assert [4] * 5 == [len(rows) for rows in told.values()]
    assert set(SPECIES[1:]) == {
        name.removeprefix("dissolved_").removesuffix("_at_first")
        for name in verdict.results
        if name.startswith("dissolved_")
    }
    assert {"doxorubicin"} == {
        name for name, rows in told.items() if any(one.fraction is not None for one in rows)
    }
    assert all(one.concentration_mol_per_m3 is not None for row in told.values() for one in row)
    assert ["methylene-blue", "acid", "glutathione"] == [one.agent for one in story.of(Dosed)]
    for name in SPECIES:
        assert f"placeholder: the calibration of the assay of {name}" in verdict.assumptions


# -- beneath -----------------------------------------------------------------------------------


def results(story: Story) -> dict:  # type: ignore[type-arg]
    """Of the verdict."""
    assert story.result.verdict is not None
    return dict(story.result.verdict.results)


def concentrations(story: Story, species: str) -> list[float]:
    """As measured, in their order [mol/m^3]."""
    return [
        one.concentration_mol_per_m3
        for one in story.of(Assayed)
        if one.species == species and one.concentration_mol_per_m3 is not None
    ]


def acid(folder: Path, *parameters: str) -> Story:
    """One run of the shipped protocol on the shipped bench with the shipped sample, seed 1."""
    file = benches.load(benches.find_bench("simulated-plate").path)
    specimen = samples.load(samples.find("iron-oxide-arginine"))
    protocol = protocols.find("acid-glutathione-release")
    plan = protocols.load(protocol, parameters, bench=file, specimen=specimen)
    return read(
        carry_out(
            RunRequest(plan, file, specimen, folder, seed=1, speed=None),
            publish=(),
            ask=there,
            on_begin=lambda begun: None,
            on_signals=lambda loop, stop: lambda: None,
        )
    )


def there(text: str) -> concurrent.futures.Future[str]:
    """A person who has put the sample in."""
    answer: concurrent.futures.Future[str] = concurrent.futures.Future()
    answer.set_result("")
    return answer
