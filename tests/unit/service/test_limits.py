"""Sizes, rates, slow and silent clients; a line of audit for each privileged call; and no secret in
any log, at its finest level too."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from labctl.service import Service, gated
from tests.unit.service.kept import API, HOST, QUICK, TOKENS, Life, client, make_service, until
from tests.unit.service.test_life import Person, of


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return make_service(tmp_path)


def hears_close(page: WebSocketTestSession) -> int:
    """What it is closed with, past all that is said."""
    with pytest.raises(WebSocketDisconnect) as closed:
        while True:
            page.receive_text()
    return closed.value.code


@pytest.mark.parametrize(("text", "code"), [("x" * 4097, 1009), (None, 1009)])
def test_a_message_too_large_or_no_text_ends_its_socket(
    service: Service, text: str | None, code: int
) -> None:
    """And nobody else's: the next one is let in."""
    with client(service).websocket_connect(f"{API}/live") as page:
        if text is None:
            page.send_bytes(b'{"do": "stop"}')
        else:
            page.send_text(text)
        assert code == hears_close(page)
    with client(service).websocket_connect(f"{API}/live") as page:
        assert "snapshot" == json.loads(page.receive_text())["type"]


def test_what_is_no_order_over_the_socket_is_answered_and_does_nothing(service: Service) -> None:
    """No JSON, no object, deep nesting, an unknown act, one above the role: told, and still open
    for a stop."""
    with client(service, TOKENS.viewer).websocket_connect(f"{API}/live") as page:
        page.receive_text()
        for text in ("{", "[1]", "[" * 4000, '{"do": "fire"}', '{"do": "note", "text": "x"}'):
            page.send_text(text)
            assert not told(page)["ok"]
        page.send_text('{"id": 1, "do": "stop", "why": ["no", "text"]}')
        assert told(page)["ok"]


def told(page: WebSocketTestSession) -> dict[str, Any]:
    while True:
        said: dict[str, Any] = json.loads(page.receive_text())
        if said["type"] == "done":
            return said


def test_there_is_an_end_to_how_many_may_watch(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more is told to come again; when one leaves, there is room."""
    monkeypatch.setattr("labctl.service._streams.MOST", 1)
    with client(service).websocket_connect(f"{API}/live") as first:
        first.receive_text()
        with client(service).websocket_connect(f"{API}/live") as second:
            assert 1013 == hears_close(second)
    with client(service).websocket_connect(f"{API}/live") as third:
        assert "snapshot" == json.loads(third.receive_text())["type"]


def test_a_body_that_stands_still_is_given_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sender has a token; it keeps no place for ever."""
    monkeypatch.setattr("labctl.service._gate._BODY_S", 0.05)
    sent: list[Any] = []

    async def main() -> None:
        first = [{"type": "http.request", "body": b'{"text": "', "more_body": True}]

        async def receive() -> Any:
            if first:
                return first.pop()
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        head = {"host": HOST, "authorization": f"Bearer {TOKENS.operator}",
                "content-type": "application/json", "content-length": "100"}  # fmt: skip
        scope = {
            "type": "http", "method": "POST", "path": f"{API}/validate", "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in head.items()],
            "client": ("127.0.0.1", 1), "http_version": "1.1", "scheme": "http",
            "server": ("127.0.0.1", 1), "root_path": "", "raw_path": b"",
        }  # fmt: skip
        async with asyncio.timeout(5.0):
            await gated(service, [HOST], [])(scope, receive, send)

    asyncio.run(main())
    assert not [m for m in sent if m.get("status") == 200]


def test_who_connects_and_asks_nothing_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing sent, or half a request: closed; who watches stays."""
    monkeypatch.setattr("labctl.service._server._HEAD_S", 0.2)
    seen: list[Any] = []

    def do(life: Life) -> None:
        port = int(life.url.rpartition(":")[2])
        head = {"Authorization": f"Bearer {life.token}"}
        with connect(f"ws{life.url[4:]}{API}/live", additional_headers=head) as page:
            for said in (b"", b"GET /api/v1/health HTT"):
                with socket.create_connection(("127.0.0.1", port), timeout=5.0) as silent:
                    silent.sendall(said)
                    seen.append(silent.recv(10))
            page.send('{"id": 1, "do": "stop"}')
            while json.loads(page.recv(timeout=5))["type"] != "done":
                pass
            seen.append("still there")

    Life(tmp_path, do).run()
    assert [b"", b"", "still there"] == seen


def test_no_secret_is_logged_at_the_finest_level(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A whole life with every library's log at DEBUG: tokens, codes and tickets, right and wrong,
    stand in no line, no stream and no file beside the records. What `serve` prints has them."""
    caplog.set_level(logging.DEBUG)
    secrets: list[str] = []
    lives: list[Life] = []

    def do(life: Life) -> None:
        lives.append(life)
        person = of(life)
        wrong = "wrong-" + "w" * 40
        ticket = person.ask("POST", "/ticket")[1]["ticket"]
        code = next(line for line in life.said if line.startswith("arm code")).split()[-1]
        secrets.extend([life.token, person.token, wrong, ticket, code])
        with connect(f"ws{life.url[4:]}{API}/live?ticket={ticket}") as page:
            page.recv(timeout=5)
        for query in (f"?ticket={ticket}", f"?token={life.token}"):
            with pytest.raises(InvalidStatus, match="401"):
                connect(f"ws{life.url[4:]}{API}/live{query}")
        assert 401 == Person(life.url, wrong).ask("GET", "/bench")[0]
        assert 403 == Person(life.url, life.token).ask("POST", "/arm", {"code": wrong})[0]
        assert 404 == person.ask("GET", "/runs/2026-01-01/x")[0]

    Life(tmp_path, do).run()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    # Those who ask live in this process too, and tell their own log what they asked.
    heard = [r.getMessage() for r in caplog.records if r.name != "websockets.client"]
    assert heard
    text = "\n".join(heard) + "".join(capfd.readouterr())
    text += "".join(path.read_text(errors="replace") for path in files)
    own = [r for r in caplog.records if r.name.startswith("uvicorn")]
    assert not own, own
    for secret in secrets:
        assert secret not in text


def test_every_privileged_call_leaves_one_line(tmp_path: Path) -> None:
    """Whatever changes something, by route and by socket, with who and from where."""
    lives: list[Life] = []

    def do(life: Life) -> None:
        lives.append(life)
        person = of(life)
        order = {"protocol": "heating-curve", "sample": "water",
                 "parameters": {**QUICK, "heat": "30 min"}}  # fmt: skip
        person.start("k1", **order)
        for key in ("k2", "k3"):
            person.ask("POST", "/queue", order, **{"Idempotency-Key": key})
        with until(lambda: person.status()["run"] is not None):
            pass
        calls = (
            ("POST", "/queue/q3/move", {"to": 0}), ("DELETE", "/queue/q3", None),
            ("POST", "/hold", None), ("POST", "/go-on", None), ("POST", "/notes", {"text": "n"}),
            ("POST", "/stop", {"why": "w"}), ("POST", "/stop-laser", {"why": "w"}),
            ("POST", "/reset", {"why": "w"}), ("POST", "/queue/go-on", None),
        )  # fmt: skip
        for method, path, body in calls:
            status, said = person.ask(method, path, body)
            assert status in (200, 201), (path, said)
        head = {"Authorization": f"Bearer {person.token}"}
        with connect(f"ws{life.url[4:]}{API}/live", additional_headers=head) as page:
            page.send('{"id": 1, "do": "stop-laser", "why": "by socket"}')
            while json.loads(page.recv(timeout=5))["type"] != "done":
                pass

    Life(tmp_path, do, speed=20.0).run()
    lines = (tmp_path / "runs" / "service-audit.jsonl").read_text().splitlines()
    kept = [json.loads(line) for line in lines]
    assert [
        "arm", "start", "queue", "queue", "move", "cancel", "hold", "go-on", "note", "stop",
        "stop-laser", "reset", "queue go-on", "stop-laser",
    ] == [line["act"] for line in kept]  # fmt: skip
    assert {"operator at 127.0.0.1", "arm at 127.0.0.1"} == {line["who"] for line in kept}
    assert "by socket" == kept[-1]["why"]
