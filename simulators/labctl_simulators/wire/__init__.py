"""The instruments as their hosts see them: one personality each, over one physical world."""

from labctl_simulators.wire._arroyo import ArroyoController
from labctl_simulators.wire._center import Center309
from labctl_simulators.wire._cni import ACKNOWLEDGEMENTS, CniSupply
from labctl_simulators.wire._cobolt import CoboltLaser
from labctl_simulators.wire._daq6510 import KeithleyDaq
from labctl_simulators.wire._deadman import DeadMan, DeadManBoard
from labctl_simulators.wire._easyheat import EasyHeat
from labctl_simulators.wire._fluorimeter import Fluorimeter, FluorimeterBoard
from labctl_simulators.wire._fob import FobThermometer
from labctl_simulators.wire._heidolph import HeiPlate
from labctl_simulators.wire._ika import IkaPlate
from labctl_simulators.wire._ilx import IlxController
from labctl_simulators.wire._ipg import IpgLaser
from labctl_simulators.wire._julabo import JulaboBath
from labctl_simulators.wire._keysight import THERMOCOUPLES, KeysightScanner
from labctl_simulators.wire._labjack import LabJackT7
from labctl_simulators.wire._link import SimLink
from labctl_simulators.wire._new_era import NewEraPumps
from labctl_simulators.wire._numato import NumatoModule
from labctl_simulators.wire._obis import ObisRemote
from labctl_simulators.wire._ophir import OphirMeter
from labctl_simulators.wire._personality import Personality, Upsets
from labctl_simulators.wire._pm100 import Pm100
from labctl_simulators.wire._pymeasure import PyMeasureCalls
from labctl_simulators.wire._sc10 import Sc10
from labctl_simulators.wire._srs import SrsController
from labctl_simulators.wire._supply import KeysightSupply
from labctl_simulators.wire._table import PlateTable
from labctl_simulators.wire._tc08 import Tc08, UsbTc08
from labctl_simulators.wire._thermologger import ThermoLogger, ThermoLoggerBoard, chip_word
from labctl_simulators.wire._thorlabs_ld import ThorlabsController

__all__ = [
    "ACKNOWLEDGEMENTS",
    "THERMOCOUPLES",
    "ArroyoController",
    "Center309",
    "CniSupply",
    "CoboltLaser",
    "DeadMan",
    "DeadManBoard",
    "EasyHeat",
    "Fluorimeter",
    "FluorimeterBoard",
    "FobThermometer",
    "HeiPlate",
    "IkaPlate",
    "IlxController",
    "IpgLaser",
    "JulaboBath",
    "KeithleyDaq",
    "KeysightScanner",
    "KeysightSupply",
    "LabJackT7",
    "NewEraPumps",
    "NumatoModule",
    "ObisRemote",
    "OphirMeter",
    "Personality",
    "PlateTable",
    "Pm100",
    "PyMeasureCalls",
    "Sc10",
    "SimLink",
    "SrsController",
    "Tc08",
    "ThermoLogger",
    "ThermoLoggerBoard",
    "ThorlabsController",
    "Upsets",
    "UsbTc08",
    "chip_word",
]
