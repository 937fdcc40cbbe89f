"""A drill is mailed in the words of a real incident, and touches nothing else."""

from typing import Any

import pytest

from connector.domain.health import metrics
from connector.domain.health.drills import CLASSES, KEY, Mailed, metric_of
from connector.domain.health.error_classes import ErrorClass
from connector.domain.health.findings import Finding
from connector.domain.health.incident import mailed
from connector.domain.health.mail import SUBJECT
from connector.domain.stage.stage import Stage
from lambda_src.connect_health import handler as entry
from lambda_src.connect_health.drill import compose, drill, is_drill
from tests.lambda_src.connect_health.test_handler import ENVIRONMENT, Context

MAIN = Stage.parse("main")
TOPIC = "arn:aws:sns:us-east-1:123456789012:Alerts-wms-alerts-main"


class Sns:
    """Takes messages and gives each an id."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, **message: Any) -> Any:
        self.published.append(message)
        return {"MessageId": f"m-{len(self.published)}"}


@pytest.mark.parametrize("cause", CLASSES, ids=lambda cause: cause.name)
def test_every_class_is_mailed_with_its_own_words(cause: ErrorClass):
    sns = Sns()
    answer = Mailed.from_payload(drill({KEY: cause.name}, MAIN, sns, TOPIC))
    (message,) = sns.published
    assert answer == Mailed(message["Subject"], "m-1")
    assert message["TopicArn"] == TOPIC
    assert message["Subject"].startswith("DRILL wms-connector-main: ")
    assert f"({cause.name})" in message["Subject"]
    assert message["Message"].startswith("This is a DRILL: nothing below has happened")
    for words in (cause.meaning, cause.next_step, cause.command_for(MAIN), cause.owner.value):
        assert words in message["Message"]


@pytest.mark.parametrize("cause", CLASSES, ids=lambda cause: cause.name)
def test_the_finding_of_a_class_is_one_that_the_health_check_mails(cause: ErrorClass):
    metric = metrics.metric(metric_of(cause))
    assert metric.alarm is not None
    assert not metric.alarm.mails
    assert mailed((Finding.failed(metric.name, "x", cause),))


def test_a_subject_is_no_longer_than_sns_takes():
    stage = Stage.parse("a" * 64)
    assert max(len(compose(stage, cause, 0).subject) for cause in CLASSES) <= SUBJECT


@pytest.mark.parametrize(
    "event", [{KEY: "no such"}, {KEY: None}, {KEY: ["login"]}, {KEY: "login", "more": 1}, {KEY: ""}]
)
def test_what_is_not_exactly_one_known_class_is_refused_and_nothing_is_mailed(event: dict[str, Any]):
    sns = Sns()
    answer = drill(event, MAIN, sns, TOPIC)
    assert set(answer) == {"refused"}
    assert sns.published == []


@pytest.mark.parametrize("event", [{}, None, [KEY], {"source": "aws.events", "detail": {KEY: "login"}}])
def test_the_schedules_events_ask_for_no_drill(event: object):
    assert not is_drill(event)


def test_the_handler_drills_instead_of_checking(monkeypatch: pytest.MonkeyPatch):
    """Without a check nothing is observed, published, restarted or remembered."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    sns = Sns()

    class Clients:
        aws = None

        @classmethod
        def real(cls) -> Any:
            found = cls()
            found.sns = sns  # type: ignore[attr-defined]
            return found

    monkeypatch.setattr(entry, "Clients", Clients)
    monkeypatch.setattr(entry, "check", lambda *_: pytest.fail("a check was made"))
    answer = entry.handler({KEY: "memory"}, Context())
    assert answer == {KEY: {"subject": sns.published[0]["Subject"], "message_id": "m-1"}}
    assert sns.published[0]["TopicArn"] == TOPIC
