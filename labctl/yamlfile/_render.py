"""Problems as text for a terminal, as JSON, and as annotations of a code forge."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from labctl.errors import Problem


def render(problems: Sequence[Problem]) -> str:
    """For a terminal: `file:line:column: CODE sentence`, the line, a caret, one line of help."""
    return "\n\n".join(_one(problem) for problem in problems)


def _one(problem: Problem) -> str:
    lines = [str(problem)]
    if problem.source and problem.line:
        number = str(problem.line)
        bar = " " * len(number) + " |"
        source = problem.source.expandtabs(1)
        lines += [bar, f"{number} | {source}"]
        if problem.column:
            lines.append(f"{bar} {' ' * (problem.column - 1)}{'^' * max(1, problem.width)}")
    if problem.fix:
        lines.append(f"  help: {problem.fix}")
    return "\n".join(lines)


def render_json(problems: Sequence[Problem]) -> str:
    """One JSON object a line."""
    return "\n".join(
        json.dumps(dataclasses.asdict(problem), ensure_ascii=False) for problem in problems
    )


def render_github(problems: Sequence[Problem]) -> str:
    """Workflow commands of GitHub Actions, which show each problem at its line."""
    return "\n".join(
        f"::error file={_property(p.file)},line={max(1, p.line)},col={max(1, p.column)},"
        f"title={p.code}::{_message(f'{p.message}. {p.fix}'.strip())}"
        for p in problems
    )


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
