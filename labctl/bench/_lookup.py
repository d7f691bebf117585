"""Which bench file is taken, and why: `--bench`, `$LABCTL_BENCH`, `./bench.yaml`, the shipped
simulated bench (the first line of every command says which)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from labctl import yamlfile

SHIPPED = "simulated"


@dataclass(frozen=True, slots=True)
class BenchChoice:
    """The bench file that is taken."""

    path: Path
    why: str
    """In words, for the first line."""


def find_bench(
    asked: str | None, *, environment: str | Path | None = None, folder: Path | None = None
) -> BenchChoice:
    """The bench file to take.

    `asked` is what `--bench` says: a path or the name of a shipped bench. `environment` is what
    `$LABCTL_BENCH` says (`labctl.settings`). `folder` is where `bench.yaml` may lie, the current
    folder when None. Raises InputError when the one that is named is not there: the next one is
    never taken in its place.
    """
    if asked:
        return BenchChoice(yamlfile.find_file(asked, "bench", "benches"), "named by --bench")
    if environment:
        path = yamlfile.find_file(str(environment), "bench", "benches")
        return BenchChoice(path, "named by $LABCTL_BENCH")
    here = (folder or Path()) / "bench.yaml"
    if here.is_file():
        return BenchChoice(here, "bench.yaml in this folder")
    path = yamlfile.find_file(SHIPPED, "bench", "benches")
    return BenchChoice(path, "the shipped simulated bench; no other was named")
