"""One connection to the database.

Who it is, what it has open, and how each request of the driver is answered.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.local.oracle import metadata, protocol
from connector.local.oracle.database import StandIn
from connector.local.oracle.errors import OracleError
from connector.local.oracle.faults import literals_hidden
from connector.local.oracle.logminer import LogMiner
from connector.local.oracle.rights import SYS
from connector.local.oracle.statements import Statement

#: The container that a connection to the whole database starts in.
ROOT_CONTAINER = "CDB$ROOT"

Binds = Sequence[str | None]


@dataclass(frozen=True)
class AnswerRows:
    """The answer to a query: columns as (name, type), rows as texts."""

    columns: Sequence[protocol.Column]
    rows: Iterator[protocol.Row]

    @classmethod
    def of(cls, columns: Sequence[protocol.Column], *rows: Sequence[object]) -> "AnswerRows":
        """A few rows at hand; numbers are written as texts."""
        return cls(columns, iter([[None if v is None else str(v) for v in row] for row in rows]))


@dataclass
class _Cursor:
    rows: Iterator[protocol.Row]
    statement: str
    sent: int = 0


@dataclass
class Connection:
    """A logged-in connection. `container` is CDB$ROOT or the pluggable database, None where there is none."""

    database: StandIn
    user: str
    container: str | None
    miner: LogMiner = field(init=False)

    def __post_init__(self) -> None:
        self.engine = self.database.engine
        self.session = self.engine.session(self.user)
        self.miner = LogMiner(self.engine)
        self.autocommit = False
        self._cursors: dict[int, _Cursor] = {}
        self._numbers = itertools.count(1)
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "execute": self._execute,
            "fetch": self._fetch,
            "close": self._close,
            "ping": self._ping,
            "commit": self._commit,
            "rollback": self._rollback,
            "savepoint": self._savepoint,
            "tables": self._metadata,
            "columns": self._metadata,
            "primaryKeys": self._metadata,
            "indexes": self._metadata,
            "admin": self._admin,
        }

    # -- what answers ask of a connection --------------------------------------------------------------

    @property
    def in_tables_container(self) -> bool:
        """Whether tables of the application are in sight.

        They are in the pluggable database, if there is one.
        """
        return self.container in (None, self.engine.settings.pdb)

    def see(self, owner: str, name: str, privilege: str = "SELECT") -> None:
        """ORA-00942 unless the table is in this container and the user has the privilege on it."""
        if not self.in_tables_container:
            raise OracleError.of(942)
        self.engine.dictionary.table(owner, name)
        self.database.rights.check_table(self.user, privilege, owner, name)

    def side_door(self, sql: str, binds: Binds = ()) -> AnswerRows | int:
        """Run a statement of the small SQL of `sql/`."""
        result = self.session.execute(sql, binds)
        return result if isinstance(result, int) else AnswerRows(result.columns, iter(result.rows))

    # -- requests ------------------------------------------------------------------------------------------

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """One answer to one request. An error of Oracle's is an answer; Disconnect ends the connection."""
        operation = self._operations.get(request["op"])
        if operation is None:
            return {"error": 3115, "text": f"ORA-03115: the stand-in knows no operation {request['op']!r}"}
        try:
            return operation(request)
        except OracleError as error:
            return {"error": error.code, "text": str(error)}

    def end(self) -> None:
        """Roll back what is open."""
        self.session.close()

    def _execute(self, request: dict[str, Any]) -> dict[str, Any]:
        sql, timeout = request["sql"], request.get("timeout")
        fault = self.database.faults.take(sql)
        if fault is not None:
            self.database.faults.strike(fault, timeout)
        self.session.timeout = timeout
        binds = request.get("binds") or ()
        found = self._run_many(sql, request["many"]) if "many" in request else self._run(sql, binds)
        if request.get("autocommit"):
            self.session.commit()
        if not isinstance(found, AnswerRows):
            return {"updated": found}
        return self._first(found, sql, int(request.get("fetch") or 10))

    def _run(self, sql: str, binds: Binds) -> AnswerRows | int:
        by_hand = self.user in (SYS, self.database.application)
        known = None if by_hand else self.database.statements.find(sql)
        if known is not None:
            statement, match = known
            self.database.seen(statement, match, binds, self.container)
            self._check(statement)
            found: AnswerRows | int = statement.answer(self, match, binds)
            return found
        done = self.database.dba.find(sql) if self.user == SYS else None
        if done is not None:
            answered: AnswerRows | int = done[0].answer(self, done[1], binds)
            return answered
        if by_hand or self._by_hand(sql):
            return self.side_door(sql, binds)
        self.database.refuse(sql)
        raise OracleError(
            900, f"ORA-00900: UNANSWERED by the stand-in for Oracle: {literals_hidden(sql)[:2000]}"
        )

    def _run_many(self, sql: str, many: Sequence[Binds]) -> int:
        """A statement of a person or a test, once for each list of values."""
        counts = [self._run(sql, binds) for binds in many]
        return sum(count for count in counts if isinstance(count, int))

    def _by_hand(self, sql: str) -> bool:
        """The heartbeat's statement and a filtered snapshot are an operator's words, not the connector's."""
        return self.database.own_words(self, sql)

    def _check(self, statement: Statement[Any]) -> None:
        for right in statement.rights:
            self.database.rights.check_system(self.user, right)
        for thing in sorted(statement.objects):
            self.database.rights.check_object(self.user, thing)

    def _first(self, found: AnswerRows, sql: str, size: int) -> dict[str, Any]:
        number = next(self._numbers)
        self._cursors[number] = _Cursor(found.rows, sql)
        rows, more = self._batch(number, size)
        return protocol.batch(found.columns, rows, number if more else None)

    def _batch(self, number: int, size: int) -> tuple[list[protocol.Row], bool]:
        cursor = self._cursors[number]
        fault = self.database.faults.take(cursor.statement, rows=True)
        if fault is not None and fault.after_rows is not None:
            size = min(size, max(0, fault.after_rows - cursor.sent))
        rows = [*itertools.islice(cursor.rows, size)]
        cursor.sent += len(rows)
        if fault is not None and fault.after_rows is not None and cursor.sent >= fault.after_rows:
            self.database.faults.strike(fault)
        more = len(rows) == size
        if not more:
            del self._cursors[number]
        return rows, more

    def _fetch(self, request: dict[str, Any]) -> dict[str, Any]:
        number = request["cursor"]
        if number not in self._cursors:
            raise OracleError(1001, "ORA-01001: invalid cursor")
        rows, more = self._batch(number, int(request.get("n") or 10))
        return {"rows": rows, "cursor": number if more else None}

    def _close(self, request: dict[str, Any]) -> dict[str, Any]:
        self._cursors.pop(request["cursor"], None)
        return {"ok": True}

    def _ping(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True}

    def _commit(self, _: dict[str, Any]) -> dict[str, Any]:
        self.session.commit()
        return {"ok": True}

    def _rollback(self, request: dict[str, Any]) -> dict[str, Any]:
        self.session.rollback(request.get("savepoint"))
        return {"ok": True}

    def _savepoint(self, request: dict[str, Any]) -> dict[str, Any]:
        self.session.savepoint(request["name"])
        return {"ok": True}

    def _metadata(self, request: dict[str, Any]) -> dict[str, Any]:
        tables = [
            table
            for table in self.engine.dictionary.tables()
            if self.in_tables_container
            and self.database.rights.may(self.user, "SELECT", table.owner, table.name)
        ]
        columns, rows = metadata.answer(request, tables, self.engine.settings)
        return protocol.batch(columns, rows, None)

    def _admin(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.user != SYS:
            raise OracleError.of(1031)
        return {"ok": self.database.admin(request["do"], request)}
