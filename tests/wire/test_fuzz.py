"""No bytes break an instrument: it answers, or it is silent, and goes on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.instruments import SimSpec
from labctl_simulators.bench import DEFAULT_BENCH
from labctl_simulators.session import open_session
from tests.unit.simulators._helpers import ask

SUPPLY = {"driver": "keysight-e36300", "address": "sim://supply"}
LASERS = {
    name: {"driver": f"{name}-laser", "address": f"sim://{name}"}
    for name in ("thorlabs", "ilx", "srs")
}
METERS = {
    "ophir": {"driver": "ophir-meter", "address": "sim://ophir"},
    "hand": {"driver": "center-309", "address": "sim://hand"},
    "tc08": {"driver": "pico-tc08", "address": "sim://tc08"},
}
BOARDS = {
    "t7": {"driver": "labjack-laser", "address": "sim://t7", "settings": {"full_power": "4 W"}},
    "board": {"driver": "mcu-thermocouples", "address": "sim://board"},
    "plate": {"driver": "ika-hotplate", "address": "sim://plate"},
}
BENCH = {
    **DEFAULT_BENCH,
    "instruments": {**DEFAULT_BENCH["instruments"], "supply": SUPPLY, **LASERS, **METERS},
    "heater": {"resistance_ohm": 100.0, "deviation": 0.002},
}

WORDS = st.sampled_from(
    [
        *(b"*IDN? READ? LAS:OUT SENS:AVER:COUN UNIT:TEMP (@ 1e99 nan -1 ; ? : FETC?".split()),
        b"CONF:TEMP TC,K,(@101:102)",
        b"ROUT:SCAN (@:)",
        b"VOLT 5,(@2)",
        b"OUTP 1,(@2)",
        *(b"$SP $WL $WN-1 $AW $ZE SET MAINS GET A K".split()),
        b"\r\n",
        b"\n",
        b" ",
        b"\xff",
    ]
)


@settings(deadline=None, max_examples=40)
@given(st.lists(WORDS, max_size=12))
@pytest.mark.parametrize("name", ["laser", "scanner", "meter", "supply", *LASERS])
def test_any_bytes_leave_it_alive(name: str, words: list[bytes]) -> None:
    """After any bytes, and the end of the line, the instrument identifies itself."""
    link = open_session(SimSpec(1, bench=BENCH)).link(f"sim://{name}")
    ask(link, b"".join(words) + b"\n")

    assert len(ask(link, b"*IDN?\n", 100.0)) > 10


@settings(deadline=None, max_examples=15)
@given(st.lists(WORDS, max_size=12))
@pytest.mark.parametrize(
    ("name", "question", "answer"),
    [
        ("ophir", b"$II\r\n", b"* NOVAII"),
        ("hand", b"K", b"309"),
        ("tc08", b"INFO\n", b"TC08 "),
    ],
)
def test_any_bytes_leave_it_alive_that_has_a_question_of_its_own(
    name: str, question: bytes, answer: bytes, words: list[bytes]
) -> None:
    """The same for instruments that know no `*IDN?`."""
    link = open_session(SimSpec(1, bench=BENCH)).link(f"sim://{name}")
    ask(link, b"".join(words) + b"\n")

    assert ask(link, question, 100.0).startswith(answer)


T7_TEST = bytes.fromhex("0001 0000 0006 01 03 D73C 0002")


@settings(deadline=None, max_examples=20)
@given(st.lists(st.one_of(st.binary(max_size=40), WORDS), max_size=12))
@pytest.mark.parametrize(
    ("name", "question", "answer"),
    [
        ("t7", T7_TEST, bytes.fromhex("0001 0000 0007 01 03 04 0011 2233")),
        ("board", b"ID?\n", b"LABCTL-TC,1,"),
        ("plate", b"IN_NAME \r\n", b"IKARCT"),
    ],
)
def test_any_bytes_leave_it_alive_for_who_connects_anew(
    name: str, question: bytes, answer: bytes, words: list[bytes]
) -> None:
    """A frame that says it is long is waited for, until the connection ends."""
    session = open_session(SimSpec(1, bench={"instruments": BOARDS}))
    ask(session.link(f"sim://{name}"), b"".join(words) + b"\n")

    assert ask(session.link(f"sim://{name}"), question, 100.0).startswith(answer)
