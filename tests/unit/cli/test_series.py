"""`labctl run` of a series of samples: one run after the other, and where it ends early."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from labctl.cli import main
from labctl.errors import Exit

TEXT = """\
schema: labctl.protocol/1
name: series
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
steps:
  - for_each_sample:
      samples: [water, pbs, vehicle]
      steps: [{baseline: {for: 5 s}}, {irradiate: {power: 1 W, for: 5 s}}, {cool: {for: 5 s}}]
"""


@pytest.mark.parametrize(
    ("more", "begun", "said"),
    [
        (["--fault", "interlock-open@7s"], 1, "the series ends here; not begun: pbs, vehicle"),
        ([], 3, ""),
    ],
)
def test_a_series_that_ends_early_names_the_samples_that_were_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str], begun: int, said: str
) -> None:
    """What trips one run is a reason to look, not to go on."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "series.yaml"
    path.write_text(TEXT, encoding="utf-8")
    words = ["run", str(path), "--bench", "simulated", "--speed", "max", "--yes", "--broker", "off"]

    result = CliRunner().invoke(main, [*words, *more])

    assert begun == len(list((tmp_path / "runs").glob("*/*-series-*")))
    assert (said or "SERIES") in result.output
    assert ("not begun" in result.output) is bool(said)
    assert (Exit.SAFETY == result.exit_code) is bool(said)
