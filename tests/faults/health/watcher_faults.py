"""Faults of the watcher itself: what the health check cannot tell, its alarms do."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.faults.health.course import Course
from tests.faults.health.mailbox import Mail, Sender
from tests.faults.health.patient import SCHEDULED, Patient
from tests.faults.report import Row
from tests.support.deployed import eventually


def function_fails(patient: Patient) -> Row:
    """Without its table's name the function fails at once: an alarm mails, and the event is kept.

    It is called twice: the embedded Lambda counts the errors of calls that wait for an answer only, and keeps
    the events of those that do not.
    """
    course = Course(patient, "the health check's Lambda fails (its environment is broken)")
    patient.forget()
    with _environment(patient, TABLE_NAME=""):
        error = patient.invoke("RequestResponse").get("FunctionError")
        course.expect(f"the function ends with {error}", holds=error == "Unhandled")
        patient.invoke("Event")
        mails = eventually(lambda: _alarms(patient, "ConnectHealthErrors"), "a mail of the alarm")
        letters = eventually(lambda: _dead_letters(patient), "a dead letter")
    course.expect(f"mailed {[mail.subject for mail in mails]}", holds=len(mails) == 1)
    text = mails[0].text
    course.expect("the mail has no link", holds="docs/operations.md#functionerrors" in text)
    course.expect(f"{len(letters)} dead letters", holds=len(letters) == 1)
    kept = json.loads(letters[0]["Body"])
    course.expect("the dead letter has another event", holds=kept["requestPayload"] == dict(SCHEDULED))
    error = kept["responsePayload"]["errorType"]
    course.expect(f"it ended with {error}", holds=error == "HealthCheckError")
    course.expect("it is not well again", holds=patient.check().content["summary"] == "healthy")
    course.figures["mail"] = text
    course.flows()
    course.cells.update(
        {
            "found": "alarm ConnectHealthErrors, at the first failed run",
            "class, owner": "none: the check is blind",
            "the check": "fails; 1 dead letter with the event",
            "mail": "1, from the alarm (that it is over: after 5 minutes, not waited for)",
            "afterwards": "healthy, rows flow",
        }
    )
    return course.row()


def secret_unreadable(patient: Patient) -> Row:
    """A secret that is no JSON: the check says so by its own metric, whose alarm mails."""
    course = Course(patient, "a secret that the health check cannot read")
    patient.forget()
    patient.world.account.put_secret(f"{patient.stage.name}/dbInfo", "no JSON")
    try:
        check = patient.check()
        again = patient.check()
    finally:
        patient.world.account.delete_secret(f"{patient.stage.name}/dbInfo")
    told = str(check.content["summary"])
    course.expect(f"told {told}", holds=told.startswith("HealthCheckFailed: "))
    mails = [mail for mail in check.mails if mail.sender is Sender.ALARM]
    subjects = [mail.subject for mail in mails]
    course.expect(f"mailed {subjects}", holds=len(mails) == 1 and "-HealthCheckFailed" in subjects[0])
    course.expect("mailed again", holds=not again.mails)
    course.expect("the secret is told", holds="no JSON" not in told + "".join(m.text for m in mails))
    course.expect("it is not well again", holds=patient.check().content["summary"] == "healthy")
    course.flows()
    course.cells.update(
        {
            "found": "check 1: HealthCheckFailed",
            "class, owner": "none: the check is blind",
            "the check": "watches what it still can",
            "mail": "1, from the alarm",
            "afterwards": "healthy, rows flow",
        }
    )
    return course.row()


@contextmanager
def _environment(patient: Patient, **changes: str) -> Iterator[None]:
    functions = patient.world.account.client("lambda")
    name = patient.stage.names.connect_health
    good = functions.get_function_configuration(FunctionName=name)["Environment"]
    broken = {"Variables": {**good["Variables"], **changes}}
    functions.update_function_configuration(FunctionName=name, Environment=broken)
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment=good)


def _alarms(patient: Patient, name: str) -> list[Mail]:
    """Mails that an alarm has risen. The embedded CloudWatch judges when something is published."""
    patient.world.account.client("cloudwatch").put_metric_data(
        Namespace="faults", MetricData=[{"MetricName": "tick", "Value": 1}]
    )
    wanted = f'ALARM: "{patient.stage.names.alarm(name)}"'
    return [mail for mail in patient.mailbox.take() if mail.subject.startswith(wanted)]


def _dead_letters(patient: Patient) -> list[Mapping[str, Any]]:
    """What lies in the stage's queue, taken out of it."""
    sqs = patient.world.account.client("sqs")
    url = sqs.get_queue_url(QueueName=patient.stage.names.dead_letter_queue)["QueueUrl"]
    found: list[Mapping[str, Any]] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
        "Messages", []
    )
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
