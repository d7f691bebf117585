"""The embedded broker as a run uses it: found when it is there, started when it is not.

It belongs to all labctl processes of a user on a machine. Each that uses it holds a share in it
(`_announcement`); the broker goes when nobody does, three seconds later if the last one was killed.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import labctl
from labctl import clock
from labctl.platform import tell_to_end
from labctl.telemetry._address import PORT
from labctl.telemetry._announcement import Announcement, users_lock
from labctl.telemetry._choice import Found, NoBrokerError
from labctl.telemetry._link import LinkError, reachable
from labctl.telemetry._mosquitto import executable
from labctl.telemetry._supervisor import NO_BROKER

START_S = 10.0
"""In which a broker must be there, after it was asked for."""
LOOK_S = 0.02
_NONE = "no MQTT broker to start: neither mosquitto nor amqtt is installed"
_HOW = "apt install mosquitto, or pip install 'labctl[broker]', or --broker."
END_S = 1.0
"""In which a broker that nobody uses any more must be gone."""

# A supervisor that goes on for others outlives the run that started it; kept here so that nobody
# is told of a process left behind.
_still_running: list[subprocess.Popen[bytes]] = []


class EmbeddedBroker:
    """A share in the embedded broker; `find` takes it, `release` gives it back."""

    def __init__(self, *, port: int = PORT, kind: str = "auto") -> None:
        """`port` is preferred; `kind` is `auto`, `mosquitto` or `amqtt`."""
        self._port = port
        self._kind = kind
        self._users = users_lock()
        self._supervisor: subprocess.Popen[bytes] | None = None

    async def find(self) -> Found:
        """The broker, started if need be. NoBrokerError when neither mosquitto nor amqtt is
        installed; LinkError when it does not come up."""
        deadline_ns = clock.real_ns() + clock.ns(START_S)
        while clock.real_ns() < deadline_ns:
            if self._users.try_shared():
                found = await self._look()
                if found is not None:
                    return found
                self._see_to_supervisor()
            await clock.real_pause(LOOK_S)
        raise LinkError(
            "the embedded broker does not start",
            fix="Look whether mosquitto runs by hand, or name a broker: --broker mqtt://host.",
        )

    def release(self) -> None:
        """Let go; waits a moment for a broker that was only ours to be gone."""
        announced = Announcement.read()
        self._users.release()
        if announced is not None:
            # Our last word is said: whoever is the last to leave need not wait for a will.
            tell_to_end(announced.supervisor)
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        try:
            supervisor.wait(END_S)
        except subprocess.TimeoutExpired:
            _still_running.append(supervisor)

    async def _look(self) -> Found | None:
        announced = Announcement.read()
        if announced is None:
            return None
        try:
            await reachable(announced.address)
        except LinkError:
            # Its supervisor lives and will start it again, on the same port.
            return None
        note = f" ({announced.note})" if announced.note else ""
        return Found(announced.address, f"embedded {announced.kind} {announced.address}{note}")

    def _see_to_supervisor(self) -> None:
        supervisor = self._supervisor
        if supervisor is not None:
            status = supervisor.poll()
            if status is None:
                return
            if status == NO_BROKER:
                raise NoBrokerError(
                    _NONE,
                    fix=_HOW,
                )
        self._supervisor = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "labctl.telemetry._supervisor",
                str(self._port),
                self._kind,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            # Ctrl-C at the terminal is for the run, not for the broker that reports its end.
            start_new_session=True,
        )


def embedded_broker() -> str:
    """Which broker would be started here, in words; NoBrokerError when neither is installed."""
    path = executable()
    if path is not None:
        return f"mosquitto, {path}"
    if importlib.util.find_spec("amqtt") is not None:
        return "amqtt"
    raise NoBrokerError(_NONE, fix=_HOW)


def _environment() -> dict[str, str]:
    """Ours, and a way for the child to find labctl where we found it."""
    home = str(Path(labctl.__file__).resolve().parent.parent)
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
