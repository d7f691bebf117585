"""A campaign with its protocols, samples and bench loaded and held against each other."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl import bench as benches
from labctl import limits, yamlfile
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.campaign._campaign import Arm, Campaign
from labctl.campaign._order import Unit, units, world_seed
from labctl.engine import RunRequest, check_targets, has_targets, way_to
from labctl.errors import InputError, LabctlError, Problem, RefusedError
from labctl.limits import Limits
from labctl.protocol import Plan, Prompt
from labctl.ready import choose
from labctl.sample import Specimen

_OF_A_RELEASE = re.compile(r"(half_)?released_(?P<species>.+?)(_at_gate_[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Study:
    """A campaign that can be run. Obtain it from `of`."""

    campaign: Campaign
    bench: BenchFile
    bench_why: str
    units: tuple[Unit, ...]
    plans: Mapping[tuple[str, str], Plan]
    """Arm and lot -> what is done, on this bench, with the campaign's limits."""
    specimens: Mapping[tuple[str, str], Specimen]
    """Arm and lot -> the sample, as its file describes it."""
    digest: str
    """SHA-256 of all that is declared: the file, what its protocols do, samples and benches."""

    @classmethod
    def of(cls, campaign: Campaign, bench: str | None = None) -> Study:
        """Load everything; InputError with every problem. `bench` is one of the campaign's, by its
        name or file; None: the first."""
        files, problems = [], []
        for path in campaign.benches:
            try:
                files.append(benches.load(path))
            except InputError as error:
                problems += _problems(error)
        chosen = None if problems else _chosen(files, campaign, bench)
        plans: dict[tuple[str, str], Plan] = {}
        specimens: dict[tuple[str, str], Specimen] = {}
        said: dict[str, Any] = {}
        for arm in campaign.arms:
            try:
                plan = _plan(arm, campaign)
            except LabctlError as error:
                problems += _problems(error)
                continue
            said[arm.name] = {"protocol": plan.digest, "samples": {}}
            for lot, file in arm.samples.items():
                try:
                    specimen = _specimen(file, lot)
                    specimens[arm.name, lot] = specimen
                    said[arm.name]["samples"][lot] = specimen.digest
                    if chosen is not None:
                        plans[arm.name, lot] = _bound(plan, chosen, specimen)
                except LabctlError as error:
                    problems += _problems(error)
        problems += _unknown_species(campaign, specimens.values())
        if problems or chosen is None:
            once = tuple(dict.fromkeys(problems))
            words = f"{len(once)} problems" if len(once) > 1 else "1 problem"
            raise InputError(f"campaign {campaign.name} cannot be run: {words}", problems=once)
        digest = yamlfile.digest(
            {"file": campaign.said, "arms": said, "benches": [file.digest for file in files]}
        )
        why = "named by --bench" if bench else "named by the campaign"
        return cls(campaign, chosen, why, units(campaign), plans, specimens, digest)

    @property
    def at_most_ns(self) -> int:
        """Worst case of all runs together, without the time that prompts take."""
        return sum(self.plans[unit.arm, unit.lot].at_most_ns for unit in self.units)

    @property
    def real(self) -> bool:
        """Some instrument of some arm is not simulated."""
        return any(way_to(plan, self.bench).real for plan in self.plans.values())

    def shown(self, unit: Unit, *, blind: bool) -> str:
        """The arm as it may be shown."""
        return unit.label if blind else unit.arm

    def vessel(self, unit: Unit, portion: int) -> str:
        """What a portion is called: the name of its sample in the record and in the dose ledger,
        where each portion has a sum of its own. It does not say which arm it is of."""
        again = "" if portion == 1 else f"-p{portion}"
        return f"{self.campaign.name[:40]}-{unit.id}{again}"

    def request(
        self,
        unit: Unit,
        portion: int,
        runs_dir: Path,
        *,
        speed: Callable[[Plan], float | None],
        about: Mapping[str, Any],
        blind: bool,
    ) -> RunRequest:
        """The run of one portion: begins with the prompt to put it in, disarmed."""
        key = unit.arm, unit.lot
        plan, specimen, vessel = self.plans[key], self.specimens[key], self.vessel(unit, portion)
        seed = world_seed(self.campaign, unit, portion)
        if plan.seed is not None:
            # An order that the protocol shuffles is another one in each run.
            again = _plan(self._arm(unit.arm), self.campaign, seed)
            plan = _bound(again, self.bench, specimen)
        text = f"Put in a fresh portion, marked {vessel}."
        if not blind:
            what = f"{specimen.name}, lot {unit.lot}" if unit.lot else specimen.name
            text = f"{text[:-1]}: {what}."
        member = {
            "name": self.campaign.name,
            "digest": self.digest,
            "unit": unit.id,
            "portion": portion,
            "block": unit.block,
            "label": unit.label,
        }
        electrical = None
        if plan.uses_light:
            # As for a single run: the youngest of the bench that fits.
            world = "" if way_to(plan, self.bench).real else f"seed {seed}"
            electrical, _ = choose(None, self.bench, specimen, world)
        return RunRequest(
            calibration=electrical,
            plan=asked_first(plan, f"vessel {vessel}"[:60], text),
            bench_file=self.bench,
            specimen=dataclasses.replace(specimen, name=vessel),
            runs_dir=runs_dir,
            seed=seed,
            speed=speed(plan),
            about={**about, "campaign": member},
        )

    def _arm(self, name: str) -> Arm:
        return next(arm for arm in self.campaign.arms if arm.name == name)


def asked_first(plan: Plan, name: str, text: str) -> Plan:
    """The plan with a prompt before its first step."""
    steps = (Prompt(index=0, name=name, text=text), *plan.steps)
    numbered = tuple(dataclasses.replace(step, index=i) for i, step in enumerate(steps))
    return dataclasses.replace(plan, steps=numbered)


def _chosen(files: Sequence[BenchFile], campaign: Campaign, asked: str | None) -> BenchFile:
    if asked is None:
        return files[0]
    wanted = Path(asked).stem if Path(asked).suffix in (".yaml", ".yml") else asked
    for path, file in zip(campaign.benches, files, strict=True):
        if wanted in (file.name, path.stem):
            return file
    names = ", ".join(file.name for file in files)
    raise InputError(
        f"this campaign is not declared for bench '{asked}'",
        where="--bench",
        fix=f"It names {names}; another one would be another campaign.",
    )


def _plan(arm: Arm, campaign: Campaign, seed: int | None = None) -> Plan:
    """What an arm does on whatever bench, with the campaign's limits."""
    plan = protocols.load(
        arm.protocol, arm.parameters, seed=campaign.seed if seed is None else seed
    )
    if plan.samples:
        raise InputError(
            f"arm {arm.name}: {plan.name} is a series of runs, and an arm is one run a replicate",
            where=str(arm.protocol),
            fix="Take a protocol without `for_each_sample`.",
        )
    return dataclasses.replace(plan, limits=_tighter(plan.limits, campaign.limits))


def _tighter(own: Limits, common: Limits) -> Limits:
    """Of each limit the tighter one: what a protocol says already is never loosened."""
    loose = {limit.field for limit in limits.loosened(own, common)}
    values = {
        limit.field: value for limit, value in limits.set_limits(common) if limit.field not in loose
    }
    return dataclasses.replace(own, **values)


def _specimen(file: Path, lot: str) -> Specimen:
    specimen = samples.load(file)
    if lot and specimen.lot not in ("", lot):
        raise InputError(
            f"this sample is of lot '{specimen.lot}', and the campaign takes it for lot '{lot}'",
            where=str(file),
            fix="Give each lot its own file: 'samples: {LOT: FILE}'.",
        )
    return dataclasses.replace(specimen, lot=lot or specimen.lot)


def _bound(plan: Plan, bench: BenchFile, specimen: Specimen) -> Plan:
    bound = protocols.bind(plan, bench, specimen)
    if has_targets(bound):
        check_targets(bound, bench, specimen, blank=None, calibration=None)
    return bound


def _problems(error: LabctlError) -> list[Problem]:
    if isinstance(error, InputError) and error.problems:
        return list(error.problems)
    if isinstance(error, InputError | RefusedError):
        return [Problem("P052", error.what, file=error.where, fix=error.fix)]
    raise error


def _unknown_species(campaign: Campaign, specimens: Iterable[Specimen]) -> list[Problem]:
    """Outcomes of a release of what no sample carries: misspelt, and told before it is declared."""
    loaded = list(dict.fromkeys(name for it in specimens for name in it.release))
    found = []
    for outcome in campaign.analysis.outcomes:
        match = _OF_A_RELEASE.fullmatch(outcome)
        if match and match["species"] not in loaded:
            words = f"the outcome '{outcome}' is of a species that no arm's sample states a load of"
            has = f"They state {', '.join(loaded) or 'none'}."
            found.append(Problem("P057", words, file=campaign.source_file, fix=has))
    return found
