"""Errors: what, where, seen, fix; and the exit code that the class decides."""

from __future__ import annotations

import pytest

from labctl import errors
from labctl.errors import BenchError, Exit, InputError, LabctlError, Problem

EXPECTED = {
    "LabctlError": 70,
    "InputError": 2,
    "RefusedError": 2,
    "InstrumentError": 3,
    "PortTimeoutError": 3,
    "PortDisconnectedError": 3,
    "PortProtocolError": 3,
    "DeviceRefusedError": 3,
    "IdentityError": 3,
    "BenchError": 3,
    "SafetyError": 4,
    "StoppedError": 5,
    "RecordError": 6,
    "BeamNotConfirmedOffError": 8,
}


def test_every_class_has_its_exit_code() -> None:
    """The exit code of each error is the documented one, and no error lacks an entry here."""
    found = {
        name: int(cls.exit_code)
        for name, cls in vars(errors).items()
        if isinstance(cls, type) and issubclass(cls, LabctlError)
    }
    assert EXPECTED == found


def test_exit_codes_are_the_documented_numbers() -> None:
    """The numbers that scripts rely on never move."""
    assert [0, 1, 2, 3, 4, 5, 6, 7, 8, 70] == [int(code) for code in Exit]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LabctlError("it broke"), "it broke"),
        (LabctlError("it broke", where="COM3"), "COM3: it broke"),
        (LabctlError("it broke", seen="0x00"), "it broke (seen: 0x00)"),
        (LabctlError("it broke", fix="Mend it."), "it broke. Mend it."),
        (LabctlError("it broke.", fix="Mend it."), "it broke. Mend it."),
        (
            LabctlError("it broke", where="COM3", seen="0x00", fix="Mend it."),
            "COM3: it broke (seen: 0x00). Mend it.",
        ),
    ],
)
def test_an_error_reads_as_one_sentence(error: LabctlError, expected: str) -> None:
    """As text, an error gives place, what, what was seen and what to do, and only what it has."""
    assert expected == str(error)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Problem("P001", "no"), "P001 no"),
        (Problem("P001", "no", file="a.yaml"), "a.yaml: P001 no"),
        (Problem("P001", "no", file="a.yaml", line=3, column=7), "a.yaml:3:7: P001 no"),
    ],
)
def test_a_problem_names_its_place(problem: Problem, expected: str) -> None:
    """A problem starts with as much of file:line:column as is known."""
    assert expected == str(problem)


def test_an_input_error_carries_all_problems() -> None:
    """Every problem found in a file travels with the one error, in order."""
    problems = [Problem("P001", "a"), Problem("P002", "b")]
    assert tuple(problems) == InputError("two problems", problems=problems).problems


def test_a_bench_error_tells_all_causes() -> None:
    """One start shows everything that is missing on a bench."""
    causes = [LabctlError("no answer", where="laser"), LabctlError("unplugged", where="meter")]
    assert "2 missing\n  laser: no answer\n  meter: unplugged" == str(
        BenchError("2 missing", causes)
    )
