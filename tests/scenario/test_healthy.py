"""Runs in which nothing is wrong: never a fail, the same bytes each time, on every bench."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl import bench as benches
from labctl.engine import carry_out
from labctl.errors import Exit, InputError, LabctlError, RefusedError
from labctl.events import Alarm, InstrumentFound, Reading, Sample
from tests.scenario.runs import BENCHES, CHECKED, SHORT, guarded, nobody, request, run


def test_healthy_runs_never_fail_and_hold_the_truth(tmp_path: Path) -> None:
    """Seeds 1 to 3: pass or cannot tell, no alarm, and the true efficiency inside for most."""
    inside = 0
    for seed in (1, 2, 3):
        story = run(tmp_path, seed=seed, parameters=(*CHECKED, "every=1s"))
        efficiency = story.result.verdict.results["efficiency"] if story.result.verdict else {}
        inside += efficiency["low"] <= story.truth["efficiency"] <= efficiency["high"]

        assert story.ended.verdict in {"pass", "cannot tell"}
        assert story.ended.exit_code in {Exit.PASS, Exit.CANNOT_TELL}
        assert [] == story.of(Alarm)

    assert 2 <= inside


@pytest.mark.parametrize("bench", ["simulated", "simulated-cni"])
def test_the_same_seed_gives_the_same_bytes_at_any_speed(tmp_path: Path, bench: str) -> None:
    """Twice as fast as it goes, and once held back: three journals, one content."""
    journals = [
        run(tmp_path, seed=7, speed=speed, bench=bench).result.folder.path / "journal.jsonl"
        for speed in (None, None, 400.0)
    ]

    assert 1 == len({journal.read_bytes() for journal in journals})


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    """The seed is what makes a world."""
    journals = {
        (guarded(tmp_path, seed=seed).result.folder.path / "journal.jsonl").read_bytes()
        for seed in (1, 2)
    }

    assert 2 == len(journals)


def test_a_laser_without_read_back_is_confirmed_by_the_power_meter(tmp_path: Path) -> None:
    """On the CNI bench OFF comes from the meter, and nothing pretends to have been read back."""
    story = run(tmp_path, bench="simulated-cni")
    found = {event.instrument: event.confirms for event in story.of(InstrumentFound)}
    channels = {r.channel for sample in story.of(Sample) for r in sample.readings}

    assert ("completed", "power meter") == (story.ended.outcome, story.ended.beam_how)
    assert not found["laser"]
    assert "laser.emission" not in channels


def test_a_log_needs_one_thermometer_and_nothing_else(tmp_path: Path) -> None:
    """No laser, no arming, no check: exit code 0, and the readings are on the record."""
    story = run(tmp_path, protocol="log", parameters=["for=30s"], bench="thermometer-only")

    assert ("completed", Exit.PASS, "none") == (
        story.ended.outcome,
        story.ended.exit_code,
        story.ended.verdict,
    )
    assert 30 == story.ended.samples
    assert all(isinstance(r, Reading) for sample in story.of(Sample) for r in sample.readings)
    assert [] == story.light


def test_a_hot_sample_may_be_lit_again_after_a_short_pause(tmp_path: Path) -> None:
    """On and off at 2 W with five seconds between: no rule takes the cooling for a lost probe."""
    story = guarded(
        tmp_path,
        protocol="on-off-cycles",
        parameters=["power=2W", "on=10min", "off=5s", "cycles=2"],
    )

    assert "completed" == story.ended.outcome
    assert 2 == len(story.light)


@pytest.mark.parametrize("where", ["meter", "scanner"])
@pytest.mark.parametrize("at_s", [109.6, 109.9, 110.1])
def test_a_late_reply_does_not_lengthen_the_emission(
    tmp_path: Path, where: str, at_s: float
) -> None:
    """A reply that is late at the emission's end neither prolongs it nor ends the run."""
    story = guarded(tmp_path, parameters=SHORT, faults=[f"late-reply:{where}=700ms@{at_s}s"])
    ((on_s, off_s),) = story.light

    assert "completed" == story.ended.outcome
    assert off_s is not None
    assert off_s - on_s < 90.05


REAL = {
    "a port that is not there": "/dev/ttyUSB{}",
    "a socket that makes no claim": "socket://127.0.0.1:{}",
}


def real_bench(address: str) -> benches.BenchFile:
    """The shipped bench with its addresses exchanged for such as make no claim."""
    text = (BENCHES / "simulated.yaml").read_text()
    for number, name in enumerate(("diode", "scanner", "meter"), start=7):
        text = text.replace(f"sim://{name}", address.format(number))
    return benches.loads(text)


@pytest.mark.parametrize("address", REAL.values(), ids=REAL.keys())
def test_light_on_a_real_bench_is_refused_before_a_port_is_opened(
    tmp_path: Path, address: str
) -> None:
    """Exit code 2, nothing touched, no record."""
    bench = real_bench(address)
    with pytest.raises(InputError, match="is REAL and cannot be armed") as refused:
        carry(request(tmp_path, bench=bench, speed=1.0))

    assert Exit.BAD_INPUT == refused.value.exit_code
    assert [] == list(tmp_path.rglob("journal.jsonl"))


def test_one_real_instrument_makes_the_bench_real(tmp_path: Path) -> None:
    """A real laser is not guarded by a simulated thermometer, nor the other way round."""
    text = (BENCHES / "simulated.yaml").read_text()
    bench = benches.loads(text.replace("sim://scanner", "socket://127.0.0.1:9"))
    with pytest.raises(InputError, match="REAL"):
        carry(request(tmp_path, bench=bench, speed=1.0))


@pytest.mark.parametrize("how", [{"speed": None}, {"speed": 60.0}, {"faults": ["bead-out@5s"]}])
def test_time_and_faults_cannot_be_faked_on_a_real_bench(
    tmp_path: Path, how: dict[str, object]
) -> None:
    """A speed other than 1, or a fault, is refused on anything but an in-process simulation."""
    text = (BENCHES / "thermometer-only.yaml").read_text()
    bench = benches.loads(text.replace("sim://scanner", "socket://127.0.0.1:9"))
    asked = request(
        tmp_path,
        protocol="log",
        parameters=["for=5s"],
        bench=bench,
        **{"speed": 1.0, **how},  # type: ignore[arg-type]
    )
    with pytest.raises(RefusedError):
        carry(asked)


def test_a_real_thermometer_that_is_not_there_is_exit_code_3(tmp_path: Path) -> None:
    """Reading a REAL bench is allowed; what is missing on it is told, and nothing is recorded."""
    text = (BENCHES / "thermometer-only.yaml").read_text()
    bench = benches.loads(text.replace("sim://scanner", "/dev/ttyUSB9"))
    with pytest.raises(LabctlError) as missing:
        carry(request(tmp_path, protocol="log", parameters=["for=5s"], bench=bench, speed=1.0))

    assert Exit.INSTRUMENT == missing.value.exit_code
    assert not isinstance(missing.value, InputError)


def carry(asked: object) -> None:
    carry_out(
        asked,  # type: ignore[arg-type]
        publish=(),
        ask=nobody,
        on_begin=lambda begun: None,
        on_signals=lambda loop, stop: lambda: None,
    )
