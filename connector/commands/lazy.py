"""A click group that imports a sub-command only when it is called, and prints our errors in one line."""

import errno
import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from connector.domain.errors import OperatorError, WmsError, bad_endpoint


@dataclass(frozen=True)
class Lazy:
    """Where a sub-command is found, `module:attribute`, and its line in `--help`."""

    target: str
    help: str

    @property
    def module(self) -> str:
        """The module to import."""
        return self.target.partition(":")[0]

    @property
    def present(self) -> bool:
        """Whether the module exists in this installation."""
        try:
            return importlib.util.find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False

    def load(self) -> click.Command:
        """Import the command; a missing dependency is a usage problem, not a traceback."""
        module, _, attribute = self.target.partition(":")
        try:
            command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] == __name__.partition(".")[0]:
                raise  # one of our own modules: no installation fixes that
            raise click.UsageError(f"this command needs the package {error.name}; run `uv sync`") from None
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.target} is not a command")
        return command


class LazyGroup(click.Group):
    """A group whose sub-commands are `Lazy`.

    `--help` imports none of them, a command imports only itself, and a module that this installation
    lacks is not offered. A `WmsError` of any command becomes `error: <message>` on stderr and the error's
    own exit status. An error of the operating system and an AWS endpoint that is not a URL do the same.
    """

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands this installation has."""
        there = (name for name, lazy in self._lazy.items() if lazy.present)
        return sorted({*super().list_commands(ctx), *there})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        lazy = self._lazy.get(cmd_name)
        if lazy is None or not lazy.present:
            return super().get_command(ctx, cmd_name)
        return lazy.load()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, from the lines given here."""
        rows = [(name, self._lazy[name].help) for name in self.list_commands(ctx) if name in self._lazy]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; our errors print one line."""
        try:
            return super().invoke(ctx)
        except (WmsError, OSError, ValueError) as error:
            mistake = error if isinstance(error, WmsError) else _mistake(error)
            if mistake is None:
                raise
            click.echo(f"error: {mistake}", err=True)
            ctx.exit(mistake.exit_status)


def _mistake(error: OSError | ValueError) -> OperatorError | None:
    """The operator's mistake behind `error`; None for ours, and for a closed pipe, which is click's."""
    if isinstance(error, OSError) and error.filename is not None and error.errno != errno.EPIPE:
        return OperatorError(
            f"cannot read or write {error.filename}: {error.strerror}; fix that, or give another path"
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OperatorError(f"cannot write: {error.strerror}; make room and run this again")
    words = bad_endpoint(error)
    return None if words is None else OperatorError(words)
