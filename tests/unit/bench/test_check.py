"""A bench file held against the drivers that are installed, with nothing opened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labctl.bench import BenchFile, Role, check_instruments, find_bench, load
from labctl.errors import InputError


def shipped(name: str = "simulated") -> BenchFile:
    return load(find_bench(name).path)


@pytest.mark.parametrize("name", ["simulated", "simulated-cni", "thermometer-only"])
def test_the_shipped_benches_name_what_there_is(name: str) -> None:
    """Every shipped bench can be run on."""
    check_instruments(shipped(name))


def test_everything_that_is_not_there_is_told_at_once() -> None:
    """An unknown driver, a bad setting and a channel that is not read: three problems."""
    bench = shipped()
    instruments = dict(bench.instruments)
    instruments["meter"] = replace(instruments["meter"], driver="thorlabs-pm1000")
    instruments["diode"] = replace(instruments["diode"], settings={"max_currant": "3 A"})
    roles = {**bench.roles, "probe": Role("probe", "scanner", "999")}

    with pytest.raises(InputError) as told:
        check_instruments(replace(bench, instruments=instruments, roles=roles))

    text = "\n".join(str(problem) for problem in told.value.problems)
    assert 3 == len(told.value.problems)
    assert "thorlabs-pm1000" in text
    assert "max_currant" in text
    assert "'999' of 'scanner'" in text
