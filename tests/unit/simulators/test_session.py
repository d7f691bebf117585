"""A session as the engine opens it: links by address, truth as plain JSON, deterministic."""

from __future__ import annotations

import json

import pytest

from labctl.clock import NS
from labctl.instruments import InputError, Link, SimSession, SimSpec
from labctl_simulators.bench import DEFAULT_CNI_BENCH
from labctl_simulators.session import Session, open_session
from tests.unit.simulators._helpers import SAMPLE, ask, at, dark, light


def run(seed: int = 7) -> tuple[Session, list[bytes]]:
    """A short run through the wires, and all that was read in it."""
    bench = open_session(SimSpec(seed, (), SAMPLE))
    scanner, meter, laser = (bench.link(f"sim://{n}") for n in ("scanner", "meter", "laser"))
    ask(scanner, b"CONF:TEMP TC,K,(@101:102)\n")
    ask(laser, b"LAS:LDI 1461\r\n")
    read = []
    for k in range(200):
        t_s = 0.5 * k
        if k == 20:
            ask(laser, b"LAS:OUT 1\r\n", t_s)
        read += [ask(scanner, b"READ?\n", t_s), ask(meter, b"READ?\n", t_s)]
        read.append(ask(laser, b"LAS:LDI?\r\n", t_s))
    return bench, read


def test_without_a_statement_there_is_a_bench() -> None:
    """A bare seed is enough."""
    bench: SimSession = open_session(SimSpec(1))
    link: Link = bench.link("sim://laser")

    assert ask(link, b"*IDN?\r\n").startswith(b"Arroyo")


def test_cni_bench_answers() -> None:
    """The second bench has a CNI supply behind the same address."""
    bench = open_session(SimSpec(1, (), SAMPLE, DEFAULT_CNI_BENCH))
    on = bytes.fromhex("55AA030104")

    assert on == ask(bench.link("sim://laser"), on, 1.0)


def test_same_seed_same_bytes() -> None:
    """Two runs of one seed read the same, another seed reads otherwise."""
    first, again, other = run(7)[1], run(7)[1], run(8)[1]

    assert first == again
    assert first != other


def test_noise_does_not_depend_on_who_else_asks() -> None:
    """The scanner reads the same whether or not the meter is asked in between."""
    readings = []
    for with_meter in (False, True):
        bench = open_session(SimSpec(7, (), SAMPLE))
        scanner, meter = bench.link("sim://scanner"), bench.link("sim://meter")
        ask(scanner, b"CONF:TEMP TC,K,(@101:102)\n")
        read = []
        for k in range(50):
            if with_meter:
                ask(meter, b"READ?\n", 0.5 * k)
            read.append(ask(scanner, b"READ?\n", 0.5 * k + 0.1))
        readings.append(read)

    assert readings[0] == readings[1]


def test_unknown_address_names_those_there_are() -> None:
    """A mistyped address is refused with the list."""
    with pytest.raises(InputError, match=r"sim://laser, sim://scanner, sim://meter"):
        open_session(SimSpec(1)).link("sim://lazer")


def test_unknown_driver_is_refused() -> None:
    """A bench whose driver the simulator cannot play gets a near name."""
    bench = {"instruments": {"x": {"driver": "aroyo-laser", "address": "sim://x"}}}

    with pytest.raises(InputError, match=r"instruments\.x\.driver.*arroyo-laser"):
        open_session(SimSpec(1, (), SAMPLE, bench))


def test_two_instruments_at_one_address_are_refused() -> None:
    """Each needs an address of its own."""
    entry = {"driver": "thorlabs-pm100", "address": "sim://m"}

    with pytest.raises(InputError, match="two instruments"):
        open_session(SimSpec(1, (), SAMPLE, {"instruments": {"a": entry, "b": entry}}))


def test_instruments_served_elsewhere_go_by_their_key() -> None:
    """A bench file with socket addresses names the same instruments."""
    entry = {"driver": "thorlabs-pm100", "address": "sim+TCPIP0::127.0.0.1::5025::SOCKET"}
    bench = open_session(SimSpec(1, (), SAMPLE, {"instruments": {"meter": entry}}))

    assert b"1\n" == ask(bench.link("sim://meter"), b"*OPC?\n")


def test_roles_say_where_the_beads_are() -> None:
    """The probe is on the channel that the bench's roles give, not merely on the first one."""
    entry = {"driver": "keysight-3497x", "address": "sim://s", "settings": {"channels": [201, 202]}}
    statement = {"instruments": {"s": entry}, "roles": {"probe": "s.202", "ambient": "s.201"}}
    bench = open_session(SimSpec(1, (), SAMPLE, statement))
    light(bench.world, 0.0)
    link = bench.link("sim://s")
    ask(link, b"CONF:TEMP TC,K,(@201,202)\n")
    ambient, probe = (float(x) for x in ask(link, b"READ?\n", 300.0).split(b","))

    assert probe > ambient + 5.0


def test_truth_is_plain_json_and_complete() -> None:
    """Everything that issue and checker's tests need stands in it, JSON-able as it is."""
    bench, _ = run()
    dark(bench.world, 100.0)
    at(bench.world, 130.0)
    truth = bench.truth()
    again = json.loads(json.dumps(truth))

    assert truth == again
    assert {
        "seed", "efficiency", "heat_loss_w_per_k", "time_constant_s", "wall_heat_capacity_j_per_k",
        "bead_lag_s", "volume_m3", "absorbance", "power_factor", "faults", "emission",
        "peak_liquid_degc",
    } <= set(truth)  # fmt: skip
    assert 7 == truth["seed"]
    [emission] = truth["emission"]
    assert emission["off_ns"] == 100 * NS
    assert emission["mean_power_w"] == pytest.approx(truth["power_factor"], rel=0.02)


def test_blank_has_no_efficiency() -> None:
    """Water has no particles whose efficiency could be true."""
    water = {"material": "water", "kind": "solvent", "volume_m3": 1e-6}

    assert open_session(SimSpec(1, (), water)).truth()["efficiency"] is None


def test_heat_loss_is_the_slope_at_the_plateau() -> None:
    """A little more light moves the world's own steady state by heat over the stated loss."""
    rises, heats = [], []
    for factor in (1.0, 1.04):
        bench = open_session(SimSpec(3, (), SAMPLE))
        light(bench.world, 0.0)
        bench.world.laser.scale.put(factor)
        at(bench.world, 7200.0)
        plateau = bench.world.plateau()
        rises.append(plateau["temperature_degc"])
        heats.append(plateau["heat_w"])
        loss = plateau["heat_loss_w_per_k"]

    # The holder, which is held in the definition, has moved a little as well.
    assert (heats[1] - heats[0]) / (rises[1] - rises[0]) == pytest.approx(loss, rel=0.2)
