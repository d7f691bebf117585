"""What an instrument can do, how one is reached, and which there are.

The only room of labctl that drivers and simulators see.
"""

from labctl.errors import (
    DeviceRefusedError,
    IdentityError,
    InputError,
    InstrumentError,
    PortDisconnectedError,
    PortProtocolError,
    PortTimeoutError,
)
from labctl.events import Beam, Invalid, Reading
from labctl.instruments._capabilities import (
    Driver,
    DriverSpec,
    Emitter,
    Identity,
    PowerMeter,
    SerialSettings,
    Source,
    SourceState,
    Thermometer,
)
from labctl.instruments._link import Link, OpenSession, SimSession, SimSpec
from labctl.instruments._port import Exactly, Frame, Line, Packet, Port, Silent
from labctl.instruments._seal import Seal

__all__ = [
    "Beam",
    "DeviceRefusedError",
    "Driver",
    "DriverSpec",
    "Emitter",
    "Exactly",
    "Frame",
    "Identity",
    "IdentityError",
    "InputError",
    "InstrumentError",
    "Invalid",
    "Line",
    "Link",
    "OpenSession",
    "Packet",
    "Port",
    "PortDisconnectedError",
    "PortProtocolError",
    "PortTimeoutError",
    "PowerMeter",
    "Reading",
    "Seal",
    "SerialSettings",
    "Silent",
    "SimSession",
    "SimSpec",
    "Source",
    "SourceState",
    "Thermometer",
]
