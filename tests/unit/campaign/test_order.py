"""The order of the runs, drawn by the seed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from labctl.campaign import Study, labels, units, world_seed
from labctl_simulators.world import draw
from tests.unit.campaign.given import TEXT, campaign


def test_each_block_has_every_arm_of_one_lot_once(tmp_path: Path) -> None:
    """So that what drifts falls on all arms alike."""
    found = units(campaign(tmp_path))
    blocks: dict[int, list[tuple[str, str]]] = {}
    for unit in found:
        blocks.setdefault(unit.block, []).append((unit.arm, unit.lot))

    assert 8 == len(found)
    assert [1, 2, 3, 4] == list(blocks)
    for block in blocks.values():
        assert {"particles", "medium"} == {arm for arm, _ in block}
        assert 1 == len({lot for _, lot in block})


def test_the_seed_alone_decides(tmp_path: Path) -> None:
    """The same order again; over seeds, either arm comes first about as often."""
    given = campaign(tmp_path)
    first = [units(dataclasses.replace(given, seed=seed))[0].arm == "medium" for seed in range(200)]

    assert units(given) == units(given)
    assert 70 < sum(first) < 130


def test_labels_say_nothing_of_the_place_in_the_file(tmp_path: Path) -> None:
    """Each arm has a letter, over seeds either one."""
    given = campaign(tmp_path)
    found = {
        tuple(sorted(labels(dataclasses.replace(given, seed=seed)).items())) for seed in range(20)
    }

    assert 2 == len(found)
    assert {"A", "B"} == set(labels(given).values())


def test_replicates_are_other_particles_of_their_lot_and_lots_differ(tmp_path: Path) -> None:
    """In the simulated world: rates of one lot differ by percents, of two lots by more."""
    text = TEXT.replace("sample: polydopamine", "sample: pda-aminoacid")
    study = Study.of(campaign(tmp_path, text))
    rates: dict[str, list[float]] = {"A": [], "B": []}
    seeds = set()
    for unit in study.units:
        if unit.arm != "particles":
            continue
        request = study.request(
            unit, 1, tmp_path, speed=lambda plan: None, about={}, blind=False
        )  # fmt: skip
        assert request.specimen is not None
        truth = draw(request.seed, request.specimen.statement(), {})
        rates[unit.lot].append(truth.cargo[0].rate_per_h)
        seeds.add(request.seed)

    within = max(abs(one / two - 1.0) for one, two in (rates["A"], rates["B"]))
    assert 4 == len(seeds)
    assert 4 == len({*rates["A"], *rates["B"]})
    assert within < 0.2 < abs(rates["A"][0] / rates["B"][0] - 1.0)


def test_a_portion_made_again_is_another_world(tmp_path: Path) -> None:
    """Its particles are fresh."""
    given = campaign(tmp_path)
    unit = units(given)[0]

    assert world_seed(given, unit, 1) != world_seed(given, unit, 2)
