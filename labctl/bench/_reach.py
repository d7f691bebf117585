"""What can be said of a bench before anything is opened: which instruments a run needs, and how
they are reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from labctl.bench._model import BenchFile
from labctl.instruments import Address


@dataclass(frozen=True, slots=True)
class Reach:
    """What can be said of a bench before anything is opened."""

    keys: tuple[str, ...]
    """Instruments that the run needs, in the bench file's order."""
    roles: tuple[str, ...]
    in_process: bool
    """All of them are `sim://`: time may be virtual."""
    any_in_process: bool
    real: bool
    """At least one address makes no claim to be simulated."""


def reach(bench_file: BenchFile, needs: Iterable[str]) -> Reach:
    """Which instruments the roles in `needs` hang on, and by which way they are reached."""
    needs = tuple(needs)
    wanted = {bench_file.roles[role].instrument for role in needs}
    keys = tuple(key for key in bench_file.instruments if key in wanted)
    addresses = [Address.parse(bench_file.instruments[key].address) for key in keys]
    return Reach(
        keys=keys,
        roles=needs,
        any_in_process=any(a.simulated for a in addresses),
        in_process=all(a.simulated for a in addresses),
        real=any(not a.simulated and not a.claims_simulated for a in addresses),
    )
