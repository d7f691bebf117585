"""What may stand in a request's body. Nothing else is taken."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
RUN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,160}$"
FILE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,120}$"
RECORD = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}/[A-Za-z0-9][A-Za-z0-9_-]{0,160}$"
KEY = r"^[A-Za-z0-9_-]{1,64}$"

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""They move a terminal's cursor, or turn what stands behind them."""


def _on_one_line(said: str) -> str:
    """Half a character, which no file takes, is a question mark; what nobody sees is a space."""
    return _UNSEEN.sub(" ", said.encode("utf-8", "replace").decode("utf-8"))


Words = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_on_one_line)]
Name = Annotated[str, Field(pattern=NAME)]
Value = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f=]+$")]
Fault = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Given(_Body):
    """What a protocol is given for its run."""

    parameters: Annotated[dict[Name, Value], Field(max_length=50)] = {}
    sample: Name | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    """Of a simulated world."""
    faults: Annotated[list[Fault], Field(max_length=20)] = []
    """Injected into a simulated world."""
    speed: Annotated[float, Field(ge=0.01, le=1e6, allow_inf_nan=False)] | None = None
    """Seconds in a real second, of an in-process simulation; the service's own where left out."""
    blank: Annotated[str, Field(pattern=RECORD)] | None = None
    """The water run that this one refers to, `day/run`."""


class Order(_Given):
    """A run as it is asked for, in names."""

    protocol: Name


class Check(_Given):
    """What is to be checked before it is ordered: a protocol by its name, or its text."""

    protocol: Name | None = None
    text: Annotated[str, Field(min_length=1, max_length=200_000)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Check:
        if (self.protocol is None) == (self.text is None):
            raise ValueError("either `protocol` or `text`")
        return self


WHY = {
    "type": "object",
    "description": "Why something is stopped. What is no such thing stops too.",
    "properties": {"why": {"type": "string", "maxLength": 1000, "default": ""}},
}


class Because(_Body):
    """Why something is reset."""

    why: Words
    latched: Annotated[str, Field(max_length=40)] | None = None
    """`utc` of the latch that was looked at: another one stays."""


class GoOn(_Body):
    """Which hold was looked at: another one stays."""

    hold: Annotated[int, Field(ge=0, le=2**53)] | None = None


class Note(_Body):
    """A remark for the record."""

    text: Words


class Answer(_Body):
    """To a prompt."""

    prompt: Annotated[str, Field(pattern=r"^p[0-9]{1,9}$")]
    text: Words


class Code(_Body):
    """As it stands in the service's terminal."""

    code: Annotated[str, Field(min_length=1, max_length=100)]


class Move(_Body):
    """To another place among those that wait."""

    to: Annotated[int, Field(ge=0, le=1000)]


def whole(said: object) -> str:
    """What somebody said, at most a thousand characters of it, on one line. '' for what is no
    text."""
    return _on_one_line(said[:1000]) if isinstance(said, str) else ""
