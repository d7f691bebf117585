"""A record played onto MQTT: REPLAY in every payload, a root of its own, no word of a bench."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest

from labctl.cli import main
from labctl.errors import RefusedError
from labctl.events import Beam
from labctl.record import RunFolder
from labctl.telemetry import BeamState, Seen, fold, schemas
from labctl.telemetry import _mosquitto as mosquitto
from labctl.telemetry._belief import of_replay
from labctl.telemetry._fold import BenchState
from tests.unit.record.some_events import run
from tests.unit.telemetry.conftest import RealBroker, Subscriber, real_broker


@pytest.fixture
def record(tmp_path: Path) -> Path:
    folder = RunFolder.create(tmp_path / "runs", "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run():
        journal.append(event)
    folder.finish()
    return folder.path


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBroker]:
    """One is enough: what a broker makes of a message is tried elsewhere."""
    kind = "amqtt" if mosquitto.executable() is None else "mosquitto"
    yield from real_broker(kind, tmp_path_factory.mktemp("broker"))


def replayed(record: Path, *more: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["replay", str(record), "--mqtt", *more])
    return int(left.value.code or 0)


def test_a_replay_is_told_whole_and_is_no_bench(
    record: Path,
    broker: RealBroker,
    subscribe: Callable[..., Subscriber],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every reading arrives; every payload is valid, says REPLAY and lies under the replays' root;
    a reader of beams is told UNKNOWN throughout, and what was lit then is told as what it is."""
    heard = subscribe(broker.port)
    code = replayed(record, broker.url, "--speed", "max", "--json")
    last = heard.wait("$state", state="offline")
    got = [message for message in heard.got if not message.topic.startswith("$SYS")]
    valid = jsonschema.Draft202012Validator(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **schemas()}
    )
    base = "labctl-replay/v1/bench"

    assert 0 == code
    assert (0, 0) == (lambda said: (said["dropped"], said["spilled"]))(
        json.loads(capsys.readouterr().out)
    )
    assert {"REPLAY"} == {message.payload["mode"] for message in got}
    assert [] == [m.topic for m in got if not m.topic.startswith(f"{base}/")]
    for message in got:
        valid.validate(message.payload)
    assert 30 == len([m for m in got if m.topic == f"{base}/data"])
    states = [m.payload for m in got if m.topic.endswith("$state")]
    said = [m.payload["event"]["beam"] for m in got if m.payload.get("kind") == "emission"]
    assert ["on", "off"] == said
    assert {"unknown"} == {s["laser"]["emission"] for s in states}
    assert {"none"} == {s["laser"]["readback"] for s in states}
    beam = BeamState()
    for message in got:
        beam.feed(message.topic, message.payload, 0)
        assert Seen.UNKNOWN is beam.view(1).seen
    assert ("offline", "off") == (last["state"], last["run"]["replayed"]["emission"])


def test_a_replay_is_refused_under_the_root_of_benches(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before a broker is asked for anything."""
    assert RefusedError.exit_code == replayed(record, "mqtt://127.0.0.1:9", "--root", "labctl/v1")
    assert "never published where benches are" in capsys.readouterr().err


def test_what_was_lit_then_is_nothing_of_now() -> None:
    """ON, armed or read back OFF in the record: UNKNOWN of the bench, and the record beside."""
    state = BenchState()
    for event in run():
        state = fold(state, event, 1)
        now = of_replay(state)
        assert (Beam.UNKNOWN, "none", 0) == (now.beam, now.readback, now.told_ns)
        assert state.beam.value == now.run["replayed"]["emission"]
        assert "armed" != now.word
