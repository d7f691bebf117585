"""Staged release as whole runs: the engine, the guard, the wires and the simulated particles.

The particles are the shipped `pda-aminoacid` on the shipped bench `simulated-release`; what is true
of each run - rates, laws, loads, how acid and warmth act - is drawn by the simulator from its seed.
One thing is other than shipped: the loads are stated to 3 %, as a lot is that somebody has
dissolved and measured. With the 10 % of the shipped sample few runs would ever be lit.
"""

from __future__ import annotations

import concurrent.futures
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.protocols._staged_quick import CEILING, FLOOR, SURE, TARGET, Staged
from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.engine import RunRequest, carry_out
from labctl.events import Beam, Emission, GateLooked, RunEnded
from labctl.record import read_journal
from labctl.sample import Specimen

LOAD_SD = 0.03
PROTOCOL = f"""schema: labctl.protocol/1
name: staged-release-benchmark
needs: {{laser: laser, probe: thermometer, thermostat: thermostat, doser: doser, assay: assay}}
limits: {{temperature: 52 degC, total: 30 h}}
record: {{every: 1 s}}
steps:
  - release: {{species: [quinidine, doxorubicin], stimulus: {{pH: 5.5, temperature: 37 degC}}}}
  - name: Order gate
    wait:
      until: {{released: {{species: quinidine, at_least: {TARGET:%}, probability: {SURE:%}}}}}
      require: {{released: {{species: doxorubicin, at_most: {CEILING:%}, probability: {SURE:%}}}}}
      abort_if: {{above: {{channel: probe, value: 41 degC}}}}
      at_most: 6 h
      assay_every: 5 min
  - name: Laser gate
    wait:
      until: {{released: {{species: doxorubicin, at_least: {FLOOR:%}, probability: {SURE:%}}}}}
      abort_if: {{above: {{channel: probe, value: 41 degC}}}}
      at_most: 20 h
      assay_every: 10 min
  - name: Light
    irradiate: {{power: 300 mW, for: 30 s}}
"""
_INHIBITOR, _DRUG = "quinidine", "doxorubicin"


def staged_run(seed: int) -> Staged:
    """One whole run through both gates."""
    file = benches.load(benches.find_bench("simulated-release").path)
    specimen = known_loads(samples.load(samples.find("pda-aminoacid")))
    with tempfile.TemporaryDirectory() as folder:
        result = carry_out(
            RunRequest(
                plan=protocols.loads(PROTOCOL, bench=file),
                bench_file=file,
                specimen=specimen,
                runs_dir=Path(folder),
                seed=seed,
                speed=None,
            ),
            publish=(),
            ask=_nobody,
            on_begin=lambda begun: None,
            on_signals=lambda loop, stop: lambda: None,
        )
        events = read_journal(result.folder.path / "journal.jsonl").events
        told = json.loads((result.folder.path / "truth.json").read_text())["release"]
    gates = [event for event in events if isinstance(event, GateLooked)]
    lit = [e for e in events if isinstance(e, Emission) and e.beam is Beam.ON]
    found = Staged("")
    if gates:
        found.inhibitor_at_order = _true(told["marks"], _INHIBITOR, gates[0].t_ns)
        found.drug_at_order = _true(told["marks"], _DRUG, gates[0].t_ns)
    if lit:
        # Whatever lights without both gates is counted as lit, with nothing true of it.
        found.outcome = "lit"
        found.drug_at_laser = _true(told["marks"], _DRUG, lit[0].t_ns)
        return found
    ended = next(event for event in events if isinstance(event, RunEnded))
    last = gates[-1] if gates else None
    if last is None or last.opened:
        found.outcome = f"{ended.outcome}: {ended.why}"
    else:
        found.outcome = f"{last.step.lower()}: {_short(last.why)}"
    return found


def _short(why: str) -> str:
    """The reason as it is counted: what the record says in full."""
    if why.startswith("not yet"):
        return "not in time"
    return "the drug is not surely held" if "but not" in why else why


def known_loads(specimen: Specimen) -> Specimen:
    """The same with loads that were measured."""
    release = {
        name: replace(load, load_mol_per_m3=replace(
            load.load_mol_per_m3, sd=LOAD_SD * load.load_mol_per_m3.value
        ))
        for name, load in specimen.release.items()
    }  # fmt: skip
    return replace(specimen, release=release)


def _true(marks: Sequence[Mapping[str, Any]], species: str, t_ns: int) -> float:
    """Between the marks before and after, straight; the last one where none comes after."""
    before = marks[0]
    for mark in marks:
        if mark["t_ns"] > t_ns:
            low, high = before["fraction"][species], mark["fraction"][species]
            apart = max(1, mark["t_ns"] - before["t_ns"])
            share = min(1.0, max(0.0, (t_ns - before["t_ns"]) / apart))
            return float(low + share * (high - low))
        before = mark
    return float(before["fraction"][species])


def _nobody(text: str) -> concurrent.futures.Future[str]:
    raise AssertionError(f"a person was asked: {text}")
