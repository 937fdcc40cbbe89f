"""Faults of the source database and of the way into it."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from connector.local import schema
from connector.local.oracle.faults import CONNECT
from connector.local.oracle.process import SERVICE
from tests.faults.health import tables
from tests.faults.health.fault_scenario import FaultScenario, Wanted
from tests.faults.health.watched_stage import WatchedStage
from tests.faults.redo import write_update
from tests.faults.report import Row
from tests.support.sceptre_cli import sceptre
from tests.support.waiting import wait_for

#: A commit of so long ago is late by more than the contract allows.
_LATE_MINUTES = 20
#: A statement that the connector sends every second.
_EVERY_SECOND = "FROM V$THREAD"


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
    wanted = Wanted("SourceDisconnected", "database starting")

    @contextmanager
    def closed() -> Iterator[None]:
        with under_test.world.database.sys() as session:
            session.admin("fault", at=CONNECT, code=1033)
        try:
            _end_session(under_test)
            under_test.until_the_log_says("ORA-01033")
            yield
        finally:
            with under_test.world.database.sys() as session:
                session.admin("clear_faults")

    def running() -> None:
        scenario.expect(
            f"Connect says {under_test.states()}", holds=under_test.states() == ("RUNNING", "RUNNING")
        )

    return scenario.run(closed, wanted, in_time=running)


def password_changed(under_test: WatchedStage) -> Row:
    """The login is refused; fixed as the mail says: the secret, then a launch."""
    scenario = FaultScenario(under_test, "database password changed")
    # The worker's log stops the connector before a check sees anything.
    wanted = Wanted("ConnectorStateFailed", "login")
    new = secrets.token_urlsafe(18)

    @contextmanager
    def changed() -> Iterator[None]:
        with under_test.world.database.sys(SERVICE) as session:
            session.execute(f'ALTER USER {schema.CDC} IDENTIFIED BY "{new}"')
        _end_session(under_test)
        under_test.wait_for_states("STOPPED")
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
    """Changes that were made 20 minutes before they are read, one after the other."""
    scenario = FaultScenario(under_test, f"lag above the threshold (changes {_LATE_MINUTES} minutes late)")
    wanted = Wanted("ReplicationLagSeconds", "lag")

    @contextmanager
    def late() -> Iterator[None]:
        under_test.rows.insert()
        ended = threading.Event()

        def write() -> None:
            # Whatever is read between two of them is in time and would end the lag: nothing is.
            while not ended.wait(0.5):
                _late_change(under_test)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            _until_late(under_test)
            yield
        finally:
            ended.set()
            writer.join()
        _in_time(under_test)

    return scenario.run(late, wanted)


def long_transaction(under_test: WatchedStage) -> Row:
    """One change as late as a transaction that was open for so long: several checks read the one figure."""
    scenario = FaultScenario(under_test, f"commit of a transaction that was open for {_LATE_MINUTES} minutes")
    under_test.forget()
    under_test.rows.insert()
    _late_change(under_test)
    _until_late(under_test)
    checks = [under_test.check() for _ in range(3)]
    _in_time(under_test)
    checks.append(under_test.check())
    found = [check.cause("ReplicationLagSeconds") for check in checks]
    scenario.expect(f"found {found}", holds=found == ["lag, us"] * 3 + [""])
    mails = [mail.subject for check in checks for mail in check.mails]
    scenario.expect(f"mailed {mails}", holds=not mails)
    scenario.expect(f"afterwards: {checks[-1].summary}", holds=checks[-1].summary == "healthy")
    scenario.flows()
    scenario.cells.update(
        {
            "found": "check 1 to 3: ReplicationLagSeconds",
            "class, owner": found[0],
            "the check": "watches: the figure is that of one change",
            "mail": "none",
            "afterwards": "healthy with the next change, rows flow",
        }
    )
    return scenario.row()


def table_dropped_in_snapshot(under_test: WatchedStage) -> Row:
    """A table that is dropped before a snapshot has read it: the task fails.

    Fixed as the mail says: the table, its grants, and a restart, which begins the snapshot anew.
    """
    scenario = FaultScenario(under_test, "table dropped while it is snapshotted")
    wanted = Wanted("ConnectorTaskFailed", "database rights")

    @contextmanager
    def dropped() -> Iterator[None]:
        _drop_in_snapshot(under_test)
        try:
            yield
        finally:
            tables.restore(under_test.world.database)
            under_test.connect("POST", "/restart?includeTasks=true")
            # The new snapshot tells all rows again: only what comes after it is told once.
            under_test.rows.keys.clear()

    def untouched() -> None:
        scenario.expect(f"{under_test.restarts()} restarts", holds=under_test.restarts() == 0)

    return scenario.run(dropped, wanted, in_time=untouched)


# -- parts ----------------------------------------------------------------------


def _end_session(under_test: WatchedStage) -> None:
    """The session that mines the log ends at its next statement, as ALTER SYSTEM KILL SESSION ends it."""
    with under_test.world.database.sys() as session:
        session.admin("fault", at=_EVERY_SECOND, drop=True, times=1)


def _late_change(under_test: WatchedStage) -> None:
    """A change of the row that was inserted last."""
    place, key = (under_test.rows.SCHEMA, under_test.rows.TABLE), int(under_test.rows.keys[-1])
    write_update(
        under_test.world.database, place, key, "\"ENRLMT_CNT\" = '1'", time.time() - 60 * _LATE_MINUTES
    )


def _until_late(under_test: WatchedStage) -> None:
    wait_for(lambda: (under_test.source().seconds_behind_source or 0) > 60 * _LATE_MINUTES - 60, "a lag")


def _in_time(under_test: WatchedStage) -> None:
    """Whatever is read next is in time again."""
    under_test.rows.insert()
    wait_for(lambda: (under_test.source().seconds_behind_source or 0) < 60, "no lag")


def _drop_in_snapshot(under_test: WatchedStage) -> None:
    """An initial snapshot that waits at its first table, while the one that it reads last is dropped."""
    database = under_test.world.database
    under_test.rest()
    under_test.connect("PUT", "/stop")
    under_test.wait_for_states("STOPPED")
    under_test.connect("DELETE", "/offsets")
    with database.sys() as session:
        session.admin("fault", at=f"FROM {tables.relation(*tables.FIRST)} AS OF SCN", hang=60)
        under_test.connect("PUT", "/resume")
        under_test.until_the_log_says("Exporting data from table")
        tables.drop(database)
        session.admin("clear_faults")
    under_test.wait_for_states("RUNNING", "FAILED")
