"""Steps made of steps: sweep, include, plugin."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labctl import protocol
from labctl.errors import InputError
from labctl.protocol import Irradiate

HEAD = """\
schema: labctl.protocol/1
name: p
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
"""
SWEEP = """\
  - sweep:
      param: power
      values: [0.5 W, 1 W, 1.5 W, 2 W, 2.5 W]
      order: shuffled
      steps: [{irradiate: {power: $power, for: 1 min}}]
"""


def powers(plan: protocol.Plan) -> list[float]:
    """Of the irradiations, in order."""
    return [step.power_w for step in plan.steps if isinstance(step, Irradiate)]


def codes(text: str, **how: Any) -> list[tuple[str, int, str]]:
    """Code, line and message of what is wrong."""
    with pytest.raises(InputError) as caught:
        protocol.loads(f"{HEAD}steps:\n{text}", **how)
    return [(p.code, p.line, p.message) for p in caught.value.problems]


def test_a_sweep_is_a_round_of_its_steps_for_each_value() -> None:
    """As written, the value in the name."""
    plan = protocol.loads(f"{HEAD}steps:\n{SWEEP.replace('shuffled', 'as_written')}")

    assert [0.5, 1.0, 1.5, 2.0, 2.5] == powers(plan)
    assert "irradiate (power = 0.5 W)" == plan.steps[0].name
    assert plan.seed is None


def test_a_shuffled_order_is_the_seeds_and_stands_in_the_resolved_copy() -> None:
    """The same seed gives the same order, another another, and the copy needs no seed."""
    text = f"{HEAD}steps:\n{SWEEP}"
    plan = protocol.loads(text, seed=7)

    assert powers(plan) == powers(protocol.loads(text, seed=7))
    assert powers(plan) != powers(protocol.loads(text, seed=8))
    assert sorted(powers(plan)) == [0.5, 1.0, 1.5, 2.0, 2.5]
    assert 7 == plan.seed
    assert "seed: 7\n" in plan.dump()
    assert plan == protocol.loads(plan.dump())
    assert plan.digest == protocol.loads(plan.dump()).digest


def test_the_file_may_say_the_seed_and_the_run_overrules_it() -> None:
    """`seed` in the file is for whoever gives none."""
    text = f"{HEAD}seed: 7\nsteps:\n{SWEEP}"

    assert powers(protocol.loads(text)) == powers(protocol.loads(text, seed=7))
    assert powers(protocol.loads(text)) != powers(protocol.loads(text, seed=8))


def test_sweeps_within_each_other_are_a_grid_also_within_conditions() -> None:
    """`$name` stands for the value wherever it is written."""
    plan = protocol.loads(f"""{HEAD}steps:
  - sweep:
      param: p
      values: [1 W, 2 W]
      steps:
        - sweep:
            param: top
            values: [46 degC, 48 degC]
            steps:
              - hold_temperature:
                  between: [43 degC, $top]
                  power_limit: $p
                  until: {{any: [{{above: {{channel: probe, value: $top}}}}]}}
                  at_most: 1 min
""")

    found = [(s.power_limit_w, s.high_degc) for s in plan.steps
             if isinstance(s, protocol.HoldTemperature)]  # fmt: skip
    assert [(1.0, 46.0), (1.0, 48.0), (2.0, 46.0), (2.0, 48.0)] == found
    assert "hold_temperature (p = 2 W) (top = 48 degC)" == plan.steps[-1].name


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("  - sweep: {param: p, values: [], steps: [{cool: {for: 1 s}}]}\n", "P014", 6),
        ("  - sweep: {param: p, values: [1 W], steps: []}\n", "P014", 6),
        ("  - sweep:\n      param: p\n      values: [1 s, 1,5 s]\n      steps:\n"
         "        - cool: {for: $p}\n", "P022", 10),
        ("  - sweep:\n      param: p\n      values: [1 s]\n      steps:\n"
         "        - cool: {for: $q}\n", "P030", 10),
        ("  - cool: {for: $p}\n  - sweep: {param: p, values: [1 s], steps: [{cool: {for: $p}}]}\n",
         "P030", 6),
        ("  - sweep:\n      param: p\n      values: [1 s]\n      steps:\n"
         "        - sweep: {param: p, values: [2 s], steps: [{cool: {for: $p}}]}\n", "P033", 10),
    ],
)  # fmt: skip
def test_a_wrong_sweep_is_refused_at_its_place(text: str, code: str, line: int) -> None:
    """Of values too, that are wrong only in the steps."""
    assert (code, line) in [(found, at) for found, at, _ in codes(text)]


def test_a_repeat_of_repeats_of_mistakes_ends() -> None:
    """What is looked at is bounded, not only what came out well."""
    text = "{cool: {}}"
    for _ in range(4):
        text = f"{{repeat: {{times: 1000, steps: [{text}]}}}}"

    assert {"P042", "P045"} == {code for code, _, _ in codes(f"  - {text}\n")}


def test_a_sweep_of_many_steps_that_cannot_be_read_ends() -> None:
    """Reading a step counts, whatever comes of it."""
    values = ", ".join(f"{n} s" for n in range(1, 1001))
    text = f"  - sweep:\n      param: p\n      values: [{values}]\n      steps:\n"

    found = codes(text + "        - {coool: {for: $p}}\n" * 200)

    assert {"P012", "P045"} == {code for code, _, _ in found}


WARM_UP = (
    HEAD.replace("name: p", "name: warm-up").replace("laser: laser, ", "laser: laser, ")
    + """\
limits: {temperature: 50 degC}
parameters:
  power: {default: 0.3 W, max: 0.6 W}
steps:
  - irradiate: {power: $power, for: 1 min}
"""
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a protocol to include."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "warm-up.yaml").write_text(WARM_UP, encoding="utf-8")
    return tmp_path


def test_an_include_takes_the_steps_with_parameters_of_their_own(folder: Path) -> None:
    """Its `$power` is not that of the file around it; its limits hold for the whole run."""
    text = f"""{HEAD}parameters: {{power: {{default: 1 W}}}}
limits: {{temperature: 60 degC}}
steps:
  - include: {{file: parts/warm-up.yaml}}
  - include: {{file: parts/warm-up.yaml, with: {{power: 0.5 W}}}}
  - irradiate: {{power: $power, for: 1 min}}
"""
    plan = protocol.loads(text, file=str(folder / "p.yaml"))

    assert [0.3, 0.5, 1.0] == powers(plan)
    assert 50.0 == plan.limits.temperature_degc
    assert plan == protocol.loads(plan.dump())


def test_a_problem_is_told_where_it_stands_in_the_included_file(folder: Path) -> None:
    """File, line and column are those of the file that is wrong, all in one pass."""
    inner = folder / "parts" / "warm-up.yaml"
    inner.write_text(WARM_UP.replace("for: 1 min", "fro: 1 min"), encoding="utf-8")
    text = f"{HEAD}steps:\n  - include: {{file: parts/warm-up.yaml}}\n  - cool: {{}}\n"

    with pytest.raises(InputError) as caught:
        protocol.loads(text, file=str(folder / "p.yaml"))

    found = [(Path(p.file).name, p.code, p.line) for p in caught.value.problems]
    assert [("p.yaml", "P042", 7), ("warm-up.yaml", "P012", 9)] == sorted(found)


@pytest.mark.parametrize(
    ("include", "code"),
    [
        ("{file: /etc/passwd}", "P035"),
        ("{file: ~/x.yaml}", "P035"),
        ("{file: 'C:\\x.yaml'}", "P035"),
        ("{file: none.yaml}", "P035"),
        ('{file: "a\\0b.yaml"}', "P035"),
        ("{file: p.yaml}", "P034"),
        ("{file: parts/warm-up.yaml, with: {powr: 1 W}}", "P030"),
        ("{file: parts/warm-up.yaml, with: {power: 1 W}}", "P031"),
        ("{file: parts/warm-up.yaml, with: {power: 1 s}}", "P023"),
    ],
)
def test_an_include_that_cannot_be_is_refused_at_its_line(
    folder: Path, include: str, code: str
) -> None:
    """Absolute, not there, itself, a parameter that does not fit."""
    (folder / "p.yaml").write_text("x", encoding="utf-8")

    found = codes(f"  - include: {include}\n", file=str(folder / "p.yaml"))

    assert [(code, 6)] == [(code, line) for code, line, _ in found]


def test_files_that_include_each_other_are_told_as_a_loop(folder: Path) -> None:
    """The way round is named."""
    for here, there in (("a", "b"), ("b", "a")):
        text = f"{HEAD}steps:\n  - include: {{file: {there}.yaml}}\n"
        (folder / f"{here}.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(InputError) as caught:
        protocol.load(folder / "a.yaml")

    (problem,) = caught.value.problems
    assert ("P034", "files include each other: a.yaml -> b.yaml -> a.yaml") == (
        problem.code, problem.message
    )  # fmt: skip


def test_an_included_file_may_not_need_more_than_the_protocol(folder: Path) -> None:
    """The bench is bound by the outer `needs`."""
    inner = folder / "parts" / "warm-up.yaml"
    inner.write_text(WARM_UP.replace("laser: laser", "laser: laser, wall: thermometer"), "utf-8")

    found = codes("  - include: {file: parts/warm-up.yaml}\n", file=str(folder / "p.yaml"))

    assert ["P046"] == [code for code, _, _ in found]


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any], Any]], None]:
    """Installs a plugin `mylab-ramp` for the test."""

    def install(make: Callable[[Any], Any]) -> None:
        class Entry:
            name = "mylab-ramp"

            def load(self) -> Callable[[Any], Any]:
                return make

        def found(*, group: str) -> list[Entry]:
            return [Entry()] if group == "labctl.steps" else []

        monkeypatch.setattr(importlib.metadata, "entry_points", found)

    return install


def test_a_plugin_gives_steps_that_are_read_as_if_they_stood_there(
    plugin: Callable[[Callable[[Any], Any]], None],
) -> None:
    """It gets plain values with `$name` replaced, and its steps are like any others."""
    seen = []

    def ramp(given: dict[str, Any]) -> list[dict[str, Any]]:
        seen.append(given)
        return [{"irradiate": {"power": f"{n * 0.1:.1f} W", "for": "1 min"}} for n in (1, 2)]

    plugin(ramp)
    plan = protocol.loads(f"""{HEAD}parameters: {{most: {{default: 0.2 W}}}}
steps:
  - plugin: {{uses: mylab-ramp, with: {{to: $most, points: 2, all: [true, 1.5]}}}}
""")

    assert [0.1, 0.2] == powers(plan)
    assert [{"to": "0.2 W", "points": 2, "all": [True, 1.5]}] == seen


def _raises(_: Any) -> Any:
    raise RuntimeError("no points given")


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (_raises, "P036", "RuntimeError: no points given"),
        (lambda _: {"cool": 1}, "P036", "no list of steps"),
        (lambda _: [], "P036", "no list of steps"),
        (lambda _: [{1: 2}], "P036", "is no text"),
        (lambda _: [object()], "P036", "a object stands in it"),
        (lambda _: [{"cool": {"for": 5}}], "P022", "a unit is missing"),
        (lambda _: [{"plugin": {"uses": "mylab-ramp"}}], "P036", "a plugin makes a step"),
    ],
)
def test_what_is_wrong_with_a_plugin_is_told_at_its_place(
    plugin: Callable[[Callable[[Any], Any]], None],
    make: Callable[[Any], Any],
    code: str,
    said: str,
) -> None:
    """Somebody else's code never ends in a traceback."""
    plugin(make)

    ((found, line, message),) = codes("  - plugin: {uses: mylab-ramp}\n")

    assert (code, 6) == (found, line)
    assert said in message


@pytest.mark.parametrize(("uses", "code"), [("mylab-rump", "P036"), ("./ramp.py", "P018")])
def test_a_plugin_is_an_installed_entry_point_and_never_a_path(uses: str, code: str) -> None:
    """Nothing on a shared drive is executed."""
    assert [code] == [found for found, _, _ in codes(f"  - plugin: {{uses: {uses}}}\n")]
