"""What Debezium passes over while it runs on: found by the next check, mailed once, and ended."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from connector.domain.health.error_classes import named
from connector.local import schema
from connector.local.oracle.database import APPLICATION
from tests.faults.health import tables
from tests.faults.health.fault_scenario import FaultScenario
from tests.faults.health.watched_stage import Check, WatchedStage
from tests.faults.report import Row
from tests.support.mailbox import Mail
from tests.support.waiting import wait_for
from tests.support.wms_cli import wms_connector

METRIC = "ChangesSkipped"
_TABLE = ".".join(tables.LAST)
_LOGGED = f"ALTER TABLE {_TABLE} {{}} SUPPLEMENTAL LOG DATA (ALL) COLUMNS"
#: How far ahead of the database a position is put.
_AHEAD = 10_000_000
#: A signal that comes right after a task's start may be taken half a minute later.
_SNAPSHOT_SECONDS = 120.0


def table_dropped(under_test: WatchedStage) -> Row:
    """Neither Connect nor Debezium takes it for a failure, and the other tables flow."""
    scenario = FaultScenario(under_test, "table dropped while it is streamed")

    @contextmanager
    def dropped() -> Iterator[None]:
        with under_test.expecting_the_log("Applying schema change event"):
            tables.drop(under_test.world.database, by_owner=True)
        try:
            yield
        finally:
            tables.restore(under_test.world.database)

    return _silent(scenario, dropped, "table-dropped", _acknowledged)


def table_truncated(under_test: WatchedStage) -> Row:
    """The rows are gone, and no record tells of it."""
    scenario = FaultScenario(under_test, "table truncated while it is streamed")

    @contextmanager
    def truncated() -> Iterator[None]:
        with under_test.expecting_the_log("Dispatching TRUNCATE event"):
            _application(under_test, f"TRUNCATE TABLE {_TABLE}")
        yield

    return _silent(scenario, truncated, "table-truncated", _acknowledged)


def change_unsupported(under_test: WatchedStage) -> Row:
    """LogMiner shows a change of operation 255, which has no SQL."""
    scenario = FaultScenario(under_test, "a change that LogMiner does not support (operation 255)")

    @contextmanager
    def unsupported() -> Iterator[None]:
        owner, table = tables.LAST
        with (
            under_test.expecting_the_log("An unsupported operation detected"),
            under_test.world.database.sys() as session,
        ):
            session.admin(
                "redo",
                row={
                    "operation_code": 255,
                    "seg_owner": owner,
                    "table_name": table,
                    "username": APPLICATION,
                    "sql_redo": "Unsupported",
                    "info": "Unsupported",
                },
            )
        yield

    return _silent(scenario, unsupported, "unsupported-change", _acknowledged)


def table_not_logged(under_test: WatchedStage) -> Row:
    """Its supplemental logging is taken away while it is streamed, and given back: nobody acknowledges."""
    scenario = FaultScenario(under_test, "table without supplemental logging")

    @contextmanager
    def not_logged() -> Iterator[None]:
        with under_test.expecting_the_log("Applying schema change event"):
            _application(under_test, _LOGGED.format("DROP"))
        yield

    def logged(_: FaultScenario) -> str:
        with under_test.expecting_the_log("Applying schema change event"):
            _application(under_test, _LOGGED.format("ADD"))
        return "logging added: ended by itself"

    return _silent(scenario, not_logged, "table-not-logged", logged)


def snapshot_aborted(under_test: WatchedStage) -> Row:
    """A requested snapshot that fails: Connect and Debezium say RUNNING; another one ends it."""
    scenario = FaultScenario(under_test, "requested snapshot fails (ORA-01555)")

    @contextmanager
    def failed() -> Iterator[None]:
        text = 'ORA-01555: snapshot too old: rollback segment number 9 with name "_SYSSMU9$" too small'
        with under_test.world.database.sys() as session:
            where = f"{tables.relation(*tables.LAST)} AS OF SCN"
            session.admin("fault", at=where, code=1555, text=text, times=1)
        _snapshot(scenario, "Snapshot was not completed successfully")
        yield

    return _silent(scenario, failed, "snapshot-aborted", _snapshotted)


def table_left_out(under_test: WatchedStage) -> Row:
    """A table without SELECT is left out of the first snapshot in silence; a snapshot of it ends that."""
    scenario = FaultScenario(under_test, "no SELECT on a captured table at the first snapshot")

    @contextmanager
    def left_out() -> Iterator[None]:
        try:
            _begin_anew(under_test, f"REVOKE SELECT ON {_TABLE} FROM {schema.CDC}")
            yield
        finally:
            with under_test.world.database.sys() as session:
                session.execute(f"GRANT SELECT ON {_TABLE} TO {schema.CDC}")

    return _silent(scenario, left_out, "table-left-out", _snapshotted)


def database_set_back(under_test: WatchedStage) -> Row:
    """The stored position is ahead of the database's SCN, as after FLASHBACK DATABASE: nothing is read."""
    scenario = FaultScenario(under_test, "database set back behind the connector's position")

    @contextmanager
    def ahead() -> Iterator[None]:
        stored = _position(under_test)
        _put_position(under_test, [_moved(pair, _AHEAD) for pair in stored])
        under_test.rest()
        wait_for(lambda: under_test.source().scn, "the database's SCN")
        try:
            yield
            # What a restart would do, the check does not.
            scenario.expect(f"{under_test.restarts()} restarts", holds=under_test.restarts() == 0)
        finally:
            _put_position(under_test, stored)

    row = _silent(
        scenario, ahead, "database-restored", _acknowledged, about="all captured tables", flows=False
    )
    scenario.cells["afterwards"] = f"position put back by hand, {scenario.cells['afterwards']}"
    return row


#: Name -> the fault, and what it is.
SILENT_FAULTS: Mapping[str, tuple[Callable[[WatchedStage], Row], str]] = {
    "table-dropped": (table_dropped, "a table is dropped while it is streamed"),
    "table-truncated": (table_truncated, "a table is truncated while it is streamed"),
    "unsupported-change": (change_unsupported, "a change that LogMiner does not support"),
    "table-not-logged": (table_not_logged, "a table loses its supplemental logging"),
    "snapshot-aborted": (snapshot_aborted, "a requested snapshot fails"),
    "table-left-out": (table_left_out, "the connector may not read a table when its first snapshot begins"),
    "database-set-back": (database_set_back, "the database is behind the connector's position"),
}


# -- the course -------------------------------------------------------------------


def _silent(
    scenario: FaultScenario,
    inject: Callable[[], AbstractContextManager[None]],
    error_class: str,
    end: Callable[[FaultScenario], str],
    *,
    about: str = _TABLE,
    flows: bool = True,
) -> Row:
    """Found and mailed by the first check and by no other; `end` ends it, and says how.

    `flows`: rows of another table arrive all the while.
    """
    under_test = scenario.under_test
    under_test.forget()
    with inject():
        if flows:
            scenario.flows()
        states = under_test.states()
        scenario.expect(f"Connect says {states}", holds=states == ("RUNNING", "RUNNING"))
        checks = [under_test.check() for _ in range(2)]
    first = checks[0]
    owner = named(error_class).owner.value
    cause = first.cause(METRIC)
    scenario.expect(f"class {cause or 'none'}", holds=cause == f"{error_class}, {owner}")
    scenario.expect(f"found {first.summary}", holds=first.summary.startswith(f"{METRIC}: {about}: "))
    scenario.expect(f"it did {first.done!r}", holds=not first.done)
    told = [[mail for mail in check.mails if METRIC in mail.subject] for check in checks]
    subjects = [[mail.subject for mail in mails] for mails in told]
    scenario.expect(f"mailed {subjects}", holds=[len(mails) for mails in told] == [1, 0])
    for mail in told[0]:
        _readable(scenario, mail, error_class, about)
    status = wms_connector(under_test.world.env(), "status", under_test.stage.name, "--json")
    scenario.expect("status does not name it", holds=f'"class": "{error_class}"' in status.stdout)
    how = end(scenario)
    under_test.rest()
    after = _until_healthy(under_test)
    scenario.expect(f"afterwards: {after.summary}", holds=after.summary == "healthy")
    scenario.flows()
    scenario.cells.update(
        {
            "found": f"check 1: {METRIC}",
            "class, owner": cause,
            "the check": "watches: nothing fails",
            "mail": "1, in check 1",
            "afterwards": f"{how}; rows flow",
        }
    )
    return scenario.row()


def _readable(scenario: FaultScenario, mail: Mail, error_class: str, about: str) -> None:
    """A mail has all that a person needs, and neither a password nor a value of a row."""
    cause, stage = named(error_class), scenario.under_test.stage
    scenario.expect(f"subject {mail.subject!r}", holds=f"({error_class}) {about}" in mail.subject)
    for title, value in (
        ("Table", about),
        ("Cause", f"{cause.name}: {cause.meaning}"),
        ("Owner", cause.owner.value),
        ("Next step", cause.next_step),
        ("Command", cause.command_for(stage)),
    ):
        # In front of the step there may be a statement for the table, behind the command its option.
        scenario.expect(f"{title} in the mail: {mail.value(title)!r}", holds=value in mail.value(title))
    password = scenario.under_test.world.database.cdc_password
    scenario.expect("the password is in the mail", holds=password not in mail.text)
    scenario.figures["mail"] = mail.text


def _until_healthy(under_test: WatchedStage) -> Check:
    """The first healthy check, or the last: lines of the log come a moment later than they are written."""
    for _ in range(5):
        check = under_test.check()
        if check.summary == "healthy":
            break
    return check


# -- parts --------------------------------------------------------------------------


def _application(under_test: WatchedStage, statement: str) -> None:
    """As the application does it: Debezium passes over what SYS defines."""
    with under_test.world.database.app() as session:
        session.execute(statement)


def _acknowledged(scenario: FaultScenario) -> str:
    under_test = scenario.under_test
    done = wms_connector(under_test.world.env(), "acknowledge", under_test.stage.name)
    scenario.expect(f"acknowledge: {done.stderr}", holds=done.status == 0)
    return "acknowledged"


def _snapshot(scenario: FaultScenario, words: str) -> None:
    """Ask for a snapshot of the table as an operator does, and wait for these words in the log."""
    under_test = scenario.under_test
    with under_test.expecting_the_log(words, _SNAPSHOT_SECONDS):
        done = wms_connector(under_test.world.env(), "snapshot", under_test.stage.name, "--table", _TABLE)
        scenario.expect(f"snapshot: {done.stderr}", holds=done.status == 0)


def _snapshotted(scenario: FaultScenario) -> str:
    _snapshot(scenario, "Snapshot completed")
    return "ended by a snapshot of the table"


def _begin_anew(under_test: WatchedStage, statement: str) -> None:
    """A statement of the DBA's, and then an initial snapshot."""
    under_test.connect("PUT", "/stop")
    under_test.wait_for_states("STOPPED")
    under_test.connect("DELETE", "/offsets")
    with under_test.world.database.sys() as session:
        session.execute(statement)
    # It tells all rows again: only what comes after it is told once.
    under_test.rows.keys.clear()
    with under_test.expecting_the_log("Snapshot completed"):
        under_test.connect("PUT", "/resume")
    under_test.rest()


def _position(under_test: WatchedStage) -> Sequence[Mapping[str, Any]]:
    """What Connect has stored, of a connector that is stopped."""
    under_test.connect("PUT", "/stop")
    under_test.wait_for_states("STOPPED")
    return list(under_test.connect("GET", "/offsets")["offsets"])


def _moved(pair: Mapping[str, Any], by: int) -> Mapping[str, Any]:
    offset = pair["offset"]
    return {**pair, "offset": {**offset, "scn": str(int(offset["scn"]) + by)}}


def _put_position(under_test: WatchedStage, offsets: Sequence[Mapping[str, Any]]) -> None:
    """Change what Connect has stored, which it lets one do while the connector is stopped."""
    under_test.connect("PUT", "/stop")
    under_test.wait_for_states("STOPPED")
    under_test.connect("PATCH", "/offsets", {"offsets": list(offsets)})
    under_test.connect("PUT", "/resume")
