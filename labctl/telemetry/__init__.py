"""Telemetry: the events of a run over MQTT, an embedded broker for it, and a way to watch.

A view, and outward only: nothing that lights or strengthens the beam can arrive by it, nothing
waits for it, and nothing is kept by it alone (the journal is the record). Importing this package
imports no MQTT library.
"""

from labctl.telemetry._address import Address
from labctl.telemetry._beam import BeamState, BeamView, Seen
from labctl.telemetry._choice import BrokerChoice, NoBrokerError
from labctl.telemetry._embedded import embedded_broker
from labctl.telemetry._fold import BenchState, fold
from labctl.telemetry._link import Connect, Connection, LinkError, Message
from labctl.telemetry._schemas import schemas
from labctl.telemetry._serve import serve_broker
from labctl.telemetry._telemetry import Telemetry
from labctl.telemetry._watch import watch
from labctl.telemetry._writer import Counters

__all__ = [
    "Address",
    "BeamState",
    "BeamView",
    "BenchState",
    "BrokerChoice",
    "Connect",
    "Connection",
    "Counters",
    "LinkError",
    "Message",
    "NoBrokerError",
    "Seen",
    "Telemetry",
    "embedded_broker",
    "fold",
    "schemas",
    "serve_broker",
    "watch",
]
