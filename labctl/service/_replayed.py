"""A record on the page: its events once more, at their times, and no bench behind them.

The same hub, routes and page as of a service. Whoever looks is a viewer; what a viewer may do
besides, STOP, finds nothing to stop and says so. Nothing of it reaches a guard, an instrument, a
latch, a queue or a file.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from labctl import bench as benches
from labctl import clock, signals
from labctl.bench import BenchFile
from labctl.catalogue import is_day
from labctl.clock import NS, Clock, iso, run_virtual
from labctl.errors import LabctlError, RefusedError
from labctl.events import LASER, EmissionIntent, Event, Sample, StepBegun
from labctl.ready import Order
from labctl.record import JournalReader, JournalState
from labctl.replay import Played, Player, Recorded, read_recorded
from labctl.service._access import Access, Tokens
from labctl.service._app import gated
from labctl.service._control import Control
from labctl.service._latch import Latched, StopLatch
from labctl.service._notify import Watchdog
from labctl.service._only import ShowsOne
from labctl.service._reached import Reached
from labctl.service._seen import About, Seen, is_quiet
from labctl.service._server import WebServer, listen

NO_BENCH = "this is the replay of a record: there is no bench here to stop, hold, ask or start"
_HOST = "127.0.0.1"
_ROOM = 2048
"""Events that the web may be behind before the replay waits for it."""
_LOOK_S = 0.01


def serve_replay(
    folder: Path, say: Callable[[str], None], *, speed: float | None, port: int
) -> Played:
    """Play the record in `folder` on a page of its own, on loopback, until a signal; returns how
    far it came. RecordError where there is no run in it."""
    recorded = read_recorded(folder)
    about = _about(recorded, speed)
    tokens = Tokens(*(secrets.token_urlsafe(32) for _ in range(3)))
    service = ReplayService(recorded, Access(tokens))
    listening = listen(_HOST, port)
    reached = Reached(_HOST, listening.getsockname()[1], (), tls=False, behind_proxy=False)
    app = gated(service, reached.hosts, reached.origins)
    server = WebServer(app, listening, service.hub, Watchdog(lambda: 0.0))
    player = Player(recorded)
    try:
        server.start()
        say(f"page        {reached.page}/#token={tokens.viewer}")
        say("            it watches alone: nothing there lights, starts or stops a bench")
        service.hub.begin(about)
        _until_signal(player, service, speed, say)
    finally:
        server.close("the replay ends")
    return player.played


class ReplayService(ShowsOne):
    """What the routes act on: a record. Made on the main thread, used from the web's."""

    def __init__(self, recorded: Recorded, access: Access) -> None:
        path = recorded.path.resolve()
        alone = not is_day(path.parent.name)
        super().__init__(
            _bench_of(recorded),
            # Other runs of its folder for records can be looked at beside it. What lies around a
            # record that was laid somewhere by itself is nobody's business.
            runs_dir=path if alone else path.parent.parent,
            speed=1.0,
            access=access,
        )
        self.only = (_name_of(recorded), path) if alone else None
        self.control = _NoBench(self.hub.nudge)
        self.latch = _NoLatch(self.bench_file)
        self._name = recorded.begun.bench
        self._recorded_mode = recorded.begun.mode.value
        self._over = ""

    @property
    def mode(self) -> str:
        """REPLAY, whatever was recorded."""
        return "REPLAY"

    def plan(self, order: Order) -> dict[str, Any]:
        """Refused: no bench would carry it out."""
        raise RefusedError(NO_BENCH)

    def publish(self, event: Event) -> None:
        """One more of them, with names in the place of places."""
        self.hub.publish(event if is_quiet(event) else self.names.event(event))

    def over(self, played: Played) -> None:
        """All that is good of the record was played."""
        closed = played.state is JournalState.CLOSED
        self._over = ", ended" if closed else f": the record ends here, {played.state.value}"
        self.hub.nudge()

    def stop(self, who: str, why: str, *, laser: bool) -> str:
        """There is nothing to stop."""
        self.stops += 1
        return (
            f"{NO_BENCH}. At the bench use its own page, the interlock or the key"
            if laser
            else NO_BENCH
        )

    def stopped(self, who: str, why: str, done: str, *, laser: bool) -> None:
        """Nothing was done, and nothing is written."""

    def order(self, asked: Mapping[str, Any], by: str) -> NoReturn:
        """Refused."""
        raise RefusedError(NO_BENCH)

    def _status(self, seen: Seen, now_ns: int) -> dict[str, Any]:
        """Of the record; of a bench nothing."""
        told = super()._status(seen, now_ns)
        then = seen.state
        power = f" {then.commanded_w:.2f} W" if then.commanded_w else ""
        recorded = f"{then.beam.value.upper()}{power}, {then.how}"
        return {
            **told,
            "bench": self._name,
            "word": f"REPLAY{self._over}",
            "tone": "idle",
            "beam": {
                "seen": "UNKNOWN",
                "text": f"of no bench is anything known here; in the record of this "
                f"{self._recorded_mode} run it was {recorded}",
                "age_s": None,
            },
            "engine": "",
            "power_w": 0.0,
            "stalled": False,
            "latched": None,
            "worst_off": [],
        }


class _NoBench(Control):
    """Always well, with nothing to stop."""

    def probe(self) -> float:
        return 0.0

    def stop(self, who: str) -> bool:
        return False


class _NoLatch(StopLatch):
    """A replay latches nothing, and says nothing of a latch of the bench whose record it is."""

    def __init__(self, bench_file: BenchFile) -> None:
        super().__init__(bench_file)
        self.real = True

    def latch(self, why: str, by: str) -> None:
        return

    def keep(self) -> None:
        return

    def now(self) -> Latched | None:
        return None


def _until_signal(
    player: Player, service: ReplayService, speed: float | None, say: Callable[[str], None]
) -> None:
    """Plays, then leaves the page up."""

    async def main(here: Clock) -> None:
        with concurrent.futures.ThreadPoolExecutor(1, "labctl-replay") as pool:
            asked = asyncio.Event()

            async def room() -> None:
                while service.hub.waiting > _ROOM:
                    await here.settle(pool.submit(clock.real_sleep, _LOOK_S))

            async def play() -> None:
                played = await player.play(here, service.publish, room)
                service.over(played)
                say(
                    f"played      {played.events} events, {played.last_ns / NS:.1f} s of the run; "
                    "the page stays until Ctrl-C"
                )

            loop = asyncio.get_running_loop()
            restore = signals.on_signals(loop, lambda name: asked.set())
            playing = asyncio.ensure_future(play())
            waiting = asyncio.ensure_future(asked.wait())
            try:
                await asyncio.wait([playing, waiting], return_when=asyncio.FIRST_COMPLETED)
                if playing.done():
                    playing.result()
                    await waiting
            finally:
                restore()
                for task in (playing, waiting):
                    task.cancel()
                await asyncio.wait([playing, waiting])

    run_virtual(main, speed=speed)


def _about(recorded: Recorded, speed: float | None) -> About:
    """From the journal alone, so that any version's is shown: the steps that were begun."""
    begun, path = recorded.begun, recorded.path
    steps: list[Mapping[str, Any]] = []
    ticks: list[int] = []
    lights = False
    for event in JournalReader(path / "journal.jsonl"):
        match event:
            case StepBegun():
                steps.append({
                    "index": event.index, "verb": event.verb, "name": event.name,
                    "at_most_s": event.at_most_ns / NS or None, "power_w": event.power_w,
                })  # fmt: skip
            case EmissionIntent():
                lights = lights or event.source == LASER
            case Sample() if len(ticks) < 2:
                ticks.append(event.scheduled_ns)
    return About(
        run_id=str(recorded.facts.get("run_id", "")) or path.name,
        record=_name_of(recorded),
        began_utc=iso(recorded.utc_zero_ns),
        protocol=begun.protocol,
        sample=begun.sample,
        lights=lights,
        steps=steps,
        period_s=(ticks[1] - ticks[0]) / NS if len(ticks) == 2 else 1.0,
        speed=speed,
    )


def _name_of(recorded: Recorded) -> str:
    """`<date>/<name>`: of a record that lies among others, where it lies; of one by itself, from
    the day of its run and the folder's own name, as far as an address can have it."""
    path = recorded.path.resolve()
    if is_day(path.parent.name):
        return f"{path.parent.name}/{path.name}"
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.name).lstrip("_.-")[:100]
    return f"{iso(recorded.utc_zero_ns)[:10]}/{name or 'record'}"


def _bench_of(recorded: Recorded) -> BenchFile:
    """Its copy; the shipped simulated bench stands in for one that this version does not take:
    of the bench the page shows nothing but its name."""
    try:
        return benches.load(recorded.path / "bench.yaml")
    except (LabctlError, OSError):
        return benches.load(benches.find_bench("simulated", environment=None).path)
