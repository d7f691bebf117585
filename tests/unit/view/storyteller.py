"""A plausible run as events: baseline, heating, cooling. Not physics, only its looks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from labctl.cli._view import Summary
from labctl.clock import NS
from labctl.events import (
    Alarm,
    Assessment,
    Beam,
    Criterion,
    Emission,
    EmissionIntent,
    Event,
    InstrumentFound,
    Invalid,
    Mode,
    PriorsFixed,
    Reading,
    RunBegun,
    RunEnded,
    Sample,
    StateChanged,
    StepBegun,
    StepEnded,
    Tripped,
    Verdict,
)

BASELINE_S, HEAT_S, COOL_S = 60, 600, 900
AT_MOST_NS = (BASELINE_S * NS, HEAT_S * NS, COOL_S * NS)
TAU_S, RISE_K, AMBIENT_DEGC = 180.0, 21.0, 22.0

HEADER = (
    "SIMULATED  bench simulated-bench (shipped)",
    "protocol  heating-curve, at most 26 min",
    "sample    pda-aminoacid",
    "assumed   no blank was named: solvent heat computed from water's absorption",
)

ASSUMPTIONS = (
    "no blank was named: solvent heat computed from water's absorption coefficient 0.0223 1/cm",
    "heat capacity of the wall as stated in the bench file: 1.2 ± 0.3 J/K",
    "absorbance of the sample is a placeholder",
)


def begins(mode: Mode = Mode.SIMULATED) -> Iterator[Event]:
    """All that happens before the first reading."""
    yield RunBegun(
        0, mode, "heating-curve", "ab" * 32, "simulated-bench", "cd" * 32, "pda-aminoacid",
        "ef" * 32, 7 if mode is Mode.SIMULATED else None, "0.1.0", {"power": "1 W"},
    )  # fmt: skip
    yield StateChanged(0, "new", "connecting")
    yield InstrumentFound(
        1_000_000, "diode", "arroyo-laser", "Arroyo 6310 serial 1234", "sim://arroyo", True
    )
    yield InstrumentFound(
        2_000_000, "scanner", "keysight-3497x", "Keysight DAQ970A", "sim://scanner", True
    )
    yield PriorsFixed(2_000_000, {"heat_loss": 0.01}, ASSUMPTIONS)
    yield StateChanged(3_000_000, "connecting", "running")
    yield Emission(3_000_000, Beam.OFF, "read back")


def temperature_degc(t_s: float) -> float:
    """Of the probe, without noise."""
    up = min(max(t_s - BASELINE_S, 0.0), HEAT_S)
    down = max(t_s - BASELINE_S - HEAT_S, 0.0)
    top = RISE_K * (1 - math.exp(-up / TAU_S))
    return AMBIENT_DEGC + top * math.exp(-down / TAU_S)


def tick(t_s: float, *, lit: bool, invalid: bool = False) -> Iterator[Event]:
    """One sample and the check's view of it."""
    t_ns = round(t_s * NS)
    wobble = 0.03 * math.sin(12.9898 * t_s) + 0.02 * math.sin(78.233 * t_s)
    probe: Reading | Invalid = Reading(
        "probe.temperature", temperature_degc(t_s) + wobble, "degC", t_ns
    )
    if invalid:
        probe = Invalid("probe.temperature", "open", "thermocouple is open", t_ns)
    yield Sample(
        t_ns,
        t_ns,
        (
            probe,
            Reading("ambient.temperature", AMBIENT_DEGC + 0.1 * math.sin(t_s / 300), "degC", t_ns),
            Reading("meter.power", 0.983 + wobble / 30 if lit else 0.0004, "W", t_ns),
        ),
    )
    heated = max(t_s - BASELINE_S, 0.0)
    sd = 0.015 + 0.25 * math.exp(-heated / 90) if heated > 5 else None
    yield Assessment(
        t_ns,
        "heating" if lit else "dark",
        temperature_degc(t_s),
        0.05 + 0.3 * math.exp(-t_s / 30),
        wobble / 0.05,
        0.41 + 0.02 * math.exp(-heated / 60) if sd else None,
        sd / 2 if sd else None,
        sd,
        180 + 20 * math.exp(-heated / 60) if sd else None,
        400 * sd if sd else None,
        0.0117 if sd else None,
        0.0117 * sd if sd else None,
        False,
        0.01,
    )


def run(period_s: float = 0.5, mode: Mode = Mode.SIMULATED) -> Iterator[Event]:
    """A healthy run."""
    yield from begins(mode)
    power = 1.0
    steps = (
        (1, "baseline", "", BASELINE_S, None),
        (2, "irradiate", "Heat", HEAT_S, power),
        (3, "cool", "", COOL_S, None),
    )
    now = 0.0
    for index, verb, name, length, asked in steps:
        t_ns = round(now * NS)
        yield StepBegun(t_ns, index, 3, verb, name, length * NS, asked)
        if asked:
            yield EmissionIntent(t_ns, power, length * NS, NS // 2)
            yield Emission(t_ns + 1, Beam.ON, "read back", power)
        end = now + length
        while now < end:
            yield from tick(now, lit=asked is not None)
            now += period_s
        t_ns = round(now * NS)
        if asked:
            yield Emission(t_ns, Beam.OFF, "read back", None, "step ended")
        yield StepEnded(t_ns, index, "time is up")
    t_ns = round(now * NS)
    yield verdict(t_ns)
    yield ended(t_ns)


def verdict(t_ns: int, word: str = "pass") -> Verdict:
    """The check's last word."""
    return Verdict(
        t_ns,
        word,
        ("every declared test passed", "the step detector found nothing"),
        (
            Criterion("innovations white", 0.31, ">= 0.01", "pass"),
            Criterion("heating and cooling agree", 3.4, "<= 3 sd", "cannot tell", "few readings"),
        ),
        {
            "time_constant": {
                "value": 182.34, "sd_statistical": 1.2, "sd_inputs": 0.0,
                "low": 180.0, "high": 184.7, "unit": "s",
            },
            "efficiency": {
                "value": 0.4102, "sd_statistical": 0.008, "sd_inputs": 0.0194,
                "low": 0.3691, "high": 0.4513, "unit": "",
            },
            "heat_loss_coefficient": {
                "value": 0.01172, "sd_statistical": 0.0003, "sd_inputs": 0.0005,
                "low": 0.0106, "high": 0.0129, "unit": "W/K",
            },
            "temperature_rise": {
                "value": 20.31, "sd_statistical": 0.04, "sd_inputs": 0.0,
                "low": 20.23, "high": 20.39, "unit": "K",
            },
        },
        ASSUMPTIONS,
        {"absorbance": 0.02, "volume": 0.01},
    )  # fmt: skip


def ended(t_ns: int, outcome: str = "completed", exit_code: int = 0, **more: object) -> RunEnded:
    """The closing event."""
    values: dict[str, object] = {
        "why": "", "verdict": "pass", "beam": Beam.OFF, "beam_how": "read back",
        "samples": 3120, "energy_j": 589.8,
    } | more  # fmt: skip
    return RunEnded(t_ns, outcome, exit_code=exit_code, **values)  # type: ignore[arg-type]


def tripped_run() -> Iterator[Event]:
    """A run whose thermocouple comes out while the laser is on."""
    yield from begins()
    yield StepBegun(0, 1, 3, "irradiate", "Heat", HEAT_S * NS, 1.0)
    yield Emission(1, Beam.ON, "read back", 1.0)
    for second in range(61, 90):
        yield from tick(second, lit=True)
    yield from tick(90, lit=True, invalid=True)
    yield Tripped(90 * NS, "guarded reading", "the probe gives no reading: open")
    yield Emission(90 * NS, Beam.OFF, "read back", None, "tripped")
    yield ended(90 * NS, "tripped", 4, why="the probe gives no reading: open", verdict="none")


def unconfirmed_run() -> Iterator[Event]:
    """A laser that ignores OFF."""
    yield from begins()
    yield StepBegun(0, 1, 1, "irradiate", "Heat", HEAT_S * NS, 1.0)
    yield Emission(1, Beam.ON, "read back", 1.0)
    for second in range(61, 90):
        yield from tick(second, lit=True)
    yield Emission(91 * NS, Beam.UNKNOWN, "tried: output, key, interlock", None, "step ended")
    yield Tripped(91 * NS, "beam-not-confirmed-off", "off was commanded 20 times and not confirmed")
    yield ended(
        91 * NS, "completed", 8, beam=Beam.UNKNOWN, beam_how="tried: output, key, interlock",
        verdict="none",
    )  # fmt: skip


def log_run() -> Iterator[Event]:
    """One thermometer and nothing else."""
    yield RunBegun(0, Mode.SIMULATED, "log", "ab", "thermometer-only", "cd", "", "ef", 1, "0.1.0")
    yield StateChanged(0, "READY", "DARK")
    yield StepBegun(0, 1, 1, "log", "", 24 * 3600 * NS)
    for second in range(0, 300):
        t_ns = second * NS
        reading = Reading("probe.temperature", 22 + 0.02 * math.sin(second), "degC", t_ns)
        yield Sample(t_ns, t_ns, (reading,))
    yield StateChanged(300 * NS, "DARK", "ENDING", "Ctrl-C")
    yield ended(300 * NS, "stopped", 5, why="Ctrl-C", verdict="none", energy_j=0.0,
                beam_how="no laser under control")  # fmt: skip


def alarm(t_s: float = 120.0) -> Alarm:
    """Something that the check found."""
    return Alarm(
        round(t_s * NS), "step", 1, ("overlap at the sample", "efficiency", "heat loss"),
        round((t_s - 9) * NS), "-10.2 % of the absorbed power", "a power meter behind the sample",
    )  # fmt: skip


def summary(exit_code: int = 0, **more: object) -> Summary:
    """What the command line knows at the end."""
    values: dict[str, object] = {
        "record": Path("runs/2026-01-31/001-heating-curve-pda"),
        "figure": Path("runs/2026-01-31/001-heating-curve-pda/figure.svg"),
        "next_commands": (
            "labctl run heating-curve --sample water",
            "labctl plan heating-curve",
            "mosquitto_sub -h 127.0.0.1 -p 1883 -v -t 'labctl/v1/simulated-bench/#'",
        ),
    } | more
    return Summary(exit_code, **values)  # type: ignore[arg-type]
