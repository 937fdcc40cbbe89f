"""Faults of the source database and of the way into it."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from psycopg import sql

from connector.local import schema
from tests.faults.health.fault_scenario import FaultScenario, Wanted
from tests.faults.health.watched_stage import WatchedStage
from tests.faults.report import Row
from tests.support.sceptre_cli import sceptre
from tests.support.waiting import wait_for

#: A commit of so long ago is late by more than the contract allows.
_LATE_MINUTES = 20
_END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"


def database_down(under_test: WatchedStage) -> Row:
    """The server is away for two checks; the connector goes on by itself afterwards."""
    scenario = FaultScenario(under_test, "database down")
    wanted = Wanted("DbTcpUnreachable", "unreachable")

    @contextmanager
    def down() -> Iterator[None]:
        under_test.world.stop_database()
        try:
            yield
        finally:
            under_test.world.start_database()

    def untouched() -> None:
        scenario.expect(f"{under_test.restarts()} restarts", holds=under_test.restarts() == 0)

    return scenario.run(down, wanted, in_time=untouched)


def source_disconnected(under_test: WatchedStage) -> Row:
    """The listener accepts, but the database takes no sessions: Connect says RUNNING all the time."""
    scenario = FaultScenario(under_test, "Connect RUNNING, source disconnected")
    wanted = Wanted("SourceDisconnected", "unreachable")

    @contextmanager
    def closed() -> Iterator[None]:
        _allow(under_test, sessions=False)
        try:
            _end_sessions(under_test)
            under_test.until_the_log_says("not currently accepting connections")
            yield
        finally:
            _allow(under_test, sessions=True)

    def running() -> None:
        scenario.expect(
            f"Connect says {under_test.states()}", holds=under_test.states() == ("RUNNING", "RUNNING")
        )

    return scenario.run(closed, wanted, in_time=running)


def password_changed(under_test: WatchedStage) -> Row:
    """The login is refused; fixed as the mail says: the secret, then a launch."""
    scenario = FaultScenario(under_test, "database password changed")
    wanted = Wanted("SourceDisconnected", "login")
    new = secrets.token_urlsafe(18)

    @contextmanager
    def changed() -> Iterator[None]:
        with under_test.world.database.admin("postgres") as connection:
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
            connection.execute(statement.format(sql.Identifier(schema.CDC), sql.Literal(new)))
        _end_sessions(under_test)
        under_test.until_the_log_says("password authentication failed")
        yield

    def fixed() -> None:
        scenario.expect(f"{under_test.restarts()} restarts", holds=under_test.restarts() == 0)
        state = under_test.world.state
        assert state.database is not None
        state.database.cdc_password = new
        state.save()
        under_test.world.account.put_secret("default/dbInfo", under_test.world.database.db_info)
        run = sceptre(under_test.world.env(), "launch", under_test.stage.name, "--yes")
        scenario.expect(f"launch ends with {run.last_line}", holds=run.status == 0)
        scenario.expect("the new password is printed", holds=new not in run.output)

    row = scenario.run(changed, wanted, in_time=fixed)
    scenario.cells["afterwards"] = f"secret and launch; {scenario.cells['afterwards']}"
    return row


def lag(under_test: WatchedStage) -> Row:
    """A change that was committed 20 minutes before it is read: replicated from another database."""
    scenario = FaultScenario(under_test, f"lag above the threshold (a change {_LATE_MINUTES} minutes late)")
    wanted = Wanted("ReplicationLagSeconds", "lag")

    @contextmanager
    def late() -> Iterator[None]:
        _replay_late_change(under_test)
        wait_for(lambda: (under_test.source().seconds_behind_source or 0) > 60 * _LATE_MINUTES - 60, "a lag")
        yield
        # Whatever is read next is in time again.
        under_test.rows.insert()
        wait_for(lambda: (under_test.source().seconds_behind_source or 0) < 60, "no lag")

    return scenario.run(late, wanted)


def table_dropped_in_snapshot(under_test: WatchedStage) -> Row:
    """A table that is dropped during a snapshot: Debezium waits, starts again, and continues without it.

    A check within its wait sees why; one after it sees a stage that is well but for a table.
    """
    scenario = FaultScenario(under_test, "table dropped while it is snapshotted")
    wanted = Wanted("SourceDisconnected", "database rights", healed=True)
    under_test.forget()
    began = time.time()
    _drop_in_snapshot(under_test)
    try:
        scenario.found(wanted, began)
        under_test.rest()
        after = under_test.check()
    finally:
        _restore_table(under_test)
        under_test.connect("POST", "/restart?includeTasks=true")
        # The new snapshot has told all rows again: only what comes after it is told once.
        under_test.rows.keys.clear()
    found = after.content["summary"]
    scenario.expect(f"afterwards: {found}", holds=found == "healthy" and not after.mails)
    scenario.expect(f"{under_test.restarts()} restarts", holds=under_test.restarts() == 0)
    under_test.rest()
    scenario.flows()
    scenario.cells.update(
        {
            "found": "SourceDisconnected, by a check within Debezium's wait of 10 s; not seen later",
            "mail": "none: Debezium goes on without the table",
            "afterwards": "rows of the other tables flow",
        }
    )
    return scenario.row()


def table_dropped_in_streaming(under_test: WatchedStage) -> Row:
    """Neither Connect nor Debezium takes it for a failure: the other tables flow, and nothing is mailed."""
    scenario = FaultScenario(under_test, "table dropped while it is streamed")
    under_test.forget()
    with under_test.world.database.admin() as connection:
        connection.execute(_statement("DROP TABLE {}"))
    try:
        scenario.flows()
        checks = [under_test.check() for _ in range(2)]
    finally:
        _restore_table(under_test)
    summaries = {str(check.content["summary"]) for check in checks}
    scenario.expect(f"told {summaries}", holds=summaries == {"healthy"})
    under_test.rest()
    scenario.cells.update(
        {
            "found": "not seen: nothing fails",
            "class, owner": "none",
            "the check": "healthy",
            "mail": "none",
            "afterwards": "rows of the other tables flow",
        }
    )
    return scenario.row()


# -- parts ----------------------------------------------------------------------

#: The table that a snapshot reads last.
_TABLE = ("WMS", schema.REVISION)
#: Rows of the table that it reads first.
_MANY = 40_000


def _statement(text: str) -> sql.Composed:
    return sql.SQL(text).format(sql.Identifier(*_TABLE))


def _allow(under_test: WatchedStage, *, sessions: bool) -> None:
    with under_test.world.database.admin("postgres") as connection:
        statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        connection.execute(statement.format(sql.Identifier(schema.DATABASE), sql.Literal(sessions)))


def _end_sessions(under_test: WatchedStage) -> None:
    """The connector's sessions, as an administrator ends them."""
    with under_test.world.database.admin("postgres") as connection:
        connection.execute(_END_SESSIONS, [schema.CDC])


def _replay_late_change(under_test: WatchedStage) -> None:
    """A transaction with the time of its commit where it came from, as logical replication applies it."""
    with under_test.world.database.admin() as connection:
        execute = connection.execute
        execute("SELECT pg_replication_origin_create('elsewhere')")
        execute("SELECT pg_replication_origin_session_setup('elsewhere')")
        with connection.transaction():
            execute(
                "SELECT pg_replication_origin_xact_setup(pg_current_wal_lsn(), now() - %s::interval)",
                [f"{_LATE_MINUTES} minutes"],
            )
            execute(
                sql.SQL("UPDATE {} SET {} = clock_timestamp()").format(
                    sql.Identifier("WMS", schema.BASE), sql.Identifier("SYS_UPDT_TS")
                )
            )
        execute("SELECT pg_replication_origin_session_reset()")
        execute("SELECT pg_replication_origin_drop('elsewhere')")


def _drop_in_snapshot(under_test: WatchedStage) -> None:
    """An initial snapshot that is busy with a large table, while the one that it reads last is dropped."""
    with under_test.world.database.admin() as connection:
        _fill(connection)
        under_test.rest()
        under_test.connect("PUT", "/stop")
        under_test.wait_for_states("STOPPED")
        under_test.connect("DELETE", "/offsets")
        under_test.connect("PUT", "/resume")
        _wait_for_reading(connection)
        connection.execute(_statement("DROP TABLE {}"))
    under_test.until_the_log_says("Will retry operation")


def _fill(connection: psycopg.Connection) -> None:
    """The table that is read first gets enough rows to be read for a second or more."""
    name, key = sql.Identifier("MMDL", schema.BASE), sql.Identifier(schema.key(schema.BASE))
    found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(name)).fetchone()
    if found and found[0] >= _MANY:
        return
    statement = sql.SQL(
        "INSERT INTO {} ({}, {}, {}, {}) SELECT n + 1000000, 'VA', 'VA.' || n, '1915C' "
        "FROM generate_series(1, %s) n"
    )
    columns = map(sql.Identifier, ("STATE_CD", "WVR_NUM", "WVR_TYPE_CD"))
    connection.execute(statement.format(name, key, *columns), [_MANY])


def _wait_for_reading(connection: psycopg.Connection) -> None:
    """Until the connector reads the table that is first: a matter of a second, so asked without a pause."""
    statement = (
        "SELECT 1 FROM pg_stat_activity WHERE usename = %s AND query LIKE %s AND query_start >= %s "
        "AND state <> 'idle'"
    )
    wanted = [schema.CDC, f'SELECT "%FROM "MMDL"."{schema.BASE}"%', _now(connection)]
    wait_for(lambda: connection.execute(statement, wanted).fetchone(), "the snapshot begins", every=0)


def _now(connection: psycopg.Connection) -> datetime:
    found = connection.execute("SELECT clock_timestamp()").fetchone()
    assert found is not None
    moment: datetime = found[0]
    return moment


def _restore_table(under_test: WatchedStage) -> None:
    """The table as it was made at first, and empty."""
    with under_test.world.database.admin() as connection, connection.transaction():
        schema.create_table(connection, *_TABLE)
