"""A client for people and tests.

SQL as the application or a DBA would send it, and what fate does to a database.

This is the stand-in's side door. Its statements are the few of `sql/`; it is no part of what is proved.
"""

import itertools
import json
import re
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from connector.local.oracle.errors import OracleError

#: How many rows come with one answer.
_FETCH = 5000
#: How many lists of values go with one request.
_MANY = 1000
_COMMENT = re.compile(r"--[^\n]*")
_CONNECT_SECONDS = 10.0


class Client:
    """One session.

    Used as a context manager it commits at the end of a block that ended well, else rolls back.
    """

    def __init__(
        self, host: str, port: int, service: str, user: str, password: str, *, autocommit: bool = False
    ) -> None:
        self._autocommit = autocommit
        self._socket = socket.create_connection((host, port), _CONNECT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(None)
        self._stream = self._socket.makefile("rwb")
        login = {"host": host, "port": port, "service": service, "user": user, "password": password}
        answer = self._ask("connect", **login)
        if "listener" in answer:
            self.close()
            raise OracleError(12514, f"ORA-12514: the listener does not know the service {service!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and not self._autocommit:
                self.commit()
        finally:
            self.close()

    def execute(self, sql: str, binds: Sequence[object] = ()) -> int:
        """Run a statement that is no query; answers how many rows it changed. Raises OracleError."""
        return int(self._ask("execute", **self._statement(sql, binds)).get("updated") or 0)

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        """Run a statement once for each list of values; answers how many rows it changed. Raises OracleError.

        A request carries many lists: alone, each would wait for an answer.
        """
        changed, left = 0, iter(rows)
        while batch := [*itertools.islice(left, _MANY)]:
            many = [[None if value is None else str(value) for value in row] for row in batch]
            request = {"sql": sql, "many": many, "autocommit": self._autocommit}
            changed += int(self._ask("execute", **request)["updated"])
        return changed

    def run(self, sql: str, binds: Sequence[object] = ()) -> list[dict[str, str | None]] | int:
        """The rows of a query, or how many rows another statement changed. Raises OracleError."""
        answer = self._ask("execute", **self._statement(sql, binds))
        return [*self._following(answer)] if "columns" in answer else int(answer.get("updated") or 0)

    def table(
        self, sql: str, binds: Sequence[object] = ()
    ) -> tuple[list[str] | None, list[list[str | None]]]:
        """A query's columns and rows, also without a row; None and no rows for another statement."""
        answer = self._ask("execute", **self._statement(sql, binds))
        if "columns" not in answer:
            return None, []
        rows = [[*row.values()] for row in self._following(answer)]
        return [name for name, _ in answer["columns"]], rows

    def query(self, sql: str, binds: Sequence[object] = ()) -> list[dict[str, str | None]]:
        """All rows of a query, each as column -> text. Raises OracleError."""
        return [*self.rows(sql, binds)]

    def rows(self, sql: str, binds: Sequence[object] = ()) -> Iterator[dict[str, str | None]]:
        """The rows of a query one by one."""
        yield from self._following(self._ask("execute", **self._statement(sql, binds)))

    def value(self, sql: str, binds: Sequence[object] = ()) -> str | None:
        """The first column of the first row; None without a row."""
        found = self.query(sql, binds)
        return next(iter(found[0].values())) if found else None

    def commit(self) -> None:
        """Commit."""
        self._ask("commit")

    def rollback(self) -> None:
        """Roll back the whole transaction."""
        self._ask("rollback", savepoint=None)

    def admin(self, do: str, **arguments: object) -> Any:
        """What a DBA or fate does: see `database.Database.admin`. Only for SYS."""
        return self._ask("admin", do=do, **arguments)["ok"]

    def script(
        self, text: str, values: Mapping[str, str], *, there_already: Collection[int] = ()
    ) -> list[str]:
        """Run a SQL*Plus script, `&name` replaced by its value; answers the statements that ran.

        Lines of SQL*Plus itself (DEFINE, SET, ACCEPT) are skipped. `there_already`: numbers of errors behind
        which it goes on, as SQL*Plus does; any other is raised as OracleError.
        """
        ran = []
        kept = [
            line
            for line in _COMMENT.sub("", text).splitlines()
            if not line.startswith(("DEFINE ", "SET ", "ACCEPT "))
        ]
        for statement in "\n".join(kept).split(";"):
            filled = re.sub(r"&(\w+)\.?", lambda match: values[match[1]], statement).strip()
            if not filled:
                continue
            if filled.upper().startswith("SELECT"):
                continue
            try:
                self.execute(filled)
            except OracleError as error:
                if error.code not in there_already:
                    raise
                continue
            ran.append(filled)
        return ran

    def close(self) -> None:
        """End the session; what is not committed is rolled back."""
        with suppress(OSError, ValueError):
            self._stream.close()
        self._socket.close()

    def _following(self, answer: dict[str, Any]) -> Iterator[dict[str, str | None]]:
        names = [name for name, _ in answer["columns"]]
        while True:
            yield from (dict(zip(names, row, strict=True)) for row in answer["rows"])
            if answer["cursor"] is None:
                return
            answer = self._ask("fetch", cursor=answer["cursor"], n=_FETCH)

    def _statement(self, sql: str, binds: Sequence[object]) -> dict[str, object]:
        values = [None if value is None else str(value) for value in binds]
        return {"sql": sql, "binds": values, "fetch": _FETCH, "autocommit": self._autocommit}

    def _ask(self, operation: str, **arguments: object) -> dict[str, Any]:
        request = json.dumps({"op": operation, **arguments}, ensure_ascii=False)
        self._stream.write(request.encode() + b"\n")
        self._stream.flush()
        line = self._stream.readline()
        if not line:
            raise ConnectionResetError("the stand-in for Oracle closed the connection")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise OracleError(answer["error"], answer["text"])
        return answer
