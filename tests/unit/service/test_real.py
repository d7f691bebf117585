"""A REAL bench that nobody can arm where the service runs: refused at the order, in words."""

from __future__ import annotations

import concurrent.futures
from dataclasses import replace
from pathlib import Path

import pytest

from labctl import bench as benches
from labctl.engine import AtBench
from labctl.service import Access, Principal, Role, Service
from tests.unit.service.kept import API, QUICK, TOKENS, armed, client, make_service

ORDER = {"protocol": "heating-curve", "parameters": QUICK, "sample": "water"}


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Of a bench whose addresses make no claim to be simulated; nothing is behind them."""
    monkeypatch.setenv("LABCTL_STATE_DIR", str(tmp_path / "state"))
    file = benches.load(benches.find_bench("simulated", environment=None).path)
    served = file.with_addresses(
        {key: f"socket://127.0.0.1:{4000 + n}" for n, key in enumerate(file.instruments)}
    )
    gated = replace(served, name="bench-7")
    return Service(gated, runs_dir=tmp_path / "runs", speed=1.0, access=Access(TOKENS))


def person() -> AtBench:
    def ask(text: str) -> concurrent.futures.Future[str]:
        raise AssertionError("nobody is asked for an order alone")

    return AtBench("somebody", "/dev/tty2", ask)


def test_without_a_terminal_an_order_that_lights_is_refused_at_once(real: Service) -> None:
    """As under systemd: before it waits for anything, with why and what to do."""
    real.not_at_bench = "standard input is no terminal"
    said = client(real).post(f"{API}/queue", json=ORDER, headers={"Idempotency-Key": "k"})
    assert 400 == said.status_code
    (problem,) = said.json()["error"]["problems"]
    assert "standard input is no terminal" in problem["message"]
    assert "terminal at the bench" in problem["fix"]
    assert [] == real.orders.told()["items"]


def test_with_a_person_at_the_terminal_the_order_is_taken(real: Service) -> None:
    """An operator without the right to arm may order it: what is typed at the bench arms."""
    real.at_bench = person()
    said = client(real).post(f"{API}/queue", json=ORDER, headers={"Idempotency-Key": "k"})
    assert (201, True) == (said.status_code, said.json()["lights"])


def test_what_does_not_light_needs_nobody(real: Service) -> None:
    """A log is taken on the same bench without a terminal."""
    order = {"protocol": "log", "parameters": {}, "sample": None}
    said = client(real).post(f"{API}/queue", json=order, headers={"Idempotency-Key": "k"})
    assert (201, False) == (said.status_code, said.json()["lights"])


def test_no_request_arms_or_resets_it(real: Service) -> None:
    """Not with the right code either; a simulated bench takes the same."""
    said = client(real).post(f"{API}/arm", json={"code": TOKENS.arm_code})
    assert (403, True) == (said.status_code, "at the bench" in said.json()["error"]["what"])
    assert armed(make_service(real.runs_dir))
    token = real.access.grant(TOKENS.arm_code, Principal(Role.OPERATOR, "127.0.0.1"))
    assert token is not None
    said = client(real, token).post(f"{API}/reset", json={"why": "x"})
    assert (403, True) == (said.status_code, "at the bench" in said.json()["error"]["what"])
