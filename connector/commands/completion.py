"""Completion in the shell: click's own, with the names of stages. It asks no account."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from connector.domain.stage.stage import NAMED_STAGES

_ROOT = Path(__file__).resolve().parents[2]


class StageName(click.ParamType[str]):
    """The name of a stage as it was written. Completes the named stages, and those on this disk."""

    name = "stage"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The stages whose names begin so."""
        del ctx, param
        return [CompletionItem(name) for name in known_stages() if name.startswith(incomplete)]


def known_stages(project: Path | None = None) -> tuple[str, ...]:
    """The named stages and those with a directory below config/ephemeral/, of this checkout by default."""
    here = Path.cwd() if (Path.cwd() / "config" / "config.yaml").is_file() else _ROOT
    ephemeral = (project or here) / "config" / "ephemeral"
    try:
        found = sorted(path.name for path in ephemeral.iterdir() if path.is_dir())
    except OSError:
        found = []
    return (*NAMED_STAGES, *found)


def complete_stages(command: click.Command) -> None:
    """Let every argument and option of a command, and of those below it, complete what is a stage.

    Each is known by its metavar, so a new command needs nothing for it.
    """
    for param in command.params:
        if is_stage(param) and not isinstance(param.type, StageName):
            param.type = StageName()
    if isinstance(command, click.Group):
        for below in command.commands.values():
            complete_stages(below)


def is_stage(param: click.Parameter) -> bool:
    """Whether a parameter is the name of a stage, or several."""
    return "STAGE" in (param.metavar or "") or param.name == "branch"
