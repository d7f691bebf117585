"""A protocol file becomes a plan."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from labctl import protocol
from labctl.clock import NS
from labctl.errors import InputError, RefusedError
from labctl.protocol import (
    Above,
    Baseline,
    Below,
    Cool,
    EfficiencyKnown,
    Elapsed,
    Irradiate,
    Log,
    Prompt,
    Steady,
    TimeConstants,
)

HEAD = """\
schema: labctl.protocol/1
name: p
needs: {laser: laser, probe: thermometer, ambient: thermometer}
record: {every: 500 ms}
"""


def steps(text: str, head: str = HEAD, **how: object) -> tuple[protocol.Step, ...]:
    """The steps of a protocol with this list of steps."""
    return protocol.loads(f"{head}steps:\n{text}", **how).steps  # type: ignore[arg-type]


def problems(text: str, head: str = HEAD, **how: object) -> list[tuple[str, int, int]]:
    """Code, line and column of what is wrong with a list of steps (from line 6 on)."""
    with pytest.raises(InputError) as caught:
        steps(text, head, **how)
    return [(p.code, p.line, p.column) for p in caught.value.problems]


@pytest.mark.parametrize("name", sorted(p.stem for p in protocol.find("log").parent.glob("*.yaml")))
def test_the_shipped_protocols_load(name: str) -> None:
    """Each shipped protocol is valid and is named like its file."""
    assert name == protocol.load(protocol.find(name)).name


@pytest.mark.parametrize(
    ("former", "now"),
    [("electrical-calibration", "cell-calibration"), ("until-known", "early-stop")],
)
def test_a_former_name_finds_what_it_was_renamed_to(former: str, now: str) -> None:
    """Scripts that somebody has go on."""
    assert protocol.find(now) == protocol.find(former)


def test_the_shipped_heating_curve_is_what_its_name_says() -> None:
    """60 s dark, 1 W for 10 min, 15 min dark, every 500 ms."""
    plan = protocol.load(protocol.find("heating-curve"))

    dark, lit, cool = plan.steps
    assert isinstance(dark, Baseline)
    assert isinstance(lit, Irradiate)
    assert isinstance(cool, Cool)
    expected = (60 * NS, 1.0, 600 * NS, 900 * NS, NS // 2)
    assert expected == (
        dark.duration_ns, lit.power_w, lit.at_most_ns, cool.at_most_ns, plan.period_ns
    )  # fmt: skip


def test_the_shipped_log_needs_no_laser() -> None:
    """It only logs, until a person ends it or a day is over."""
    plan = protocol.load(protocol.find("log"))

    assert {"probe": "thermometer"} == plan.needs
    step = plan.steps[0]
    assert isinstance(step, Log)
    assert (False, True, 24 * 3600 * NS) == (plan.uses_light, step.until_stopped, step.at_most_ns)


def test_every_kind_of_condition_is_data() -> None:
    """Each condition becomes a value with units taken off."""
    made = steps("""\
  - irradiate: {power: 1 W, until: {steady: {within: 0.1 K, for: 60 s}}, at_most: 20 min}
  - irradiate: {power: 1 W, until: {above: {channel: probe, value: 43 degC}}, at_most: 20 min}
  - cool: {until: {below: {channel: probe - ambient, value: 500 mK}}, at_most: 30 min}
  - cool: {until: {elapsed: 10 min}, at_most: 10 min, if_late: stop}
  - irradiate: {power: 1 W, until: {efficiency_statistical: 2 %}, at_most: 20 min}
  - cool: {until: {time_constants: 1}, at_most: 30 min}
""")

    expected = [
        Steady("probe", 0.1, 60 * NS),
        Above("probe", None, 43.0),
        Below("probe", "ambient", 0.5),
        Elapsed(600 * NS),
        EfficiencyKnown(0.02),
        TimeConstants(1),
    ]
    assert expected == [step.until for step in made if isinstance(step, Irradiate | Cool)]


def test_lateness_stops_an_irradiation_and_not_a_cooling_unless_said() -> None:
    """The default is the careful one."""
    made = steps("""\
  - irradiate: {power: 1 W, until: {elapsed: 1 s}, at_most: 2 s}
  - irradiate: {power: 1 W, until: {elapsed: 1 s}, at_most: 2 s, if_late: continue}
  - cool: {until: {elapsed: 1 s}, at_most: 2 s}
""")

    late = [step.if_late for step in made if isinstance(step, Irradiate | Cool)]
    assert ["stop", "continue", "continue"] == late


def test_a_repeat_is_unrolled_and_its_rounds_are_named() -> None:
    """Steps are numbered through; names say which round; repeats nest."""
    made = steps("""\
  - repeat:
      times: 2
      steps:
        - name: Light
          irradiate: {power: 1 W, for: 1 min}
        - repeat: {times: 2, steps: [{cool: {for: 1 min}}]}
""")

    expected = ["Light (1 of 2)", "cool (1 of 2)", "cool (2 of 2)"]
    expected += ["Light (2 of 2)", "cool (1 of 2)", "cool (2 of 2)"]
    assert expected == [step.name for step in made]
    assert list(range(6)) == [step.index for step in made]


def test_a_prompt_may_wait_as_long_as_it_takes() -> None:
    """A person is not hurried unless the protocol says so."""
    made = steps("  - prompt: {text: Close the lid}\n  - prompt: {text: Now, at_most: 5 min}\n")

    assert [("Close the lid", None), ("Now", 300 * NS)] == [
        (step.text, step.at_most_ns) for step in made if isinstance(step, Prompt)
    ]


def test_a_step_knows_its_line() -> None:
    """The line of its verb, for messages while it runs."""
    made = steps("  - name: x\n    baseline: {for: 60 s}\n  - cool: {for: 1 min}\n")

    assert [7, 8] == [step.line for step in made]


PARAMETERS = (
    HEAD
    + """\
parameters:
  power: {default: 1.0 W, min: 0.1 W, max: 2 W}
  n: {default: 3, min: 1, max: 5}
"""
)
BODY = """\
  - repeat: {times: $n, steps: [{irradiate: {power: $power, for: 1 min}}]}
  - prompt: {text: Laser gave $power}
"""


def test_parameters_stand_for_their_defaults() -> None:
    """`$name` is replaced, also within a text."""
    made = steps(BODY, PARAMETERS)

    assert (4, "Laser gave 1.0 W") == (len(made), getattr(made[-1], "text", None))


def test_the_command_line_sets_parameters() -> None:
    """A given value takes the default's place, and the plan says what was taken."""
    plan = protocol.loads(f"{PARAMETERS}steps:\n{BODY}", ["power=250mW", "n = 2"])

    assert {"power": "250mW", "n": "2"} == plan.parameters
    assert (3, 0.25) == (len(plan.steps), plan.nominal_power_w)


@pytest.mark.parametrize(
    ("override", "code", "line"),
    [
        ("power=3 W", "P031", 6),
        ("power=50 mW", "P031", 6),
        ("power=3 kg", "P023", 6),
        ("power=1,5 W", "P020", 6),
        ("powr=1 W", "P030", 0),
        ("power", "P014", 0),
        ("n=9", "P031", 7),
    ],
)
def test_a_bad_override_is_refused_where_the_parameter_is_declared(
    override: str, code: str, line: int
) -> None:
    """Outside min and max, of a wrong kind, unknown: each is a problem."""
    found = problems(BODY, PARAMETERS, overrides=[override])

    assert [(code, line)] == [(found[0][0], found[0][1])]


@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        ("{default: 3 W, max: 2 W}", "P032"),
        ("{default: 1 W, min: 1 s}", "P023"),
        ("{default: many}", "P021"),
        ("{min: 1 W}", "P013"),
        ("{default: 1 W, hlp: x}", "P012"),
    ],
)
def test_a_bad_declaration_of_a_parameter_is_refused(parameter: str, code: str) -> None:
    """Default, min and max must be of one kind and fit together."""
    head = f"{HEAD}parameters:\n  power: {parameter}\n"

    assert code in [found[0] for found in problems("  - cool: {for: 1 min}\n", head)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  - irradiate: {power: 1,5 W, for: 1 min}\n", [("P020", 6, 24)]),
        ("  - irradiate:\n      power: 1,5 W\n      for: 1 min\n", [("P020", 7, 14)]),
        ("  - irradiate: {power: 1.5, for: 1 min}\n", [("P022", 6, 24)]),
        ("  - irradiate: {power: 15 nm, for: 1 min}\n", [("P023", 6, 24)]),
        ("  - irradiate: {power: -1 W, for: 1 min}\n", [("P024", 6, 24)]),
        ("  - irradiate: {power: 1 W, power: 2 W, for: 1 min}\n", [("P006", 6, 29)]),
        ("  - irradiate: {powr: 1 W, for: 1 min}\n", [("P012", 6, 17)]),
        ("  - irradiate: {power: 1 W}\n", [("P042", 6, 16)]),
        ("  - irradiate: {power: 1 W, until: {elapsed: 1 s}}\n", [("P042", 6, 29)]),
        ("  - irradiate: {power: 1 W, for: 1 s, at_most: 2 s}\n", [("P043", 6, 39)]),
        ("  - irradiate: {for: 1 min}\n", [("P041", 6, 16)]),
        ("  - irradiate: {power: 1 W, irradiance: 1 W/cm2, for: 1 s}\n", [("P041", 6, 29)]),
        ("  - irradiate: {power: $p, for: 1 min}\n", [("P030", 6, 24)]),
        ("  - irradiate: 5 min\n", [("P014", 6, 16)]),
        ("  - cool: {}\n", [("P042", 6, 11)]),
        ("  - cool: {until: {efficiency_statistical: 2 %}, at_most: 1 min}\n", [("P044", 6, 20)]),
        ("  - log: {}\n", [("P042", 6, 10)]),
        ("  - log: {for: 1 s, at_most: 2 s}\n", [("P043", 6, 21)]),
        ("  - baseline: {}\n", [("P042", 6, 15)]),
        ("  - baseline: {for: 60 s, drift: 0.1 degC}\n", [("P023", 6, 34)]),
        ("  - baseline\n", [("P040", 6, 5)]),
        ("  - {}\n", [("P040", 6, 5)]),
        ("  - name: x\n", [("P040", 6, 5)]),
        ("  - cool: {for: 1 s}\n    log: {for: 1 s}\n", [("P040", 7, 5)]),
        ("  - coool: {for: 1 s}\n", [("P012", 6, 5)]),
        ("  - sweep: {}\n", [("P013", 6, 12), ("P013", 6, 12), ("P013", 6, 12)]),
        ("  - hold_temperature: {for: 1 min, power_limit: 1 W}\n", [("P013", 6, 23)]),
        ("  - cool: {until: {}, at_most: 1 s}\n", [("P044", 6, 19)]),
        ("  - cool: {until: {cem43: 1}, at_most: 1 s}\n", [("P022", 6, 27)]),
        ("  - cool: {until: {below: {channel: probe, value: 1 K}}, at_most: 1 s}\n",
         [("P023", 6, 51)]),
        ("  - cool: {until: {below: {channel: wall, value: 1 degC}}, at_most: 1 s}\n",
         [("P046", 6, 37)]),
        ("  - cool: {until: {below: {channel: probe, value: 1}}, at_most: 1 s}\n",
         [("P022", 6, 51)]),
        ("  - repeat: {times: 0, steps: [{cool: {for: 1 s}}]}\n", [("P019", 6, 21)]),
        ("  - repeat: {times: 2, steps: []}\n", [("P014", 6, 31)]),
        ("  - repeat: {times: 1000, steps: [{repeat: {times: 1000, steps: "
         "[{cool: {for: 1 s}}]}}]}\n", [("P045", 6, 67)]),
        ("  - cool: {for: 2000 h}\n", [("P024", 6, 17)]),
    ],
)  # fmt: skip
def test_a_malformed_step_is_refused_at_its_place(
    text: str, expected: list[tuple[str, int, int]]
) -> None:
    """One mistake gives one problem, with its code, line and column."""
    assert expected == problems(text)


def test_all_problems_are_told_together() -> None:
    """Three mistakes in three places are three problems, in the order of the file."""
    found = problems("""\
  - irradiate: {powr: 1 W, for: 1 min}
  - cool: {for: 5}
  - cooll: {for: 1 min}
""")

    assert [("P012", 6), ("P022", 7), ("P012", 8)] == [(code, line) for code, line, _ in found]


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (HEAD.replace("labctl.protocol/1", "labctl.protocol/2"), "P017"),
        (HEAD.replace("schema: labctl.protocol/1\n", ""), "P013"),
        (HEAD.replace("name: p", "name: A Protocol"), "P018"),
        (HEAD.replace("laser: laser, ", ""), "P046"),
        (HEAD.replace("probe: thermometer, ", ""), "P046"),
        (HEAD.replace("laser: laser", "laser: thermometer"), "P017"),
        (HEAD.replace("probe: thermometer", "probe: power_meter"), "P017"),
        (HEAD.replace("ambient: thermometer", "camera: camera"), "P015"),
        (HEAD.replace("500 ms", "0.5"), "P022"),
        (HEAD.replace("500 ms", "1 ms"), "P024"),
        (HEAD.replace("500 ms}", "500 ms, channels: [x]}"), "P015"),
        (HEAD + "limits: {total: 30 s}\n", "P047"),
        (HEAD + "limits: {tempreature: 50 degC}\n", "P012"),
        (HEAD + "limits: {temperature: 50 K}\n", "P023"),
        (HEAD + "limits: {lease: 1 s}\n", "P012"),
        (HEAD + "analyse: [x]\n", "P015"),
    ],
)
def test_a_malformed_head_is_refused(head: str, code: str) -> None:
    """What stands around the steps is checked as well."""
    found = problems("  - irradiate: {power: 1 W, for: 1 min}\n", head)

    assert code in [problem[0] for problem in found]


def test_a_manual_laser_needs_no_laser_under_control() -> None:
    """`laser: manual` irradiates, asks twice an irradiation, and is marked as such."""
    plan = protocol.loads(
        f"{HEAD.replace('laser: laser', 'laser: manual')}steps:\n"
        "  - irradiate: {power: 1 W, for: 1 min}\n"
    )

    assert (True, True, 2) == (plan.uses_light, plan.laser_manual, plan.prompts)


def test_an_irradiance_has_no_power_before_it_meets_a_bench() -> None:
    """The power of such a step is refused rather than guessed."""
    (step,) = steps("  - irradiate: {irradiance: 1 W/cm^2, for: 1 min}\n")

    assert isinstance(step, Irradiate)
    with pytest.raises(RefusedError, match="spot area"):
        _ = step.power_w


@pytest.mark.parametrize("name", ["heating-curve", "early-stop", "on-off-cycles", "log"])
def test_the_resolved_copy_loads_to_the_same_plan(name: str) -> None:
    """Parameters put in, repeats unrolled: same plan, same digest."""
    plan = protocol.load(protocol.find(name))

    again = protocol.loads(plan.dump())

    assert plan == again
    assert plan.digest == again.digest


def test_the_resolved_copy_keeps_every_kind_of_step() -> None:
    """Conditions, prompts, lateness and limits survive the way to text and back."""
    text = f"""{HEAD}limits: {{temperature: 60 degC, min_temperature: 10 degC, total: 5 h}}
title: "All: of it"
steps:
  - baseline: {{for: 0.1 s, drift: 0.25 K}}
  - irradiate:
      irradiance: 1.25 W/cm^2
      until: {{steady: {{within: 0.1 K, for: 60 s}}}}
      at_most: 20 min
      if_late: continue
  - cool:
      until: {{below: {{channel: probe - ambient, value: 0.5 K}}}}
      at_most: 30 min
      if_late: stop
  - cool: {{until: {{above: {{channel: ambient, value: -3 degC}}}}, at_most: 1 min}}
  - prompt: {{text: "Ready? #1 'yes'", at_most: 90 s}}
  - prompt: {{text: "12"}}
  - log: {{for: 3 s}}
"""
    plan = protocol.loads(text)

    assert plan == protocol.loads(plan.dump())


def test_the_digest_is_of_what_is_done_and_of_nothing_else(tmp_path: Path) -> None:
    """Comments, layout, the file's place and the way to a value do not change it; a value does."""
    body = "  - irradiate: {power: $power, for: 1 min}\n"
    head = HEAD + "parameters: {power: {default: 1.0 W}}\n"
    path = tmp_path / "q.yaml"
    path.write_text(f"# a comment\n{head}steps:\n{body}", encoding="utf-8")

    same = protocol.loads(f"{HEAD}steps:\n{body.replace('$power', '1000 mW')}")
    other = protocol.load(path, ["power=1.1 W"])

    assert same.digest == protocol.load(path).digest
    assert same.digest != other.digest


def test_a_plan_cannot_be_changed() -> None:
    """Plan and steps are frozen."""
    plan = protocol.load(protocol.find("log"))

    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.name = "other"  # type: ignore[misc]


def test_an_unknown_name_suggests_a_near_one() -> None:
    """A slip in a shipped protocol's name is met with the name."""
    with pytest.raises(InputError) as caught:
        protocol.find("heating-curv")

    assert "Did you mean 'heating-curve'?" in caught.value.problems[0].fix


def test_a_path_comes_before_a_shipped_name(tmp_path: Path) -> None:
    """What a person names by its path is that file."""
    path = tmp_path / "mine.yaml"
    path.write_text("x: 1\n", encoding="utf-8")

    assert path == protocol.find(str(path))


def test_a_problem_within_a_repeat_is_told_and_counted_once() -> None:
    """Unrolling a repeat does not multiply its mistakes."""
    with pytest.raises(InputError, match=r"1 problem$") as caught:
        steps("  - repeat: {times: 5, steps: [{cool: {}}]}\n")

    assert 1 == len(caught.value.problems)


def test_an_empty_list_is_called_one() -> None:
    """And not told that a list is wanted, not a list."""
    text = f"{HEAD}steps: []\n"
    with pytest.raises(InputError) as caught:
        protocol.loads(text)

    assert ["a list is wanted here, not an empty list"] == [
        it.message for it in caught.value.problems
    ]
