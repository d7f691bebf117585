"""The scanner personality against the protocol card."""

from __future__ import annotations

from statistics import fmean, pstdev

import pytest

from labctl.clock import NS
from labctl_simulators.wire import KeysightScanner, SimLink
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask


@pytest.fixture
def world() -> World:
    """A bench in the dark."""
    return World(draw(1, SAMPLE, {}))


def scanner(world: World, **more: str) -> SimLink:
    """A scanner with the probe on 101 and the ambient bead on 102."""
    sensors = {101: world.probe_degc, 102: world.ambient_degc}
    return SimLink("scanner", world, KeysightScanner(world, sensors, **more))


@pytest.fixture
def link(world: World) -> SimLink:
    """The bus to it."""
    return scanner(world)


def tell(link: SimLink, *commands: str) -> None:
    """Send set commands; each must be silent and leave no error."""
    for command in commands:
        assert b"" == ask(link, command.encode() + b"\n")
        assert b'+0,"No error"\n' == ask(link, b"SYST:ERR?\n")


TRANSCRIPT = [
    ("*IDN?", "HEWLETT-PACKARD,34970A,0,13-2-2"),
    ("*CLS", None),
    ("SYST:REM", None),
    ("SYST:CTYP? 100", "HEWLETT-PACKARD,34901A,0,2.3"),
    ("SYST:CTYP? 200", "HEWLETT-PACKARD,0,0,0"),
    ("READ?", None),  # no scan list yet: an error, no answer
    ("SYST:ERR?", '-221,"Settings conflict; no scan list"'),
    ("CONF:TEMP TC,K,(@101:102)", None),
    ("ROUT:SCAN?", "#210(@101,102)"),
    ("SENS:TEMP:TRAN:TC:TYPE? (@101,102)", "K,K"),
    ("SENS:TEMP:TRAN:TC:CHECK? (@101)", "0"),
    ("SENS:TEMP:TRAN:TC:CHECK ON,(@101,102)", None),
    ("SENSE:TEMPERATURE:TRANSDUCER:TCOUPLE:CHECK? (@101,102)", "1,1"),
    ("SENS:TEMP:TRAN:TC:RJUN:TYPE INT,(@101,102)", None),
    ("UNIT:TEMP C,(@101,102)", None),
    ("UNIT:TEMP? (@101)", "C"),
    ("SENS:TEMP:NPLC 1,(@101,102)", None),
    ("SENS:TEMP:NPLC? (@101)", "+1.00000000E+00"),
    ("SENS:TEMP:NPLC 500,(@101)", None),
    ("SYST:ERR?", '-222,"Data out of range"'),
    ("ROUT:SCAN (@101)", None),
    ("ROUT:SCAN:SIZE?", "+1"),
    ("ROUT:SCAN (@401)", None),
    ("SYST:ERR?", '-222,"Data out of range; channel list"'),
    ("LAS:OUT 1", None),
    ("FOO:BAR?", None),
    ("SYST:ERR?", '-113,"Undefined header"'),
    ("SYST:ERR?", '-113,"Undefined header"'),
    ("SYST:ERR?", '+0,"No error"'),
    ("*OPC?", "1"),
]


def test_transcript(link: SimLink) -> None:
    """Each line gets the answer that the card gives it, or silence."""
    heard = [
        (line, ask(link, line.encode() + b"\n").decode().strip() or None) for line, _ in TRANSCRIPT
    ]

    assert heard == TRANSCRIPT


def test_reading_has_the_cards_form(world: World, link: SimLink) -> None:
    """Nine digits with sign and two-digit exponent, LF at the end, near the truth."""
    tell(link, "CONF:TEMP TC,K,(@101:102)")
    reply = ask(link, b"READ?\n", 1.0)
    probe, ambient = reply.rstrip(b"\n").split(b",")

    assert b"\n" == reply[-1:]
    assert 15 == len(probe) == len(ambient)
    assert float(probe) == pytest.approx(world.probe_degc(), abs=0.5)
    assert float(ambient) == pytest.approx(world.ambient_degc(), abs=0.5)


@pytest.mark.parametrize(
    ("channels", "nplc", "least_s", "most_s"),
    [("101:102", "1", 0.12, 0.25), ("101", "0.2", 0.02, 0.05)],
)
def test_a_scan_takes_its_time(
    link: SimLink, channels: str, nplc: str, least_s: float, most_s: float
) -> None:
    """Two channels at one cycle take an eighth of a second; one fast channel lets 10 Hz through."""
    tell(
        link,
        f"CONF:TEMP TC,K,(@{channels})",
        f"SENS:TEMP:TRAN:TC:CHECK ON,(@{channels})",
        f"SENS:TEMP:NPLC {nplc},(@{channels})",
    )
    link.write(b"READ?\n", NS)
    arrived = link.next_chunk(3 * NS)

    assert arrived is not None
    assert least_s < arrived[0] / NS - 1.0 < most_s


def test_open_input_needs_the_check(link: SimLink) -> None:
    """With the open check an unconnected channel reads +9.9E+37, without it any temperature."""
    tell(link, "CONF:TEMP TC,K,(@105)")
    floating = {float(ask(link, b"READ?\n", 1.0 + k)) for k in range(5)}
    tell(link, "SENS:TEMP:TRAN:TC:CHECK ON,(@105)")

    assert 5 == len(floating)
    assert max(floating) < 1000.0
    assert b"+9.90000000E+37\n" == ask(link, b"READ?\n", 9.0)


def test_configuring_switches_the_check_off_again(link: SimLink) -> None:
    """CONF puts everything else back to its defaults, as the instrument does."""
    tell(link, "SENS:TEMP:TRAN:TC:CHECK ON,(@101)", "CONF:TEMP TC,K,(@101)")

    assert b"0\n" == ask(link, b"SENS:TEMP:TRAN:TC:CHECK? (@101)\n")


def test_measuring_changes_the_scan_list(link: SimLink) -> None:
    """MEAS? redefines what READ? scans from then on."""
    tell(link, "CONF:TEMP TC,K,(@101:102)")
    ask(link, b"MEAS:TEMP? TC,K,(@101)\n", 1.0)

    assert 1 == len(ask(link, b"READ?\n", 2.0).split(b","))


def test_fetch_returns_the_scan_begun(link: SimLink) -> None:
    """INIT measures, FETC? gives the same values as often as it is asked."""
    tell(link, "CONF:TEMP TC,K,(@101:102)", "INIT")
    first = ask(link, b"FETC?\n", 1.0)

    assert first == ask(link, b"FETC?\n", 2.0)
    assert first != ask(link, b"READ?\n", 3.0)


def test_fetch_without_a_scan_is_an_error(link: SimLink) -> None:
    """Nothing measured, nothing to fetch."""
    assert b"" == ask(link, b"FETC?\n")
    assert b'-230,"Data stale"\n' == ask(link, b"SYST:ERR?\n")


def test_longer_integration_is_quieter(link: SimLink) -> None:
    """Noise falls with the integration time and is tens of millikelvin at one cycle."""
    noise = {}
    for nplc in ("0.2", "1", "10"):
        tell(link, "CONF:TEMP TC,K,(@102)", f"SENS:TEMP:NPLC {nplc},(@102)")
        read = [float(ask(link, b"READ?\n", 1.0)) for _ in range(300)]
        noise[nplc] = pstdev(read)

    assert noise["10"] < noise["1"] < noise["0.2"]
    assert 0.015 < noise["1"] < 0.035


def test_wrong_type_reads_wrong(world: World, link: SimLink) -> None:
    """A type K thermocouple taken for a J reads rises about a fifth too small."""
    world.schedule(0, lambda: setattr(world.thermal, "bead", 60.0))
    tell(link, "CONF:TEMP TC,J,(@101)")
    room = world.truth.room.temperature_degc
    told = fmean(float(ask(link, b"READ?\n", 0.01)) for _ in range(20)) - room
    rise = world.probe_degc() - room

    assert told == pytest.approx(rise * 40.6 / 51.7, rel=0.02)


def test_stated_type_is_wired(world: World) -> None:
    """A bench whose thermocouples are of type T is read rightly as T."""
    link = scanner(world, wired="T")
    tell(link, "CONF:TEMP TC,T,(@101)")

    assert float(ask(link, b"READ?\n", 0.1)) == pytest.approx(world.probe_degc(), abs=0.4)


@pytest.mark.parametrize(("unit", "low", "high"), [("K", 290.0, 300.0), ("F", 62.0, 82.0)])
def test_units(link: SimLink, unit: str, low: float, high: float) -> None:
    """A reading is in the unit that was set."""
    tell(link, "CONF:TEMP TC,K,(@101)", f"UNIT:TEMP {unit},(@101)")

    assert low < float(ask(link, b"READ?\n", 0.1)) < high


def test_unit_and_channel_may_be_told(link: SimLink) -> None:
    """With FORM:READ a value carries its unit and channel."""
    tell(link, "CONF:TEMP TC,K,(@101)", "FORM:READ:UNIT ON", "FORM:READ:CHAN ON")

    assert ask(link, b"READ?\n", 0.1).endswith(b" C,101\n")


def test_daq970a_names_itself() -> None:
    """The newer model has its own identity."""
    world = World(draw(1, SAMPLE, {}))

    assert b"Keysight Technologies,DAQ970A," in ask(scanner(world, model="DAQ970A"), b"*IDN?\n")


def test_error_queue_overflows(link: SimLink) -> None:
    """Twenty errors are kept, the last of which says that there were more."""
    for _ in range(30):
        ask(link, b"NONSENSE\n")
    told = [ask(link, b"SYST:ERR?\n") for _ in range(21)]

    assert b'-350,"Queue overflow"\n' == told[19]
    assert b'+0,"No error"\n' == told[20]


def test_reset_forgets_the_scan_list(link: SimLink) -> None:
    """*RST leaves nothing to scan."""
    tell(link, "CONF:TEMP TC,K,(@101)", "*RST")

    assert b"+0\n" == ask(link, b"ROUT:SCAN:SIZE?\n")


def test_a_scan_is_begun_and_counted_while_it_runs(link: SimLink) -> None:
    """INIT returns at once; the count of readings grows, and a second INIT is an error."""
    tell(link, "CONF:TEMP TC,K,(@101:110)")
    ask(link, b"INIT\n", 1.0)
    half = int(ask(link, b"DATA:POIN?\n", 1.3))
    ask(link, b"INIT\n", 1.31)

    assert 0 < half < 10
    assert b'-213,"Init ignored"\n' == ask(link, b"SYST:ERR?\n", 1.32)
    assert b"+10\n" == ask(link, b"DATA:POIN?\n", 3.0)
    assert 10 == len(ask(link, b"FETC?\n", 3.1).split(b","))


def test_a_monitored_channel_needs_no_scan(world: World, link: SimLink) -> None:
    """One channel read at once, by its own configuration; nothing before it is switched on."""
    tell(link, "CONF:TEMP TC,K,(@101:102)", "ROUT:MON (@101)")
    assert b"" == ask(link, b"ROUT:MON:DATA?\n", 0.1)
    assert b'-230,"Data stale"\n' == ask(link, b"SYST:ERR?\n")
    tell(link, "ROUT:MON:STAT ON")
    link.write(b"ROUT:MON:DATA?\n", NS)
    arrived = link.next_chunk(3 * NS)

    assert arrived is not None
    assert arrived[0] - NS < 10_000_000
    assert float(arrived[1]) == pytest.approx(world.probe_degc(), abs=0.5)
