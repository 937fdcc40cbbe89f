"""Faults of the watcher itself: what the health check cannot tell, its alarms do."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.faults.health.fault_scenario import FaultScenario
from tests.faults.health.watched_stage import WatchedStage
from tests.faults.report import Row
from tests.support.mailbox import Mail
from tests.support.stage_under_test import SCHEDULED
from tests.support.waiting import wait_for


def function_fails(under_test: WatchedStage) -> Row:
    """Without its table's name the function fails at once: an alarm mails, and the event is kept.

    It is called twice: the embedded Lambda counts the errors of calls that wait for an answer only, and keeps
    the events of those that do not.
    """
    scenario = FaultScenario(under_test, "the health check's Lambda fails (its environment is broken)")
    under_test.forget()
    with _environment(under_test, TABLE_NAME=""):
        error = under_test.invoke_check().get("FunctionError")
        scenario.expect(f"the function ends with {error}", holds=error == "Unhandled")
        under_test.invoke_check("Event")
        mails = wait_for(lambda: _alarms(under_test, "ConnectHealthErrors"), "a mail of the alarm")
        letters = wait_for(lambda: _dead_letters(under_test), "a dead letter")
    scenario.expect(f"mailed {[mail.subject for mail in mails]}", holds=len(mails) == 1)
    text = mails[0].text
    scenario.expect("the mail has no link", holds="docs/operations.md#functionerrors" in text)
    scenario.expect(f"{len(letters)} dead letters", holds=len(letters) == 1)
    kept = json.loads(letters[0]["Body"])
    scenario.expect("the dead letter has another event", holds=kept["requestPayload"] == dict(SCHEDULED))
    error = kept["responsePayload"]["errorType"]
    scenario.expect(f"it ended with {error}", holds=error == "HealthCheckError")
    scenario.expect("it is not well again", holds=under_test.check().summary == "healthy")
    scenario.figures["mail"] = text
    scenario.flows()
    scenario.cells.update(
        {
            "found": "alarm ConnectHealthErrors, at the first failed run",
            "class, owner": "none: the check cannot see the stage",
            "the check": "fails; 1 dead letter with the event",
            "mail": "1, from the alarm (that it is over: after 5 minutes, not waited for)",
            "afterwards": "healthy, rows flow",
        }
    )
    return scenario.row()


def secret_unreadable(under_test: WatchedStage) -> Row:
    """A secret that is no JSON: it is mailed once, and the check looks with what the workers have."""
    scenario = FaultScenario(under_test, "a secret that the health check cannot read")
    under_test.forget()
    under_test.world.account.put_secret(f"{under_test.stage.name}/dbInfo", "no JSON")
    try:
        mails = wait_for(lambda: _of_secrets(under_test), "a mail about the secret")
        check = under_test.check()
        again = under_test.check()
    finally:
        under_test.world.account.delete_secret(f"{under_test.stage.name}/dbInfo")
    subjects = [mail.subject for mail in mails]
    told = len(mails) == 1 and subjects[0].endswith("SecretChanged (secret malformed)")
    scenario.expect(f"mailed {subjects}", holds=told)
    scenario.expect("the secret is told", holds="no JSON" not in "".join(mail.text for mail in mails))
    for found in (check, again):
        scenario.expect(f"found {found.summary}", holds=found.summary == "healthy")
        scenario.expect("mailed again", holds=not found.mails)
    scenario.expect("it is not well again", holds=under_test.check().summary == "healthy")
    scenario.flows()
    scenario.cells.update(
        {
            "found": "at once: SecretChanged",
            "class, owner": "secret malformed, us",
            "the check": "looks with what the workers have",
            "mail": "1, for the event",
            "afterwards": "healthy, rows flow",
        }
    )
    return scenario.row()


@contextmanager
def _environment(under_test: WatchedStage, **changes: str) -> Iterator[None]:
    functions = under_test.world.account.client("lambda")
    name = under_test.stage.names.connect_health
    good = functions.get_function_configuration(FunctionName=name)["Environment"]
    broken = {"Variables": {**good["Variables"], **changes}}
    functions.update_function_configuration(FunctionName=name, Environment=broken)
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment=good)


def _alarms(under_test: WatchedStage, name: str) -> list[Mail]:
    """Mails that an alarm has risen. The embedded CloudWatch judges when something is published."""
    under_test.world.account.client("cloudwatch").put_metric_data(
        Namespace="faults", MetricData=[{"MetricName": "tick", "Value": 1}]
    )
    wanted = f'ALARM: "{under_test.stage.names.alarm(name)}"'
    return [mail for mail in under_test.mailbox.take() if mail.subject.startswith(wanted)]


def _of_secrets(under_test: WatchedStage) -> list[Mail]:
    return [mail for mail in under_test.mailbox.take() if "SecretChanged" in mail.subject]


def _dead_letters(under_test: WatchedStage) -> list[Mapping[str, Any]]:
    """What lies in the stage's queue, taken out of it."""
    sqs = under_test.world.account.client("sqs")
    url = sqs.get_queue_url(QueueName=under_test.stage.names.dead_letter_queue)["QueueUrl"]
    found: list[Mapping[str, Any]] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
        "Messages", []
    )
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
