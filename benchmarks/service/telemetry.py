"""Telemetry: what is published is valid, never more hopeful than the light, and costs no reading.

Readers that are not labctl's listen to a real broker while broker, readers and service are stopped
and killed; what a reader says by the documented rule is laid beside the world's own log of its
light, on the same clock. The hour of a broker that comes and goes is simulated (`_flapping`).
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._figures import Figure
from benchmarks.service._flapping import flapping
from benchmarks.service._heard import (
    Broker,
    Heard,
    Judged,
    broker,
    heard,
    invalid,
    judged,
    missing_events,
    mosquitto,
    mosquitto_sub,
    reader,
    slow_subscriber,
)
from benchmarks.service._kept import (
    Kept,
    edges,
    environment,
    kept,
    percentile,
    usage,
    wait,
    world,
)
from labctl.clock import NS, real_ns
from labctl.events import Emission, EmissionIntent, Sample
from labctl.record import JournalReader

FRESH_S = 3.0
"""Three heartbeats: what OFF may be older than, by the rule."""
LATER_S = 0.005
HOUR_S = 3600.0
HOURS = {"short": 1, "full": 20}
LIVES = {"short": ("mosquitto",), "full": ("mosquitto", "amqtt") * 3}
FAULTS = {"short": 3, "full": 24}
PAIRS = {"short": 2, "full": 10}
FLICKER = """schema: labctl.protocol/1
name: flicker
parameters:
  times: {default: 40, min: 1, max: 200}
  on: {default: 4 s, min: 1 s, max: 60 s}
needs: {laser: laser, probe: thermometer}
limits: {temperature: 75 degC, total: 1 h}
record: {every: 100 ms}
steps:
  - baseline: {for: 2 s, drift: 0.5 K}
  - repeat:
      times: $times
      steps:
        - irradiate: {power: 0.3 W, for: $on}
        - cool: {for: 2.5 s}
"""


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _hours(profile)
        kinds = ["amqtt"] if mosquitto() is None else ["mosquitto", "amqtt"]
        with ThreadPoolExecutor() as pool:
            # Beside each other: they wait for most of their time.
            jobs = [
                pool.submit(lambda kind: list(_valid(Path(folder) / kind, kind, profile)), kind)
                for kind in kinds
            ]
            for job in jobs:
                yield from job.result()
        yield from _faults(Path(folder), profile)
        yield from _lateness(Path(folder), profile)


def _made(root: str | Path, name: str) -> Path:
    place = Path(root) / name
    place.mkdir()
    return place


# -- an hour in which the broker comes and goes --


def _hours(profile: str, simulated_s: float = HOUR_S) -> Iterator[Figure]:
    """As `measure`; seeds are 1, 2, ..."""
    hours = [flapping(seed, simulated_s) for seed in range(1, HOURS[profile] + 1)]
    worst_s = max(told.worst_s for told in hours)
    lit = sum(told.lit for told in hours)
    outages = sum(sum(told.outages.values()) for told in hours)
    dark = sum(told.off_dark for told in hours) / max(1, sum(told.looks_dark for told in hours))
    beside = (
        f"without looking at how late a heartbeat is {max(t.simple_s for t in hours):.1f} s, "
        f"$state alone {max(t.retained_s for t in hours):.1f} s; {lit} times lit, {outages} "
        f"outages, OFF said in {dark:.0%} of the dark of runs"
    )
    yield Figure(f"{len(hours)} h of flapping, simulated: OFF said after light on, worst", worst_s,
                 "s", profile, beside, f"{FRESH_S:g} s", worst_s < FRESH_S)  # fmt: skip


# -- what is published, as others get it --


def _valid(folder: Path, kind: str, profile: str) -> Iterator[Figure]:
    folder.mkdir()
    with ExitStack() as stack:
        bench = stack.enter_context(world(folder))
        hub = stack.enter_context(broker(kind, folder))
        stack.enter_context(reader(hub.port, folder / "paho"))
        stack.enter_context(mosquitto_sub(hub.port, folder / "sub"))
        service = stack.enter_context(_service(folder, bench, hub))
        service.until_done(_start(service, 1, "1 s"))
        before = _lit(folder)
        _start(service, 1)
        wait(lambda: _lit(folder) > before)
        killed_ns = real_ns()
        service.process.kill()
        service.process.wait()
        lost_s = _lost(folder / "paho", killed_ns)
    paho, sub = heard(folder / "paho"), _heard_by_sub(folder / "sub")
    wrong = invalid(paho) + invalid(sub)
    kinds = {message.payload["schema"] for message in paho}
    events, gaps = missing_events(paho)
    same = not sub or missing_events(sub) == (events, gaps)
    clients = "paho and mosquitto_sub" if sub else "paho"
    yield Figure(f"{kind}: payloads that are not valid", wrong, "messages", profile,
                 f"{len(paho)} by paho, {len(sub)} by mosquitto_sub, {len(kinds)} schemas", "0",
                 wrong == 0 and len(kinds) >= 8)  # fmt: skip
    yield Figure(f"{kind}: gaps in the numbers of events", gaps, "events", profile,
                 f"{events} events, the same by {clients}", "0",
                 gaps == 0 and events > 0 and same)  # fmt: skip
    yield Figure(f"{kind}: service killed while lit, `lost` is there", lost_s, "s", profile,
                 "", "1 s", lost_s < 1.0)  # fmt: skip


def _heard_by_sub(file: Path) -> list[Heard]:
    return heard(file) if file.exists() else []


def _service(folder: Path, bench: Path, hub: Broker) -> AbstractContextManager[Kept]:
    own = folder / "own"
    own.mkdir(exist_ok=True)
    (own / "flicker.yaml").write_text(FLICKER)
    return kept(folder, "--bench", str(bench), "--protocols", str(own), "--broker", hub.url)


def _start(service: Kept, times: int, on: str = "4 s") -> str:
    given = {"times": str(times), "on": on}
    order = {"protocol": "flicker", "parameters": given, "sample": "pda-aminoacid"}
    return str(service.ask("POST", "/start", order)["id"])


# -- faults --


@dataclass
class Life:
    """What came of one life with faults."""

    judged: list[Judged] = field(default_factory=list)
    wrong: int = 0
    events: int = 0
    gaps: int = 0
    spilled: int = 0
    """Events that telemetry gave up, as it says itself."""
    lost_s: float = 0.0
    """From SIGSTOP of the service to `lost` on the broker."""
    broker_mb: float = 0.0
    late_s: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    cut: bool = False
    """The run tripped before its faults were over."""


def _faults(root: Path, profile: str) -> Iterator[Figure]:
    lives = []
    for number, kind in enumerate(LIVES[profile]):
        if kind == "mosquitto" and mosquitto() is None:
            kind = "amqtt"
        lives.append(life(_made(root, f"life-{number}"), kind, number, FAULTS[profile]))
    judgements = [one for told in lives for one in told.judged]
    worst_s = max(one.worst_s for one in judgements)
    times = sum(one.times for one in judgements)
    count = sum(len(told.faults) for told in lives)
    cut = sum(told.cut for told in lives)
    shares = [one.off_dark for one in judgements]
    retained_s = max(one.retained_s for one in judgements)
    beside = (
        f"$state alone {retained_s:.1f} s; {count} faults, {times} times lit before "
        f"{len(judgements)} readers, OFF in {sum(shares) / len(shares):.0%} of the dark between"
        f"{', ' + str(cut) + ' cut short by a trip' if cut else ''}"
    )
    yield Figure("broker, reader, service stopped and killed: OFF after light on, worst", worst_s,
                 "s", profile, beside, f"{FRESH_S:g} s",
                 worst_s < FRESH_S and times > 0)  # fmt: skip
    wrong, events = sum(told.wrong for told in lives), sum(told.events for told in lives)
    yield Figure("the same: payloads that are not valid", wrong, "messages", profile, "", "0",
                 wrong == 0)  # fmt: skip
    gaps, spilled = sum(told.gaps for told in lives), sum(told.spilled for told in lives)
    yield Figure("the same: events that were given up", spilled, "events", profile,
                 f"{events} had by a reader, {gaps} published while it was not connected", "0",
                 spilled == 0 and events > 0)  # fmt: skip
    lost_s = max(told.lost_s for told in lives)
    yield Figure("service stopped: `lost` is retained, worst", lost_s, "s", profile,
                 f"a reader says UNKNOWN after {FRESH_S:g} s", "10 s", lost_s < 10.0)  # fmt: skip
    most_mb = max(told.broker_mb for told in lives)
    yield Figure("a subscriber that never reads: the broker's memory, most", most_mb, "MB", profile,
                 ", ".join(sorted(set(LIVES[profile]))), "100 MB", most_mb < 100.0)  # fmt: skip
    late_s = [late for told in lives for late in told.late_s]
    yield Figure("tick lateness p99 through all of it", percentile(late_s, 0.99) * 1e3, "ms",
                 profile, f"{len(late_s)} ticks")  # fmt: skip


def life(folder: Path, kind: str, seed: int, count: int) -> Life:
    """One service before two readers: `count` faults of broker and reader in the dark before light
    or in it, then the service stopped for seven and a half seconds and more, then killed."""
    chance, told = random.Random(f"life {seed}"), Life()
    with ExitStack() as stack:
        bench = stack.enter_context(world(folder))
        hub = stack.enter_context(broker(kind, folder))
        stack.enter_context(reader(hub.port, folder / "steady"))
        held = stack.enter_context(reader(hub.port, folder / "held"))
        stack.enter_context(slow_subscriber(hub.port))
        service = stack.enter_context(_service(folder, bench, hub))
        item = _start(service, 200)
        wait(lambda: _lit(folder) >= 1)
        order = ["broker stopped", "broker killed", "reader stopped"] * count
        for what in order[:count]:
            # In the dark, so that the light comes on while nobody is told.
            if not _dark(folder, service, item):
                told.cut = True
                break
            time.sleep(chance.uniform(0.5, 2.5))
            _fault(what, hub, held, chance)
            told.faults.append(what)
        told.broker_mb = usage(hub.process.pid)[1]
        before = _lit(folder)
        wait(lambda: _lit(folder) > before or service.item(item)["state"] == "done")
        told.lost_s = _stopped(service, folder)
        told.faults += ["service stopped", "service killed"]
        time.sleep(0.5)
    for name in ("steady", "held"):
        messages = heard(folder / name)
        told.judged.append(judged(messages, edges(folder, "on"), edges(folder, "off")))
        told.wrong += invalid(messages)
    steady = heard(folder / "steady")
    told.events, told.gaps = missing_events(steady)
    told.spilled = max(m.payload["queue"]["spilled"] for m in steady if "queue" in m.payload)
    told.late_s = _late(folder)
    return told


def _lit(folder: Path) -> int:
    return len(edges(folder, "on")) if (folder / "emission.jsonl").exists() else 0


def _dark(folder: Path, service: Kept, item: str) -> bool:
    """Wait until the light has gone out once more; False when the run is over: on a machine that is
    too busy a lease lapses, as it should."""
    before = len(edges(folder, "off"))
    wait(lambda: len(edges(folder, "off")) > before or service.item(item)["state"] == "done")
    return bool(service.item(item)["state"] != "done")


def _fault(what: str, hub: Broker, held: subprocess.Popen[bytes], chance: random.Random) -> None:
    if what == "broker stopped":
        hub.stop()
        time.sleep(chance.uniform(1.0, 7.0))
        hub.go_on()
    elif what == "broker killed":
        hub.kill()
        time.sleep(chance.uniform(0.2, 3.0))
        hub.again()
    else:
        held.send_signal(signal.SIGSTOP)
        time.sleep(chance.uniform(2.0, 6.0))
        held.send_signal(signal.SIGCONT)


def _stopped(service: Kept, folder: Path) -> float:
    """Stop it while it is lit, until its will has come; then kill it."""
    stopped_ns = real_ns()
    service.process.send_signal(signal.SIGSTOP)
    lost_s = _lost(folder / "steady", stopped_ns)
    service.process.kill()
    service.process.wait()
    return lost_s


def _lost(file: Path, since_ns: int) -> float:
    """After what time a reader had the will; 20 s where it never came."""

    def came() -> list[int]:
        return [
            message.at_ns
            for message in heard(file)
            if message.at_ns > since_ns and message.payload.get("state") == "lost"
        ]

    try:
        wait(lambda: bool(came()), 20.0)
    except TimeoutError:
        return 20.0
    return (came()[0] - since_ns) / NS


# -- what it costs a reading --


def _lateness(root: Path, profile: str) -> Iterator[Figure]:
    """Logs with and without, turn by turn, each on a world of its own."""
    late: dict[bool, list[float]] = {True: [], False: []}
    worse = []
    kind = "amqtt" if mosquitto() is None else "mosquitto"
    for pair in range(PAIRS[profile]):
        p99 = {}
        for told in (False, True) if pair % 2 == 0 else (True, False):
            place = _made(root, f"late-{pair}-{told}")
            late_s = _run_once(place, kind, told=told)
            late[told] += late_s
            p99[told] = percentile(late_s, 0.99)
        worse.append(p99[True] - p99[False])
    more_s = percentile(late[True], 0.99) - percentile(late[False], 0.99)
    halves = [percentile(late[told], 0.5) * 1e3 for told in (True, False)]
    pairs = ", ".join(f"{one * 1e3:+.1f}" for one in worse)
    yield Figure("tick lateness p99, with telemetry past without", more_s * 1e3, "ms", profile,
                 f"without {percentile(late[False], 0.99) * 1e3:.2f} ms; pairs {pairs} ms, "
                 f"medians {halves[0]:.2f} and {halves[1]:.2f} ms, {len(late[True])} ticks each; "
                 "broker stopped for half of it",
                 f"{LATER_S * 1e3:g} ms", more_s <= LATER_S)  # fmt: skip


def _run_once(folder: Path, kind: str, *, told: bool) -> list[float]:
    with ExitStack() as stack:
        bench = stack.enter_context(world(folder))
        url = "off"
        if told:
            hub = stack.enter_context(broker(kind, folder))
            stack.enter_context(reader(hub.port, folder / "paho"))
            url = hub.url
        process = subprocess.Popen(
            [sys.executable, "-m", "labctl", "log", "--for", "8s", "--every", "100ms", "--bench",
             str(bench), "--runs", str(folder / "runs"), "--broker", url, "--no-figure", "--json"],
            cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        if told:
            wait(lambda: any(m.topic.endswith("/data") for m in heard(folder / "paho")))
            time.sleep(3.0)
            hub.stop()
        process.wait(60)
    return _late(folder)


def _late(folder: Path) -> list[float]:
    """How long after its tick each sample came, past the quickest: the exchanges are the same.
    Those within a second of the laser's switching are left out: they wait for it."""
    journal = next((folder / "runs").glob("*/001-*")) / "journal.jsonl"
    events = list(JournalReader(journal))
    switched = [event.t_ns for event in events if isinstance(event, EmissionIntent | Emission)]
    late_s = [
        (event.t_ns - event.scheduled_ns) / NS
        for event in events
        if isinstance(event, Sample)
        and not any(abs(event.scheduled_ns - at_ns) < NS for at_ns in switched)
    ]
    return [one - min(late_s) for one in late_s]
