"""Protocol files with everything wrong that can be: a diagnosis or a valid plan, never a traceback.

Three sources, in turn: files drawn from the exported schema, valid files with up to six changes in
their tree, and files with noise in their tokens. Every second file meets the shipped simulated
bench. What counts as an answer:

- a plan, whose resolved copy loads to the same plan with the same digest, and whose timeline adds
  up;
- or problems, each with a code that is documented, words, and a place in the file.

Beside it, files with two to six independent mistakes, of which each must be told in one pass.
"""

from __future__ import annotations

import random
import re
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._figures import Figure
from benchmarks.protocols._mutate import as_text, drawn, mutated, noisy
from labctl import bench as benches
from labctl import protocol as protocols
from labctl import yamlfile
from labctl.bench import BenchFile
from labctl.errors import InputError

FILES = {"short": 5_000, "full": 100_000}
MIXED = {"short": 300, "full": 3_000}
SEED = 20261121
BROKEN = Path(__file__).parents[2] / "tests" / "data" / "broken-protocols"

RICH = """\
schema: labctl.protocol/1
name: rich
parameters: {power: {default: 1 W}, heat: {default: 10 min}}
needs: {laser: laser, heater: heater, probe: thermometer, ambient: thermometer, assay: assay,
        doser: doser, thermostat: thermostat}
limits: {temperature: 60 degC}
record: {every: 500 ms}
steps:
  - baseline: {for: 60 s, drift: 0.2 K}
  - thermostat: {temperature: 37 degC, within: 0.3 K, for: 60 s, at_most: 30 min, if_late: ask}
  - release: {species: [quinidine, doxorubicin], stimulus: {pH: 5.5, glutathione: 10 mM}}
  - wait:
      until: {released: {species: quinidine, at_least: 80 %, probability: 95 %}}
      require: {released: {species: doxorubicin, at_most: 25 %}}
      abort_if: {any: [{above: {channel: probe, value: 41 degC}}, {elapsed: 3 h}]}
      at_most: 4 h
      assay_every: 5 min
  - dose: {agent: glutathione, concentration: 10 mM}
  - assay: {species: quinidine, times: 2, every: 5 min}
  - irradiate: {power: $power, until: {above: {channel: probe, value: 43 degC}}, at_most: $heat}
  - hold_temperature:
      between: [43 degC, 48 degC]
      power_limit: 1.5 W
      until: {all: [{cem43: 10 min}, {fluence: 100 J/cm^2}]}
      at_most: 20 min
  - cool: {until: {below: {channel: probe - ambient, value: 0.5 K}}, at_most: 30 min}
  - sweep:
      param: p
      values: [0.2 W, 0.4 W]
      order: shuffled
      steps: [{heat: {power: $p, for: 1 s}}]
  - repeat: {times: 2, steps: [{log: {for: 1 s}}]}
  - prompt: {text: Done with $power?}
"""
SERIES = """\
schema: labctl.protocol/1
name: series
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
steps:
  - for_each_sample:
      of: pda-aminoacid
      samples: [water, {id: A25, concentration: 25 ug/mL}]
      prompt: Put in $sample.id.
      steps: [{irradiate: {irradiance: 1 W/cm^2, for: 1 min}}, {cool: {for: 1 min}}]
"""


@dataclass
class Answers:
    """What came back."""

    plans: int = 0
    diagnoses: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Seed of the file and what was wrong with the answer."""
    slowest_s: float = 0.0


def measure(profile: str) -> Iterator[Figure]:
    """Files answered, and mistakes told in one pass."""
    number = FILES[profile]
    answers = fuzzed(number)
    yield Figure(
        "fuzzed protocol files without an answer", len(answers.wrong), "files", profile,
        f"{number} files: {answers.plans} plans, {answers.diagnoses} diagnoses with "
        f"{len(answers.codes)} of {len(yamlfile.CODES)} codes"
        + (f"; first: {answers.wrong[0]}" if answers.wrong else ""),
        "none", not answers.wrong,
    )  # fmt: skip
    yield Figure("slowest fuzzed file", answers.slowest_s, "s", profile)
    told, all_of_them = told_together(MIXED[profile])
    yield Figure(
        "independent mistakes told in one pass", 100.0 * told / all_of_them, "%", profile,
        f"{all_of_them} mistakes in {MIXED[profile]} files", "all", told == all_of_them,
    )  # fmt: skip


def fuzzed(number: int, seed: int = SEED, first: int = 0) -> Answers:
    """So many files, each from a seed of its own; `first` is the number of the first."""
    answers = Answers()
    schema = protocols.json_schema()
    trees = [yamlfile.plain(yamlfile.read_text(source)[0]) for source in _valid()]
    on = benches.load(benches.find_bench("simulated").path)
    for index in range(first, first + number):
        rng = random.Random(f"{seed} {index}")
        tree = drawn(schema, rng) if index % 3 == 0 else rng.choice(trees)
        if index % 3 == 1 or rng.random() < 0.3:
            tree = mutated(tree, rng, rng.randint(0, 6))
        text = as_text(tree)
        if index % 3 == 2:
            text = noisy(text, rng, rng.randint(0, 3))
        begun = time.perf_counter()
        _answer(f"seed {seed} {index}", text, on if index % 2 else None, answers)
        answers.slowest_s = max(answers.slowest_s, time.perf_counter() - begun)
    return answers


def _valid() -> list[yamlfile.Source]:
    shipped = sorted(yamlfile.shipped_folder().glob("*.yaml"))
    own = [yamlfile.Source("rich.yaml", RICH), yamlfile.Source("series.yaml", SERIES)]
    return [*(yamlfile.open_source(path) for path in shipped), *own]


def _answer(name: str, text: str, on: BenchFile | None, answers: Answers) -> None:
    lines = text.count("\n") + 2
    try:
        plan = protocols.loads(text, bench=on, file="fuzzed.yaml", seed=1)
    except InputError as error:
        answers.diagnoses += 1
        if not error.problems:
            answers.wrong.append(f"{name}: an error without a problem")
        for problem in error.problems:
            answers.codes[problem.code] += 1
            placed = 0 <= problem.line <= lines or problem.file != "fuzzed.yaml"
            if problem.code not in yamlfile.CODES or not problem.message or not placed:
                answers.wrong.append(f"{name}: {problem}")
        return
    except Exception:
        answers.wrong.append(f"{name}: {traceback.format_exc(limit=-2)}")
        return
    answers.plans += 1
    try:
        wrong = _wrong_with(plan)
    except Exception:
        wrong = traceback.format_exc(limit=-2)
    if wrong:
        answers.wrong.append(f"{name}: {wrong}")


def _wrong_with(plan: protocols.Plan) -> str:
    """What is wrong with a plan; empty when nothing is."""
    rows = protocols.timeline(plan)
    if len(rows) != len(plan.steps) or any(row.latest_ns < row.start_ns for row in rows):
        return "its timeline does not add up"
    for one in [run.plan for run in plan.samples] or [plan]:
        again = protocols.loads(one.dump())
        # Power that the bench made of an irradiance is not in the file.
        if again.digest != one.digest or len(again.steps) != len(one.steps):
            return "its resolved copy is another plan"
    return ""


def told_together(number: int, seed: int = SEED) -> tuple[int, int]:
    """Mistakes told, and mistakes made, in files of several wrong steps."""
    made = [_mistake(path) for path in sorted(BROKEN.glob("*.yaml")) if "several" not in path.stem]
    told = count = 0
    for index in range(number):
        rng = random.Random(f"{seed} mixed {index}")
        head, lines, expected = _HEAD, _HEAD.count("\n"), []
        for code, step in rng.sample(made, rng.randint(2, 6)):
            first = lines + 1
            head, lines = head + step, lines + step.count("\n")
            expected.append((code, first, lines))
            head, lines = head + "  - cool: {for: 1 s}\n", lines + 1
        try:
            protocols.loads(head)
            found = []
        except InputError as error:
            found = [(problem.code, problem.line) for problem in error.problems]
        count += len(expected)
        told += sum(
            any(code == other and first <= line <= last for other, line in found)
            for code, first, last in expected
        )
    return told, count


_HEAD = """\
schema: labctl.protocol/1
name: mixed
needs: {laser: laser, probe: thermometer, ambient: thermometer, assay: assay,
        thermostat: thermostat}
record: {every: 500 ms}
steps:
"""


def _mistake(path: Path) -> tuple[str, str]:
    """Code and text of the one wrong step of a broken protocol."""
    text = path.read_text("utf-8")
    code = re.match(r"# expected: (P\d+)", text)
    if code is None:
        raise ValueError(f"{path} does not say what is expected")
    return code[1], text.partition("  - baseline: {for: 60 s}\n")[2]
