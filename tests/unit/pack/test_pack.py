"""Packs: the same bytes of the same run, nothing but what they may hold, and no limit loosened."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.cli import main
from labctl.errors import InputError, LabctlError, RefusedError
from labctl.events import Beam, Mode, RunBegun, RunEnded, Verdict
from labctl.pack import (
    agreement,
    make_from_protocol,
    make_from_run,
    open_pack,
    prepare_protocol,
    read_pack,
    write_pack,
)
from labctl.pack._pack import pack_bytes
from labctl.record import RunFolder
from labctl.report import report_html

BENCH = benches.load(benches.find_bench("simulated").path)
TEXT = """\
schema: labctl.protocol/1
name: short
needs: {laser: laser, probe: thermometer}
limits: {temperature: 60 degC}
record: {every: 500 ms}
steps:
  - baseline: {for: 5 s}
  - irradiate: {power: 1 W, for: 5 s}
  - cool: {for: 5 s}
"""
TEXTS = {
    "protocol.yaml": protocols.loads(TEXT, bench=BENCH).dump(),
    "bench.yaml": BENCH.dump(),
    "sample.yaml": samples.load(samples.find("water")).dump(),
}


def made_run(
    root: Path,
    efficiency: float = 0.40,
    sd: float = 0.02,
    *,
    verdict: str = "pass",
    outcome: str = "completed",
    mode: Mode = Mode.REAL,
    protocol: str = "short",
    said: tuple[str, ...] = (),
) -> Path:
    """A record as a run leaves it, without one."""
    result = {"value": efficiency, "sd_statistical": 0.0, "sd_inputs": sd, "unit": ""}
    folder = RunFolder.create(root, protocol, "water", texts=TEXTS)
    journal = folder.open_journal(real_time=False)
    journal.append(RunBegun(0, mode, protocol, "p", "b", "b", "water", "s", None, "0"))
    journal.append(Verdict(1, verdict, (), (), {"efficiency": result}, said))
    journal.append(RunEnded(2, outcome, "why", 0, verdict, Beam.OFF, "read back", 0, 0.0))
    folder.finish()
    return folder.path


@pytest.fixture(scope="module")
def pack_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: nobody changes it."""
    root = tmp_path_factory.mktemp("packs")
    write_pack(root / "x.labpack", *make_from_run(made_run(root / "there")))
    return root / "x.labpack"


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = made_run(tmp_path / "runs")
    assert pack_bytes(*make_from_run(run)) == pack_bytes(*make_from_run(run))


def test_a_pack_carries_no_arming_no_address_and_no_interlock(pack_path: Path) -> None:
    """Only what the numbers rest on, and limits."""
    pack = read_pack(pack_path)
    text = b"".join(pack.files.values()).decode()
    assert "power_at_sample" in text and pack.reference is not None
    for word in ("arming", "waive", "sim://", "instruments", "interlock", "dead_man"):
        assert word not in text


@pytest.mark.parametrize("outcome", ["tripped", "stopped", "held"])
def test_a_run_that_did_not_complete_is_no_reference(tmp_path: Path, outcome: str) -> None:
    with pytest.raises(RefusedError, match="did not complete"):
        make_from_run(made_run(tmp_path, outcome=outcome))


def test_a_changed_record_is_no_reference(tmp_path: Path) -> None:
    run = made_run(tmp_path)
    journal = run / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"0.4,", b"0.5,"))
    with pytest.raises(RefusedError, match="intact"):
        make_from_run(run)


def test_an_imported_curve_is_no_reference(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="no run"):
        make_from_run(made_run(tmp_path, mode=Mode.IMPORTED))


# -- what a stranger may have sent -------------------------------------------------------------


def zipped(change: Callable[[zipfile.ZipFile], Any], keep: Path) -> bytes:
    """The entries of a good pack, and what is done to them."""
    out = io.BytesIO()
    with zipfile.ZipFile(keep) as good, zipfile.ZipFile(out, "w") as bad:
        for entry in good.infolist():
            bad.writestr(entry, good.read(entry))
        change(bad)
    return out.getvalue()


def link(archive: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("reference.json")
    entry.external_attr = 0o120777 << 16
    archive.writestr(entry, "/etc/passwd")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.writestr("../evil.yaml", "x"), "no pack has"),
        (lambda a: a.writestr("/etc/cron.d/x", "x"), "no pack has"),
        (lambda a: a.writestr("C:\\x.yaml", "x"), "no pack has"),
        (lambda a: a.writestr("arming.json", "{}"), "no pack has"),
        (lambda a: a.writestr("protocol.yaml", "again"), "twice"),
        (link, "twice|no plain file"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_no_pack_has_is_one_error_and_nothing_is_written(
    pack_path: Path, tmp_path: Path, change: Callable[[zipfile.ZipFile], Any], words: str
) -> None:
    bad = tmp_path / "bad.labpack"
    bad.write_bytes(zipped(change, pack_path))
    with pytest.raises(InputError, match=words):
        read_pack(bad)
    done = CliRunner().invoke(main, ["pack", "open", str(bad), str(tmp_path / "out")])
    assert done.exit_code == 2 and not (tmp_path / "out").exists()


def rewritten(path: Path, to: Path, **changed: bytes) -> Path:
    """The pack with other contents under its old manifest."""
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(to, "w") as bad:
        for entry in good.infolist():
            bad.writestr(entry, changed.get(entry.filename.partition(".")[0], good.read(entry)))
    return to


@pytest.mark.parametrize("low", ["x", None, float("nan"), [1], True])
def test_what_a_pack_says_of_itself_is_shown_as_text(
    pack_path: Path, tmp_path: Path, low: object
) -> None:
    """Anybody may have written it: it moves no cursor, and no number is one that is none."""
    said = json.loads(read_pack(pack_path).files["reference.json"])
    said["mode"] = "REAL\x1b[2J"
    said["results"]["efficiency"]["low"] = low
    said["results"]["time_constant"] = {"value": "long"}
    path, good = tmp_path / "x.labpack", read_pack(pack_path)
    files = {**good.files, "reference.json": json.dumps(said).encode()}
    write_pack(path, files, {"name": "a\x1b]0;b\x07"})
    for words in (["show", str(path)], ["compare", str(path), str(made_run(tmp_path))]):
        shown = CliRunner().invoke(main, ["pack", *words])
        assert isinstance(shown.exception, SystemExit | None)
        assert "\x1b" not in shown.output
        assert "REAL\\x1b[2J" in shown.output
        assert "nan" not in shown.output.replace("nano", "")


def test_a_pack_is_not_read_as_a_protocol(pack_path: Path) -> None:
    """What takes none says what opens it."""
    with pytest.raises(InputError, match="this is a pack") as told:
        protocols.find(str(pack_path))
    assert "labctl pack open" in told.value.fix


def test_a_file_that_is_not_the_one_of_the_manifest_is_refused(
    pack_path: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"limits\.yaml is not the one"):
        read_pack(rewritten(pack_path, tmp_path / "b", limits=b"power: 100 W\n"))
    with pytest.raises(InputError, match="no manifest"):
        read_pack(rewritten(pack_path, tmp_path / "c", manifest=b"[]"))


def test_a_bomb_is_refused_unread(pack_path: Path, tmp_path: Path) -> None:
    """Compressed entries are not opened at all, larger ones neither."""
    bad = tmp_path / "bomb.labpack"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("protocol.yaml", b"0" * 10_000_000)
    with pytest.raises(InputError, match="compressed"):
        read_pack(bad)
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("protocol.yaml", b"0" * (5 << 20))
    with pytest.raises(InputError, match="larger"):
        read_pack(bad)


GOOD = pack_bytes(*make_from_protocol("heating-curve", "water"))


@settings(max_examples=80, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.booleans())
def test_any_changed_byte_is_one_error_or_changes_nothing(at: int, byte: int, cut: bool) -> None:
    """A pack of which a byte is another one, or that ends early, is refused, or says the same."""
    from labctl.pack._pack import pack_of

    data = GOOD[:at] if cut else GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]
    whole = pack_of(GOOD, "x")
    try:
        pack = pack_of(data, "x")
    except InputError:
        return
    assert pack.files == whole.files


def test_it_is_opened_into_an_empty_folder_only(pack_path: Path, tmp_path: Path) -> None:
    pack = read_pack(pack_path)
    assert {path.name for path in open_pack(pack, tmp_path / "out")} == set(pack.files)
    with pytest.raises(RefusedError, match="not empty"):
        open_pack(pack, tmp_path / "out")


# -- on a bench of one's own -------------------------------------------------------------------


def packed(tmp_path: Path, limits: str, protocol: str = TEXT) -> Path:
    path = tmp_path / "limits.labpack"
    files = {"protocol.yaml": protocol.encode(), "limits.yaml": limits.encode()}
    write_pack(path, files, {"name": "short"})
    return path


def test_a_looser_limit_of_the_reference_does_nothing(tmp_path: Path) -> None:
    """The bench allows 2 W and 6000 J; the reference had more."""
    pack = read_pack(packed(tmp_path, "power: 9 W\nenergy: 90000 J\nmin_temperature: -9 degC\n"))
    ready = prepare_protocol(pack, BENCH, tmp_path / "p")
    plan = protocols.load(ready.protocol, bench=BENCH)
    assert (plan.limits.power_w, plan.limits.energy_j) == (None, None)
    assert any("this bench's own" in words for words in ready.said)


def test_a_tighter_limit_of_the_reference_holds_here_too(tmp_path: Path) -> None:
    pack = read_pack(packed(tmp_path, "power: 1.5 W\nmin_temperature: 10 degC\n"))
    plan = protocols.load(prepare_protocol(pack, BENCH, tmp_path / "p").protocol, bench=BENCH)
    assert (plan.limits.power_w, plan.limits.min_temperature_degc) == (1.5, 10.0)
    assert plan.limits.temperature_degc == 60.0


def test_a_protocol_that_is_looser_than_this_bench_is_refused(tmp_path: Path) -> None:
    text = TEXT.replace("temperature: 60 degC", "temperature: 99 degC")
    pack = read_pack(packed(tmp_path, "power: 1 W\n", text))
    ready = prepare_protocol(pack, BENCH, tmp_path / "p")
    with pytest.raises(LabctlError, match=r"limit|valid"):
        protocols.load(ready.protocol, bench=BENCH)


@pytest.mark.parametrize("key", ["include", "plugin"])
def test_a_protocol_that_leads_out_of_the_pack_is_refused(tmp_path: Path, key: str) -> None:
    pack = read_pack(packed(tmp_path, "power: 1 W\n", TEXT + f"  - {key}: ../other.yaml\n"))
    with pytest.raises(InputError, match="leads out of the pack"):
        prepare_protocol(pack, BENCH, tmp_path / "p")


# -- the same, or not --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("here", "told", "words"),
    [
        ({"efficiency": 0.41}, "agrees", "+0.4 joint"),
        ({"efficiency": 0.50}, "differs", "+3.5 joint"),
        ({"efficiency": 0.41, "sd": 0.2}, "cannot tell", "joint deviation is 50 %"),
        ({"efficiency": 0.90, "sd": 0.2}, "differs", "joint"),
        ({"sd": 0.0}, "cannot tell", "no uncertainty"),
        ({"verdict": "cannot tell"}, "cannot tell", "this run's check"),
        ({"outcome": "tripped"}, "cannot tell", "did not complete"),
        ({"mode": Mode.SIMULATED}, "cannot tell", "the reference was REAL"),
        ({"protocol": "another"}, "cannot tell", "of protocol short"),
        ({"said": ("volume is a placeholder",)}, "cannot tell", "placeholder"),
    ],
)
def test_agreement_is_in_units_of_the_joint_uncertainty_or_cannot_be_told(
    pack_path: Path, tmp_path: Path, here: dict[str, Any], told: str, words: str
) -> None:
    found = agreement(read_pack(pack_path), made_run(tmp_path / "here", **here))
    assert (found.told, words in found.words) == (told, True)
    assert found.words.startswith("REFERENCE (REAL)")


def test_a_protocol_alone_has_nothing_to_agree_with(tmp_path: Path) -> None:
    path = tmp_path / "p.labpack"
    pack = write_pack(path, *make_from_protocol("heating-curve", "water"))
    assert agreement(pack, made_run(tmp_path)).told == "cannot tell"


def test_a_pack_is_run_on_ones_own_bench_and_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a run to a pack to a run: with the pack's protocol and sample, the comparison beside."""
    monkeypatch.chdir(tmp_path)
    Path("short.yaml").write_text(TEXT)
    how = ["--speed", "max", "--yes", "--broker", "off", "--no-figure", "--bench", "simulated"]
    there = ["run", "short.yaml", "--sample", "water", "--runs", "there", *how]
    assert CliRunner().invoke(main, there).exit_code in (0, 7)
    more = ["--limits", "pda-aminoacid-release"]
    (run,) = Path("there").glob("*/*-short-*")
    assert CliRunner().invoke(main, ["pack", str(run), "-o", "x.labpack", *more]).exit_code == 0
    done = CliRunner().invoke(main, ["run", "x.labpack", "--seed", "2", "--runs", "here", *how])
    assert done.exit_code in (0, 7) and "REFERENCE (SIMULATED): cannot tell" in done.output
    (mine,) = Path("here").glob("*/*-short-water")
    told = json.loads((mine / "agreement.json").read_text())
    facts = json.loads((mine / "run.json").read_text())
    assert facts["pack"]["reference"] == told["head_hash"]
    assert facts["pack"]["sample"] == "the pack's"
    assert "Beside the reference of a pack" in report_html(mine)
    shown = CliRunner().invoke(main, ["pack", "show", "x.labpack"])
    assert "REFERENCE  SIMULATED" in shown.output and told["head_hash"] in shown.output
    assert "release-limits.yaml" in shown.output


def test_what_a_pack_would_do_is_told_without_opening_it(
    pack_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its sample, or another that is named; its parameters are set already, and what is no
    pack is one error. Nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    plan = ["plan", str(pack_path), "--bench", "simulated"]
    shown = CliRunner().invoke(main, plan)
    assert (0, "PACK x.labpack, SHA-256") == (shown.exit_code, shown.output[:23])
    assert "PLAN  short on bench simulated" in shown.output
    told = json.loads(CliRunner().invoke(main, [*plan, "--json"]).output)
    assert "short" == told["protocol"]
    assert told["pack"][0].endswith(read_pack(pack_path).sha256)
    refused = CliRunner().invoke(main, [*plan, "-p", "power=1W"])
    assert refused.exit_code == 2 and "has its parameters already" in refused.output
    Path("bad.labpack").write_bytes(b"PK")
    broken = CliRunner().invoke(main, ["plan", "bad.labpack"])
    assert broken.exit_code == 2 and "no whole pack" in broken.output
    assert [tmp_path / "bad.labpack"] == list(tmp_path.iterdir())
