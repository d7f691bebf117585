"""One frame of the live terminal: rows of styled text that fit the window.

Pure but for rich's `Text`: what has been seen goes in, exactly as many rows as are allowed come
out. Colour never says anything that a word does not say too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.text import Text

from labctl.cli._view import _curve
from labctl.cli._view._beam import beam_now
from labctl.cli._view._curve import Ink
from labctl.cli._view._model import Model
from labctl.cli._view._numbers import Z95, moment, plain, span, with_sd
from labctl.cli._view._seen import Seen
from labctl.cli._view._words import (
    efficiency_interval,
    reading_words,
    released,
    step_words,
    worth_showing,
)
from labctl.clock import NS
from labctl.events import LASER, Assessment, Beam

_SIDE_PANEL_FROM = 116
"""Columns from which the numbers stand beside the curve instead of below it."""
_SIDE_PANEL = 40
_LABEL = 15
_MIN_CURVE = 4
_NARROWEST = 20
_RULER_FROM = 28
"""Rows from which the efficiency's interval is drawn as well."""

# Okabe and Ito's colours, which people tell apart whatever they see of red and green.
_INKS: dict[Ink, str] = {
    Ink.NONE: "",
    Ink.MEASURED: "bold bright_white",
    Ink.AMBIENT: "#0072b2",
    Ink.BAND: "#56b4e9",
    Ink.LASER: "#e69f00",
    Ink.HEATER: "#d55e00",
    Ink.UNKNOWN: "bold reverse",
    Ink.AXIS: "dim",
}

_MODE_STYLES: dict[str, str] = {
    "SIMULATED": "bold #000000 on #56b4e9",
    "REAL": "bold #ffffff on #8b1a6b",
}

_BEAM_STYLES: dict[Beam, str] = {
    Beam.OFF: "bold",
    Beam.ON: "bold #000000 on #e69f00",
    Beam.UNKNOWN: "bold reverse",
}

LOUD = "bold #ffffff on #b00000"


def frame(model: Model, width: int, height: int) -> Group:
    """At most `height` rows, each cropped to `width`; in a window too small for all, the first
    and the last rows stay."""
    width = max(width, _NARROWEST)
    rows = _above(model, width)
    below = _below(model, width)[-max(height - 1, 1) :]
    wide = width >= _SIDE_PANEL_FROM
    numbers = _numbers(model) if wide else _short_numbers(model)
    if not wide and height >= _RULER_FROM:
        numbers += _ruler(model, width)
    # Legend, laser bar and time axis go with the curve.
    notes_room = max(2, (height - 22) // 4)
    notes = _notes(model, notes_room, width)
    taken = len(rows) + len(below) + notes_room + 3 + (0 if wide else len(numbers))
    tall = max(height - taken, _MIN_CURVE)
    if wide:
        rows += _beside(_plot(model, width - _SIDE_PANEL - 2, tall), numbers, width)
    else:
        rows += _plot(model, width, tall) + numbers
    rows = [*(rows + notes)[: max(height - len(below), 1)], *below]
    for row in rows:
        row.no_wrap = True
        row.overflow = "ellipsis"
        row.truncate(width, overflow="ellipsis")
    return Group(*rows[:height])


def _above(model: Model, width: int) -> list[Text]:
    seen = model.seen
    bar = Text(f" {model.mode_line or seen.mode} ", style=_MODE_STYLES.get(seen.mode, "reverse"))
    right = " "
    if seen.begun:
        seed = "" if seen.begun.seed is None else f", seed {seen.begun.seed}"
        right = f"{seen.begun.protocol}, {seen.begun.sample or 'no sample'}{seed} "
    gap = width - bar.cell_len - len(right)
    bar.append((" " * gap + right) if gap > 1 else " " * max(gap + len(right), 0))
    rows = [bar]
    for what, is_so in (
        ("BEAM", seen.unconfirmed),
        ("HEATER", seen.heater_unconfirmed),
        ("COIL", seen.coil_unconfirmed),
    ):
        if is_so:
            rows += [Text(line.ljust(width), style=LOUD) for line in _loud_lines(what, width)]
    if seen.state == "WARNING":
        words = "  DO NOT LOOK: LASER LIGHT COMES  "
        rows.append(Text(words.center(width, "!"), style=LOUD))
    rows.append(_state(model, width))
    return rows


def _loud_lines(what: str, width: int) -> tuple[str, str, str]:
    rule = "!" * width
    return rule, f"  {what} NOT CONFIRMED OFF  ".center(width, "!"), rule


def _state(model: Model, width: int) -> Text:
    """What is known of the beam, where the engine is, and the time."""
    seen = model.seen
    row = Text()
    for source in _sources(seen):
        beam, words = beam_now(seen, model.silent_ns, source)
        row.append(f" {source} ")
        row.append(f" {words} ", style="" if beam is None else _BEAM_STYLES[beam])
    if model.silent_ns:
        row.append("  ")
        row.append(f" LOST CONTACT, no reading for {span(model.silent_ns)} ", style="bold reverse")
        return row
    if seen.interlock == "open":
        row.append("  ").append(" INTERLOCK OPEN ", style="bold reverse")
    elif seen.interlock:
        row.append(f"  interlock {seen.interlock}", style="dim")
    row.append(f"  {seen.state}  ", style="bold")
    row.append(moment(seen.t_ns))
    for pace in _pace(model.speed):
        if row.cell_len + len(pace) + 2 <= width:
            return row.append(f"  {pace}", style="dim")
    return row


def _sources(seen: Seen) -> tuple[str, ...]:
    """What the run can light; a laser is spoken of also where there is none."""
    if not seen.fed:
        return (LASER,)
    has_laser = seen.emission is not None or seen.controls_laser
    return (LASER, *seen.fed) if has_laser else seen.fed


def _pace(speed: float | None) -> tuple[str, ...]:
    """How fast the run's clock goes, in words as many as there may be room for."""
    if speed is None:
        return ("as fast as it goes", "max speed")
    if speed == 1.0:
        return ()
    return f"at {speed:.3g} times real time", f"{speed:.3g} x"


def _plot(model: Model, width: int, height: int) -> list[Text]:
    worst_ns = sum(model.at_most_ns) or None
    now_ns = model.seen.t_ns
    end_ns = _curve.axis_end_ns(now_ns, worst_ns)
    legend = Text("    °C ")
    inks = [(Ink.MEASURED, "━", "measured")]
    if model.seen.assessment is not None:
        inks.append((Ink.BAND, "⢕⢕", "model's band, mean ± 2 sd"))
    if "ambient.temperature" in model.seen.readings:
        inks.append((Ink.AMBIENT, "⠂⠂", "ambient"))
    for ink, mark, words in inks:
        legend.append(f" {mark}", style=_INKS[ink]).append(f" {words} ")
    rows = [
        *_curve.curve(model.history, width, height, end_ns),
        _curve.laser_bar(model.history, width, end_ns, now_ns),
        _curve.time_axis(width, end_ns),
    ]
    return [legend, *(Text.assemble(*((text, _INKS[ink]) for text, ink in row)) for row in rows)]


def _short_numbers(model: Model) -> list[Text]:
    """The numbers in few rows, for a window of 80 columns."""
    seen = model.seen
    check = seen.assessment
    rows: list[tuple[str, list[str]]] = []
    probe = [_value(seen, "probe.temperature", 2)]
    rows.append(("probe", probe))
    if check is not None:
        probe.append(f"predicted {with_sd(check.predicted_degc, check.predicted_sd_k)}")
        probe.append(_off_by(check))
    if "ambient.temperature" in seen.readings:
        rise = _rise(seen)
        words = [_value(seen, "ambient.temperature", 2)]
        rows.append(("ambient", words if rise is None else [*words, f"rise {plain(rise, 'K')}"]))
    rows += [("", [other]) for other in _others(seen)]
    rows += [(name, [f"{text} released"]) for name, text in released(seen)]
    if power := list(_power(seen)):
        rows.append(("power", power))
    if check is not None:
        if len(rows) > 1:
            rows[-1][1].append(_phase(check))
        else:
            rows.append(("phase", [_phase(check)]))
        rows.append(("efficiency", [_efficiency(check)]))
        if check.time_constant_s is not None:
            value = with_sd(check.time_constant_s, check.time_constant_sd_s, "s")
            rows.append(("time constant", [value]))
    return [_labelled(label, "   ".join(parts), grey=model.silent_ns > 0) for label, parts in rows]


def _numbers(model: Model) -> list[Text]:
    """The numbers one below the other, beside the curve."""
    seen = model.seen
    check = seen.assessment
    rows = [("probe", _value(seen, "probe.temperature", 2))]
    if check is not None:
        rows.append(("  predicted", with_sd(check.predicted_degc, check.predicted_sd_k, "degC")))
        rows.append(("", _off_by(check)))
    if "ambient.temperature" in seen.readings:
        rows.append(("ambient", _value(seen, "ambient.temperature", 2)))
    rise = _rise(seen)
    if rise is not None:
        rows.append(("  rise", plain(rise, "K")))
    rows += [("", other) for other in _others(seen)]
    rows += [(name, f"{text} released") for name, text in released(seen)]
    rows += [("" if index else "power", text) for index, text in enumerate(_power(seen))]
    if check is not None:
        rows += [("", ""), ("efficiency", _efficiency(check, interval=False))]
        if check.efficiency is not None and check.efficiency_sd_total:
            inside = efficiency_interval(check.efficiency, check.efficiency_sd_total)
            rows.append(("  95 %", inside))
        if check.time_constant_s is not None:
            value = with_sd(check.time_constant_s, check.time_constant_sd_s, "s")
            rows.append(("time constant", value))
        if check.heat_loss_w_per_k is not None:
            value = with_sd(check.heat_loss_w_per_k, check.heat_loss_sd_w_per_k, "W/K")
            rows.append(("heat loss", value))
        rows += [("", ""), ("phase", _phase(check))]
    lines = [_labelled(label, text, grey=model.silent_ns > 0) for label, text in rows]
    return lines + _ruler(model, _SIDE_PANEL)


def _ruler(model: Model, width: int) -> list[Text]:
    """The efficiency's 95 % interval between 0 and 1: one sees it close in."""
    check = model.seen.assessment
    if check is None or check.efficiency is None or not check.efficiency_sd_total:
        return []
    letters = width - 6
    half = Z95 * check.efficiency_sd_total

    def at(value: float) -> int:
        return round(min(max(value, 0.0), 1.0) * (letters - 1))

    low, middle, high = (at(check.efficiency + side * half) for side in (-1, 0, 1))
    line = ["·"] * letters
    line[low : high + 1] = ["━"] * (high - low + 1)
    line[low], line[high], line[middle] = "├", "┤", "●"
    return [Text.assemble((" 0 ", "dim"), ("".join(line), _INKS[Ink.BAND]), (" 1", "dim"))]


def _notes(model: Model, room: int, width: int) -> list[Text]:
    """What happened lately, newest last; alarms and prompts stay and are wrapped, not cut."""
    urgent: list[Text] = []
    if model.seen.prompt:
        urgent += _wrapped("PROMPT", model.seen.prompt, width)
    for tag, words in model.recent:
        if tag.isupper():
            urgent += _wrapped(tag, words, width)
    calm = [
        Text.assemble((f" {tag:<8}", "dim"), f" {words}")
        for tag, words in model.recent
        if not tag.isupper()
    ]
    rows = urgent[:room]
    rest = room - len(rows)
    return [*(calm[-rest:] if rest else ()), *rows, *(Text("") for _ in range(rest - len(calm)))]


def _wrapped(tag: str, words: str, width: int) -> list[Text]:
    room = max(width - 11, 20)
    lines = [
        line
        for part in words.split("\n")
        for line in textwrap.wrap(part, room, break_on_hyphens=False) or [""]
    ]
    return [
        Text.assemble((f" {tag:<8}", "bold reverse") if index == 0 else " " * 9, f" {line}")
        for index, line in enumerate(lines)
    ]


def _below(model: Model, width: int) -> list[Text]:
    if model.seen.ended is not None:
        return []
    rows = [_progress(model, width)]
    if model.telemetry:
        rows.append(Text(f" {model.telemetry}", style="dim"))
    answer = "Enter: answer the prompt   " if model.seen.prompt else ""
    rows.append(Text(f" {answer}Ctrl-C: {_stopping(model.seen)}", style="bold"))
    return rows


def _stopping(seen: Seen) -> str:
    """What a stop does; it does not reach a laser that a person has switched on."""
    if seen.controls_laser:
        return "all off and stop" if seen.fed else "laser off and stop"
    if seen.fed:
        return f"{' and '.join(seen.fed)} off and stop"
    lit = seen.emission is not None and seen.emission.beam is not Beam.OFF
    return "stop; the laser is yours to switch off" if lit else "stop"


def _progress(model: Model, width: int) -> Text:
    step = model.seen.step
    left_ns = model.left_at_most_ns()
    row = Text(f" step {step_words(step)}  " if step else " no step yet  ")
    if left_ns is None:
        return row
    words = f"  {span(left_ns)} left at most"
    if model.speed is not None and model.speed != 1.0:
        words += f" ({span(round(left_ns / model.speed / NS) * NS)} to watch)"
    bar = max(min(width - row.cell_len - len(words) - 1, 60), 0)
    done = model.seen.t_ns / max(model.seen.t_ns + left_ns, 1)
    full = round(done * bar)
    return row.append("█" * full, style=_INKS[Ink.BAND]).append("░" * (bar - full)).append(words)


def _beside(left: Sequence[Text], right: Sequence[Text], width: int) -> list[Text]:
    rows = []
    for index, row in enumerate(left):
        row.truncate(width - _SIDE_PANEL - 2, pad=True)
        joined = row.copy().append("  ")
        rows.append(joined.append_text(right[index]) if index < len(right) else joined)
    return rows


def _labelled(label: str, text: str, *, grey: bool) -> Text:
    return Text.assemble((f" {label:<{_LABEL}}", "dim"), (text, "dim" if grey else "bold"))


def _value(seen: Seen, channel: str, places: int) -> str:
    return reading_words(seen.readings.get(channel), places)


def _others(seen: Seen) -> Iterator[str]:
    known = ("probe.temperature", "ambient.temperature", "meter.power")
    for channel, reading in seen.readings.items():
        if channel not in known and worth_showing(channel):
            yield f"{channel} {reading_words(reading)}"


def _power(seen: Seen) -> Iterator[str]:
    if "meter.power" in seen.readings:
        yield f"{_value(seen, 'meter.power', 3)} measured"
    if seen.power_asked_w is not None:
        yield f"{plain(seen.power_asked_w, 'W', 3)} commanded"


def _rise(seen: Seen) -> float | None:
    probe, ambient = seen.value("probe.temperature"), seen.value("ambient.temperature")
    return None if probe is None or ambient is None else probe - ambient


def _off_by(check: Assessment) -> str:
    return f"off by {round(check.residual_sd, 1) + 0.0:+.1f} sd"


def _phase(check: Assessment) -> str:
    return f"{check.phase}, {'steady' if check.steady else 'not steady'}"


def _efficiency(check: Assessment, *, interval: bool = True) -> str:
    sd = check.efficiency_sd_total
    if check.efficiency is None:
        return "nothing to say yet"
    text = with_sd(check.efficiency, sd)
    return f"{text} (95 % {efficiency_interval(check.efficiency, sd)})" if sd and interval else text
