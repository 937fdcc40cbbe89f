"""As much of SQL*Plus as the DBA's page needs, on a session of the stand-in for Oracle.

It follows the rules of SQL*Plus (User's Guide and Reference, "Running Scripts" and "Using Substitution
Variables") strictly: a block of PL/SQL ends with a line `/`, a statement with `;`, and a variable that nobody
defined is an error, for there is nobody to ask.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from connector.local.oracle.client import Client
from connector.local.oracle.errors import OracleError

_DEFINE = re.compile(r"DEFINE (\w+) = '(.*)'")
_COLUMN = re.compile(r"COLUMN (\S+) NEW_VALUE (\w+)")
_IGNORED = ("SET ", "SPOOL ", "SPOOL\n", "EXIT")


@dataclass(frozen=True)
class Answered:
    """A statement as it was sent, with its rows; None for one that is no query."""

    sql: str
    columns: list[str] | None
    rows: list[list[str | None]]


class SqlPlusError(Exception):
    """What SQL*Plus or the database refuses, with the statement."""

    def __init__(self, reason: str, sql: str) -> None:
        super().__init__(f"{reason}: {sql}")
        self.sql = sql


@dataclass
class SqlPlus:
    """A session of SQL*Plus. `defined` are its substitution variables.

    `bound` turns a statement into the text and the binds by which the stand-in knows it.
    """

    session: Client
    bound: Callable[[str], tuple[str, Sequence[str]]]
    defined: dict[str, str] = field(default_factory=dict)
    _new_values: dict[str, str] = field(default_factory=dict)

    def run(self, script: str) -> Iterator[Answered]:
        """Run a script; answers what each statement gives, SQL*Plus's own commands apart."""
        waiting: list[str] = []
        for line in script.splitlines():
            if not waiting and (not line.strip() or line.startswith("--") or self._command(line)):
                continue
            waiting.append(line)
            block = waiting[0].upper().startswith(("BEGIN", "DECLARE"))
            if (line == "/") if block else line.rstrip().endswith(";"):
                text = "\n".join(waiting[:-1] if block else waiting)
                waiting = []
                yield self._execute(text if block else text.rstrip().removesuffix(";"))
        if waiting:
            raise SqlPlusError("not ended", "\n".join(waiting))

    def _command(self, line: str) -> bool:
        if found := _DEFINE.fullmatch(line):
            self.defined[found[1]] = found[2]
        elif found := _COLUMN.fullmatch(line):
            self._new_values[found[1]] = found[2]
        return bool(found) or f"{line}\n".startswith(_IGNORED)

    def _execute(self, text: str) -> Answered:
        def value(match: re.Match[str]) -> str:
            if match[1] not in self.defined:
                raise SqlPlusError(f"no value for {match[0]}", text)
            return self.defined[match[1]]

        sql = re.sub(r"&(\w+)", value, text)
        if sql.upper() in {"COMMIT", "ROLLBACK"}:
            (self.session.commit if sql.upper() == "COMMIT" else self.session.rollback)()
            return Answered(sql, None, [])
        try:
            columns, rows = self.session.table(*self.bound(sql))
        except OracleError as error:
            raise SqlPlusError(str(error), sql) from None
        for name, cell in zip(columns or [], rows[-1] if rows else [], strict=False):
            if name in self._new_values and cell is not None:
                self.defined[self._new_values[name]] = cell
        return Answered(sql, columns, rows)
