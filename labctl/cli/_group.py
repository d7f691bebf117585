"""The group of verbs: which there are, loaded late; how a command ends, whatever happens."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import click

import labctl
from labctl.cli._errors import show_error
from labctl.errors import Exit

VERBS: dict[str, tuple[str, str]] = {
    "run": ("labctl.cli._run", "Run a protocol on a bench, check it live, leave a record."),
    "log": ("labctl.cli._log", "Log thermocouples; no laser, no arming."),
    "plan": ("labctl.cli._plan", "Show what a protocol would do; no hardware touched."),
    "calibrate": ("labctl.cli._calibrate", "Keep an electrical calibration with its bench."),
    "dose": ("labctl.cli._dose", "What a sample has had over all its runs."),
    "runs": ("labctl.cli._runs", "Find, verify and recover the records of runs."),
    "campaign": ("labctl.cli._campaign", "Run a study: arms, replicates, lots; resume; report."),
    "batch": ("labctl.cli._batch", "Judge lots of a sample by declared limits and finished runs."),
    "report": ("labctl.cli._report", "A run, or a campaign, as one HTML page, and figures."),
    "compare": ("labctl.cli._compare", "Two to eight runs beside each other: do they differ."),
    "replay": ("labctl.cli._replay", "Feed a recorded run through today's check."),
    "export": ("labctl.cli._export", "Write a record for pandas, Origin, Prism, NeXus, Bluesky."),
    "validate": ("labctl.cli._validate", "Check protocol, bench and sample files."),
    "devices": ("labctl.cli._devices", "What is plugged in, and who answers."),
    "bench": ("labctl.cli._bench", "Write a bench file; go through a bench before its use."),
    "doctor": ("labctl.cli._doctor", "Is this computer fit to run a bench."),
    "schema": ("labctl.cli._schema", "Print the JSON Schema of a kind of file."),
    "analyse": ("labctl.cli._analyse", "Put anybody's heating curve through every method."),
    "import": ("labctl.cli._import", "Make a record of somebody else's heating curve."),
    "pack": ("labctl.cli._pack", "A protocol and its reference, for a second laboratory."),
    "serve": ("labctl.cli._serve", "Keep a bench: a page, an HTTP API and a queue."),
    "stop": ("labctl.cli._stop", "Laser off now, from another terminal."),
    "reset": ("labctl.cli._reset", "Take a trip off a bench, at the bench."),
    "watch": ("labctl.cli._watch", "Follow a run's telemetry in this terminal."),
    "broker": ("labctl.cli._broker", "Keep an MQTT broker up between runs."),
    "sim": ("labctl.cli._sim", "The simulated bench: serve it over TCP."),
    "test": ("labctl.cli._test", "Run labctl's own tests."),
    "completion": ("labctl.cli._completion", "Print the shell's completion script."),
}
"""Verb -> module, one line of help. The line stands here so that `--help` imports no verb."""


class _ReaderGoneError(Exception):
    """Nobody reads our output any more. (Click would make exit code 1 of a broken pipe, and 1 is
    a failed check.)"""


@contextlib.contextmanager
def _reader_watched() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _ReaderGoneError from error


class VerbGroup(click.Group):
    """A click group that imports a verb when it is called, and ends as `labctl.errors` says."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, (module, _) in VERBS.items() if importlib.util.find_spec(module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS or not importlib.util.find_spec(VERBS[cmd_name][0]):
            return None
        command = importlib.import_module(VERBS[cmd_name][0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{VERBS[cmd_name][0]}.command is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, VERBS[name][1]) for name in self.list_commands(ctx)]
        with formatter.section("Verbs"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if ctx.params.get("server"):
            return self._of_server(ctx, args)
        verbs = self.list_commands(ctx)
        if args[0] in verbs or ctx.resilient_parsing or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches  # late: only a slip of the finger needs it

        near = get_close_matches(args[0], verbs, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the verbs are {', '.join(verbs)}"
        raise click.UsageError(f"there is no verb {args[0]!r}; {hint}", ctx)

    def _of_server(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A verb that a service carries out."""
        from labctl.cli._remote import VERBS as OF_SERVER
        from labctl.cli._remote import find_server

        command = OF_SERVER.get(args[0])
        if command is None:
            raise click.UsageError(
                f"a service cannot be asked for {args[0]!r}; it can for {', '.join(OF_SERVER)}", ctx
            )
        ctx.obj = find_server(ctx.params["server"])
        return args[0], command, args[1:]

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        with _reader_watched():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _reader_watched():
            return super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = "labctl",
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run a verb and leave the process with its exit code. Always raises SystemExit."""
        _open_what_is_closed()
        try:
            result = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            code = int(result) if isinstance(result, int) else Exit.PASS
        except (_ReaderGoneError, BrokenPipeError):
            code = Exit.STOPPED
        except Exception as error:
            code = show_error(error)
        sys.exit(_flushed(int(code)))


def _open_what_is_closed() -> None:
    """A process may be started with a standard stream closed (`>&-`, some schedulers). The next
    file that is opened, such as a journal, would get its number and what is printed to it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # The lowest free number is the stream's own, because those below it are open.
            os.open(os.devnull, os.O_RDWR)
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _flushed(code: int) -> int:
    """The exit code, once what stands in the buffers has met its reader: here, not at shutdown,
    where Python would make 120 of it. A reader that has gone (`head` has what it wanted), or a
    terminal hung up, takes no exit code from a run."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            code = code or Exit.STOPPED
    return int(code)


@click.group(cls=VerbGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    labctl.__version__, "-V", "--version", prog_name="labctl", message="%(prog)s %(version)s"
)
@click.option(
    "--server", default=None, metavar="URL",
    help="Ask a service of `labctl serve` instead: status, run, stop, watch, queue.",
)  # fmt: skip
def main(server: str | None) -> None:
    """Run a photothermal lab bench: NIR-laser irradiation, thermocouple logging, and a live
    check of every reading against the photothermal model.

    labctl is not a safety device; it must be used behind a hardware interlock, under your laser
    safety officer's rules.
    """
