"""Every byte with its time; no port waits for the log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from labctl.cli import main as labctl
from labctl.clock import Clock, real_ns, run_real, run_virtual
from labctl.instruments import (
    SimSpec,
    WireLog,
    driver,
    make_instrument,
    open_simulation,
    read_wire_log,
)
from labctl.testing import Case, Rig, Transcript
from tests.unit.instruments.tcp import TcpInstrument

BENCH = {"instruments": {"meter": {"driver": "thorlabs-pm100", "address": "sim://meter"}}}


def end_to_end(log: WireLog) -> list[dict[str, object]]:
    log.begin()
    log.end()
    return [json.loads(line) for line in log.path.read_text().splitlines()]


def test_what_passes_is_written_with_its_time(tmp_path: Path) -> None:
    """Also bytes that are no text, and what was noted before it began."""
    log = WireLog(tmp_path / "a.jsonl", {"instrument": "x"})
    log.note(5, "write", b"\x55\xaa\n")
    about, note = end_to_end(log)

    assert {"schema": "labctl.wire/1", "instrument": "x"} == about
    assert {"t_ns": 5, "do": "write", "data": "U\u00aa\n"} == note
    assert [(5, "write", b"\x55\xaa\n")] == read_wire_log(log.path)[1]


def test_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    """A queue of two takes two, and says that three are missing."""
    log = WireLog(tmp_path / "a.jsonl", {}, most=2)
    for t_ns in range(5):
        log.note(t_ns, "read", b"x")
    lines = end_to_end(log)

    assert {"do": "dropped", "notes": 3} == lines[-1]
    assert 4 == len(lines)


def test_files_rotate_and_the_oldest_goes(tmp_path: Path) -> None:
    """Each with a head of its own, none much larger than it may be."""
    log = WireLog(tmp_path / "a.jsonl", {}, largest=500, keep=2)
    for burst in range(8):
        for n in range(20):
            log.note(burst * 100 + n, "read", b"0123456789")
        log.begin()
        log.end()

    assert {"a.jsonl.1", "a.jsonl.2"} <= {path.name for path in tmp_path.iterdir()}
    assert "a.jsonl.3" not in {path.name for path in tmp_path.iterdir()}
    for path in tmp_path.iterdir():
        assert path.stat().st_size < 700
        assert "labctl.wire/1" == read_wire_log(path)[0]["schema"]


def test_a_disk_that_fails_ends_the_log_and_nothing_else(tmp_path: Path) -> None:
    """The folder is a file: notes are taken and forgotten."""
    (tmp_path / "file").write_text("")
    log = WireLog(tmp_path / "file" / "a.jsonl", {})
    log.note(1, "open")
    log.begin()
    log.end()
    log.note(2, "write", b"x")

    assert log.failed
    assert 0 == len(log._waiting)


def test_a_note_costs_microseconds(tmp_path: Path) -> None:
    """A guard's port is held up by less than a hundredth of a millisecond a note."""
    log = WireLog(tmp_path / "a.jsonl", {})
    log.begin()
    begun_ns = real_ns()
    for t_ns in range(20_000):
        log.note(t_ns, "write", b"LAS:OUT 0\r\n")
    each_us = (real_ns() - begun_ns) / 20_000 / 1e3
    log.end()

    assert each_us < 10.0


def test_a_real_port_is_logged_where_the_environment_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent and what came, over TCP; nothing without the variable."""
    table = {b"ID?": b"LABCTL-TC,1,7,2\n"}

    def serve(folder: str | None) -> None:
        if folder:
            monkeypatch.setenv("LABCTL_WIRE_LOG", folder)
        far = TcpInstrument(lambda line: table.get(line, b"BEAT,OFF,0,1\n"))
        address = f"socket://127.0.0.1:{far.port}"
        try:

            async def main(clock: Clock) -> None:
                made = make_instrument("logger", "mcu-thermocouples", address, {}, clock)
                await made.connect()
                await made.close()

            run_real(main)
        finally:
            far.close()

    serve(None)
    assert [] == list(tmp_path.iterdir())
    serve(str(tmp_path))
    (path,) = tmp_path.iterdir()
    about, notes = read_wire_log(path)

    assert "mcu-thermocouples" == about["driver"]
    assert "open" == notes[0][1]
    assert "close" == notes[-1][1]
    assert b"ID?\n" in [data for _, what, data in notes if what == "write"]
    assert b"LABCTL-TC,1,7,2\n" in [data for _, what, data in notes if what == "read"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    """A minute with a simulated power meter, as `labctl bench record` writes it down."""
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as patch:
        # It is set by the verb, and taken back here.
        patch.setenv("LABCTL_WIRE_LOG", "")
        done = CliRunner().invoke(
            labctl,
            ["bench", "record", "--bench", "simulated", "--for", "10s", "--out", str(folder)],
        )
    assert 0 == done.exit_code, done.output
    assert "in the dark" in done.output
    found = [Transcript.read(path) for path in sorted(folder.iterdir())]
    return next(t for t in found if t.about["driver"] == "thorlabs-pm100")


def test_a_transcript_replays_to_its_driver(recorded: Transcript) -> None:
    """The driver, given what was said, gives readings; and asks nothing that was not asked."""
    case = Case(recorded.answer, b"", settings=recorded.about["settings"])

    async def main(clock: Clock) -> None:
        rig = Rig(driver("thorlabs-pm100"), case, clock)
        await rig.instrument.connect()
        for _ in range(5):
            (reading,) = await rig.readings()
            assert "W" == reading.unit  # type: ignore[union-attr]
        assert [] == rig.trouble

    run_virtual(main)


def test_a_transcript_is_held_against_the_simulator(recorded: Transcript) -> None:
    """The same simulator: no difference. An instrument that says it otherwise: told, once."""

    def far_end(settings: object) -> object:
        session = open_simulation(SimSpec(9, bench=BENCH))
        return lambda: session.link("sim://meter")

    other = Transcript(
        recorded.about,
        [
            type(e)(e.sent, e.reply.replace(b"Thorlabs", b"THORLABS"), e.took_ns)
            for e in recorded.exchanges
        ],
    )

    assert [] == recorded.held_against(far_end)  # type: ignore[arg-type]
    (told,) = other.held_against(far_end)  # type: ignore[arg-type]
    assert b"*IDN?\n" == told.sent
    assert "the instrument said b'THORLABS" in str(told)


def test_a_file_that_is_no_wire_log_is_refused(tmp_path: Path) -> None:
    """By its first line."""
    (tmp_path / "x.jsonl").write_text('{"schema": "something/1"}\n')
    with pytest.raises(ValueError, match=r"is no labctl\.wire/1"):
        Transcript.read(tmp_path / "x.jsonl")
