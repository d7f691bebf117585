"""`labctl replay RUN --mqtt`: a record's events onto MQTT, in mode REPLAY."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
from pathlib import Path
from typing import Any

import click

from labctl import clock, signals
from labctl.clock import NS, Clock, run_virtual
from labctl.errors import Exit, InputError, LabctlError
from labctl.events import Mode
from labctl.record import JournalState, Outcome, Verification, verify_run
from labctl.replay import Played, Player, Recorded, read_recorded
from labctl.telemetry import BrokerChoice, Telemetry

SCHEMA = "labctl.replayed/1"
_WAIT_S = 10.0
"""For a broker at the beginning, and for the last messages at the end."""
_ROOM = 128
"""Events that may wait to be sent; a replay holds its clock beyond, and loses none."""
_LOOK_S = 0.01


def parse_speed(text: str) -> float | None:
    """Seconds of the run in a real second; None for as fast as it goes."""
    if text == "max":
        return None
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0.0 < speed <= 1e6:
        raise InputError(f"{text!r} is no speed", where="--speed", fix="Write 1, 10 or max.")
    return speed


def replay_onto(
    folder: Path, broker: str, root: str | None, speed: float | None, *, as_json: bool
) -> int:
    """The exit code: 0 played to the run's end, 5 stopped, 6 the record is not as it was written,
    7 it was cut off. InputError where no broker answers."""
    choice = BrokerChoice.parse(broker)
    if choice.off:
        raise InputError("there is no broker to replay onto", where="--mqtt")
    recorded = read_recorded(folder)
    verified = verify_run(folder)
    telemetry = Telemetry(
        recorded.begun.bench or recorded.begun.mode.value.lower(),
        Mode.REPLAY,
        _described(recorded, verified),
        choice,
        run_uid=str(recorded.facts.get("run_id", "")) or folder.name,
        utc_zero_ns=recorded.utc_zero_ns,
        replay_root=root,
    )
    say = (lambda line: None) if as_json else click.echo
    say(f"REPLAY      {recorded.begun.mode.value} {folder}")
    say(f"record      {verified.outcome.value}: {verified.why[0]}")
    telemetry.start()
    try:
        if not telemetry.wait_ready(_WAIT_S):
            raise InputError(
                f"no broker answers within {_WAIT_S:g} s ({telemetry.status})",
                where="--mqtt",
                fix="Start one with `labctl broker`, or name another with --mqtt.",
            )
        say(f"telemetry   {telemetry.address} under {telemetry.topic}/")
        say(f"            {telemetry.mosquitto_sub_line()}")
        began_ns = clock.real_ns()
        player = Player(recorded)
        stopped, fault = _play(player, telemetry, speed)
        took_s = (clock.real_ns() - began_ns) / NS
    finally:
        telemetry.close(_WAIT_S)
    if fault is not None:
        raise fault
    played, counted = player.played, telemetry.counters()
    if as_json:
        said = _plain(recorded, verified, played, stopped)
        click.echo(json.dumps({**said, "sent": counted.sent, "dropped": counted.dropped,
                               "spilled": counted.spilled, "took_s": took_s}))  # fmt: skip
    else:
        say(
            f"replayed    {played.events} events, {played.last_ns / NS:.1f} s of the run in "
            f"{took_s:.1f} s; {counted.dropped + counted.spilled} lost on the way"
        )
        say(f"            {_end(played, stopped)}")
    return code(verified, played, stopped)


def code(verified: Verification, played: Played, stopped: str) -> int:
    """How a record that was played ends the command."""
    if stopped:
        return Exit.STOPPED
    if verified.outcome is Outcome.CHANGED or played.state is JournalState.DAMAGED:
        return Exit.DATA
    return Exit.PASS if played.state is JournalState.CLOSED else Exit.CANNOT_TELL


def _play(
    player: Player, telemetry: Telemetry, speed: float | None
) -> tuple[str, LabctlError | None]:
    """The signal that stopped it, or ''; and what it broke on."""
    heard: list[str] = []

    async def main(here: Clock) -> LabctlError | None:
        with concurrent.futures.ThreadPoolExecutor(1, "labctl-replay") as pool:

            async def room() -> None:
                while telemetry.depth > _ROOM and not telemetry.over:
                    await here.settle(pool.submit(clock.real_sleep, _LOOK_S))

            async def whole() -> None:
                await player.play(here, telemetry.publish, room)
                until_ns = clock.real_ns() + clock.ns(_WAIT_S)
                while telemetry.depth and not telemetry.over and clock.real_ns() < until_ns:
                    await here.settle(pool.submit(clock.real_sleep, _LOOK_S))

            task = asyncio.ensure_future(whole())

            def stop(name: str) -> None:
                heard.append(name)
                task.cancel()

            restore = signals.on_signals(asyncio.get_running_loop(), stop)
            try:
                await asyncio.wait([task])
            finally:
                restore()
        if task.cancelled():
            return None
        error = task.exception()
        if error is not None and not isinstance(error, LabctlError):
            raise error
        return error

    fault = run_virtual(main, speed=speed)
    return (heard[0] if heard else ""), fault


def _described(recorded: Recorded, verified: Verification) -> dict[str, Any]:
    """For `$desc`: whose words these are; and the bench as its copy in the record has it."""
    from labctl import bench as benches

    try:
        bench = benches.load(recorded.path / "bench.yaml").describe()
    except (LabctlError, OSError):
        # No copy, or one that this version does not take: the events stand for themselves.
        bench = {}
    return {
        **bench,
        "replay_of": {
            "run": recorded.path.name,
            "run_id": recorded.facts.get("run_id", ""),
            "mode": recorded.begun.mode.value,
            "begun": recorded.facts.get("begun", ""),
            "record": verified.outcome.value,
            "head_hash": verified.head_hash,
        },
    }


def _end(played: Played, stopped: str) -> str:
    if stopped:
        return f"stopped by {stopped}; state offline"
    if played.state is JournalState.CLOSED:
        return "to the run's end; state offline"
    return f"the record ends there ({played.state.value}{_why(played)}); state offline"


def _why(played: Played) -> str:
    return f": {played.why}" if played.why else ""


def _plain(
    recorded: Recorded, verified: Verification, played: Played, stopped: str
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "run": str(recorded.path),
        "mode": "REPLAY",
        "recorded_mode": recorded.begun.mode.value,
        "record": verified.outcome.value,
        "events": played.events,
        "last_s": played.last_ns / NS,
        "ended": "stopped" if stopped else played.state.value,
    }
