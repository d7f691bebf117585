"""A slice of the fuzzed protocol files: a diagnosis or a valid plan, never a traceback."""

from __future__ import annotations

from benchmarks.protocols.fuzz import fuzzed, told_together


def test_every_fuzzed_file_is_a_plan_or_a_diagnosis() -> None:
    """Drawn from the schema, mutated, and with noise; some of them are valid."""
    answers = fuzzed(240)

    assert [] == answers.wrong
    assert 240 == answers.plans + answers.diagnoses
    assert answers.plans > 10
    assert len(answers.codes) > 20


def test_independent_mistakes_are_told_in_one_pass() -> None:
    """Two to six of them in a file."""
    told, made = told_together(20)

    assert made > 60
    assert made == told
