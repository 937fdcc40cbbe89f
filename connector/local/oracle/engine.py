"""The database: one directory, one redo log, many sessions.

Threads share an engine. Whatever changes something, or takes an SCN, runs under `lock`; reading rows and redo
does not.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from connector.local.oracle import redo as codes
from connector.local.oracle.dictionary import Dictionary, TableDefinition
from connector.local.oracle.errors import OracleError
from connector.local.oracle.logs import Log, RedoLogs
from connector.local.oracle.redo import RedoLog, RedoRow, xid
from connector.local.oracle.rows import Rows, Supplemental
from connector.local.oracle.scn import ScnClock
from connector.local.oracle.session import OracleSession
from connector.local.oracle.storage import FOREVER, Store
from connector.local.oracle.transactions import OpenTransaction, Transaction

#: Seconds between two looks at what may be deleted.
_HOUSEKEEPING: Final = 60
#: The first OBJECT_ID of a table that a user makes. A guess at a young database.
_FIRST_OBJECT: Final = 73001


@dataclass(frozen=True)
class OracleSettings:
    """How a new database is made. `archivelog`, `minimal_supplemental` and the like can be altered later.

    `archive_retention_seconds`: archived logs are deleted when they are older; None keeps them.
    `undo_retention_seconds`: AS OF SCN reaches back so far; then ORA-01555.
    `lock_wait_seconds`: how long a statement waits for a row that another session changed; then ORA-00054.
    None, as in Oracle: without end (Database Concepts, "Overview of the Oracle Database Locking Mechanism").
    """

    dbname: str = "CDB1"
    pdb: str | None = "WMSPDB1"
    log_bytes: int = 200 * 1024 * 1024
    online_groups: int = 3
    archive_retention_seconds: float | None = None
    undo_retention_seconds: float = 900
    archivelog: bool = True
    minimal_supplemental: bool = True
    primary_key_supplemental: bool = False
    all_supplemental: bool = False
    max_string_size: str = "STANDARD"
    lock_wait_seconds: float | None = None


#: What `OracleEngine.alter` may change.
_STATE: Final = (
    *("archivelog", "minimal_supplemental", "primary_key_supplemental", "all_supplemental"),
    *("archive_retention_seconds", "undo_retention_seconds", "max_string_size", "lock_wait_seconds"),
)


class OracleEngine:
    """An open database. Make it with `OracleEngine.open`."""

    def __init__(self, directory: Path, settings: OracleSettings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.lock = threading.Condition(threading.RLock())
        self.closed = False
        self.store = Store(directory / "database.sqlite")
        self._load_state()
        self.scn = ScnClock(self.store, clock)
        self.dictionary = Dictionary()
        for (definition,) in self.store.writer.execute("SELECT definition FROM objects"):
            self.dictionary.put(TableDefinition.from_json(definition))
        self.logs = RedoLogs(
            self.store,
            self.scn,
            dbname=settings.dbname,
            log_bytes=settings.log_bytes,
            groups=settings.online_groups,
            retention=None,
            archiving=lambda: bool(self.state["archivelog"]),
        )
        self.redo_log = RedoLog(self.store, self.scn, self.logs, self.dictionary)
        self.supplemental = Supplemental()
        self.rows = Rows(self.store, self.scn, self.redo_log, self.dictionary, self.supplemental)
        self.rows.pause = self.breathe
        self._apply_state()
        self.transactions: dict[int, Transaction] = {}
        #: Rows that SELECT … FOR UPDATE holds: (object id, row) -> transaction.
        self.row_locks: dict[tuple[int, int], int] = {}
        self.sessions: set[OracleSession] = set()
        self._pruned = int(self.store.get("pruned", 0))
        self._cleaned = self.scn.now()
        self.created = float(self.store.get("created") or self.scn.now())
        self.store.put("created", self.created)
        self.started = self.scn.now()
        #: For what the database does by itself.
        self.system = OracleSession(self, "SYS", settings.pdb or settings.dbname)
        self._recover()
        self.store.flush()

    @classmethod
    def open(
        cls, directory: Path, settings: OracleSettings | None = None, clock: Callable[[], float] = time.time
    ) -> Self:
        """Open the database in this directory, or make it. What a killed process left open is rolled back."""
        directory.mkdir(parents=True, exist_ok=True)
        return cls(directory, settings or OracleSettings(), clock)

    # -- state ---------------------------------------------------------------------------------------------

    def _load_state(self) -> None:
        given = asdict(self.settings)
        self.state: dict[str, object] = {
            name: self.store.get(f"state.{name}", given[name]) for name in _STATE
        }

    def _apply_state(self) -> None:
        state = self.state
        self.supplemental.minimal = bool(state["minimal_supplemental"])
        self.supplemental.primary_key = bool(state["primary_key_supplemental"])
        self.supplemental.all_columns = bool(state["all_supplemental"])
        retention = state["archive_retention_seconds"]
        self.logs.retention = float(retention) if isinstance(retention, (int, float)) else None

    def alter(self, **state: object) -> None:
        """Change the database's durable state, as a DBA does with ALTER DATABASE or ALTER SYSTEM."""
        unknown = set(state) - set(_STATE)
        if unknown:
            raise OracleError.unknown(f"the state {', '.join(sorted(unknown))}")
        with self.lock:
            for name, value in state.items():
                self.state[name] = value
                self.store.put(f"state.{name}", value)
            self._apply_state()
            self.store.flush()

    # -- SCN -----------------------------------------------------------------------------------------------

    def current_scn(self) -> int:
        """V$DATABASE.CURRENT_SCN: greater at every call, never less than anything that redo has."""
        with self.lock:
            self.check_open()
            self.scn.ensure()
            self.housekeeping()
            return self.scn.next()

    def now(self) -> float:
        """The database's clock in seconds since 1970."""
        with self.lock:
            return self.scn.now()

    def scn_at(self, epoch: float) -> int:
        """TIMESTAMP_TO_SCN: ORA-08180 if nothing is noted for that time."""
        with self.lock:
            return self.scn.at(epoch)

    def time_of(self, scn: int) -> float:
        """SCN_TO_TIMESTAMP in seconds since 1970: ORA-08181 if the number is none."""
        with self.lock:
            return self.scn.time_of(scn)

    # -- redo ----------------------------------------------------------------------------------------------

    def redo(self, after: int, upto: int) -> Iterator[RedoRow]:
        """V$LOGMNR_CONTENTS for after < SCN <= upto, in order. Rows of open transactions are there, too."""
        with self.lock:
            self.check_open()
            self.write_out()
        return self.redo_log.read(after, upto)

    def inject_redo(self, row: RedoRow) -> int:
        """Write a row of a test's making into redo, in a transaction of its own (START and COMMIT around it).

        Its SCN, XID, ROWID and place are those of this moment; the SCN is returned.
        """
        with self.lock:
            self.scn.ensure()
            transaction = self.begin(row.username or "SYS")
            self.start(transaction)
            scn = self.redo_log.inject(row, transaction.number)
            self.commit(transaction)
            return scn

    def write_out(self) -> None:
        """Put all redo and rows so far into the file."""
        self.redo_log.write_out()
        self.store.flush()

    def open_transactions(self) -> list[OpenTransaction]:
        """V$TRANSACTION, the oldest first."""
        with self.lock:
            return [
                OpenTransaction(
                    xid(number), number, transaction.start_time, transaction.count, transaction.user
                )
                for number, transaction in sorted(self.transactions.items())
                if transaction.started or transaction.locks
            ]

    # -- transactions, for sessions ------------------------------------------------------------------------

    def session(self, user: str, container: str | None = None) -> OracleSession:
        """A new session. `container` is the PDB, or CDB$ROOT; by default the PDB if there is one."""
        with self.lock:
            self.check_open()
            session = OracleSession(self, user, container or self.settings.pdb or self.settings.dbname)
            self.sessions.add(session)
            return session

    def begin(self, user: str) -> Transaction:
        """A transaction without a change: it has a number and may hold locks, but has no redo yet."""
        transaction = Transaction(self.scn.next(), user, self.scn.now())
        self.transactions[transaction.number] = transaction
        return transaction

    def start(self, transaction: Transaction) -> None:
        """Note the transaction as open and write its START, before its first change."""
        if transaction.started:
            return
        transaction.started = True
        number = transaction.number
        self.redo_log.make_room()
        row = (number, transaction.start_time, transaction.user)
        self.store.write("INSERT INTO transactions VALUES (?, ?, ?)", row)
        # The record's SCN is the number itself unless something else took place since.
        scn = number if self.scn.last == number else None
        self.redo_log.add(
            codes.START, "set transaction read write;", transaction=number, user=transaction.user, scn=scn
        )

    def commit(self, transaction: Transaction) -> int | None:
        """Commit: in the file when this returns. The commit's SCN, or None if nothing was changed."""
        scn = None
        if transaction.started:
            self.redo_log.make_room()
            scn = self.scn.next()
            self.rows.publish(transaction, scn)
            self._end(transaction, codes.COMMIT, "commit;", scn)
        self._forget(transaction)
        return scn

    def rollback(self, transaction: Transaction) -> None:
        """Take back every change and end the transaction."""
        if transaction.started:
            self.scn.ensure()
            self.rows.undo(transaction, 0)
            self.scn.ensure()
            self._end(transaction, codes.ROLLBACK, "rollback;", None)
        self._forget(transaction)

    def _forget(self, transaction: Transaction) -> None:
        self.transactions.pop(transaction.number, None)
        for place in transaction.locks:
            self.row_locks.pop(place, None)
        self.lock.notify_all()

    def _end(self, transaction: Transaction, op: int, text: str, scn: int | None) -> None:
        self.redo_log.add(op, text, transaction=transaction.number, user=transaction.user, scn=scn)
        self.store.write("DELETE FROM transactions WHERE id = ?", (transaction.number,))
        self.write_out()

    def _recover(self) -> None:
        left = {
            number: Transaction(number, user, started)
            for number, started, user in self.store.writer.execute("SELECT * FROM transactions")
        }
        if not left:
            return
        for table in self.dictionary.tables():
            for place, (number, change) in enumerate(self.rows.left_open(table)):
                if place % 1000 == 0:
                    self.scn.ensure()
                self.rows.undo_one(left[number], change)
        for _, transaction in sorted(left.items()):
            self.scn.ensure()
            self._end(transaction, codes.ROLLBACK, "rollback;", None)

    def breathe(self) -> None:
        """Between two chunks of a long statement: let other threads have the lock."""
        self.lock.release()
        time.sleep(0)
        self.lock.acquire()
        self.check_open()
        self.scn.ensure()

    def wait(self, transaction: Transaction, holder: int, deadline: float | None, code: int) -> None:
        """Wait until another transaction ends.

        ORA-00060 in a circle; the error `code` at the deadline (of time.monotonic), None for no deadline.
        """
        seen = holder
        while seen in self.transactions:
            seen = self.transactions[seen].waits_for
            if seen == transaction.number:
                raise OracleError.of(60)
        transaction.waits_for = holder
        try:
            while holder in self.transactions:
                left = None if deadline is None else deadline - time.monotonic()
                if (left is not None and left <= 0) or not self.lock.wait(left):
                    raise OracleError.of(code)
                self.check_open()
        finally:
            transaction.waits_for = 0

    # -- definitions ---------------------------------------------------------------------------------------

    def next_object_id(self) -> int:
        number = int(self.store.get("object", _FIRST_OBJECT))
        self.store.put("object", number + 1)
        return number

    def save(self, table: TableDefinition) -> None:
        """Keep a table's definition."""
        self.store.write("INSERT OR REPLACE INTO objects VALUES (?, ?)", (table.object_id, table.to_json()))
        self.dictionary.put(table)

    # -- the past ------------------------------------------------------------------------------------------

    def check_snapshot(self, table: TableDefinition, scn: int) -> None:
        """May this table be read as of this SCN? ORA-08181, ORA-01555 or ORA-01466 if not."""
        if scn > self.scn.last or scn < 1:
            raise OracleError.of(8181)
        if scn < self._pruned:
            raise OracleError.of(1555, 9, "_SYSSMU9_1650507775$")
        if scn < table.readable_scn:
            raise OracleError.of(1466)

    def housekeeping(self, *, now: bool = False) -> None:
        """Once a minute: delete archived logs and row versions that are older than their retention."""
        if not now and self.scn.now() - self._cleaned < _HOUSEKEEPING:
            return
        self._cleaned = self.scn.now()
        self.logs.expire()
        try:
            horizon = self.scn.at(self._cleaned - float(str(self.state["undo_retention_seconds"])))
        except OracleError:
            return
        if horizon <= self._pruned:
            return
        self._pruned = horizon
        self.store.put("pruned", horizon)
        for table in self.dictionary.tables():
            self.store.write(f"DELETE FROM {table.rows} WHERE e > 0 AND e < {FOREVER} AND e <= ?", (horizon,))

    # -- life ----------------------------------------------------------------------------------------------

    def check_open(self) -> None:
        if self.closed:
            raise OracleError.of(1089)

    def switch_log(self) -> None:
        """ALTER SYSTEM SWITCH LOGFILE."""
        with self.lock:
            self.scn.ensure()
            self.redo_log.write_out()
            self.logs.switch()
            self.store.flush()

    def delete_archived(self, through_sequence: int | None = None, before: float | None = None) -> list[Log]:
        """RMAN's DELETE ARCHIVELOG: up to a sequence, of logs that ended before a time, or all."""
        with self.lock:
            gone = self.logs.delete_archived(through_sequence, before)
            self.store.flush()
            return gone

    def close(self) -> None:
        """Shut down: open transactions are rolled back, everything is in the file."""
        with self.lock:
            if self.closed:
                return
            for session in list(self.sessions):
                session.close()
            self.logs.settle()
            self.scn.settle()
            self.write_out()
            self.closed = True
            self.lock.notify_all()
            self.store.close()
