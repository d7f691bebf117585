"""Notes and tags beside a record: appended, chained, told where torn or changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.errors import InputError, RecordError
from labctl.notes import FILE, LONGEST, add_note, change_tags, read_notes


def three(folder: Path) -> Path:
    """A note, two tags, one of them taken off."""
    add_note(folder, " cuvette 3, a bubble at 400 s ", who="A. Ito", user="aito")
    change_tags(folder, ["Figure-2", "good"], who="A. Ito", user="aito")
    change_tags(folder, ["good"], who="B. Okabe", user="okabe", remove=True)
    return folder / FILE


def test_what_is_written_is_read_with_who_and_when(tmp_path: Path) -> None:
    """In order; a tag that was taken off stands in the lines and no longer among the tags."""
    three(tmp_path)
    notes = read_notes(tmp_path)
    assert [("note", "A. Ito"), ("tagged", "A. Ito"), ("untagged", "B. Okabe")] == [
        (line.what, line.who) for line in notes.lines
    ]
    assert ("cuvette 3, a bubble at 400 s",) == notes.texts
    assert ("figure-2",) == notes.tags
    assert () == notes.trouble
    assert all(line.utc.endswith("Z") for line in notes.lines)


def test_a_run_without_notes_has_none(tmp_path: Path) -> None:
    """No file is no trouble."""
    assert ((), (), ()) == (
        read_notes(tmp_path).lines, read_notes(tmp_path).tags, read_notes(tmp_path).trouble,
    )  # fmt: skip


def test_a_tag_that_is_there_is_not_put_on_again(tmp_path: Path) -> None:
    """Nothing is written then, nor for one that is taken off and was not there."""
    path = three(tmp_path)
    before = path.read_bytes()
    assert change_tags(tmp_path, ["FIGURE-2"], who="", user="x") is None
    assert change_tags(tmp_path, ["good"], who="", user="x", remove=True) is None
    assert before == path.read_bytes()


def test_a_torn_last_line_is_told_and_the_next_one_stands_alone(tmp_path: Path) -> None:
    """At every byte at which a process can die, what was written before and after is read."""
    path = three(tmp_path)
    whole = path.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(start + 1, len(whole) - 1):
        path.write_bytes(whole[:cut])
        torn = read_notes(tmp_path)
        assert 2 == len(torn.lines)
        assert [True] == ["line 3 is torn" in words for words in torn.trouble]
        if cut % 40 == 0:
            add_note(tmp_path, "after it", who="C", user="c")
            after = read_notes(tmp_path)
            assert ("cuvette 3, a bubble at 400 s", "after it") == after.texts
            assert 1 == len(after.trouble) and "line 3 is torn" in after.trouble[0]


def test_a_line_whose_end_alone_is_missing_is_whole(tmp_path: Path) -> None:
    """Its checksum holds; the next line is written behind it."""
    path = three(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    assert () == read_notes(tmp_path).trouble
    add_note(tmp_path, "after it", who="C", user="c")
    assert (4, ()) == (len(read_notes(tmp_path).lines), read_notes(tmp_path).trouble)


@settings(max_examples=40)
@given(at=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_a_flipped_bit_is_told(at: int, bit: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Wherever it is, and the other lines are read all the same."""
    folder = tmp_path_factory.mktemp("run")
    path = three(folder)
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1 << bit
    path.write_bytes(data)
    notes = read_notes(folder)
    assert notes.trouble
    assert len(notes.lines) >= 1


@pytest.mark.parametrize("gone", [0, 1])
def test_a_line_that_is_missing_or_replaced_is_told(gone: int, tmp_path: Path) -> None:
    """Unless it is the last one, of which nothing after it speaks."""
    path = three(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    assert any("does not follow" in words for words in read_notes(tmp_path).trouble)


@settings(max_examples=40)
@given(data=st.binary(max_size=200))
def test_whatever_stands_in_the_file_is_no_crash(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is no line is told."""
    folder = tmp_path_factory.mktemp("run")
    (folder / FILE).write_bytes(data)
    notes = read_notes(folder)
    assert () == notes.lines
    assert bool(data) == bool(notes.trouble)


@pytest.mark.parametrize("word", ["two words", "", "-x", "a,b", "x" * 41, "_", "naïve?", "a\nb"])
def test_what_is_no_tag_is_refused(word: str, tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(InputError):
        change_tags(tmp_path, [word], who="A", user="a")
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("text", ["", " \n ", "x" * (LONGEST + 1)])
def test_a_note_without_words_or_without_end_is_refused(text: str, tmp_path: Path) -> None:
    """One clear error."""
    with pytest.raises(InputError):
        add_note(tmp_path, text, who="A", user="a")


def test_a_disk_that_does_not_take_a_note_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its reason; and the half line is told by the next look."""
    three(tmp_path)
    import os

    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:20]))
    with pytest.raises(RecordError, match="cannot be written"):
        add_note(tmp_path, "lost", who="A", user="a")
    monkeypatch.undo()
    notes = read_notes(tmp_path)
    assert 3 == len(notes.lines) and "line 4 is torn" in notes.trouble[0]


def test_a_line_is_json_that_others_can_read(tmp_path: Path) -> None:
    """With the names that the reference gives."""
    first = json.loads(three(tmp_path).read_text().splitlines()[0])
    assert {"n", "schema", "utc", "who", "user", "what", "text", "before", "c"} == set(first)
    assert "labctl.notes/1" == first["schema"]
