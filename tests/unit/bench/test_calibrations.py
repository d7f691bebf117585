"""Calibrations with dates: read, kept in the file's text, told when they have ended, and used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from labctl import bench
from labctl.bench import BenchFile, expired
from labctl.bench._commissioning import safety_digest
from labctl.bench._roles import ThermometerRole
from labctl.clock import Clock, run_virtual
from labctl.errors import InputError
from labctl.events import Invalid, Reading
from labctl.instruments import SimSpec
from labctl.monitor import why_not_used
from labctl_simulators.session import Session
from tests.unit.bench.test_bench_file import TEXT

STATED = TEXT.replace(
    "deviation: 3 %, date: 2026-10-05}\npick_off",
    "deviation: 3 %, date: 2026-10-05, method: thermal head, expires: 2027-04-05,"
    " collimator: f 11}\npick_off",
) + (
    "measured:\n  spot_area: {date: 2026-10-06, method: knife edge, expires: 2027-01-01}\n"
    "thermocouples:\n  probe: {offset: 0.3 K, deviation: 0.1 K, reference: ice point,"
    " date: 2026-10-07, expires: 2026-12-01}\n"
)


def stated() -> BenchFile:
    return bench.loads(STATED)


def test_what_is_stated_is_read_and_written_back() -> None:
    """Date, method, end, collimator and reference; the text loads to the same bench."""
    file = stated()
    power, spot = file.calibrated["power_at_sample"], file.calibrated["spot_area"]
    assert ("2026-10-05", "thermal head", "2027-04-05", "f 11") == (
        power.date, power.method, power.expires, power.collimator,
    )  # fmt: skip
    assert ("2026-10-06", "knife edge") == (spot.date, spot.method)
    assert (0.3, 0.1, "ice point") == (
        file.offsets["probe"].offset_k, file.offsets["probe"].deviation_k,
        file.offsets["probe"].reference,
    )  # fmt: skip
    again = bench.loads(file.dump())
    assert (file, file.digest) == (again, again.digest)


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-12-01", []),
        ("2026-12-02", ["probe's offset"]),
        ("2027-01-02", ["spot area", "probe's offset"]),
        ("2027-04-06", ["power at the sample (f 11)", "spot area", "probe's offset"]),
    ],
)
def test_what_has_ended_is_told_from_the_day_after(day: str, told: list[str]) -> None:
    file = stated()
    lines = expired(file.calibrated, file.offsets, day)
    assert all(line.startswith("EXPIRED on ") for line in lines)
    assert told == [line.partition("calibration of ")[2].partition(", of ")[0] for line in lines]


def test_what_states_no_end_never_ends() -> None:
    file = bench.loads(TEXT)
    assert [] == expired(file.calibrated, file.offsets, "2099-01-01")


def test_an_offset_of_no_thermocouple_is_a_problem() -> None:
    """With its place, and which roles there are."""
    with pytest.raises(InputError) as caught:
        bench.loads(STATED.replace("  probe: {offset", "  prob: {offset"))
    (problem,) = caught.value.problems
    assert ("P060", "there is no role 'prob' on this bench") == (problem.code, problem.message)


def test_an_offset_belongs_to_what_a_bench_is_commissioned_with() -> None:
    """The guard sees corrected temperatures."""
    other = bench.loads(STATED.replace("offset: 0.3 K", "offset: 0.4 K"))
    assert safety_digest(other) != safety_digest(stated())


def test_the_offset_is_taken_off_every_reading_of_its_role() -> None:
    """Of the probe; the ambient one is as it was, and an invalid one stays invalid."""
    plain = bench.load(bench.find_bench("simulated").path)
    told = bench.loads(
        plain.dump()
        + "thermocouples: {probe: {offset: 5 K, deviation: 0.1 K, reference: r, date: 2026-10-05}}"
    )

    def read(file: BenchFile, *faults: str) -> dict[str, Reading | Invalid]:
        session = Session(SimSpec(1, faults, {}, file.statement()))

        async def main(clock: Clock) -> tuple[Reading | Invalid, ...]:
            connected = await bench.connect(file, ["probe", "ambient"], clock, session)
            role: ThermometerRole = connected.thermometers[0]
            try:
                return await role.read()
            finally:
                await connected.close()

        return {reading.channel: reading for reading in run_virtual(main)}

    before, after = read(plain), read(told)
    probe, corrected = before["probe.temperature"], after["probe.temperature"]
    assert isinstance(probe, Reading) and isinstance(corrected, Reading)
    assert probe.value - 5.0 == pytest.approx(corrected.value)
    assert before["ambient.temperature"] == after["ambient.temperature"]
    assert isinstance(read(told, "open-thermocouple@0s")["probe.temperature"], Invalid)


def test_a_vessel_says_how_long_its_electrical_calibration_is_taken() -> None:
    """90 days where it does not."""
    file = bench.load(bench.find_bench("simulated-heater").path)
    assert file.vessel is not None
    assert 90 == file.vessel.calibration_days
    longer = bench.loads(file.dump().replace("vessel:\n", "vessel:\n  calibration_days: 200\n", 1))
    assert longer.vessel is not None
    assert 200 == longer.vessel.calibration_days
    assert longer == bench.loads(longer.dump())


@pytest.mark.parametrize(("days", "why"), [(90, "100 days old, and 90"), (200, "")])
def test_an_electrical_calibration_is_taken_for_as_long_as_declared(days: int, why: str) -> None:
    found = _calibration()
    said = why_not_used(
        found, vessel="cell", volume_m3=1e-6, today=date(2026, 4, 11), days_at_most=days
    )
    assert why in said
    assert bool(why) == bool(said)


def _calibration():  # type: ignore[no-untyped-def]
    class Found:
        date, vessel, world, volume_m3 = "2026-01-01", "cell", "", 1e-6

        def fits_volume(self, volume_m3: float) -> bool:
            return True

    return Found()


def test_a_probe_held_against_a_reference_bounds_the_dose(tmp_path: Path) -> None:
    """Twice its deviation, where no tolerance is stated; and that is said."""
    from labctl.monitor._dose_basis import _tolerance

    said: list[str] = []
    assert 0.2 == pytest.approx(_tolerance(stated(), said))
    assert "ice point" in said[0]
