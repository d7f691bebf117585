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
from labctl.instruments._address import Address, Transport, place_of
from labctl.instruments._capabilities import (
    Driver,
    DriverSpec,
    Emitter,
    Gate,
    Gatekeeper,
    GateState,
    Identity,
    PowerMeter,
    SerialSettings,
    Source,
    SourceState,
    Thermometer,
    quantum,
    wavelength,
)
from labctl.instruments._driver_files import absolute as driver_from
from labctl.instruments._driver_files import names_file as in_file
from labctl.instruments._frames import Framer
from labctl.instruments._guarded import GuardedGate, GuardedMeter, GuardedSource
from labctl.instruments._inline import InlinePort
from labctl.instruments._instrument import Instrument, Trouble
from labctl.instruments._link import Link, OpenSession, SimSession, SimSpec
from labctl.instruments._medium import (
    ASSAY,
    DOSER,
    MEDIUM,
    THERMOSTAT,
    Assay,
    Doser,
    DoserState,
    Thermostat,
    ThermostatState,
)
from labctl.instruments._open import (
    check_instrument,
    close_all,
    connect_all,
    make_instrument,
    off_all,
)
from labctl.instruments._place import Place, serial_places, visa_places
from labctl.instruments._port import Counted, Exactly, Frame, Line, Lines, Packet, Port, Silent
from labctl.instruments._proof import forget_proof, write_proof
from labctl.instruments._question import Question
from labctl.instruments._raw import RawPort
from labctl.instruments._registry import (
    driver,
    driver_digest,
    drivers,
    open_simulation,
    proven,
    simulated_faults,
    simulation_server,
    unproven,
)
from labctl.instruments._roles import (
    DEADMAN,
    GATES,
    SHUTTER,
    GateRole,
    MeterRole,
    SourceRole,
    renamed,
)
from labctl.instruments._seal import Seal
from labctl.instruments._settings import Settings
from labctl.instruments._transport import BlockingTransport
from labctl.instruments._who import Answerer, ask_who
from labctl.instruments._wire_log import WireLog, read_wire_log

__all__ = [
    "ASSAY",
    "DEADMAN",
    "DOSER",
    "GATES",
    "MEDIUM",
    "SHUTTER",
    "THERMOSTAT",
    "Address",
    "Answerer",
    "Assay",
    "Beam",
    "BlockingTransport",
    "Counted",
    "DeviceRefusedError",
    "Doser",
    "DoserState",
    "Driver",
    "DriverSpec",
    "Emitter",
    "Exactly",
    "Frame",
    "Framer",
    "Gate",
    "GateRole",
    "GateState",
    "Gatekeeper",
    "GuardedGate",
    "GuardedMeter",
    "GuardedSource",
    "Identity",
    "IdentityError",
    "InlinePort",
    "InputError",
    "Instrument",
    "InstrumentError",
    "Invalid",
    "Line",
    "Lines",
    "Link",
    "MeterRole",
    "OpenSession",
    "Packet",
    "Place",
    "Port",
    "PortDisconnectedError",
    "PortProtocolError",
    "PortTimeoutError",
    "PowerMeter",
    "Question",
    "RawPort",
    "Reading",
    "Seal",
    "SerialSettings",
    "Settings",
    "Silent",
    "SimSession",
    "SimSpec",
    "Source",
    "SourceRole",
    "SourceState",
    "Thermometer",
    "Thermostat",
    "ThermostatState",
    "Transport",
    "Trouble",
    "WireLog",
    "ask_who",
    "check_instrument",
    "close_all",
    "connect_all",
    "driver",
    "driver_digest",
    "driver_from",
    "drivers",
    "forget_proof",
    "in_file",
    "make_instrument",
    "off_all",
    "open_simulation",
    "place_of",
    "proven",
    "quantum",
    "read_wire_log",
    "renamed",
    "serial_places",
    "simulated_faults",
    "simulation_server",
    "unproven",
    "visa_places",
    "wavelength",
    "write_proof",
]
