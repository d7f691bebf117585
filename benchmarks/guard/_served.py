"""`python -m benchmarks.guard._served NAME SEED`: a shipped bench over TCP as `labctl sim serve`
serves it, with what the campaign changes: a lease of 0.3 s, a quicker scanner, and a laser that
takes half a second from its command to its light.

Writes `bench.yaml` and `emission.jsonl` into the working directory, then says READY.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from labctl import bench as benches
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.instruments import SimSpec, simulation_server

LEASE_S = 0.3
EMISSION_DELAY_S = 0.5
LOG = "emission.jsonl"
BENCH = "bench.yaml"


def bench_for(name: str) -> BenchFile:
    """The shipped bench with the campaign's lease and a scanner of one quick channel."""
    file = benches.load(benches.find_bench(name).path)
    scanner = replace(
        file.instruments["scanner"], settings={"channels": [101], "nplc": 0.2}, min_period_s=0.05
    )
    return replace(
        file,
        instruments={**file.instruments, "scanner": scanner},
        roles={name: role for name, role in file.roles.items() if name != "ambient"},
        limits=replace(file.limits, lease_s=LEASE_S),
        # So quick a scanner has coarser steps.
        vigilance=replace(file.vigilance, resolution_k=0.03),
    )


def statement_of(file: BenchFile) -> dict[str, Any]:
    """What the world is told of it: the delay is the world's, no driver knows of it."""
    said = file.statement()
    laser = file.roles["laser"].instrument
    entries = dict(said["instruments"])
    settings = {**(entries[laser].get("settings") or {}), "emission_delay_s": EMISSION_DELAY_S}
    entries[laser] = {**entries[laser], "settings": settings}
    return {**said, "instruments": entries}


def main(name: str, seed: int) -> None:
    """Serve until SIGTERM."""
    file = bench_for(name)
    specimen = samples.load(samples.find("pda-aminoacid"))

    def ready(table: Sequence[Mapping[str, Any]]) -> None:
        addresses = {row["key"]: row["address"] for row in table}
        Path(BENCH).write_text(file.with_addresses(addresses).dump(), encoding="utf-8")
        print("READY", flush=True)

    spec = SimSpec(seed, (), specimen.statement(), statement_of(file))
    simulation_server()(spec, host="127.0.0.1", port=0, log=LOG, ready=ready)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
