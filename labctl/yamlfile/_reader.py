"""What goes along while a file is read: the problems found so far, and the parameters."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from labctl.errors import InputError, Problem
from labctl.yamlfile._mark import ListNode, MapNode, Mark, Node, ScalarNode

_FILL = "FILL"
_REFERENCE = re.compile(r"\$([a-zA-Z_][a-zA-Z0-9_-]*)(\.[a-zA-Z_]+)?")


def near(word: str, known: Iterable[str]) -> str:
    """The known word that is most like this one, or ''."""
    words = list(known)
    found = [one for one in words if one.lower() == word.lower()]
    found = found or difflib.get_close_matches(word, words, n=1, cutoff=0.55)
    return found[0] if found else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'? ` or nothing."""
    likely = near(word, known)
    return f"Did you mean '{likely}'? " if likely else ""


class Reader:
    """Collects every problem of one file, so that they are told together."""

    def __init__(self, problems: Sequence[Problem] = ()) -> None:
        self.problems = list(problems)
        self.parameters: Mapping[str, str] | None = None
        """Texts to put for `$name`; None where the file has no parameters."""

    @contextlib.contextmanager
    def scope(self, parameters: Mapping[str, str]) -> Iterator[None]:
        """Meanwhile `$name` stands for these, and for nothing else."""
        before, self.parameters = self.parameters, parameters
        try:
            yield
        finally:
            self.parameters = before

    def add(self, node: Node | Mark, code: str, message: str, fix: str = "") -> None:
        """Note something wrong at a place."""
        mark = node if isinstance(node, Mark) else node.mark
        self.problems.append(mark.problem(code, message, fix))

    def raise_any(self, what: str) -> None:
        """Raise InputError with all problems, in the order of the file; nothing if there is
        none."""
        if self.problems:
            # A repeat's steps are looked at once a round: the same problem counts once.
            once = dict.fromkeys(self.problems)
            found = sorted(once, key=lambda p: (p.file, p.line, p.column))
            count = f"{len(found)} problems" if len(found) > 1 else "1 problem"
            raise InputError(f"{what}: {count}", problems=found)

    def text(self, node: Node, wanted: str) -> str | None:
        """The text of a scalar, with `$name` replaced; None (and a problem) for anything else."""
        wanted = with_article(wanted)
        if is_unfilled(node):
            self.add(node, "P014", f"this is still to be filled in: {wanted} is wanted here")
            return None
        if not isinstance(node, ScalarNode):
            self.add(node, "P014", f"{wanted} is wanted here, not {describe(node)}")
            return None
        if self.parameters is None:
            return node.text
        return self._replaced(node, self.parameters)

    def _replaced(self, node: ScalarNode, parameters: Mapping[str, str]) -> str | None:
        missing = []

        def taken(found: re.Match[str]) -> str:
            name, dotted = found.group(1), found.group(2) or ""
            if name + dotted in parameters:
                return parameters[name + dotted]
            if name in parameters:
                # `$power.` at the end of a sentence: the rest is text.
                return parameters[name] + dotted
            missing.append(name + dotted)
            return ""

        text = _REFERENCE.sub(taken, node.text)
        for name in missing:
            known = ", ".join(f"${known}" for known in parameters)
            self.add(
                node,
                "P030",
                f"there is no parameter '{name}'",
                f"{did_you_mean(name, parameters)}"
                + (f"There are: {known}." if known else "Declare it under `parameters`."),
            )
        return None if missing else text


def with_article(wanted: str) -> str:
    """`a area` as English has it."""
    return f"an{wanted[1:]}" if re.match(r"a [aeio]", wanted) else wanted


def is_unfilled(node: Node) -> bool:
    """Nothing stands there, or the word that `labctl bench init` leaves for a person to replace."""
    return isinstance(node, ScalarNode) and (node.empty or node.text == _FILL)


def describe(node: Node) -> str:
    """What a node is, in a word or two."""
    if isinstance(node, MapNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list" if node.items else "an empty list"
    return "nothing" if node.empty else f"'{node.text[:40]}'"
