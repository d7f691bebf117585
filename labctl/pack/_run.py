"""A pack's protocol for a bench of one's own: limits only ever tighter than both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl import yamlfile
from labctl.bench import BenchFile
from labctl.errors import InputError
from labctl.limits import LIMITS, Limit, value_of
from labctl.pack._pack import Pack, open_pack
from labctl.quantities import QuantityError, exact, parse

_FOREIGN = ("include", "plugin")
"""Keys of a protocol that lead out of the pack, to files or code of this computer."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Files that `labctl run` may take."""

    protocol: Path
    sample: Path | None
    said: tuple[str, ...]
    """In words: limits of the reference that hold here too, and those that do not because this
    bench's own are tighter."""


def prepare_protocol(pack: Pack, bench: BenchFile, folder: Path) -> Prepared:
    """Put protocol and sample into `folder`. To the protocol's own limits come those that the
    reference was under and that are tighter than this bench's; a limit of the reference that is
    looser does nothing. A limit of the protocol itself that is looser is refused where it is run,
    as for any protocol. InputError for a protocol that leads out of the pack."""
    open_pack(pack, folder)
    path = folder / "protocol.yaml"
    said = _plain(path)
    for key in _keys(said):
        if key in _FOREIGN:
            raise InputError(
                f"the pack's protocol has {key!r}, which leads out of the pack",
                where=f"{path.name} of the pack",
                fix="Ask for a pack made by labctl: its protocol is resolved.",
            )
    own = said.get("limits")
    held: dict[str, Any] = dict(own) if isinstance(own, Mapping) else {}
    words = []
    for limit, text, value in _reference_limits(folder / "limits.yaml"):
        mine = value_of(bench.limits, limit)
        shown = exact(value, limit.kind)
        if not limit.in_protocol or limit.name in held:
            continue
        if mine is not None and not _tighter(limit, value, mine):
            if value != mine:
                words.append(f"limit {limit.name}: this bench's own {exact(mine, limit.kind)} "
                             f"holds, not the reference's {shown}")  # fmt: skip
            continue
        held[limit.name] = text
        words.append(f"limit {limit.name}: {shown}, as the reference was under")
    path.write_text(yamlfile.dump({**said, "limits": held}), encoding="utf-8")
    sample = folder / "sample.yaml"
    return Prepared(path, sample if sample.exists() else None, tuple(words))


def _reference_limits(path: Path) -> Iterator[tuple[Limit, str, float]]:
    if not path.exists():
        return
    told = _plain(path)
    known = {limit.name: limit for limit in LIMITS}
    for name, text in told.items():
        limit = known.get(str(name))
        if limit is None:
            raise InputError(f"the pack has a limit {name!r} that there is not", where=path.name)
        try:
            yield limit, str(text), parse(str(text), limit.kind)
        except QuantityError as error:
            raise InputError(f"{error.what}", where=f"{path.name} of the pack") from error


def _tighter(limit: Limit, value: float, than: float) -> bool:
    return value > than if limit.floor else value < than


def _plain(path: Path) -> dict[str, Any]:
    node, problems = yamlfile.read_text(yamlfile.open_source(path))
    values = yamlfile.plain(node)
    if problems or not isinstance(values, dict):
        raise InputError("a file of the pack cannot be read", problems=problems, where=path.name)
    return values


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
