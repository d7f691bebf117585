"""Addresses of brokers, topics and sessions."""

from __future__ import annotations

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.errors import InputError
from labctl.events import Mode
from labctl.telemetry import Address, BrokerChoice
from labctl.telemetry import _names as names


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://lab", Address("lab", 1883)),
        ("mqtt://10.0.0.5:1884", Address("10.0.0.5", 1884)),
        ("mqtt://[::1]:1884", Address("::1", 1884)),
        ("mqtt://ada:p%40ss@lab", Address("lab", 1883, "ada", "p@ss")),
        ("mqtts://lab", Address("lab", 8883, tls=True)),
        ("mqtts://lab:1884", Address("lab", 1884, tls=True)),
    ],
)
def test_an_address_is_read(url: str, address: Address) -> None:
    """Host, port, user and password are taken from their places."""
    assert address == Address.parse(url)


@pytest.mark.parametrize(
    "url", ["", "lab:1883", "http://lab", "mqtt://", "mqtt://lab:x", "mqtt://lab/topic", "mqtt://["]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """Anything else is refused with what to write."""
    with pytest.raises(InputError, match="Write mqtt://host:port"):
        Address.parse(url)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Every text is an address or refused, and nothing else is raised."""
    try:
        address = Address.parse(f"mqtt://{text}")
    except InputError:
        return
    assert address == Address.parse(f"mqtt://{text}")


def test_a_password_is_never_shown() -> None:
    """Neither in text, nor in repr, nor in the line to paste, nor in an error."""
    address = Address.parse("mqtt://ada:secret@lab")
    shown = [str(address), repr(address), repr(BrokerChoice(address)), address.mosquitto_sub("a/#")]
    with pytest.raises(InputError) as refused:
        Address.parse("mqtt://ada:secret@lab/topic")
    assert [] == [text for text in [*shown, str(refused.value)] if "secret" in text]


def test_the_line_to_paste_is_quoted() -> None:
    """A topic with `#` and `$` reaches mosquitto_sub as it is."""
    line = Address("lab").mosquitto_sub("labctl/v1/$x/#")
    assert [
        "mosquitto_sub",
        "-h",
        "lab",
        "-p",
        "1883",
        "-v",
        "-t",
        "labctl/v1/$x/#",
    ] == shlex.split(line)


def test_the_choice_of_a_broker_is_read() -> None:
    """`auto`, `off` and an address are the three choices."""
    assert BrokerChoice() == BrokerChoice.parse("auto")
    assert BrokerChoice(off=True) == BrokerChoice.parse("off")
    assert BrokerChoice(Address("lab")) == BrokerChoice.parse("mqtt://lab")


@given(st.text())
def test_every_text_has_a_name(text: str) -> None:
    """A name is one level of a topic whatever it is made of, and is its own name."""
    name = names.name(text)
    assert re.fullmatch(r"[a-z0-9_-]{1,64}", name)
    assert name == names.name(name)


def test_a_replay_has_a_root_of_its_own() -> None:
    """Whoever watches benches never sees a replay among them."""
    assert names.root(Mode.REAL) == names.root(Mode.SIMULATED) == "labctl/v1"
    assert not names.matches("labctl/#", f"{names.root(Mode.REPLAY)}/bench/$state")


@pytest.mark.parametrize(
    ("asked", "topic", "expected"),
    [
        ("a/+/#", "a/b/c/d", True),
        ("a/+/#", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/b", "a/b", True),
        ("a/b/c", "a/b", False),
        ("x/#", "a/b", False),
    ],
)
def test_topics_match_as_mqtt_has_it(asked: str, topic: str, expected: bool) -> None:
    """`+` is one level, `#` is any number of them, none included (MQTT 3.1.1, 4.7.1)."""
    assert expected == names.matches(asked, topic)


def test_a_session_is_new_each_time() -> None:
    """Sessions are ULIDs, and no two are the same."""
    sessions = {names.new_session() for _ in range(100)}
    assert 100 == len(sessions)
    assert all(re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", session) for session in sessions)
