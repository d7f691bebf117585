"""A bench file held against the drivers that are installed, with nothing opened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labctl.bench import BenchFile, InstrumentEntry, Role, check_instruments, find_bench, load
from labctl.errors import InputError, RefusedError


def shipped(name: str = "simulated") -> BenchFile:
    return load(find_bench(name).path)


@pytest.mark.parametrize(
    "name",
    [
        "simulated",
        "simulated-cni",
        "simulated-gates",
        "simulated-two-beads",
        "simulated-release",
        "simulated-plate",
        "thermometer-only",
    ],
)
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


@pytest.mark.parametrize(
    ("role", "instrument", "said"),
    [
        ("deadman", "shutter", "thorlabs-sc10 is not"),
        ("shutter", "diode", "a shutter in the laser's beam, and arroyo-laser is not"),
        ("stirrer", "board", "no shutter or deadman, and mcu-deadman is not"),
    ],
)
def test_a_gate_in_another_role_is_refused(role: str, instrument: str, said: str) -> None:
    """A shutter that stays as it is is no dead-man, a laser no shutter, a relay no stirrer."""
    bench = shipped("simulated-gates")
    roles = {**bench.roles, role: Role(role, instrument)}

    with pytest.raises(InputError) as told:
        check_instruments(replace(bench, roles=roles))

    assert said in "\n".join(str(problem) for problem in told.value.problems)


def test_a_laser_that_takes_no_power_before_it_is_on_needs_a_shutter() -> None:
    """Off in-process benches only with a shutter; with one, or in-process, nothing is refused."""
    bench = shipped("simulated-cni")
    served = bench.with_addresses({"laser": "sim+socket://127.0.0.1:4001"})
    bare = {name: role for name, role in bench.roles.items() if name != "shutter"}

    check_instruments(served, lights=True)
    check_instruments(replace(bench, roles=bare), lights=True)
    check_instruments(replace(served, roles=bare))
    with pytest.raises(RefusedError, match="takes no power before it is on"):
        check_instruments(replace(served, roles=bare), lights=True)


@pytest.mark.parametrize(("period_s", "told"), [(None, True), (0.5, True), (1.0, False)])
def test_a_meter_with_a_pace_of_its_own_is_read_no_faster(
    period_s: float | None, told: bool
) -> None:
    """A reading said twice is not two: without a `min_period` of its pace it is refused."""
    bench = shipped()
    hand = InstrumentEntry("center-309", "sim://hand", {"channels": [1]}, min_period_s=period_s)
    with_it = replace(bench, instruments={**bench.instruments, "hand": hand})
    try:
        check_instruments(with_it)
    except InputError as error:
        said = [str(problem) for problem in error.problems]
    else:
        said = []

    assert told == any("'hand' has a new reading every 1 s" in text for text in said)
    assert told == bool(said)


@pytest.mark.parametrize(("nplc", "told"), [(1, False), (0.02, True)])
def test_a_thermometer_coarser_than_the_bench_says_is_told(nplc: float, told: bool) -> None:
    """At a fiftieth of a cycle a scanner's steps are a quarter of a degree: a healthy reading
    repeats itself, and would be a frozen one."""
    bench = shipped()
    scanner = bench.instruments["scanner"]
    scanner = replace(scanner, settings={**scanner.settings, "nplc": nplc})
    changed = replace(bench, instruments={**bench.instruments, "scanner": scanner})
    try:
        check_instruments(changed)
    except InputError as error:
        said = [str(problem) for problem in error.problems]
    else:
        said = []

    assert told == any("steps of 247 mK" in text for text in said)
    assert told == bool(said)


@pytest.mark.parametrize("driver", ["thorlabs-pm100", "ophir-meter"])
def test_a_meter_that_is_set_up_for_other_light_than_the_laser_s_is_refused(driver: str) -> None:
    """It would be wrong by the ratio of its head's responsivities. Left out, it is 808 nm."""
    bench = shipped()

    def told(laser_m: float | None, **settings: str) -> str:
        meter = replace(bench.instruments["meter"], driver=driver, settings=settings)
        if driver == "ophir-meter":
            meter = replace(meter, address="sim://head")
        file = replace(
            bench, wavelength_m=laser_m, instruments={**bench.instruments, "meter": meter}
        )
        try:
            check_instruments(file)
        except InputError as error:
            return "\n".join(str(problem) for problem in error.problems)
        return ""

    assert "is set up for 532 nm, and the light of this bench has 808 nm" in told(
        808e-9, wavelength="532 nm"
    )
    assert "is set up for 808 nm, and the light of this bench has 976 nm" in told(976e-9)
    assert "" == told(808e-9)
    assert "" == told(976e-9, wavelength="976 nm")
    assert "" == told(809e-9)
    assert "" == told(None, wavelength="532 nm")
