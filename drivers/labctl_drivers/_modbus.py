"""Modbus TCP as far as one instrument here needs it: reading and writing holding registers."""

from __future__ import annotations

import struct

from labctl.instruments import Counted, DeviceRefusedError, Port, PortProtocolError

_REPLY = Counted(4, at_most=300)
_READ, _WRITE, _REFUSED = 3, 16, 0x80
RESERVED = 0xFF00
"""Transaction numbers from here on are given by who sends."""
_WHY = {
    1: "it does not know the function",
    2: "there is no such register",
    3: "the value cannot be written",
    4: "the device has failed",
    6: "the device is busy",
}


class Modbus:
    """One device behind one port. Values are as many bytes, high word first."""

    def __init__(self, port: Port, unit: int, timeout_s: float) -> None:
        self._port = port
        self._unit = unit
        self._timeout_s = timeout_s
        self._number = 0

    async def read(self, address: int, registers: int) -> bytes:
        """The registers' bytes; a query, repeated once after a late reply."""
        said = await self._exchange(self._request(_READ, address, registers), again=True)
        if len(said) != 1 + 2 * registers or said[0] != 2 * registers:
            raise PortProtocolError(f"register {address}: not as many bytes as asked for")
        return said[1:]

    async def write(self, address: int, value: bytes, number: int | None = None) -> None:
        """Write; never repeated by itself."""
        said = await self._exchange(self.write_frame(address, value, number), again=False)
        if said != struct.pack(">HH", address, len(value) // 2):
            raise PortProtocolError(f"register {address}: another write was acknowledged")

    def write_frame(self, address: int, value: bytes, number: int | None = None) -> bytes:
        """The bytes of a write, for one that waits for no answer. With a `number` of its own, from
        RESERVED on, it is the same bytes whenever it is sent, and no other request is taken for it.
        """
        data = bytes((len(value),)) + value
        return self._request(_WRITE, address, len(value) // 2, data, number)

    def _request(
        self,
        function: int,
        address: int,
        registers: int,
        data: bytes = b"",
        number: int | None = None,
    ) -> bytes:
        if number is None:
            number = self._number = (self._number + 1) % RESERVED
        body = struct.pack(">BBHH", self._unit, function, address, registers) + data
        return struct.pack(">HHH", number, 0, len(body)) + body

    async def _exchange(self, request: bytes, *, again: bool) -> bytes:
        reply = await self._port.exchange(request, _REPLY, timeout_s=self._timeout_s, retry=again)
        # Number, protocol and unit come back as they were sent: else it answers something else.
        if len(reply) < 9 or reply[:4] != request[:4] or reply[6] != request[6]:
            raise PortProtocolError("no answer to this request", seen=reply[:16].hex(" "))
        if reply[7] == request[7] | _REFUSED:
            address = int.from_bytes(request[8:10], "big")
            why = _WHY.get(reply[8], "it does not say why")
            raise DeviceRefusedError(f"register {address}: {why}", seen=f"exception {reply[8]}")
        if reply[7] != request[7]:
            raise PortProtocolError("an answer to another function", seen=reply[:16].hex(" "))
        return reply[8:]
