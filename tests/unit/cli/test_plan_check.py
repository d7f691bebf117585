"""`labctl plan` says by what a run would be judged."""

import json

from click.testing import CliRunner

from labctl.cli import main


def test_a_plan_declares_the_criteria_of_its_verdict() -> None:
    """Every criterion is listed with its threshold and the worst it can make of the verdict."""
    asked = ["plan", "heating-curve", "--bench", "simulated", "--sample", "pda-aminoacid"]
    listed = json.loads(CliRunner().invoke(main, [*asked, "--json"]).output)["criteria"]
    shown = CliRunner().invoke(main, asked).output

    assert {"fail", "cannot tell"} == {criterion["worst"] for criterion in listed}
    assert all(f"{criterion['name']}: {criterion['threshold']}" in shown for criterion in listed)
