"""Many who connect, ask or fail at once take no place from somebody who wants to stop."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import urllib.request
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from websockets.sync.client import connect

from labctl import clock
from labctl.service import Access, Service
from labctl.service import _records as records
from tests.unit.service.kept import API, TOKENS, Life, client, make_service, until
from tests.unit.service.test_life import Person, of
from tests.unit.service.test_reached import TLS


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return make_service(tmp_path)


def test_silent_connections_make_room_for_who_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are: bounded, the one that is silent for longest goes, and a stop that
    comes last is done."""
    monkeypatch.setattr("labctl.service._server._MOST", 5)
    seen: dict[str, Any] = {}

    def do(life: Life) -> None:
        port = int(life.url.rpartition(":")[2])
        crowd = [socket.create_connection(("127.0.0.1", port), timeout=5.0) for _ in range(20)]
        seen["stop"] = Person(life.url, life.token).ask("POST", "/stop")[0]
        seen["first"] = crowd[0].recv(1)
        crowd[-1].settimeout(0.2)
        with pytest.raises(TimeoutError):
            crowd[-1].recv(1)
        for one in crowd:
            one.close()

    Life(tmp_path, do).run()
    assert {"stop": 200, "first": b""} == seen


@pytest.mark.parametrize("tls", [False, True])
def test_who_never_shakes_hands_takes_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    """However many connect and say nothing, TLS or not: there are so many at once, whoever watches
    stays, and a stop that comes last is done."""
    monkeypatch.setattr("labctl.service._listening.MOST", 6)
    # As in life: of those that shook hands, or need not, fewer are kept than are accepted.
    monkeypatch.setattr("labctl.service._server._MOST", 4)
    context = ssl.create_default_context(cafile=str(TLS / "cert.pem"))
    # As in test_reached: the client does not bear what TLS 1.3 sends behind its handshake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    seen: dict[str, Any] = {}

    def do(life: Life) -> None:
        port = int(life.url.rpartition(":")[2])
        head = {"Authorization": f"Bearer {life.token}"}
        live = f"ws{life.url.removeprefix('http')}{API}/live"
        with connect(live, ssl=context if tls else None, additional_headers=head) as page:
            crowd = [socket.create_connection(("127.0.0.1", port), timeout=5.0) for _ in range(20)]
            request = urllib.request.Request(f"{life.url}{API}/stop", method="POST", headers=head)
            more = {"context": context} if tls else {}
            with urllib.request.urlopen(request, timeout=5, **more) as said:
                seen["stop"] = said.status
            seen["first"] = crowd[0].recv(1)
            page.send('{"id": 1, "do": "stop"}')
            while json.loads(page.recv(timeout=5))["type"] != "done":
                pass
            for one in crowd:
                one.close()

    given = {"certificate": TLS / "cert.pem", "key": TLS / "key.pem"} if tls else {}
    Life(tmp_path, do, **given).run()
    assert {"stop": 200, "first": b""} == seen


def test_who_does_not_read_the_answer_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is asked for and not taken keeps no place for ever."""
    monkeypatch.setattr("labctl.service._server._TAKES_S", 0.3)
    folder = tmp_path / "runs" / "2026-01-01" / "001-x"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text("")
    with (folder / "big.csv").open("wb") as big:
        big.truncate(100_000_000)
    seen: list[bytes] = []

    def do(life: Life) -> None:
        port = int(life.url.rpartition(":")[2])
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.settimeout(5.0)
            slow.connect(("127.0.0.1", port))
            asks = (
                f"GET {API}/runs/2026-01-01/001-x/files/big.csv HTTP/1.1\r\n"
                f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {life.token}\r\n\r\n"
            )
            slow.sendall(asks.encode())
            seen.append(slow.recv(12))
            end_ns = clock.real_ns() + clock.ns(5.0)
            gone = False
            while not gone and clock.real_ns() < end_ns:
                clock.real_sleep(0.1)
                try:
                    slow.send(b"x")
                except OSError:
                    gone = True
            seen.append(b"gone" if gone else b"")

    Life(tmp_path, do).run()
    assert [b"HTTP/1.1 200", b"gone"] == seen


def test_wrong_tokens_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one address and of many; and enough of them lock out."""
    access = Access(TOKENS)
    for number in range(50):
        assert access.who(f"wrong{number}", "192.0.2.1") is None
    assert access.locked_out("192.0.2.1")
    assert len(access._failed["192.0.2.1"]) < 20
    monkeypatch.setattr("labctl.service._access._ADDRESSES", 10)
    for number in range(50):
        access.who("wrong", f"192.0.2.{number}")
    assert len(access._failed) <= 10


def test_reports_that_take_long_keep_nobody_from_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop is answered, and on disk, while every thread that may make reports does; one report
    more is told to come again."""
    free = threading.Event()

    def slow(folder: Path) -> str:
        free.wait(10.0)
        return "<p>"

    monkeypatch.setattr(records, "_report", slow)
    folder = tmp_path / "runs" / "2026-01-01" / "001-x"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text("")
    codes: list[int] = []

    def do(life: Life) -> None:
        def report() -> None:
            person = Person(life.url, life.token)
            try:
                codes.append(person.ask("GET", "/runs/2026-01-01/001-x/report")[0])
            except ValueError:
                codes.append(200)

        crowd = [threading.Thread(target=report) for _ in range(50)]
        try:
            for one in crowd:
                one.start()
            with until(lambda: len(codes) >= 46):
                pass
            assert 200 == Person(life.url, life.token).ask("POST", "/stop-laser")[0]
            assert 409 == of(life).start("k1")[0]
        finally:
            free.set()
            for one in crowd:
                one.join()

    Life(tmp_path, do).run()
    assert (4, 46) == (codes.count(200), codes.count(429))


def test_a_stop_is_written_though_no_shared_thread_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty routes that hang: the stop is done, answered and in the audit."""
    free, going = threading.Event(), threading.Semaphore(0)

    def hangs(self: object) -> list[Any]:
        going.release()
        free.wait(30.0)
        return []

    monkeypatch.setattr("labctl.service._shelf.Shelf.samples", hangs)

    def do(life: Life) -> None:
        def ask() -> None:
            Person(life.url, life.token).ask("GET", "/samples")

        crowd = [threading.Thread(target=ask) for _ in range(45)]
        try:
            for one in crowd:
                one.start()
            for _ in range(40):
                assert going.acquire(timeout=10.0)
            assert 200 == Person(life.url, life.token).ask("POST", "/stop", {"why": "hung"})[0]
            audit = (tmp_path / "runs" / "service-audit.jsonl").read_text()
            assert '"why": "hung"' in audit
        finally:
            free.set()
            for one in crowd:
                one.join()

    Life(tmp_path, do).run()


def test_a_file_that_is_there_for_a_moment_is_no_fault(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listed, and gone before it was looked at; the others are told."""
    folder = tmp_path / "runs" / "2026-01-01" / "001-x"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text("")
    (folder / "gone.tmp").write_text("")
    real = Path.lstat

    def lstat(self: Path) -> Any:
        if self.name == "gone.tmp":
            raise FileNotFoundError(self)
        return real(self)

    monkeypatch.setattr(Path, "lstat", lstat)
    told = client(service).get(f"{API}/runs/2026-01-01/001-x/files")
    assert [{"name": "journal.jsonl", "bytes": 0}] == told.json()


@pytest.mark.parametrize("name", ["run.json", "journal.jsonl"])
def test_a_record_nested_beyond_reason_is_no_fault(
    service: Service, tmp_path: Path, name: str
) -> None:
    """Whoever put it there, with a checksum that fits: each route tells what it can."""
    folder = tmp_path / "runs" / "2026-01-01" / "001-x"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text("")
    deep = b'{"n":' + b"[" * 100_000
    (folder / name).write_bytes(deep + b',"c":"%08x"}\n' % crc32(deep))
    for path in ("", "/001-x", "/001-x/points", "/001-x/files"):
        where = f"{API}/runs{'/2026-01-01' if path else ''}{path}"
        assert client(service).get(where).status_code in (200, 409), path
