"""A service that shows one record and no other, wherever that lies."""

from __future__ import annotations

from pathlib import Path

from labctl.service._service import Service


class ShowsOne(Service):
    """What the routes of records look at before they look into a folder of records."""

    only: tuple[str, Path] | None = None
    """As what it is asked for, `<date>/<name>`, and where it lies; None where all records of the
    service's folder may be looked at."""


def only_record(service: Service) -> tuple[str, Path] | None:
    """The one record that this service shows; None where it is one of many."""
    return service.only if isinstance(service, ShowsOne) else None
