"""Secrets by the name of a variable: from the environment, a file, a keyring; never in an error."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from labctl.errors import InputError
from labctl.secret import read_secret

VALUE = "s3cret-" + "s" * 30


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A keyring with one entry, and one that is locked."""
    made = ModuleType("keyring")

    def get_password(service: str, user: str) -> str | None:
        if user == "locked":
            raise RuntimeError(f"cannot unlock {VALUE}")
        return VALUE if (service, user) == ("our/labctl", "operator") else None

    made.get_password = get_password  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", made)
    return made


def test_a_secret_is_found_where_its_variable_says(tmp_path: Path, keyring: ModuleType) -> None:
    """The value itself; a file; an entry of the keyring; nothing where there is none."""
    file = tmp_path / "token"
    file.write_text(f"{VALUE}\n")
    file.chmod(0o600)
    for given in (
        {"X": VALUE},
        {"X_FILE": str(file)},
        {"X_KEYRING": "our/labctl/operator"},
    ):
        assert VALUE == read_secret("X", given, shortest=24)
    assert "" == read_secret("X", {"Y": VALUE, "X_FILE": ""})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"X": "short"}, "fewer than 24"),
        ({"X": VALUE, "X_KEYRING": "a/b"}, "two ways"),
        ({"X_FILE": "/nonexistent/token"}, "cannot be read"),
        ({"X_KEYRING": "labctl"}, "SERVICE/USER"),
        ({"X_KEYRING": "labctl/nobody"}, "no such entry"),
        ({"X_KEYRING": "labctl/locked"}, "cannot be read: RuntimeError"),
    ],
)
def test_what_cannot_be_used_is_told_without_the_secret(
    given: dict[str, str], words: str, keyring: ModuleType
) -> None:
    """One clear error with the variable's name; the secret stands in none of its words."""
    with pytest.raises(InputError, match=words) as refused:
        read_secret("X", given, shortest=24)
    told = f"{refused.value} {refused.value.fix}"
    assert "X" in told
    assert VALUE not in told and "short" not in told.replace("shorter", "")


def test_a_file_that_others_can_read_is_no_secret(tmp_path: Path) -> None:
    """Refused with the command that mends it."""
    file = tmp_path / "token"
    file.write_text(VALUE)
    file.chmod(0o640)
    with pytest.raises(InputError, match="chmod 600"):
        read_secret("X", {"X_FILE": str(file)})


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyring is an extra; nothing else needs it."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(InputError, match=r"labctl\[keyring\]"):
        read_secret("X", {"X_KEYRING": "a/b"})
