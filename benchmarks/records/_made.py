"""Simulated runs to keep records of, and a journal made anew by somebody who knows how."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.engine import RunRequest, RunResult, carry_out
from labctl.events import Event

BRIEF = ("baseline=10s", "heat=40s", "cool=15s")
CHECKED = ("baseline=30s", "heat=5min", "cool=5min")
FAULTS = (
    "",
    "beam-off-sample=-60%@25s",
    "",
    "power-step=-30%@25s",
    "bead-out@30s",
    "",
    "ambient-step=+5K@25s",
    "probe-offset=+3K@25s",
    "interlock-open@25s",
    "",
)
"""Taken in turn: four healthy runs in ten."""


def simulated(
    root: Path, seed: int, parameters: Sequence[str], *, fault: str = "", sample: str = ""
) -> Path:
    """The folder of a heating curve on the shipped bench, in virtual time."""
    return carried_out(root, seed, parameters, fault=fault, sample=sample).folder.path


def carried_out(
    root: Path,
    seed: int,
    parameters: Sequence[str],
    *,
    fault: str = "",
    sample: str = "",
    publish: Sequence[Callable[[Event], None]] = (),
) -> RunResult:
    """A heating curve on the shipped bench, in virtual time; `publish` hears its events."""
    bench = benches.load(benches.find_bench("simulated").path)
    plan = protocols.load(protocols.find("heating-curve"), overrides=parameters, bench=bench)
    request = RunRequest(
        plan=plan,
        bench_file=bench,
        specimen=samples.load(samples.find(sample or "pda-aminoacid")),
        runs_dir=root,
        seed=seed,
        faults=(fault,) if fault else (),
        speed=None,
    )
    return carry_out(
        request,
        publish=publish,
        ask=_nobody,
        on_begin=lambda begun: None,
        on_signals=lambda loop, callback: lambda: None,
    )


def _nobody(text: str) -> concurrent.futures.Future[str]:
    raise RuntimeError(f"a benchmark was asked: {text}")


def sealed(body: bytes) -> bytes:
    """A line with a right checksum, from docs/reference/record.md and nothing of labctl."""
    return b'%b,"c":"%08x"}\n' % (body, zlib.crc32(body))


def remade(lines: Sequence[bytes]) -> bytes:
    """Changed lines as a journal that holds in itself: checksums, chain and head are new."""
    out, n = [], 0
    since, head = b"", "0" * 64
    for line in lines:
        body = line.rpartition(b',"c":')[0]
        if b'"h":' in body:
            head = hashlib.sha256(head.encode() + since).hexdigest()
            out.append(sealed(f'{{"n":{n},"h":"{head}"'.encode()))
            since = b""
            continue
        n = json.loads(body + b"}")["n"]
        out.append(sealed(body))
        since += out[-1]
    return b"".join(out)
