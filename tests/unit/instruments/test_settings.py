"""Settings from a bench file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from labctl.instruments import DriverSpec, InputError, Settings

SPEC = DriverSpec(
    name="thing",
    title="A thing",
    capabilities=frozenset({"source"}),
    transport="serial",
    settings={"power": "highest power", "kind": "which kind", "count": "how many", "list": "which"},
)


def of(**given: Any) -> Settings:
    return Settings(SPEC, given)


def test_an_unknown_key_gets_a_suggestion() -> None:
    """A slip of the pen is named, with the key that was meant."""

    with pytest.raises(InputError, match="no setting 'powr'") as caught:
        of(powr="1 W")
    assert "Did you mean 'power'?" in caught.value.fix


def test_good_values_come_out_in_si() -> None:
    """Quantities are SI, words and numbers as they are, defaults where nothing is said."""
    given = of(power="500 mW", kind="b", count=3, list=[1, 2])

    assert 0.5 == given.quantity("power", "power", 0, 10)
    assert "b" == given.choice("kind", ("a", "b"), "a")
    assert 3 == given.integer("count", 1, 5, 2)
    assert [1, 2] == given.items("list")
    assert 2 == of().integer("count", 1, 5, 2)
    assert of().quantity("power", "power", 0, 10) is None
    assert of().items("list") is None


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"power": 500}, lambda s: s.quantity("power", "power", 0, 10)),
        ({"power": "1,5 W"}, lambda s: s.quantity("power", "power", 0, 10)),
        ({"power": "11 W"}, lambda s: s.quantity("power", "power", 0, 10)),
        ({"kind": "c"}, lambda s: s.choice("kind", ("a", "b"), "a")),
        ({"count": 6}, lambda s: s.integer("count", 1, 5, 2)),
        ({"count": True}, lambda s: s.integer("count", 1, 5, 2)),
        ({"count": "3"}, lambda s: s.integer("count", 1, 5, 2)),
        ({"count": 2.5}, lambda s: s.number("count", (1, 2), 1)),
        ({"count": True}, lambda s: s.number("count", (1, 2), 1)),
        ({"list": []}, lambda s: s.items("list")),
        ({"list": "1, 2"}, lambda s: s.items("list")),
    ],
)
def test_bad_values_name_key_seen_and_allowed(
    given: dict[str, Any], read: Callable[[Settings], Any]
) -> None:
    """Every refusal names the driver, the key, what was written and what may be."""
    (key, value), *_ = given.items()

    with pytest.raises(InputError) as caught:
        read(of(**given))
    assert f"thing: setting {key!r} is {value!r}" in str(caught.value)
    assert SPEC.settings[key] in caught.value.fix
