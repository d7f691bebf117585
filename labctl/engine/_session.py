"""One run from its request to its closed record: everything put together, in order, and taken
apart in order whatever happens.

Instruments are connected first; only when all of them answer is a record begun. Where the light can
come from a source under control, the guard is made with the bench's limits as the protocol tightens
them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import labctl
from labctl.bench import (
    Bench,
    Reach,
    connect,
    today,
    waived,
)
from labctl.clock import NS, Clock, run_real, run_virtual
from labctl.engine import _about as about
from labctl.engine import _collector as collector
from labctl.engine._engine import Engine
from labctl.engine._request import RunRequest, check_request
from labctl.engine._teller import Publish, Teller
from labctl.engine._work import Ask
from labctl.errors import Exit, LabctlError, RecordError, StoppedError
from labctl.events import (
    COIL,
    HEATER,
    SOURCES,
    FilesKept,
    Mode,
    Note,
    PortTrouble,
    PriorsFixed,
    RunBegun,
    RunEnded,
    Verdict,
)
from labctl.instruments import SimSession, SimSpec, open_simulation
from labctl.monitor import (
    DoseWatch,
    Monitor,
    ReleaseWatch,
    declared,
    declared_series,
    dose_basis,
    priors_for,
    read_blank,
    release_basis,
)
from labctl.photothermal import BlankResult
from labctl.record import GUARD_LOG, RunFolder
from labctl.talk import GuardSpec

OnSignals = Callable[[asyncio.AbstractEventLoop, Callable[[str], object]], Callable[[], None]]
"""Installs stop handlers on a loop; returns what restores the former ones."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What is left when a run is over."""

    ended: RunEnded
    verdict: Verdict | None
    folder: RunFolder
    fault: LabctlError | None = None
    """Why the record is not whole, or what went wrong once the run was over."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Told to `on_begin` once the record is open and before the first event."""

    mode: Mode
    folder: RunFolder
    utc_zero_ns: int
    engine: Engine


def carry_out(
    request: RunRequest,
    *,
    publish: Sequence[Publish],
    ask: Ask,
    on_begin: Callable[[Begun], None],
    on_signals: OnSignals,
) -> RunResult:
    """Run it to its end. Raises only when there is no record to close (nothing was lit then)."""
    found = check_request(request)

    async def main(clock: Clock) -> RunResult:
        return await _Session(request, found, clock, publish, ask, on_begin, on_signals).run()

    try:
        if found.in_process:
            return run_virtual(main, speed=request.speed)
        return run_real(main)
    finally:
        # The ports are released, and nothing of the run stands but its record.
        collector.sweep()


def _finish(
    folder: RunFolder, ended: RunEnded, truth: Mapping[str, Any] | None
) -> tuple[RunEnded, RecordError | None]:
    """Close the record. A disk that failed after all was said makes a success none; worse endings
    stay."""
    fault: RecordError | None = None
    try:
        # Said here too, because a journal whose disk failed could not take the closing event.
        folder.finish(**_said(ended))
    except RecordError as error:
        fault = error
    if truth is not None:
        # Behind the end: on a full disk the reserve is for run.json.
        try:
            folder.write_truth(truth)
        except RecordError as error:
            fault = fault or error
    if fault is None:
        return ended, None
    if ended.outcome != "completed" or ended.exit_code == Exit.BEAM_NOT_CONFIRMED_OFF:
        return ended, fault
    ended = replace(ended, outcome="data-fault", why=str(fault), exit_code=Exit.DATA)
    try:
        folder.note(**_said(ended), fault=str(fault))
    except RecordError as again:
        return ended, again
    return ended, fault


def _said(ended: RunEnded) -> dict[str, Any]:
    return {"outcome": ended.outcome, "why": ended.why, "exit_code": int(ended.exit_code)}


def _guard_log(folder: RunFolder, now_ns: int) -> Iterator[FilesKept]:
    """What a guard with a process of its own has written by the end of the run."""
    kept = folder.kept()
    if GUARD_LOG in kept:
        yield FilesKept(now_ns, {GUARD_LOG: kept[GUARD_LOG]})


class _Session:
    """The putting together and taking apart of one run, inside its event loop."""

    def __init__(
        self,
        request: RunRequest,
        found: Reach,
        clock: Clock,
        publish: Sequence[Publish],
        ask: Ask,
        on_begin: Callable[[Begun], None],
        on_signals: OnSignals,
    ) -> None:
        self._request = request
        self._found = found
        self._clock = clock
        self._publish = publish
        self._ask = ask
        self._on_begin = on_begin
        self._on_signals = on_signals
        self._blank: BlankResult | None = None
        self._engine: Engine | None = None
        self._main: asyncio.Task[Any] | None = None
        self._stopped_by = ""
        self._specs: dict[str, GuardSpec] = {}
        self._followed = request.followed

    async def run(self) -> RunResult:
        """From the first port to the closed record, with every signal heard on the way."""
        self._main = asyncio.current_task()
        restore = self._on_signals(asyncio.get_running_loop(), self._stop)
        try:
            return await self._run()
        except asyncio.CancelledError:
            if self._stopped_by:
                # Before there was a record; nothing was lit.
                raise StoppedError(f"asked to stop by {self._stopped_by}") from None
            raise
        finally:
            restore()

    def _stop(self, name: str) -> None:
        if self._engine is not None:
            self._engine.stop(f"asked to stop by {name}")
        elif self._main is not None:
            self._stopped_by = name
            self._main.cancel()

    async def _run(self) -> RunResult:
        """Connect, keep the record, carry out, release the ports, close the record."""
        request = self._request
        if request.blank is not None:
            self._blank = read_blank(request.blank)
        session = self._simulation()
        file, roles = request.bench_file, self._found.roles
        lit = [source for source in SOURCES if source in roles]
        self._specs = {
            source: file.guard_spec(request.plan.limits, source, request.specimen) for source in lit
        }
        bench = await connect(
            file, roles, self._clock, session, self._specs, unattended=request.unattended
        )
        try:
            folder = self._folder(bench)
            try:
                ended, verdict = await self._recorded(bench, folder)
            except BaseException:
                folder.finish()
                raise
        except BaseException:
            await bench.close()
            raise
        # From here on the run is over, and nothing takes its end away from it.
        truth, fault = await self._let_go(bench, session)
        ended, unwritten = _finish(folder, ended, truth)
        return RunResult(ended, verdict, folder, unwritten or fault)

    async def _let_go(
        self, bench: Bench, session: SimSession | None
    ) -> tuple[Mapping[str, Any] | None, LabctlError | None]:
        """The truth of a simulated world, and the ports released; what went wrong with either."""
        truth, fault = None, None
        try:
            truth = await bench.truth(session)
        except LabctlError as error:
            fault = error
        try:
            await bench.close()
        except LabctlError as error:
            fault = fault or error
        return truth, fault

    def _simulation(self) -> SimSession | None:
        request = self._request
        if not self._found.any_in_process:
            return None
        sample = request.specimen.statement() if request.specimen is not None else {}
        return open_simulation(
            SimSpec(request.seed, request.faults, sample, request.bench_file.statement())
        )

    def _folder(self, bench: Bench) -> RunFolder:
        request = self._request
        plan, specimen = request.plan, request.specimen
        texts = {
            "protocol.yaml": plan.dump(),
            "bench.yaml": request.bench_file.dump(),
        }
        if specimen is not None:
            texts["sample.yaml"] = specimen.dump()
        return RunFolder.create(
            request.runs_dir,
            plan.name,
            specimen.name if specimen is not None else "",
            texts=texts,
            facts=about.facts(request, bench, self._clock.utc_ns() - self._clock.now_ns()),
            expected_samples=plan.at_most_ns // plan.period_ns,
        )

    async def _recorded(self, bench: Bench, folder: RunFolder) -> tuple[RunEnded, Verdict | None]:
        request, clock = self._request, self._clock
        loop = asyncio.get_running_loop()
        engines: list[Engine] = []

        def on_fault(error: RecordError) -> None:
            if engines:
                loop.call_soon_threadsafe(engines[0].failed, error)

        journal = folder.open_journal(real_time=not clock.virtual, on_fault=on_fault)
        priors = self._priors(bench)
        monitor = Monitor.from_event(priors) if priors is not None else None
        dose = DoseWatch()
        release = ReleaseWatch() if self._followed else None
        folded = (dose.feed,) if release is None else (dose.feed, release.feed)
        teller = Teller(clock, journal, monitor, (*folded, *self._publish))
        guards = None
        if bench.sources:
            log = folder.path / GUARD_LOG
            guards = bench.guards(self._specs, lambda trip: engines[0].tripped(trip), log)
        engine = Engine(
            clock,
            bench,
            request.plan,
            teller,
            monitor=monitor,
            guards=guards,
            dose=dose,
            ask=self._ask,
            armed_by=about.armed_by(request, bench.mode),
            at_bench=request.at_bench,
            specimen=request.specimen,
            release=release,
            next_step=request.next_step,
            last_words=lambda now_ns: _guard_log(folder, now_ns),
        )
        engines.append(engine)
        self._engine = engine
        # Told on the way to an off that a port's trouble calls for: it must not get in its way.
        bench.on_trouble = lambda key, address, what, detail: teller.tell_anyway(
            PortTrouble(clock.now_ns(), key, address, what, detail)
        )
        self._on_begin(Begun(bench.mode, folder, clock.utc_ns() - clock.now_ns(), engine))
        try:
            self._tell_beginning(bench, teller, priors, folder)
        except Exception as error:
            # Then the run is over before its first step, and is closed as any other.
            engine.failed(error)
        return await engine.run(), engine.verdict

    def _tell_beginning(
        self, bench: Bench, teller: Teller, priors: PriorsFixed | None, folder: RunFolder
    ) -> None:
        request, now_ns = self._request, self._clock.now_ns()
        specimen = request.specimen
        teller.tell(
            RunBegun(
                now_ns,
                mode=bench.mode,
                protocol=request.plan.name,
                protocol_digest=request.plan.digest,
                bench=request.bench_file.name,
                bench_digest=request.bench_file.digest,
                sample=specimen.name if specimen is not None else "",
                sample_digest=specimen.digest if specimen is not None else "",
                seed=request.seed if bench.mode is Mode.SIMULATED else None,
                version=labctl.__version__,
                parameters=dict(request.plan.parameters),
                faults=request.faults,
            )
        )
        teller.tell(FilesKept(now_ns, folder.kept(outside=not self._clock.virtual)))
        for words in waived(request.bench_file, today()):
            teller.tell(Note(now_ns, request.bench_file.name, words))
        if bench.mode is Mode.REAL:
            # A simulated run's journal holds nothing of the day on which it was run.
            for words in about.out_of_date(request.bench_file):
                teller.tell(Note(now_ns, request.bench_file.name, words))
        if request.unattended and bench.mode is Mode.REAL:
            words = f"UNATTENDED: {about.armed_by(request, bench.mode)}"
            teller.tell(Note(now_ns, request.bench_file.name, words))
        for found in bench.found(now_ns):
            teller.tell(found)
        if priors is not None:
            teller.tell(priors)
        if self._followed and specimen is not None:
            assays = request.bench_file.assays
            teller.tell(release_basis(now_ns, specimen, assays, self._followed))
        teller.tell(
            dose_basis(
                now_ns,
                request.bench_file,
                specimen,
                priors,
                has_meter=bench.meter is not None,
                sampling_s=request.plan.period_ns / NS,
            )
        )

    def _priors(self, bench: Bench) -> PriorsFixed | None:
        """What the check starts from; None unless one source heats, and no other."""
        request, plan = self._request, self._request.plan
        if not request.check or plan.source is None:
            return None
        priors, assumptions = priors_for(
            request.bench_file,
            request.specimen,
            blank=self._blank,
            electrical=request.calibration,
            calibrates=plan.source == HEATER,
            magnetises=plan.source == COIL,
            has_ambient=any(
                "ambient.temperature" in role.names.values() for role in bench.thermometers
            ),
            has_meter=plan.source in (HEATER, COIL) or bench.meter is not None,
            has_second="probe2" in self._found.roles,
            nominal_power_w=request.nominal_power_w or plan.most_w(plan.source),
        )
        criteria = (*declared(priors), *declared_series(plan.pulses_w))
        return PriorsFixed(self._clock.now_ns(), priors.to_plain(), assumptions, criteria)
