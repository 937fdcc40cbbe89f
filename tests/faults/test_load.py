"""What the load writes down is what the database has, also when the database is killed under it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from connector.local import schema
from connector.local.addresses import free_port
from connector.local.database import LocalDatabase
from connector.local.oracle import process
from connector.local.processes import Process
from tests.faults.compare import Kind
from tests.faults.load import NUMBER, Load, row_name
from tests.support.waiting import wait_for

_ADDRESS = "127.0.0.1"


@dataclass
class Server:
    """A database process of its own."""

    directory: Path
    port: int = field(default_factory=free_port)

    def start(self) -> None:
        self.process: Process = process.start(
            self.directory / "oracle",
            _ADDRESS,
            self.port,
            sys_password="sys",
            app_password="app",
            log=self.directory / "log",
        )
        process.wait(self.process, _ADDRESS, self.port, "sys")

    def kill(self) -> None:
        process.stop(self.process, kill=True)

    @property
    def database(self) -> LocalDatabase:
        return LocalDatabase(_ADDRESS, self.port, "app", "cdc", "sys")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("load"))
    made.start()
    try:
        made.database.create()
        yield made
    finally:
        made.kill()


def _load(server: Server, first_key: int) -> Load:
    topics = {table: ".".join(table) for table in schema.TABLES}
    return Load(server.database, topics, first_key=first_key, per_second=200)


def _rows(database: LocalDatabase, keys: range) -> dict[str, int]:
    return {
        row_name(owner, table, key): int(row[NUMBER[table]] or 0)
        for owner, table in schema.TABLES
        for row in database.rows(owner, table)
        if (key := int(row[schema.key(table)] or 0)) in keys
    }


def test_committed_changes_are_in_the_database_and_rolled_back_ones_are_not(server: Server):
    load = _load(server, 1_000)
    load.start()
    wait_for(lambda: load.has_committed(300) and load.rolled_back > 20, "changes of both kinds")
    load.stop()
    load.close()
    wanted: dict[str, int] = {}
    for change in load.committed:
        wanted[change.row] = change.number
        if change.kind is Kind.DELETE:
            del wanted[change.row]
    assert _rows(server.database, range(1_000, 100_000)) == wanted


def test_a_database_that_is_killed_makes_the_load_write_again_what_was_lost_and_nothing_twice(
    server: Server,
):
    load = _load(server, 100_000)
    load.start()
    for committed in (50, 100, 150):
        wait_for(partial(load.has_committed, committed), "more is committed")
        server.kill()
        server.start()
    wait_for(lambda: load.has_committed(200), "it goes on")
    load.stop()
    load.close()
    numbers = [(change.row, change.number) for change in load.committed]
    assert len(numbers) == len({*numbers})
    last = {change.row: change for change in load.committed}
    wanted = {row: change.number for row, change in last.items() if change.kind is not Kind.DELETE}
    assert _rows(server.database, range(100_000, 1_000_000)) == wanted


def test_rows_of_one_request_are_all_there_or_none(server: Server):
    statement = (
        f'INSERT INTO "WMS"."{schema.REVISION}" ("PLAN_WVR_RVSN_ID", "PLAN_BASE_WVR_ID", "RVSN_NUM", '
        '"RVSN_STUS_CD") VALUES (?, 1, ?, ?)'
    )
    keys = range(2_000_000, 2_002_500)
    with server.database.app() as session:
        assert session.execute_many(statement, ((key, 7, "DRAFT") for key in keys)) == len(keys)
        session.rollback()
        assert _rows(server.database, keys) == {}
        session.execute_many(statement, ((key, 7, "DRAFT") for key in keys))
    assert len(_rows(server.database, keys)) == len(keys)
