"""How a service is reached: what it listens at, by which names, from which pages, by TLS."""

from __future__ import annotations

import json
import ssl
import urllib.request
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from labctl.errors import InputError
from labctl.service import Service
from labctl.service._reached import Reached, check_reachable
from tests.unit.service.kept import API, TOKENS, Life, make_service

TLS = Path(__file__).resolve().parents[2] / "data" / "tls"
"""A key that is worth nothing, of 127.0.0.1."""


def reached(host: str, *names: str, tls: bool = False, proxy: bool = False) -> Reached:
    return Reached(host, 8088, names, tls, proxy)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("0.0.0.0", (), False, False, False), "in clear"),
        (("192.0.2.1", ("b",), False, False, False), "in clear"),
        (("127.0.0.1", (), True, False, False), "a certificate and its key"),
        (("127.0.0.1", (), False, True, False), "a certificate and its key"),
        (("127.0.0.1", ("b",), True, True, True), "either it speaks TLS itself"),
        (("127.0.0.1", (), False, False, True), "given none"),
        (("0.0.0.0", (), True, True, False), "given none"),
        (("bench.example", (), False, False, False), "no address"),
    ],
)
def test_what_others_reach_in_clear_or_by_no_name_is_refused(
    asked: tuple[str, tuple[str, ...], bool, bool, bool], words: str
) -> None:
    """Host, names, certificate, key, proxy; each with what to do."""
    host, names, certificate, key, proxy = asked
    with pytest.raises(InputError, match=words):
        check_reachable(host, names, certificate=certificate, key=key, behind_proxy=proxy)


@pytest.mark.parametrize(
    ("host", "names", "tls", "proxy"),
    [
        ("127.0.0.1", (), False, False), ("::1", (), False, False),
        ("192.0.2.1", (), True, False), ("0.0.0.0", ("b",), True, False),
        ("127.0.0.1", ("b",), False, True),
    ],
)  # fmt: skip
def test_what_is_encrypted_or_stays_here_is_served(
    host: str, names: tuple[str, ...], tls: bool, proxy: bool
) -> None:
    """Nothing is said against it."""
    check_reachable(host, names, certificate=tls, key=tls, behind_proxy=proxy)


def test_a_page_without_tls_is_none_of_ours_where_others_come_by_tls() -> None:
    """Its own address by https, when it has a certificate; behind a proxy its names by https, and
    what it listens at on this computer by http."""
    own = reached("192.0.2.1", "bench-1.example", tls=True)
    assert "https://192.0.2.1:8088" in own.origins
    assert "https://bench-1.example:8088" in own.origins
    assert not [origin for origin in own.origins if origin.startswith("http:")]
    behind = reached("127.0.0.1", "bench-1.example:9443", proxy=True)
    assert "https://bench-1.example:9443" in behind.origins
    assert "http://bench-1.example:9443" not in behind.origins
    assert "http://127.0.0.1:8088" in behind.origins
    assert "bench-1.example:9443" in behind.hosts
    assert "bench-1.example:8088" not in behind.hosts


@pytest.mark.parametrize(
    ("where", "url", "page"),
    [
        (reached("127.0.0.1"), "http://127.0.0.1:8088", "http://127.0.0.1:8088"),
        (reached("::1"), "http://[::1]:8088", "http://[::1]:8088"),
        (reached("0.0.0.0", "b.example", tls=True), "https://127.0.0.1:8088",
         "https://b.example:8088"),
        (reached("127.0.0.1", "b.example", proxy=True), "http://127.0.0.1:8088",
         "https://b.example"),
        (reached("127.0.0.1", "b.example:9443", proxy=True), "http://127.0.0.1:8088",
         "https://b.example:9443"),
    ],
)  # fmt: skip
def test_the_address_that_is_printed_can_be_opened(where: Reached, url: str, page: str) -> None:
    """For this computer, and for a person by name."""
    assert (url, page) == (where.url, where.page)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return make_service(tmp_path)


def test_a_proxy_hands_on_host_and_origin_and_nothing_else_counts(service: Service) -> None:
    """What nginx sends for a page by https is let in; the same page by http is not, whatever
    `X-Forwarded-Proto` says."""
    from starlette.testclient import TestClient

    from labctl.service import gated

    where = reached("127.0.0.1", "bench-1.example", proxy=True)
    head = {"Authorization": f"Bearer {TOKENS.operator}", "Host": "bench-1.example",
            "X-Forwarded-For": "192.0.2.9", "X-Forwarded-Proto": "https"}  # fmt: skip
    person = TestClient(
        gated(service, where.hosts, where.origins), base_url="http://127.0.0.1:8088"
    )
    for origin, status in (
        ("https://bench-1.example", 200), ("http://bench-1.example", 403),
        ("https://evil.example", 403), ("http://127.0.0.1:8088", 200),
    ):  # fmt: skip
        said = person.post(f"{API}/stop", headers={**head, "Origin": origin})
        assert status == said.status_code, origin
    assert 421 == person.get(f"{API}/me", headers={**head, "Host": "evil.example"}).status_code
    assert 200 == person.get(f"{API}/me", headers=head).status_code


def test_a_service_by_tls_is_watched_and_stopped(tmp_path: Path) -> None:
    """With a certificate: page, WebSocket and stop by it, from its own page by https alone; without
    TLS nobody is answered."""
    seen: list[object] = []

    def do(life: Life) -> None:
        context = ssl.create_default_context(cafile=str(TLS / "cert.pem"))
        # The client's library reads in one thread and writes in another. Behind the handshake of
        # TLS 1.3 the server sends tickets, into the middle of the client's request: in whole runs
        # of the tests that was seen, now and then, never to come. 1.2 sends none.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        url, head = life.url, {"Authorization": f"Bearer {life.token}"}
        seen.append(url.partition("://")[0])
        live = f"wss{url[5:]}{API}/live"
        with connect(live, ssl=context, additional_headers=head, origin=url) as socket:  # type: ignore[arg-type]
            seen.append(json.loads(socket.recv(timeout=5))["type"])
            socket.send(json.dumps({"id": 1, "do": "stop"}))
            while (told := json.loads(socket.recv(timeout=5)))["type"] != "done":
                pass
            seen.append(told["ok"])
        with pytest.raises(InvalidStatus, match="403"):
            connect(live, ssl=context, additional_headers=head, origin=f"http{url[5:]}")  # type: ignore[arg-type]
        with pytest.raises(OSError):
            urllib.request.urlopen(f"http{url[5:]}{API}/health", timeout=5)

    more = {"certificate": TLS / "cert.pem", "key": TLS / "key.pem"}
    assert 0 == Life(tmp_path, do, **more).run()
    assert ["https", "snapshot", True] == seen
