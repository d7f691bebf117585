"""What is looked for, as a condition of SQL."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """All that is given must hold. Names are compared without regard to case; `*` and `?` in them
    stand for any text and any one character."""

    sample: str | None = None
    lot: str | None = None
    protocol: str | None = None
    bench: str | None = None
    verdict: str | None = None
    """`pass`, `fail`, `cannot tell` or `none`."""
    mode: str | None = None
    state: str | None = None
    since: str | None = None
    """ISO date, included; as `until`."""
    until: str | None = None
    tags: tuple[str, ...] = ()
    """All of them must stand on it."""
    text: str | None = None
    """Stands in its notes, without regard to case."""

    def condition(self) -> tuple[str, list[str]]:
        """The WHERE clause ('' for none), and its values."""
        terms, values = [], []
        for column in ("sample", "lot", "protocol", "bench", "verdict", "mode", "state"):
            wanted: str | None = getattr(self, column)
            if wanted is None:
                continue
            if set("*?") & set(wanted):
                terms.append(f"lower({column}) GLOB ?")
                # A bracket would begin a set of characters.
                wanted = wanted.lower().replace("[", "[[]")
            else:
                terms.append(f"{column} = ? COLLATE NOCASE")
            values.append(wanted)
        for sign, wanted in ((">=", self.since), ("<=", self.until)):
            if wanted is not None:
                terms.append(f"day {sign} ?")
                values.append(wanted)
        for tag in self.tags:
            terms.append("instr(' ' || tags || ' ', ?) > 0")
            values.append(f" {tag.lower()} ")
        if self.text is not None:
            # SQLite's own lower() knows ASCII alone.
            terms.append("notes <> '' AND instr(casefold(notes), ?) > 0")
            values.append(" ".join(self.text.split()).casefold())
        return (f"WHERE {' AND '.join(terms)}" if terms else ""), values
