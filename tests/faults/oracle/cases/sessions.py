"""A session ends, and perhaps no other can be had."""

from collections.abc import Callable, Sequence

from connector.local import schema
from tests.faults.oracle.case import Act, Case, When, cleared, failed, interrupted, retried, unnoticed
from tests.faults.oracle.testbed import ConnectorTestbed

_NEXT = "CURRENT_SCN"
_WRONG = "another"


def _once(code: int, text: str) -> Act:
    return lambda bed: bed.fault(_NEXT, code, text, times=1)


def _then(what: Callable[[ConnectorTestbed], None]) -> Act:
    """The session is lost, and something keeps the next one away."""

    def inject(bed: ConnectorTestbed) -> None:
        what(bed)
        bed.cut()

    return inject


def _refuses(code: int) -> Callable[[ConnectorTestbed], None]:
    return lambda bed: bed.fault("connect", listener=code)


def _starting_up(bed: ConnectorTestbed) -> None:
    bed.fault("connect", 1033, "ORA-01033: ORACLE initialization or shutdown in progress")


def _other_password(bed: ConnectorTestbed) -> None:
    bed.sys(f'ALTER USER {schema.CDC} IDENTIFIED BY "{_WRONG}"')


def _locked(bed: ConnectorTestbed) -> None:
    bed.sys(f"ALTER USER {schema.CDC} ACCOUNT LOCK")


def _expired(bed: ConnectorTestbed) -> None:
    bed.sys(f"ALTER USER {schema.CDC} PASSWORD EXPIRE")


def _let_in(bed: ConnectorTestbed) -> None:
    """Refused logins lock the account too: after ten in Oracle's default profile."""
    cleared(bed)
    bed.sys(
        f'ALTER USER {schema.CDC} IDENTIFIED BY "{bed.database.cdc_password}"',
        f"ALTER USER {schema.CDC} ACCOUNT UNLOCK",
    )


def _wrong_until_locked(bed: ConnectorTestbed) -> None:
    _other_password(bed)
    bed.cut()


def _down(*, kill: bool) -> Act:
    return lambda bed: bed.world.stop_database(kill=kill)


def _up(bed: ConnectorTestbed) -> None:
    bed.world.start_database()


def _loss(code: int, text: str) -> Case:
    return Case(
        f"session-{code:05d}",
        f"ORA-{code:05d}: {text}, once",
        _once(code, text),
        interrupted(f"ORA-{code:05d}"),
    )


def _refused(code: int, words: str) -> Case:
    title = f"session lost, then the listener refuses with ORA-{code}"
    return Case(f"listener-{code}", title, _then(_refuses(code)), retried(f"ORA-{code}: {words}"))


def _lost_again(bed: ConnectorTestbed) -> None:
    """A first loss from which the connector has recovered; the case is about the second."""
    bed.cut()
    assert bed.arrives([bed.change()]) is not None
    bed.set_mark()
    bed.cut()


CASES: Sequence[Case] = (
    Case(
        "session-lost",
        "connection closed by the other side, once",
        ConnectorTestbed.cut,
        interrupted("ORA-17002"),
    ),
    Case(
        "session-lost-again",
        "connection closed by the other side, a second time in the life of the task",
        _lost_again,
        interrupted("ORA-17002"),
    ),
    _loss(3113, "end-of-file on communication channel"),
    _loss(3135, "connection lost contact"),
    _loss(1089, "immediate shutdown or close in progress - no operations are permitted"),
    Case(
        "session-01012",
        "ORA-01012: not logged on, once",
        _once(1012, "not logged on"),
        failed("java.sql.SQLException: ORA-01012"),
    ),
    Case(
        "session-02396",
        "ORA-02396: exceeded maximum idle time, once",
        _once(2396, "exceeded maximum idle time, please connect again"),
        failed("java.sql.SQLException: ORA-02396"),
    ),
    Case(
        "database-stopped",
        "database shut down: nobody listens",
        _down(kill=False),
        retried("ORA-12541"),
        _up,
        writes=False,
    ),
    Case(
        "database-killed",
        "database killed: nobody listens",
        _down(kill=True),
        retried("ORA-12541"),
        _up,
        writes=False,
    ),
    Case(
        "login-01017",
        "session lost, and the password was changed",
        _then(_other_password),
        retried("ORA-01017"),
        _let_in,
    ),
    Case(
        "login-01017-until-locked",
        "session lost, wrong password for longer: the connector locks its own account (ORA-28000)",
        _wrong_until_locked,
        retried("ORA-28000"),
        _let_in,
        seconds=90,
    ),
    Case(
        "login-28000",
        "session lost, and the account is locked",
        _then(_locked),
        retried("ORA-28000"),
        _let_in,
    ),
    Case(
        "login-28001",
        "session lost, and the password has expired",
        _then(_expired),
        retried("ORA-28001"),
        _let_in,
    ),
    Case(
        "login-01033",
        "session lost, and the database is starting up",
        _then(_starting_up),
        retried("ORA-01033"),
    ),
    _refused(12514, "Cannot connect to database. Service"),
    _refused(12505, "Cannot connect to database. SID"),
    _refused(12516, ""),
    _refused(12518, ""),
    _refused(12528, ""),
    Case(
        "start-01017",
        "the password was changed, and the task starts again",
        _other_password,
        retried("ORA-01017"),
        _let_in,
        When.START,
    ),
    Case(
        "start-12514",
        "the listener does not know the service, and the task starts again",
        _refuses(12514),
        retried("ORA-12514"),
        when=When.START,
    ),
    Case(
        "query-hangs",
        "a query of the redo log is silent for 12 s",
        lambda bed: bed.fault("FROM V$LOGMNR_CONTENTS", hang=12, times=1),
        unnoticed(),
    ),
)
