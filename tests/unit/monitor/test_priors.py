"""What the check starts from, and what it says it assumed."""

import json
from dataclasses import replace

import pytest

from labctl.monitor import Kind, Priors, build_priors
from labctl.monitor._priors import listed
from labctl.photothermal import BlankResult, Inputs, Known
from tests.unit.monitor.story import INPUTS, LOSS, WALL

BLANK = BlankResult(0.023, 0.0005, 0.022, 0.001, 2e-6, 1.1, 0.1)


def _build(inputs: Inputs = INPUTS, **more: object) -> tuple[Priors, tuple[str, ...]]:
    arguments: dict[str, object] = {
        "heat_loss": LOSS,
        "wall_heat_capacity": WALL,
        "has_ambient": True,
        "has_meter": True,
        "nominal_power_w": 1.0,
    }
    return build_priors(inputs, **(arguments | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "inputs", [INPUTS, replace(INPUTS, absorbance=None), replace(INPUTS, blank=BLANK)]
)
def test_priors_go_through_json(inputs: Inputs) -> None:
    """Priors written to a record and read back are the same to the last bit."""
    priors, _ = _build(inputs, blank=inputs.blank)

    assert priors == Priors.from_plain(json.loads(json.dumps(priors.to_plain())))


def test_priors_of_another_version_are_refused() -> None:
    """A key that this version does not know is an error, not silently dropped."""
    plain = _build()[0].to_plain() | {"novelty": 1}

    with pytest.raises(ValueError, match="novelty"):
        Priors.from_plain(plain)


def test_no_blank_is_said() -> None:
    """Without a blank the assumptions name the absorption coefficient that stood in for it."""
    assert any("no blank was named" in said and "0.0223" in said for said in _build()[1])


def test_blank_gives_the_heat_loss() -> None:
    """With a blank the heat loss starts from it, to 5 %, and nothing is said of a missing one."""
    priors, said = _build(replace(INPUTS, blank=BLANK), blank=BLANK)

    assert (0.023, 0.05) == (priors.bank.heat_loss_w_per_k, priors.bank.heat_loss_relative_sd)
    assert not any("no blank" in line for line in said)


def test_missing_inputs_are_named() -> None:
    """Without an absorbance there will be rates only, and the missing input is named."""
    priors, said = _build(replace(INPUTS, absorbance=None))

    assert (Kind.RATE, ("absorbance",)) == (priors.kind, priors.missing)
    assert said[0].startswith("absorbance not given")


def test_solvent_is_a_blank() -> None:
    """A specimen without particles makes a blank run."""
    assert Kind.BLANK == _build(replace(INPUTS, particles=False, absorbance=None))[0].kind


def test_placeholders_are_named() -> None:
    """A number that only stands in until somebody measures it is named in the assumptions."""
    assert any("absorbance is a placeholder" in s for s in _build(placeholders=("absorbance",))[1])


def test_monitors_that_are_not_there_are_named() -> None:
    """A bench without ambient probe and power meter says what was taken in their place."""
    said = " ".join(_build(has_ambient=False, has_meter=False)[1])

    assert "no ambient probe" in said
    assert "no power meter" in said


def test_bigger_cells_lose_more() -> None:
    """Where nobody stated the vessel, heat loss and wall grow with the surface."""
    small = _build(heat_loss=None, wall_heat_capacity=None)[0]
    inputs = replace(INPUTS, volume_m3=Known(8e-6, 8e-8))
    big = _build(inputs, heat_loss=None, wall_heat_capacity=None)[0]

    assert 4.0 == pytest.approx(big.bank.heat_loss_w_per_k / small.bank.heat_loss_w_per_k)


@pytest.mark.parametrize(
    ("names", "words"),
    [((), ""), (("volume",), "volume"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")],
)
def test_what_is_missing_reads_as_a_list(names: tuple[str, ...], words: str) -> None:
    """No chain of ands."""
    assert words == listed(names)
