"""Where a token goes from the command line: to the service that was named, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner

from labctl.cli import _remote
from labctl.cli._server import Server, find_server
from labctl.errors import InputError, LabctlError

HEARD: list[tuple[str, str | None]] = []


class Elsewhere(BaseHTTPRequestHandler):
    """Sends everybody to another path of its own."""

    def do_GET(self) -> None:
        HEARD.append((self.path, self.headers.get("Authorization")))
        self.send_response(302)
        self.send_header("Location", "/thief")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *given: object) -> None: ...


@pytest.fixture
def elsewhere() -> Iterator[str]:
    HEARD.clear()
    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_no_redirect_is_followed_with_a_token(
    elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a proxy of the environment asked for what is on this computer."""
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:1")
    with pytest.raises(InputError, match="status 302"):
        Server(elsewhere, "t" * 30).ask("GET", "/bench")
    assert [("/api/v1/bench", f"Bearer {'t' * 30}")] == HEARD


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("http://bench.example:8088", False), ("http://192.0.2.1:8088", False),
        ("https://bench.example", True), ("http://127.0.0.1:8088", True), ("[::1]:8088", True),
    ],
)  # fmt: skip
def test_no_token_travels_to_another_computer_in_clear(
    url: str, fine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """http to another computer is refused, with what to do."""
    monkeypatch.setenv("LABCTL_TOKEN", "t" * 30)
    if fine:
        assert find_server(url).url.endswith(url.rpartition("/")[2])
        return
    with pytest.raises(InputError, match="in clear") as refused:
        find_server(url)
    assert "ssh -L" in str(refused.value)
    assert "ttt" not in str(refused.value)


class Hostile(BaseHTTPRequestHandler):
    """Answers everything with what stands in `says`."""

    says = b""

    def do_GET(self) -> None:
        self.wfile.write(self.says)

    do_POST = do_GET

    def log_message(self, *given: object) -> None: ...


def _answer(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.0 {status}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",
        _answer(b"{}"),
        _answer(b"[" * 100_000),
        _answer(b"\xff\xfe"),
        _answer(b'{"mode": "REAL"}'),
        _answer(b'{"error": []}', "500 X"),
        _answer(b'{"error": {"what": "\\u001b[2Jbeam OFF", "problems": [1]}}', "400 X"),
        _answer(b'{"error": {"what": "a\\u001b[2J\\ud800"}}', "403 X"),
    ],
)
@pytest.mark.parametrize("verb", ["status", "stop", "queue", "watch", "run"])
def test_a_hostile_service_is_told_in_words(says: bytes, verb: str) -> None:
    """Neither a traceback nor a success, and no cursor is moved."""
    server = HTTPServer(("127.0.0.1", 0), type("Says", (Hostile,), {"says": says}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    given = ["heating-curve"] if verb == "run" else []
    try:
        told = CliRunner().invoke(
            _remote.VERBS[verb], given,
            obj=Server(f"http://127.0.0.1:{server.server_port}", "t" * 30),
        )  # fmt: skip
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert told.exception is not None
    assert isinstance(told.exception, LabctlError), told.exc_info
    assert "\x1b" not in f"{told.output}{told.exception}{told.exception.seen}"


def test_what_a_service_says_moves_no_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words of a viewer's stop stand in the answers to others; as one line each."""
    item = {"id": "q1", "state": "done", "protocol": "x", "sample": None,
            "why": "a\x1b[2J\nbeam OFF"}  # fmt: skip
    monkeypatch.setattr(Server, "ask", lambda *given: {"items": [item], "held": "b\x9b\r"})
    told = CliRunner().invoke(_remote.VERBS["queue"], [], obj=Server("http://127.0.0.1:1", "t"))
    assert 2 == len(told.output.splitlines())
    assert not set("\x1b\x9b\r") & set(told.output)
