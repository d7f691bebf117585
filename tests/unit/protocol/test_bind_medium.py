"""Holds, set points, stocks and species meet a bench and a sample."""

from __future__ import annotations

import dataclasses
from typing import cast

import pytest

from labctl import bench, protocol, sample
from labctl.bench import AssayCalibration, BenchFile, Stock
from labctl.errors import InputError
from labctl.sample import Specimen

HEAD = """\
schema: labctl.protocol/1
name: p
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
"""
MEDIUM = HEAD.replace("}\nrecord", ", thermostat: thermostat, doser: doser, assay: assay}\nrecord")


@pytest.fixture(scope="module")
def on() -> BenchFile:
    """The shipped simulated bench (2 W, 80 degC, 30 min, 6 kJ), with a bath up to 60 degC, two
    stocks and one assay; which instruments play the roles does not matter here."""
    shipped = bench.load(bench.find_bench("simulated").path)
    probe = shipped.roles["probe"]
    return dataclasses.replace(
        shipped,
        roles={**shipped.roles, "thermostat": probe, "doser": probe, "assay": probe},
        max_bath_degc=60.0,
        stocks={
            "glutathione": Stock("glutathione", "1", concentration_mol_per_m3=100.0),
            "acid": Stock("acid", "2", titration=((7.4, 0.0), (5.5, 0.01))),
        },
        assays={"quinidine": cast("AssayCalibration", None)},
    )


@pytest.fixture(scope="module")
def loaded() -> Specimen:
    """Particles with both drugs."""
    return sample.load(sample.find("pda-aminoacid"))


def problems(
    steps: str, on: BenchFile, specimen: Specimen | None = None, head: str = HEAD
) -> list[tuple[str, int, int]]:
    """Code, line and column; what the roles of this bench cannot do is left out."""
    try:
        protocol.loads(f"{head}steps:\n{steps}", bench=on, specimen=specimen)
    except InputError as error:
        return [(p.code, p.line, p.column) for p in error.problems if p.code != "P052"]
    return []


HOLD = "  - hold_temperature: {between: [43 degC, 48 degC], power_limit: 1.5 W, for: 20 min}\n"


@pytest.mark.parametrize(
    ("steps", "head", "expected"),
    [
        (HOLD, HEAD, []),
        (HOLD.replace("1.5 W", "2.5 W"), HEAD, [("P050", 6, 66)]),
        (HOLD.replace("20 min", "31 min"), HEAD, [("P050", 6, 78)]),
        (HOLD.replace("48 degC", "79.5 degC"), HEAD, [("P050", 6, 33)]),
        (HOLD, HEAD + "limits: {temperature: 48 degC}\n", [("P050", 7, 33)]),
        (HOLD, HEAD + "limits: {temperature: 49 degC}\n", []),
        ((HOLD + "  - cool: {for: 1 s}\n") * 4, HEAD, [("P050", 12, 66)]),
        ("  - irradiate: {power: 1 W, for: 15 min}\n" + HOLD, HEAD, [("P050", 7, 78)]),
        ("  - irradiate: {power: 1 W, for: 15 min}\n  - cool: {for: 1 s}\n" + HOLD, HEAD, []),
    ],
)
def test_a_hold_is_held_against_power_exposure_energy_and_temperature(
    steps: str, head: str, expected: list[tuple[str, int, int]], on: BenchFile
) -> None:
    """The whole band lies below the limit, and with what is lit before it it is one emission."""
    assert expected == [it for it in problems(steps, on, head=head) if it[0] == "P050"]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("thermostat: {temperature: 37 degC, at_most: 1 h}", []),
        ("thermostat: {temperature: 61 degC, at_most: 1 h}", ["P050"]),
        ("thermostat: {temperature: 80 degC, at_most: 1 h}", ["P050", "P050"]),
        ("dose: {agent: glutathione, concentration: 10 mM}", []),
        ("dose: {agent: glutathione, concentration: 200 mM}", ["P057"]),
        ("dose: {agent: acid, pH: 5.5}", []),
        ("dose: {agent: acid, pH: 4}", ["P057"]),
        ("dose: {agent: base, pH: 5.5}", ["P057"]),
        ("release: {species: quinidine, stimulus: {pH: 5.5, glutathione: 1 mM}}", []),
        ("release: {species: iron, stimulus: {pH: 5.5}}", ["P057", "P057"]),
        ("release: {species: quinidine, stimulus: {temperature: 70 degC}}", ["P050"]),
        ("assay: {species: quinidine}", []),
        ("assay: {species: nitrite}", ["P057"]),
        ("wait: {until: {released: {species: quinidine, at_least: 80 %}}, at_most: 1 h}", []),
        ("wait: {until: {released: {species: doxorubicin, at_least: 8 %}}, at_most: 1 h}",
         ["P057"]),
    ],
)  # fmt: skip
def test_the_medium_is_held_against_bench_and_sample(
    step: str, expected: list[str], on: BenchFile, loaded: Specimen
) -> None:
    """Set points, stocks and what they reach, assays, loads."""
    found = problems(f"  - {step}\n", on, loaded, MEDIUM)

    assert expected == [code for code, _, _ in found if code in ("P050", "P057")]


def test_what_a_person_does_needs_no_stock_and_no_assay(on: BenchFile, loaded: Specimen) -> None:
    """By hand anything can be added and measured; a fraction still needs a load."""
    head = MEDIUM.replace("doser: doser, assay: assay", "assay: manual")
    steps = "  - dose: {agent: base, pH: 9}\n  - assay: {species: nitrite}\n"

    assert [] == problems(steps, on, loaded, head)
    assert ["P057"] == [
        code
        for code, _, _ in problems(
            "  - release: {species: iron, stimulus: {pH: 5.5}}\n", on, loaded, head
        )
    ]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        # The medium itself lies outside of what the stock was titrated over.
        (["release: {species: quinidine, stimulus: {pH: 5.5}}"], "pH 8.2 is outside"),
        (["dose: {agent: acid, pH: 5.5}"], "pH 8.2 is outside"),
        # What was added before counts; nothing takes an agent out again.
        (["dose: {agent: glutathione, concentration: 10 mM}",
          "dose: {agent: glutathione, concentration: 5 mM}"], "cannot be brought down"),
        (["dose: {agent: glutathione, concentration: 5 mM}",
          "dose: {agent: glutathione, concentration: 10 mM}"], ""),
        (["repeat: {times: 3, steps: [{dose: {agent: glutathione, concentration: 10 mM}}]}"], ""),
        (["release: {species: quinidine, stimulus: {glutathione: 0 mM}}"], ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("doser", ["doser: doser, ", ""])
def test_what_a_stock_cannot_reach_from_the_medium_as_it_is_is_refused_before_the_run(
    steps: list[str], expected: str, doser: str, on: BenchFile, loaded: Specimen
) -> None:
    """By the doser or by hand: the volume is computed from the stock either way."""
    assert loaded.ph is not None
    alkaline = dataclasses.replace(loaded, ph=dataclasses.replace(loaded.ph, value=8.2))
    head = MEDIUM.replace("doser: doser, ", doser)
    text = f"{head}steps:\n" + "".join(f"  - {step}\n" for step in steps)
    found = []
    try:
        protocol.loads(text, bench=on, specimen=alkaline)
    except InputError as error:
        found = [it.message for it in error.problems if it.code == "P057"]

    assert bool(expected) == len(found)
    assert all(expected in message for message in found)
