"""A click group that imports a sub-command only when it is called, and prints our errors in one line."""

import difflib
import errno
import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from connector.commands import examples
from connector.commands.completion import complete_stages
from connector.domain.errors import OperatorError, WmsError, bad_endpoint


@dataclass(frozen=True)
class Lazy:
    """Where a sub-command is found, `module:attribute`, its line in `--help`, and the section it is in."""

    target: str
    help: str
    section: str = "Commands"

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


class LazyCommands(click.Group):
    """A group whose sub-commands are `Lazy`.

    `--help` imports none of them, a command imports only itself, and a module that this installation
    lacks is not offered. `elsewhere` says what to type for words that are no commands here. Each command that
    is loaded gets its examples and completes the names of stages.
    """

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, Lazy],
        elsewhere: Mapping[str, str] | None = None,
        words: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy
        self._elsewhere = elsewhere or {}
        self._words = words

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands this installation has."""
        there = (name for name, lazy in self._lazy.items() if lazy.present)
        return sorted({*super().list_commands(ctx), *there})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        lazy = self._lazy.get(cmd_name)
        if lazy is None or not lazy.present:
            return super().get_command(ctx, cmd_name)
        command = lazy.load()
        complete_stages(command)
        examples.attach(command, (*self._words, cmd_name))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command; for a word that is none, the one that was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            word = error.command_name
            close = difflib.get_close_matches(word, [*self._elsewhere, *self.list_commands(ctx)], n=1)
            instead = self._elsewhere.get(close[0]) if close else None
            text = f"No such command {word!r}." + (f" Run {instead}" if instead else "")
            raise click.exceptions.NoSuchCommand(word, text, None if instead else close, ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, from the lines given here, section by section."""
        there = [name for name in self.list_commands(ctx) if name in self._lazy]
        for section in _once(lazy.section for lazy in self._lazy.values()):
            rows = [(name, self._lazy[name].help) for name in there if self._lazy[name].section == section]
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows)


class LazyGroup(LazyCommands):
    """The group on top: a `WmsError` of any command becomes `error: <message>` on stderr.

    It ends with the error's own exit status. An error of the operating system and an AWS endpoint that is not
    a URL do the same.
    """

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


def _once(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _mistake(error: OSError | ValueError) -> OperatorError | None:
    """The operator's mistake behind `error`; None for ours, and for a closed pipe, which is click's."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        place = "" if error.filename is None else f" {error.filename}"
        return OperatorError(f"cannot write{place}: {error.strerror}; make room and run this again")
    if isinstance(error, OSError) and error.filename is not None and error.errno != errno.EPIPE:
        return OperatorError(
            f"cannot read or write {error.filename}: {error.strerror}; fix that, or give another path"
        )
    words = bad_endpoint(error)
    return None if words is None else OperatorError(words)
