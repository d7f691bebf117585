"""Thorlabs PM100D, PM100A, PM100USB, PM160 and PM400 optical power meters.

No hardware was touched. Wire facts, and where they come from:

- verified in two or more public sources: lines end LF; `*IDN?` -> `Thorlabs,PM100D,P0027168,2.7.0`
  (case differs); `SYST:SENS:IDN?` -> name, serial, calibration, type, subtype, flags, with the name
  `no sensor` when there is no head and flags 1 power, 32 wavelength can be set; `SENS:CORR:WAV` in
  nm; `SENS:AVER:COUN`, about 3 ms a sample; `SENS:POW:RANG:AUTO`; a reading is in the unit of
  `SENS:POW:UNIT`; `CONF:POW` once and then `READ?` is the fast way; over-range is 9.9E+37;
  `SYST:ERR?`;
- verified in one public source: a PM100D2 or D3 ignores all traffic until REN is asserted, is
  wedged by an unknown query, and wants 10 s of silence after a timeout. It is refused here;
- from the manual, unverified: a thermal head takes seconds to settle, so that it shows a change of
  power late.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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
from labctl_drivers._scpi import NO_NUMBER, ask, idn, refuse_errors, tell

_LINE = Line(b"\n")
_READ = b"READ?\n"
_ASK_S = 0.2
_SAMPLE_S = 0.003
_HAS_POWER, _HAS_WAVELENGTH = 1, 32
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
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        wavelength_m = given.quantity("wavelength", "length", 1.8e-7, 2.5e-5)
        self._wavelength_nm = 808.0 if wavelength_m is None else wavelength_m * _NM
        # Forty samples are 120 ms: no exchange of a guarded port may last longer than 200.
        self._average = given.integer("average", 1, 40, 10)
        self.poll_at_most_s = 0.08 + self._average * _SAMPLE_S
        """Deadline of one reading, s."""

    async def identify(self) -> Identity:
        """Make, model, serial and firmware."""
        make, model, serial, firmware = (await idn(self._port, _ASK_S))[:4]
        name = model.upper()
        if make.upper() != "THORLABS" or not name.startswith(("PM100", "PM160", "PM400")):
            raise IdentityError("not a Thorlabs PM100 power meter", seen=f"{make} {model}"[:80])
        if name.startswith(("PM100D2", "PM100D3")):
            raise IdentityError(
                f"a {model} needs a remote-enable and long silences that this driver does not give",
                fix="Use a PM100D, PM100A, PM100USB, PM160 or PM400.",
            )
        return Identity("Thorlabs", model, serial, firmware)

    async def configure(self) -> None:
        """Power in W, automatic range, wavelength set and read back."""
        port = self._port
        await tell(port, b"*CLS")
        flags = await self._head_flags()
        if flags is None or not flags & _HAS_POWER:
            raise DeviceRefusedError(
                "the meter has no head that measures power",
                fix="Plug the head in and start again.",
            )
        for command in (
            b"CONF:POW",
            b"SENS:POW:UNIT W",
            b"SENS:POW:RANG:AUTO ON",
            b"SENS:AVER:COUN %d" % self._average,
        ):
            await tell(port, command)
        if flags & _HAS_WAVELENGTH:
            await tell(port, b"SENS:CORR:WAV %.1f" % self._wavelength_nm)
        await refuse_errors(port, "configuring", _ASK_S)
        unit = await ask(port, b"SENS:POW:UNIT?", _ASK_S)
        if unit.strip('"').upper() != "W":
            raise DeviceRefusedError("the meter does not read in W", seen=unit)
        if flags & _HAS_WAVELENGTH:
            held = await ask(port, b"SENS:CORR:WAV?", _ASK_S)
            if not abs(_float(held) - self._wavelength_nm) <= 0.5:
                raise DeviceRefusedError(
                    f"the wavelength was not taken: asked {self._wavelength_nm:g} nm", seen=held
                )

    async def read_power(self) -> Reading | Invalid:
        """One reading, W on the head (not at the sample)."""
        port = self._port
        reply = await port.exchange(_READ, _LINE, timeout_s=self.poll_at_most_s, retry=True)
        t_ns = port.arrived_ns
        try:
            power_w = float(reply)
        except ValueError as error:
            raise PortProtocolError("a reading that is no number", seen=repr(reply[:40])) from error
        if abs(power_w) < NO_NUMBER:
            return Reading("power", power_w, "W", t_ns)
        # Too much light and no head read alike; only now is it worth asking which.
        if await self._head_flags() is None:
            return Invalid("power", "no-sensor", "the meter has no head", t_ns)
        return Invalid("power", "range", f"the meter reads {power_w:.1E}: over-range", t_ns)

    async def _head_flags(self) -> int | None:
        """What the head can do; None without a head."""
        text = await ask(self._port, b"SYST:SENS:IDN?", _ASK_S)
        fields = [field.strip().strip('"') for field in text.split(",")]
        if fields[0].lower() == "no sensor":
            return None
        try:
            return int(fields[-1])
        except ValueError as error:
            raise PortProtocolError("no description of a head", seen=repr(text[:80])) from error


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
