"""YAML 1.2 text to nodes with places, by ruamel.yaml's parser and a composer of our own.

Of YAML only what a protocol needs: no anchors and aliases (a small file could unfold to a huge
one), no tags (nothing is constructed), one document, bounded depth. A key that stands twice is a
problem, and all such problems are told together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from labctl.errors import InputError, Problem
from labctl.yamlfile._mark import ListNode, MapNode, Mark, Node, Pair, ScalarNode
from labctl.yamlfile._source import LARGEST_BYTES, Source

DEEPEST = 24
"""Levels of nesting; a protocol of repeats within repeats needs about ten."""

_BREAKS = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""Characters that Python or YAML 1.1 take for a line's end and YAML 1.2 does not: lines would be
counted differently here and there."""


def read_text(source: Source) -> tuple[Node, list[Problem]]:
    """The document, with the problems that leave the rest readable (keys that stand twice).

    Raises InputError for what is not YAML, or not the part of it that is used here.
    """
    if len(source.text) > LARGEST_BYTES:
        raise _error(Mark(source.file), "P003", "the text is too large")
    for number, line in enumerate(source.text.split("\n"), start=1):
        for column, character in enumerate(line, start=1):
            if character in _BREAKS:
                mark = Mark(source.file, number, column, 1, "")
                raise _error(mark, "P002", f"the character {character!r} is not used in such files")
    try:
        return _Composer(source).document()
    except MarkedYAMLError as error:
        raise _syntax(source, error) from error
    except RecursionError as error:
        raise _error(Mark(source.file), "P009", "the file is too deeply nested") from error
    except (YAMLError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        # The parser meets some garbage (an escape beyond Unicode, a control character) with
        # errors other than its own.
        message = " ".join(str(error).split())[:120]
        raise _error(Mark(source.file), "P004", f"this is not YAML: {message}") from error


def _error(mark: Mark, code: str, message: str, fix: str = "") -> InputError:
    return InputError(message, problems=[mark.problem(code, message, fix)])


def _syntax(source: Source, error: MarkedYAMLError) -> InputError:
    place = error.problem_mark or error.context_mark
    mark = source.mark(place.line + 1, place.column + 1) if place else Mark(source.file)
    said = error.problem or error.context or "not understood"
    if "'\\t'" in said or mark.source[: max(0, mark.column)].lstrip(" ").startswith("\t"):
        return _error(
            mark,
            "P005",
            "a tab is used for indentation",
            "Indent with spaces; set your editor to write spaces for the tab key.",
        )
    fix = "Look at this line and the one above: indentation, a missing colon, an open quote."
    if error.context and error.context_mark is not None:
        fix = f"It happened {error.context}, line {error.context_mark.line + 1}. {fix}"
    if said.startswith("mapping values are not allowed"):
        said = "a colon stands where no new key can begin"
    return _error(mark, "P004", f"this is not YAML: {said}", fix)


class _Composer:
    """Makes nodes of the parser's events."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._events = YAML(typ="safe", pure=True).parse(source.text)
        self._problems: list[Problem] = []
        self._depth = 0

    def document(self) -> tuple[Node, list[Problem]]:
        node: Node | None = None
        for event in self._events:
            if isinstance(event, DocumentStartEvent) and node is not None:
                raise _error(
                    self._mark(event),
                    "P010",
                    "a second document begins here",
                    "Keep one document in a file; remove the line '---'.",
                )
            if isinstance(event, AliasEvent | ScalarEvent | SequenceStartEvent | MappingStartEvent):
                node = self._node(event)
        if node is None or (isinstance(node, ScalarNode) and node.empty):
            raise _error(Mark(self._source.file), "P011", "the file is empty")
        return node, self._problems

    def _node(self, event: Any) -> Node:
        mark = self._mark(event)
        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise _error(
                mark,
                "P007",
                "anchors (&) and aliases (*) are not used here",
                "Write the value out, or declare a parameter and refer to it as $name.",
            )
        if isinstance(event, ScalarEvent):
            quoted = event.style not in (None, "")
            if event.tag is not None and not any(event.implicit):
                raise self._tagged(mark, event)
            if any("\ud800" <= character <= "\udfff" for character in event.value):
                raise _error(mark, "P002", "an escape stands for half a character",
                             "Write the character itself.")  # fmt: skip
            return ScalarNode(event.value, mark, quoted)
        if event.tag is not None and not event.implicit:
            raise self._tagged(mark, event)
        self._depth += 1
        if self._depth > DEEPEST:
            raise _error(mark, "P009", f"nested deeper than {DEEPEST} levels")
        node: Node
        if isinstance(event, SequenceStartEvent):
            node = ListNode(tuple(self._items()), mark)
        else:
            node = MapNode(tuple(self._pairs(mark)), mark, bool(event.flow_style))
        self._depth -= 1
        return node

    def _tagged(self, mark: Mark, event: Any) -> InputError:
        return _error(
            mark, "P008", f"the tag {event.tag} is not used here", "Write the value alone."
        )

    def _items(self) -> list[Node]:
        items = []
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self._node(event))
        return items

    def _pairs(self, where: Mark) -> list[Pair]:
        pairs: dict[str, Pair] = {}
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._node(event)
            value = self._node(next(self._events))
            if not isinstance(key, ScalarNode):
                raise _error(key.mark, "P004", "a key must be a word", "Check the braces.")
            first = pairs.get(key.text)
            if first is not None:
                self._problems.append(
                    key.mark.problem(
                        "P006",
                        f"the key '{key.text}' stands twice",
                        f"It was first given in line {first.key.mark.line}; keep one of the two.",
                    )
                )
                continue
            if isinstance(value, ScalarNode) and value.empty and value.mark.line != key.mark.line:
                # The parser finds nothing only where the next thing begins.
                value = replace(value, mark=key.mark)
            pairs[key.text] = Pair(key, value)
        return list(pairs.values())

    def _mark(self, event: Any) -> Mark:
        start, end = event.start_mark, event.end_mark
        width = end.column - start.column if end.line == start.line else len(self._source.text)
        return self._source.mark(start.line + 1, start.column + 1, width)
