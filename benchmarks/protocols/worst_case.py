"""The worst case of `labctl plan` is never exceeded by the run: drawn protocols, carried out.

Each protocol is a few steps of every verb with conditions that are met soon, late or never, on the
simulated bench with bath, doser and assay, in virtual time. What is measured is the time from the
run's beginning to its end beside `worst_case_ns`, without the warning before laser light, which
this bench does not give. The prompts that a late step asks are answered at once, because what a
person takes is in no worst case.
"""

from __future__ import annotations

import concurrent.futures
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._figures import Figure
from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.engine import RunRequest, carry_out

RUNS = {"short": 20, "full": 200}
SEED = 20261121

HEAD = """\
schema: labctl.protocol/1
name: drawn
needs: {laser: laser, probe: thermometer, thermostat: thermostat, doser: doser, assay: assay}
record: {every: 500 ms}
limits: {temperature: 60 degC}
steps:
"""


@dataclass
class Runs:
    """What the runs took."""

    over_s: list[float] = field(default_factory=list)
    """Beyond the worst case; negative where a run was shorter."""
    outcomes: Counter[str] = field(default_factory=Counter)
    verbs: Counter[str] = field(default_factory=Counter)
    worst: str = ""


def measure(profile: str) -> Iterator[Figure]:
    """Runs that took longer than their worst case."""
    runs = carried_out(RUNS[profile])
    over = sum(over_s > 0.0 for over_s in runs.over_s)
    verbs = ", ".join(f"{n} {verb}" for verb, n in sorted(runs.verbs.items()))
    ends = ", ".join(f"{n} {outcome}" for outcome, n in sorted(runs.outcomes.items()))
    yield Figure(
        "runs longer than the worst case of their plan", over, "runs", profile,
        f"{len(runs.over_s)} drawn protocols ({ends}; {verbs}); the longest "
        f"{max(runs.over_s):+.2f} s beside its worst case",
        "none", over == 0,
    )  # fmt: skip


def carried_out(number: int, seed: int = SEED) -> Runs:
    """So many drawn protocols, each with a seed of its own."""
    out = Runs()
    on = benches.load(benches.find_bench("simulated-release").path)
    specimen = samples.load(samples.find("pda-aminoacid"))
    with tempfile.TemporaryDirectory() as folder:
        for index in range(number):
            text = HEAD + steps(random.Random(f"{seed} {index}"))
            plan = protocols.loads(text, bench=on, specimen=specimen)
            request = RunRequest(
                plan=plan,
                bench_file=on,
                specimen=specimen,
                runs_dir=Path(folder) / str(index),
                seed=index + 1,
                speed=None,
            )
            result = carry_out(
                request,
                publish=(),
                ask=_at_once,
                on_begin=lambda begun: None,
                on_signals=lambda loop, callback: lambda: None,
            )
            over_s = (result.ended.t_ns - protocols.worst_case_ns(plan)) / 1e9
            if not out.over_s or over_s > max(out.over_s):
                out.worst = f"{result.ended}\n{text}"
            out.over_s.append(over_s)
            out.outcomes[result.ended.outcome] += 1
            out.verbs.update(step.verb for step in plan.steps)
    return out


def steps(rng: random.Random) -> str:
    """Two to five steps."""
    made = [rng.choice(_STEPS)(rng) for _ in range(rng.randint(2, 5))]
    return "".join(f"  - {step}\n" for step in made)


def _late(rng: random.Random) -> str:
    return f"if_late: {rng.choice(('stop', 'continue', 'continue', 'ask'))}"


def _until(rng: random.Random, *more: str) -> str:
    soon, never = f"{rng.randint(1, 20)} s", "90 degC"
    conditions = [
        f"{{elapsed: {soon}}}",
        f"{{above: {{channel: probe, value: {rng.choice(('20 degC', never))}}}}}",
        "{steady: {within: 0.2 K, for: 10 s}}",
        "{cem43: 1 h}",
        *more,
    ]
    first, second = rng.sample(conditions, 2)
    return rng.choice(
        (first, first, f"{{any: [{first}, {second}]}}", f"{{all: [{first}, {second}]}}")
    )


def _length(rng: random.Random) -> str:
    return f"{rng.randint(3, 90)}.{rng.choice('0357')} s"


def _irradiate(rng: random.Random) -> str:
    until = _until(rng, "{fluence: 10 J/cm^2}")
    return (
        f"irradiate: {{power: {rng.choice(('0.2 W', '1 W'))}, until: {until}, "
        f"at_most: {_length(rng)}, {_late(rng)}}}"
    )


def _hold(rng: random.Random) -> str:
    low = rng.choice((26, 28, 45))
    until = _until(rng, "{fluence: 10 J/cm^2}")
    return (
        f"hold_temperature: {{between: [{low} degC, {low + 3} degC], power_limit: 1 W, "
        f"until: {until}, at_most: {_length(rng)}, {_late(rng)}}}"
    )


_RELEASED = "{released: {species: quinidine, at_least: 1 %}}"

_STEPS = (
    lambda rng: f"baseline: {{for: {_length(rng)}}}",
    lambda rng: f"log: {{for: {_length(rng)}}}",
    _irradiate,
    _irradiate,
    _hold,
    _hold,
    lambda rng: f"cool: {{until: {_until(rng)}, at_most: {_length(rng)}, {_late(rng)}}}",
    lambda rng: (
        f"wait: {{until: {_until(rng, _RELEASED)}, at_most: {_length(rng)}, {_late(rng)}, "
        f"assay_every: {rng.randint(5, 60)} s}}"
    ),
    lambda rng: (
        f"thermostat: {{temperature: {rng.choice((24, 30))} degC, within: 0.5 K, for: 2 s, "
        f"at_most: {_length(rng)}, {_late(rng)}}}"
    ),
    lambda rng: f"dose: {{agent: glutathione, concentration: 1 mM, at_most: {_length(rng)}}}",
    lambda rng: f"release: {{species: quinidine, stimulus: {{pH: 5.5}}, at_most: {_length(rng)}}}",
    lambda rng: f"assay: {{species: [quinidine, doxorubicin], at_most: {_length(rng)}}}",
)


def _at_once(_: str) -> concurrent.futures.Future[str]:
    answer: concurrent.futures.Future[str] = concurrent.futures.Future()
    answer.set_result("continue")
    return answer
