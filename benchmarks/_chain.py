"""labctl's whole chain, timed from outside: a dark or lit plan at 10 Hz on a simulated bench.

The bench is the shipped one, its scanner set to one channel at NPLC 0.2 so that 10 Hz is honest.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import time
from dataclasses import replace
from pathlib import Path

from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.engine import RunRequest, RunResult, carry_out

_RUN = itertools.count()

_LIT = """
schema: labctl.protocol/1
name: benchmark
needs: {{laser: laser, probe: thermometer, meter: power_meter}}
record: {{every: 100 ms}}
steps:
  - baseline: {{for: 5 s}}
  - irradiate: {{power: 1 W, for: {lit} s}}
  - cool: {{for: {cool} s}}
"""

_DARK = """
schema: labctl.protocol/1
name: benchmark
needs: {{laser: laser, probe: thermometer, meter: power_meter}}
record: {{every: 100 ms}}
steps:
  - baseline: {{for: {dark} s}}
"""


def point_us(points: int, root: Path, *, check: bool) -> float:
    """Microseconds a point, start-up and closing left out by taking two lengths' difference."""
    short = max(200, points // 10)
    long_s = _timed(points + short, root, check=check)
    short_s = _timed(short, root, check=check)
    return (long_s - short_s) / points * 1e6


def hour_factor(root: Path) -> float:
    """Virtual seconds in a real one, for a whole hour at 10 Hz with light and check, record
    opened and closed and all."""
    text = _LIT.format(lit=1200, cool=3600 - 5 - 1200)
    started = time.perf_counter()
    result = _run(text, root, check=True)
    elapsed = time.perf_counter() - started
    return result.ended.t_ns / 1e9 / elapsed


def _timed(points: int, root: Path, *, check: bool) -> float:
    seconds = points / 10
    if check:
        text = _LIT.format(lit=seconds / 3, cool=seconds - 5 - seconds / 3)
    else:
        text = _DARK.format(dark=seconds)
    started = time.perf_counter()
    result = _run(text, root, check=check)
    elapsed = time.perf_counter() - started
    if result.ended.samples < points - 2:
        raise SystemExit(f"{result.ended.samples} points sampled, {points} asked for")
    return elapsed


def _bench() -> BenchFile:
    shipped = benches.load(benches.find_bench("simulated").path)
    scanner = shipped.instruments["scanner"]
    fast = replace(scanner, settings={"channels": [101], "nplc": 0.2}, min_period_s=0.05)
    roles = {name: role for name, role in shipped.roles.items() if name != "ambient"}
    return replace(
        shipped,
        instruments={**shipped.instruments, "scanner": fast},
        roles=roles,
        # So quick a scanner has coarser steps.
        vigilance=replace(shipped.vigilance, resolution_k=0.03),
    )


def _run(text: str, root: Path, *, check: bool) -> RunResult:
    bench_file = _bench()
    request = RunRequest(
        plan=protocols.loads(text, bench=bench_file),
        bench_file=bench_file,
        specimen=samples.load(samples.find("pda-aminoacid")),
        runs_dir=root / str(next(_RUN)),
        speed=None,
        check=check,
    )
    return carry_out(
        request,
        publish=(),
        ask=_nobody,
        on_begin=lambda begun: None,
        on_signals=lambda loop, callback: lambda: None,
    )


def _nobody(text: str) -> concurrent.futures.Future[str]:
    raise RuntimeError(f"a benchmark was asked: {text}")
