"""When what happens, before anything happens."""

from __future__ import annotations

from labctl import protocol
from labctl.clock import NS


def test_the_timeline_tells_earliest_and_latest_beginnings() -> None:
    """A step that ends on a condition may end at once, after its window, or at its bound."""
    plan = protocol.loads("""\
schema: labctl.protocol/1
name: p
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
steps:
  - baseline: {for: 60 s}
  - irradiate: {power: 2 W, until: {steady: {within: 0.1 K, for: 30 s}}, at_most: 10 min}
  - cool: {until: {below: {channel: probe, value: 30 degC}}, at_most: 20 min}
  - cool: {until: {elapsed: 1 min}, at_most: 2 min}
  - prompt: {text: Done?}
  - log: {for: 10 s}
""")

    rows = protocol.timeline(plan)

    assert [0, 60, 90, 90, 150, 150] == [row.start_ns // NS for row in rows]
    assert [0, 60, 660, 1860, 1980, 1980] == [row.latest_ns // NS for row in rows]
    assert [None, 2.0, None, None, None, None] == [row.power_w for row in rows]


def test_light_that_ends_on_the_efficiency_lasts_a_minute_at_least() -> None:
    """The rule for an early end wants a minute of light, so that no step after it begins before."""
    plan = protocol.loads("""\
schema: labctl.protocol/1
name: p
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
steps:
  - irradiate: {power: 2 W, until: {efficiency_statistical: 2 %}, at_most: 20 min}
  - cool: {until: {time_constants: 1}, at_most: 30 min}
  - log: {for: 10 s}
""")

    rows = protocol.timeline(plan)

    assert [0, 60, 60] == [row.start_ns // NS for row in rows]


def test_worst_case_and_energy_are_sums_over_the_steps() -> None:
    """The longest the run can take, and the most the laser can give."""
    plan = protocol.load(protocol.find("heating-curve"), ["power=1.5 W", "heat=2 min"])

    assert (1080 * NS, 180.0) == (plan.at_most_ns, plan.energy_j)


def test_an_irradiance_that_met_no_bench_has_no_power_in_the_timeline() -> None:
    """What is not known is not shown as zero light."""
    plan = protocol.loads("""\
schema: labctl.protocol/1
name: p
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
steps: [{irradiate: {irradiance: 1 W/cm^2, for: 1 min}}]
""")

    assert [(None, 0.0)] == [(row.power_w, row.energy_j) for row in protocol.timeline(plan)]


def test_the_worst_case_counts_what_goes_around_the_steps() -> None:
    """Beginning and end once, lighting for each emission, the bench's warning for laser light; a
    hold that takes over what is lit is no emission of its own."""
    plan = protocol.loads("""\
schema: labctl.protocol/1
name: p
needs: {laser: laser, heater: heater, probe: thermometer}
record: {every: 500 ms}
steps:
  - irradiate: {power: 1 W, for: 60 s}
  - hold_temperature: {between: [40 degC, 43 degC], power_limit: 1 W, for: 60 s}
  - cool: {for: 60 s}
  - heat: {power: 1 W, for: 60 s}
""")

    assert (240 + 5 + 2 * 2) * NS == protocol.worst_case_ns(plan)
    assert (240 + 5 + 2 * 2 + 3) * NS == protocol.worst_case_ns(plan, 3.0)
