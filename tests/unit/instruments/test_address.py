"""Addresses, and what they say about being simulated."""

from __future__ import annotations

import pytest

from labctl.instruments import Address, InputError, Transport


@pytest.mark.parametrize(
    ("text", "transport", "target", "claims"),
    [
        ("sim://laser", Transport.SIM, "sim://laser", False),
        ("/dev/ttyUSB0", Transport.SERIAL, "/dev/ttyUSB0", False),
        ("/dev/serial/by-id/usb-FTDI_A1-if00", Transport.SERIAL, None, False),
        ("COM3", Transport.SERIAL, "COM3", False),
        ("socket://10.0.0.7:5000", Transport.SERIAL, "socket://10.0.0.7:5000", False),
        ("rfc2217://moxa:4001?ign_set_control", Transport.SERIAL, None, False),
        ("sim+socket://127.0.0.1:5001", Transport.SERIAL, "socket://127.0.0.1:5001", True),
        ("TCPIP0::10.0.0.8::5025::SOCKET", Transport.VISA, None, False),
        ("sim+TCPIP0::127.0.0.1::5002::SOCKET", Transport.VISA, None, True),
        ("USB0::0x1313::0x8078::P0027168::INSTR", Transport.VISA, None, False),
        ("ASRL/dev/ttyUSB1::INSTR", Transport.VISA, None, False),
        ("GPIB0::9::INSTR", Transport.VISA, None, False),
    ],
)
def test_each_form_is_told_apart(
    text: str, transport: Transport, target: str | None, claims: bool
) -> None:
    """The transport follows from the form; `sim+` is stripped and remembered as a claim."""
    address = Address.parse(text)

    assert transport == address.transport
    assert (target or text.removeprefix("sim+")) == address.target
    assert claims == address.claims_simulated
    assert text == str(address)


def test_only_in_process_is_simulated_by_what_it_is() -> None:
    """A `sim+` address is not simulated until its far end has proved it."""

    assert Address.parse("sim://laser").simulated
    assert not Address.parse("sim+socket://127.0.0.1:1").simulated
    assert not Address.parse("/dev/ttyUSB0").simulated


@pytest.mark.parametrize(
    "text",
    ["", "laser", "sim:laser", "sim://", "sim+sim://laser", "http://x:1", "socket://host",
     "/dev/tty USB0", "TCPIP0", "simulated://x"],
)  # fmt: skip
def test_anything_else_is_bad_input(text: str) -> None:
    """The message shows what was written and which forms there are."""

    with pytest.raises(InputError, match="no address") as caught:
        Address.parse(text)
    assert "TCPIP0::" in caught.value.fix
