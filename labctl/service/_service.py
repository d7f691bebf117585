"""One bench kept as a service: what the routes act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from labctl import clock
from labctl import protocol as protocols
from labctl.bench import BenchFile, off_latency, reach
from labctl.engine import AtBench, check_request
from labctl.errors import LabctlError, RefusedError
from labctl.events import SOURCES
from labctl.protocol import Plan
from labctl.ready import Order, plan_told, ready, series_of
from labctl.record import describe_run, recover_left_behind
from labctl.sample import Specimen
from labctl.service._access import Access
from labctl.service._audit import Audit
from labctl.service._control import Control
from labctl.service._hub import Hub
from labctl.service._keeper import Keeper
from labctl.service._kept_queue import QueueFile
from labctl.service._latch import StopLatch
from labctl.service._names import Names
from labctl.service._queue import Item, Queue
from labctl.service._seen import Seen
from labctl.service._shelf import Shelf
from labctl.telemetry import Telemetry

STUCK_S = 10.0
"""The bench's thread has not turned for so long: not healthy."""


class Service:
    """The bench, its queue, its watchers. Made on the main thread, used from the web's."""

    def __init__(
        self,
        bench_file: BenchFile,
        *,
        runs_dir: Path,
        speed: float,
        access: Access,
        own: Path | None = None,
    ) -> None:
        """`own`: a folder of the lab's protocols, and `samples/` in it."""
        self.bench_file = bench_file
        self.runs_dir = runs_dir
        self.speed = speed
        self.access = access
        self.names = Names(runs_dir)
        self.shelf = Shelf(bench_file, own, self.names)
        self.audit = Audit(runs_dir)
        self.latch = StopLatch(bench_file)
        self.hub = Hub(self._status, self._queue)
        self.control = Control(self.hub.nudge)
        self.orders = Queue(changed=self._ordered, named=self.names)
        self.keeper: Keeper | None = None
        self.telemetry: Telemetry | None = None
        self.at_bench: AtBench | None = None
        self.not_at_bench = "nobody sits at the service's terminal"
        self.began_ns = clock.real_ns()
        self.stops = 0
        self.ending = ""
        """The signal by which the service ends; '' while it does not."""
        self._stopped: dict[str, str] = {}
        """The run that was asked to stop last, for its line of the audit."""
        self._way = reach(bench_file, tuple(bench_file.roles))
        sources = [source for source in SOURCES if source in bench_file.roles]
        worst = [off_latency(bench_file, source) for source in sources]
        self._worst_off = [
            f"{it.source} off at worst {it.asked_s:.2f} s after it is asked for"
            for it in worst
            if it is not None
        ]

    @property
    def mode(self) -> str:
        """REAL or SIMULATED, as the bench is reached."""
        return "REAL" if self._way.real else "SIMULATED"

    @property
    def in_process(self) -> bool:
        """The whole bench is simulated here."""
        return self._way.in_process

    def stop(self, who: str, why: str, *, laser: bool) -> str:
        """Laser off, run closed; with `laser` latched. Returns at once, with what was done in
        words: that off is asked for, as nobody knows yet what came of it. Nothing is written
        before that, and `stopped` writes it down."""
        self.stops += 1
        words = f"{'STOP LASER' if laser else 'stop'} by {f'{who}: {why}' if why else who}"
        on = self.control.stop(words)
        # Before the run is over: its line of the audit is written when it may be.
        self._stopped = self.in_hand()
        held = ""
        if laser:
            self.latch.latch(why or "STOP LASER", who)
            self.orders.hold(words)
        elif not on:
            self.orders.stopped(words)
            held = "; what waits is held" if self.orders.held else ""
        # What was taken from the queue between the two is stopped too.
        on = on or self.control.stop(words)
        self.hub.nudge()
        return ("laser off and the run's end are asked for" if on else "no run was on") + (
            "; latched: reset to start again" if laser else held
        )

    def ends(self, name: str) -> str:
        """The service ends by this signal: off is asked for by every way, and watchers are told;
        in words."""
        on = self.control.stop(name)
        self.ending = name
        self.hub.nudge()
        return "laser off and the run's end are asked for" if on else "no run is on"

    def in_hand(self) -> dict[str, str]:
        """For a line of the audit: the record of the run that goes on; empty without one."""
        run = self.orders.run_in_hand
        return {"run": run} if run else {}

    def stopped(self, who: str, why: str, done: str, *, laser: bool) -> None:
        """Put a stop on disk. RecordError where that fails; it holds here all the same."""
        if laser:
            self.latch.keep()
        self.audit.say(who, "stop-laser" if laser else "stop", done, why=why, **self._stopped)

    def act(
        self, who: str, what: str, text: str = "", *, prompt: str = "", hold: int | None = None
    ) -> str:
        """Hold, go on, remark or answer, and put it in the audit; what was done, in words.
        RefusedError where it cannot be, or somebody was before. `hold`: the number of the one that
        is to be taken off."""
        in_hand = self.in_hand()
        match what:
            case "hold":
                self.control.ask_hold(who)
                done = "held before the next step that begins in the dark"
            case "go-on":
                self.control.go_on(who, hold)
                done = "goes on"
            case "note":
                self.control.note(who, text)
                done = "noted"
            case _:
                self.control.answer(prompt, text, who)
                done = "answered"
        more = {"text": text} if text else {}
        self.audit.say(who, what, done, **more, **({"prompt": prompt} if prompt else {}), **in_hand)
        return done

    def refuse_latched(self) -> None:
        """RefusedError while STOP LASER stands."""
        now = self.latch.now()
        if now is not None:
            raise RefusedError(
                f"latched by {now.by}: {now.why}",
                seen=now.utc,
                fix="Reset it on the page." if now.reset == "page" else
                "Type `labctl reset` at the bench.",
            )  # fmt: skip

    def order(self, asked: Mapping[str, Any], by: str) -> Order:
        """From what came over the wire. RefusedError for what this kind of bench does not take."""
        self.refuse_simulated(asked)
        sample = asked.get("sample")
        return self.order_of(
            self.shelf.protocol(str(asked["protocol"])),
            None if sample is None else self.shelf.sample(sample),
            asked,
            by,
        )

    def refuse_simulated(self, asked: Mapping[str, Any]) -> None:
        """RefusedError for what only a bench takes that is simulated in this process."""
        simulated = [name for name in ("faults", "speed") if asked.get(name)]
        if simulated and not self.in_process:
            raise RefusedError(
                f"{' and '.join(simulated)}: for a bench that is simulated in this process only"
            )

    def order_of(
        self, protocol: str, sample: str | None, asked: Mapping[str, Any], by: str
    ) -> Order:
        """Of files that were found; nothing is looked at."""
        blank = asked.get("blank")
        return Order(
            protocol=protocol,
            parameters=tuple(f"{k}={v}" for k, v in asked.get("parameters", {}).items()),
            sample=sample,
            seed=int(asked.get("seed", 1)),
            faults=tuple(asked.get("faults", ())),
            blank=None if blank is None else self.runs_dir / blank,
            runs_dir=self.runs_dir,
            about={"by": by, "command": ["labctl", "serve"]},
        )

    def checked(self, order: Order) -> tuple[Plan, Specimen | None, bool]:
        """Plan and sample of an order, and whether nobody named that sample. Raises all that its
        run would be refused for, a REAL bench with nobody at its terminal among it; nothing is
        opened."""
        file = self.bench_file
        series = series_of(order, file)
        specimen, assumed = None, False
        for one in series or (None,):
            made = ready(order, file, lambda plan, way: 1.0, one=one)
            check_request(
                replace(made.request, at_bench=self.at_bench, not_at_bench=self.not_at_bench)
            )
            plan, specimen, assumed = made.request.plan, made.request.specimen, made.assumed
        if series:
            plan = protocols.load(
                protocols.find(order.protocol), order.parameters, bench=file, seed=order.seed
            )
            return plan, None, False
        return plan, specimen, assumed

    def plan(self, order: Order) -> dict[str, Any]:
        """What an order would do, as JSON; nobody need be at the bench for it."""
        file = self.bench_file
        found = protocols.load(
            protocols.find(order.protocol), order.parameters, bench=file, seed=order.seed
        )
        if found.samples:
            return plan_told(found, file, None)
        made = ready(order, file, lambda plan, way: 1.0)
        request = made.request
        sample = None if request.specimen is None else request.specimen.name
        told = plan_told(request.plan, file, request.specimen)
        return {**told, "sample": sample, "assumed_sample": made.assumed}

    def keep_queue(self) -> QueueFile:
        """Have the queue outlive this process, and take back what the last one left; records that
        it left open are recovered. InputError or RefusedError where that cannot be."""
        file = QueueFile(self.runs_dir, self.bench_file.name)
        file.take()
        try:
            recover_left_behind(self.runs_dir)
            self.orders.disk = file
            self.orders.restore(self._became)
        except LabctlError:
            file.release()
            raise
        return file

    def _became(self, item: Item) -> None:
        """What is left of a run that was on when the service died."""
        item.state, item.outcome = "lost", "lost"
        if item.run is None:
            item.why = "the service died before its record was open"
            return
        try:
            found = describe_run(self.runs_dir / item.run)
            whole = not series_of(item.order, self.bench_file)
        except (LabctlError, OSError) as error:
            item.why = f"the service died while it was on; its record cannot be read: {error}"
            return
        item.why = f"the service died while it was on; record {item.run}: {found.words}"
        if found.ended is not None and whole:
            # It had come to its end, and only the queue did not know.
            item.state, item.outcome = "done", found.ended.outcome
            item.exit_code, item.verdict = int(found.ended.exit_code), found.ended.verdict
            item.why = found.ended.why

    def _ordered(self) -> None:
        self.hub.nudge()
        if self.keeper is not None:
            self.keeper.ring()

    def _queue(self) -> dict[str, Any]:
        return self.orders.told()

    def _status(self, seen: Seen, now_ns: int) -> dict[str, Any]:
        prompt, latched = self.control.prompt, self.latch.now()
        # Only a clock that is simulated stands still for a person; a real bench is read all along.
        waits = prompt is not None or (self.control.hold != "" and seen.state.engine == "WAITING")
        stalled = seen.stalled(now_ns, asked=waits and self.in_process)
        beam = seen.beam(now_ns, stalled=stalled)
        word, tone = seen.word(beam, stalled=stalled, latched=latched is not None)
        hold = self.control.hold
        if hold and seen.state.engine == "WAITING" and prompt is None:
            hold = "held"
        return {
            "bench": self.bench_file.name,
            "mode": self.mode,
            "speed": seen.about.speed if seen.about is not None else self.speed,
            "word": word,
            "tone": tone,
            "beam": beam,
            "engine": seen.state.engine if seen.live else "",
            "power_w": seen.state.commanded_w if beam["seen"] == "ON" else 0.0,
            "stalled": stalled,
            "latched": None if latched is None else {
                "why": self.names(latched.why), "by": latched.by, "utc": latched.utc,
                "reset": latched.reset,
            },
            "hold": hold,
            "hold_number": self.control.hold_number,
            "waits_for": self.control.waits_for,
            "ending": self.ending,
            "prompt": None if prompt is None else {"id": prompt.id, "text": prompt.text},
            "worst_off": self._worst_off,
            "instruments": seen.instruments,
            "readings": seen.readings(now_ns),
            "run": seen.run(),
        }  # fmt: skip
