"""Thorlabs PM100D, PM100A, PM100USB, PM101, PM160 and PM400 optical power meters.

No hardware was touched. Wire facts, and where they come from:

- verified in two or more public sources: lines end LF; `*IDN?` -> `Thorlabs,PM100D,P0027168,2.7.0`
  (case differs); `SYST:SENS:IDN?` -> name, serial, calibration, type (1 photodiode), subtype,
  flags, with the name `no sensor` when there is no head and flags 1 power, 32 wavelength can be
  set; `SENS:CORR:WAV` in nm; `SENS:AVER:COUN`, about 3 ms a sample; `SENS:POW:RANG:AUTO`; a
  reading is in the unit of `SENS:POW:UNIT`; `CONF:POW` once and then `READ?` is the fast way;
  over-range is 9.9E+37; `SYST:ERR?`; `SENS:CORR:LOSS:INP:MAGN` is an attenuator's loss in dB that
  every reading is multiplied up by; `SENS:POW:REF:STAT` makes readings differences from a
  reference; `INP:PDI:FILT:LPAS:STAT` 1 is the low bandwidth of a photodiode head, and an error
  with another; `SENS:CORR:COLL:ZERO:INIT`, `:STAT?` 0 when it is over, `:ABOR`;
- verified in one public source: a PM100D2 or D3 ignores all traffic until REN is asserted, is
  wedged by an unknown query, and wants 10 s of silence after a timeout. It is refused here. A
  PM400 has no status registers and is not asked for its reference mode;
- from the manual, from memory: a thermal head takes seconds to settle, so that it shows a change
  of power late; a head that is plugged in comes with its own wavelength.

What somebody left behind on the front panel changes every reading by a factor: unit, attenuation,
reference, wavelength. All are set, and those that can be are read back; after a head was away, the
next reading counts only when it is the same head at the same wavelength.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Identity,
    IdentityError,
    Invalid,
    Line,
    Port,
    PortProtocolError,
    Question,
    Reading,
    Settings,
)
from labctl_drivers._scpi import ask, idn, refuse_errors, tell

_LINE = Line(b"\n")
_READ = b"READ?\n"
_ASK_S = 0.2
_SAMPLE_S = 0.003
_HAS_POWER, _HAS_WAVELENGTH = 1, 32
_PHOTODIODE = 1
_MODELS = ("PM100", "PM101", "PM160", "PM400")
_PLAUSIBLE_W = 1e5
"""SCPI's 9.9E+37 is no reading, and neither is that with a digit turned over."""
_ZERO_AT_MOST_S, _ZERO_POLL_S = 30.0, 0.5
_NM = 1e9


class ThorlabsPm100:
    """Power meter: W on the head, at the wavelength of the bench's laser."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="thorlabs-pm100",
        title="Thorlabs PM100 power meter",
        capabilities=frozenset({"power_meter"}),
        transport="visa",
        slowest_exchange_s=_ASK_S,
        question=Question(b"*IDN?\n", r"thorlabs\W+PM(100|160|400)"),
        settings={
            "wavelength": "of the light on the head, e.g. 808 nm; 808 nm when not given",
            "average": "samples of about 3 ms in one reading, 1 to 40; 10 when not given",
            "attenuation": "loss in front of the head that readings are multiplied up by, in dB, "
            "-60 to 60; 0 when not given",
            "bandwidth": "`low` or `high`, of a photodiode head; `low` when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        wavelength_m = given.quantity("wavelength", "length", 1.8e-7, 2.5e-5)
        self._wavelength_nm = 808.0 if wavelength_m is None else wavelength_m * _NM
        self.wavelength_m = self._wavelength_nm / _NM
        """Of the light that it is set up for, m."""
        # Forty samples are 120 ms: no exchange of a guarded port may last longer than 200.
        self._average = given.integer("average", 1, 40, 10)
        self._attenuation_db = _decibels(given, settings.get("attenuation", 0))
        self._low_pass = given.choice("bandwidth", ("low", "high"), "low") == "low"
        self._model = ""
        self._head: _Head | None = None
        # True from the moment at which the head was away until it is known to be the same.
        self._doubted = False
        self.poll_at_most_s = 0.08 + self._average * _SAMPLE_S
        """Deadline of one reading, s."""

    async def identify(self) -> Identity:
        """Make, model, serial and firmware."""
        make, model, serial, firmware = (await idn(self._port, _ASK_S))[:4]
        name = model.upper()
        if make.upper() != "THORLABS" or not name.startswith(_MODELS):
            raise IdentityError("not a Thorlabs PM100 power meter", seen=f"{make} {model}"[:80])
        if name.startswith(("PM100D2", "PM100D3")):
            raise IdentityError(
                f"a {model} needs a remote-enable and long silences that this driver does not give",
                fix="Use a PM100D, PM100A, PM100USB, PM101, PM160 or PM400.",
            )
        self._model = name
        return Identity("Thorlabs", model, serial, firmware)

    async def configure(self) -> None:
        """Power in W, automatic range, no reference; attenuation and wavelength read back."""
        port = self._port
        await tell(port, b"*CLS")
        head = await self._who_measures()
        if head is None or not head.flags & _HAS_POWER:
            raise DeviceRefusedError(
                "the meter has no head that measures power",
                fix="Plug the head in and start again.",
            )
        for command in (
            b"CONF:POW",
            b"SENS:POW:UNIT W",
            b"SENS:POW:RANG:AUTO ON",
            b"SENS:AVER:COUN %d" % self._average,
            b"SENS:CORR:LOSS:INP:MAGN %.2f" % self._attenuation_db,
        ):
            await tell(port, command)
        if not self._model.startswith("PM400"):
            await tell(port, b"SENS:POW:REF:STAT OFF")
        if head.kind == _PHOTODIODE:
            await tell(port, b"INP:PDI:FILT:LPAS:STAT %d" % self._low_pass)
        if head.flags & _HAS_WAVELENGTH:
            await tell(port, b"SENS:CORR:WAV %.1f" % self._wavelength_nm)
        await refuse_errors(port, "configuring", _ASK_S)
        unit = await ask(port, b"SENS:POW:UNIT?", _ASK_S)
        if unit.strip('"').upper() != "W":
            raise DeviceRefusedError("the meter does not read in W", seen=unit)
        held = await ask(port, b"SENS:CORR:LOSS:INP:MAGN?", _ASK_S)
        if not abs(_float(held) - self._attenuation_db) <= 0.01:
            raise DeviceRefusedError(
                f"the attenuation was not taken: asked {self._attenuation_db:g} dB", seen=held
            )
        held = await self._other_wavelength(head)
        if held:
            raise DeviceRefusedError(
                f"the wavelength was not taken: asked {self._wavelength_nm:g} nm", seen=held
            )
        self._head, self._doubted = head, False

    async def read_power(self) -> Reading | Invalid:
        """One reading, W on the head (not at the sample)."""
        port = self._port
        reply = await port.exchange(_READ, _LINE, timeout_s=self.poll_at_most_s, retry=True)
        t_ns = port.arrived_ns
        try:
            power_w = float(reply)
        except ValueError as error:
            raise PortProtocolError("a reading that is no number", seen=repr(reply[:40])) from error
        good = abs(power_w) < _PLAUSIBLE_W
        if good and not self._doubted:
            return Reading("power", power_w, "W", t_ns)
        # Too much light and no head read alike; only now is it worth asking which.
        head = await self._who_measures()
        if head is None:
            self._doubted = True
            return Invalid("power", "no-sensor", "the meter has no head", t_ns)
        if self._doubted:
            other = "another head" if head != self._head else await self._other_wavelength(head)
            if other:
                return Invalid(
                    "power", "device", f"the head was away, and now it is {other}"[:80], t_ns
                )
            self._doubted = False
        if good:
            return Reading("power", power_w, "W", t_ns)
        return Invalid("power", "range", f"the meter reads {power_w:.1E}: over-range", t_ns)

    async def zero(self) -> None:
        """Zero the meter; the head must be in the dark. Takes up to half a minute.

        Nothing in a run calls it: only who stands at the bench knows that it is dark.
        DeviceRefusedError when it does not end, or leaves an error behind.
        """
        port = self._port
        await tell(port, b"SENS:CORR:COLL:ZERO:INIT")
        for _ in range(round(_ZERO_AT_MOST_S / _ZERO_POLL_S)):
            await port.pause(_ZERO_POLL_S)
            if _float(await ask(port, b"SENS:CORR:COLL:ZERO:STAT?", _ASK_S)) == 0.0:
                await refuse_errors(port, "zeroing", _ASK_S)
                return
        await tell(port, b"SENS:CORR:COLL:ZERO:ABOR")
        raise DeviceRefusedError(
            "the meter could not be zeroed",
            seen=f"still zeroing after {_ZERO_AT_MOST_S:g} s",
            fix="Cover the head and try again.",
        )

    # -- inside ------------------------------------------------------------------------------

    async def _other_wavelength(self, head: _Head) -> str:
        """What it is set to when that is not what was asked for; empty when all is well."""
        if not head.flags & _HAS_WAVELENGTH:
            return ""
        held = await ask(self._port, b"SENS:CORR:WAV?", _ASK_S)
        near = abs(_float(held) - self._wavelength_nm) <= 0.5
        return "" if near else f"set to {held} nm"

    async def _who_measures(self) -> _Head | None:
        """The head; None without one."""
        text = await ask(self._port, b"SYST:SENS:IDN?", _ASK_S)
        fields = [field.strip().strip('"') for field in text.split(",")]
        if fields[0].lower() == "no sensor":
            return None
        try:
            return _Head(fields[0], fields[1], int(fields[-3]), int(fields[-1]))
        except (ValueError, IndexError) as error:
            raise PortProtocolError("no description of a head", seen=repr(text[:80])) from error


@dataclass(frozen=True, slots=True)
class _Head:
    name: str
    serial: str
    kind: int
    flags: int


def _decibels(given: Settings, said: object) -> float:
    found = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)(?: ?dB)?", str(said).strip())
    if found is None or not -60.0 <= float(found[1]) <= 60.0:
        raise given.wrong("attenuation", "decibels from -60 to 60, e.g. 20 dB")
    return float(found[1])


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
