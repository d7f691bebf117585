"""Home Assistant's discovery: what its MQTT integration needs to show a bench, as retained topics.

One `homeassistant/<component>/labctl-<bench>/<object>/config` an entity. The beam is a binary
sensor without a device class, ON unless off was read back: Home Assistant would say Safe, or No
light, of one with a class. Every entity is unavailable while the bench is lost or offline, and when
nothing has come for a few seconds. Home Assistant cannot tell a heartbeat that was held up from one
that is new: what `labctl watch` says of a beam is stricter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl.events import Reading
from labctl.telemetry._belief import FRESH_S
from labctl.telemetry._fold import EMISSION, INTERLOCK
from labctl.telemetry._names import channel_topic, name
from labctl.telemetry._payloads import encode
from labctl.telemetry._queues import Moment
from labctl.telemetry._schemas import STATES

PREFIX = "homeassistant"
"""Where Home Assistant looks unless it is told otherwise."""
_CHANNEL_S = 5
"""After which a channel without a new value is unavailable."""
_BEAM = (
    "{{ 'OFF' if value_json.emission == 'off' and value_json.readback == 'ok' "
    "and not value_json.stalled else 'ON' }}"
)
_THERE = "{{ 'offline' if value_json.state in ['lost', 'offline'] else 'online' }}"
_VALUE = "{{ value_json.v if value_json.q == 'good' else None }}"
_UNITS = {"degC": ("°C", "temperature"), "W": ("W", "power"), "V": ("V", "voltage"),
          "A": ("A", "current")}  # fmt: skip


def nothing(moment: Moment) -> Mapping[str, bytes]:
    """No discovery."""
    return {}


def discovery(base: str, moment: Moment) -> Mapping[str, bytes]:
    """Every entity of the bench under `base`, by its topic: state, beam, and the channels that were
    read so far."""
    bench = base.rsplit("/", 1)[-1]
    node = f"labctl-{bench}"
    entities: dict[tuple[str, str], dict[str, Any]] = {
        ("binary_sensor", "beam"): {
            "name": "Beam may be on",
            "state_topic": f"{base}/hb",
            "value_template": _BEAM,
            "expire_after": round(FRESH_S),
            "icon": "mdi:laser-pointer",
        },
        ("sensor", "state"): {
            "name": "State",
            "state_topic": f"{base}/$state",
            "value_template": "{{ value_json.state }}",
            "device_class": "enum",
            "options": list(STATES),
        },
        ("sensor", "mode"): {
            "name": "Mode",
            "state_topic": f"{base}/$state",
            "value_template": "{{ value_json.mode }}",
        },
    }
    for reading in moment.newest.readings if moment.newest is not None else ():
        # What labctl reads of the source itself is said by the beam.
        if isinstance(reading, Reading) and reading.channel not in (EMISSION, INTERLOCK):
            entities["sensor", name(reading.channel)] = _channel(base, reading)
    shared = {
        "availability": [{"topic": f"{base}/$state", "value_template": _THERE}],
        "device": {"identifiers": [node], "name": f"labctl {bench}", "manufacturer": "labctl"},
        "origin": {"name": "labctl"},
    }
    return {
        f"{PREFIX}/{component}/{node}/{key}/config": encode(
            {**entity, **shared, "unique_id": f"{node}-{key}"}
        )
        for (component, key), entity in entities.items()
    }


def _channel(base: str, reading: Reading) -> dict[str, Any]:
    unit, kind = _UNITS.get(reading.unit, (reading.unit, None))
    return {
        "name": reading.channel,
        "state_topic": f"{base}/{channel_topic(reading.channel)}",
        "value_template": _VALUE,
        "expire_after": _CHANNEL_S,
        "state_class": "measurement",
        **({"unit_of_measurement": unit} if unit else {}),
        **({"device_class": kind} if kind else {}),
    }
