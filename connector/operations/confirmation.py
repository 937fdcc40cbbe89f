"""Ask a person before something is done that cannot be undone: the same question and `--yes` everywhere."""

import sys

import click

from connector.domain.errors import OperatorError

#: Of every command that asks before it does something.
yes_option = click.option(
    "--yes", "-y", is_flag=True, help="Do not ask. Needed where there is no terminal, as in a pipeline."
)


def on_terminal() -> bool:
    """Whether somebody can be asked: in a pipeline nobody reads a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, yes: bool) -> None:
    """Ask, unless `--yes` was given. Without a terminal that is needed: raises `OperatorError`."""
    if yes:
        return
    if not on_terminal():
        raise OperatorError(f"{question.rstrip('.?')}? Nobody can be asked without a terminal: add --yes")
    click.confirm(question, abort=True, err=True)
