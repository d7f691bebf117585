"""Each fault does what it says, when it says; what cannot be injected is refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.clock import NS
from labctl.instruments import InputError, PortDisconnectedError, SimSpec
from labctl_simulators.bench import DEFAULT_BENCH
from labctl_simulators.faults import KINDS, describe, parse
from labctl_simulators.session import Session, open_session
from tests.unit.simulators._helpers import SAMPLE, ask, at, dark, light


def session(*faults: str, seed: int = 3) -> Session:
    """A bench with these faults whose laser lights at 10 s."""
    opened = open_session(SimSpec(seed, faults, SAMPLE, DEFAULT_BENCH))
    light(opened.world, 10.0)
    return opened


def scan(bench: Session, t_s: float) -> list[float]:
    """What the scanner reads on both channels."""
    return [float(text) for text in ask(bench.link("sim://scanner"), b"READ?\n", t_s).split(b",")]


def configured(bench: Session) -> Session:
    """The scanner scans both thermocouples with the open check on."""
    link = bench.link("sim://scanner")
    ask(link, b"CONF:TEMP TC,K,(@101:102)\n")
    ask(link, b"SENS:TEMP:TRAN:TC:CHECK ON,(@101:102)\n")
    return bench


def test_power_step_is_seen_by_the_meter_and_the_sample() -> None:
    """Light, meter and heating all drop by the size."""
    hit, healthy = session("power-step=-10%@120s"), session()
    ratio = {t: at(hit.world, t).power_w() / at(healthy.world, t).power_w() for t in (119.9, 120.1)}

    assert ratio[119.9] == pytest.approx(1.0)
    assert ratio[120.1] == pytest.approx(0.9)
    assert at(hit.world, 123.0).head_power_w() / at(
        healthy.world, 123.0
    ).head_power_w() == pytest.approx(0.9)
    assert at(hit.world, 400.0).probe_degc() < at(healthy.world, 400.0).probe_degc() - 0.5


def test_a_power_that_drifts_goes_on_while_there_is_light() -> None:
    """Two minutes of 2 % a minute are 4 % less light, which the dark leaves as they are."""
    hit, healthy = session("power-drift=-2%@10s+120s"), session()
    for each in (hit, healthy):
        dark(each.world, 200.0)
        light(each.world, 260.0)
    ratio = {t: at(hit.world, t).power_w() / at(healthy.world, t).power_w() for t in (10.1, 70.0)}

    assert ratio[10.1] == pytest.approx(1.0, abs=1e-3)
    assert ratio[70.0] == pytest.approx(0.98, abs=1e-3)
    for t in (140.0, 300.0):
        assert at(hit.world, t).power_w() / at(healthy.world, t).power_w() == pytest.approx(
            0.98**2, abs=1e-3
        )


def test_gusts_make_the_sample_restless_until_they_end() -> None:
    """Lit, the temperature swings more than in still air; afterwards the air is as it was."""
    hit, healthy = session("gusts=20%@300s+600s"), session()
    apart = [
        abs(at(hit.world, t).thermal.rim - at(healthy.world, t).thermal.rim)
        for t in (290.0, 500.0, 600.0, 700.0, 800.0)
    ]

    assert 0.0 == apart[0]
    assert max(apart[1:]) > 0.03
    assert 1.0 == at(hit.world, 901.0).thermal.gusts


def test_a_lid_that_is_off_cools_the_sample_and_the_light_stays() -> None:
    """More heat goes to the air; meter and absorbed share are as before; the end takes it back."""
    hit, healthy = session("heat-loss-step=+30%@120s+60s"), session()
    at(hit.world, 180.0)
    at(healthy.world, 180.0)

    assert hit.world.head_power_w() == healthy.world.head_power_w()
    assert hit.world.probe_degc() < healthy.world.probe_degc() - 0.1
    assert 1.0 == at(hit.world, 181.0).thermal.exposure.value


def test_a_warmer_room_is_seen_by_the_ambient_bead_within_its_lag() -> None:
    """The air steps; its bead follows; the sample only slowly."""
    hit, healthy = session("ambient-step=+2K@120s"), session()
    rises = {
        t: at(hit.world, t).ambient_degc() - at(healthy.world, t).ambient_degc()
        for t in (119.0, 123.0, 170.0)
    }

    assert 0.0 == rises[119.0]
    assert 0.4 < rises[123.0] < 1.2
    assert 2.0 == pytest.approx(rises[170.0], abs=0.02)
    assert hit.world.probe_degc() - healthy.world.probe_degc() < 0.5


def test_bleaching_takes_absorbance_while_there_is_light() -> None:
    """Two minutes of light at 5 % a minute leave 90.25 %; the dark takes nothing."""
    world = at(session("bleaching=5%@10s").world, 130.0)
    left = world.thermal.unbleached
    dark(world, 130.0)

    assert 0.9025 == pytest.approx(left, rel=0.01)
    assert left == pytest.approx(at(world, 200.0).thermal.unbleached, rel=0.005)


def test_an_offset_shows_at_once_and_on_the_sample_only() -> None:
    """The reading jumps without the bead's lag, the ambient channel does not."""
    hit, healthy = session("probe-offset=+1K@120s"), session()
    at(hit.world, 120.0)
    at(healthy.world, 120.0)

    assert 1.0 == pytest.approx(hit.world.probe_degc() - healthy.world.probe_degc())
    assert hit.world.ambient_degc() == healthy.world.ambient_degc()


def test_a_cold_junction_that_jumps_shows_on_every_channel() -> None:
    """Sample and air read too much by the same."""
    hit, healthy = session("junction-offset=+1K@120s"), session()
    at(hit.world, 120.0)
    at(healthy.world, 120.0)

    assert 1.0 == pytest.approx(hit.world.probe_degc() - healthy.world.probe_degc())
    assert 1.0 == pytest.approx(hit.world.ambient_degc() - healthy.world.ambient_degc())


def test_beam_off_sample_is_not_seen_by_the_meter() -> None:
    """The meter stays, the sample gets less; the emission log shows the same light."""
    hit, healthy = session("beam-off-sample=-30%@120s"), session()
    at(hit.world, 400.0)
    at(healthy.world, 400.0)

    assert hit.world.head_power_w() == healthy.world.head_power_w()
    assert hit.world.thermal.heat_per_watt == pytest.approx(
        0.7 * healthy.world.thermal.heat_per_watt, rel=1e-3
    )
    assert hit.truth()["emission"] == healthy.truth()["emission"]


def test_bead_in_beam_warms_the_reading_only() -> None:
    """The reading jumps by size times power within seconds, the liquid does not."""
    hit, healthy = session("bead-light=3K@120s"), session()
    at(hit.world, 130.0)
    at(healthy.world, 130.0)
    jump = hit.world.probe_degc() - healthy.world.probe_degc()

    assert jump == pytest.approx(3.0 * hit.world.power_w(), rel=0.01)
    assert hit.world.thermal.rim == healthy.world.thermal.rim


def test_bead_out_relaxes_to_the_air_and_back() -> None:
    """Out of the sample the reading falls to the air; put back it finds the liquid again."""
    bench = session("bead-out@300s+60s")
    liquid_rise = at(bench.world, 300.0).thermal.rim - bench.world.thermal.room
    out_rise = at(bench.world, 359.0).thermal.bead - bench.world.thermal.room
    back_rise = at(bench.world, 380.0).thermal.bead - bench.world.thermal.room

    assert out_rise < 0.1 * liquid_rise
    assert back_rise > 0.9 * liquid_rise


@pytest.mark.parametrize(("fault", "broken"), [("", 0), (":101", 0), (":102", 1)])
def test_open_thermocouple_reads_open(fault: str, broken: int) -> None:
    """The broken channel reads 9.9E+37, the other goes on."""
    bench = configured(session(f"open-thermocouple{fault}@60s"))
    before, after = scan(bench, 59.0), scan(bench, 61.0)

    assert max(before) < 100.0
    assert 9.9e37 == after[broken]
    assert after[1 - broken] < 100.0


def test_frozen_reading_repeats_the_sample_channel() -> None:
    """The last value of the sample's channel repeats bit for bit, the ambient one goes on."""
    bench = configured(session("frozen-reading@60s"))
    before = scan(bench, 59.0)
    later = [scan(bench, 60.0 + k) for k in range(1, 6)]

    assert {before[0]} == {reading[0] for reading in later}
    assert 5 == len({reading[1] for reading in later})


def test_frozen_meter_repeats_itself() -> None:
    """A named instrument freezes whole."""
    bench = session("frozen-reading:meter@60s")
    link = bench.link("sim://meter")

    assert 1 == len(
        {ask(link, b"READ?\n", 61.0 + k) for k in range(3)} | {ask(link, b"READ?\n", 65)}
    )


def test_late_reply_is_late_once() -> None:
    """One reply comes so much later, the next ones are in time again."""
    bench = session("late-reply:meter=300ms@150s")
    link = bench.link("sim://meter")
    waits = []
    for t_s in (149.0, 151.0, 152.0):
        link.write(b"READ?\n", round(t_s * NS))
        arrived = link.next_chunk(round((t_s + 5.0) * NS))
        assert arrived is not None
        waits.append((arrived[0] / NS) - t_s)

    assert waits[1] - waits[0] == pytest.approx(0.3, abs=1e-6)
    assert waits[2] == pytest.approx(waits[0], abs=1e-6)


def test_reply_later_than_the_patience_reaches_the_next_query() -> None:
    """What came too late for its query is what the next reading of the port finds first."""
    bench = session("late-reply:meter=300ms@0s")
    link = bench.link("sim://meter")
    link.write(b"*IDN?\n", NS)

    assert link.next_chunk(NS + NS // 5) is None
    assert ask(link, b"SYST:SENS:IDN?\n", 1.2).startswith(b"Thorlabs,PM100D")


def test_late_reply_with_duration_is_always_late() -> None:
    """With a duration all replies are late until it ends."""
    bench = session("late-reply:meter=300ms@10s+10s")
    link = bench.link("sim://meter")

    delays = []
    for t_s in (11, 15, 21):
        link.write(b"*OPC?\n", t_s * NS)
        arrived = link.next_chunk(30 * NS)
        assert arrived is not None
        delays.append(arrived[0] - t_s * NS > NS // 4)

    assert [True, True, False] == delays


def test_unplugged_port_is_gone_and_comes_back() -> None:
    """Writing and reading fail while the cable is out; afterwards the instrument answers."""
    bench = session("unplugged-port:scanner@60s+30s")
    link = bench.link("sim://scanner")

    assert ask(link, b"*OPC?\n", 59.0)
    with pytest.raises(PortDisconnectedError, match="unplugged"):
        link.write(b"*OPC?\n", 61 * NS)
    with pytest.raises(PortDisconnectedError):
        link.next_chunk(62 * NS)
    assert ask(link, b"*OPC?\n", 91.0)


def test_laser_that_ignores_off_stays_lit() -> None:
    """Off, a zero set point and the log: light all along."""
    bench = session("laser-ignores-off@0s")
    link = bench.link("sim://laser")
    ask(link, b"LAS:OUT 0\r\nLAS:LDI 0\r\n", 60.0)
    at(bench.world, 70.0)

    assert bench.world.power_w() > 0.9
    assert b"1\r\n" == ask(link, b"LAS:OUT?\r\n", 71.0)
    assert None is bench.truth()["emission"][0]["off_ns"]


def test_interlock_open_takes_the_light() -> None:
    """Light goes, the condition says interlock, and the output cannot be switched on again."""
    bench = session("interlock-open@60s")
    link = bench.link("sim://laser")
    condition = int(ask(link, b"LAS:COND?\r\n", 61.0))
    ask(link, b"LAS:OUT 1\r\n", 62.0)

    assert 1 << 4 == condition
    assert b"202\r\n" == ask(link, b"ERR?\r\n", 63.0)
    assert 60 * NS == bench.truth()["emission"][0]["off_ns"]


def test_laser_on_by_itself_emits_unasked() -> None:
    """Light comes at the onset with the size, and the controller says so."""
    bench = open_session(SimSpec(3, ("laser-on-by-itself=500mW@30s",), SAMPLE))
    link = bench.link("sim://laser")

    assert b"0\r\n" == ask(link, b"LAS:OUT?\r\n", 29.0)
    assert b"1\r\n" == ask(link, b"LAS:OUT?\r\n", 31.0)
    assert bench.world.power_w() == pytest.approx(0.5, rel=0.1)
    assert 30 * NS == bench.truth()["emission"][0]["on_ns"]


def test_wrong_readback_lies_about_the_current() -> None:
    """The measured current is off by the size, the light is not."""
    bench, healthy = session("wrong-readback=+20%@60s"), session()
    told = float(ask(bench.link("sim://laser"), b"LAS:LDI?\r\n", 61.0))
    flows = float(ask(healthy.link("sim://laser"), b"LAS:LDI?\r\n", 61.0))

    assert told == pytest.approx(1.2 * flows, rel=1e-3)
    assert bench.world.power_w() == healthy.world.power_w()


def test_onset_relative_to_first_light() -> None:
    """`@laser+60s` counts from the first light, wherever that falls."""
    bench = session("power-step=-50%@laser+60s")

    assert at(bench.world, 69.9).power_w() > 0.9
    assert at(bench.world, 70.1).power_w() < 0.6


def test_duration_takes_the_fault_back() -> None:
    """After its duration a power step is undone."""
    bench, healthy = session("power-step=-10%@60s+30s"), session()
    for t_s, factor in ((59.0, 1.0), (61.0, 0.9), (91.0, 1.0)):
        ratio = at(bench.world, t_s).power_w() / at(healthy.world, t_s).power_w()

        assert ratio == pytest.approx(factor)


def test_several_faults_at_once() -> None:
    """Two power steps multiply."""
    bench, healthy = session("power-step=-10%@60s", "power-step=-10%@70s"), session()
    ratio = at(bench.world, 80.0).power_w() / at(healthy.world, 80.0).power_w()

    assert ratio == pytest.approx(0.81)


def test_overlapping_faults_end_each_on_its_own() -> None:
    """The first of two power steps ends, the second one stays."""
    bench, healthy = session("power-step=-10%@60s+20s", "power-step=-20%@70s"), session()
    ratio = at(bench.world, 90.0).power_w() / at(healthy.world, 90.0).power_w()

    assert ratio == pytest.approx(0.8)


def test_truth_names_the_faults_as_typed() -> None:
    """`truth.json` and the session carry the texts."""
    bench = session("bead-out@300s")

    assert ("bead-out@300s",) == bench.faults
    assert ["bead-out@300s"] == bench.truth()["faults"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("power-stp=-10%@1s", "did you mean 'power-step'"),
        ("power-step=-10%", "when does it begin"),
        ("power-step=-10@1s", "one of the units %"),
        ("power-step=-10 K@1s", "one of the units %"),
        ("power-step=-110%@1s", "more than 100 %"),
        ("power-step:laser=-10%@1s", "takes no ':laser'"),
        ("bead-out=3K@1s", "takes no size"),
        ("bead-out@1", "one of the units"),
        ("bead-out@-5s", "must not be negative"),
        ("bead-out@1s+0s", "must not be negative"),
        ("late-reply=-1s@1s", "must not be negative"),
        ("bead-out@soon", "not a number with a unit"),
        ("", "not of the form"),
        ("Bead Out@1s", "not of the form"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, said: str) -> None:
    """The message names the fault as typed, and what is wrong with it."""
    with pytest.raises(InputError) as caught:
        parse([text])

    assert said in str(caught.value)
    assert repr(text) in str(caught.value)


def test_all_bad_faults_are_named_at_once() -> None:
    """Two mistakes, one error."""
    with pytest.raises(InputError, match=r"nonsense.*bead-out"):
        parse(["nonsense@1s", "power-step=-1%@1s", "bead-out"])


@pytest.mark.parametrize(
    "text",
    [
        "late-reply:pump=1s@1s",
        "unplugged-port:oven@1s",
        "open-thermocouple:107@1s",
        "open-thermocouple:meter@1s",
        "frozen-reading:laser@1s",
    ],
)
def test_fault_without_a_victim_is_refused(text: str) -> None:
    """A fault on what is not there, or cannot have it, lists what there is."""
    with pytest.raises(InputError, match=r"this bench has laser, scanner 101 102, meter"):
        session(text)


def test_laser_fault_needs_a_laser() -> None:
    """A bench with a thermometer alone refuses a fault of the laser."""
    bench = {"instruments": {"scanner": DEFAULT_BENCH["instruments"]["scanner"]}}

    with pytest.raises(InputError, match="needs a laser"):
        open_session(SimSpec(1, ("power-step=-1%@1s",), SAMPLE, bench))


def test_help_lists_every_fault() -> None:
    """Each kind stands in the help with its default size."""
    text = describe()

    assert [] == [k.name for k in KINDS if k.name not in text or k.shown not in text]


@given(st.text(max_size=40))
def test_garbage_is_an_input_error_or_a_fault(text: str) -> None:
    """Whatever is typed, parsing ends with faults or with an InputError."""
    try:
        parsed = parse([text])
    except InputError:
        return

    assert 1 == len(parsed)
