"""Faults of the connector and its task, in Connect."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaProducer

from connector.domain.health.budget import LIMIT
from connector.domain.stage.names import CONNECTOR
from connector.domain.stage.record import RECORD_KEY
from tests.faults.health.course import Course, Wanted
from tests.faults.health.mailbox import Sender
from tests.faults.health.patient import Patient
from tests.faults.report import Row
from tests.support.deployed import eventually
from tests.support.sceptre_cli import sceptre

#: A topic whose name Kafka refuses: the connector itself fails when it is started, and again at each restart.
_UNUSABLE = {"offsets.storage.topic": "no such name!"}
#: When a restart may be claimed again, in seconds after the first: the back-off of the budget.
_LATER = (600.0, 1500.0, 2100.0)


def connector_failed(patient: Patient) -> Row:
    """A connector that fails at every start: restarts do not mend it, people are told when they are spent."""
    course = Course(patient, "connector FAILED at every start")
    wanted = Wanted("ConnectorStateFailed", "unknown", does="restarted what had failed", healed=True)
    patient.forget()
    began = time.time()
    good = patient.connect("GET", "/config")
    patient.connect("PUT", "/config", {**good, **_UNUSABLE})
    try:
        eventually(lambda: patient.states()[:1] == ("FAILED",), "a connector that is FAILED")
        course.found(wanted, began)
        _spend(patient, course)
    finally:
        patient.connect("PUT", "/config", good)
    # The incident was told after all: a recovery is due.
    course.recovered(Wanted("ConnectorStateFailed", "unknown"))
    return course.row()


def _spend(patient: Patient, course: Course) -> None:
    """Checks at later times: the hour's restarts, then one mail."""
    checks = []
    for seconds in _LATER:
        eventually(lambda: patient.states()[:1] == ("FAILED",), "a connector that is FAILED again")
        checks.append(patient.check_later(seconds))
    checks.append(patient.check_later(_LATER[-1] + 60))
    restarts = 1 + sum(check.done == "restarted what had failed" for check in checks)
    course.expect(f"{restarts} restarts", holds=restarts == LIMIT == patient.restarts())
    mails = [mail for check in checks for mail in check.mails if mail.sender is Sender.CHECK]
    course.expect(f"mailed {[mail.subject for mail in mails]}", holds=len(mails) == 1)
    spent = checks[-1].content["metrics"]["AutoRestartBudgetExceeded"]
    course.expect("AutoRestartBudgetExceeded is not published", holds=spent == 1)
    for mail in mails:
        course.readable(mail, Wanted("ConnectorStateFailed", "unknown"))
    course.cells["the check"] = f"{restarts} restarts in an hour, then none (budget's clock set forward)"
    course.cells["mail"] = "1, once the restarts of the hour are spent"


def task_failed(patient: Patient) -> Row:
    """Somebody else's producer with the task's transactional id fences it; a restart mends that."""
    course = Course(patient, "task FAILED (its producer is fenced)")
    wanted = Wanted("ConnectorTaskFailed", "fenced", does="restarted what had failed", healed=True)

    @contextmanager
    def fenced() -> Iterator[None]:
        group = patient.stage.topics.groups[0]
        producer = KafkaProducer(
            bootstrap_servers=patient.world.kafka_bootstrap, transactional_id=f"{group}-{CONNECTOR}-0"
        )
        producer.init_transactions()
        producer.close()
        patient.wait_for("RUNNING", "FAILED")
        yield

    def healed() -> None:
        patient.wait_for("RUNNING", "RUNNING")
        course.expect(f"{patient.restarts()} restarts", holds=patient.restarts() == 1)

    return course.run(fenced, wanted, in_time=healed)


def connector_deleted(patient: Patient) -> Row:
    """Deleted by hand: registered by the second check that misses it, and it goes on where it was."""
    course = Course(patient, "connector deleted")
    wanted = Wanted(
        "ConnectorStateFailed", "connector missing", found=2, does="registered the connector", healed=True
    )

    @contextmanager
    def deleted() -> Iterator[None]:
        patient.connect("DELETE")
        eventually(lambda: patient.connect("GET", "/status") is None, "a connector that is gone")
        patient.rows.insert()
        yield

    return course.run(deleted, wanted)


def connector_paused(patient: Patient) -> Row:
    """A person pauses it: that is healthy, and nobody resumes it behind their back."""
    course = Course(patient, "connector paused by a person")
    patient.forget()
    patient.connect("PUT", "/pause")
    try:
        patient.wait_for("PAUSED", "PAUSED")
        checks = [patient.check() for _ in range(3)]
        states = patient.states()
    finally:
        patient.connect("PUT", "/resume")
    summaries = {str(check.content["summary"]) for check in checks}
    course.expect(f"told {summaries}", holds=summaries == {"healthy"})
    course.expect(f"it is {states}", holds=states == ("PAUSED", "PAUSED"))
    course.expect("something was done", holds=not any(check.done for check in checks))
    course.expect("mailed", holds=not any(check.mails for check in checks))
    zero = {check.content["metrics"]["ConnectorStateFailed"] for check in checks}
    course.expect(f"ConnectorStateFailed is {zero}", holds=zero == {0})
    patient.rest()
    course.flows()
    course.cells.update(
        {
            "found": "check 1 to 3: healthy",
            "class, owner": "none",
            "the check": "leaves it paused",
            "mail": "none",
            "afterwards": "resumed by the person; rows flow",
        }
    )
    return course.row()


def stage_retiring(patient: Patient) -> Row:
    """While a stage is torn down, a connector that is gone is meant to be gone."""
    course = Course(patient, "stage retiring, connector gone")
    patient.forget()
    _mark(patient, retiring=True)
    try:
        patient.connect("DELETE")
        eventually(lambda: patient.connect("GET", "/status") is None, "a connector that is gone")
        checks = [patient.check() for _ in range(4)]
        missing = patient.connect("GET", "/status") is None
        restarts = patient.restarts()
    finally:
        # A launch clears the mark and registers.
        run = sceptre(patient.world.env(), "launch", patient.stage.name, "--yes")
    course.expect(f"launch ends with {run.last_line}", holds=run.status == 0)
    told = {str(check.content["summary"]) for check in checks}
    course.expect(f"told {told}", holds=told == {"the stage is being torn down: nothing is judged"})
    course.expect("registered", holds=missing and restarts == 0)
    course.expect("mailed", holds=not any(check.mails for check in checks))
    course.expect("something was done", holds=not any(check.done for check in checks))
    published = {name for check in checks for name in check.content["metrics"]}
    # The dead man's switch stays quiet, and no other metric is told.
    course.expect(f"published {published}", holds=published == {"HealthCheckFailed"})
    patient.rest()
    course.flows()
    course.cells.update(
        {
            "found": "check 1 to 4: nothing is judged",
            "class, owner": "none",
            "the check": "restarts and registers nothing",
            "mail": "none",
            "afterwards": "launched again; rows flow",
        }
    )
    return course.row()


def _mark(patient: Patient, *, retiring: bool) -> None:
    """The mark in the stage record that a teardown sets first."""
    patient.world.account.client("dynamodb").update_item(
        TableName=patient.stage.names.table,
        Key={"id": {"S": RECORD_KEY}},
        UpdateExpression="SET retiring = :retiring",
        ExpressionAttributeValues={":retiring": {"BOOL": retiring}},
    )
