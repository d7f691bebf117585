"""Interlock and dead-man are declared or waived, and a waiver names who, until when, and holds no
day longer."""

from __future__ import annotations

import pytest

from labctl import bench
from labctl.bench import BenchFile, waived
from labctl.bench._behind import missing_behind
from labctl.errors import InputError
from tests.unit.bench.test_bench_file import TEXT, problems

DECLARED = TEXT[: TEXT.index("interlock:")]
INTERLOCK = "interlock: {what: lid switch, tested: opened it, date: 2026-10-05, readable: true}\n"
DEAD_MAN = "dead_man: {what: relay, tested: cable pulled, date: 2026-10-05}\n"
BY_OFFICER = (
    "  interlock: {safety_officer: Dr B, reference: LSO-14, until: 2026-10-31, why: rebuilt}\n"
)
BY_PERSON = "  dead_man: {by: Ann, until: 2026-10-31, why: on order}\n"


def loaded(*parts: str) -> BenchFile:
    return bench.loads(DECLARED + "".join(parts), "b.yaml")


def test_what_is_declared_may_be_armed_on_any_day() -> None:
    """A declaration says how it was tried out, and when; it does not lapse by itself."""
    assert [] == missing_behind(loaded(INTERLOCK, DEAD_MAN), "2036-01-01")
    assert [] == waived(loaded(INTERLOCK, DEAD_MAN), "2026-10-06")


def test_a_waiver_stands_in_for_a_declaration_until_its_day() -> None:
    """On its last day it holds, on the next the refusal names the line of the file."""
    file = loaded("waivers:\n", BY_OFFICER, BY_PERSON)
    assert [] == missing_behind(file, "2026-10-31")
    interlock, dead_man = missing_behind(file, "2026-11-01")
    assert "by Dr B ended on 2026-10-31" in interlock.message
    assert "the dead-man by Ann" in dead_man.message
    line = DECLARED.count("\n") + 2
    assert (f"b.yaml:{line}", f"b.yaml:{line + 1}") == (interlock.file, dead_man.file)


def test_what_is_waived_is_said_with_who_and_until_when() -> None:
    """One line each; an expired one is not passed over."""
    file = loaded("waivers:\n", BY_OFFICER, BY_PERSON)
    interlock, dead_man = waived(file, "2026-10-31")
    assert (
        "WAIVED: the hardware interlock, by Dr B (LSO-14), until 2026-10-31: rebuilt" == interlock
    )
    assert "WAIVED: the dead-man, by Ann, until 2026-10-31: on order" == dead_man
    assert "EXPIRED on 2026-10-31" in waived(file, "2026-11-01")[0]


def test_what_is_neither_declared_nor_waived_is_no_bench_file_of_a_laser() -> None:
    """Also where only the other one is waived."""
    assert ["P061"] == [code for code, _, _ in problems(DECLARED + INTERLOCK)]
    assert ["P061"] == [
        code for code, _, _ in problems(DECLARED + DEAD_MAN + "waivers:\n" + BY_PERSON)
        if code == "P061"
    ][:1]  # fmt: skip


def test_nothing_is_declared_and_waived_at_once() -> None:
    """One of the two would not be true."""
    with pytest.raises(InputError) as caught:
        loaded(INTERLOCK, DEAD_MAN, "waivers:\n", BY_PERSON)
    assert "declared and waived at once" in caught.value.problems[0].message


def test_the_interlock_is_waived_by_the_laser_safety_officer_alone() -> None:
    """Without the officer's name or without a reference there is no waiver."""
    for left_out in ("safety_officer: Dr B, ", "reference: LSO-14, "):
        with pytest.raises(InputError) as caught:
            loaded(DEAD_MAN, "waivers:\n", BY_OFFICER.replace(left_out, ""))
        assert left_out.partition(":")[0] in str(caught.value.problems)


def test_a_bench_with_waivers_dumps_to_itself() -> None:
    """They are part of what the digest stands for."""
    file = loaded("waivers:\n", BY_OFFICER, BY_PERSON, "unattended: {allowed_by: Dr B}\n")
    again = bench.loads(file.dump())
    assert file.digest == again.digest
    assert (dict(file.waivers), "Dr B") == (dict(again.waivers), again.unattended_by)
    assert file.digest != loaded(INTERLOCK, DEAD_MAN).digest
