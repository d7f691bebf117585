"""`labctl schema`: the JSON Schemas, for editors and other programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click


def _protocol() -> dict[str, Any]:
    from labctl.protocol import json_schema

    return json_schema()


def _bench() -> dict[str, Any]:
    from labctl.bench import json_schema

    return json_schema()


def _sample() -> dict[str, Any]:
    from labctl.sample import json_schema

    return json_schema()


def _lot() -> dict[str, Any]:
    from labctl.batch import lot_schema

    return lot_schema()


def _release_limits() -> dict[str, Any]:
    from labctl.batch import limits_schema

    return limits_schema()


def _campaign() -> dict[str, Any]:
    from labctl.campaign import json_schema

    return json_schema()


def _driver() -> dict[str, Any]:
    from labctl.described import json_schema

    return json_schema()


def _run() -> dict[str, Any]:
    from labctl.record import json_schema

    return json_schema()


def _telemetry() -> dict[str, Any]:
    from labctl.telemetry import schemas

    return dict(schemas())


def _http_api() -> dict[str, Any]:
    from labctl.service import document

    return document()


KINDS: dict[str, Callable[[], dict[str, Any]]] = {
    "protocol": _protocol,
    "bench": _bench,
    "sample": _sample,
    "lot": _lot,
    "release-limits": _release_limits,
    "campaign": _campaign,
    "driver": _driver,
    "run": _run,
    "telemetry": _telemetry,
    "http-api": _http_api,
}


@click.command("schema")
@click.argument("kind", type=click.Choice(list(KINDS)), default="protocol")
def command(kind: str) -> None:
    """Print the JSON Schema of a KIND of file (protocol when none is named; run is run.json), of
    MQTT payloads, or the OpenAPI document of `labctl serve`.

    An editor that knows it marks mistakes while you write; `labctl validate` finds more of them.
    """
    click.echo(json.dumps(KINDS[kind](), indent=2, ensure_ascii=False))
