"""Makes the journals of tests/data/journals: `python -m tests.scenario.golden [FOLDER
[NAME...]]`, all of them or those that are named.

Run it when a kind of event is added, and add the new journals beside the old ones, which stay as
they are: they are what was written then.
"""

from __future__ import annotations

import concurrent.futures
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

from labctl.imported import import_curve
from labctl.record import read_journal
from tests.scenario.runs import run

HOME = Path(__file__).resolve().parents[1] / "data" / "journals"
VERSION = "0.1-b"
"""Of labctl, and a letter for the state of its events."""
_BRIEF = ("baseline=10s", "heat=30s", "cool=10s", "every=1s")
_PROMPT = """
schema: labctl.protocol/1
name: prompted
needs: {laser: laser, probe: thermometer, meter: power_meter}
record: {every: 1 s}
steps:
  - baseline: {for: 10 s}
  - prompt: {text: Stir the sample.}
  - irradiate: {power: 1 W, for: 30 s}
  - cool: {for: 10 s}
"""
_STAGED = """
schema: labctl.protocol/1
name: staged
needs: {laser: laser, probe: thermometer, meter: power_meter, thermostat: thermostat, doser: doser,
        assay: assay}
record: {every: 1 s}
steps:
  - thermostat: {temperature: 24 degC, within: 5 K, for: 5 s, at_most: 60 s}
  - release: {species: quinidine, stimulus: {glutathione: 2 mM}}
  - wait:
      until: {elapsed: 20 s}
      abort_if: {above: {channel: probe, value: 60 degC}}
      at_most: 30 s
  - assay: {species: quinidine}
  - hold_temperature: {between: [24 degC, 26 degC], power_limit: 1 W, for: 30 s}
  - cool: {for: 5 s}
"""
STORIES: dict[str, dict[str, Any]] = {
    "heating": {"parameters": _BRIEF},
    "resistor": {
        "protocol": "electrical-calibration",
        "bench": "simulated-heater",
        "sample": "water",
        "parameters": _BRIEF,
    },
    # More events than stand between two chain lines.
    "log": {"protocol": "log", "parameters": ("for=270s", "every=1s")},
    "prompted": {"protocol": _PROMPT, "parameters": ()},
    "staged": {"protocol": _STAGED, "parameters": (), "bench": "simulated-release"},
    "light-lost": {"parameters": _BRIEF, "faults": ("beam-off-sample=-70%@20s",)},
    "interlock": {"parameters": _BRIEF, "faults": ("interlock-open@20s",)},
    "meter-unplugged": {"parameters": _BRIEF, "faults": ("unplugged-port:meter@20s",)},
}


def main() -> None:
    """Write each journal that is not there yet, and the head hashes of all."""
    home = Path(sys.argv[1]) if len(sys.argv) > 1 else HOME
    heads_file = home / "heads.json"
    heads = json.loads(heads_file.read_text()) if heads_file.exists() else {}
    wanted = sys.argv[2:] or [*STORIES, "cut-off", "imported"]
    for name, how in STORIES.items():
        if name not in wanted:
            continue
        file = home / f"{VERSION}-{name}.jsonl"
        if file.exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            story = run(Path(folder), ask=_yes, **how)
            data = (story.result.folder.path / "journal.jsonl").read_bytes()
        file.write_bytes(data)
        heads[file.name] = read_journal(file).head_hash
    cut = home / f"{VERSION}-cut-off.jsonl"
    if "cut-off" in wanted and not cut.exists():
        whole = (home / f"{VERSION}-heating.jsonl").read_bytes()
        cut.write_bytes(whole[: 2 * len(whole) // 3])
        heads[cut.name] = read_journal(cut).head_hash
    imported = home / f"{VERSION}-imported.jsonl"
    if "imported" in wanted and not imported.exists():
        imported.write_bytes(_imported())
        heads[imported.name] = read_journal(imported).head_hash
    heads_file.write_text(json.dumps(dict(sorted(heads.items())), indent=2) + "\n")


def _imported() -> bytes:
    """A curve that comes up and down by e in 200 s, as a logger might have written it."""
    rises = [10.0 * (1.0 - math.exp(-t / 200.0)) for t in range(0, 600, 20)]
    falls = [rises[-1] * math.exp(-t / 200.0) for t in range(20, 620, 20)]
    rows = [f"{20 * n},{22.0 + rise:.2f},{int(n < len(rises))}"
            for n, rise in enumerate([*rises, *falls])]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        curve = Path(folder) / "curve.csv"
        curve.write_text("\n".join(["time_s,T_C,laser_on", *rows, ""]))
        made = import_curve(curve, Path(folder) / "runs", who="A. Ito", source="a test")
        return (made.folder / "journal.jsonl").read_bytes()


def _yes(text: str) -> concurrent.futures.Future[str]:
    answer: concurrent.futures.Future[str] = concurrent.futures.Future()
    answer.set_result("yes")
    return answer


if __name__ == "__main__":
    main()
