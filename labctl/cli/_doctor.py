"""`labctl doctor`: is this computer fit to run a bench, and how is each thing mended."""

from __future__ import annotations

import json
import textwrap
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from labctl.errors import Exit

if TYPE_CHECKING:
    from labctl.doctor import Finding


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(as_json: bool) -> int:
    """Look at Python, drivers, ports and who may open them, VISA, disk, clock and broker.

    No port is opened and nothing is changed. What is bad ends the command with the exit code that
    a run would end with; what is only a warning does not.
    """
    from labctl.doctor import State, look_over
    from labctl.settings import read_settings

    findings = []
    for finding in look_over(read_settings()):
        findings.append(finding)
        if not as_json:
            _show(finding)
    bad = [finding for finding in findings if finding.state is State.BAD]
    if as_json:
        told = [
            {"name": f.name, "state": f.state.value, "seen": f.seen, "fix": f.fix or None}
            for f in findings
        ]
        click.echo(json.dumps({"schema": "labctl.doctor/1", "findings": told}, ensure_ascii=False))
    else:
        warned = sum(finding.state is State.WARN for finding in findings)
        click.echo(f"{len(findings)} looked at, {len(bad)} bad, {warned} to mind")
    return int(bad[0].exit_code) if bad else Exit.PASS


def _show(finding: Finding) -> None:
    head = f"{finding.state.value:<11}{finding.name:<17}"
    _wrapped(head, finding.seen)
    if finding.fix:
        _wrapped(" " * len(head), f"mend: {finding.fix}")


def _wrapped(head: str, text: str) -> None:
    width = max(60, get_terminal_size().columns)
    # A command is typed as it stands: nothing is broken but at a blank.
    click.echo(textwrap.fill(text, width, initial_indent=head, subsequent_indent=" " * len(head),
                             break_long_words=False, break_on_hyphens=False))  # fmt: skip
