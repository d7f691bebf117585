"""A plausible run, event by event."""

from __future__ import annotations

from collections.abc import Iterator

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
    Note,
    PortTrouble,
    PriorsFixed,
    PromptAnswered,
    PromptAsked,
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

BEGUN = RunBegun(0, Mode.SIMULATED, "heating-curve", "p0", "bench-1", "b0", "pda", "s0", 7, "0.1.0")
LIT = Emission(20 * NS, Beam.ON, "commanded", 1.0, "heat")
DARK = Emission(40 * NS, Beam.OFF, "read back", None, "elapsed")
ENDED = RunEnded(50 * NS, "completed", "all steps done", 0, "pass", Beam.OFF, "read back", 20, 20.0)
TRIPPED = Tripped(30 * NS, "temperature", "probe above its limit", 61.0, 60.0, "degC")
ALARM = Alarm(
    31 * NS, "step", 3, ("laser power fell", "beam moved"), 30 * NS, "-10 % of the absorbed power",
    "a power meter",
)  # fmt: skip


def sample(number: int) -> Sample:
    """The tick `number` of a grid of one second, with a thermocouple that is open."""
    t_ns = number * NS
    return Sample(
        t_ns + 1000,
        t_ns,
        (
            Reading("probe.temperature", 20.0 + number, "degC", t_ns),
            Reading("meter.power", 0.01, "W", t_ns),
            Invalid("ambient.temperature", "open", "9.9E+37", t_ns),
        ),
    )


def assessment(number: int) -> Assessment:
    """What the check said after it."""
    return Assessment(
        number * NS, "heating", 20.0, 0.1, 0.3, 0.5, 0.01, 0.02, 100.0, 1.0, 0.01, 0.001, False, 0.1
    )


def run() -> Iterator[Event]:
    """Every kind of event that there is, in an order that could be."""
    yield BEGUN
    yield InstrumentFound(0, "laser", "arroyo-laser", "Arroyo 6300", "sim://laser", True)
    yield PriorsFixed(0, {"heat_loss_w_per_k": 0.01}, ("no blank was given",))
    yield StateChanged(1, "READY", "DARK")
    yield StepBegun(2, 1, 2, "baseline", "rest", 10 * NS)
    for number in range(10):
        yield sample(number)
        yield assessment(number)
    yield StepEnded(19 * NS, 1, "elapsed")
    yield StateChanged(19 * NS, "DARK", "ARMED")
    yield EmissionIntent(19 * NS, 1.0, 20 * NS, NS // 2)
    yield StateChanged(20 * NS, "ARMED", "EMITTING")
    yield LIT
    yield StepBegun(20 * NS, 2, 2, "irradiate", "heat", 20 * NS, 1.0)
    for number in range(20, 30):
        yield sample(number)
        yield assessment(number)
    yield PortTrouble(30 * NS, "scanner", "sim://scanner", "resynchronised", "late reply")
    yield TRIPPED
    yield ALARM
    yield DARK
    yield Note(41 * NS, "ada", "the lid was open")
    yield PromptAsked(42 * NS, "Close the lid.")
    yield PromptAnswered(43 * NS, "done")
    yield StateChanged(44 * NS, "EMITTING", "ENDING")
    yield Verdict(
        49 * NS,
        "pass",
        ("the model describes the readings",),
        (Criterion("whiteness", 0.4, ">= 0.01", "pass"),),
        {"efficiency": {"value": 0.5, "unit": "1"}},
        ("no blank",),
        {"absorbance": 0.01},
    )
    yield StateChanged(49 * NS, "ENDING", "ENDED")
    yield ENDED
