"""Figures of the service for Prometheus, as text."""

from __future__ import annotations

import resource

from labctl import clock
from labctl.service._service import Service


def metrics_text(service: Service) -> str:
    """The exposition format, version 0.0.4. The beam's three states are three series, of which one
    is 1: no reader can take unknown for off."""
    status = service.hub.status()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    taken, durable = service.control.recorded
    queue = service.orders.told()["items"]
    bench = status["bench"].replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        "# HELP labctl_beam What is known of the beam; unknown is to be treated as on.",
        "# TYPE labctl_beam gauge",
    ]
    for seen in ("ON", "OFF", "UNKNOWN"):
        is_so = int(status["beam"]["seen"] == seen)
        lines.append(f'labctl_beam{{bench="{bench}",state="{seen.lower()}"}} {is_so}')
    for name, kind, text, value in (
        ("up_seconds", "counter", "Since the service began.",
         (clock.real_ns() - service.began_ns) / clock.NS),
        ("run_on", "gauge", "A run is on.", int(service.control.on)),
        ("latched", "gauge", "STOP LASER stands.", int(status["latched"] is not None)),
        ("stalled", "gauge", "A run is on and tells nothing.", int(status["stalled"])),
        ("run_events_taken", "gauge", "Events that the run's journal has taken.", taken),
        ("run_events_durable", "gauge", "Those of them that are certainly on disk.", durable),
        ("queue_waiting", "gauge", "Runs that wait.",
         sum(item["state"] == "waiting" for item in queue)),
        ("watchers", "gauge", "Who watches.", service.hub.watchers),
        ("messages", "counter", "Messages made for watchers.", service.hub.seq),
        ("readings_left_out", "counter", "Readings not shown because the web was behind.",
         service.hub.dropped),
        ("stops", "counter", "Stops asked for over the web.", service.stops),
        ("bench_thread_age_seconds", "gauge", "Since the bench's thread last turned.",
         service.control.probe()),
        ("cpu_seconds", "counter", "Of the whole process.", usage.ru_utime + usage.ru_stime),
        ("memory_peak_bytes", "gauge", "Largest resident size.", usage.ru_maxrss * 1024),
    ):  # fmt: skip
        lines += [
            f"# HELP labctl_{name} {text}",
            f"# TYPE labctl_{name} {kind}",
            f"labctl_{name} {value}",
        ]
    return "\n".join([*lines, *_mqtt(service)]) + "\n"


def _mqtt(service: Service) -> list[str]:
    """What telemetry sent, and could not; nothing where it is off."""
    if service.telemetry is None:
        return []
    counted = service.telemetry.counters()
    return [
        line
        for name, kind, text, value in (
            ("sent", "counter", "Messages sent.", counted.sent),
            ("dropped", "counter", "Readings and assessments never sent.", counted.dropped),
            ("spilled", "counter", "Events never sent.", counted.spilled),
            ("reconnects", "counter", "Connections lost or refused.", counted.reconnects),
            ("waiting", "gauge", "Messages that wait.", counted.depth),
        )
        for line in (
            f"# HELP labctl_mqtt_{name} {text}",
            f"# TYPE labctl_mqtt_{name} {kind}",
            f"labctl_mqtt_{name} {value}",
        )
    ]
