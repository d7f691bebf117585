"""A REAL bench kept as a service: what HTTP orders, a person arms at the service's own terminal, or
nobody does. It is the simulated bench over TCP at addresses that make no claim to be simulated."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.scenario.test_arming import PROTOCOL, WORDS, Bench, Terminal, bench
from tests.unit.service.kept import until
from tests.unit.service.test_life import Person

__all__ = ["bench"]

SERVE = ("serve", "--port", "0", "--protocols", "own")


def person_of(folder: Path) -> Person:
    """The operator, by the card of the one service here."""
    (card,) = folder.glob("rt/service-*.json")
    about = json.loads(card.read_text())
    return Person(about["url"], about["operator"])


def own_protocol(folder: Path) -> None:
    (folder / "own").mkdir()
    text = PROTOCOL.replace('  - prompt: {text: "Put the sample in.", at_most: 1 min}\n', "")
    (folder / "own" / "short.yaml").write_text(text)


def order(person: Person, key: str) -> tuple[int, dict[str, Any]]:
    return person.start(key, protocol="short", parameters={})


def test_http_orders_and_only_the_services_terminal_arms(bench: Bench) -> None:
    """The words are shown at the terminal and taken there alone: no request arms, resets or
    answers. The run that was armed is stopped over HTTP before its light, and the service ends at
    the second signal as at the first: once, in order."""
    own_protocol(bench.folder)
    terminal = Terminal(bench, command=SERVE)
    try:
        terminal.until("arming and reset are typed at the bench")
        terminal.until("this is not a safety device")
        person = person_of(bench.folder)
        assert 201 == order(person, "k1")[0]
        first = terminal.until(WORDS.pattern)
        with until(lambda: "to be armed at" in person.status()["waits_for"]):
            status = person.status()
        assert ("REAL", terminal.name in status["waits_for"]) == (status["mode"], True)
        assert None is status["prompt"]
        assert 409 == person.ask("POST", "/answer", {"prompt": "p1", "text": first[1]})[0]
        assert 403 == person.ask("POST", "/arm", {"code": first[1]})[0]
        assert 403 == person.ask("POST", "/reset", {"why": first[1]})[0]
        terminal.types("yes")
        terminal.until(r"not what was to be typed")
        second = terminal.until(WORDS.pattern)
        terminal.types(second[1])
        terminal.until(r"armed at the bench, typed at " + re.escape(terminal.name))
        with until(lambda: person.status()["engine"] == "WARNING"):
            assert "" == person.status()["waits_for"]
        assert 200 == person.ask("POST", "/stop")[0]
        with until(lambda: person.state("q1") == "done"):
            pass
        assert [] == bench.edges
        terminal.process.terminate()
        terminal.process.terminate()
        assert 0 == terminal.ended()
    finally:
        terminal.close()
    (ended,) = (event for event in bench.events() if event["k"] == "run-ended")
    assert ("stopped", "off", "read back") == (ended["outcome"], ended["beam"], ended["beam_how"])
