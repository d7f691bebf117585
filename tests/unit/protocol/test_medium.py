"""Hold, wait, thermostat, dose, release and assay; the conditions that they end on."""

from __future__ import annotations

import pytest

from labctl import protocol
from labctl.clock import NS
from labctl.errors import InputError
from labctl.protocol import (
    Above,
    AddAgent,
    AllOf,
    AnyOf,
    Assay,
    DoseReached,
    Elapsed,
    FluenceReached,
    HoldTemperature,
    Irradiate,
    Release,
    Released,
    SetThermostat,
    Wait,
    simple_parts,
    words,
)

HEAD = """\
schema: labctl.protocol/1
name: p
needs: {laser: laser, heater: heater, probe: thermometer, thermostat: thermostat, assay: assay}
record: {every: 500 ms}
"""


def plan(text: str, head: str = HEAD) -> protocol.Plan:
    """A protocol with this list of steps."""
    return protocol.loads(f"{head}steps:\n{text}")


def problems(text: str, head: str = HEAD) -> list[tuple[str, int, int]]:
    """Code, line and column of what is wrong with a list of steps (from line 6 on)."""
    with pytest.raises(InputError) as caught:
        plan(text, head)
    return [(p.code, p.line, p.column) for p in caught.value.problems]


EVERY_STEP = """\
  - thermostat: {temperature: 37 degC, at_most: 30 min}
  - release: {species: [quinidine, doxorubicin], stimulus: {pH: 5.5, glutathione: 10 mM}}
  - dose: {agent: acid, volume: 50 uL}
  - dose: {agent: glutathione, concentration: 10 mM, at_most: 2 min}
  - dose: {agent: acid, pH: pH 5.5}
  - assay: {species: quinidine, times: 3, every: 5 min}
  - wait:
      until: {released: {species: quinidine, at_least: 80 %}}
      at_most: 4 h
      if_late: ask
      require: {released: {species: doxorubicin, at_most: 25 %, probability: 99 %}}
      abort_if: {any: [{above: {channel: probe, value: 41 degC}}, {elapsed: 3 h}]}
      assay_every: 5 min
  - hold_temperature:
      between: [43 degC, 48 degC]
      power_limit: 1.5 W
      until: {all: [{cem43: 10 min}, {fluence: 100 J/cm^2}]}
      at_most: 60 min
  - hold_temperature: {between: [43 degC, 44 degC], power_limit: 1 W, with: heater, for: 5 min}
"""


def test_every_new_step_becomes_a_value() -> None:
    """Units taken off, defaults put in."""
    bath, release, volume, amount, acid, assay, wait, light, dark = plan(EVERY_STEP).steps

    assert isinstance(bath, SetThermostat)
    assert (37.0, 0.3, 60 * NS, "stop") == (
        bath.temperature_degc, bath.within_k, bath.for_ns, bath.if_late
    )  # fmt: skip
    assert isinstance(release, Release)
    assert (("quinidine", "doxorubicin"), 5.5, 10.0, None) == (
        release.species, release.ph, release.glutathione_mol_per_m3, release.temperature_degc
    )  # fmt: skip
    assert isinstance(volume, AddAgent)
    assert isinstance(amount, AddAgent)
    assert isinstance(acid, AddAgent)
    assert (5e-8, 10.0, 5.5) == (volume.volume_m3, amount.concentration_mol_per_m3, acid.ph)
    assert isinstance(assay, Assay)
    assert (3, 300 * NS, (600 + 3600) * NS) == (assay.times, assay.every_ns, assay.at_most_ns)
    assert isinstance(wait, Wait)
    assert Released("quinidine", 0.8, None, 0.95) == wait.until
    assert Released("doxorubicin", None, 0.25, 0.99) == wait.require
    assert AnyOf((Above("probe", None, 41.0), Elapsed(10800 * NS))) == wait.abort_if
    assert ("ask", 300 * NS) == (wait.if_late, wait.assay_every_ns)
    assert isinstance(light, HoldTemperature)
    assert AllOf((DoseReached(600.0), FluenceReached(1e6))) == light.until
    assert (43.0, 48.0, 1.5, "laser") == (
        light.low_degc, light.high_degc, light.power_limit_w, light.source
    )  # fmt: skip
    assert isinstance(dark, HoldTemperature)
    assert ("heater", None) == (dark.source, dark.until)


def test_every_new_step_survives_the_way_to_text_and_back() -> None:
    """The resolved copy loads to the same plan."""
    made = plan(EVERY_STEP)

    assert made == protocol.loads(made.dump())


def test_a_hold_counts_as_light_with_its_power_limit() -> None:
    """Energy and power of a plan are the most that a hold may give, each to its source."""
    made = plan(EVERY_STEP)

    assert (1.5, 1.5 * 3600.0) == (made.nominal_power_w, made.energy_j)
    assert (1.0, 300.0) == (made.nominal_electrical_w, made.electrical_j)
    assert ["hold_temperature"] == [step.verb for step in made.lit("heater")]


def test_who_must_be_asked_is_counted() -> None:
    """Without a doser a dose and a stimulus are asked for; by hand every measurement is."""
    head = HEAD.replace("assay: assay", "assay: manual").replace(
        "thermostat: thermostat", "thermostat: manual"
    )
    text = EVERY_STEP.replace("assay_every: 5 min", "assay_every: 2 h")

    # Bath, stimulus, three doses, three measurements, and two species at 0, 2 and 4 h.
    assert 1 + 1 + 3 + 3 + 2 * 3 == plan(text, head).prompts
    assert 1 + 3 == plan(EVERY_STEP).prompts


def test_a_condition_is_told_in_words() -> None:
    """A clause that can be true or not, the same wherever it is told."""
    wait = plan(EVERY_STEP).steps[6]
    assert isinstance(wait, Wait)
    assert wait.require is not None
    assert wait.abort_if is not None

    assert "quinidine is released to at least 80 % with a probability of 95 %" == words(wait.until)
    assert "doxorubicin is released to at most 25 % with a probability of 99 %" == words(
        wait.require
    )
    assert "probe is above 41 degC or 3 h have passed" == words(wait.abort_if)
    assert "(1 h have passed or 1 min have passed) and the dose is 10 min at 43 degC" == words(
        AllOf((AnyOf((Elapsed(3600 * NS), Elapsed(60 * NS))), DoseReached(600.0)))
    )


def test_the_parts_of_a_condition_are_its_leaves() -> None:
    """Any and all are looked through."""
    inner = AnyOf((Elapsed(1), DoseReached(1.0)))

    assert [Elapsed(1), DoseReached(1.0), Elapsed(2)] == list(
        simple_parts(AllOf((inner, Elapsed(2))))
    )
    assert [] == list(simple_parts(None))


RELEASED = "until: {released: {species: quinidine, at_least: 80 %}}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  - hold_temperature: {between: [48 degC, 43 degC], power_limit: 1 W, for: 1 s}\n",
         [("P048", 6, 33)]),
        ("  - hold_temperature: {between: [48 degC], power_limit: 1 W, for: 1 s}\n",
         [("P048", 6, 33)]),
        ("  - hold_temperature: {between: [43 K, 48 degC], power_limit: 1 W, for: 1 s}\n",
         [("P023", 6, 34)]),
        ("  - hold_temperature: {between: [43 degC, 48 degC], power_limit: 1 W}\n",
         [("P042", 6, 23)]),
        ("  - hold_temperature: {between: [43 degC, 48 degC], power_limit: 1 W, "
         "until: {cem43: 1 min}}\n", [("P042", 6, 71)]),
        ("  - hold_temperature: {between: [43 degC, 48 degC], power_limit: 1 W, with: heater, "
         "until: {fluence: 1 J/cm^2}, at_most: 1 min}\n", [("P044", 6, 92)]),
        ("  - hold_temperature: {between: [43 degC, 48 degC], power_limit: 1 W, with: sun, "
         "for: 1 s}\n", [("P017", 6, 77)]),
        (f"  - wait: {{{RELEASED}}}\n", [("P042", 6, 12)]),
        ("  - wait: {at_most: 1 h}\n", [("P013", 6, 11)]),
        ("  - wait: {until: {released: {species: quinidine}}, at_most: 1 h}\n",
         [("P043", 6, 30)]),
        ("  - wait: {until: {released: {species: q, at_least: 80 %, at_most: 90 %}}, "
         "at_most: 1 h}\n", [("P043", 6, 59)]),
        ("  - wait: {until: {released: {species: q, at_least: 80 %, probability: 0.95}}, "
         "at_most: 1 h}\n", [("P022", 6, 72)]),
        ("  - wait: {until: {released: {species: q, at_least: 80 %, probability: 40 %}}, "
         "at_most: 1 h}\n", [("P024", 6, 72)]),
        ("  - wait: {until: {released: {species: q, at_least: 120 %}}, at_most: 1 h}\n",
         [("P024", 6, 53)]),
        ("  - wait: {until: {fluence: 1 J/cm^2}, at_most: 1 h}\n", [("P044", 6, 20)]),
        ("  - wait: {until: {elapsed: 1 s}, at_most: 1 h, require: {any: []}}\n",
         [("P014", 6, 64)]),
        ("  - wait: {until: {any: [{all: [{any: [{all: [{elapsed: 1 s}]}]}]}]}, at_most: 1 h}\n",
         [("P009", 6, 41)]),
        ("  - thermostat: {temperature: 37 degC}\n", [("P042", 6, 17)]),
        ("  - thermostat: {temperature: 37 degC, for: 5 min, at_most: 1 min}\n",
         [("P043", 6, 61)]),
        ("  - dose: {agent: acid}\n", [("P049", 6, 11)]),
        ("  - dose: {agent: acid, volume: 1 mL, pH: 5}\n", [("P049", 6, 39)]),
        ("  - dose: {agent: acid, pH: 15}\n", [("P024", 6, 29)]),
        ("  - release: {species: q, stimulus: {}}\n", [("P013", 6, 37)]),
        ("  - release: {species: [], stimulus: {pH: 5}}\n", [("P014", 6, 24)]),
        ("  - release: {species: q, stimulus: {ph: 5}}\n", [("P012", 6, 38)]),
        ("  - assay: {species: q, times: 10, every: 1 h, at_most: 2 h}\n", [("P043", 6, 57)]),
        ("  - assay: {species: Q}\n", [("P018", 6, 22)]),
    ],
)  # fmt: skip
def test_a_malformed_step_is_refused_at_its_place(
    text: str, expected: list[tuple[str, int, int]]
) -> None:
    """One mistake gives one problem, with its code, line and column."""
    assert expected == problems(text)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("  - thermostat: {temperature: 37 degC, at_most: 1 h}\n", "thermostat: thermostat"),
        ("  - assay: {species: q}\n", "assay: assay"),
        (f"  - wait: {{{RELEASED}, at_most: 1 h}}\n", "assay: assay"),
        ("  - hold_temperature: {between: [43 degC, 48 degC], power_limit: 1 W, for: 1 s}\n",
         "laser: laser"),
        ("  - hold_temperature: {between: [43 degC, 48 degC], power_limit: 1 W, for: 1 s, "
         "with: heater}\n", "heater: heater"),
    ],
)  # fmt: skip
def test_a_step_whose_role_is_not_needed_is_refused(text: str, missing: str) -> None:
    """The bench must know beforehand what is asked of it."""
    head = HEAD.replace(f"{missing}, ", "").replace(f", {missing}", "")
    assert head != HEAD

    assert ["P046"] == [code for code, _, _ in problems(text, head)]


def test_a_laser_switched_by_hand_cannot_hold_a_temperature() -> None:
    """Nobody turns a knob every second."""
    head = HEAD.replace("laser: laser", "laser: manual")

    found = problems(
        "  - hold_temperature: {between: [43 degC, 48 degC], power_limit: 1 W, for: 1 s}\n", head
    )

    assert ["P046"] == [code for code, _, _ in found]


def test_an_assay_by_hand_says_how_often() -> None:
    """A person is not asked as fast as it goes."""
    head = HEAD.replace("assay: assay", "assay: manual")

    assert ["P042"] == [code for code, _, _ in problems(f"  - wait: {{{RELEASED}, at_most: 1 h}}\n",
                                                        head)]  # fmt: skip


def test_lateness_may_ask_a_person_in_every_step_that_has_it() -> None:
    """`ask` is a word of every `if_late`."""
    made = plan(
        "  - irradiate: {power: 1 W, until: {elapsed: 1 s}, at_most: 2 s, if_late: ask}\n"
        "  - cool: {until: {elapsed: 1 s}, at_most: 2 s, if_late: ask}\n"
    )

    assert ["ask", "ask"] == [
        step.if_late for step in made.steps if isinstance(step, Irradiate | protocol.Cool)
    ]
