"""`labctl report`: what it writes, what it says, how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.cli import main
from tests.unit.campaign.given import TEXT, Bench
from tests.unit.report.reading import healthy, record


def ended(*args: str) -> int:
    """Exit code of `labctl ARGS`."""
    with pytest.raises(SystemExit) as left:
        main(list(args))
    assert isinstance(left.value.code, int)
    return left.value.code


def test_it_says_where_the_page_and_the_figures_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the run's folder."""
    folder = record(tmp_path, healthy())
    code = ended("report", str(folder), "--figures", "svg,pdf", "--width", "174mm")

    assert 0 == code
    assert [
        str(folder / "report.html"),
        *(str(folder / "figures" / f"{name}-174mm.{kind}")
          for name in ("run", "temperature", "cooling", "dose", "budget")
          for kind in ("svg", "pdf")),
    ] == capsys.readouterr().out.splitlines()  # fmt: skip


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["RUN", "--figures", "svg,gif"], "there are no figures as 'gif'"),
        (["nowhere"], "there is no record 'nowhere'"),
        ([], "name a RUN, or --campaign FILE"),
        (["RUN", "--campaign", "x.yaml"], "name a RUN, or --campaign FILE"),
        (["--campaign", "x.yaml", "--figures", "svg"], "figures are those of a RUN"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    """Exit code 2."""
    folder = record(tmp_path, healthy(60.0))
    before = sorted(folder.iterdir())
    code = ended("report", *[str(folder) if word == "RUN" else word for word in more])

    assert 2 == code
    assert said in capsys.readouterr().err
    assert before == sorted(folder.iterdir())


def test_a_campaigns_page_is_written_into_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or where `--out` says."""
    bench = Bench(tmp_path, TEXT)
    bench.go_on(at_most=1)
    out = tmp_path / "page.html"
    args = ["report", "--campaign", str(tmp_path / "campaign.yaml"), "--runs", str(bench.runs)]

    assert 0 == ended(*args, "--out", str(out))
    assert f"{out}\n" == capsys.readouterr().out
    assert "1 runs begun, 1 count, 7 not begun" in out.read_text(encoding="utf-8")
