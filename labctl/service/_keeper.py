"""Carries out what waits, one run after the other, on the process's main thread.

labctl owns the signals: between two runs they end the waiting, within a run they go to its engine,
as in `labctl run`; the web server has none of them. The order at any end is the laser off and the
record closed, both by the engine, then the web, then telemetry, which lasts as long as the service.
"""

from __future__ import annotations

import asyncio
import getpass
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from labctl import platform, signals
from labctl.bench import BenchFile, Reach
from labctl.clock import NS, iso, wall_utc_ns
from labctl.engine import AtBench, Begun, Publish, RunResult, carry_out
from labctl.errors import Exit, InputError, LabctlError, RefusedError
from labctl.events import Event
from labctl.export import crate_or_why
from labctl.protocol import Plan, SampleRun, timeline
from labctl.ready import Ready, ready, series_of
from labctl.service._control import Control
from labctl.service._hub import Hub
from labctl.service._latch import Latched, StopLatch
from labctl.service._names import Names
from labctl.service._queue import GOES_ON, Item, Queue
from labctl.service._seen import About, is_quiet
from labctl.telemetry import Telemetry

_DESCRIBED_S = 0.3
"""An end waits no longer for the description of a record."""
_LOOK_S = 0.5
"""Between two looks at what waits, and signs of life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What every run of this service has in common."""

    bench_file: BenchFile
    speed: float
    """Of an in-process simulation."""
    telemetry: Telemetry | None
    """Of the service; None when it is off."""
    at_bench: AtBench | None
    not_at_bench: str
    shown: Callable[[Event], None]
    """At the service's terminal; never waits."""
    url: str
    names: Names


class Keeper:
    """`run` on the main thread; `ending` and everything else from there too."""

    def __init__(
        self,
        keeping: Keeping,
        orders: Queue,
        control: Control,
        hub: Hub,
        latch: StopLatch,
        *,
        say: Callable[[str], None] = lambda text: None,
        ends: Callable[[str], None] = lambda name: None,
    ) -> None:
        """`ends`: told the name of each signal that ends all; no more than a handler may do."""
        self._ends = ends
        self._keeping = keeping
        self._orders = orders
        self._control = control
        self._hub = hub
        self._latch = latch
        self._say = say
        # A put is all that a signal handler does; this queue allows that.
        self._bell: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._describing: threading.Thread | None = None
        self._ending = ""
        self._code = Exit.PASS

    def ring(self) -> None:
        """Something was ordered. Any thread."""
        self._bell.put("")

    def end(self, name: str) -> None:
        """Stop the run in hand, and begin no other. Any thread."""
        self.heard(name)
        self._control.stop(name)

    def run(self) -> int:
        """Until `heard` was told a signal; returns the exit code: 0, or that of the run that it
        stopped."""
        try:
            while not self._ending:
                self._control.mark()
                self._latch.look()
                self._tell_idle(self._latch.now())
                # Before the last look at what forbids it: a stop that comes from here on is kept
                # for what is taken.
                self._control.coming(True)
                item = None if self._latch.now() else self._orders.take()
                if item is not None:
                    self._carry(item)
                    self._say_what_next()
                    continue
                self._control.coming(False)
                try:
                    self._bell.get(timeout=_LOOK_S)
                except queue.Empty:
                    continue
        finally:
            if self._describing is not None:
                self._describing.join(_DESCRIBED_S)
        return int(self._code)

    def _say_what_next(self) -> None:
        told = self._orders.told()
        if told["held"]:
            self._say(f"the queue is held: {told['held']}; `go-on` when somebody has looked")
        elif not any(item["state"] == "waiting" for item in told["items"]) and not self._ending:
            self._say("nothing waits; order a run on the page, or end with Ctrl-C")

    def _tell_idle(self, latched: Latched | None) -> None:
        telemetry = self._keeping.telemetry
        if telemetry is not None:
            telemetry.between()
            telemetry.latch(
                None if latched is None else
                {"why": self._keeping.names(latched.why), "by": latched.by, "utc": latched.utc}
            )  # fmt: skip

    def heard(self, name: str) -> None:
        """A signal, by its name: no more than a handler may do."""
        if name == signals.RUN_ONLY.name:
            self._control.stop("labctl stop")
            return
        self._ending = self._ending or name
        self._ends(name)
        self._bell.put(name)

    def _carry(self, item: Item) -> None:
        """One order: a run, or of a series one after the other."""
        stopped_by, left_out = "", 0
        try:
            series = series_of(item.order, self._keeping.bench_file)
            runs: tuple[SampleRun | None, ...] = series or (None,)
            prepared = [ready(item.order, self._keeping.bench_file, self._speed(item), one=one)
                        for one in runs]  # fmt: skip
            worst, result = Exit.PASS, None
            for place, made in enumerate(prepared, 1):
                if made.request.plan.arms and not item.lights:
                    raise RefusedError(
                        f"{made.request.plan.name} lights now, and did not when it was ordered",
                        fix="Order it anew.",
                    )
                result = self._one(item, made)
                code = Exit(result.ended.exit_code)
                worst = _worse(worst, code)
                if code not in GOES_ON or self._ending or self._control.stopped_by:
                    left_out = len(prepared) - place
                    break
        except LabctlError as error:
            problems = getattr(error, "problems", ()) if isinstance(error, InputError) else ()
            why = "; ".join(str(p) for p in problems) or str(error)
            self._say(f"{item.told()['protocol']} refused: {why}")
            self._orders.over(item, "refused", int(error.exit_code), why=why)
            return
        finally:
            stopped_by = self._control.left()
        ended = None if result is None else result.ended
        outcome = None if ended is None else ended.outcome
        why = "" if ended is None else ended.why
        if stopped_by and worst in GOES_ON:
            # It came as a run had ended already: what would have followed does not.
            self._orders.stopped(stopped_by)
            if left_out:
                worst, outcome = Exit.STOPPED, "stopped"
                why = f"asked to stop by {stopped_by}, with {left_out} of its runs to come"
        if self._ending:
            self._code = worst
        self._orders.over(
            item,
            "done",
            int(worst),
            outcome=outcome,
            verdict=None if ended is None else ended.verdict,
            why=why,
        )

    def _one(self, item: Item, made: Ready) -> RunResult:
        keeping, stack = self._keeping, ExitStack()
        person = keeping.at_bench
        request = replace(
            made.request,
            at_bench=None if person is None else self._control.seen_typing(person),
            not_at_bench=keeping.not_at_bench,
        )
        telemetry = keeping.telemetry

        def begin(begun: Begun) -> None:
            folder = begun.folder
            record = f"{folder.path.parent.name}/{folder.path.name}"
            self._orders.begun(item, record)
            self._control.begun(begun.engine, folder)
            self._hub.begin(_about(made, begun, record))
            stack.enter_context(
                platform.announce(
                    {
                        "run_id": folder.run_id,
                        "bench": keeping.bench_file.name,
                        "mode": begun.mode.value,
                        "user": getpass.getuser(),
                        "since": iso(wall_utc_ns()),
                        "record": str(folder.path),
                        "stops_by": signals.RUN_ONLY.name,
                        "service": keeping.url,
                    }
                )
            )
            if telemetry is not None:
                telemetry.begin(folder.run_id, begun.mode, begun.utc_zero_ns)
                stack.callback(telemetry.between)

        leaves: list[Publish] = [self._hub.publish]
        if telemetry is not None:
            leaves.append(telemetry.publish)
        views: list[Publish] = [self._named_to(leaves), keeping.shown]

        with stack:
            result = carry_out(
                request,
                publish=views,
                ask=self._control.ask,
                on_begin=begin,
                on_signals=self._on_signals,
            )
        ended = result.ended
        self._say(f"{made.request.plan.name}: {ended.outcome}, {ended.verdict}; "
                  f"beam {ended.beam.value} ({ended.beam_how}); {result.folder.path}")  # fmt: skip
        # Beside the next run: of a long one it takes seconds, and it can be made again.
        self._describing = threading.Thread(
            target=self._describe, args=(result.folder.path,), name="labctl-crate", daemon=True
        )
        self._describing.start()
        return result

    def _named_to(self, views: Sequence[Publish]) -> Publish:
        """What leaves this computer has names in the place of places; the terminal and the record
        have all of it."""
        names = self._keeping.names

        def publish(event: Event) -> None:
            told = event if is_quiet(event) else names.event(event)
            for view in views:
                view(told)

        return publish

    def _describe(self, folder: Path) -> None:
        if why := crate_or_why(folder):
            self._say(why)

    def _on_signals(
        self, loop: asyncio.AbstractEventLoop, stop: Callable[[str], object]
    ) -> Callable[[], None]:
        # Heard outside the loop too: a signal that comes as a run ends would else be lost with its
        # loop, and the next run begin.
        restore = signals.on_signals(loop, stop, self.heard)
        self._control.entered(loop, stop)
        if self._ending:
            # It came between two runs.
            loop.call_soon(stop, self._ending)
        return restore

    def _speed(self, item: Item) -> Callable[[Plan, Reach], float | None]:
        asked = self._keeping.speed if item.speed is None else item.speed
        return lambda plan, way: asked if way.in_process else 1.0


def _worse(one: Exit, other: Exit) -> Exit:
    """Of two runs of a series; a later failure outweighs a run that cannot tell."""
    if other not in GOES_ON:
        return other
    return other if one is Exit.PASS or other is Exit.CHECK_FAILED else one


def _about(made: Ready, begun: Begun, record: str) -> About:
    request = made.request
    plan = request.plan
    return About(
        run_id=begun.folder.run_id,
        record=record,
        began_utc=iso(begun.utc_zero_ns),
        protocol=plan.name,
        sample="" if request.specimen is None else request.specimen.name,
        lights=plan.uses_light,
        steps=[
            {
                "index": row.index + 1,
                "verb": row.verb,
                "name": row.name,
                "at_most_s": None if row.at_most_ns is None else row.at_most_ns / NS,
                "power_w": row.power_w,
            }
            for row in timeline(plan)
        ],
        period_s=plan.period_ns / NS,
        speed=request.speed,
    )
