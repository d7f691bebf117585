"""Whole lives of a service: a run by HTTP, stop, latch, hold, prompts, idempotency, signals."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from labctl import clock
from labctl.audit import read_trail
from labctl.events import PromptAnswered
from labctl.record import JournalReader, describe_run, read_journal
from labctl.yamlfile import shipped_folder
from tests.unit.service.kept import API, QUICK, Life, until


class Person:
    """Somebody with a token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and what was said."""
        request = urllib.request.Request(
            f"{self.url}{API}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
                     **headers},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=20) as said:
                return said.status, json.loads(said.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def status(self) -> dict[str, Any]:
        """The bench."""
        return self.ask("GET", "/bench")[1]

    def armed(self, code: str) -> Person:
        """The same with the right to arm."""
        return Person(self.url, str(self.ask("POST", "/arm", {"code": code})[1]["token"]))

    def start(self, key: str, **order: Any) -> tuple[int, dict[str, Any]]:
        """A quick heating curve."""
        asked = {"protocol": "heating-curve", "parameters": QUICK, "sample": "water", **order}
        return self.ask("POST", "/start", asked, **{"Idempotency-Key": key})

    def state(self, item: str) -> str:
        """What became of an item."""
        items = self.ask("GET", "/queue")[1]["items"]
        return str(next(i["state"] for i in items if i["id"] == item))


def of(life: Life) -> Person:
    """The operator, armed."""
    code = next(line for line in life.said if line.startswith("arm code")).split()[-1]
    return Person(life.url, life.token).armed(code)


def person_gone(person: Person) -> bool:
    """Nobody is on any more: the run is over, or the web has gone."""
    try:
        return person.status()["tone"] != "on"
    except (OSError, http.client.HTTPException):
        return True


def folder(life: Life, person: Person, item: str) -> Path:
    """The record of an item."""
    assert life.service is not None
    items = person.ask("GET", "/queue")[1]["items"]
    return life.service.runs_dir / str(next(i["run"] for i in items if i["id"] == item))


def test_a_run_from_its_order_to_its_record(tmp_path: Path) -> None:
    """Ordered by HTTP, watched by WebSocket, read back; the same key starts nothing twice."""
    seen: dict[str, Any] = {}

    def do(life: Life) -> None:
        person = of(life)
        ticket = person.ask("POST", "/ticket")[1]["ticket"]
        with connect(f"ws{life.url[4:]}{API}/live?ticket={ticket}") as socket:
            first = json.loads(socket.recv(timeout=5))
            code, item = person.start("key-1")
            seen["start"] = (code, item["state"])
            seen["again"] = person.start("key-1")
            seen["other"] = person.start("key-1", seed=2)[0]
            messages = [first]
            with until(lambda: person.state(item["id"]) == "done"):
                pass
            while True:
                messages.append(json.loads(socket.recv(timeout=5)))
                queue = messages[-1].get("queue")
                if queue and queue["items"][0]["state"] == "done":
                    break
        seen["messages"] = messages
        seen["item"] = person.ask("GET", "/queue")[1]["items"]
        record = seen["item"][0]["run"]
        seen["run"] = person.ask("GET", f"/runs/{record}")[1]
        seen["points"] = person.ask("GET", f"/runs/{record}/points")[1]
        seen["runs"] = person.ask("GET", "/runs")[1]
        ticket = person.ask("POST", "/ticket")[1]["ticket"]
        report = f"{life.url}{API}/runs/{record}/report?ticket={ticket}"
        with urllib.request.urlopen(report, timeout=30) as page:
            seen["report"] = page.read().decode()
            seen["policy"] = page.headers["Content-Security-Policy"]
        seen["status"] = person.status()

    assert 0 == Life(tmp_path, do).run()
    assert (201, 200, 409) == (seen["start"][0], seen["again"][0], seen["other"])
    assert 1 == len(seen["item"])
    numbers = [message["seq"] for message in seen["messages"]]
    assert list(range(numbers[0], numbers[0] + len(numbers))) == numbers
    assert "labctl.live/1" == seen["messages"][0]["schema"]
    kinds = {e["e"]["k"] for m in seen["messages"] for e in m.get("events", ())}
    assert {"run-begun", "step-begun", "emission", "verdict", "run-ended"} <= kinds
    assert "closed" == seen["run"]["state"]
    assert "completed" == seen["run"]["outcome"]
    assert [5.0] == [round(t, 0) for t in seen["points"]["laser_on_s"]]
    assert 10 <= len(seen["points"]["rows"]) <= 25
    assert "<html" in seen["report"] and "heating-curve" in seen["report"]
    assert seen["policy"].endswith("sandbox allow-scripts")
    assert ["heating-curve"] == [run["protocol"] for run in seen["runs"]]
    assert ("IDLE", "UNKNOWN") == (seen["status"]["word"], seen["status"]["beam"]["seen"])
    assert 1 == len(list(tmp_path.glob("runs/*/*/ro-crate-metadata.json")))


def test_what_lights_needs_the_right_to_arm(tmp_path: Path) -> None:
    """An operator alone is told so; what does not light is started."""

    def do(life: Life) -> None:
        person = Person(life.url, life.token)
        code, said = person.start("k1")
        assert (403, True) == (code, "right to arm" in said["error"]["what"])
        dark = {"protocol": "log", "parameters": {}, "sample": None}
        code, item = person.start("k2", **dark)
        assert 201 == code, item
        with until(lambda: person.status()["run"] is not None):
            assert 200 == person.ask("POST", "/stop")[0]

    Life(tmp_path, do, speed=100.0).run()


def test_stop_laser_latches_until_it_is_reset(tmp_path: Path) -> None:
    """While it is lit: off, closed, latched; nothing starts; a reset by the right to arm, and then
    the next is started."""

    def do(life: Life) -> None:
        person = of(life)
        item = person.start("k1", parameters={**QUICK, "heat": "30 min"})[1]["id"]
        with until(lambda: person.status()["tone"] == "on"):
            said = person.ask("POST", "/stop-laser", {"why": "smoke"})
        assert (200, True) == (said[0], "latched" in said[1]["done"])
        with until(lambda: person.state(item) == "done"):
            pass
        run = describe_run(folder(life, person, item))
        assert run.ended is not None
        assert ("stopped", "off", 5) == (
            run.ended.outcome, run.ended.beam.value, int(run.ended.exit_code),
        )  # fmt: skip
        assert "STOP LASER by arm at 127.0.0.1: smoke" in run.ended.why
        acts = {(act.what, act.who) for act in read_trail(run.path).acts}
        assert {(what, "arm at 127.0.0.1") for what in ("stopped", "stop-laser (service)")} <= acts
        status = person.status()
        assert ("STOPPED", "page") == (status["word"], status["latched"]["reset"])
        code, refused = person.start("k2")
        assert (409, True) == (code, "latched" in refused["error"]["what"])
        assert 200 == person.ask("POST", "/reset", {"why": "it was toast"})[0]
        assert 201 == person.start("k3")[0]

    Life(tmp_path, do, speed=100.0).run()


def test_hold_waits_in_the_dark_and_goes_on(tmp_path: Path) -> None:
    """Asked for while it is lit: the light is given to its end, and the next step waits."""

    def do(life: Life) -> None:
        person = of(life)
        item = person.start("k1", parameters={**QUICK, "heat": "60 s"})[1]["id"]
        with until(lambda: person.status()["tone"] == "on"):
            assert 200 == person.ask("POST", "/hold")[0]
        with until(lambda: person.status()["hold"] == "held"):
            status = person.status()
        assert ("WAITING", "OFF", False) == (
            status["engine"], status["beam"]["seen"], status["stalled"],
        )  # fmt: skip
        assert 201 == person.ask("POST", "/notes", {"text": "<b>looked</b>"})[0]
        assert 200 == person.ask("POST", "/go-on")[0]
        with until(lambda: person.state(item) == "done"):
            pass
        events = read_journal(folder(life, person, item) / "journal.jsonl").events
        notes = [event.text for event in events if event.kind == "note"]  # type: ignore[attr-defined]
        assert "<b>looked</b>" in notes
        assert any("hold before the next step" in note for note in notes)
        lit_s = [event.t_ns for event in events if event.kind == "emission"]
        assert 60.0 <= (lit_s[-1] - lit_s[0]) / clock.NS

    Life(tmp_path, do, speed=50.0).run()


def test_a_prompt_is_answered_over_the_socket(tmp_path: Path) -> None:
    """A protocol that asks waits for the page; a stale answer is refused."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "asks.yaml").write_text(
        "schema: labctl.protocol/1\nname: asks\nneeds: {probe: thermometer}\n"
        "record: {every: 500 ms}\nsteps:\n  - prompt: {text: Is the lid on?}\n  - log: {for: 2 s}\n"
    )

    def do(life: Life) -> None:
        person = Person(life.url, life.token)
        item = person.start("k1", protocol="asks", parameters={}, sample=None)[1]["id"]
        with until(lambda: person.status()["prompt"] is not None):
            prompt = person.status()["prompt"]
        assert "Is the lid on?" in prompt["text"]
        wrong = person.ask("POST", "/answer", {"prompt": "p99", "text": "yes"})
        assert 409 == wrong[0]
        with connect(
            f"ws{life.url[4:]}{API}/live",
            additional_headers={"Authorization": f"Bearer {life.token}"},
        ) as socket:
            said = {"id": 1, "do": "answer", "prompt": prompt["id"], "text": "yes"}
            socket.send(json.dumps(said))
            while (told := json.loads(socket.recv(timeout=5)))["type"] != "done":
                pass
        assert (1, True) == (told["id"], told["ok"])
        with until(lambda: person.state(item) == "done"):
            pass

    Life(tmp_path, do, own=own).run()
    (journal,) = tmp_path.rglob("journal.jsonl")
    (answered,) = (e for e in JournalReader(journal) if isinstance(e, PromptAnswered))
    assert ("yes", "operator at 127.0.0.1") == (answered.answer, answered.by)


def test_a_queue_is_held_after_a_bad_end_and_goes_on(tmp_path: Path) -> None:
    """Of three, one is cancelled; the first is stopped; the third waits for somebody to look."""

    def do(life: Life) -> None:
        person = of(life)
        order = {"protocol": "heating-curve", "parameters": {**QUICK, "heat": "30 min"},
                 "sample": "water"}  # fmt: skip
        first, second, third = (
            person.ask("POST", "/queue", order, **{"Idempotency-Key": f"k{n}"})[1]["id"]
            for n in range(3)
        )
        with until(lambda: person.status()["tone"] == "on"):
            assert 200 == person.ask("POST", f"/queue/{third}/move", {"to": 0})[0]
        assert 200 == person.ask("DELETE", f"/queue/{second}")[0]
        assert 409 == person.ask("DELETE", f"/queue/{first}")[0]
        assert 404 == person.ask("DELETE", "/queue/q99")[0]
        assert 200 == person.ask("POST", "/stop")[0]
        with until(lambda: person.state(first) == "done"):
            queue = person.ask("GET", "/queue")[1]
        assert "asked to stop" in queue["held"]
        assert "waiting" == person.state(third)
        assert 200 == person.ask("POST", "/queue/go-on")[0]
        with until(lambda: person.state(third) == "running"):
            pass

    Life(tmp_path, do, speed=100.0).run()


def test_ndjson_tells_events_and_ends_with_the_service(tmp_path: Path) -> None:
    """One object a line; what is still kept first, the last word last."""
    lines: list[dict[str, Any]] = []

    def do(life: Life) -> None:
        person = of(life)
        request = urllib.request.Request(
            f"{life.url}{API}/events?since=0&points=1",
            headers={"Authorization": f"Bearer {person.token}"},
        )
        said = urllib.request.urlopen(request, timeout=20)

        def read() -> None:
            with said:
                lines.extend(json.loads(line) for line in said)

        reader = threading.Thread(target=read)
        reader.start()
        item = person.start("k1")[1]["id"]
        with until(lambda: person.state(item) == "done"):
            pass
        assert life.service is not None and life.service.keeper is not None
        life.service.keeper.end("the test")
        reader.join(10.0)
        assert not reader.is_alive()

    Life(tmp_path, do).run()
    numbers = [line["seq"] for line in lines if "seq" in line]
    assert list(range(1, len(numbers) + 1)) == numbers
    assert "run-ended" in {line["e"]["k"] for line in lines if "e" in line}
    assert any("point" in line for line in lines)
    assert {"bye": "asked to end"} == lines[-1]


@pytest.mark.parametrize("name", ["SIGTERM"])
def test_a_signal_while_lit_puts_out_the_light_first(tmp_path: Path, name: str) -> None:
    """With WebSockets open: beam off, the record closed, the watchers told, exit code 5, all within
    a second; a second signal on the way changes nothing."""
    environment = {
        **os.environ,
        "LABCTL_RUNTIME_DIR": str(tmp_path / "rt"),
        "LABCTL_NO_BOOTSTRAP": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "labctl", "serve", "--demo", "--speed", "100", "--port", "0",
         "--broker", "off", "--runs", str(tmp_path / "runs")],
        stdout=subprocess.PIPE, text=True, env=environment, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(7)]
        page = next(line for line in lines if line.startswith("page")).split()[1]
        url, _, token = page.partition("/#token=")
        person = Person(url, token)
        head = {"Authorization": f"Bearer {token}"}
        sockets = [connect(f"ws{url[4:]}{API}/live", additional_headers=head) for _ in range(3)]
        with until(lambda: person.status()["tone"] == "on", 40.0):
            begun_ns = clock.real_ns()
            process.send_signal(getattr(signal, name))
            with until(lambda: person_gone(person)):
                # Whoever presses Ctrl-C once more, while it ends, changes nothing.
                process.send_signal(signal.SIGINT)
        last = []
        for socket in sockets:
            told = ""
            try:
                while True:
                    told = str(socket.recv(timeout=5))
            except ConnectionClosed:
                last.append(json.loads(told)["type"])
            finally:
                socket.close()
        code = process.wait(10.0)
        took_s = (clock.real_ns() - begun_ns) / clock.NS
    finally:
        process.kill()
        process.communicate()
    assert ["bye"] * 3 == last
    assert 5 == code
    run = describe_run(next((tmp_path / "runs").glob("*/001-*")))
    assert run.ended is not None
    assert ("closed", "off", "read back") == (
        run.state, run.ended.beam.value, run.ended.beam_how,
    )  # fmt: skip
    assert f"asked to stop by {name}" in run.ended.why
    assert not list((tmp_path / "rt").glob("service-*.json"))
    # A second is the goal; on a machine that does much else this test gives it three.
    assert took_s < 3.0


def test_the_command_line_speaks_to_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`labctl --server URL` status, run, queue, stop; the token from the card, which only its
    owner can read; exit codes are those of the run."""
    from labctl.cli import main

    monkeypatch.setenv("LABCTL_RUNTIME_DIR", str(tmp_path / "rt"))
    codes: dict[str, Any] = {}

    def ask(life: Life, *words: str) -> Any:
        with pytest.raises(SystemExit) as left:
            main(["--server", life.url, *words])
        return left.value.code

    def do(life: Life) -> None:
        card = next((tmp_path / "rt").glob("service-*.json"))
        codes["card"] = card.stat().st_mode & 0o777
        quick = [part for name, value in QUICK.items() for part in ("-p", f"{name}={value}")]
        codes["run"] = ask(life, "run", "heating-curve", "--sample", "water", *quick)
        codes["status"] = ask(life, "status")
        codes["queue"] = ask(life, "queue")
        codes["wrong"] = ask(life, "run", "heating-curv")
        protocol = tmp_path / "own.yaml"
        protocol.write_text("schema: labctl.protocol/1\nname: own\nstepz: []\n")
        record = Person(life.url, life.token).ask("GET", "/queue")[1]["items"][0]["run"]
        for name, words in {
            "plan": ("plan", "heating-curve", "--sample", "water", "-p", "power=0.8W"),
            "protocols": ("protocols",),
            "validate": ("validate", str(protocol)),
            "validate a good one": ("validate", str(shipped_folder() / "heating-curve.yaml")),
            "runs": ("runs", "--protocol", "heating-curve"),
            "report": ("report", record, "--out", str(tmp_path / "report.html")),
            "no report": ("report", "../../etc/passwd"),
            "hold": ("hold",),
            "note": ("note", "no run is on"),
            "answer": ("answer", "yes"),
        }.items():
            codes[name] = ask(life, *words)
        codes["stop"] = ask(life, "stop-laser", "--why", "toast")
        codes["latched"] = ask(life, "run", "heating-curve", *quick)
        codes["reset"] = ask(life, "reset", "it was toast")
        codes["other"] = ask(life, "doctor")
        life_items = Person(life.url, life.token).ask("GET", "/queue")[1]["items"]
        codes["exit"] = life_items[0]["exit_code"]

    Life(tmp_path, do).run()
    assert 0o600 == codes.pop("card")
    assert codes.pop("exit") == codes.pop("run")
    assert {
        "status": 0, "queue": 0, "wrong": 2, "stop": 0, "latched": 2, "other": 2, "plan": 0,
        "protocols": 0, "validate": 2, "runs": 0, "report": 0, "no report": 2, "hold": 2, "note": 2,
        "answer": 2, "reset": 0, "validate a good one": 0,
    } == codes  # fmt: skip
    said = "".join(capfd.readouterr())
    assert "q1 heating-curve: done" in said
    assert "did you mean 'heating-curve'" in said.lower()
    assert "no run was on; latched" in said
    assert "limit       power: 800 mW of 2 W (40%)" in said
    assert f"{tmp_path / 'own.yaml'}:3:" in said and "stepz" in said
    assert "SIMULATED  completed  pass" in said or "SIMULATED  completed  cannot tell" in said
    assert "can carry out, at most 1572 s and 600 J of laser light" in said
    assert "<html" in (tmp_path / "report.html").read_text()


def test_stop_over_the_socket_is_answered_at_once_with_nine_pages_open(tmp_path: Path) -> None:
    """While it is lit; the benchmark has the figure, this test only a bound for a busy machine."""

    def do(life: Life) -> None:
        person = of(life)
        head = {"Authorization": f"Bearer {person.token}"}
        url = f"ws{life.url[4:]}{API}/live"
        pages = [connect(url, additional_headers=head) for _ in range(9)]
        item = person.start("k1", parameters={**QUICK, "heat": "30 min"})[1]["id"]
        with until(lambda: person.status()["tone"] == "on"):
            begun_ns = clock.real_ns()
        pages[0].send(json.dumps({"id": 1, "do": "stop"}))
        while json.loads(pages[0].recv(timeout=5))["type"] != "done":
            pass
        took_s = (clock.real_ns() - begun_ns) / clock.NS
        for page in pages:
            page.close()
        with until(lambda: person.state(item) == "done"):
            pass
        assert took_s < 1.0

    Life(tmp_path, do, speed=50.0).run()
