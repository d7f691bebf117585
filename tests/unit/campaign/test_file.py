"""Campaign files: what they say, and every problem of one at once."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from labctl import campaign, yamlfile
from labctl.errors import InputError
from tests.unit.campaign.given import TEXT
from tests.unit.campaign.given import campaign as written

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "protocols/campaigns").glob("*.yaml"))


def problems(text: str) -> list[tuple[int, str]]:
    """Line and code of everything that is wrong."""
    with pytest.raises(InputError) as caught:
        campaign.loads(text)
    return [(problem.line, problem.code) for problem in caught.value.problems]


def test_a_file_says_what_it_declares(tmp_path: Path) -> None:
    """Arms with their lots, samples and parameters; the outcome; the defaults."""
    found = written(tmp_path)

    assert ["particles", "medium"] == [arm.name for arm in found.arms]
    assert ("A", "B") == found.arms[0].lots
    assert ("power=0.5 W",) == found.arms[0].parameters
    assert "blank" == found.arms[1].role
    assert (0.95, ("completed",)) == (found.analysis.confidence, found.analysis.count)
    assert found.blind is False


def test_all_problems_are_told_at_once_with_their_lines() -> None:
    """A misspelt key, a missing one, a file and an arm that are not there."""
    text = TEXT.replace("seed: 5", "sead: 5").replace("sample: water", "sample: wader")
    text = text.replace("compare_to: medium", "compare_to: median").replace("replicates: 2\n", "")

    assert [(1, "P013"), (6, "P012"), (10, "P080"), (11, "P017")] == problems(text)


def test_a_misspelt_result_is_told_before_the_campaign_is_declared() -> None:
    """Afterwards nothing of it can change; what labctl has no name for is left alone."""
    analysis = "analysis: {primary: released_iron, secondary: [cem34, my_own], compare_to: medium}"
    text = TEXT[: TEXT.index("analysis:")]

    assert [(12, "P017")] == problems(text + "analysis: {primary: efficency}\n")
    assert [(12, "P017")] == problems(text + analysis)
    assert (
        "released_iron"
        == campaign.loads(
            text + analysis.replace("cem34", "cem43"), str(ROOT / "protocols/x.yaml")
        ).analysis.primary
    )


@pytest.mark.parametrize(
    ("outcome", "wrong"),
    [
        ("released_quinidine", False),
        ("released_doxorubicin_at_gate_1", False),
        ("half_released_quinidine", False),
        ("released_quinidin", True),
        ("half_released_iron", True),
    ],
)
def test_the_release_of_a_species_that_no_sample_carries_is_no_outcome(
    tmp_path: Path, outcome: str, wrong: bool
) -> None:
    """Nothing would come of it, and after the first run nothing can be changed."""
    text = TEXT.replace("primary: efficiency", f"primary: {outcome}")
    found = written(tmp_path, text.replace("sample: polydopamine", "sample: pda-aminoacid"))
    told = ""
    try:
        campaign.Study.of(found)
    except InputError as error:
        told = error.problems[0].message

    assert wrong is (f"'{outcome}' is of a species" in told)


def test_an_arm_has_one_sample_or_one_a_lot() -> None:
    """Neither both nor none."""
    both = TEXT.replace("{sample: water", "{sample: water, samples: {A: water}")

    assert [(11, "P013")] == problems(both)
    assert [(11, "P013")] == problems(TEXT.replace("{sample: water, role", "{role"))


def test_lots_may_have_files_of_their_own(tmp_path: Path) -> None:
    """Then those are the lots of the arm."""
    text = TEXT.replace("sample: polydopamine", "samples: {A: polydopamine, B: pda-aminoacid}")
    found = written(tmp_path, text)

    assert ["polydopamine", "pda-aminoacid"] == [p.stem for p in found.arms[0].samples.values()]


def test_the_committed_schema_is_up_to_date_and_accepts_what_ships() -> None:
    """`labctl schema campaign` and protocols/campaign-1.json say the same."""
    committed = json.loads((ROOT / "protocols/campaign-1.json").read_text())
    validator = jsonschema.Draft202012Validator(committed)

    assert campaign.json_schema() == committed
    for path in SHIPPED:
        node, _ = yamlfile.read_text(yamlfile.Source("x.yaml", path.read_text()))
        assert [] == [error.message for error in validator.iter_errors(yamlfile.plain(node))]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_can_be_run(path: Path) -> None:
    """Every arm fits its bench."""
    study = campaign.Study.of(campaign.load(path))

    assert len(study.units) >= 12


def test_what_the_files_say_together_is_told_at_once(tmp_path: Path) -> None:
    """A parameter out of range in one arm, and a bench without the roles of the other."""
    text = TEXT.replace("power: 0.5 W", "power: 50 W")
    text = text.replace("role: blank", "role: blank, protocol: staged-release")
    with pytest.raises(InputError) as caught:
        campaign.Study.of(written(tmp_path, text))

    assert {"P031", "P052"} <= {problem.code for problem in caught.value.problems}


def test_a_limit_holds_where_the_protocols_own_is_looser(tmp_path: Path) -> None:
    """And never loosens one."""
    text = TEXT.replace("arms:", "limits: {temperature: 60 degC, total: 20 h}\narms:")
    study = campaign.Study.of(written(tmp_path, text))
    limits = study.plans["medium", "A"].limits

    assert (60.0, 7200.0) == (limits.temperature_degc, limits.total_s)


def test_the_hash_follows_what_is_declared_and_not_how_it_is_written(tmp_path: Path) -> None:
    """A comment changes nothing; a hypothesis does."""
    first = campaign.Study.of(written(tmp_path)).digest
    comment = campaign.Study.of(written(tmp_path, "# a word\n" + TEXT)).digest
    other = campaign.Study.of(written(tmp_path, TEXT.replace("more", "less"))).digest

    assert first == comment
    assert first != other
