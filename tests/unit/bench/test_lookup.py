"""Which bench is taken, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl import bench
from labctl.errors import InputError


def a_bench(folder: Path, name: str = "bench.yaml") -> Path:
    """A file of that name; what stands in it does not matter here."""
    path = folder / name
    path.write_text("name: x\n", encoding="utf-8")
    return path


def test_what_is_asked_for_comes_first(tmp_path: Path) -> None:
    """--bench beats the environment and the folder."""
    here, asked = a_bench(tmp_path), a_bench(tmp_path, "asked.yaml")

    choice = bench.find_bench(str(asked), environment=here, folder=tmp_path)

    assert (asked, "named by --bench") == (choice.path, choice.why)


def test_the_environment_comes_second(tmp_path: Path) -> None:
    """$LABCTL_BENCH beats the folder."""
    a_bench(tmp_path)
    named = a_bench(tmp_path, "named.yaml")

    choice = bench.find_bench(None, environment=named, folder=tmp_path)

    assert (named, "named by $LABCTL_BENCH") == (choice.path, choice.why)


def test_bench_yaml_in_the_folder_comes_third(tmp_path: Path) -> None:
    """It beats the shipped bench."""
    here = a_bench(tmp_path)

    assert here == bench.find_bench(None, folder=tmp_path).path


def test_the_shipped_simulated_bench_comes_last(tmp_path: Path) -> None:
    """Without anything else, nothing real can be touched by mistake."""
    choice = bench.find_bench(None, folder=tmp_path)

    assert "simulated" == bench.load(choice.path).name
    assert "shipped" in choice.why


def test_a_bench_that_is_named_and_not_there_is_never_replaced(tmp_path: Path) -> None:
    """The next one in the order is not taken in its place."""
    a_bench(tmp_path)

    with pytest.raises(InputError, match="there is no bench"):
        bench.find_bench("simulatd", folder=tmp_path)
    with pytest.raises(InputError, match="there is no bench"):
        bench.find_bench(None, environment=tmp_path / "gone.yaml", folder=tmp_path)
