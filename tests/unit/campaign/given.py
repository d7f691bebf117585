"""A small campaign, and records as the engine leaves them, without a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from labctl.campaign import (
    Campaign,
    CampaignLog,
    CampaignState,
    Ran,
    Study,
    Unit,
    campaign_folder,
    load,
    run_campaign,
)
from labctl.clock import NS
from labctl.engine import RunRequest
from labctl.events import Beam, Emission, EmissionIntent, Event, Mode, RunBegun, RunEnded, Verdict
from labctl.record import RunFolder

TEXT = """\
schema: labctl.campaign/1
name: light-or-dark
hypothesis: Light warms particles more than water.
protocol: heating-curve
bench: simulated
seed: 5
replicates: 2
lots: [A, B]
arms:
  particles: {sample: polydopamine, parameters: {power: 0.5 W}}
  medium: {sample: water, role: blank}
analysis: {primary: efficiency, compare_to: medium}
"""


def campaign(folder: Path, text: str = TEXT) -> Campaign:
    """From a file."""
    path = folder / "campaign.yaml"
    path.write_text(text)
    return load(path)


class Bench:
    """Runs a campaign on records made by hand."""

    def __init__(self, folder: Path, text: str = TEXT) -> None:
        self.runs = folder / "runs"
        self.study = Study.of(campaign(folder, text))
        self.carried: list[RunRequest] = []
        self.value: Callable[[Unit, int], float] = lambda unit, number: 0.4
        self.outcome = "completed"

    @property
    def log(self) -> CampaignLog:
        """Not held."""
        return CampaignLog(campaign_folder(self.runs, self.study.campaign.name))

    @property
    def state(self) -> CampaignState:
        """As the log says."""
        return CampaignState.of(self.log.read())

    def go_on(self, at_most: int | None = None, carry: Any = None) -> Ran | None:
        """As `labctl campaign run`."""
        with self.log as log:
            return run_campaign(
                self.study, log, self.runs, carry or self.carry,
                speed=lambda plan: None, at_most=at_most,
            )  # fmt: skip

    def carry(self, request: RunRequest, unit: Unit) -> Ran:
        """A run that ends, with light."""
        self.carried.append(request)
        results = {"efficiency": {"value": self.value(unit, len(self.carried)), "unit": ""}}
        ended = RunEnded(
            9 * NS, self.outcome, "all steps done", 0, "pass", Beam.OFF, "read back", 18, 4.5
        )
        verdict = Verdict(9 * NS, "pass", (), (), results, ())
        folder = record(self.runs, request, *LIT, verdict, ended)
        return Ran(ended, folder.path)

    def die(self, *events: Event, folder: bool = True) -> None:
        """Begin the next run and come to no more than this."""

        def carry(request: RunRequest, unit: Unit) -> Ran:
            if folder:
                record(self.runs, request, *events)
            raise _Killed

        try:
            self.go_on(carry=carry)
        except _Killed:
            pass


class _Killed(BaseException):
    """Stands for kill -9: nothing of labctl catches it."""


LIT: tuple[Event, ...] = (
    EmissionIntent(1 * NS, 0.5, 60 * NS, NS),
    Emission(2 * NS, Beam.ON, "read back", 0.5),
)


def record(runs: Path, request: RunRequest, *events: Event) -> RunFolder:
    """A record of these events; not closed in order without a RunEnded among them."""
    specimen = request.specimen
    assert specimen is not None
    facts = {"mode": "SIMULATED", **request.about}
    texts = {"sample.yaml": specimen.dump()}
    folder = RunFolder.create(runs, request.plan.name, specimen.name, texts=texts, facts=facts)
    journal = folder.open_journal(real_time=False)
    names = request.plan.name, "p", "bench", "b", specimen.name, specimen.digest
    journal.append(RunBegun(0, Mode.SIMULATED, *names, request.seed, "0.1.0"))
    for event in events:
        journal.append(event)
    folder.finish()
    return folder
