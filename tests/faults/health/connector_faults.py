"""Faults of the connector and its task, in Connect."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaProducer

from connector.domain.health.budget import LIMIT
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import RECORD_KEY
from tests.faults.health.fault_scenario import FaultScenario, Wanted
from tests.faults.health.watched_stage import WatchedStage
from tests.faults.report import Row
from tests.support.mailbox import Sender
from tests.support.sceptre_cli import sceptre
from tests.support.waiting import wait_for

#: A topic whose name Kafka refuses: the connector itself fails when it is started, and again at each restart.
_UNUSABLE = {"offsets.storage.topic": "no such name!"}
#: A query that the connector sends in each round of its stream.
_EACH_ROUND = "CURRENT_SCN"
#: When a restart may be claimed again, in seconds after the first: the back-off of the budget.
_LATER = (600.0, 1500.0, 2100.0)


def connector_failed(under_test: WatchedStage) -> Row:
    """A connector that fails at every start because of a setting: no restart is made, and people are told."""
    scenario = FaultScenario(under_test, "connector FAILED at every start (a setting)")
    good = under_test.connect("GET", "/config")

    @contextmanager
    def unusable() -> Iterator[None]:
        under_test.connect("PUT", "/config", {**good, **_UNUSABLE})
        try:
            wait_for(lambda: under_test.states()[:1] == ("FAILED",), "a connector that is FAILED")
            yield
        finally:
            under_test.connect("PUT", "/config", good)

    def untouched() -> None:
        scenario.expect(f"{under_test.restarts()} restarts", holds=under_test.restarts() == 0)

    return scenario.run(unusable, Wanted("ConnectorStateFailed", "settings"), in_time=untouched)


def task_fails_again(under_test: WatchedStage) -> Row:
    """A task that fails at every start for a reason that passes, but does not: restarts do not fix it.

    People are notified when they are used up.
    """
    scenario = FaultScenario(under_test, "task FAILED at every start")
    wanted = Wanted(
        "ConnectorTaskFailed", "session ended", does="restarted the failed connector or task", healed=True
    )
    under_test.forget()
    began = time.time()
    with under_test.world.database.sys() as session:
        session.admin("fault", at=_EACH_ROUND, code=1012, text="ORA-01012: not logged on")
    try:
        wait_for(lambda: _task_failed(under_test), "a task that is FAILED")
        scenario.found(wanted, began)
        _spend(under_test, scenario)
    finally:
        with under_test.world.database.sys() as session:
            session.admin("clear_faults")
        under_test.connect("POST", "/restart?includeTasks=true")
    # The incident was told after all: a recovery is due.
    scenario.recovered(Wanted("ConnectorTaskFailed", "session ended"))
    return scenario.row()


def _task_failed(under_test: WatchedStage) -> bool:
    return "FAILED" in under_test.states()[1:]


def _spend(under_test: WatchedStage, scenario: FaultScenario) -> None:
    """Checks at later times: the hour's restarts, then one mail."""
    checks = []
    for seconds in _LATER:
        wait_for(lambda: _task_failed(under_test), "a task that is FAILED again")
        checks.append(under_test.check_later(seconds))
    wait_for(lambda: _task_failed(under_test), "a task that is FAILED again")
    checks.append(under_test.check_later(_LATER[-1] + 60))
    restarts = 1 + sum(check.done == "restarted the failed connector or task" for check in checks)
    scenario.expect(f"{restarts} restarts", holds=restarts == LIMIT == under_test.restarts())
    mails = [mail for check in checks for mail in check.mails if mail.sender is Sender.CHECK]
    scenario.expect(f"mailed {[mail.subject for mail in mails]}", holds=len(mails) == 1)
    spent = checks[-1].content["metrics"]["AutoRestartBudgetExceeded"]
    scenario.expect("AutoRestartBudgetExceeded is not published", holds=spent == 1)
    for mail in mails:
        scenario.readable(mail, Wanted("ConnectorTaskFailed", "session ended"))
    scenario.cells["the check"] = f"{restarts} restarts in an hour, then none (budget's clock set forward)"
    scenario.cells["mail"] = "1, once the restarts of the hour are used up"


def task_failed(under_test: WatchedStage) -> Row:
    """Somebody else's producer with the task's transactional id fences it; a restart fixes that."""
    scenario = FaultScenario(under_test, "task FAILED (its producer is fenced)")
    wanted = Wanted(
        "ConnectorTaskFailed", "fenced", does="restarted the failed connector or task", healed=True
    )

    @contextmanager
    def fenced() -> Iterator[None]:
        group = under_test.stage.topics.groups[0]
        producer = KafkaProducer(
            bootstrap_servers=under_test.world.kafka_bootstrap, transactional_id=f"{group}-{CONNECTOR}-0"
        )
        producer.init_transactions()
        producer.close()
        under_test.wait_for_states("RUNNING", "FAILED")
        yield

    def healed() -> None:
        under_test.wait_for_states("RUNNING", "RUNNING")
        scenario.expect(f"{under_test.restarts()} restarts", holds=under_test.restarts() == 1)

    return scenario.run(fenced, wanted, in_time=healed)


def connector_deleted(under_test: WatchedStage) -> Row:
    """Deleted by hand: registered by the second check that misses it, and it goes on where it was."""
    scenario = FaultScenario(under_test, "connector deleted")
    wanted = Wanted(
        "ConnectorStateFailed", "connector missing", found=2, does="registered the connector", healed=True
    )

    @contextmanager
    def deleted() -> Iterator[None]:
        under_test.connect("DELETE")
        wait_for(lambda: under_test.connect("GET", "/status") is None, "a connector that is gone")
        under_test.rows.insert()
        yield

    return scenario.run(deleted, wanted)


def connector_paused(under_test: WatchedStage) -> Row:
    """A person pauses it: that is no problem, is said, and nobody resumes it behind their back."""
    scenario = FaultScenario(under_test, "connector paused by a person")
    under_test.forget()
    under_test.connect("PUT", "/pause")
    try:
        under_test.wait_for_states("PAUSED", "PAUSED")
        checks = [under_test.check() for _ in range(3)]
        states = under_test.states()
    finally:
        under_test.connect("PUT", "/resume")
    told = f"nothing is streamed: {CONNECTOR} is PAUSED: an operator did that"
    summaries = {check.summary for check in checks}
    scenario.expect(f"told {summaries}", holds=all(summary.startswith(told) for summary in summaries))
    scenario.expect(f"it is {states}", holds=states == ("PAUSED", "PAUSED"))
    scenario.expect("something was done", holds=not any(check.done for check in checks))
    scenario.expect("mailed", holds=not any(check.mails for check in checks))
    zero = {check.content["metrics"]["ConnectorStateFailed"] for check in checks}
    scenario.expect(f"ConnectorStateFailed is {zero}", holds=zero == {0})
    under_test.rest()
    scenario.flows()
    scenario.cells.update(
        {
            "found": "check 1 to 3: nothing is streamed, an operator did that",
            "class, owner": "none",
            "the check": "leaves it paused",
            "mail": "none",
            "afterwards": "resumed by the person; rows flow",
        }
    )
    return scenario.row()


def stage_retiring(under_test: WatchedStage) -> Row:
    """While a stage is torn down, a connector that is gone is meant to be gone."""
    scenario = FaultScenario(under_test, "stage being torn down, connector gone")
    under_test.forget()
    _mark(under_test, retiring=True)
    try:
        under_test.connect("DELETE")
        wait_for(lambda: under_test.connect("GET", "/status") is None, "a connector that is gone")
        checks = [under_test.check() for _ in range(4)]
        missing = under_test.connect("GET", "/status") is None
        restarts = under_test.restarts()
    finally:
        # A launch clears the mark and registers.
        run = sceptre(under_test.world.env(), "launch", under_test.stage.name, "--yes")
    scenario.expect(f"launch ends with {run.last_line}", holds=run.status == 0)
    summaries = {check.summary for check in checks}
    scenario.expect(
        f"told {summaries}", holds=summaries == {"the stage is being torn down: nothing is checked"}
    )
    scenario.expect("registered", holds=missing and restarts == 0)
    scenario.expect("mailed", holds=not any(check.mails for check in checks))
    scenario.expect("something was done", holds=not any(check.done for check in checks))
    published = {name for check in checks for name in check.content["metrics"]}
    # The dead man's switch stays quiet, and no other metric is told.
    scenario.expect(f"published {published}", holds=published == {"HealthCheckFailed"})
    under_test.rest()
    scenario.flows()
    scenario.cells.update(
        {
            "found": "check 1 to 4: nothing is checked",
            "class, owner": "none",
            "the check": "restarts and registers nothing",
            "mail": "none",
            "afterwards": "launched again; rows flow",
        }
    )
    return scenario.row()


def _mark(under_test: WatchedStage, *, retiring: bool) -> None:
    """The mark in the stage record that a teardown sets first."""
    under_test.world.account.client("dynamodb").update_item(
        TableName=under_test.stage.names.table,
        Key={"id": {"S": RECORD_KEY}},
        UpdateExpression="SET retiring = :retiring",
        ExpressionAttributeValues={":retiring": {"BOOL": retiring}},
    )
