"""A whole run on a shipped bench in virtual time, and what it left behind, for the scenarios."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.engine import Begun, RunRequest, RunResult, carry_out
from labctl.events import (
    COIL,
    HEATER,
    LASER,
    Alarm,
    Beam,
    Emission,
    EmissionIntent,
    Event,
    RunEnded,
)
from labctl.protocol import Plan
from labctl.record import JournalState, read_journal
from labctl.sample import Specimen
from labctl_simulators import _lasers as simulated

BENCHES = Path(__file__).resolve().parents[2] / "protocols" / "benches"
SHORT = ("baseline=20s", "heat=90s", "cool=20s")
"""Long enough for a lease, a trip and an off; too short for much of a check."""
CHECKED = ("baseline=30s", "heat=5min", "cool=5min")
"""Long enough for the check to have its say."""

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Story:
    """What a run left behind."""

    result: RunResult
    events: tuple[Event, ...]
    state: JournalState
    truth: dict[str, Any]

    @property
    def ended(self) -> RunEnded:
        return self.result.ended

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def classes(self) -> set[int]:
        """Fault classes that the check named."""
        return {alarm.fault_class for alarm in self.of(Alarm)}

    @property
    def heat(self) -> list[tuple[float, float | None]]:
        """The same of the calibration resistor."""
        return [
            (e["on_ns"] / 1e9, None if e["off_ns"] is None else e["off_ns"] / 1e9)
            for e in self.truth["heating"]
        ]

    @property
    def light(self) -> list[tuple[float, float | None]]:
        """The world's own log: on and off of every emission, seconds."""
        return [
            (e["on_ns"] / 1e9, None if e["off_ns"] is None else e["off_ns"] / 1e9)
            for e in self.truth["emission"]
        ]

    def check_order(self) -> None:
        """What holds of every run: closed by its last event, lit only after an intent, and never
        said to be off while the world's own log says that it is on."""
        assert JournalState.CLOSED == self.state
        assert isinstance(self.events[-1], RunEnded)
        assert self.result.ended == self.events[-1]
        assert self.result.fault is None
        for source, name in ((LASER, "emission"), (HEATER, "heating")):
            self._check_source(source, self.truth[name])
        self._check_source(COIL, self.truth.get("magnetism", {}).get("field", []))

    def _check_source(self, source: str, true: list[dict[str, Any]]) -> None:
        intents = [event.t_ns for event in self.of(EmissionIntent) if event.source == source]
        asked = [e for e in true if not _by_itself(self)]
        assert len(asked) <= len(intents)
        for entry, intent_ns in zip(asked, intents, strict=False):
            assert intent_ns <= entry["on_ns"]
        for said in self.of(Emission):
            if said.beam is Beam.OFF and said.source == source:
                assert not any(
                    e["on_ns"] < said.t_ns and (e["off_ns"] is None or e["off_ns"] > said.t_ns)
                    for e in true
                )


def _by_itself(story: Story) -> bool:
    return any("by-itself" in fault for fault in story.truth["faults"])


def nobody(text: str) -> concurrent.futures.Future[str]:
    """A prompt that no test expects."""
    raise AssertionError(f"a person was asked: {text}")


@functools.cache
def bench_file(name: str) -> BenchFile:
    """A shipped bench, read once."""
    return benches.load(BENCHES / f"{name}.yaml")


@functools.cache
def specimen(name: str) -> Specimen:
    """A shipped sample, read once."""
    return samples.load(samples.find(name))


@functools.cache
def planned(protocol: str, parameters: tuple[str, ...], bench: str) -> Plan:
    """A shipped protocol on a shipped bench, read once."""
    return protocols.load(protocols.find(protocol), overrides=parameters, bench=bench_file(bench))


def without_shutter(file: BenchFile) -> BenchFile:
    """The same bench, before anybody put a shutter into it."""
    return dataclasses.replace(
        file,
        instruments={key: e for key, e in file.instruments.items() if key != "shutter"},
        roles={name: role for name, role in file.roles.items() if name != "shutter"},
    )


@contextlib.contextmanager
def emission_delay(maker: str, seconds: float) -> Iterator[None]:
    """A simulated controller of this maker lights so long after ON; no driver is told."""
    name = f"{maker}Controller"
    slow = functools.partial(_delayed, getattr(simulated, name), seconds)
    with mock.patch.object(simulated, name, slow):
        yield


def _delayed(make: Any, seconds: float, *args: Any, **settings: Any) -> Any:
    return make(*args, **{**settings, "emission_delay_s": seconds})


def request(
    runs_dir: Path,
    *,
    protocol: str = "heating-curve",
    parameters: Sequence[str] = SHORT,
    bench: str | BenchFile = "simulated",
    sample: str = "pda-aminoacid",
    faults: Sequence[str] = (),
    seed: int = 1,
    speed: float | None = None,
    check: bool = True,
) -> RunRequest:
    """A request as `labctl run` would make it; `protocol` is a name or YAML text. Without `check`
    no model follows the run, which is half of its work: for what the guard does by itself."""
    file = bench_file(bench) if isinstance(bench, str) else bench
    if "\n" in protocol:
        plan = protocols.loads(protocol, overrides=parameters, bench=file)
    elif isinstance(bench, str):
        plan = planned(protocol, tuple(parameters), bench)
    else:
        plan = protocols.load(protocols.find(protocol), overrides=parameters, bench=file)
    return RunRequest(
        plan=plan,
        bench_file=file,
        specimen=specimen(sample) if plan.heats else None,
        runs_dir=runs_dir,
        seed=seed,
        faults=tuple(faults),
        speed=speed,
        check=check,
    )


def run(
    runs_dir: Path,
    *,
    ask: Callable[[str], concurrent.futures.Future[str]] = nobody,
    publish: Sequence[Callable[[Event], None]] = (),
    on_begin: Callable[[Begun], None] = lambda begun: None,
    **how: Any,
) -> Story:
    """Carry a request out and read back what it left; checks what holds of every run."""
    story = read(
        carry_out(
            request(runs_dir, **how),
            publish=publish,
            ask=ask,
            on_begin=on_begin,
            on_signals=lambda loop, stop: lambda: None,
        )
    )
    story.check_order()
    return story


def guarded(runs_dir: Path, **how: Any) -> Story:
    """A run that no model follows: what guard and engine do by themselves."""
    return run(runs_dir, **{"check": False} | how)


def read(result: RunResult) -> Story:
    """What a run left in its folder."""
    path = result.folder.path
    reading = read_journal(path / "journal.jsonl")
    truth = json.loads((path / "truth.json").read_text())
    return Story(result, reading.events, reading.state, truth)
