"""One event a line, for programs: nothing but JSON on the stream, and nothing left out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from labctl.cli._view._lines import LineView
from labctl.cli._view._mailbox import Header
from labctl.cli._view._summary import Summary
from labctl.events import Dose, Event, RunBegun, RunEnded, Verdict, to_dict

SCHEMA = "labctl.event/1"

_CLOSING_KIND = "closed"


class JsonView(LineView):
    """Writes every event as `labctl.events.to_dict` has it, with `schema` and `mode`; the last
    line has kind `closed` and says how it went."""

    def _lines(self, item: Header | Event | Summary) -> Iterable[str]:
        if isinstance(item, Header):
            # Every line carries the mode, and the first event says the rest.
            return
        if isinstance(item, Summary):
            yield _dump(self._closing(item))
            return
        if isinstance(item, RunBegun | RunEnded | Verdict | Dose):
            self._seen.apply(item)
        yield _dump({"schema": SCHEMA, "mode": self._seen.mode, **to_dict(item)})

    def _closing(self, summary: Summary) -> Mapping[str, Any]:
        ended = summary.run_ended or self._seen.ended
        verdict = summary.verdict or self._seen.verdict
        unfinished = "cut-off" if self._seen.begun else "not-begun"
        return {
            "schema": SCHEMA,
            "mode": self._seen.mode,
            "t": ended.t_ns if ended else None,
            "k": _CLOSING_KIND,
            "outcome": ended.outcome if ended else unfinished,
            "why": ended.why if ended else "; ".join(summary.messages),
            "verdict": verdict.verdict if verdict else (ended.verdict if ended else "none"),
            "reasons": list(verdict.reasons) if verdict else [],
            "results": dict(verdict.results) if verdict else {},
            "dose": dict(self._seen.dose.results) if self._seen.dose else {},
            "assumptions": list(verdict.assumptions) if verdict else [],
            "beam": ended.beam.value if ended else "unknown",
            "beam_how": ended.beam_how if ended else "",
            "record": str(summary.record) if summary.record else None,
            "figure": str(summary.figure) if summary.figure else None,
            "messages": list(summary.messages),
            "exit_code": int(summary.exit_code),
        }


def _dump(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
