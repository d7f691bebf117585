"""What processes of one user agree on: who holds a bench's name, and where the broker is."""

from __future__ import annotations

from pathlib import Path

from labctl.telemetry._announcement import Announcement, owner_lock
from labctl.telemetry._claim import claim


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
