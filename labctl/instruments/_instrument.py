"""One instrument of a bench: its driver, its port, and how the two are kept in step.

Everything a driver does with its port is a job under the port's lock, so no two transactions can
mix. `off` alone goes past the lock. After a timeout or a garbled reply a source is switched off at
once, and the port serves again only when it was drained and the same identity answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from labctl.errors import (
    DeviceRefusedError,
    IdentityError,
    InstrumentError,
    LabctlError,
    PortDisconnectedError,
    PortProtocolError,
    PortTimeoutError,
    RefusedError,
)
from labctl.instruments._address import Address
from labctl.instruments._capabilities import Driver, DriverSpec, Gate, Identity, Source
from labctl.instruments._handshake import ask_truth, shake_hands
from labctl.instruments._raw import RawPort
from labctl.instruments._steady import SteadyPort

T = TypeVar("T")

Trouble = Callable[[str, str], None]
"""Told `what` (`timeout`, `protocol`, `disconnected`, `resynchronised`) and a detail in words."""

_QUIET_S = (0.05, 0.2, 0.5)
"""How long nothing may come before identifying, try by try: a late reply is later than usual."""


_STRANGE = (PortTimeoutError, PortProtocolError, IdentityError)
"""Another instrument, another speed, or none."""


class Instrument:
    """Construct (no I/O), `await connect()`, run jobs, `await close()`; may be opened again."""

    def __init__(
        self,
        name: str,
        driver_class: type[Driver],
        settings: Mapping[str, Any],
        address: Address,
        port: RawPort,
        *,
        on_trouble: Trouble | None = None,
    ) -> None:
        """Raises InputError for settings that the driver does not have."""
        self.name = name
        self.address = address
        self.identity: Identity | None = None
        self.simulated = address.simulated
        """Found: of a `sim+` address only true once its handshake was answered."""
        self.simulator: Mapping[str, Any] | None = None
        """What a served simulator said of itself."""
        self.on_trouble = on_trouble
        self._raw = port
        self._port = SteadyPort(port, self._lost_step, self._resynchronise)
        self._lock = asyncio.Lock()
        self._troubled = False
        self._gone = False
        try:
            self.driver: Driver = driver_class(self._port, settings)
        except LabctlError as error:
            raise self._named(error) from error.__cause__

    @property
    def spec(self) -> DriverSpec:
        return self.driver.spec

    @property
    def where(self) -> str:
        """For messages: the instrument and its port."""
        return f"{self.name} at {self.address}"

    # -- lifecycle ---------------------------------------------------------------------------

    async def connect(self, *, hold: bool = False) -> Identity:
        """Open, identify (once more if there was garbage on the line), configure.

        Raises an InstrumentError, with the port released; `hold` keeps it when the right
        instrument answers but refuses, so that off can still be written to it. A source is off
        when this returns.
        """
        async with self._lock:
            try:
                return await self._begin()
            except LabctlError as error:
                if not (hold and isinstance(error, DeviceRefusedError)):
                    await self._raw.close()
                if self.identity is None and isinstance(error, _STRANGE) and not error.fix:
                    error.fix = (
                        f"Nothing there answers as a {self.spec.title} does: look whether it is "
                        "switched on, whether two addresses are swapped, and at its speed. `labctl "
                        f"devices --only-at --at {self.address}` says who answers."
                    )
                raise self._named(error) from error.__cause__
            except BaseException:
                await self._raw.close()
                raise

    async def reopen(self) -> Identity:
        """Release the port and connect anew: the way left when it is gone or stuck.

        Emission is never restored; IdentityError when another instrument answers.
        """
        async with self._lock:
            await self._raw.close()
        return await self.connect(hold=True)

    async def close(self) -> None:
        """Release the port. Switches nothing: whoever lit the source put it out before."""
        await self._raw.close()

    async def truth(self) -> Mapping[str, Any]:
        """The truth of a served simulation; RefusedError for anything else."""
        if self.simulator is None:
            raise RefusedError("only a served simulator can tell the truth", where=self.where)
        async with self._lock:
            await self._raw.drain(_QUIET_S[0])
            return await ask_truth(self._raw, self.where)

    # -- work --------------------------------------------------------------------------------

    async def job(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run one of the driver's methods as one job of the port.

        Raises what the driver raises, with the instrument and its port named in it.
        """
        # Before the lock: an off that overtakes a command still waiting for it ends that command.
        begun = self._port.urgents
        async with self._lock:
            self._port.begin_job(begun)
            try:
                return await work()
            except PortDisconnectedError as error:
                self._tell_gone(error)
                raise self._named(error) from error.__cause__
            except PortProtocolError as error:
                if self._raw.in_step:
                    # The frame was whole, but the driver could not read it.
                    self._raw.in_step = False
                    await self._lost_step(error)
                raise self._named(error) from error.__cause__
            except InstrumentError as error:
                raise self._named(error) from error.__cause__

    async def off(self) -> None:
        """Switch the source off: at once, blind, past any job under way. A gate is blocked."""
        driver = self.driver
        if isinstance(driver, Gate):
            await self.block()
            return
        if not isinstance(driver, Source):
            raise RefusedError(f"{self.spec.title} has nothing to switch off", where=self.where)
        try:
            await driver.off()
        except InstrumentError as error:
            if isinstance(error, PortDisconnectedError):
                self._tell_gone(error)
            raise self._named(error) from error.__cause__

    async def block(self) -> None:
        """Block a gate: at once and past any job under way, or, where its protocol must ask before
        it may tell, as the next job of its port."""
        driver = self.driver
        if not isinstance(driver, Gate):
            raise RefusedError(f"{self.spec.title} is no gate", where=self.where)
        if self.spec.asks_before_block:
            await self.job(driver.block)
            return
        try:
            await driver.block()
        except InstrumentError as error:
            if isinstance(error, PortDisconnectedError):
                self._tell_gone(error)
            raise self._named(error) from error.__cause__

    # -- inside ------------------------------------------------------------------------------

    async def _begin(self) -> Identity:
        raw = self._raw
        await raw.open()
        if self.address.claims_simulated:
            self.simulator = await shake_hands(raw, self.where)
            self.simulated = True
        raw.in_step = False
        self._troubled = False
        await self._resynchronise()
        self._port.begin_job(self._port.urgents)
        await self.driver.configure()
        if self.identity is None:
            raise IdentityError("nobody answered", where=self.where)
        self._gone = False
        return self.identity

    async def _lost_step(self, error: InstrumentError) -> None:
        """A reply was late or garbled. Nobody knows what a source does now, so it goes off."""
        what = "timeout" if isinstance(error, PortTimeoutError) else "protocol"
        self._troubled = True
        try:
            if isinstance(self.driver, Source):
                await self.driver.off()
        finally:
            self._tell(what, str(error))

    async def _resynchronise(self) -> None:
        """Drain and identify, up to three times; then the port is in step, or this raises."""
        port = self._port
        port.resynchronising = True
        try:
            dropped = await self._identify_again()
        finally:
            port.resynchronising = False
        self._raw.in_step = True
        if self._troubled:
            self._troubled = False
            self._tell("resynchronised", f"dropped {len(dropped)} bytes" if dropped else "")

    async def _identify_again(self) -> bytes:
        dropped = b""
        last: InstrumentError = IdentityError("nobody answered", where=self.where)
        for quiet_s in _QUIET_S:
            dropped += await self._raw.drain(quiet_s)
            try:
                identity = await self.driver.identify()
            except (PortTimeoutError, PortProtocolError, IdentityError) as error:
                last = error
                continue
            if self.identity is None:
                self.identity = identity
            if identity == self.identity:
                return dropped
            last = IdentityError(
                f"another instrument answers than before, {self.identity}",
                where=self.where,
                seen=str(identity),
                fix="Look at what is plugged in where, and start again.",
            )
        raise last

    def _tell_gone(self, error: PortDisconnectedError) -> None:
        if not self._gone:
            self._gone = True
            self._tell("disconnected", str(error))

    def _tell(self, what: str, detail: str) -> None:
        if self.on_trouble is not None:
            self.on_trouble(what, detail)

    def _named(self, error: LabctlError) -> LabctlError:
        if not error.where:
            error.where = self.where
        return error
