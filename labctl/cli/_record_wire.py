"""What `labctl bench record` does."""

from __future__ import annotations

import os
from pathlib import Path

import click

from labctl import bench as benches
from labctl import quantities
from labctl.clock import Clock, run_real, run_virtual
from labctl.errors import Exit
from labctl.instruments import Address, SimSpec, open_simulation
from labctl.ready import load_bench


def record(bench: str | None, how_long: str, out: Path) -> int:
    """The exit code: 3 where a poll failed."""
    file, why = load_bench(bench)
    benches.check_instruments(file)
    for_s = quantities.parse(how_long, "time")
    os.environ["LABCTL_WIRE_LOG"] = str(out)
    addresses = [Address.parse(entry.address) for entry in file.instruments.values()]
    simulated = all(address.simulated for address in addresses)
    needs_session = any(address.simulated for address in addresses)
    session = open_simulation(SimSpec(1, (), {}, file.statement())) if needs_session else None

    async def main(clock: Clock) -> int:
        return await benches.record_wire(file, clock, for_s, click.echo, session=session)

    click.echo(f"RECORD {file.name} ({why}), in the dark")
    failed = run_virtual(main) if simulated else run_real(main)
    for path in sorted(out.glob(f"*-{os.getpid()}.jsonl")):
        click.echo(f"written: {path}")
    return Exit.INSTRUMENT if failed else Exit.PASS
