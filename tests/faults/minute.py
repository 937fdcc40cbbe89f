"""How soon after a fault people are mailed: within a minute, by what happens and not by the schedule.

The stage is launched as for the faults of kind `health`. Its schedule is off, so that no check comes by
chance: ECS's events and lines of the worker's log alone start the health function. No time is shortened.
"""

import secrets
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from connector.domain.health.log_phrases import TASK_FAILED
from connector.domain.health.refused_login import written_at
from connector.local import schema
from connector.local.database import insert, invented
from connector.local.oracle.process import SERVICE
from connector.local.world import World
from tests.faults.health import launched
from tests.faults.health.fault_scenario import FaultScenario, Wanted
from tests.faults.health.watched_stage import WatchedStage
from tests.faults.report import Fault, Row
from tests.support.mailbox import Mail, Sender
from tests.support.waiting import wait_for
from tests.support.wms_cli import wms_connector

#: What is promised, in seconds from the first trace or event to the mail.
LIMIT_SECONDS = 60.0
#: For how long a mail is waited for; and one that must not come, which would be late.
_PATIENCE_SECONDS = 120.0
_QUIET_SECONDS = LIMIT_SECONDS + 30
#: A statement that each round of the connector's stream begins with, and one that it sends each second.
_EACH_ROUND, _EVERY_SECOND = "CURRENT_SCN", "FROM V$THREAD"
_SESSION_ENDED = {"at": _EACH_ROUND, "code": 1012, "text": "ORA-01012: not logged on"}
#: A key that only the transaction uses that stays open.
_OPEN_KEY = 900_000
#: After so many seconds a log that was switched is archived: Debezium has looked four times.
_ARCHIVED_SECONDS = 10.0

Began = Callable[[WatchedStage, float], float]


@dataclass(frozen=True)
class Case:
    """A fault. `mail`: metric or event, and class; none if nobody is to be mailed.

    `clock`: what the time is counted from, in words. `began`: when that was, if the fault was injected at a
    time. `restarts`: how many the check makes.
    """

    name: str
    title: str
    inject: Callable[[WatchedStage], AbstractContextManager[None]]
    clock: str
    began: Began
    mail: tuple[str, str] | None = None
    restarts: int = 0

    @property
    def wanted(self) -> Wanted:
        """As the scenarios of kind `health` have it."""
        metric, cause = self.mail or ("ConnectorTaskFailed", "unknown")
        return Wanted(metric, cause, healed=self.mail is None)


def _logged(words: str) -> Began:
    """When the worker has logged these words first."""

    def began(under_test: WatchedStage, since: float) -> float:
        logs, group = under_test.world.account.client("logs"), under_test.stage.names.connector_log_group

        def found() -> list[float]:
            events = logs.filter_log_events(logGroupName=group, startTime=int(since * 1000))["events"]
            times = [written_at(event["message"]) for event in events if words in event["message"]]
            return [at for at in times if at is not None]

        # Where no mail is waited for, the line may still be on its way.
        return min(wait_for(found, f"a line with {words!r}"))

    return began


def _refused(under_test: WatchedStage, since: float) -> float:
    """When the database has refused a login first."""
    with under_test.world.database.sys() as session:
        tried = session.admin("logons", name=schema.CDC)
    return float(min(each["at"] for each in tried if each["code"] and each["at"] >= since))


def _injected(_: WatchedStage, since: float) -> float:
    return since


# -- what happens ------------------------------------------------------------------------------------------


@contextmanager
def _worker_killed(under_test: WatchedStage) -> Iterator[None]:
    under_test.signal_worker(signal.SIGKILL)
    yield


@contextmanager
def _deployed(under_test: WatchedStage) -> Iterator[None]:
    (before,) = under_test.service.task_arns()
    under_test.service.update(forceNewDeployment=True)
    wait_for(lambda: before not in under_test.service.task_arns(), "a worker that is replaced", 180)
    yield


@contextmanager
def _task_fails(under_test: WatchedStage, times: int | None = None) -> Iterator[None]:
    with under_test.world.database.sys() as session:
        session.admin("fault", **_SESSION_ENDED, times=times)
    try:
        yield
    finally:
        with under_test.world.database.sys() as session:
            session.admin("clear_faults")
        if times is None:
            under_test.bring_to_rest()


@contextmanager
def _login_refused(under_test: WatchedStage) -> Iterator[None]:
    database = under_test.world.database
    _set_password(under_test, secrets.token_urlsafe(18))
    with database.sys() as session:
        session.admin("fault", at=_EVERY_SECOND, drop=True, times=1)
    try:
        yield
    finally:
        _set_password(under_test, database.cdc_password)
        done = wms_connector(under_test.world.env(), "resume", under_test.stage.name, "--retry-login")
        assert done.status == 0, done.stderr


def _set_password(under_test: WatchedStage, password: str) -> None:
    with under_test.world.database.sys(SERVICE) as session:
        session.execute(f'ALTER USER {schema.CDC} IDENTIFIED BY "{password}"')


@contextmanager
def _unarchived(under_test: WatchedStage) -> Iterator[None]:
    """The position is in a log that is switched and not archived."""
    database = under_test.world.database
    row = {**invented(schema.BASE, 1), schema.key(schema.BASE): _OPEN_KEY}
    with database.app() as transaction:
        # As long as it is open, the position does not move.
        insert(transaction, "MMDL", schema.BASE, row)
        under_test.rows.insert()
        under_test.rows.assert_arrived_once()
        with database.sys() as session:
            session.admin("switch_log")
            session.admin("delete_archived")
        try:
            yield
        finally:
            with database.sys() as session:
                session.admin("restore_archived")
            transaction.rollback()


@contextmanager
def _log_missing(under_test: WatchedStage) -> Iterator[None]:
    with _unarchived(under_test):
        yield
    under_test.bring_to_rest()


@contextmanager
def _log_late(under_test: WatchedStage) -> Iterator[None]:
    with _unarchived(under_test):
        time.sleep(_ARCHIVED_SECONDS)
    yield


_TRACE = "the first trace of the failure"
_FIRST_LOOK = "No logs available yet (attempt 1)"
CASES: Sequence[Case] = (
    Case(
        "worker-stops",
        "a worker that stops (SIGKILL)",
        _worker_killed,
        "the signal",
        _injected,
        ("TaskStopped", "worker"),
    ),
    Case(
        "task-fails",
        "a task that fails, and fails again after its restart",
        _task_fails,
        _TRACE,
        _logged("ORA-01012"),
        ("ConnectorTaskFailed", "session ended"),
        restarts=1,
    ),
    Case(
        "login-refused",
        "a refused login",
        _login_refused,
        "the first refusal",
        _refused,
        ("ConnectorStateFailed", "login"),
    ),
    Case(
        "log-missing",
        "a redo log that is missing",
        _log_missing,
        f"the first '{_FIRST_LOOK}'",
        _logged(_FIRST_LOOK),
        ("LogMissing", "log missing"),
    ),
    Case(
        "task-heals",
        "a task that fails, and runs after its restart",
        partial(_task_fails, times=1),
        _TRACE,
        _logged(TASK_FAILED),
        restarts=1,
    ),
    Case(
        "log-late",
        f"a redo log that is archived {_ARCHIVED_SECONDS:.0f} s after its switch",
        _log_late,
        f"the first '{_FIRST_LOOK}'",
        _logged(_FIRST_LOOK),
    ),
    Case("deployment", "a worker that a deployment stops", _deployed, "the deployment", _injected),
)


# -- what comes of it --------------------------------------------------------------------------------------


def run(under_test: WatchedStage, case: Case) -> Row:
    """Inject a fault, wait for its mail and that no other one comes, undo it, see the stage well again."""
    scenario = FaultScenario(under_test, case.title)
    under_test.forget()
    injected, mails = time.time(), list[Mail]()
    with case.inject(under_test):
        arrived = _mailed(under_test, mails) if case.mail else time.time()
        began = case.began(under_test, injected)
        _until_quiet(under_test, mails, began)
        restarts = under_test.restarts()
    scenario.expect(f"{restarts} restarts", holds=restarts == case.restarts)
    subjects = [mail.subject for mail in mails]
    scenario.expect(f"mailed {subjects}", holds=len(mails) == bool(case.mail))
    if case.mail:
        for mail in mails:
            scenario.readable(mail, case.wanted)
            scenario.expect(f"subject {mail.subject!r}", holds=f": {case.mail[0]} (" in mail.subject)
        took = arrived - began
        scenario.expect(f"mailed after {took:.0f} s", holds=0 <= took < LIMIT_SECONDS)
        scenario.figures["seconds to the mail"] = round(took, 1)
    scenario.cells.update(
        {
            "the clock starts with": case.clock,
            "mail": " (".join(case.mail) + ")" if case.mail else f"none within {_QUIET_SECONDS:.0f} s",
            "seconds to the mail": f"{took:.0f}" if case.mail else "",
        }
    )
    scenario.recovered(case.wanted)
    return scenario.row()


def _mailed(under_test: WatchedStage, mails: list[Mail]) -> float:
    """When the first mail of the health function's has arrived."""

    def arrived() -> bool:
        mails.extend(mail for mail in under_test.mailbox.take() if mail.sender is not Sender.ALARM)
        return bool(mails)

    wait_for(arrived, "a mail", _PATIENCE_SECONDS)
    return time.time()


def _until_quiet(under_test: WatchedStage, mails: list[Mail], began: float) -> None:
    """Collect what is mailed for longer than a mail may take."""
    while time.time() < began + _QUIET_SECONDS:
        time.sleep(1)
        mails.extend(mail for mail in under_test.mailbox.take() if mail.sender is not Sender.ALARM)


@contextmanager
def testbed() -> Iterator[Sequence[Fault]]:
    """A world with the stage launched, and its faults."""
    with launched("faults-minute") as world, faults(world) as found:
        yield found


@contextmanager
def faults(world: World) -> Iterator[Sequence[Fault]]:
    """The faults of a world in which the stage is launched. Its schedule is off meanwhile."""
    under_test = WatchedStage(world)
    try:
        with under_test.without_schedule():
            yield [Fault(case.name, case.title, partial(run, under_test, case)) for case in CASES]
    finally:
        under_test.mailbox.close()
