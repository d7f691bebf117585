"""The medium around the particles: rows of a file -> wait, thermostat, dose, release, assay."""

from __future__ import annotations

from typing import Any

from labctl import clock
from labctl.protocol._checks import Checks
from labctl.protocol._condition_fields import LONGEST_S
from labctl.protocol._conditions import Condition, Released, simple_parts
from labctl.protocol._fields import (
    ABORT_IF,
    ADDED_AMOUNT,
    ADDED_PH,
    ADDED_VOLUME,
    AGENT,
    ASSAY_EVERY,
    ASSAY_GAP,
    ASSAY_TIMES,
    AT_MOST,
    IF_LATE,
    REQUIRE,
    SET_FOR,
    SET_TO,
    SET_WITHIN,
    SPECIES_LIST,
    STIMULUS,
    STIMULUS_GLUTATHIONE,
    STIMULUS_PH,
    STIMULUS_TEMPERATURE,
    WAIT_UNTIL,
)
from labctl.protocol._steps import AddAgent, Assay, Release, SetThermostat, Step, Wait
from labctl.yamlfile import Row

_USUAL_WITHIN_K, _USUAL_FOR_S = 0.3, 60.0
_DOSE_S, _RELEASE_S = 600.0, 3600.0
"""The longest that a dose and a release may take when the protocol does not say."""
_ASSAY_BY_HAND_S = 3600.0
"""The longest that one measurement may take when the protocol does not say."""


def wait(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    until = checks.condition(row, WAIT_UNTIL, "a wait step")
    require = checks.condition(row, REQUIRE, "a wait step")
    abort_if = checks.condition(row, ABORT_IF, "a wait step")
    at_most_ns = None
    if row.meant(WAIT_UNTIL):
        at_most_ns = checks.at_most(row, "a wait step", row.key(WAIT_UNTIL).mark)
    every = row[ASSAY_EVERY]
    if every is None and not row.has(ASSAY_EVERY) and _assayed_by_hand(checks, until, require):
        checks.reader.add(
            row.node,
            "P042",
            "how often is a person asked for an assay? that is not said",
            "Add for example 'assay_every: 15 min'.",
        )
        return None
    told = (row.has(REQUIRE) and require is None) or (row.has(ABORT_IF) and abort_if is None)
    if until is None or at_most_ns is None or told:
        return None
    return Wait(
        **common,
        at_most_ns=at_most_ns,
        until=until,
        if_late=row[IF_LATE] or "stop",
        require=require,
        abort_if=abort_if,
        assay_every_ns=None if every is None else clock.ns(every),
    )


def _assayed_by_hand(checks: Checks, *conditions: Condition | None) -> bool:
    parts = [part for condition in conditions for part in simple_parts(condition)]
    by_hand = checks.needs.get("assay") == "manual"
    return by_hand and any(isinstance(part, Released) for part in parts)


def thermostat(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    checks.probe(row, "a thermostat step")
    fix = "Add 'thermostat: thermostat' (or 'thermostat: manual') to `needs`."
    checks.role(row, "thermostat", "a thermostat step needs a thermostat", fix)
    at_most_ns = checks.at_most(row, "a thermostat step")
    temperature, within, over = row[SET_TO], row[SET_WITHIN], row[SET_FOR]
    for_ns = clock.ns(_USUAL_FOR_S if over is None else over)
    if at_most_ns is not None and for_ns > at_most_ns:
        checks.reader.add(
            row.at(AT_MOST),
            "P043",
            "the step may end before the temperature can have been held for so long",
            "`at_most` is longer than `for` (60 s where it is not given).",
        )
        return None
    if temperature is None or at_most_ns is None:
        return None
    return SetThermostat(
        **common,
        temperature_degc=temperature,
        within_k=_USUAL_WITHIN_K if within is None else within,
        for_ns=for_ns,
        at_most_ns=at_most_ns,
        if_late=row[IF_LATE] or "stop",
    )


def dose(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    fields = (ADDED_VOLUME, ADDED_AMOUNT, ADDED_PH)
    given = [field for field in fields if row.meant(field)]
    if len(given) != 1:
        names = " and ".join(field.name for field in given)
        checks.reader.add(
            row.key(given[1]) if given else row.node,
            "P049",
            f"{names} are given" if given else "how much? nothing is given",
            "Give one: 'volume: 50 uL', 'concentration: 10 mM' or 'pH: 5.5'.",
        )
        return None
    agent = row[AGENT]
    volume, amount, ph = row[ADDED_VOLUME], row[ADDED_AMOUNT], row[ADDED_PH]
    if agent is None or (volume is None and amount is None and ph is None):
        return None
    return AddAgent(
        **common,
        agent=agent,
        volume_m3=volume,
        concentration_mol_per_m3=amount,
        ph=ph,
        at_most_ns=_at_most_ns(row, _DOSE_S),
    )


def release(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    species, stimulus = row[SPECIES_LIST], row[STIMULUS]
    if stimulus is None:
        return None
    keys = (STIMULUS_PH, STIMULUS_GLUTATHIONE, STIMULUS_TEMPERATURE)
    if not any(stimulus.meant(key) for key in keys):
        checks.reader.add(
            stimulus.node, "P013", "a stimulus says nothing of the medium",
            "Give any of: pH, glutathione, temperature.",
        )  # fmt: skip
        return None
    if not species:
        return None
    return Release(
        **common,
        species=tuple(dict.fromkeys(species)),
        ph=stimulus[STIMULUS_PH],
        glutathione_mol_per_m3=stimulus[STIMULUS_GLUTATHIONE],
        temperature_degc=stimulus[STIMULUS_TEMPERATURE],
        at_most_ns=_at_most_ns(row, _RELEASE_S),
    )


def assay(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    fix = "Add 'assay: assay' (or 'assay: manual') to `needs`."
    checks.role(row, "assay", "an assay step needs an assay", fix)
    species, times, every = row[SPECIES_LIST], row[ASSAY_TIMES] or 1, row[ASSAY_GAP]
    apart_s = (times - 1) * (every or 0.0)
    at_most = row[AT_MOST]
    if apart_s + _ASSAY_BY_HAND_S > LONGEST_S:
        checks.reader.add(row.at(ASSAY_GAP), "P024", "these measurements take more than a month",
                          "Measure less often, or fewer times.")  # fmt: skip
        return None
    if at_most is not None and at_most < apart_s:
        checks.reader.add(
            row.at(AT_MOST),
            "P043",
            f"{times} measurements, {every:g} s apart, do not fit into this time",
            "Raise `at_most`, or measure less often.",
        )
        return None
    if not species or (row.has(AT_MOST) and at_most is None):
        return None
    return Assay(
        **common,
        species=tuple(dict.fromkeys(species)),
        times=times,
        every_ns=None if every is None else clock.ns(every),
        at_most_ns=clock.ns(at_most or apart_s + _ASSAY_BY_HAND_S),
    )


def _at_most_ns(row: Row, usual_s: float) -> int:
    at_most = row[AT_MOST]
    return clock.ns(usual_s if at_most is None else at_most)
