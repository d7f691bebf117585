"""Runs of a simulated campaign side by side, each in a world and a process of its own.

A bench that exists carries out one run at a time; of one that is simulated in-process there are as
many as there are processes. Only one process writes the log. The others end when it does.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

from labctl import platform, signals
from labctl.campaign._log import CampaignLog
from labctl.campaign._order import Unit
from labctl.campaign._run import Ran, begin, next_unit, over, refused, take_up
from labctl.campaign._state import CampaignState, Made
from labctl.campaign._study import Study
from labctl.engine import ANSWERED_IN_ADVANCE, RunRequest, carry_out, way_to
from labctl.errors import LabctlError, RefusedError, StoppedError
from labctl.export import crate_or_why

Under = dict["Future[Ran]", Unit]


def carry_quietly(request: RunRequest) -> Ran:
    """Carry one run out with nobody looking on; its prompts are answered. RefusedError for a bench
    that is not simulated in-process throughout."""
    if not way_to(request.plan, request.bench_file).in_process:
        raise RefusedError(
            "a run with nobody looking on is for a bench that is simulated in-process (sim://)",
            where=request.bench_file.source_file,
        )
    result = carry_out(
        request,
        publish=(),
        ask=_answered,
        on_begin=lambda begun: None,
        on_signals=signals.on_signals,
    )
    crate_or_why(result.folder.path)
    return Ran.of(result)


def run_side_by_side(
    study: Study,
    log: CampaignLog,
    runs_dir: Path,
    jobs: int,
    *,
    about: Mapping[str, Any] | None = None,
    at_most: int | None = None,
    on_settled: Callable[[Made], None] = lambda made: None,
    on_over: Callable[[Unit, Ran], None] = lambda unit, ran: None,
) -> Ran | None:
    """As `run_campaign`, up to `jobs` runs at a time, as fast as it goes. Runs are begun in the
    declared order. After one that a person must look at no other is begun."""
    for made in take_up(study, log, runs_dir):
        on_settled(made)
    context = multiprocessing.get_context("spawn")
    last: Ran | None = None
    begun = 0
    error: BaseException | None = None
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=platform.die_with_parent
    ) as pool:
        under: Under = {}
        while True:
            while last is None and error is None and len(under) < jobs:
                unit = None
                if at_most is None or begun < at_most:
                    unit = next_unit(study, CampaignState.of(log.read()))
                if unit is None:
                    break
                begun += 1
                request = begin(
                    study, log, runs_dir, unit, speed=lambda plan: None, about=about or {}
                )
                under[pool.submit(carry_quietly, request)] = unit
            if not under:
                break
            try:
                done, _ = concurrent.futures.wait(
                    under, return_when=concurrent.futures.FIRST_COMPLETED
                )
            except KeyboardInterrupt:
                # The processes heard it too, and close their runs.
                error = StoppedError("asked to stop by SIGINT")
                continue
            for future in done:
                unit = under.pop(future)
                try:
                    ran = future.result()
                except LabctlError as raised:
                    refused(study, log, runs_dir, unit, raised)
                    error = error or raised
                    continue
                except Exception as raised:
                    # A process that died: its record is looked at by whoever goes on.
                    error = error or raised
                    continue
                over(log, runs_dir, unit, ran)
                on_over(unit, ran)
                last = last or (None if ran.goes_on else ran)
    if error is not None:
        raise error
    return last


def _answered(text: str) -> Future[str]:
    future: Future[str] = Future()
    future.set_result(ANSWERED_IN_ADVANCE)
    return future
