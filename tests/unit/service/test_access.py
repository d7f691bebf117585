"""Who may do what: every route, every role, and the flaws that others had."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from labctl.service import Scope, ScopedRouter, Service, build_app, check_routes, scoped
from tests.unit.service.kept import API, HOST, TOKENS, armed, client, make_service

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return make_service(tmp_path)


def routes() -> list[tuple[str, str, str]]:
    """Method, a path that can be asked for, scope; of every HTTP route."""
    found = []
    for route in build_app(None).routes:
        if isinstance(route, APIRoute):
            path = route.path
            for name, value in {
                "{item}": "q1", "{day}": "2026-01-01", "{run}": "x", "{file:path}": "x.js",
                "{file}": "x",
            }.items():  # fmt: skip
                path = path.replace(name, value)
            scope = route.endpoint.labctl_scope  # type: ignore[attr-defined]
            found += [(method, path, scope.value) for method in route.methods]
    return found


PUBLIC = {"/", "/page/x.js", f"{API}/health"}


def test_only_the_public_list_answers_without_a_token(service: Service) -> None:
    """Every other route, walked unauthenticated, says 401 before it looks at anything."""
    nobody = client(service, None)
    for method, path, scope in routes():
        status = nobody.request(method, path, json={} if method == "POST" else None).status_code
        assert (path in PUBLIC) == (scope == "public")
        assert (401 != status) == (path in PUBLIC), (method, path, status)


@pytest.mark.parametrize("token", ["", "Bearer", "nonsense", TOKENS.operator[:-1], "é" * 40])
def test_a_wrong_token_opens_nothing(service: Service, token: str) -> None:
    """Shortened, empty, of other letters: 401."""
    header = {"Authorization": f"Bearer {token}".encode()}
    said = client(service, None).get(f"{API}/bench", headers=header)  # type: ignore[arg-type]
    assert 401 == said.status_code
    assert "Traceback" not in said.text


def test_a_viewer_reaches_what_viewers_may_and_nothing_else(service: Service) -> None:
    """Walked as a viewer: 403 exactly where the scope is higher."""
    viewer = client(service, TOKENS.viewer)
    for method, path, scope in routes():
        if path.endswith("/events"):
            continue
        status = viewer.request(method, path, json={} if method == "POST" else None).status_code
        assert (403 == status) == (scope in ("operator", "arm")), (method, path, status)


def test_an_operator_may_not_what_needs_arming(service: Service) -> None:
    """Reset is 403 for an operator, and open to the same person who gave the code."""
    assert 403 == client(service).post(f"{API}/reset", json={"why": "x"}).status_code
    told = client(service, armed(service)).post(f"{API}/reset", json={"why": "x"})
    assert (409, "nothing is latched") == (told.status_code, told.json()["error"]["what"])


def test_a_route_without_a_scope_cannot_be_registered() -> None:
    """Neither HTTP nor WebSocket, on our router; and one put on the app is found."""
    router, app = ScopedRouter(), FastAPI()
    with pytest.raises(RuntimeError, match="does not say who may use it"):
        router.get("/x")(_nothing)
    with pytest.raises(RuntimeError, match="does not say who may use it"):
        router.websocket("/y")(_nothing)
    app.get("/z")(_nothing)
    with pytest.raises(RuntimeError, match=r"scope|who may use it"):
        check_routes(app)


def test_a_route_with_a_scope_is_registered() -> None:
    """The same with a scope is taken."""

    @scoped(Scope.VIEWER)
    async def here() -> None: ...

    router = ScopedRouter()
    router.get("/x")(here)
    assert ["/x"] == [route.path for route in router.routes if isinstance(route, APIRoute)]


def test_every_route_of_the_service_has_a_scope() -> None:
    """HTTP and WebSocket, as they are served."""
    app = build_app(None)
    check_routes(app)
    kinds = {type(route) for route in app.routes}
    assert {APIRoute, APIWebSocketRoute} == kinds


@pytest.mark.parametrize("token", [None, "wrong", TOKENS.operator])
def test_a_websocket_is_refused_before_its_upgrade(service: Service, token: str | None) -> None:
    """Without a token, with a wrong one: 401; with a right one from a foreign page: 403."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if token == TOKENS.operator:
        headers["Origin"] = "http://evil.example"
    with (
        pytest.raises((WebSocketDenialResponse, WebSocketDisconnect)) as refused,
        client(service, None).websocket_connect(f"{API}/live", headers=headers),
    ):
        pass
    status = getattr(refused.value, "status_code", None)
    assert (403 if token == TOKENS.operator else 401) == status


def test_a_websocket_opens_by_a_ticket_once(service: Service) -> None:
    """The ticket is good for one upgrade; the second is refused."""
    somebody = client(service)
    ticket = somebody.post(f"{API}/ticket").json()["ticket"]
    path = f"{API}/live?ticket={ticket}"
    nobody = client(service, None)
    with nobody.websocket_connect(path) as socket:
        first = json.loads(socket.receive_text())
    assert ("snapshot", "labctl.live/1") == (first["type"], first["schema"])
    assert "operator" == first["me"]["role"]
    with (
        pytest.raises((WebSocketDenialResponse, WebSocketDisconnect)),
        nobody.websocket_connect(path),
    ):
        pass


def test_a_token_in_a_query_opens_nothing(service: Service) -> None:
    """Queries stand in logs and histories."""
    for name in ("token", "ticket", "access_token"):
        said = client(service, None).get(f"{API}/bench?{name}={TOKENS.operator}")
        assert 401 == said.status_code


@pytest.mark.parametrize("host", ["evil.example", f"{HOST}.evil.example", "127.0.0.1:1", ""])
def test_another_host_is_misdirected(service: Service, host: str) -> None:
    """DNS rebinding: every route says 421 to a name that is not ours, token or not."""
    for path in ("/", f"{API}/health", f"{API}/bench", f"{API}/nothing"):
        assert 421 == client(service).get(path, headers={"Host": host}).status_code


def test_a_foreign_origin_may_nothing(service: Service) -> None:
    """Not even stop: a page from elsewhere is no person at the bench."""
    for origin in ("http://evil.example", "null", f"http://{HOST}:1", "http://x@evil.example"):
        for method, path in (("POST", f"{API}/stop"), ("GET", f"{API}/bench")):
            said = client(service).request(method, path, headers={"Origin": origin})
            assert 403 == said.status_code, origin


def test_our_own_origin_may(service: Service) -> None:
    """The page itself is let through."""
    said = client(service).post(f"{API}/stop", headers={"Origin": f"http://{HOST}"})
    assert 200 == said.status_code


def test_forwarded_headers_give_no_rights(service: Service) -> None:
    """Nobody becomes local, nor another host, by a header."""
    headers = {
        "X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1;host=" + HOST,
        "X-Forwarded-Host": HOST, "X-Real-IP": "127.0.0.1", "X-Original-URL": f"{API}/health",
        "X-Rewrite-URL": "/",
    }  # fmt: skip
    nobody = client(service, None)
    assert 401 == nobody.get(f"{API}/bench", headers=headers).status_code
    assert 421 == nobody.get("/", headers={**headers, "Host": "evil.example"}).status_code


@pytest.mark.parametrize(
    "path",
    [
        "/page/../_access.py", "/page/%2e%2e/_access.py", "/page/..%2f_access.py",
        "/page//etc/passwd",
        "/page/x%00.js", "/page/..\\_access.py", "//evil.example/%2f..", "/api/v1/health/../bench",
        "/page/../api/v1/bench", "/API/V1/BENCH", "/api/v1/bench/",
        "/page/%2e%2e%2fapi%2fv1%2fbench",
    ],
)  # fmt: skip
def test_no_path_leads_around_the_gate(service: Service, path: str) -> None:
    """Dots, encoded dots, NUL, backslashes, doubled slashes: refused or not there, no redirect."""
    said = client(service, None).get(path, follow_redirects=False)
    assert said.status_code in (400, 401, 404), said.status_code
    assert "Bearer" not in said.text or 401 == said.status_code
    assert "def who" not in said.text


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "%00", "con", "CON.json",
     "..\\..\\x", "journal.jsonl%00.txt", ".hidden", "run.json/../../../x", "link.json", "pipe"],
)  # fmt: skip
def test_a_record_gives_no_file_but_its_own(service: Service, name: str) -> None:
    """Traversal, absolute paths, links and pipes out of a record: 404 or 422, never a file."""
    import os

    folder = service.runs_dir / "2026-01-01" / "001-x"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text("{}\n")
    (service.runs_dir / "secret.txt").write_text("hidden words")
    (folder / "link.json").symlink_to(service.runs_dir / "secret.txt")
    os.mkfifo(folder / "pipe")
    said = client(service).get(f"{API}/runs/2026-01-01/001-x/files/{name}")
    assert said.status_code in (404, 422), said.status_code
    assert "hidden words" not in said.text


def test_a_records_own_file_is_given_and_inert(service: Service) -> None:
    """The journal comes as an attachment that may run nothing."""
    folder = service.runs_dir / "2026-01-01" / "001-x"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text("{}\n")
    (folder / "evil.html").write_text("<script>alert(1)</script>")
    said = client(service).get(f"{API}/runs/2026-01-01/001-x/files/evil.html")
    assert (200, "<script>alert(1)</script>") == (said.status_code, said.text)
    assert "sandbox" in said.headers["content-security-policy"]
    assert said.headers["content-disposition"].startswith("attachment")


def test_a_run_that_is_a_link_out_of_the_records_is_none(service: Service, tmp_path: Path) -> None:
    """A folder for records that somebody linked elsewhere is not followed."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "journal.jsonl").write_text("{}\n")
    day = service.runs_dir / "2026-01-01"
    day.mkdir(parents=True)
    (day / "001-x").symlink_to(elsewhere)
    assert 404 == client(service).get(f"{API}/runs/2026-01-01/001-x").status_code


def test_a_body_has_bounds_and_a_type(service: Service) -> None:
    """Too large is 413, by its header or by what comes; no JSON is 415."""
    somebody = client(service)
    big = b'{"text": "' + b"x" * 300_000 + b'"}'
    kind = {"Content-Type": "application/json"}
    assert 413 == somebody.post(f"{API}/validate", content=big, headers=kind).status_code
    flowing = somebody.post(f"{API}/validate", content=iter([big, big]), headers=kind)
    assert 413 == flowing.status_code
    for other in ("text/plain", "application/x-www-form-urlencoded", ""):
        said = somebody.post(f"{API}/notes", content=b"{}", headers={"Content-Type": other})
        assert 415 == said.status_code


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c,*c]\n" * 3,
        "[" * 20_000,
        "{{7*7}} ${7*7} <script>alert(1)</script>",
        "!!python/object/apply:os.system ['true']",
        "\x00",
    ],
)
def test_hostile_yaml_is_told_as_a_problem(service: Service, text: str) -> None:
    """Aliases, depth, templates, tags: problems in words, quickly, and nothing runs."""
    said = client(service).post(f"{API}/validate", json={"text": text})
    assert 200 == said.status_code
    assert not said.json()["ok"]


def test_stop_is_never_counted_and_open_to_a_viewer(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the rate at which reading is refused, every stop is still taken."""
    # However slow the machine is that asks.
    monkeypatch.setattr("labctl.service._gate._PER_S", 0.0)
    viewer = client(service, TOKENS.viewer)
    read = [viewer.get(f"{API}/queue").status_code for _ in range(300)]
    assert 429 in read
    assert {200} == {viewer.post(f"{API}/stop").status_code for _ in range(50)}
    assert 200 == viewer.post(f"{API}/stop-laser", json={"why": "smoke"}).status_code


def test_wrong_codes_lock_out_and_stop_still_works(service: Service) -> None:
    """Codes cannot be tried through, and nobody keeps another from stopping."""
    somebody = client(service)
    tries = [somebody.post(f"{API}/arm", json={"code": f"x{n}"}).status_code for n in range(14)]
    assert 403 == tries[0]
    assert 429 == tries[-1]
    assert 429 == somebody.post(f"{API}/arm", json={"code": TOKENS.arm_code}).status_code
    assert 200 == somebody.post(f"{API}/stop").status_code


def test_the_right_to_arm_ends(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """After five minutes the token is nobody's."""
    from labctl import clock

    token, now_ns = armed(service), clock.real_ns()
    assert "arm" == client(service, token).get(f"{API}/me").json()["role"]
    monkeypatch.setattr("labctl.clock.real_ns", lambda: now_ns + 301 * clock.NS)
    assert 401 == client(service, token).get(f"{API}/me").status_code


def test_secrets_are_never_compared_with_equals() -> None:
    """In the room of access a token or code meets only compare_digest."""
    tree = ast.parse((ROOT / "labctl" / "service" / "_access.py").read_text())
    words = {"token", "code", "given", "known", "ticket", "right"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            named = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            equal = any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
            assert not (equal and named & words), ast.unparse(node)


def test_no_secret_reaches_the_audit_or_the_log(
    service: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    """Right and wrong tokens and codes stand in no file and on no stream."""
    token = armed(service)
    client(service, "wrong-" + "w" * 30).get(f"{API}/bench")
    client(service).post(f"{API}/arm", json={"code": "wrong-code"})
    client(service, token).post(f"{API}/reset", json={"why": "x"})
    client(service).post(f"{API}/stop", json={"why": "smoke"})
    said = service.audit.path.read_text() + "".join(capfd.readouterr())
    for secret in (token, TOKENS.operator, TOKENS.arm_code, "wrong-code", "w" * 30):
        assert secret not in said
    lines = [json.loads(line) for line in service.audit.path.read_text().splitlines()]
    assert ["arm", "arm", "stop"] == [line["act"] for line in lines]
    assert "smoke" == lines[-1]["why"]
    assert 0o600 == service.audit.path.stat().st_mode & 0o777


def test_a_fault_tells_nothing_of_the_inside(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A route that breaks answers 500 without a trace."""

    def broken(*given: Any) -> Any:
        raise ValueError("inside words")

    monkeypatch.setattr(service.shelf, "protocols", broken)
    said = client(service).get(f"{API}/protocols")
    assert 500 == said.status_code
    assert "inside" not in said.text


def test_every_answer_has_its_guards(service: Service) -> None:
    """Content policy, no sniffing, no frames; errors and the refusals of the gate too."""
    for path in ("/", f"{API}/bench", f"{API}/nothing"):
        for somebody in (client(service), client(service, None)):
            headers = somebody.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert "nosniff" == headers["x-content-type-options"]
            assert "access-control-allow-origin" not in headers


def _nothing() -> None: ...


def test_a_ticket_opens_a_file_of_a_record_and_nothing_that_acts(service: Service) -> None:
    """A browser follows a link without a header; no link does anything."""
    folder = service.runs_dir / "2026-01-01" / "001-x"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text("{}\n")
    somebody, nobody = client(service), client(service, None)
    path = f"{API}/runs/2026-01-01/001-x/files/journal.jsonl"
    ticket = somebody.post(f"{API}/ticket").json()["ticket"]
    assert 200 == nobody.get(f"{path}?ticket={ticket}").status_code
    assert 401 == nobody.get(f"{path}?ticket={ticket}").status_code
    for method, other in (("POST", f"{API}/stop"), ("GET", f"{API}/bench")):
        ticket = somebody.post(f"{API}/ticket").json()["ticket"]
        assert 401 == nobody.request(method, f"{other}?ticket={ticket}").status_code


def test_somebody_without_a_token_takes_no_request_from_somebody_with_one(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the same address: hammering what is public leaves the operator's rate whole."""
    monkeypatch.setattr("labctl.service._gate._PER_S", 0.0)
    nobody = client(service, None)
    assert 429 in [nobody.get(f"{API}/health").status_code for _ in range(300)]
    assert 200 == client(service).get(f"{API}/queue").status_code


def test_an_error_tells_no_place_on_this_machine(service: Service) -> None:
    """A parameter outside its bounds is told with its line, and with the file's name alone."""
    body = {"protocol": "heating-curve", "parameters": {"cool": "1 s"}, "sample": "water"}
    said = client(service).post(f"{API}/plan", json=body)
    assert 400 == said.status_code
    assert said.json()["error"]["what"].startswith("heating-curve.yaml is not a valid protocol")
    assert str(ROOT) not in said.text
