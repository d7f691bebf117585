"""Where a token goes from the command line: to the service that was named, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from labctl.cli._server import Server, find_server
from labctl.errors import InputError

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
