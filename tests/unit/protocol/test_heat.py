"""The heat step: read, unrolled, held against a bench, written back."""

from __future__ import annotations

import pytest

from labctl import protocol
from labctl.bench import BenchFile, load
from labctl.clock import NS
from labctl.errors import InputError
from labctl.protocol import Heat, Plan, timeline
from tests.scenario.runs import BENCHES

HEAD = """\
schema: labctl.protocol/1
name: p
needs: {heater: heater, probe: thermometer}
record: {every: 1 s}
steps:
"""


@pytest.fixture(scope="module")
def bench() -> BenchFile:
    """The shipped bench with a resistor: at most 1 W in it."""
    return load(BENCHES / "simulated-heater.yaml")


def problems(text: str, bench: BenchFile | None = None) -> list[tuple[str, int]]:
    """Code and line of each."""
    with pytest.raises(InputError) as refused:
        protocol.loads(text, bench=bench)
    return [(problem.code, problem.line) for problem in refused.value.problems]


def test_a_heat_step_is_data_and_counts_as_electrical_energy() -> None:
    """Power, time, condition; the laser's energy stays nothing."""
    plan: Plan = protocol.loads(
        HEAD
        + "  - heat: {power: 500 mW, for: 5 min}\n"
        + "  - heat: {power: 0.2 W, until: {above: {channel: probe, value: 40 degC}}, "
        "at_most: 100 s, if_late: continue}\n"
    )
    first, second = plan.steps

    assert isinstance(first, Heat) and isinstance(second, Heat)
    assert (0.5, 300 * NS, None) == (first.power_w, first.at_most_ns, first.until)
    assert ("continue", 100 * NS) == (second.if_late, second.at_most_ns)
    assert (170.0, 0.0, True, True) == (
        plan.electrical_j, plan.energy_j, plan.arms, plan.uses_heater
    )  # fmt: skip
    assert [("heat", 0.5, 150.0), ("heat", 0.2, 20.0)] == [
        (row.verb, row.power_w, row.energy_j) for row in timeline(plan)
    ]


def test_what_is_written_back_loads_to_the_same(bench: BenchFile) -> None:
    """The shipped calibration, bound to its bench, dumped and read."""
    path = protocol.find("electrical-calibration")
    plan = protocol.load(path, ["power=0.4W"], bench=bench)

    assert plan.digest == protocol.loads(plan.dump(), bench=bench).digest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + "  - heat: {power: 0.5 W}\n", [("P042", 6)]),
        (HEAD + "  - heat: {for: 1 min}\n", [("P013", 6)]),
        (HEAD + "  - heat: {irradiance: 1 W/cm^2, power: 1 W, for: 1 s}\n", [("P012", 6)]),
        (
            HEAD + "  - heat: {power: 1 W, until: {efficiency_statistical: 2 %}, at_most: 9 s}\n",
            [("P044", 6)],
        ),
        (HEAD + "  - irradiate: {power: 1 W, for: 1 s}\n", [("P046", 6)]),
        (HEAD.replace("heater: heater, ", "") + "  - heat: {power: 1 W, for: 1 s}\n",
         [("P046", 6)]),
        (HEAD.replace(", probe: thermometer", "") + "  - log: {for: 1 s}\n", [("P046", 3)]),
        (HEAD.replace("heater: heater", "heater: laser") + "  - log: {for: 1 s}\n", [("P017", 3)]),
    ],
)  # fmt: skip
def test_a_malformed_heat_step_is_refused_at_its_place(
    text: str, expected: list[tuple[str, int]]
) -> None:
    """One mistake gives one problem, with its code and line."""
    assert expected == problems(text)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("  - heat: {power: 1.1 W, for: 1 min}\n", [("P050", 6)]),
        ("  - heat: {power: 1 W, for: 31 min}\n", [("P050", 6)]),
        (
            "  - repeat: {times: 4, steps: [{heat: {power: 1 W, for: 29 min}}]}\n",
            [("P050", 6)],
        ),
    ],
)
def test_the_bench_s_limits_hold_for_the_heater(
    bench: BenchFile, steps: str, expected: list[tuple[str, int]]
) -> None:
    """Its own power, the exposure and the energy that hold for every source."""
    assert expected == problems(HEAD + steps, bench)


def test_a_protocol_may_tighten_the_heater_s_power(bench: BenchFile) -> None:
    """`limits.power` holds for whatever the protocol lights."""
    text = HEAD.replace("record:", "limits: {power: 0.3 W}\nrecord:")

    assert [("P050", 7)] == problems(text + "  - heat: {power: 0.5 W, for: 1 s}\n", bench)
    assert 0.3 == bench.guard_spec(protocol.loads(
        text + "  - heat: {power: 0.3 W, for: 1 s}\n", bench=bench
    ).limits, "heater").max_power_w  # fmt: skip


def test_a_bench_without_a_heater_says_so() -> None:
    """The role is missing, at the line that needs it."""
    other = load(BENCHES / "simulated.yaml")

    assert [("P052", 3)] == problems(HEAD + "  - heat: {power: 0.5 W, for: 1 s}\n", other)


def test_light_and_heat_share_the_limit_of_energy(bench: BenchFile) -> None:
    """3 kJ of light and 1.7 kJ of current twice are more than 6 kJ."""
    text = HEAD.replace("needs: {", "needs: {laser: laser, ")
    text += "  - irradiate: {power: 2 W, for: 25 min}\n"
    text += "  - heat: {power: 1 W, for: 28 min}\n" * 2

    assert [("P050", 8)] == problems(text, bench)
