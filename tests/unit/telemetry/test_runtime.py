"""The runtime folder and what is locked in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labctl.errors import RefusedError
from labctl.telemetry import _runtime
from labctl.telemetry._announcement import Announcement, owner_lock
from labctl.telemetry._runtime import FileLock, claim, runtime_dir


def test_the_folder_is_the_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made for the user alone, in the session's folder when there is one."""
    monkeypatch.delenv("LABCTL_RUNTIME_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert tmp_path / "labctl" == runtime_dir()
    assert 0o700 == (tmp_path / "labctl").stat().st_mode & 0o777


def test_a_strangers_folder_is_refused(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of somebody else could announce anything."""
    runtime.mkdir()
    uid = os.getuid()
    monkeypatch.setattr(_runtime.os, "getuid", lambda: uid + 1)
    with pytest.raises(RefusedError, match="does not belong to this user"):
        runtime_dir()


def test_a_name_is_held_by_one() -> None:
    """A second claim gets a number; a released name is free again."""
    first = claim("labctl", "Bench 1")
    second = claim("labctl", "Bench 1")
    other = claim("labctl-replay", "Bench 1")
    assert ("bench-1", "") == (first.name, first.taken)
    assert ("bench-1-2", "bench-1") == (second.name, second.taken)
    assert "bench-1" == other.name
    first.release()
    third = claim("labctl", "Bench 1")
    assert "bench-1" == third.name
    for claimed in (second, other, third):
        claimed.release()


def test_locks_exclude_and_share(runtime: Path) -> None:
    """Many may share a lock, one may have it alone."""
    runtime.mkdir()
    one, two = FileLock(runtime / "x"), FileLock(runtime / "x")
    assert one.try_shared() and two.try_shared()
    assert not one.try_exclusive()
    one.release()
    assert two.try_exclusive()
    assert not one.try_shared()
    two.release()


def test_an_announcement_needs_a_living_owner(runtime: Path) -> None:
    """A file left behind is not believed; one that nobody can read is none."""
    announced = Announcement(1883, "mosquitto", 1, 2, "")
    announced.write()
    assert None is Announcement.read()
    owner = owner_lock()
    assert owner.try_exclusive()
    assert announced == Announcement.read()
    (runtime / "broker.json").write_text("{")
    assert None is Announcement.read()
    Announcement.withdraw()
    assert None is Announcement.read()
    owner.release()
