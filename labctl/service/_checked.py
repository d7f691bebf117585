"""A protocol before it is ordered, by its name or as a text: every problem in one pass, what a run
of it would be refused for, and what it would do. Nothing is opened or kept.

A text came from a network: what it includes and the samples that it names are taken from the
folders of protocols alone, and none of another place is opened, or told to be there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from labctl import protocol as protocols
from labctl import yamlfile
from labctl.engine import check_request
from labctl.errors import InputError, LabctlError, Problem, RefusedError
from labctl.protocol import Plan
from labctl.ready import Order, load_sample, plan_told, ready
from labctl.sample import Specimen
from labctl.service._service import Service

TEXT = "(the text)"
"""What a text that is no file is called in its problems."""
_NOT_OF_A_FILE = "P000"


def checked_told(service: Service, asked: Mapping[str, Any], by: str) -> dict[str, Any]:
    """`{ok, problems, refused, plan}`. `ok`: no problem in any file. `refused`: what else an order
    of it would be refused for now, in words. `plan`: None with a problem."""
    return _Check(service, asked, by).told()


def problem_told(problem: Problem) -> dict[str, Any]:
    """A problem of a file, without the file's place on this machine."""
    return {
        "code": problem.code, "message": problem.message, "line": problem.line,
        "column": problem.column, "source": problem.source, "fix": problem.fix,
        "file": problem.file if problem.file.startswith("-p ") else Path(problem.file).name,
    }  # fmt: skip


class _Check:
    def __init__(self, service: Service, asked: Mapping[str, Any], by: str) -> None:
        self._service = service
        self._text: str | None = asked["text"]
        self._problems: list[dict[str, Any]] = []
        self._refused: list[str] = []
        self._plan: dict[str, Any] | None = None
        self._look(asked, by)

    def told(self) -> dict[str, Any]:
        return {
            "ok": not self._problems, "problems": self._problems, "refused": self._refused,
            "plan": None if self._problems else self._plan,
        }  # fmt: skip

    def _look(self, asked: Mapping[str, Any], by: str) -> None:
        order = self._order(asked, by)
        if order is None:
            return
        specimen: Specimen | None = None
        try:
            specimen = load_sample(order.sample)
        except InputError as error:
            self._wrong(error)
        plan: Plan | None = None
        try:
            plan = self._read(order, specimen)
        except InputError as error:
            self._wrong(error)
        if plan is None or self._problems:
            return
        if plan.samples:
            self._series(order, plan)
        else:
            self._run(order, plan, specimen)
        self._refusal(self._service.refuse_latched)

    def _refusal(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except RefusedError as error:
            self._refused.append(self._words(error))
            return True
        return False

    def _order(self, asked: Mapping[str, Any], by: str) -> Order | None:
        """Each of its names is looked up, that all that are wrong are told."""
        shelf = self._service.shelf
        found: dict[str, str | None] = {}
        for what, look in (("protocol", shelf.protocol), ("sample", shelf.sample)):
            name = asked[what]
            try:
                found[what] = None if name is None else look(name)
            except InputError as error:
                found[what] = None
                self._wrong(error)
        if self._refusal(lambda: self._service.refuse_simulated(asked)):
            asked = {**asked, "faults": [], "speed": None}
        protocol = TEXT if self._text is not None else found["protocol"]
        if protocol is None:
            return None
        return self._service.order_of(protocol, found["sample"], asked, by)

    def _read(self, order: Order, specimen: Specimen | None) -> Plan:
        bench = self._service.bench_file
        if self._text is None:
            return protocols.load(
                Path(order.protocol), order.parameters, bench=bench, specimen=specimen,
                seed=order.seed,
            )  # fmt: skip
        folders = self._service.shelf.folders
        with yamlfile.only_below(*folders):
            return protocols.loads(
                self._text, order.parameters, bench=bench, specimen=specimen,
                file=str(folders[-1] / TEXT), seed=order.seed,
            )  # fmt: skip

    def _series(self, order: Order, plan: Plan) -> None:
        self._plan = plan_told(plan, self._service.bench_file, None)
        if order.sample is not None:
            self._refused.append("this protocol names its samples itself, and a sample is named")
        with yamlfile.only_below(*self._service.shelf.folders):
            for one in plan.samples:
                self._ready(order, plan, one=one)

    def _run(self, order: Order, plan: Plan, specimen: Specimen | None) -> None:
        bench = self._service.bench_file
        self._plan = {
            **plan_told(plan, bench, specimen),
            "sample": None if specimen is None else specimen.name, "assumed_sample": False,
        }  # fmt: skip
        made = self._ready(order, plan)
        if made is not None:
            self._plan = made

    def _ready(self, order: Order, plan: Plan, **one: Any) -> dict[str, Any] | None:
        """What its run would be refused for; the plan as it is bound to its sample."""
        service = self._service
        try:
            made = ready(
                order, service.bench_file, lambda plan, way: 1.0, read=lambda specimen: plan, **one
            )
            request = made.request
            sample = None if request.specimen is None else request.specimen.name
            told = plan_told(request.plan, service.bench_file, request.specimen)
            check_request(
                dataclasses.replace(
                    request, at_bench=service.at_bench, not_at_bench=service.not_at_bench
                )
            )
        except InputError as error:
            self._wrong(error)
            return None
        except LabctlError as error:
            self._refused.append(self._words(error))
            return None
        return {**told, "sample": sample, "assumed_sample": made.assumed}

    def _wrong(self, error: InputError) -> None:
        """All its problems; one that is told already is told once."""
        found = error.problems or [Problem(_NOT_OF_A_FILE, error.what, fix=error.fix)]
        for told in map(problem_told, found):
            if told not in self._problems:
                self._problems.append(told)

    def _words(self, error: LabctlError) -> str:
        parts = (error.what, error.seen, error.fix)
        return self._service.names(" · ".join(part for part in parts if part))
