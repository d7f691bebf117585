"""Simulated hours under a random schedule of all faults, in virtual time: what must never happen.

Each run is a short curve on a shipped bench with one to three faults drawn from all that its world
knows, at random times, half of them ending again. Judged by the world's own log: light outside what
was asked for, a cap passed, an end that says OFF while there is light, a run that raises, and
whatever a run leaves behind (tasks are ended by the loop itself).
"""

from __future__ import annotations

import concurrent.futures
import gc
import json
import os
import random
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks._figures import Figure
from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.clock import NS
from labctl.engine import RunRequest, RunResult, carry_out
from labctl.errors import Exit
from labctl.events import Beam
from labctl.instruments import InputError, simulated_faults

_BENCHES = ("simulated", "simulated-gates", "simulated-cni")
_HEAT_S, _RUN_S = 90.0, 130.0
_BY_THE_GUARD_S = 1.0
"""Over the declared end of an emission: the guard's own 20 ms, the blade, the port."""
_LAG_K = 2.0
"""What the sample gains over a cap in one second, at the bench's limit on its rise (2 K/s)."""
_UNSTOPPABLE = ("laser-ignores-off", "laser-lies-about-off", "unplugged-port", "by-itself")
"""Only with one of these may light go on: then the end must be exit code 8, or a trip."""


def measure(profile: str) -> Iterator[Figure]:
    """24 hours, or one."""
    hours = 1.0 if profile == "short" else 24.0
    draw = random.Random(1)
    broken: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    done_s, runs = 0.0, 0
    before = _held()
    with tempfile.TemporaryDirectory() as folder:
        while done_s < hours * 3600:
            runs += 1
            took_s, end, wrong = _one(draw, Path(folder) / str(runs))
            done_s += took_s
            ends[end] += 1
            broken.update(wrong)
    gc.collect()
    left = [f"{now - was} {name}" for name, was, now in _grown(before, _held())]
    told = ", ".join(f"{count} {end}" for end, count in ends.most_common())
    yield Figure("simulated hours under random faults", done_s / 3600, "h", profile, beside=told)
    for what in ("light outside what was asked", "cap passed", "OFF said in light", "raised"):
        yield Figure(
            f"runs with: {what}",
            broken[what],
            f"of {runs}",
            profile,
            goal="none",
            holds=broken[what] == 0,
        )
    yield Figure(
        "threads and open files left behind",
        len(left),
        "kinds",
        profile,
        beside=", ".join(left),
        goal="none",
        holds=not left,
    )


def _one(draw: random.Random, folder: Path) -> tuple[float, str, list[str]]:
    """(virtual seconds, how it ended, what was wrong)."""
    file = benches.load(benches.find_bench(draw.choice(_BENCHES)).path)
    while True:
        faults = tuple(_fault(draw) for _ in range(draw.randint(1, 3)))
        try:
            result = _run(file, folder, faults, draw.randrange(1000))
        except InputError:
            # This bench has nothing that such a fault could act on.
            continue
        except Exception as error:
            return _RUN_S, type(error).__name__, [f"raised: {faults} {error!r}", "raised"]
        return result.ended.t_ns / NS, result.ended.outcome, _wrong(file, result, faults)


def _fault(draw: random.Random) -> str:
    name = draw.choice(_names())
    until = f"+{draw.randint(1, 30)}s" if draw.random() < 0.5 else ""
    return f"{name}@{draw.uniform(0.0, _RUN_S):.1f}s{until}"


def _names() -> list[str]:
    """Every fault that the simulator lists."""
    listed = [line.split()[0] for line in simulated_faults().splitlines() if line.strip()]
    return [
        word.split("=")[0].split(":")[0] for word in listed if "-" in word and word == word.lower()
    ]


def _run(file: BenchFile, folder: Path, faults: tuple[str, ...], seed: int) -> RunResult:
    parameters = ("baseline=20s", f"heat={_HEAT_S:g}s", "cool=20s")
    plan = protocols.load(protocols.find("heating-curve"), overrides=parameters, bench=file)
    nobody: concurrent.futures.Future[str] = concurrent.futures.Future()
    return carry_out(
        RunRequest(
            plan=plan,
            bench_file=file,
            specimen=samples.load(samples.find("pda-aminoacid")),
            runs_dir=folder,
            seed=seed,
            faults=faults,
            speed=None,
        ),
        publish=(),
        ask=lambda text: nobody,
        on_begin=lambda begun: None,
        on_signals=lambda loop, stop: lambda: None,
    )


def _wrong(file: BenchFile, result: RunResult, faults: tuple[str, ...]) -> list[str]:
    truth = json.loads((result.folder.path / "truth.json").read_text())
    ended = result.ended
    unstoppable = any(word in fault for fault in faults for word in _UNSTOPPABLE)
    wrong = []
    for entry in truth["emission"]:
        end_ns = entry["off_ns"]
        if end_ns is None and ended.beam is Beam.OFF:
            wrong.append("OFF said in light")
        long_ns = (ended.t_ns if end_ns is None else end_ns) - entry["on_ns"]
        if long_ns > (_HEAT_S + _BY_THE_GUARD_S) * NS and not (
            unstoppable and ended.exit_code in (Exit.SAFETY, Exit.BEAM_NOT_CONFIRMED_OFF)
        ):
            wrong.append("light outside what was asked")
    cap = file.limits.temperature_degc
    if cap is not None and truth.get("peak_bead_degc", 0.0) > cap + _LAG_K:
        wrong.append("cap passed")
    return [*wrong, *(f"{what}: {faults} exit {ended.exit_code}" for what in wrong)]


def _held() -> dict[str, int]:
    return {"threads": threading.active_count(), "files": len(os.listdir("/proc/self/fd"))}


def _grown(before: dict[str, int], now: dict[str, int]) -> list[tuple[str, int, int]]:
    return [(name, before[name], now[name]) for name in now if now[name] > before[name]]
