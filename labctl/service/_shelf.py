"""The protocols and samples that can be ordered by name: those that ship, and the lab's own folder.

A name is a name: no path is taken from a request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labctl import protocol as protocols
from labctl import quantities, yamlfile
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.clock import NS
from labctl.errors import InputError, LabctlError
from labctl.quantities import Kind, QuantityError


class Shelf:
    """Looks files up by name. Any thread."""

    def __init__(
        self,
        bench_file: BenchFile,
        own: Path | None,
        named: Callable[[str], str] = lambda text: text,
    ) -> None:
        """`named`: puts names in the place of places, in what is wrong with a file."""
        self._named = named
        self._bench = bench_file
        self._own = own
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[int, dict[str, Any]]] = {}

    def protocol(self, name: str) -> str:
        """What `labctl run` calls it: the name of a shipped one, or a file of the lab's folder.
        InputError for a name that is neither."""
        return self._find(name, "protocol", "")

    def sample(self, name: str) -> str:
        """The same of a sample."""
        return self._find(name, "sample", "samples")

    def text(self, name: str) -> str:
        """A protocol's text, as it stands in its file. LookupError, InputError."""
        found = {path.stem: path for path in self._files("")}
        return yamlfile.open_source(found[name]).text

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where all of them lie; the lab's own last."""
        shipped = yamlfile.shipped_folder()
        return (shipped,) if self._own is None else (shipped, self._own)

    def protocols(self) -> list[dict[str, Any]]:
        """Every protocol with its parameters: what a form is made of."""
        return [self._told(path, self._protocol) for path in self._files("")]

    def samples(self) -> list[dict[str, Any]]:
        """Every sample."""
        return [self._told(path, _sample) for path in self._files("samples")]

    def _find(self, name: str, what: str, folder: str) -> str:
        own = {path.stem: path for path in self._files(folder)}
        if name not in own:
            raise InputError(
                f"there is no {what} '{name}'",
                fix=f"{yamlfile.did_you_mean(name, own)}There are: {', '.join(sorted(own))}.",
            )
        return str(own[name])

    def _files(self, folder: str) -> list[Path]:
        """By name; the lab's own stand before shipped ones of the same name."""
        found = {path.stem: path for path in (yamlfile.shipped_folder() / folder).glob("*.yaml")}
        if self._own is not None:
            found |= {path.stem: path for path in (self._own / folder).glob("*.yaml")}
        return [found[name] for name in sorted(found)]

    def _told(self, path: Path, tell: Any) -> dict[str, Any]:
        stamp = path.stat().st_mtime_ns
        with self._lock:
            known = self._known.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        told: dict[str, Any] = tell(path)
        told["problem"] = self._named(told["problem"])
        with self._lock:
            self._known[path] = (stamp, told)
        return told

    def _protocol(self, path: Path) -> dict[str, Any]:
        told: dict[str, Any] = {
            "name": path.stem, "title": "", "lights": False, "needs": {}, "prompts": 0,
            "at_most_s": 0.0, "series": False, "parameters": [], "problem": "",
        }  # fmt: skip
        try:
            node, _ = yamlfile.read_text(yamlfile.open_source(path))
            plain = yamlfile.plain(node)
            if isinstance(plain, dict):
                declared = plain.get("parameters")
                told["title"] = str(plain.get("title", ""))
                told["parameters"] = _parameters(declared if isinstance(declared, dict) else {})
            plan = protocols.load(path, bench=self._bench)
            told |= {
                "lights": plan.arms, "needs": dict(plan.needs), "prompts": plan.prompts,
                "at_most_s": plan.at_most_ns / NS, "series": bool(plan.samples),
            }  # fmt: skip
        except LabctlError as error:
            told["problem"] = problem_words(error)
        return told


def problem_words(error: LabctlError) -> str:
    """An error with all its problems, in one text."""
    problems = error.problems if isinstance(error, InputError) else ()
    return "; ".join(str(problem) for problem in problems) or str(error)


def _parameters(declared: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, row in declared.items():
        if not isinstance(row, dict):
            continue
        default = str(row.get("default", ""))
        try:
            kind: Kind | None = quantities.parse_any(default, *Kind).kind
        except QuantityError:
            kind = None
        found.append(
            {
                "name": str(name),
                "default": default,
                "least": str(row.get("min", "")),
                "most": str(row.get("max", "")),
                "kind": "" if kind is None else kind.value,
                "units": [] if kind is None else list(quantities.units_of(kind)),
                "help": str(row.get("help", "")),
            }
        )
    return found


def _sample(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": path.stem, "kind": "", "placeholders": [], "hazards": [], "problem": "",
    }  # fmt: skip
    try:
        specimen = samples.load(path)
        told |= {
            "kind": specimen.kind,
            "placeholders": list(specimen.placeholders),
            "hazards": list(specimen.hazards),
        }
    except LabctlError as error:
        told["problem"] = problem_words(error)
    return told
