"""Reading `labctl.driver/1`: every problem with its place in the file, all told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labctl import yamlfile
from labctl.described._description import (
    Asked,
    Barrier,
    Description,
    Measured,
    Output,
    Scale,
    State,
)
from labctl.described._shapes import Command, Ends, Pattern, Template
from labctl.instruments import SerialSettings
from labctl.quantities import Kind
from labctl.yamlfile import (
    Amount,
    Choice,
    Count,
    Field,
    ListOf,
    MapOf,
    Name,
    Reader,
    Row,
    Source,
    Table,
    Text,
)
from labctl.yamlfile import Measured as Quantity

SCHEMA = "labctl.driver/1"
_CHANNEL = r"[A-Za-z0-9_-]{1,16}"
_GUARDED_S = 0.2
"""On a port of the guard's no exchange lasts longer."""

_SCHEMA = Field("schema", Choice({SCHEMA: "a driver"}), f"Write `schema: {SCHEMA}`", True)
_NAME = Field(
    "name", Name(example="kessel-t2"), "Short name, as a waiver or a record calls it", True
)
_TITLE = Field("title", Text(100), "Make and models, for people", True)

_BAUD = Field("baud", Count(50, 4_000_000), "9600 when not given")
_BITS = Field("bits", Count(5, 8), "8 when not given")
_PARITY = Field("parity", Choice({"N": "none", "E": "even", "O": "odd"}), "N when not given")
_STOP = Field("stop_bits", Count(1, 2), "1 when not given")
_REACHED = Field(
    "reached_by", Choice({"serial": "pyserial", "visa": "PyVISA"}), "`serial` when not given"
)
_ENDS = Field("ends", Ends(), "How a command ends: CR, LF or CR LF", True)
_REPLY_ENDS = Field("reply_ends", Ends(), "How a reply ends", True)
_LINE = Field(
    "line", Table("line", (_BAUD, _BITS, _PARITY, _STOP, _REACHED, _ENDS, _REPLY_ENDS)),
    "Line settings from the manual", True,
)  # fmt: skip
_WITHIN = Field(
    "reply_within", Amount(Kind.TIME, 0.005, 30.0), "When an answer is there at the latest", True
)
_PAUSE = Field("pause", Amount(Kind.TIME, 0.0, 5.0), "To leave it alone after each command")

_ASK = Field("ask", Command(), "The question", True)
_KNOWS = Field("knows", Pattern(("model",)), "The whole answer; (?P<model>...) and, if it says so, "
               "make, serial, firmware", True)  # fmt: skip
_IDENTITY = Field("identity", Table("identity", (_ASK, _KNOWS)), "Who is there?", True)
_ACKNOWLEDGE = Field(
    "acknowledge", Pattern(), "What each command is answered by; silent when not given"
)
_NONE = Field("none", Pattern(), "The answer when there is no error", True)
_ERRORS = Field("errors", Table("errors", (_ASK, _NONE)), "Asked after each command")
_START = Field("start", ListOf(Command()), "Commands at connecting, in order")

_REPLY = Field("reply", Pattern(("value",)), "The whole answer, with (?P<value>...)", True)
_INVALID = Field(
    "invalid",
    Table("invalid", tuple(
        Field(reason, Pattern(), f"The answers that mean this: {reason}")
        for reason in ("open", "range", "device")
    )),
    "Answers that are no reading",
)  # fmt: skip
_TEMPERATURE_UNIT = Field(
    "unit", Choice({"degC": "", "K": "", "degF": ""}), "Of the number on the wire", True
)
_LOW_T = Field("low", Amount(Kind.TEMPERATURE), "Below it is no reading: open or broken", True)
_HIGH_T = Field("high", Amount(Kind.TEMPERATURE), "Above it is no reading", True)
_CHANNELS = Field("channels", MapOf(Command(), _CHANNEL), "Channel -> the question for it", True)
_THERMOMETER = Field(
    "thermometer",
    Table("thermometer", (_CHANNELS, _REPLY, _TEMPERATURE_UNIT, _LOW_T, _HIGH_T, _INVALID)),
    "It measures temperatures",
)
_POWER_UNIT = Field(
    "unit", Choice({"W": "", "mW": "", "uW": ""}), "Of the number on the wire", True
)
_LOW_P = Field("low", Amount(Kind.POWER), "Below it is no reading", True)
_HIGH_P = Field("high", Amount(Kind.POWER), "Above it is no reading", True)
_METER = Field(
    "power_meter",
    Table("power_meter", (_ASK, _REPLY, _POWER_UNIT, _LOW_P, _HIGH_P, _INVALID)),
    "It measures optical power",
)

_UNITS = {"A": ("current", 1.0), "mA": ("current", 1e-3), "W": ("power", 1.0),
          "mW": ("power", 1e-3), "V": ("voltage", 1.0), "mV": ("voltage", 1e-3)}  # fmt: skip
_KINDS = (Kind.CURRENT, Kind.POWER, Kind.VOLTAGE)
_UNIT = Field("unit", Choice(dict.fromkeys(_UNITS, "")), "Of its level on the wire", True)
_MOST = Field("most", Quantity(_KINDS, low=0.0), "No level above it is ever sent", True)
_SAFE = Field("safe", Quantity(_KINDS, low=0.0), "The level that is set at connecting", True)
_DECIMALS = Field("decimals", Count(0, 6), "Of the number that is sent; 3 when not given")
_SET = Field("set", Template(), "Sets the level: a command with {value} in it", True)
_ASKED = Table("question", (_ASK, _REPLY))
_SET_POINT = Field("set_point", _ASKED, "Reads back what was set; must then agree")
_MEASURED = Field("measured", _ASKED, "What it measures of its own level")
_ON = Field("on", Command(), "Switches on", True)
_OFF = Field("off", Command(), "Switches off; must need no answer", True)
_YES_ON = Field("on", Pattern(), "The answer when it is on", True)
_NO_OFF = Field("off", Pattern(), "The answer when it is off", True)
_STATE = Field("state", Table("state", (_ASK, _YES_ON, _NO_OFF)),
               "Is it on? Without it the output is commanded and not confirmed")  # fmt: skip
_CLOSED = Field("closed", Pattern(), "The answer when it is closed", True)
_OPEN = Field("open", Pattern(), "The answer when it is open", True)
_INTERLOCK = Field("interlock", Table("interlock", (_ASK, _CLOSED, _OPEN)), "Its interlock")
_SOURCE = Field(
    "source",
    Table("source", (_UNIT, _MOST, _SAFE, _DECIMALS, _SET, _SET_POINT, _MEASURED, _ON, _OFF, _STATE,
                     _INTERLOCK)),
    "It lights or heats",
)  # fmt: skip
_BLOCK = Field("block", Command(), "Shuts it; must need no answer, and never toggle", True)
_LET = Field("let_through", Command(), "Opens the way", True)
_BLOCKS = Field("blocks", Pattern(), "The answer when it blocks", True)
_LETS = Field("lets", Pattern(), "The answer when it lets through", True)
_POSITION = Field("position", Table("position", (_ASK, _BLOCKS, _LETS)), "As sensed", True)
_GATE = Field("gate", Table("gate", (_BLOCK, _LET, _POSITION)), "It moves a shutter or a relay")
_CAN = (_THERMOMETER, _METER, _SOURCE, _GATE)

DRIVER = Table(
    "driver",
    (_SCHEMA, _NAME, _TITLE, _LINE, _WITHIN, _PAUSE, _IDENTITY, _ACKNOWLEDGE, _ERRORS, _START,
     *_CAN),
)  # fmt: skip


def json_schema() -> dict[str, Any]:
    """JSON Schema of a driver's file, for editors."""
    return yamlfile.json_schema(SCHEMA, DRIVER, {})


def read(path: Path) -> Description:
    """The description in a file; InputError with every problem."""
    return parse(yamlfile.open_source(path))


def parse(source: Source) -> Description:
    """The same from a text."""
    node, problems = yamlfile.read_text(source)
    reader = Reader(problems)
    row = DRIVER.read(node, reader)
    found = None
    if row is not None:
        _check(row, reader)
        # What is told already need not be built.
        found = None if reader.problems else _build(row, source.file)
    what = f"{source.file} is not a valid driver file"
    reader.raise_any(what)
    if found is None:
        raise RuntimeError(what)
    return found


def _check(row: Row, reader: Reader) -> None:
    can = [one for one in _CAN if row.has(one)]
    if len(can) != 1:
        names = ", ".join(one.name for one in _CAN)
        reader.add(row.node, "P013", f"an instrument is exactly one of {names}",
                   "Describe one of them.")  # fmt: skip
    guarded = row.has(_SOURCE) or row.has(_GATE)
    within = row[_WITHIN]
    if guarded and within is not None and within > _GUARDED_S:
        reader.add(
            row.at(_WITHIN),
            "P024",
            "what lights or holds back must answer within 200 ms",
            "The guard waits for it. An instrument that needs longer cannot be driven so.",
        )
    source = row[_SOURCE]
    if source is not None:
        _check_source(source, reader)
    for one in (row[_THERMOMETER], row[_METER]):
        if one is None:
            continue
        low, high = (_LOW_T, _HIGH_T) if one is row[_THERMOMETER] else (_LOW_P, _HIGH_P)
        least, most = one[low], one[high]
        if least is not None and most is not None and not least < most:
            reader.add(one.at(high), "P024", "`high` must be above `low`")


def _check_source(source: Row, reader: Reader) -> None:
    unit, most, safe = source[_UNIT], source[_MOST], source[_SAFE]
    for field, quantity in ((_MOST, most), (_SAFE, safe)):
        if unit is not None and quantity is not None and quantity.kind != _UNITS[unit][0]:
            reader.add(
                source.at(field),
                "P062",
                f"a {quantity.kind} does not fit a level in {unit}",
                f"Write it in {unit}.",
            )
    if most is not None and safe is not None and safe.kind == most.kind and safe.value > most.value:
        reader.add(source.at(_SAFE), "P024", "the safe level is above the most")
    if source[_ON] is not None and source[_ON] == source[_OFF]:
        reader.add(source.at(_OFF), "P063", "what switches off is what switches on",
                   "A command that toggles cannot be described: write a driver.")  # fmt: skip


def _must(value: Any) -> Any:
    if value is None:
        raise RuntimeError("a required field without a value was not told")
    return value


def _build(row: Row, file: str) -> Description:
    line = _must(row[_LINE])
    identity = _must(row[_IDENTITY])
    errors, starting = row[_ERRORS], row[_START]
    serial = SerialSettings(
        line[_BAUD] or 9600, line[_BITS] or 8, line[_PARITY] or "N", line[_STOP] or 1
    )
    return Description(
        name=_must(row[_NAME]),
        title=_must(row[_TITLE]),
        identity=Asked(_must(identity[_ASK]), _must(identity[_KNOWS])),
        serial=serial,
        transport=line[_REACHED] or "serial",
        ends=_must(line[_ENDS]),
        reply_ends=_must(line[_REPLY_ENDS]),
        reply_s=_must(row[_WITHIN]),
        pause_s=row[_PAUSE] or 0.0,
        acknowledge=row[_ACKNOWLEDGE],
        errors=None if errors is None else Asked(_must(errors[_ASK]), _must(errors[_NONE])),
        start=() if starting is None else tuple(starting),
        thermometer=_thermometer(row[_THERMOMETER]),
        power_meter=_meter(row[_METER]),
        output=_output(row[_SOURCE]),
        gate=_gate(row[_GATE]),
        source_file=file,
    )


def _invalid(row: Row) -> dict[str, Any]:
    given = row[_INVALID]
    return {} if given is None else {
        field.name: given[field] for field in _INVALID.shape.fields if given[field] is not None  # type: ignore[attr-defined]
    }  # fmt: skip


def _thermometer(row: Row | None) -> tuple[Measured, ...]:
    if row is None:
        return ()
    scales = {"degC": Scale(), "K": Scale(1.0, -273.15), "degF": Scale(1 / 1.8, -32.0 / 1.8)}
    return tuple(
        Measured(
            channel, Asked(item.value, _must(row[_REPLY])), scales[_must(row[_TEMPERATURE_UNIT])],
            _must(row[_LOW_T]), _must(row[_HIGH_T]), _invalid(row),
        )
        for channel, item in _must(row[_CHANNELS]).items()
    )  # fmt: skip


def _meter(row: Row | None) -> Measured | None:
    if row is None:
        return None
    factor = {"W": 1.0, "mW": 1e-3, "uW": 1e-6}[_must(row[_POWER_UNIT])]
    return Measured(
        "power", Asked(_must(row[_ASK]), _must(row[_REPLY])), Scale(factor),
        _must(row[_LOW_P]), _must(row[_HIGH_P]), _invalid(row),
    )  # fmt: skip


def _asked(row: Row | None) -> Asked | None:
    return None if row is None else Asked(_must(row[_ASK]), _must(row[_REPLY]))


def _state(row: Row | None, yes: Field[Any], no: Field[Any]) -> State | None:
    return None if row is None else State(_must(row[_ASK]), _must(row[yes]), _must(row[no]))


def _output(row: Row | None) -> Output | None:
    if row is None:
        return None
    drive, factor = _UNITS[_must(row[_UNIT])]
    decimals = row[_DECIMALS]
    return Output(
        drive=drive,
        scale=Scale(factor),
        most=_must(row[_MOST]).value,
        decimals=3 if decimals is None else decimals,
        set_level=_must(row[_SET]),
        set_point=_asked(row[_SET_POINT]),
        measured=_asked(row[_MEASURED]),
        on=_must(row[_ON]),
        off=_must(row[_OFF]),
        safe=_must(row[_SAFE]).value,
        state=_state(row[_STATE], _YES_ON, _NO_OFF),
        interlock=_state(row[_INTERLOCK], _CLOSED, _OPEN),
    )


def _gate(row: Row | None) -> Barrier | None:
    if row is None:
        return None
    position = _must(_state(row[_POSITION], _BLOCKS, _LETS))
    return Barrier(_must(row[_BLOCK]), _must(row[_LET]), position)
