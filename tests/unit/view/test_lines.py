"""The plain and the JSON view of a run."""

from __future__ import annotations

import io
import json

import storyteller as story

from labctl.cli._view import choose
from labctl.events import from_dict


def shown(*, as_json: bool, events: object = None, exit_code: int = 0) -> tuple[list[str], str]:
    """Lines on stdout and the text on stderr, for a whole run."""
    out, talk = io.StringIO(), io.StringIO()
    view = choose(json=as_json, speed=None, stream=out, talk=talk)
    view.start()
    view.header(story.HEADER, at_most_ns=story.AT_MOST_NS)
    for event in events or story.run():  # type: ignore[attr-defined]
        view.show(event)
    view.finish(story.summary(exit_code))
    view.close()
    return out.getvalue().splitlines(), talk.getvalue()


def test_json_loses_nothing() -> None:
    """Every event comes back from its line, in order, and only the closing line is added."""
    lines, _ = shown(as_json=True)

    assert list(story.run()) == [from_dict(json.loads(line)) for line in lines[:-1]]


def test_plain_says_the_mode_first() -> None:
    """The first line of a run is SIMULATED or REAL and the bench."""
    lines, _ = shown(as_json=False)

    assert "SIMULATED  bench simulated-bench (shipped)" == lines[0]
