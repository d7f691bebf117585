"""A port that disappears and comes back under another name."""

from __future__ import annotations

import pytest

from benchmarks.drivers.reconnect import replugged


def test_it_is_found_by_its_usb_serial_number_and_is_off() -> None:
    """A lit laser, pulled out: what is read next says that it is gone; opened anew, it is found
    where it is now, identified, off, and stays off."""
    told = replugged()

    assert told.first != told.second
    assert told.lit_before
    assert told.noticed
    assert 0.0 < told.found_at_s < 5.0
    assert (False, False) == (told.lit_after, told.lit_later)
    assert "disconnected" == told.trouble[0]


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"serial_after": "FT000002"}, "PortDisconnectedError"),
        ({"another": True}, "IdentityError"),
    ],
)
def test_nobody_else_is_taken_for_it(how: dict[str, object], error: str) -> None:
    """Another USB serial number is not looked at; behind the same one another instrument is
    refused."""
    told = replugged(**how)  # type: ignore[arg-type]

    assert error == told.refused
    assert -1.0 == told.found_at_s
