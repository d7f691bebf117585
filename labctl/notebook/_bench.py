"""One run whose steps come from a caller as it goes on.

The run lives in a thread with a loop of its own, as any run does; between two steps it waits in the
dark for the next one, as it waits for a person at a prompt.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl import yamlfile
from labctl.bench import BenchFile
from labctl.engine import AtBench, Begun, Engine, RunRequest, RunResult, carry_out
from labctl.errors import InputError, LabctlError, StoppedError
from labctl.events import Event, RunEnded, Verdict
from labctl.protocol import Plan, Step
from labctl.sample import Specimen
from labctl.settings import read_settings

_NEEDS = {
    "laser": "laser",
    "probe": "thermometer",
    "probe2": "thermometer",
    "ambient": "thermometer",
    "meter": "power_meter",
    "thermostat": "thermostat",
    "doser": "doser",
    "assay": "assay",
}
"""Role -> capability, of what is taken from a bench when nothing is named."""


class RunOverError(LabctlError):
    """The run has ended; no step can follow. The record says why."""

    def __init__(self, result: RunResult) -> None:
        super().__init__(f"the run has ended ({result.ended.outcome}): {result.ended.why}")
        self.result = result


class LiveBench:
    """A bench under way. Obtain it from `bench`, as an asynchronous context.

    Each step returns why it ended: `elapsed`, `reached`, `late`. A step that cannot be is an
    InputError, and the run goes on; whatever ends the run is a RunOverError at the step that
    was under way. At the context's end the run is closed; by an exception it is stopped.
    """

    def __init__(
        self,
        request: RunRequest,
        head: Mapping[str, Any],
        publish: Sequence[Callable[[Event], None]],
    ) -> None:
        """`head`: the protocol but its steps."""
        self._request = request
        self._head = head
        self._publish = tuple(publish)
        self._asked: concurrent.futures.Future[Step | None] | None = None
        self._ready = asyncio.Event()
        self._why = ""
        self._thread: asyncio.Future[RunResult] | None = None
        self._here: asyncio.AbstractEventLoop | None = None
        self._there: asyncio.AbstractEventLoop | None = None
        self._engine: Engine | None = None
        self.result: RunResult | None = None
        """Once the run is over."""

    @property
    def verdict(self) -> Verdict | None:
        """The check's last word, once the run is over."""
        return None if self.result is None else self.result.verdict

    @property
    def ended(self) -> RunEnded | None:
        """How the run ended, once it has."""
        return None if self.result is None else self.result.ended

    @property
    def folder(self) -> Path | None:
        """The record, once the run is over."""
        return None if self.result is None else self.result.folder.path

    async def __aenter__(self) -> Self:
        self._here = asyncio.get_running_loop()
        self._thread = asyncio.ensure_future(asyncio.to_thread(self._carry_out))
        await self._until_asked()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        thread = self._thread
        if thread is None:
            return
        if error is not None:
            self._stop(f"the caller's block ended by {type(error).__name__}")
        elif self._asked is not None and not self._asked.done():
            self._asked.set_result(None)
        self.result = await asyncio.shield(thread)

    # -- steps ---------------------------------------------------------------------------------

    async def step(self, verb: str, /, **keys: Any) -> str:
        """Carry out one step, as a protocol file would state it."""
        step = self._read(verb, keys)
        if self._asked is None or self._thread is None:
            raise RuntimeError("a bench is used inside its `async with`")
        self._ready.clear()
        try:
            self._asked.set_result(step)
        except concurrent.futures.InvalidStateError:
            # The run has ended between two steps.
            pass
        try:
            await self._until_asked()
        except asyncio.CancelledError:
            self._stop("the caller waits no more")
            raise
        return self._why

    async def baseline(self, **keys: Any) -> str:
        """Log in the dark, before any light."""
        return await self.step("baseline", **keys)

    async def irradiate(self, **keys: Any) -> str:
        """Laser on, for a time or until a condition."""
        return await self.step("irradiate", **keys)

    async def hold_temperature(self, **keys: Any) -> str:
        """Keep the probed liquid inside a band."""
        return await self.step("hold_temperature", **keys)

    async def cool(self, **keys: Any) -> str:
        """Laser off, for a time or until a condition."""
        return await self.step("cool", **keys)

    async def wait(self, **keys: Any) -> str:
        """Dark, until a condition."""
        return await self.step("wait", **keys)

    async def thermostat(self, **keys: Any) -> str:
        """Set the surroundings to a temperature, and wait until the probe has it."""
        return await self.step("thermostat", **keys)

    async def dose(self, **keys: Any) -> str:
        """Add something to the sample."""
        return await self.step("dose", **keys)

    async def release(self, **keys: Any) -> str:
        """The stimulus of a release, and its clock."""
        return await self.step("release", **keys)

    async def assay(self, **keys: Any) -> str:
        """Measure species in the medium now."""
        return await self.step("assay", **keys)

    # -- inside --------------------------------------------------------------------------------

    def _read(self, verb: str, keys: Mapping[str, Any]) -> Step:
        """The step, read and checked against the bench as one in a file."""
        body = {key.rstrip("_"): value for key, value in keys.items()}
        file, specimen = self._request.bench_file, self._request.specimen
        plan = _plan(self._head, {verb: body}, file, specimen)
        if len(plan.steps) != 1:
            raise InputError(f"{verb} is not one step", fix="Write the loop in Python.")
        return plan.steps[0]

    def _carry_out(self) -> RunResult:
        """In the thread of the run."""
        result = carry_out(
            dataclasses.replace(self._request, next_step=self._next),
            publish=self._publish,
            ask=_nobody,
            on_begin=self._began,
            on_signals=lambda loop, stop: lambda: None,
        )
        from labctl.export import crate_or_why

        if why := crate_or_why(result.folder.path):
            warnings.warn(why, stacklevel=2)
        return result

    def _began(self, begun: Begun) -> None:
        self._engine, self._there = begun.engine, asyncio.get_running_loop()

    def _next(self, why: str) -> concurrent.futures.Future[Step | None]:
        """In the thread of the run: the step before has ended so, and another is wanted."""
        self._why = why
        self._asked = concurrent.futures.Future()
        if self._here is not None:
            self._here.call_soon_threadsafe(self._ready.set)
        return self._asked

    async def _until_asked(self) -> None:
        """Until the run wants a step; RunOverError when it wants none any more."""
        if self._thread is None:
            raise RuntimeError("a bench is used inside its `async with`")
        asked = asyncio.ensure_future(self._ready.wait())
        try:
            both: list[asyncio.Future[Any]] = [asked, self._thread]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
        if self._thread.done():
            self.result = self._thread.result()
            raise RunOverError(self.result)

    def _stop(self, why: str) -> None:
        if self._there is not None and self._engine is not None and not self._there.is_closed():
            self._there.call_soon_threadsafe(self._engine.stop, why)


def bench(
    bench_file: str | Path | None = None,
    *,
    sample: str | Path | None = None,
    seed: int = 1,
    every: str = "1 s",
    limits: Mapping[str, str] | None = None,
    needs: Mapping[str, str] | None = None,
    faults: Sequence[str] = (),
    runs: Path | None = None,
    name: str = "notebook",
    expected_power_w: float = 1.0,
    at_bench: AtBench | None = None,
    publish: Sequence[Callable[[Event], None]] = (),
) -> LiveBench:
    """A run on a bench file (None: as `labctl run` finds it), whose steps are yet to come.

    `needs` as in a protocol; None: all that the bench has. `limits` only tighten the bench's.
    `expected_power_w`: what the check takes as the usual power. `at_bench`: who can arm a REAL
    bench, which nobody else can.
    """
    env = read_settings()
    path = None if bench_file is None else str(bench_file)
    file = benches.load(benches.find_bench(path, environment=env.bench).path)
    specimen = None if sample is None else samples.load(samples.find(str(sample)))
    wanted = dict(needs or {role: _NEEDS[role] for role in file.roles if role in _NEEDS})
    head: dict[str, Any] = {
        "schema": protocols.SCHEMA,
        "name": name,
        "needs": wanted,
        **({"limits": dict(limits)} if limits else {}),
        "record": {"every": every},
    }
    request = RunRequest(
        plan=dataclasses.replace(_plan(head, {"log": {"for": every}}, file, specimen), steps=()),
        bench_file=file,
        specimen=specimen,
        runs_dir=runs or env.runs,
        seed=seed,
        faults=tuple(faults),
        speed=None if benches.reach(file, wanted).in_process else 1.0,
        at_bench=at_bench,
        not_at_bench="a notebook is no terminal at the bench",
        nominal_power_w=expected_power_w,
    )
    return LiveBench(request, head, publish)


def _plan(
    head: Mapping[str, Any], step: Mapping[str, Any], file: BenchFile, specimen: Specimen | None
) -> Plan:
    """A plan of one step, checked as a file's. A notebook shows an error's words and nothing else:
    they say every problem, without lines of a text that nobody wrote."""
    text = yamlfile.dump({**head, "steps": [step]})
    try:
        return protocols.loads(text, bench=file, specimen=specimen, file="the notebook")
    except InputError as error:
        said = [f"{problem.message}. {problem.fix}".rstrip() for problem in error.problems]
        raise InputError(
            "\n  ".join([f"{', '.join(step)}: {len(said)} not as it must be", *said]),
            problems=error.problems,
        ) from None


def _nobody(text: str) -> concurrent.futures.Future[str]:
    """A prompt in a notebook has nobody to show itself to."""
    future: concurrent.futures.Future[str] = concurrent.futures.Future()
    future.set_exception(StoppedError(f"nobody can be asked from here: {text}"))
    return future
