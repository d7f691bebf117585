"""What is asked of every driver, whatever it can do."""

from __future__ import annotations

import pytest

from labctl.clock import Clock, run_virtual
from labctl.instruments import IdentityError, InputError, PortDisconnectedError
from labctl.testing._rig import OnRig, Rig
from labctl.testing._wire import Card, Wire

_METHODS = {
    "source": "emitter",
    "gate": "gatekeeper",
    "thermometer": "read_temperatures",
    "power_meter": "read_power",
    "thermostat": "read_thermostat",
    "doser": "read_doser",
    "assay": "read_assay",
}


class EveryDriver(OnRig):
    """It says who it is, refuses strangers, tells trouble once and lets its port go."""

    def test_it_declares_what_it_can(self) -> None:
        """A spec with a name, capabilities that the class fulfils and a way to reach it."""
        spec = self.driver.spec

        assert spec.name and spec.title
        assert spec.capabilities and spec.capabilities <= set(_METHODS)
        assert all(hasattr(self.driver, _METHODS[what]) for what in spec.capabilities)
        assert spec.transport in {"serial", "visa", "library"}
        if spec.capabilities & {"source", "gate"}:
            assert spec.slowest_exchange_s <= 0.2, "on a port of the guard's"
            assert 0.0 < spec.starts_within_s <= 10.0

    def test_constructing_does_no_io_and_refuses_unknown_settings(self) -> None:
        """A setting that the driver does not have is bad input, found before any I/O."""

        async def main(clock: Clock) -> None:
            rig = Rig(self.driver, self.case, clock)
            with pytest.raises(InputError, match="no setting 'colour'"):
                self.driver(rig.wire.port(clock, "x"), {"colour": "red"})

            assert 0 == rig.wire.opened

        run_virtual(main)

    def test_connecting_tells_who_is_there(self, world: str) -> None:
        """After connect the identity names make and model, and no trouble was told."""

        async def body(rig: Rig) -> None:
            identity = await rig.instrument.connect()

            assert identity == rig.instrument.identity
            assert identity.make and identity.model
            assert [] == rig.trouble

        self.run(world, body)

    def test_a_stranger_is_refused_and_its_port_let_go(self) -> None:
        """Another instrument at the address ends in IdentityError naming instrument and port."""

        async def body(rig: Rig) -> None:
            rig.wire = Wire(lambda: Card(lambda data: rig.case.stranger))
            instrument = rig.made()
            with pytest.raises(IdentityError, match="thing at sim://thing"):
                await instrument.connect()

            assert not rig.wire.open
            assert not rig.case.on or rig.case.on not in rig.wire.written()

        self.run("card", body)

    def test_a_pulled_cable_is_told_once(self, world: str) -> None:
        """Each exchange over a gone port raises PortDisconnectedError; trouble is told once."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            rig.wire.pulled = True
            for _ in range(2):
                with pytest.raises(PortDisconnectedError, match="thing at sim://thing"):
                    await rig.instrument.job(rig.instrument.driver.identify)

            assert ["disconnected"] == rig.trouble

        self.run(world, body)

    def test_after_an_unplugging_it_is_found_again(self, world: str) -> None:
        """The cable back in: reopened, the same identity answers and a source stays as it was
        made by connecting."""

        async def body(rig: Rig) -> None:
            before = await rig.instrument.connect()
            rig.wire.pulled = True
            with pytest.raises(PortDisconnectedError):
                await rig.instrument.job(rig.instrument.driver.identify)
            rig.wire.pulled = False
            written = len(rig.wire.sent)

            assert before == await rig.instrument.reopen()
            assert not rig.case.on or rig.case.on not in rig.wire.written(written)

        self.run(world, body)

    def test_closing_releases_the_port_and_it_opens_again(self, world: str) -> None:
        """Close twice is close once; connect works again in the same process; so does reopen."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            await rig.instrument.close()
            await rig.instrument.close()
            closed = not rig.wire.open
            with pytest.raises(PortDisconnectedError):
                await rig.instrument.job(rig.instrument.driver.identify)
            again = await rig.instrument.connect()

            assert closed
            assert again == await rig.instrument.reopen()
            assert 3 == rig.wire.opened

        self.run(world, body)
