"""The release of a run, folded from its events: what is known of every species, and at its gates.

Fed every event of a run in order, live or from its journal, it comes to the same, bit for bit: it
knows no time but the events', and draws no number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from labctl.clock import NS
from labctl.events import (
    LASER,
    Assayed,
    Beam,
    Criterion,
    Dosed,
    Emission,
    Event,
    GateLooked,
    MediumSet,
    Plain,
    Reading,
    ReleaseAssessed,
    ReleaseBasis,
    Sample,
)
from labctl.monitor._dissolved import Dissolved
from labctl.monitor._estimates import figures
from labctl.monitor._half_time import half_time
from labctl.monitor._release_basis import VERSION, prior_from_plain
from labctl.photothermal import FEWEST, Medium, MediumHistory, ReleaseTracker

STALE_S = 45.0 * 60.0
"""A measurement older than this opens no gate: the laws are not trusted for longer alone."""
_ROW = 3
"""So many measurements in a row that mean nothing or give no number are more than bad luck."""
_WILD = 1e4
_GLUTATHIONE = "glutathione"


class Asked(Protocol):
    """A bound on a released fraction, as `labctl.protocol.Released` states it."""

    @property
    def species(self) -> str: ...
    @property
    def at_least(self) -> float | None: ...
    @property
    def at_most(self) -> float | None: ...


@dataclass(slots=True)
class _Followed:
    tracker: ReleaseTracker
    bad_in_row: int = 0
    no_number: int = 0


class ReleaseWatch:
    """Release of one run. Feed it every event of the run, in order."""

    def __init__(self) -> None:
        self.basis: ReleaseBasis | None = None
        """Of the run; None where nothing is followed."""
        self.broke = ""
        """Why nothing is followed though the run has a basis; '' where it is."""
        self._history = MediumHistory()
        self._followed: dict[str, _Followed] = {}
        self._dissolved = Dissolved()
        self._gates: list[GateLooked] = []
        self._degc: float | None = None
        self._ph: float | None = None
        self._gsh: float | None = None
        self._lit = False
        self._now_ns = 0
        self._stimulus_ns: int | None = None
        self._handlers: dict[type[Event], Callable[..., None]] = {
            ReleaseBasis: self._begin,
            Sample: self._sample,
            MediumSet: self._set,
            Dosed: self._dosed,
            Emission: self._emission,
            Assayed: self._assayed,
            GateLooked: self._gate,
        }

    def feed(self, event: Event) -> None:
        """Take the run's next event."""
        self._now_ns = event.t_ns
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    # -- what is known -------------------------------------------------------------------------

    def probability(self, asked: Asked) -> float | None:
        """That the bound holds now, the time of the last event, by all that was measured; None
        while there are no odds to give (`why_none` says why). ValueError where not exactly one
        bound is asked for."""
        if self.why_none(asked.species):
            return None
        tracker, now_s = self._followed[asked.species].tracker, self._now_ns / NS
        if asked.at_least is not None and asked.at_most is None:
            return tracker.probability_at_least(asked.at_least, now_s)
        if asked.at_most is not None and asked.at_least is None:
            return tracker.probability_at_most(asked.at_most, now_s)
        raise ValueError("ask for at_least or at_most, one of them")

    def why_none(self, species: str) -> str:
        """Why there are no odds of this species now, in words; '' when there are."""
        followed = self._followed.get(species)
        if followed is None:
            return self.broke or f"the release of {species} is not followed"
        if self._history.began_s is None:
            return "the probe has not been read yet"
        tracker = followed.tracker
        if tracker.why_none:
            return tracker.why_none
        if tracker.last_s is not None and self._now_ns / NS - tracker.last_s > STALE_S:
            return f"the last measurement is more than {STALE_S / 60:.0f} min old"
        return ""

    def trouble(self) -> str:
        """Why the assays cannot be relied on any more; '' while they can. What waits for a gate
        had better end than wait on."""
        for name, followed in self._followed.items():
            if followed.bad_in_row >= _ROW:
                return (
                    f"the last {followed.bad_in_row} measurements of {name} are outliers or give "
                    "no number"
                )
        return ""

    def reaches_s(self, species: str, fraction: float) -> tuple[float, float, float] | None:
        """When so much will have left, s from now, in the medium as it is: low and high of 95 %
        with the median between them, inf where it may never be; None where there are no odds."""
        if self.why_none(species):
            return None
        return self._followed[species].tracker.reaches_s(fraction, self._now_ns / NS)

    def assessed(self, t_ns: int) -> ReleaseAssessed:
        """All that is known at this time."""
        said = () if self.basis is None else self.basis.assumptions
        return ReleaseAssessed(t_ns, self._told(t_ns), said)

    def results(self) -> dict[str, Any]:
        """For the verdict: the fraction of every species now, and at every gate that opened or was
        held, by all that was measured to the end; of what has no load, what is dissolved; result
        name -> plain."""
        found: dict[str, Any] = {}
        if self._history.began_s is None:
            return self._dissolved.results()
        for name, followed in self._followed.items():
            if followed.tracker.count < FEWEST:
                continue
            now_s = followed.tracker.last_s or 0.0
            found[f"released_{name}"] = _plain(followed.tracker, now_s, "the last measurement")
            half = self._half_time(followed.tracker, now_s)
            if half is not None:
                found[f"half_released_{name}"] = half
            for number, gate in enumerate(self._gates, 1):
                state = "opened" if gate.opened else "held"
                key = f"released_{name}_at_gate_{number}"
                at = f"{gate.step}, {state}"
                found[key] = _plain(followed.tracker, gate.t_ns / NS, at)
        return {**found, **self._dissolved.results()}

    def criteria(self) -> tuple[Criterion, ...]:
        """What the verdict is to hold of a run that followed a release: assays that mean something
        of every species, and no more outliers than an assay may have."""
        found: list[Criterion] = []
        for name, followed in self._followed.items():
            tracker = followed.tracker
            outliers = len(tracker.outliers)
            good = tracker.count - outliers
            outcome = "pass" if good >= FEWEST else "cannot tell"
            found.append(
                Criterion(f"{name} measured", float(good), f">= {FEWEST} measurements", outcome)
            )
            share = outliers / tracker.count if tracker.count else 0.0
            when = ", ".join(f"{t_s / 60.0:.1f} min" for t_s in tracker.outliers)
            found.append(
                Criterion(
                    f"{name} outliers",
                    figures(share, 3),
                    "<= 0.1 of the measurements",
                    "pass" if share <= 0.1 else "cannot tell",
                    f"outliers at {when}" if when else "",
                )
            )
        return tuple(found)

    # -- events --------------------------------------------------------------------------------

    def _begin(self, event: ReleaseBasis) -> None:
        self.basis = event
        self._ph, self._gsh = event.medium_ph, event.medium_glutathione_mol_per_m3
        self._followed = {}
        try:
            if event.version != VERSION:
                raise ValueError(f"version {event.version}, and this is {VERSION}")
            for name, plain in event.priors.items():
                tracker = ReleaseTracker(self._history, prior_from_plain(plain))
                self._followed[name] = _Followed(tracker)
        except ValueError as error:
            self._followed = {}
            self.broke = f"what the release starts from cannot be read: {error}"

    def _sample(self, sample: Sample) -> None:
        if not self._followed:
            return
        for reading in sample.readings:
            if (
                isinstance(reading, Reading)
                and reading.channel == "probe.temperature"
                and -_WILD < reading.value < _WILD
            ):
                self._degc = reading.value
                self._tell(reading.t_ns)

    def _set(self, event: MediumSet) -> None:
        if self._stimulus_ns is None:
            self._stimulus_ns = event.t_ns
        if event.ph is not None:
            self._ph = event.ph
        if event.glutathione_mol_per_m3 is not None:
            self._gsh = event.glutathione_mol_per_m3
        self._tell(event.t_ns)

    def _dosed(self, event: Dosed) -> None:
        if event.ph is not None:
            self._ph = event.ph
        if event.agent == _GLUTATHIONE and event.concentration_mol_per_m3 is not None:
            self._gsh = event.concentration_mol_per_m3
        self._tell(event.t_ns)

    def _emission(self, event: Emission) -> None:
        if event.source == LASER:
            # Unknown light is light: what it drives out is not to be missed.
            self._lit = event.beam is not Beam.OFF
            self._tell(event.t_ns)

    def _tell(self, t_ns: int) -> None:
        # From the first reading on: particles do not wait for the stimulus, they are only slow.
        if self._followed and self._degc is not None:
            medium = Medium(self._degc, self._ph, self._gsh, self._lit)
            self._history.tell(t_ns / NS, medium)

    def _assayed(self, event: Assayed) -> None:
        followed = self._followed.get(event.species)
        if followed is None:
            self._dissolved.add(event)
            return
        if event.fraction is None:
            followed.no_number += 1
            followed.bad_in_row += 1
            return
        began_s = self._history.began_s
        if began_s is None or event.taken_ns / NS < began_s:
            return
        sd = event.sd_fraction if event.sd_fraction and event.sd_fraction > 0.0 else None
        followed.tracker.add(event.taken_ns / NS, event.fraction, sd)
        if followed.tracker.last_means_nothing:
            followed.bad_in_row += 1
        else:
            followed.bad_in_row = 0

    def _gate(self, event: GateLooked) -> None:
        self._gates.append(event)

    # -- within --------------------------------------------------------------------------------

    def _half_time(self, tracker: ReleaseTracker, last_s: float) -> dict[str, Any] | None:
        if self._stimulus_ns is None:
            return None

        def fraction(t_s: float) -> tuple[float, float, float]:
            at = tracker.at(t_s)
            return at.low, at.fraction, at.high

        return half_time(fraction, self._stimulus_ns / NS, last_s)

    def _told(self, t_ns: int) -> Plain:
        found: dict[str, Any] = {}
        for name, followed in self._followed.items():
            tracker = followed.tracker
            told: dict[str, Any] = {
                "measurements": tracker.count,
                "outliers": len(tracker.outliers),
                "no_number": followed.no_number,
                "why_none": self.why_none(name),
            }
            if tracker.count and self._history.began_s is not None:
                at = tracker.at(t_ns / NS)
                told |= {
                    "fraction": figures(at.fraction),
                    "sd": figures(at.sd, 3),
                    "low": figures(at.low),
                    "high": figures(at.high),
                    "laws": {law: figures(share, 3) for law, share in tracker.law_shares.items()},
                }
            found[name] = told
        return found


def _plain(tracker: ReleaseTracker, t_s: float, at: str) -> dict[str, Any]:
    found = tracker.at(t_s)
    return {
        "value": figures(found.fraction),
        "low": figures(found.low),
        "high": figures(found.high),
        "unit": "",
        "of": f"the load, at {at}",
    }
