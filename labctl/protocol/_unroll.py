"""Steps as they were read -> steps of a plan: repeats, sweeps, includes and plugins unrolled."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labctl.limits import Limits, tighten
from labctl.protocol import _makers, _medium_makers
from labctl.protocol._checks import Checks
from labctl.protocol._fields import STEP_NAME
from labctl.protocol._include import open_included
from labctl.protocol._plugin import installed, steps_of_plugin
from labctl.protocol._series import SampleAsked, read_samples, told_apart
from labctl.protocol._steps import Prompt, Step
from labctl.protocol._structure_fields import (
    FOR_EACH_SAMPLE,
    INCLUDE,
    ORDER,
    PARAM,
    PLUGIN,
    REPEAT,
    REPEATED,
    SAMPLES,
    SERIES_PROMPT,
    SERIES_STEPS,
    STEP_LIST,
    SWEEP,
    SWEPT,
    TIMES,
    VALUES,
)
from labctl.yamlfile import Chosen, Mark, Node, Reader, Row, Text

MOST_STEPS = 5000
"""After unrolling."""
DEEPEST = 8
"""Levels of files and plugins within each other."""
LONGEST_NAME = 200
MARKED = ("for", "until", "at_most", "power", "irradiance", "power_limit", "field", "between",
          "temperature", "agent", "species", "stimulus", "require", "assay_every")  # fmt: skip
"""Keys whose place a bench's or a sample's problems point to."""

UNSAID_SEED = 0
"""What a shuffled order is drawn from when neither the run nor the file says."""


@dataclass
class Unrolled:
    """Steps so far, and what came along with them."""

    steps: list[Step] = field(default_factory=list)
    marks: dict[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Where:
    """Where a list of steps stands: its path, what its steps' names end on, the files around."""

    path: str
    swept: str = ""
    cycle: str = ""
    files: tuple[str, ...] = ()

    def at(self, path: str, **changed: Any) -> _Where:
        kept = {"swept": self.swept, "cycle": self.cycle, "files": self.files}
        return _Where(path, **{**kept, **changed})


class Unroller:
    """Makes the steps of one protocol. Problems go to the reader."""

    def __init__(
        self, needs: Mapping[str, str], reader: Reader, file: str, seed: int | None = None
    ) -> None:
        self.out = Unrolled()
        self.series: list[tuple[SampleAsked, Unrolled]] = []
        """One a sample, where the protocol is a series of runs."""
        self.limits = Limits()
        """Of included files."""
        self.drawn = False
        """An order was drawn from the seed."""
        self._needs = needs
        self._reader = reader
        self._checks = Checks(needs, reader)
        self._file = file
        self._seed = UNSAID_SEED if seed is None else seed
        self._looked = 0
        self._told_full = False
        self._plugins: dict[str, Any] | None = None
        self._structure: dict[str, Callable[[Chosen, Row, _Where], None]] = {
            REPEAT.name: self._repeat,
            SWEEP.name: self._sweep,
            FOR_EACH_SAMPLE.name: self._nested_series,
            INCLUDE.name: self._include,
            PLUGIN.name: self._plugin,
        }

    def unroll(self, chosen: list[Chosen]) -> None:
        """Take in the steps of the file."""
        alone = len(chosen) == 1
        for number, step in enumerate(chosen):
            if step.key == FOR_EACH_SAMPLE.name and isinstance(step.value, Row) and alone:
                self._for_each_sample(step.value, f"steps[{number}].for_each_sample")
                return
        self._add_all(chosen, _Where("steps", files=(self._file,)))

    def _add_all(self, chosen: list[Chosen], where: _Where) -> None:
        for number, step in enumerate(chosen):
            if self._is_full(step.key_node):
                return
            if isinstance(step.value, Row):
                path = f"{where.path}[{number}]"
                make = self._structure.get(step.key)
                if make is None:
                    self._add(step, step.value, where.at(path))
                else:
                    make(step, step.value, where.at(f"{path}.{step.key}"))

    def _is_full(self, node: Node) -> bool:
        """Whether nothing more is taken. What is looked at counts, not what came out well: a
        repeat of repeats whose steps are all wrong must end as well."""
        self._looked += 1
        if self._looked > MOST_STEPS and not self._told_full:
            self._told_full = True
            self._reader.add(
                node, "P045", f"the protocol has more than {MOST_STEPS} steps, unrolled",
                "Repeat less often.",
            )  # fmt: skip
        return self._looked > MOST_STEPS

    def _read(self, node: Node, where: _Where) -> None:
        """Steps whose `$name` is known only now."""
        chosen = STEP_LIST.read(node, self._reader) or []
        # Those that could not be read count too, or a large file of nonsense took minutes.
        self._looked += len(getattr(node, "items", ())) - len(chosen)
        self._add_all(chosen, where)

    def _repeat(self, _: Chosen, row: Row, where: _Where) -> None:
        times, inner = row[TIMES] or 1, row[REPEATED] or []
        for cycle in range(1, times + 1):
            if self._looked > MOST_STEPS:
                return
            self._add_all(inner, where.at(f"{where.path}.steps", cycle=f" ({cycle} of {times})"))

    def _sweep(self, _: Chosen, row: Row, where: _Where) -> None:
        name, values = row[PARAM], row[VALUES]
        outer = self._reader.parameters or {}
        if name in outer:
            self._reader.add(
                row.at(PARAM), "P033", f"there is a parameter '{name}' already",
                "Give the swept one another name.",
            )  # fmt: skip
            return
        if name is None or values is None or not row.has(SWEPT):
            return
        if row[ORDER] == "shuffled":
            self.drawn = True
            values = list(values)
            # Text is hashed the same everywhere and always.
            random.Random(f"{self._seed} {where.path}{where.swept}{where.cycle}").shuffle(values)
        for value in values:
            if self._is_full(row.at(VALUES)):
                return
            with self._reader.scope({**outer, name: value}):
                swept = f"{where.swept} ({name} = {value})"
                self._read(row.at(SWEPT), where.at(f"{where.path}.steps", swept=swept, cycle=""))

    def _for_each_sample(self, row: Row, path: str) -> None:
        outer = self._reader.parameters or {}
        asked = read_samples(row, self._file, self._reader)
        told_apart(asked, row.at(SAMPLES), self._reader)
        for sample in asked:
            self.out = Unrolled()
            with self._reader.scope({**outer, **sample.parameters()}):
                self._ask_for(sample, row, path)
                where = _Where(f"{path}.steps", files=(self._file,))
                if row.has(SERIES_STEPS):
                    self._read(row.at(SERIES_STEPS), where)
            self.series.append((sample, self.out))

    def _ask_for(self, sample: SampleAsked, row: Row, path: str) -> None:
        """The prompt before a sample's steps: its run begins with the sample being put in."""
        text: str | None = f"Put in {sample.words}."
        if row.has(SERIES_PROMPT):
            text = Text(500).read(row.at(SERIES_PROMPT), self._reader)
        if text is not None:
            line = row.at(SERIES_PROMPT).mark.line
            name = f"sample {sample.id}"[:LONGEST_NAME]
            self.out.steps.append(Prompt(index=0, name=name, path=path, line=line, text=text))

    def _nested_series(self, step: Chosen, _: Row, where: _Where) -> None:
        self._reader.add(
            step.key_node,
            "P037",
            "`for_each_sample` stands beside or inside of other steps",
            "Each sample is a run of its own: make it the only step, and put the others into its "
            "`steps`.",
        )

    def _include(self, step: Chosen, row: Row, where: _Where) -> None:
        if len(where.files) > DEEPEST:
            self._reader.add(
                step.key_node, "P009", f"files included deeper than {DEEPEST} levels",
                "Include fewer levels.",
            )  # fmt: skip
            return
        included = open_included(row, where.files, self._needs, self._reader)
        if included is None:
            return
        self.limits = tighten(self.limits, included.limits)
        with self._reader.scope(included.parameters):
            inner = where.at(f"{where.path}.steps", files=(*where.files, included.file))
            self._read(included.steps, inner)

    def _plugin(self, step: Chosen, row: Row, where: _Where) -> None:
        if where.path.count(".plugin") > 1:
            self._reader.add(
                step.key_node, "P036", "a plugin makes a step that is a plugin",
                "Write its steps out.",
            )  # fmt: skip
            return
        if self._plugins is None:
            # Looking for them reads every installed package: once a file.
            self._plugins = installed()
        node = steps_of_plugin(step, row, self._plugins, self._reader)
        if node is not None:
            self._read(node, where.at(f"{where.path}.steps"))

    def _add(self, step: Chosen, row: Row, where: _Where) -> None:
        path = where.path
        marks = self.out.marks
        marks[path] = step.key_node.mark
        for pair in row.node.pairs:
            if pair.key.text in MARKED:
                marks[f"{path}.{pair.key.text}"] = pair.value.mark
        name = step.common.get(STEP_NAME.name) or step.key
        made = _MAKERS[step.key](
            self._checks,
            row,
            {
                "index": len(self.out.steps),
                "name": f"{name}{where.swept}{where.cycle}"[:LONGEST_NAME],
                "path": path,
                "line": step.key_node.mark.line,
            },
        )
        if made is not None:
            self.out.steps.append(made)


_MAKERS: dict[str, Callable[[Checks, Row, dict[str, Any]], Step | None]] = {
    "baseline": _makers.baseline,
    "irradiate": _makers.irradiate,
    "heat": _makers.heat,
    "apply_field": _makers.apply_field,
    "hold_temperature": _makers.hold_temperature,
    "cool": _makers.cool,
    "log": _makers.log,
    "prompt": _makers.prompt,
    "wait": _medium_makers.wait,
    "thermostat": _medium_makers.thermostat,
    "dose": _medium_makers.dose,
    "release": _medium_makers.release,
    "assay": _medium_makers.assay,
}
