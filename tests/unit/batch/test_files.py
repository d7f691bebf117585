"""Lot files and limits files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl import yamlfile
from labctl.batch import (
    Attribute,
    Bounds,
    find_limits,
    limits_schema,
    load_limits,
    load_lot,
    loads_limits,
    loads_lot,
    lot_schema,
)
from labctl.errors import InputError
from labctl.quantities import Kind

ROOT = Path(__file__).parents[3]
LOT = """\
schema: labctl.lot/1
sample: pda
lot: A25
made: 2026-10-30
process: by instruction 12
scale: 50 mL
parameters: {pH: 8.5}
attributes:
  size: {value: 130 nm, sd: 3 %, method: DLS, date: 2026-11-01, source: sheet 3}
  zeta: {value: -28 mV, sd: 3 mV, method: ELS, date: 2026-11-01, source: sheet 3}
  loading: {value: 10 %, sd: 0.5 %, method: UV, date: 2026-11-01, source: sheet 4}
  endotoxin: {below: 0.1 EU/mL, method: rFC, date: 2026-11-01, source: sheet 5}
"""
LIMITS = """\
schema: labctl.release-limits/1
name: pda-release
sample: pda
protocol: heating-curve
reference: {sample: ref, measured: {efficiency: {low: 30 %}}, within: 24 h}
measured:
  efficiency: {low: 30 %, high: 50 %, runs: 3}
attributes:
  size: {low: 100 nm, high: 200 nm, method: DLS}
chart: {quantity: efficiency, centre: 40 %, sd: 2 %}
"""


def test_attributes_are_si() -> None:
    """A relative deviation is of the magnitude, that of a fraction in points, a bound alone."""
    lot = loads_lot(LOT)

    told = ("2026-11-01",)
    assert {
        "size": Attribute(Kind.LENGTH, 130e-9, 130e-9 * 0.03, None, "DLS", *told, "sheet 3"),
        "zeta": Attribute(Kind.VOLTAGE, -0.028, 0.003, None, "ELS", *told, "sheet 3"),
        "loading": Attribute(Kind.FRACTION, 0.1, 0.005, None, "UV", *told, "sheet 4"),
        "endotoxin": Attribute(Kind.ENDOTOXIN, None, 0.0, 1e5, "rFC", *told, "sheet 5"),
    } == lot.attributes
    assert ("by instruction 12", "50 mL", {"pH": "8.5"}) == (
        lot.process, lot.scale, lot.parameters,
    )  # fmt: skip


def test_a_bound_is_an_interval_from_nothing() -> None:
    """What a method does not see is somewhere between."""
    lot = loads_lot(LOT)

    assert (0.0, 1e5) == lot.attributes["endotoxin"].interval(0.95)
    low, high = lot.attributes["loading"].interval(0.95)
    assert (0.0902, 0.1098) == pytest.approx((low, high), abs=1e-6)


def test_limits_are_si() -> None:
    """Bounds, runs, reference, chart."""
    limits = loads_limits(LIMITS)

    assert Bounds(0.3, 0.5) == limits.measured["efficiency"].bounds
    assert (3, "DLS") == (limits.measured["efficiency"].runs, limits.attributes["size"].method)
    assert limits.reference is not None
    assert limits.chart is not None
    assert (86400.0, 0.4, 0.02) == (
        limits.reference.within_s, limits.chart.centre, limits.chart.sd,
    )  # fmt: skip
    assert (0.95, False) == (limits.confidence, limits.accept_placeholders)


def test_the_digest_changes_with_a_limit_and_not_with_a_comment() -> None:
    """It is what says that limits were declared before."""
    digest = loads_limits(LIMITS).digest

    assert digest == loads_limits(f"# note\n{LIMITS}").digest
    assert digest != loads_limits(LIMITS.replace("low: 30 %, high", "low: 29 %, high")).digest


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("value: 130 nm, sd: 3 %", "value: 130 nm", "P025", 9),
        ("value: 130 nm, sd: 3 %", "sd: 3 %", "P013", 9),
        ("value: 130 nm, sd: 3 %", "value: 130 nm, below: 1 nm, sd: 3 %", "P013", 9),
        ("sd: 3 %", "sd: 3 mV", "P023", 9),
        ("sd: 3 %", "sd: -3 %", "P024", 9),
        ("130 nm", "130 W", "P023", 9),
        ("130 nm", "130,5 nm", "P020", 9),
        ("below: 0.1 EU/mL", "below: 0 EU/mL", "P024", 12),
        (", source: sheet 4", "", "P013", 11),
        ("method: UV, ", "", "P013", 11),
        ("UV, date: 2026-11-01", "UV, date: 2026-10-29", "P024", 11),
        ("made: 2026-10-30", "made: 30.10.2026", "P026", 4),
        ("scale: 50 mL\n", "", "P013", 1),
        ("lot/1", "lot/2", "P017", 1),
        ("  size:", "  Size:", "P018", 9),
    ],
)
def test_a_mistake_in_a_lot_file_is_told_at_its_line(
    old: str, new: str, code: str, line: int
) -> None:
    """One mistake, one code, the line where it stands."""
    assert old in LOT
    with pytest.raises(InputError) as caught:
        loads_lot(LOT.replace(old, new, 1))
    assert (code, line) in [(p.code, p.line) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("{low: 30 %, high: 50 %, runs: 3}", "{runs: 3}", "P013", 7),
        ("{low: 30 %, high: 50 %, runs: 3}", "{low: 50 %, high: 50 %}", "P024", 7),
        ("{low: 30 %, high: 50 %, runs: 3}", "{low: 30 %, high: 50 nm}", "P023", 7),
        ("runs: 3", "runs: 0", "P019", 7),
        (", sd: 2 %", "", "P013", 10),
        ("sd: 2 %", "sd: 0 %", "P024", 10),
        ("sd: 2 %", "sd: 2 nm", "P023", 10),
        ("within: 24 h", "within: 0 h", "P024", 5),
        ("protocol: heating-curve\n", "", "P013", 1),
        ("measured:\n", "meassured:\n", "P012", 6),
    ],
)
def test_a_mistake_in_a_limits_file_is_told_at_its_line(
    old: str, new: str, code: str, line: int
) -> None:
    """One mistake, one code, the line where it stands."""
    assert old in LIMITS
    with pytest.raises(InputError) as caught:
        loads_limits(LIMITS.replace(old, new, 1))
    assert (code, line) in [(p.code, p.line) for p in caught.value.problems]


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([LOT, LIMITS]),
    st.integers(0, len(LOT)),
    st.integers(0, 30),
    st.text(max_size=12),
)
def test_a_spoilt_file_is_read_or_an_input_error(text: str, at: int, cut: int, put: str) -> None:
    """Whatever a slip does to a file, nothing else comes out."""
    read = loads_lot if text is LOT else loads_limits
    try:
        read(text[:at] + put + text[at + cut :])
    except InputError as error:
        assert error.problems


def plain(path: Path) -> Any:
    """A file as an editor's checker sees it."""
    node, _ = yamlfile.read_text(yamlfile.open_source(path))
    return yamlfile.plain(node)


@pytest.mark.parametrize(
    ("name", "folder", "schema"),
    [("lot-1", "lots", lot_schema), ("release-limits-1", "release", limits_schema)],
)
def test_the_shipped_files_fit_the_shipped_schema(name: str, folder: str, schema: Any) -> None:
    """The committed schema is the code's, editors can read it, and it accepts what ships."""
    committed = json.loads((ROOT / f"protocols/{name}.json").read_text("utf-8"))

    assert schema() == committed
    jsonschema.Draft202012Validator.check_schema(committed)
    for path in (ROOT / "protocols" / folder).glob("*.yaml"):
        errors = jsonschema.Draft202012Validator(committed).iter_errors(plain(path))
        assert [] == [error.message for error in errors]


def test_the_shipped_example_is_marked_as_one() -> None:
    """Every attribute is a placeholder, and the limits accept them, which the verdict tells."""
    lot = load_lot(ROOT / "protocols/lots/pda-aminoacid-example.yaml")
    limits = load_limits(find_limits("pda-aminoacid-release"))

    assert all(attribute.placeholder for attribute in lot.attributes.values())
    assert limits.accept_placeholders
    assert set() == set(limits.attributes) - set(lot.attributes)


def test_the_files_in_the_page_are_valid() -> None:
    """What docs/how-to/release-a-batch.md shows can be used as it stands."""
    page = (ROOT / "docs/how-to/release-a-batch.md").read_text("utf-8")
    limits, lot = (part.partition("```")[0] for part in page.split("```yaml\n")[1:])

    assert loads_limits(limits).sample == loads_lot(lot).sample
