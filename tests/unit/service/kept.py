"""A service without a server, for tests of its routes; and one that runs, for whole lives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from labctl import bench as benches
from labctl.service import Access, ServeOptions, Service, Tokens, gated, serve
from labctl.telemetry import BrokerChoice

TOKENS = Tokens("viewer-" + "v" * 30, "operator-" + "o" * 30, "c0de-c0de")
HOST = "bench.test"
API = "/api/v1"
QUICK = {"baseline": "5 s", "heat": "5 s", "cool": "5 s", "every": "1 s"}


def make_service(folder: Path, bench: str = "simulated") -> Service:
    """Of a shipped bench, with nothing running."""
    path = benches.find_bench(bench, environment=None).path
    return Service(
        benches.load(path),
        runs_dir=folder / "runs",
        speed=1e6,
        access=Access(TOKENS),
    )


def client(service: Service, token: str | None = TOKENS.operator) -> TestClient:
    """Somebody who has this token."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    # The second is what the test client calls a WebSocket's host, whatever its base.
    app = gated(service, [HOST, "testserver"], [f"http://{HOST}"])
    return TestClient(
        app, base_url=f"http://{HOST}", headers=headers, raise_server_exceptions=False
    )


def armed(service: Service) -> str:
    """A token with the right to arm."""
    said = client(service).post(f"{API}/arm", json={"code": TOKENS.arm_code})
    assert 200 == said.status_code
    return str(said.json()["token"])


class Life:
    """A service that runs; `do` is called in a thread beside it, and its end ends the service."""

    def __init__(self, folder: Path, do: Callable[[Life], None], **more: Any) -> None:
        self.said: list[str] = []
        self.service: Service | None = None
        self.fault: BaseException | None = None
        self._do = do
        self._begun = threading.Event()
        self._options = ServeOptions(
            bench_file=benches.load(benches.find_bench("simulated", environment=None).path),
            bench_why="a test",
            runs_dir=folder / "runs",
            port=0,
            speed=more.pop("speed", 1e6),
            broker=BrokerChoice.parse(more.pop("broker", "off")),
            prepare=self._prepare,
            **more,
        )

    @property
    def url(self) -> str:
        """As it was printed."""
        line = next(line for line in self.said if line.startswith("page"))
        return line.split()[1].partition("/#")[0].rstrip("/")

    @property
    def token(self) -> str:
        """The operator's."""
        line = next(line for line in self.said if line.startswith("page"))
        return line.rpartition("token=")[2]

    def run(self) -> int:
        """To its end; raises what `do` raised."""
        person = threading.Thread(target=self._person, name="person")
        person.start()
        try:
            code = serve(self._options, self._say)
        finally:
            self._begun.set()
            person.join(20.0)
        if self.fault is not None:
            raise self.fault
        return code

    def _prepare(self, service: Service) -> None:
        self.service = service

    def _say(self, line: str) -> None:
        self.said.append(line)
        if line.startswith("this is not"):
            self._begun.set()

    def _person(self) -> None:
        self._begun.wait(20.0)
        try:
            self._do(self)
        except BaseException as fault:
            self.fault = fault
        finally:
            keeper = self.service.keeper if self.service else None
            if keeper is not None:
                keeper.end("the test")


@contextmanager
def until(what: Callable[[], bool], at_most_s: float = 15.0) -> Iterator[None]:
    """Enter once `what` holds, real time."""
    from labctl import clock

    end_ns = clock.real_ns() + clock.ns(at_most_s)
    while not what():
        assert clock.real_ns() < end_ns, "it never came to that"
        clock.real_sleep(0.03)
    yield
