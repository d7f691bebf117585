"""What `run` and `log` do once they know what to run: views, telemetry, the run, its last words."""

from __future__ import annotations

import functools
import getpass
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from labctl import log, platform, signals
from labctl.cli._asking import Asking
from labctl.cli._event_log import EventLog
from labctl.cli._view import Presenter, Summary, choose, mode_line
from labctl.clock import iso, wall_utc_ns
from labctl.engine import Begun, Publish, RunRequest, RunResult, carry_out, check_request
from labctl.events import Event
from labctl.settings import read_settings
from labctl.telemetry import BrokerChoice, Telemetry


class RunInTerminal:
    """One run, shown. `telemetry` is made when the run begins, because it needs the mode."""

    def __init__(
        self,
        request: RunRequest,
        *,
        broker: BrokerChoice,
        as_json: bool,
        plain: bool,
        figure: bool,
        yes: bool,
        header: Sequence[str],
        bench_why: str,
        next_commands: Callable[[RunResult], Sequence[str]],
    ) -> None:
        self._asking = Asking(yes=yes)
        at_bench, why_not = self._asking.at_bench()
        self._request = replace(request, at_bench=at_bench, not_at_bench=why_not)
        self.as_json = as_json
        self._broker = broker
        self._figure = figure
        self._header = tuple(header)
        self._bench_why = bench_why
        self._next_commands = next_commands
        self._view: Presenter = choose(json=as_json, plain=plain, speed=request.speed)
        self._telemetry: Telemetry | None = None
        self._stack = ExitStack()
        self.result: RunResult | None = None
        """What came of it, once it has been run."""

    @property
    def request(self) -> RunRequest:
        """What is, or was, carried out."""
        return self._request

    def check(self) -> None:
        """Raises what would refuse this run; no port is opened."""
        self._asking.check(self._request.plan.prompts)
        check_request(self._request)

    def run(self) -> int:
        """Carry out and show; returns the exit code."""
        view = self._view
        self._asking.check(self._request.plan.prompts)
        view.start()
        try:
            with self._stack:
                result = carry_out(
                    self._request,
                    publish=(view.show, self._publish, *_event_log(self._request)),
                    ask=self._asking,
                    on_begin=self._begin,
                    on_signals=signals.on_signals,
                )
                self.result = result
                if self._telemetry is not None:
                    self._telemetry.close()
                view.finish(self._summary(result))
        finally:
            view.close()
        if view.fault is not None:
            # Where nobody listens any more the exit code is all that tells of the beam.
            with suppress(OSError):
                click.echo(f"the view ended early: {view.fault}; the record is whole", err=True)
        return int(result.ended.exit_code)

    def _publish(self, event: Event) -> None:
        if self._telemetry is not None:
            self._telemetry.publish(event)

    def _begin(self, begun: Begun) -> None:
        """The record is open: announce the run, tell the view, start telemetry."""
        request, view, folder = self._request, self._view, begun.folder
        self._stack.enter_context(
            platform.announce(
                {
                    "run_id": folder.run_id,
                    "bench": request.bench_file.name,
                    "mode": begun.mode.value,
                    "user": getpass.getuser(),
                    "since": iso(wall_utc_ns()),
                    "record": str(folder.path),
                }
            )
        )
        first = mode_line(begun.mode, request.bench_file.name, self._bench_why)
        view.header(
            [first, *self._header],
            at_most_ns=[step.at_most_ns or 0 for step in request.plan.steps],
        )
        if self._broker.off:
            return
        telemetry = Telemetry(
            request.bench_file.name,
            begun.mode,
            request.bench_file.describe(),
            self._broker,
            run_uid=folder.run_id,
            utc_zero_ns=begun.utc_zero_ns,
            say=view.say,
        )
        telemetry.start()
        self._stack.callback(telemetry.close)
        self._telemetry = telemetry
        # Only waits for the first connection, to show the line that subscribes.
        threading.Thread(
            target=functools.partial(_show_subscription, telemetry, view),
            name="labctl-subscription",
            daemon=True,
        ).start()

    def _summary(self, result: RunResult) -> Summary:
        messages: list[str] = []
        figure: Path | None = None
        if self._figure:
            try:
                from labctl.figure import draw

                figure = draw(result.folder.path)
            except Exception as error:
                # The run is over and its record is closed: a picture takes nothing from its end.
                messages.append(f"no figure: {error}")
        from labctl.export import crate_or_why

        # After the picture, which belongs to it.
        if why := crate_or_why(result.folder.path):
            messages.append(why)
        if result.fault is not None:
            messages.append(str(result.fault))
        return Summary(
            exit_code=int(result.ended.exit_code),
            run_ended=result.ended,
            verdict=result.verdict,
            record=result.folder.path,
            figure=figure,
            next_commands=tuple(self._next_commands(result)),
            messages=tuple(messages),
        )


def _event_log(request: RunRequest) -> tuple[Publish, ...]:
    """labctl's own log, where `LABCTL_LOG` asks for changes of state; else nothing is in the way
    of a reading."""
    level = read_settings().log_level
    if level not in ("debug", "info"):
        return ()
    log.configure(level)
    return (EventLog(log.logger(bench=request.bench_file.name, protocol=request.plan.name)).show,)


def _show_subscription(telemetry: Telemetry, view: Presenter) -> None:
    if telemetry.wait_ready(10.0):
        line = telemetry.mosquitto_sub_line()
        if line is not None:
            view.telemetry(line)


def command_name() -> str:
    """How this process was called, for the commands to try next."""
    return "python3 -m labctl" if sys.argv[0].endswith("__main__.py") else "labctl"


def about_process() -> dict[str, Any]:
    """For run.json: the command line."""
    return {"command": [command_name(), *sys.argv[1:]]}
