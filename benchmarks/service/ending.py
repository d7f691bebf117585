"""How soon the light is out and the service gone: SIGTERM, STOP over the socket, `labctl stop`.

SIGTERM also with a bench whose ports hang. Nine pages watch meanwhile. What counts is the world's
own log of the light, on the same clock.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

import labctl
from benchmarks._figures import Figure
from benchmarks.service._kept import (
    Kept,
    edges,
    environment,
    kept,
    wait,
    world,
    world_process,
)
from labctl.clock import NS, real_ns
from labctl.errors import Exit
from labctl.record import describe_run
from labctl.service import WITHIN_S

TRIALS = {"short": 2, "full": 20}
PAGES = 9
LOST_S = 2.0
"""In which a page must know."""


def measure(profile: str, trials: int | None = None) -> Iterator[Figure]:
    """Yield the figures of this part."""
    count = trials or TRIALS[profile]
    dark_s, gone_s, orderly = [], [], 0
    bound_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            place = Path(folder) / str(number)
            place.mkdir()
            dark, gone, good, bound_s = _signalled(place, again=number % 2 == 1)
            dark_s.append(dark)
            gone_s.append(gone)
            orderly += good
        killed_s, killed_bound_s, came_back = [], 0.0, 0
        kills = max(1, count // 3)
        for number in range(kills):
            place = Path(folder) / f"killed-{number}"
            place.mkdir()
            out, killed_bound_s, good = _killed(place)
            killed_s.append(out)
            came_back += good
        stopped = Path(folder) / "stopped"
        stopped.mkdir()
        answered_s, out_s = _stopped(stopped, count)
        plain = Path(folder) / "plain"
        plain.mkdir()
        plain_s = _without(plain)
        dead = Path(folder) / "dead"
        dead.mkdir()
        asked_s, told_s, left_s, in_order = _dead(dead)
    trials_words = (
        f"{count} trials, {PAGES} pages open; every second one hears SIGINT and SIGTERM once more"
    )
    yield Figure("SIGTERM while lit: light out in the world, worst", max(dark_s), "s", profile,
                 f"the bench's own bound, {bound_s:.2f} s; {trials_words}",
                 "0.05 s and the bound", max(dark_s) <= 0.05 + bound_s)  # fmt: skip
    yield Figure("SIGTERM while lit: process gone, worst", max(gone_s), "s", profile,
                 f"labctl run: {plain_s:.2f} s; {trials_words}", "1 s",
                 max(gone_s) <= 1.0)  # fmt: skip
    yield Figure("SIGTERM while lit: beam read back off, closed, code 5, bye", orderly, "runs",
                 profile, f"of {count}", f"{count}", orderly == count)  # fmt: skip
    what = "SIGTERM while lit, of a bench that is dead"
    stop_s = _stop_sec()
    yield Figure(f"{what}: off asked of the guard", asked_s, "s", profile,
                 "the world's process stands still; one trial", "0.05 s",
                 asked_s <= 0.05)  # fmt: skip
    yield Figure(f"{what}: pages told that it ends", told_s, "s", profile, "",
                 f"{LOST_S} s", told_s <= LOST_S)  # fmt: skip
    yield Figure(f"{what}: process gone", left_s, "s", profile,
                 f"the guard's own attempts are in it; by force after {WITHIN_S:g} s; "
                 f"TimeoutStopSec {stop_s:g} s", f"{WITHIN_S:g} s",
                 left_s <= WITHIN_S < stop_s)  # fmt: skip
    yield Figure(f"{what}: beam unknown, closed, code 8", in_order, "runs", profile, "of 1", "1",
                 in_order == 1)  # fmt: skip
    yield Figure("kill -9 of the service while lit: light out in the world, worst", max(killed_s),
                 "s", profile, f"the bench's own bound, {killed_bound_s:.2f} s; {kills} trials",
                 "0.05 s and the bound", max(killed_s) <= 0.05 + killed_bound_s)  # fmt: skip
    yield Figure("kill -9, started again: run told as lost, record recovered, queue held, no light",
                 came_back, "runs", profile, f"of {kills}", f"{kills}",
                 came_back == kills)  # fmt: skip
    yield Figure("STOP over the socket: answered, worst", max(answered_s), "s", profile,
                 trials_words, "0.05 s", max(answered_s) <= 0.05)  # fmt: skip
    yield Figure("STOP over the socket: light out in the world, worst", max(out_s), "s", profile,
                 f"the bench's own bound, {bound_s:.2f} s", "0.05 s and the bound",
                 max(out_s) <= 0.05 + bound_s)  # fmt: skip


def _lit(service: Kept, folder: Path) -> str:
    """A run that is lit; its item."""
    before = _count(folder, "on")
    item = service.start(baseline="5 s", heat="120 s", cool="5 s", every="100 ms")
    wait(lambda: _count(folder, "on") > before and service.ask("GET", "/bench")["tone"] == "on")
    return item


def _count(folder: Path, edge: str) -> int:
    return len(edges(folder, edge)) if (folder / "emission.jsonl").exists() else 0


def _bound_s(service: Kept) -> float:
    """As the bench prints it."""
    words = service.ask("GET", "/bench")["worst_off"][0].split()
    return float(words[words.index("worst") + 1])


def _signalled(folder: Path, *, again: bool) -> tuple[float, float, bool, float]:
    with ExitStack() as stack:
        bench = stack.enter_context(world(folder))
        service = stack.enter_context(kept(folder, "--bench", str(bench)))
        bound_s = _bound_s(service)
        pages = [_Page(service.socket()) for _ in range(PAGES)]
        _lit(service, folder)
        sent_ns = real_ns()
        service.process.send_signal(signal.SIGTERM)
        if again:
            # Somebody who does not like to wait.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
                time.sleep(0.15)
                if service.process.poll() is None:
                    service.process.send_signal(number)
        code = service.process.wait(30)
        gone_s = (real_ns() - sent_ns) / NS
        byes = [page.end() == "bye" for page in pages]
        wait(lambda: any(t_ns > sent_ns for t_ns in edges(folder, "off")))
        dark_s = (max(edges(folder, "off")) - sent_ns) / NS
        run = describe_run(next((folder / "runs").glob("*/001-*")))
    ended = run.ended
    good = (
        code == Exit.STOPPED
        and run.state == "closed"
        and ended is not None
        and (ended.beam.value, ended.beam_how) == ("off", "read back")
        and all(byes)
    )
    return dark_s, gone_s, good, bound_s


def _killed(folder: Path) -> tuple[float, float, bool]:
    """How long after the kill there was light, the bound, and whether all came back as it must."""
    with ExitStack() as stack:
        bench = stack.enter_context(world(folder))
        with kept(folder, "--bench", str(bench)) as service:
            order = {
                "protocol": "heating-curve", "sample": "water", "parameters": {"every": "100 ms"},
            }  # fmt: skip
            plan = service.ask("POST", "/plan", order)
            bound_s = float(plan["off_latency"]["laser"]["engine_killed_s"])
            _lit(service, folder)
            service.ask("POST", "/queue", order)
            killed_ns = real_ns()
            service.process.kill()
            service.process.wait(30)
        lit = _count(folder, "on")
        wait(lambda: any(t_ns > killed_ns for t_ns in edges(folder, "off")))
        out_s = (max(edges(folder, "off")) - killed_ns) / NS
        for card in (folder / "rt").glob("service-*.json"):
            card.unlink()
        with kept(folder, "--bench", str(bench)) as service:
            time.sleep(2.0)
            told = service.ask("GET", "/queue")
            (record,) = (folder / "runs").glob("*/001-*")
            facts = json.loads((record / "run.json").read_text())
    good = (
        [item["state"] for item in told["items"]] == ["lost", "waiting"]
        and "cut off" in told["items"][0]["why"]
        and "started anew" in told["held"]
        and "recovered" in facts
        and _count(folder, "on") == lit
    )
    return out_s, bound_s, good


def _dead(folder: Path) -> tuple[float, float, float, int]:
    """How long after SIGTERM off was asked for, pages were told, and the process gone, while no
    port of the bench answers; and whether that was in order."""
    told: list[int] = []
    with ExitStack() as stack:
        process = stack.enter_context(world_process(folder))
        service = stack.enter_context(kept(folder, "--bench", str(folder / "bench.yaml")))
        page = service.socket()

        def read() -> None:
            with contextlib.suppress(ConnectionClosed):
                for text in page:
                    if json.loads(text).get("status", {}).get("ending") and not told:
                        told.append(real_ns())

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        _lit(service, folder)
        os.kill(process.pid, signal.SIGSTOP)
        try:
            sent_ns, sent_s = real_ns(), time.time()
            service.process.send_signal(signal.SIGTERM)
            code = service.process.wait(120)
            gone_s = (real_ns() - sent_ns) / NS
        finally:
            os.kill(process.pid, signal.SIGCONT)
        page.close()
        reader.join(5.0)
        (record,) = (folder / "runs").glob("*/001-*")
        run = describe_run(record)
        said = map(json.loads, (record / "guard.jsonl").read_text(encoding="utf-8").splitlines())
        heard = next(line["utc"] for line in said if line["what"] == "stop")
    asked_s = datetime.fromisoformat(heard).timestamp() - sent_s
    good = (
        code == Exit.BEAM_NOT_CONFIRMED_OFF
        and run.state == "closed"
        and run.ended is not None
        and run.ended.beam.value == "unknown"
    )
    return asked_s, (told[0] - sent_ns) / NS if told else gone_s, gone_s, int(good)


def _stop_sec() -> float:
    """What systemd is told."""
    unit = Path(labctl.__file__).parent / "service" / "systemd" / "labctl@.service"
    found = re.search(r"(?m)^TimeoutStopSec=(\d+)$", unit.read_text(encoding="utf-8"))
    return float(found[1]) if found else 0.0


def _without(folder: Path) -> float:
    """The same of `labctl run`."""
    with world(folder) as bench:
        command = ["run", "heating-curve", "--bench", str(bench), "--runs", str(folder / "runs")]
        command += ["--broker", "off", "--no-figure", "--json", "-p", "baseline=5s"]
        command += ["-p", "every=100ms"]
        process = subprocess.Popen(
            [sys.executable, "-m", "labctl", *command], cwd=folder, env=environment(folder),
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        wait(lambda: _count(folder, "on") > 0)
        time.sleep(1.0)
        sent_ns = real_ns()
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        return (real_ns() - sent_ns) / NS


class _Page:
    """One who watches, and reads."""

    def __init__(self, socket: ClientConnection) -> None:
        self.last = ""
        self._socket = socket
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def end(self) -> str:
        """The last word that it heard."""
        self._socket.close()
        self._reader.join(5.0)
        return self.last

    def _read(self) -> None:
        try:
            for text in self._socket:
                self.last = str(json.loads(text)["type"])
        except ConnectionClosed:
            return


def _stopped(folder: Path, count: int) -> tuple[list[float], list[float]]:
    answered_s, out_s = [], []
    with ExitStack() as stack:
        bench = stack.enter_context(world(folder))
        service = stack.enter_context(kept(folder, "--bench", str(bench)))
        pages = [_Page(service.socket()) for _ in range(PAGES)]
        for _ in range(count):
            item = _lit(service, folder)
            page = service.socket()
            page.recv(timeout=5)
            sent_ns = real_ns()
            page.send(json.dumps({"id": 1, "do": "stop"}))
            while json.loads(page.recv(timeout=10))["type"] != "done":
                pass
            answered_s.append((real_ns() - sent_ns) / NS)
            page.close()
            service.until_done(item)
            out_s.append((max(edges(folder, "off")) - sent_ns) / NS)
        for one in pages:
            one.end()
        _labctl_stop(service, folder)
    return answered_s, out_s


def _labctl_stop(service: Kept, folder: Path) -> None:
    """`labctl stop` ends the run and leaves the service up; RuntimeError where it does not."""
    item = _lit(service, folder)
    command = [sys.executable, "-m", "labctl", "stop"]
    said = subprocess.run(command, env=environment(folder), capture_output=True, text=True,
                          cwd=folder, timeout=60, check=False)  # fmt: skip
    service.until_done(item)
    if said.returncode or service.process.poll() is not None:
        raise RuntimeError(f"labctl stop: {said.returncode}, {said.stdout} {said.stderr}")
    os.kill(service.process.pid, 0)
