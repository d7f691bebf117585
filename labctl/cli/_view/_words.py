"""One line of words for each thing that happens in a run."""

from __future__ import annotations

from labctl.cli._view._numbers import Z95, interval, moment, plain, span, with_sd
from labctl.cli._view._seen import Seen
from labctl.clock import NS
from labctl.events import (
    Alarm,
    Beam,
    Dosed,
    Emission,
    Event,
    GateLooked,
    InstrumentFound,
    Invalid,
    MediumSet,
    Note,
    PortTrouble,
    PromptAnswered,
    PromptAsked,
    Reading,
    RunBegun,
    StateChanged,
    StepBegun,
    StepEnded,
    Tripped,
)

READ_BACK = "read back"


def mode_line(mode: str, bench: str, why: str) -> str:
    """The first line of every run: SIMULATED or REAL, which bench, and why that one."""
    return f"{mode}  bench {bench} ({why})"


def happening(event: Event) -> tuple[str, str] | None:
    """A short tag and a line of words, or None for what is not worth a line of its own."""
    match event:
        case RunBegun():
            return "begins", _begins(event)
        case InstrumentFound():
            how = "" if event.confirms else " (commanded, not confirmed: it cannot be read back)"
            return "found", f"{event.instrument}: {event.identity} at {event.address}{how}"
        case StateChanged():
            return "state", f"{event.new}{_because(event.why)}"
        case StepBegun():
            return "step", f"{step_words(event)}, at most {span(event.at_most_ns)}"
        case StepEnded():
            return "step", f"{event.index} ended" + (f": {event.why}" if event.why else "")
        case Emission():
            return event.source, f"{beam_words(event)}{_because(event.why)}"
        case Tripped():
            return "TRIPPED", trip_words(event)
        case PortTrouble():
            return "port", f"{event.instrument} at {event.address}: {event.what}" + (
                f" ({event.detail})" if event.detail else ""
            )
        case Note():
            return "note", f"{event.who}: {event.text}"
        case Dosed():
            return "dosed", dosed_words(event)
        case MediumSet():
            return "medium", _medium(event)
        case GateLooked():
            state = "opens" if event.opened else "is held"
            return "gate", f"{event.step} {state}: {event.why}"
        case PromptAsked():
            return "PROMPT", event.text
        case PromptAnswered():
            return "answer", event.answer
        case Alarm():
            # With fewer causes than when it was first told.
            return "ALARM", ("known now: " if event.refines else "") + alarm_words(event)
        case _:
            return None


def step_words(step: StepBegun) -> str:
    """`2 of 3  irradiate "Heat" at 1.00 W`."""
    name = f' "{step.name}"' if step.name and step.name != step.verb else ""
    power = f" at {plain(step.power_w, 'W')}" if step.power_w is not None else ""
    return f"{step.index} of {step.of}  {step.verb}{name}{power}"


def beam_words(emission: Emission, age_ns: int | None = None) -> str:
    """What is known of the beam, how, and how long ago. There is no word for 'safe'."""
    how = emission.how
    if age_ns is not None:
        # "read back 0.4 s ago" is one phrase; whatever else it may be is not.
        how = f"{how}{' ' if how == READ_BACK else ', '}{_age(age_ns)} ago".removeprefix(", ")
    power = ""
    if emission.beam is Beam.ON and emission.power_w is not None:
        power = f" {plain(emission.power_w, 'W')}"
    return f"{emission.beam.value.upper()}{power}" + (f", {how}" if how else "")


def trip_words(trip: Tripped) -> str:
    """The rule, what it saw and the limit."""
    text = f"{trip.rule}: {trip.message}" if trip.message else trip.rule
    if trip.value is None or trip.limit is None:
        return text
    return f"{text} (seen {plain(trip.value, trip.unit)}, limit {plain(trip.limit, trip.unit)})"


def alarm_words(alarm: Alarm) -> str:
    """What was found, since when, what may have caused it and what would tell the causes apart."""
    text = f"{alarm.name} (fault class {alarm.fault_class}): {alarm.size}"
    text += f" since {moment(alarm.onset_ns)}"
    if alarm.causes:
        several = "one of" if len(alarm.causes) > 1 else "cause"
        text += f"; {several}: {', '.join(alarm.causes)}"
    if alarm.split_by:
        text += f"; to tell them apart: {alarm.split_by}"
    return text


def dosed_words(dosed: Dosed) -> str:
    """`glutathione 20.2 uL by doser, then 10 mM in the medium`."""
    after = []
    if dosed.ph is not None:
        after.append(f"pH {dosed.ph:.2f}")
    if dosed.concentration_mol_per_m3 is not None:
        after.append(f"{dosed.concentration_mol_per_m3:.3g} mM in the medium")
    then = f", then {', '.join(after)}" if after else ""
    return f"{dosed.agent} {dosed.volume_m3 * 1e9:.3g} uL, {dosed.how}{then}"


def _medium(medium: MediumSet) -> str:
    parts = [f"the release of {' and '.join(medium.species)} is followed from here"]
    if medium.ph is not None:
        parts.append(f"pH {medium.ph:.2f}")
    if medium.glutathione_mol_per_m3 is not None:
        parts.append(f"glutathione {medium.glutathione_mol_per_m3:.3g} mM")
    parts.append(f"{medium.volume_m3 * 1e6:.4g} mL")
    return ", ".join(parts)


def release_words(seen: Seen) -> str:
    """`released quinidine 62 % (55 to 69), doxorubicin 12 % (8 to 17)`, or nothing."""
    parts = [f"{name} {text}" for name, text in released(seen)]
    return f"released {', '.join(parts)}" if parts else ""


def released(seen: Seen) -> list[tuple[str, str]]:
    """Species, and `62 % (55 to 69)` of its load; of those of which something is known."""
    if seen.release is None:
        return []
    return [
        (
            name,
            f"{known['fraction'] * 100:.0f} % ({known['low'] * 100:.0f} to "
            f"{known['high'] * 100:.0f})",
        )
        for name, known in seen.release.results.items()
        if known.get("fraction") is not None
    ]


def reading_words(reading: Reading | Invalid | None, places: int = 2) -> str:
    """A reading with its unit, or in words why it is none."""
    if reading is None:
        return "not read"
    if isinstance(reading, Reading):
        return plain(reading.value, reading.unit, places)
    detail = f", {reading.detail}" if reading.detail else ""
    return f"no reading ({reading.reason}{detail})"


def readings_line(seen: Seen) -> str:
    """Everything measured and what the model says of it, on one line."""
    parts = []
    for channel, reading in seen.readings.items():
        if not worth_showing(channel):
            continue
        role, _, quantity = channel.partition(".")
        label = role if quantity in ("temperature", "power") else channel
        parts.append(f"{label} {reading_words(reading, 3 if quantity == 'power' else 2)}")
        if channel == "probe.temperature" and seen.assessment:
            model = seen.assessment
            predicted = with_sd(model.predicted_degc, model.predicted_sd_k)
            parts.append(f"predicted {predicted}")
    if seen.power_asked_w is not None:
        parts.append(f"asked {plain(seen.power_asked_w, 'W', 3)}")
    if text := efficiency_words(seen):
        parts.append(f"efficiency {text}")
    if text := release_words(seen):
        parts.append(text)
    return "  ".join(parts)


def worth_showing(channel: str) -> bool:
    """Of what a source says of itself, only the power that a supply measures: the rest is said in
    words."""
    told = channel.startswith(("laser.", "heater.", "coil."))
    return not told or channel in ("heater.power", "coil.power")


def efficiency_words(seen: Seen) -> str:
    """`0.410 ± 0.021 (95 % 0.369 to 0.451)`, or nothing while nothing can be said."""
    model = seen.assessment
    if model is None or model.efficiency is None:
        return ""
    sd = model.efficiency_sd_total
    text = with_sd(model.efficiency, sd)
    if sd:
        text += f" (95 % {efficiency_interval(model.efficiency, sd)})"
    return text


def efficiency_interval(efficiency: float, sd: float) -> str:
    """The 95 % interval while the run goes on, `0.369 to 0.451`."""
    return interval(efficiency - Z95 * sd, efficiency + Z95 * sd, sd)


def _age(age_ns: int) -> str:
    # Tenths even of nothing: what changes all the time keeps its width.
    return f"{age_ns / NS:.1f} s" if age_ns < 10 * NS else span(age_ns)


def _begins(event: RunBegun) -> str:
    seed = "" if event.seed is None else f", seed {event.seed}"
    sample = f", sample {event.sample}" if event.sample else ""
    faults = f", injected: {' '.join(event.faults)}" if event.faults else ""
    return f"{event.protocol}{sample}, bench {event.bench}{seed}{faults}"


def _because(why: str) -> str:
    return f" ({why})" if why else ""
