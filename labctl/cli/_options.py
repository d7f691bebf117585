"""Options that more than one verb takes, and what becomes of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import click

from labctl.errors import InputError

F = TypeVar("F", bound=Callable[..., Any])

DEMONSTRATION_S = 10.0
"""How long a whole protocol takes on a simulated bench when no speed is given."""


def bench_option(function: F) -> F:
    """`--bench FILE`."""
    return click.option(
        "--bench",
        default=None,
        metavar="FILE",
        help="Bench file; else $LABCTL_BENCH, ./bench.yaml, the shipped simulated bench.",
    )(function)


def sample_option(function: F) -> F:
    """`--sample NAME`."""
    return click.option(
        "--sample", default=None, metavar="NAME", help="Sample file, or the name of a shipped one."
    )(function)


def fault_option(function: F) -> F:
    """`--fault SPEC`, any number of times."""
    return click.option(
        "--fault",
        "faults",
        multiple=True,
        metavar="SPEC",
        help="Inject a fault into the simulated world, e.g. power-step=-10%@120s "
        "(`labctl sim faults` lists them).",
    )(function)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What `run` and `log` have in common, as it was typed."""

    bench: str | None
    sample: str | None
    speed: str | None
    seed: int
    faults: tuple[str, ...]
    runs_dir: Path | None
    broker: str | None
    as_json: bool
    plain: bool
    no_figure: bool
    yes: bool


def run_options(function: Callable[..., int]) -> Callable[..., int]:
    """The options of `RunOptions`; the verb gets them as one value, `options`."""

    @functools.wraps(function)
    def with_options(**given: Any) -> int:
        names = [field.name for field in fields(RunOptions)]
        options = RunOptions(**{name: given.pop(name) for name in names})
        return function(options=options, **given)

    wrapped: Callable[..., int] = with_options
    # Click lists the option that was put on last first.
    for option in reversed((
        bench_option,
        sample_option,
        click.option("--speed", default=None, metavar="N|max",
                     help="Seconds of the protocol in one real second; simulated bench only. "
                     "Default: the whole protocol in about ten seconds."),
        click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0),
                     help="Seed of the simulated world."),
        fault_option,
        click.option("--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
                     help="Folder for records; else $LABCTL_RUNS, else ./runs."),
        click.option("--broker", default=None, metavar="URL|auto|off",
                     help="MQTT broker; else $LABCTL_BROKER, else one of our own on loopback."),
        click.option("--json", "as_json", is_flag=True, help="One event a line on stdout."),
        click.option("--plain", is_flag=True, help="Lines instead of the live screen."),
        click.option("--no-figure", is_flag=True, help="Do not draw the figure at the end."),
        click.option("-y", "--yes", is_flag=True, help="Answer every prompt of the protocol."),
    )):  # fmt: skip
        wrapped = option(wrapped)
    return wrapped


def parse_speed(text: str | None, *, in_process: bool, planned_s: float) -> float | None:
    """The clock's speed: 1 on anything but an in-process simulation, unless asked otherwise."""
    if text is None:
        return max(1.0, planned_s / DEMONSTRATION_S) if in_process else 1.0
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.01 <= speed <= 1e6:
        raise InputError(
            f"{text!r} is no speed",
            where="--speed",
            fix="Write a number of protocol seconds in one real second, such as 60, or max.",
        )
    return speed
