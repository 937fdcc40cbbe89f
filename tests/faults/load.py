"""Writers that never rest, and a book of what they have committed.

Several sessions write at the same time. Each has a transaction of a few changes over all captured tables:
rows are inserted, updated and deleted. While one transaction is open others begin and commit, so that their
changes lie mixed in the redo log. Some transactions are rolled back, some back to a savepoint: nobody may
ever see those changes. The number of a row's change stands in a column of the row, so that a record tells
which change it is of.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from connector.local import schema
from connector.local.database import LocalDatabase, bind, insert, invented
from connector.local.oracle.client import Client
from connector.local.oracle.database import APPLICATION
from connector.local.oracle.errors import OracleError
from connector.local.oracle.process import PDB
from tests.faults.compare import Change, Kind

#: The column that holds the number of a row's change.
NUMBER = {schema.BASE: "ENRLMT_CNT", schema.REVISION: "RVSN_NUM"}
#: What that column can hold in the narrower table.
_LAST_NUMBER = 9000
_ROWS_KEPT = 150
#: Sessions at once, and the most changes of one transaction.
_SESSIONS, _CHANGES = 4, 8
#: The share of transactions that are rolled back, and of groups of changes that go back to a savepoint.
_ROLLED_BACK, _TAKEN_BACK = 0.1, 0.1
#: How often a session that has a turn ends its transaction rather than go on with it.
_ENDS = 0.7
#: Turns of a session for one transaction, on average.
_TURNS = 2.4
_RETRY_SECONDS = 0.2
#: Oracle's words for a database that is about to go or to come.
_RESTARTS = {1012, 1033, 1034, 1089, 1092, 3113, 12514, 12528}

#: Columns that are written besides, by table.
Extra = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Place:
    """A row of a table."""

    schema: str
    table: str
    key: int

    @property
    def row(self) -> str:
        return row_name(self.schema, self.table, self.key)

    @property
    def relation(self) -> str:
        return f'"{self.schema}"."{self.table}"'

    @property
    def is_mine(self) -> str:
        return f'"{schema.key(self.table)}" = ?'


def row_name(schema_name: str, table: str, key: object) -> str:
    """How a row is called in what is reported."""
    return f"{schema_name}.{table}/{key}"


@dataclass(frozen=True)
class Step:
    """One change of a transaction. `taken_back`: rolled back to a savepoint before the transaction ends."""

    place: Place
    number: int
    kind: Kind
    taken_back: bool = False


@dataclass
class Session:
    """A session of the application and the transaction that it has open."""

    database: LocalDatabase
    steps: list[Step] = field(default_factory=list)
    client: Client | None = None
    #: Whether the database has lost what was written of the open transaction.
    lost: bool = False

    def connected(self) -> Client:
        """One connection for all transactions: to log in costs more than to write."""
        if self.client is None:
            where = self.database
            self.client = Client(where.host, where.port, PDB, APPLICATION, where.app_password)
        return self.client

    def disconnect(self) -> None:
        """Forget the connection; what was not committed is lost."""
        if self.client is not None:
            with suppress(OSError, ValueError):
                self.client.close()
        self.client, self.lost = None, True

    def attempt(self, work: Callable[[Client], object]) -> bool:
        """Do it, and answer whether it is done: where the database goes away meanwhile, `lost` says so."""
        try:
            work(self.connected())
        except OracleError as error:
            if error.code not in _RESTARTS:
                raise
        except (OSError, ValueError):
            # A closed socket, or half a line of an answer.
            pass
        else:
            return True
        self.disconnect()
        return False

    def write(self, steps: list[Step], extra: Extra) -> None:
        """More changes of the open transaction, or the first ones of a new one."""
        if not self.steps:
            self.lost = False
        self.steps += steps
        self.attempt(lambda client: _write_all(client, steps, extra))

    def commit(self, extra: Extra) -> None:
        """End the transaction, however often the database goes away meanwhile: it is then written again."""
        lasting = [step for step in self.steps if not step.taken_back]
        asked = False

        def again(client: Client) -> None:
            # Whether a commit that was cut off has been made is seen from the row.
            if self.lost and not (asked and lasting and _done(client, lasting[-1])):
                _write_all(client, self.steps, extra)
            self.lost = False

        while not (self.attempt(again) and (asked := True) and self.attempt(Client.commit)):
            time.sleep(_RETRY_SECONDS)
        self.steps = []

    def rollback(self) -> None:
        """End the transaction without a trace."""
        if not self.lost:
            self.attempt(Client.rollback)
        self.steps, self.lost = [], False


class Load:
    """Writes from `start` to `stop`. `topics` tells the topic of each (schema, table)."""

    def __init__(
        self,
        database: LocalDatabase,
        topics: Mapping[tuple[str, str], str],
        *,
        first_key: int,
        per_second: float = 25.0,
    ) -> None:
        self.committed: list[Change] = []
        #: How many changes were rolled back, which no record may tell.
        self.rolled_back = 0
        #: Columns that are written besides, by table; changed only inside `held`.
        self.extra: dict[str, dict[str, Any]] = {}
        self._topics = topics
        self._sessions = [Session(database) for _ in range(_SESSIONS)]
        self._own = Session(database)
        self._pause = 1 / per_second / _TURNS
        self._next = first_key
        self._rows: dict[Place, int] = {}
        self._random = random.Random(first_key)  # noqa: S311 - the same fault, the same changes
        self._turn = threading.Lock()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self.error: BaseException | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def has_committed(self, changes: int) -> bool:
        """Whether so many changes are committed by now. Raises what has ended the writer."""
        if self.error is not None:
            raise self.error
        return len(self.committed) >= changes

    def stop(self, seconds: float = 60) -> list[Place]:
        """Write no more; then one last row into each table, which a reader can wait for."""
        self._ends.set()
        self._thread.join(seconds)
        if self.error is not None:
            raise self.error
        assert not self._thread.is_alive(), "the writer does not come to its end"
        self._end_all()
        last = [self._new(place) for place in schema.TABLES]
        self._transact([Step(place, 1, Kind.INSERT) for place in last])
        return last

    def close(self) -> None:
        """End the sessions, whatever they have open: it would keep others from the tables."""
        self._ends.set()
        with self._turn:
            for session in (*self._sessions, self._own):
                session.disconnect()

    def insert(self, table: tuple[str, str], **columns: Any) -> Place:
        """A row of the caller's own, which the writer leaves alone."""
        with self._turn:
            place = self._new(table)
            self._transact([Step(place, 1, Kind.INSERT)], columns)
            del self._rows[place]
        return place

    def update(self, place: Place, number: int, **columns: Any) -> None:
        """Change a row of the caller's own."""
        with self._turn:
            self._transact([Step(place, number, Kind.UPDATE)], columns)
            del self._rows[place]

    def note(self, place: Place, number: int, kind: Kind) -> None:
        """Note a change that the caller has made by other means."""
        with self._turn:
            self._note([Step(place, number, kind)])
            self._rows.pop(place, None)

    @contextmanager
    def left_open(self, table: tuple[str, str]) -> Iterator[Place]:
        """A transaction with one new row that stays open meanwhile, and is committed at the end."""
        session = Session(self._own.database)
        with self._turn:
            place = self._new(table)
        session.write([Step(place, 1, Kind.INSERT)], {})
        try:
            yield place
        finally:
            session.commit({})
            session.disconnect()
            self.note(place, 1, Kind.INSERT)

    @contextmanager
    def held(self) -> Iterator[None]:
        """No transaction of the writer's is open meanwhile."""
        with self._turn:
            self._end_all()
            yield

    def _run(self) -> None:
        try:
            while not self._ends.wait(self._pause):
                with self._turn:
                    self._take_turn(self._random.choice(self._sessions))
        except BaseException as error:  # noqa: BLE001 - told by `stop`, in the thread of whoever asked
            self.error = error

    def _take_turn(self, session: Session) -> None:
        """A session that has nothing open begins; another one ends its transaction, or goes on with it."""
        ends = session.lost or len(session.steps) >= _CHANGES or self._random.random() < _ENDS
        if session.steps and ends:
            self._end(session, commit=self._random.random() >= _ROLLED_BACK)
            return
        session.write(self._some_changes(), self.extra)

    def _some_changes(self) -> list[Step]:
        busy = {step.place for session in self._sessions for step in session.steps}
        chosen: dict[Place, tuple[int, Kind]] = {}
        for _ in range(self._random.randint(1, 4)):
            place = self._random.choice([*self._rows] or [None])
            lot = self._random.random()
            if (
                place is None
                or place in chosen
                or place in busy
                or (lot < 0.4 and len(self._rows) < _ROWS_KEPT)
            ):
                chosen[self._new(self._random.choice(schema.TABLES))] = 1, Kind.INSERT
            elif lot > 0.85 or self._rows[place] >= _LAST_NUMBER:
                chosen[place] = self._rows[place] + 1, Kind.DELETE
            else:
                chosen[place] = self._rows[place] + 1, Kind.UPDATE
        back = self._random.random() < _TAKEN_BACK
        return [Step(place, number, kind, back) for place, (number, kind) in chosen.items()]

    def _new(self, table: tuple[str, str]) -> Place:
        self._next += 1
        return Place(*table, self._next)

    def _end_all(self) -> None:
        for session in self._sessions:
            if session.steps:
                self._end(session, commit=True)

    def _end(self, session: Session, *, commit: bool) -> None:
        steps = session.steps
        lasting = [step for step in steps if commit and not step.taken_back]
        if commit:
            session.commit(self.extra)
            self._note(lasting)
        else:
            session.rollback()
        self.rolled_back += len(steps) - len(lasting)

    def _transact(self, steps: list[Step], columns: Mapping[str, Any] | None = None) -> None:
        """One transaction in a session beside the writer's."""
        extra = self.extra if columns is None else {step.place.table: dict(columns) for step in steps}
        # Nothing is written yet, as after a loss.
        self._own.steps, self._own.lost = steps, True
        self._own.commit(extra)
        self._note(steps)

    def _note(self, steps: Sequence[Step]) -> None:
        at = time.time()
        for step in steps:
            place = step.place
            topic = self._topics[place.schema, place.table]
            self.committed.append(Change(topic, place.row, step.number, step.kind, at))
            if step.kind is Kind.DELETE:
                self._rows.pop(place, None)
            else:
                self._rows[place] = step.number


def _write_all(client: Client, steps: Sequence[Step], extra: Extra) -> None:
    for number, step in enumerate(steps):
        if step.taken_back and not (number and steps[number - 1].taken_back):
            client.execute("SAVEPOINT TAKEN_BACK")
        _write(client, step, extra.get(step.place.table, {}))
        if step.taken_back and not (number + 1 < len(steps) and steps[number + 1].taken_back):
            client.execute("ROLLBACK TO TAKEN_BACK")


def _done(client: Client, step: Step) -> bool:
    place = step.place
    statement = f'SELECT "{NUMBER[place.table]}" FROM {place.relation} WHERE {place.is_mine}'
    found = client.value(statement, [place.key])
    return found is None if step.kind is Kind.DELETE else found is not None and int(found) == step.number


def _write(client: Client, step: Step, extra: Mapping[str, Any]) -> None:
    place = step.place
    if step.kind is Kind.DELETE:
        client.execute(f"DELETE FROM {place.relation} WHERE {place.is_mine}", [place.key])
        return
    values = {**extra, NUMBER[place.table]: step.number}
    if step.kind is Kind.INSERT:
        values = {**invented(place.table, place.key), **values, schema.key(place.table): place.key}
        insert(client, place.schema, place.table, values)
    else:
        given = ", ".join(f'"{name}" = ?' for name in values)
        statement = f"UPDATE {place.relation} SET {given} WHERE {place.is_mine}"
        client.execute(statement, [*map(bind, values.values()), place.key])
