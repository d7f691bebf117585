"""The parser that cuts replies out of a stream."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.instruments import (
    Counted,
    Exactly,
    Frame,
    Framer,
    Line,
    Lines,
    Packet,
    PortProtocolError,
    Silent,
)
from labctl.instruments._frames import is_one_line


def feed_all(frame: Frame, pieces: list[bytes]) -> tuple[bytes | None, bytes]:
    """The reply and what is left, for a stream in these pieces."""
    framer = Framer(frame)
    reply = None
    rest = b""
    for piece in pieces:
        if reply is None:
            reply = framer.feed(piece)
        else:
            rest += piece
    return reply, framer.rest + rest


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """`data` in pieces, cut at the places that fall inside it."""
    edges = sorted({0, len(data), *(p % (len(data) + 1) for p in places)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


places = st.lists(st.integers(0, 200), max_size=8)


@given(st.binary(max_size=40), st.sampled_from([b"\n", b"\r\n", b"\r", b"> "]), st.binary(), places)
def test_a_line_ends_at_its_first_end_mark(
    body: bytes, end: bytes, behind: bytes, where: list[int]
) -> None:
    """However it is cut, the reply is the bytes up to the first end mark; the rest is kept."""
    stream = body + end + behind
    size = stream.index(end) + len(end)
    reply, rest = feed_all(Line(end), cut(stream, where))

    assert stream[:size] == reply
    assert stream[size:] == rest


@given(st.binary(max_size=6), st.sampled_from([b"\n", b"\r\n"]), st.binary(max_size=2))
def test_the_short_cut_sees_what_the_parser_sees(body: bytes, end: bytes, behind: bytes) -> None:
    """A chunk is one line exactly when the parser gives all of it and keeps nothing."""
    for chunk in (body, body + end, body + end + behind, body[:1], end[:1]):
        framer = Framer(Line(end))
        whole = framer.feed(chunk)

        assert (whole is not None and not framer.rest) is is_one_line(Line(end), chunk)


@given(st.integers(1, 30), st.binary(min_size=30), places)
def test_a_counted_reply_is_the_first_bytes(count: int, stream: bytes, where: list[int]) -> None:
    """Exactly(n) gives the first n bytes, whatever they are."""
    reply, rest = feed_all(Exactly(count), cut(stream, where))

    assert stream[:count] == reply
    assert stream[count:] == rest


@given(
    st.binary(max_size=20).filter(lambda b: b"\x41" not in b),
    st.binary(min_size=4, max_size=20).filter(lambda b: b"\x0d" not in b),
    st.binary(),
    places,
)
def test_a_packet_begins_at_its_mark(
    before: bytes, body: bytes, behind: bytes, where: list[int]
) -> None:
    """Bytes before the start mark are dropped, even when the mark comes in two pieces."""
    packet = b"\x41\x07" + body + b"\x0d"
    reply, rest = feed_all(
        Packet(b"\x41\x07", b"\x0d", at_least=7), cut(before + packet + behind, where)
    )

    assert packet == reply
    assert behind == rest


def test_an_end_mark_before_the_least_length_is_data() -> None:
    """A packet of at least seven bytes may hold its end mark as data."""
    reply, rest = feed_all(
        Packet(b"\x41\x07", b"\x0d", at_least=7), [b"\x41\x07\x0d\x0d", b"\x01\x02\x0d\xff"]
    )

    assert b"\x41\x07\x0d\x0d\x01\x02\x0d" == reply
    assert b"\xff" == rest


@pytest.mark.parametrize(
    "frame",
    [Line(b"\n", at_most=8), Lines("OK", at_most=8), Packet(b"\x01", b"\x02", at_most=8)],
)
def test_too_much_without_an_end_is_a_protocol_error(frame: Frame) -> None:
    """A reply that has outgrown its frame raises instead of growing without bound."""
    framer = Framer(frame)

    with pytest.raises(PortProtocolError, match="more than 8 bytes"):
        framer.feed(b"\x01" + b"a" * 20)


@given(st.binary(max_size=200))
def test_garbage_without_an_end_is_never_a_reply(garbage: bytes) -> None:
    """Bytes that hold no end mark give no line."""
    framer = Framer(Line(b"\r\n"))
    clean = garbage.replace(b"\n", b"")

    assert framer.feed(clean) is None
    assert clean == framer.rest


def test_silence_is_an_empty_reply() -> None:
    """Silent is complete at once."""

    assert b"" == Framer(Silent()).feed(b"")


@given(st.integers(1, 50), st.binary(max_size=49))
def test_no_more_is_wanted_than_belongs_to_a_counted_reply(count: int, have: bytes) -> None:
    """The library is asked for the missing bytes of an Exactly, never for the next reply's."""
    framer = Framer(Exactly(count))
    reply = framer.feed(have[: count - 1])

    assert reply is None
    assert count - len(have[: count - 1]) == framer.wanted


@given(st.binary(min_size=4, max_size=4), st.binary(max_size=40), st.binary(), places)
def test_a_counted_reply_is_as_long_as_it_says(
    head: bytes, body: bytes, behind: bytes, where: list[int]
) -> None:
    """However it is cut, the reply is its head and as many bytes as two of them say."""
    whole = head + len(body).to_bytes(2, "big") + body
    reply, rest = feed_all(Counted(4), cut(whole + behind, where))

    assert (whole, behind) == (reply, rest)


def test_a_counted_reply_that_says_too_much_is_refused() -> None:
    """A length that no reply of this instrument has is no length."""
    with pytest.raises(PortProtocolError, match="says it has 65541 bytes"):
        Framer(Counted(4)).feed(b"\x00\x01\x00\x00\xff\xff")


@given(
    st.lists(st.sampled_from([b"1.5", b"", b"NOT OK", b"OKAY"]), max_size=3), st.binary(), places
)
def test_several_lines_end_with_the_one_that_says_so(
    before: list[bytes], behind: bytes, where: list[int]
) -> None:
    """However it is cut, the reply goes up to the first line that is wholly the last one."""
    for last in (b"OK", b"ERR-100"):
        whole = b"".join(line + b"\r\n" for line in (*before, last))
        reply, rest = feed_all(Lines(r"OK|ERR-?\d+"), cut(whole + behind, where))

        assert (whole, behind) == (reply, rest)


def test_lines_too_long_together_are_no_reply() -> None:
    """The last line counts, too."""
    with pytest.raises(PortProtocolError, match="more than 8 bytes"):
        Framer(Lines("OK", at_most=8)).feed(b"abcdef\r\nOK\r\n")
