"""The parts of a service by themselves: curve, words, hub, queue, latch, secrets, systemd."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from labctl import bench as benches
from labctl import signals
from labctl.clock import NS
from labctl.errors import InputError, RefusedError
from labctl.events import (
    Assessment,
    Beam,
    Emission,
    EmissionIntent,
    Reading,
    RunEnded,
    Sample,
    StateChanged,
)
from labctl.ready import Order
from labctl.service import ServeOptions, serve
from labctl.service._hub import Hub
from labctl.service._latch import StopLatch
from labctl.service._notify import Watchdog
from labctl.service._points import MOST, Points
from labctl.service._queue import Queue
from labctl.service._secrets import read_tokens
from labctl.service._seen import About, Seen
from labctl.telemetry import BrokerChoice
from tests.unit.service.kept import Life

ABOUT = About("id", "2026-01-01/001-x", "2026-01-01T00:00:00.000000Z", "x", "water", True, (), 0.1,
              1.0)  # fmt: skip


def sample(t_s: float, emission: float = 0.0) -> Sample:
    t_ns = round(t_s * NS)
    readings = (
        Reading("probe.temperature", 20.0 + t_s, "degC", t_ns),
        Reading("laser.emission", emission, "", t_ns),
    )
    return Sample(t_ns, t_ns, readings)


def assessment(t_s: float) -> Assessment:
    unknown = [None] * 7
    return Assessment(round(t_s * NS), "dark", 21.0, 0.1, 0.0, *unknown, False, 0.0)


def ended(beam: Beam, how: str) -> RunEnded:
    return RunEnded(9 * NS, "completed", "all steps done", 0, "pass", beam, how, 1, 0.0)


# -- the curve ---------------------------------------------------------------------------------


def test_a_row_has_the_sample_and_what_the_check_said_of_it() -> None:
    """One row a tick; without a word of the check it is told as it is."""
    points = Points()
    for event in (sample(1.0), assessment(1.0), sample(2.0)):
        points.feed(event)
    assert points.waits
    points.flush()
    assert [[1.0, 21.0, 21.0], [2.0, 22.0, None]] == [[r[0], r[1], r[4]] for r in points.fresh()]
    assert points.table() == json.loads(points.text())


def test_a_word_of_the_check_that_comes_late_is_told_with_its_row_again() -> None:
    """Else the band has a hole for good; a word on a row that is gone changes nothing."""
    points = Points()
    points.feed(sample(1.0))
    points.flush()
    assert [None] == [row[4] for row in points.fresh()]
    points.feed(assessment(1.0))
    assert [(1.0, 21.0)] == [(row[0], row[4]) for row in points.fresh()]
    assert points.table() == json.loads(points.text())
    points.feed(assessment(0.5))
    assert [] == points.fresh()
    assert 1 == len(points.rows)


def test_light_is_unknown_from_its_intent_to_its_word() -> None:
    """Unknown, on, off; and when it came on, for overlays."""
    points = Points()
    intent = EmissionIntent(NS, 1.0, NS, NS)
    on, off = Emission(2 * NS, Beam.ON, "read back", 1.0), Emission(3 * NS, Beam.OFF, "read back")
    for event in (sample(0), intent, sample(1), on, sample(2), off, sample(3), sample(4)):
        points.feed(event)
    points.flush()
    assert [0, None, 1, 0, 0] == [row[8] for row in points.rows]
    assert [2.0] == points.laser_on_s


def test_a_long_run_is_thinned_evenly() -> None:
    """Never more rows than are drawn, from its first sample to its newest."""
    points = Points()
    for number in range(4 * MOST):
        points.feed(sample(number))
    points.flush()
    times = [row[0] for row in points.rows]
    steps = {round(b - a) for a, b in pairwise(times)}  # type: ignore[operator]
    assert len(points.rows) <= MOST
    assert (0.0, 1) == (times[0], len(steps))
    assert 4 * MOST - 10 < float(times[-1] or 0)


# -- signals -----------------------------------------------------------------------------------


def test_a_signal_of_a_loop_s_last_moment_is_heard_outside_it() -> None:
    """The loop ends before it comes to it: a service would else go on with its queue."""
    on_loop: list[str] = []
    at_once: list[str] = []

    async def last_moment() -> Callable[[], None]:
        loop = asyncio.get_running_loop()
        restore = signals.on_signals(loop, on_loop.append, at_once.append)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return restore

    before = signal.getsignal(signal.SIGTERM)
    loop = asyncio.new_event_loop()
    try:
        restore = loop.run_until_complete(last_moment())
        os.kill(os.getpid(), signal.SIGINT)
        restore()
    finally:
        loop.close()

    assert ["SIGTERM"] == on_loop
    assert ["SIGTERM", "SIGINT"] == at_once
    assert before == signal.getsignal(signal.SIGTERM)


# -- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "word", "beam"),
    [
        ((), "UNKNOWN", "UNKNOWN"),
        ((Emission(0, Beam.OFF, "read back"),), "OFF (read back 0.5 s ago)", "OFF"),
        ((Emission(0, Beam.OFF, "commanded, not confirmed"),), "UNKNOWN", "UNKNOWN"),
        ((EmissionIntent(0, 1.0, NS, NS),), "UNKNOWN", "UNKNOWN"),
        ((EmissionIntent(0, 1.0, NS, NS), Emission(0, Beam.ON, "read back", 1.0)), "ON 1.00 W",
         "ON"),
        ((Emission(0, Beam.OFF, "read back"), StateChanged(0, "DARK", "ARMED")), "ARMED", "OFF"),
        ((Emission(0, Beam.OFF, "read back"), StateChanged(0, "ARMED", "WARNING")),
         "EMISSION DELAY", "OFF"),
        ((Emission(0, Beam.OFF, "read back"), sample(1.0, emission=1.0)), "ON 0.00 W", "ON"),
        ((ended(Beam.OFF, "read back"),), "IDLE", "UNKNOWN"),
        ((ended(Beam.UNKNOWN, "no answer"),), "UNKNOWN", "UNKNOWN"),
    ],
)  # fmt: skip
def test_the_bench_in_words(events: tuple[Any, ...], word: str, beam: str) -> None:
    """Only what was read back is OFF; what contradicts it is ON; nothing is UNKNOWN."""
    seen, now_ns = Seen(about=ABOUT), 100 * NS
    for event in events:
        seen.apply(event, now_ns - NS // 2)
    told = seen.beam(now_ns, stalled=False)
    assert beam == told["seen"]
    assert word == seen.word(told, stalled=False, latched=False)[0]
    assert "safe" not in json.dumps([told, word]).lower()


def test_silence_is_unknown() -> None:
    """Two seconds without a word in a run: UNKNOWN, whatever was told; a person who is asked, or a
    slow sampling, is no silence."""
    seen = Seen(about=ABOUT)
    seen.apply(Emission(0, Beam.OFF, "read back"), 100 * NS)
    assert not seen.stalled(101 * NS, asked=False)
    assert seen.stalled(103 * NS, asked=False)
    assert not seen.stalled(103 * NS, asked=True)
    assert "UNKNOWN" == seen.beam(103 * NS, stalled=True)["seen"]
    assert ("UNKNOWN", "unknown") == seen.word(
        seen.beam(103 * NS, stalled=True), stalled=True, latched=False
    )
    seen.apply(ended(Beam.OFF, "read back"), 104 * NS)
    assert not seen.stalled(900 * NS, asked=False)


# -- the hub -----------------------------------------------------------------------------------


def hub() -> Hub:
    return Hub(lambda seen, now_ns: {"run": seen.run()}, lambda: {"items": [], "held": ""})


def test_messages_are_numbered_and_a_run_begins_with_all_there_is() -> None:
    """Snapshot, snapshot of the new run, then news; no gap in the numbers."""

    async def main() -> list[dict[str, Any]]:
        made, got = hub(), []
        running = asyncio.create_task(made.run())
        with made.watching({"role": "viewer"}) as watcher:
            got.append(json.loads(await watcher.messages.get() or ""))
            made.begin(ABOUT)
            got.append(json.loads(await watcher.messages.get() or ""))
            made.publish(Emission(0, Beam.OFF, "read back"))
            for event in (sample(1.0), assessment(1.0)):
                made.publish(event)
            while sum(len(m.get("events", ())) for m in got[2:]) < 1 or not any(
                m.get("points") for m in got[2:]
            ):
                got.append(json.loads(await watcher.messages.get() or ""))
            made.bye("the end")
            while (text := await watcher.messages.get()) is not None:
                got.append(json.loads(text))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return got

    got = asyncio.run(main())
    assert ["snapshot", "snapshot"] == [message["type"] for message in got[:2]]
    assert "bye" == got[-1]["type"]
    numbers = [message["seq"] for message in got]
    assert list(range(numbers[0], numbers[0] + len(got))) == numbers


def test_who_does_not_listen_is_dropped_and_holds_up_nobody() -> None:
    """A full queue ends with the last word None; another watcher has everything."""

    async def main() -> tuple[bool, int, int]:
        made = hub()
        with made.watching(None) as slow, made.watching(None) as quick:
            heard = 0
            for _ in range(100):
                made._send({"type": "beat"})
                heard += await quick.messages.get() is not None
            return slow.too_slow, slow.messages.qsize(), heard

    assert (True, 1, 100) == asyncio.run(main())


def test_readings_are_left_out_when_the_web_is_behind_and_events_never() -> None:
    """Nobody takes them: samples beyond the backlog are counted, the word of the guard is kept."""
    made = hub()
    for number in range(9000):
        made.publish(sample(number))
    made.publish(Emission(0, Beam.ON, "read back", 1.0))
    assert made.dropped > 0
    made.status()
    assert Beam.ON is made.seen.state.beam


# -- queue, latch ------------------------------------------------------------------------------


def order(folder: Path) -> Order:
    return Order(protocol="log", runs_dir=folder)


def add(queue: Queue, folder: Path, **more: Any) -> str:
    return queue.add(order(folder), by="me", at_most_s=1.0, lights=False, **more).id


def test_the_same_key_is_the_same_item(tmp_path: Path) -> None:
    """Asked again it starts nothing; for another order it is refused."""
    queue = Queue()
    assert add(queue, tmp_path, key="k", asked=1) == add(queue, tmp_path, key="k", asked=1)
    with pytest.raises(RefusedError, match="another order"):
        add(queue, tmp_path, key="k", asked=2)


def test_start_is_refused_while_something_waits(tmp_path: Path) -> None:
    """And taken when nothing does."""
    queue = Queue()
    add(queue, tmp_path, only_if_idle=True)
    with pytest.raises(RefusedError, match="taken"):
        add(queue, tmp_path, only_if_idle=True)


@pytest.mark.parametrize(
    ("code", "held"),
    [(0, False), (1, False), (7, False), (5, True), (4, True), (3, True), (8, True), (70, True)],
)
def test_a_queue_goes_on_after_an_answer_and_is_held_after_the_rest(
    tmp_path: Path, code: int, held: bool
) -> None:
    """A failed check is an answer; a stop, a trip, a lost instrument wants somebody to look."""
    queue = Queue()
    for _ in range(2):
        add(queue, tmp_path)
    first = queue.take()
    assert first is not None
    queue.over(first, "done", code, outcome="x")
    assert held == bool(queue.held)
    assert held == (queue.take() is None)
    if held:
        queue.go_on()
    else:
        with pytest.raises(RefusedError, match="not held"):
            queue.go_on()
    assert (queue.take() is not None) == held


def test_a_latch_of_a_real_bench_is_a_trip_that_only_the_bench_takes_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STOP LASER on a bench with addresses: on disk; `labctl reset` clears it."""
    monkeypatch.setenv("LABCTL_STATE_DIR", str(tmp_path))
    file = benches.load(benches.find_bench("simulated", environment=None).path)
    served = file.with_addresses(
        {key: f"socket://127.0.0.1:{4000 + n}" for n, key in enumerate(file.instruments)}
    )
    latch = StopLatch(served)
    assert latch.real
    latch.latch("smoke", "operator")
    latch.keep()
    now = latch.now()
    assert now is not None and "bench" == now.reset
    assert ["stop-laser"] == [trip.rule for trip in benches.latched(served)]
    with pytest.raises(RefusedError, match="never over HTTP"):
        latch.reset("I said so")
    latch.look()
    assert now is latch.now()
    after = StopLatch(served)
    after.look()
    seen = after.now()
    assert seen is not None and ("bench", True) == (seen.reset, "smoke" in seen.why)
    benches.reset_latched(served, "looked at it")
    for one in (latch, after):
        one.look()
        assert one.now() is None


def test_a_latch_of_a_simulated_bench_is_taken_off_by_a_reset() -> None:
    """Nothing is on disk; there is one reset for one latch."""
    latch = StopLatch(benches.load(benches.find_bench("simulated", environment=None).path))
    latch.latch("smoke", "operator")
    latch.keep()
    assert latch.now() is not None
    latch.reset("looked at it")
    assert latch.now() is None
    with pytest.raises(RefusedError, match="nothing is latched"):
        latch.reset("again")


# -- how it is reached -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "more", "words"),
    [
        ("0.0.0.0", {}, "travel in clear"),
        ("192.0.2.1", {}, "travel in clear"),
        ("::", {}, "travel in clear"),
        ("bench.example", {}, "no address"),
        ("127.0.0.1", {"certificate": Path("x")}, "a certificate and its key"),
        ("192.0.2.1", {"behind_proxy": True, "names": ["b.example"]}, "cannot listen"),
    ],
)
def test_an_address_that_others_reach_needs_tls_or_a_proxy(
    tmp_path: Path, host: str, more: dict[str, Any], words: str
) -> None:
    """Refused in words before anything listens; with a proxy declared it is tried."""
    file = benches.load(benches.find_bench("simulated", environment=None).path)
    options = ServeOptions(
        bench_file=file, bench_why="", runs_dir=tmp_path, host=host, port=0,
        broker=BrokerChoice.parse("off"), **more,
    )  # fmt: skip
    with pytest.raises(InputError, match=words):
        serve(options, print)


def test_secrets_come_from_files_that_nobody_else_reads(tmp_path: Path) -> None:
    """From the environment, from a file; a file that others read, a short or a doubled one is
    refused, and what it was stands in no message."""
    file = tmp_path / "token"
    file.write_text("t" * 30 + "\n")
    file.chmod(0o600)
    tokens, by_hand = read_tokens({"LABCTL_OPERATOR_TOKEN_FILE": str(file)})
    assert ("t" * 30, True) == (tokens.operator, by_hand)
    assert not read_tokens({})[1]
    assert read_tokens({})[0].operator != read_tokens({})[0].operator
    file.chmod(0o644)
    for given in (
        {"LABCTL_OPERATOR_TOKEN_FILE": str(file)},
        {"LABCTL_OPERATOR_TOKEN": "short-one"},
        {"LABCTL_OPERATOR_TOKEN": "s" * 30, "LABCTL_VIEWER_TOKEN": "s" * 30},
        {"LABCTL_VIEWER_TOKEN_FILE": str(tmp_path / "none")},
    ):
        with pytest.raises(InputError) as refused:
            read_tokens(given)
        assert "short-one" not in str(refused.value)
        assert "sss" not in str(refused.value)


def heard(path: Path, do: Callable[[], None]) -> list[str]:
    """What a stand-in for systemd hears."""
    said = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(path))
        ear.settimeout(0.05)
        do()
        try:
            while True:
                said.append(ear.recv(100).decode())
        except TimeoutError:
            pass
    return said


@pytest.mark.parametrize(("age_s", "expected"), [(0.01, True), (99.0, False)])
def test_systemd_hears_of_life_only_while_the_bench_turns(
    tmp_path: Path, age_s: float, expected: bool
) -> None:
    """READY at once; WATCHDOG only as long as the bench's thread is not stuck."""
    where = tmp_path / "notify"
    given = {
        "NOTIFY_SOCKET": str(where),
        "WATCHDOG_USEC": "60000",
    }
    watchdog = Watchdog(lambda: age_s, given)

    def do() -> None:
        async def main() -> None:
            task = asyncio.create_task(watchdog.run())
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        assert watchdog.say("READY=1")
        asyncio.run(main())

    said = heard(where, do)
    assert "READY=1" == said[0]
    assert expected == ("WATCHDOG=1" in said)


def test_without_systemd_nothing_is_said() -> None:
    """No socket, or one of somebody else's."""
    assert not Watchdog(lambda: 0.0, {}).say("READY=1")
    assert not Watchdog(lambda: 0.0, {"NOTIFY_SOCKET": "/nonexistent/x"}).say("READY=1")
    assert 0.0 == Watchdog(lambda: 0.0, {"WATCHDOG_USEC": "100", "WATCHDOG_PID": "1"}).every_s


def test_a_look_at_the_bench_takes_no_news_from_those_who_watch() -> None:
    """What `status` folded in is told at once all the same."""

    async def main() -> list[str]:
        made = hub()
        running = asyncio.create_task(made.run())
        with made.watching(None) as watcher:
            await asyncio.sleep(0)
            made.publish(Emission(0, Beam.OFF, "read back"))
            made.status()
            async with asyncio.timeout(0.5):
                text = await watcher.messages.get()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return [event["e"]["k"] for event in json.loads(text or "")["events"]]

    assert ["emission"] == asyncio.run(main())


@pytest.mark.parametrize("kept", [True, False])
def test_tokens_are_not_printed_into_a_journal(
    kept: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where systemd keeps what is printed, they stand in the card alone; at a terminal they are
    shown, for there is where a person takes them from."""
    from labctl.cli import _serve

    seen = os.fstat(1)
    stream = f"{seen.st_dev}:{seen.st_ino}" if kept else "1:1"
    monkeypatch.setenv("JOURNAL_STREAM", stream)
    assert kept == _serve._into_journal()
    life = Life(tmp_path, lambda life: None, print_tokens=not kept)
    life.run()
    said = "\n".join(life.said)
    assert kept == ("token=" not in said)
    assert kept == ("arm code" not in said)
