"""Names from files and instruments are text in a report, whatever they are made of."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.events import (
    Dose,
    Event,
    InstrumentFound,
    Note,
    ReleaseAssessed,
    RunBegun,
    RunEnded,
    Verdict,
)
from labctl.report import report_html
from labctl.report._html import page, tag, visible
from tests.unit.report.reading import SAMPLE, Page, healthy, record, released

PAYLOADS = (
    "</script><script>document.title='x'</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</title></style><iframe src=//evil.example>",
    "<!-- --!><base href=//evil.example>",
    "javascript:alert(1)",
    "{{7*7}} ${7*7} %s",
    "&lt;b&gt; &amp;",
)


def poisoned(text: str) -> list[Event]:
    """A run in which every name is `text`."""
    told: list[Event] = []
    for event in healthy(20.0):
        if isinstance(event, RunBegun):
            event = replace(event, protocol=text, bench=text, sample=text, version=text,
                            parameters={text: text}, faults=(text,))  # fmt: skip
        elif isinstance(event, InstrumentFound):
            event = replace(event, instrument=text, identity=text, driver=text, address=text)
        elif isinstance(event, Verdict):
            event = replace(
                event, reasons=(text,), assumptions=(text,), improve=text, budget={text: 0.1},
                results={text: {"value": 0.5, "unit": text, "of": text}},
                criteria=tuple(replace(c, name=text, why=text, outcome=text, threshold=text)
                               for c in event.criteria),
            )  # fmt: skip
        elif isinstance(event, Note):
            event = replace(event, who=text, text=text)
        elif isinstance(event, RunEnded):
            event = replace(event, beam_how=text)
        told.append(event)
    return told


@pytest.mark.parametrize("text", ["".join(PAYLOADS), PAYLOADS[1]])
def test_no_name_becomes_markup(tmp_path: Path, text: str) -> None:
    """In every place that a record has for one: the page's tags are those of a harmless run."""
    facts = {"user": text, "armed_by": text, "waived": [text], "host": text, "blank": text,
             "versions": {text: text}, "git": {"commit": text}}  # fmt: skip
    found = Page(report_html(record(tmp_path, poisoned(text), sample=SAMPLE | {"title": text},
                                    facts=facts)))  # fmt: skip
    named = SAMPLE | {"title": "name"}
    harmless = Page(report_html(record(tmp_path, poisoned("name"), sample=named, facts=facts)))

    assert [name for name, _ in harmless.tags] == [name for name, _ in found.tags]
    assert 20 < found.said.count(" ".join(text.split()))
    for name, attributes in found.tags:
        assert not [key for key in attributes if key.startswith("on")]
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
        assert name not in ("img", "iframe", "base", "object", "embed", "form", "link")


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_comes_back_as_it_is_shown(text: str) -> None:
    """Through the serialiser and a parser of HTML, as content and as attribute."""
    made = Page(page("t", tag("p", text, title=text)))
    paragraph = next(attributes for name, attributes in made.tags if name == "p")
    shown = visible(text)

    assert shown == paragraph["title"]
    assert shown in "".join(made.words)


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\x00", "\x1b", "\x85", "\ud800"])
def test_what_would_act_unseen_is_written_out(character: str) -> None:
    """Marks of direction, control characters, halves of characters."""
    assert f"a\\u{ord(character):04x}b" == visible(f"a{character}b")


def test_the_page_allows_its_own_script_and_style_and_nothing_else(tmp_path: Path) -> None:
    """By their hashes; no request to anywhere."""
    found = Page(report_html(record(tmp_path, healthy())))
    policy = next(a["content"] for n, a in found.tags
                  if a.get("http-equiv") == "Content-Security-Policy")  # fmt: skip
    hashes = {
        name: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for name, text in found.raw.items()
    }

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src "
        f"'sha256-{hashes['script']}'; base-uri 'none'; form-action 'none'"
    )
    assert 1 == sum(name == "script" for name, _ in found.tags)
    assert not [a for _, a in found.tags if "style" in a]


def test_no_word_says_that_anything_is_safe(tmp_path: Path) -> None:
    """But for the sentence that labctl is no safety device."""
    said = Page(report_html(record(tmp_path, healthy()))).said.lower()

    assert "safe" not in said.replace("labctl is not a safety device", "")


@pytest.mark.parametrize("value", ["x", True, [1], {"a": 1}, 1e308, None, {}, -5])
def test_a_report_is_made_whatever_stands_where_numbers_belong(
    tmp_path: Path, value: object
) -> None:
    """And what was left out is told."""
    told: list[Event] = []
    for event in [*healthy(60.0)[:-1], *released()[1:]]:
        if isinstance(event, Verdict | Dose | ReleaseAssessed):
            results = {
                name: dict.fromkeys(entry, value) if spoilt else value
                for spoilt, (name, entry) in enumerate(event.results.items())
            }
            rows = {"table": [{"cycle": value, "power_w": value, "rise_k": value}, value]}
            event = replace(event, results=results | {"cycles": rows, "powers": rows})
        if isinstance(event, Verdict):
            event = replace(event, budget=dict.fromkeys(event.budget, value))
        told.append(event)
    said = Page(report_html(record(tmp_path, told))).said

    told_of = "time_constant: it has no value and is left out" in said
    assert told_of == (not isinstance(value, dict))
