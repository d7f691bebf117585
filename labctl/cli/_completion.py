"""`labctl completion SHELL`: the script that teaches a shell to complete labctl's words."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from labctl.cli._group import main


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL; `eval "$(labctl completion bash)"` turns it on."""
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(main, {}, "labctl", "_LABCTL_COMPLETE").source())
