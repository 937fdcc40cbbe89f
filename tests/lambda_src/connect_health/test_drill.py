"""A drill is mailed in the words of a real incident, and touches nothing else."""

import re
from typing import Any

import pytest

from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.health import metrics
from connector.domain.health.aws_alarms import aws_alarms
from connector.domain.health.drills import CLASSES, KEY, MAILS, ONE_OF_EACH_KIND, Mailed, OtherMail, metric_of
from connector.domain.health.error_classes import SKIPPED
from connector.domain.health.finding import Finding
from connector.domain.health.incident import mailed
from connector.domain.health.mail import SUBJECT, drill_mail
from connector.domain.health.mail_context import MailContext, context_in
from connector.domain.health.skipped_findings import NAME
from connector.domain.stage.stage import Stage
from lambda_src.connect_health import handler as entry
from lambda_src.connect_health import runs
from lambda_src.connect_health.check import CheckClients
from lambda_src.connect_health.drill import compose, drill, is_drill
from tests.lambda_src.conftest import VARIABLES
from tests.support.fake_lambda_aws import FakeContext, FakeLambdaAws

MAIN = Stage.parse("main")
CONTEXT = MailContext(MAIN)


@pytest.fixture
def aws() -> FakeLambdaAws:
    return FakeLambdaAws(MAIN.names, account="123456789012")


@pytest.mark.parametrize("cause", CLASSES, ids=lambda cause: cause.name)
def test_every_class_is_mailed_with_its_own_words(aws: FakeLambdaAws, cause: ErrorClass):
    answer = Mailed.from_payload(drill({KEY: cause.name}, CONTEXT, aws.sns, aws.sns.arn))
    ((subject, text),) = aws.sns.mails
    assert answer == Mailed(subject, "m-1")
    assert subject.startswith("DRILL wms-connector-main: ")
    assert f"({cause.name})" in subject
    assert text.startswith("This is a DRILL: nothing below has happened")
    for words in (cause.meaning, CONTEXT.text(cause.next_step), cause.command_for(MAIN), cause.owner.value):
        assert words in text


@pytest.mark.parametrize("cause", CLASSES, ids=lambda cause: cause.name)
def test_the_finding_of_a_class_is_one_that_the_health_check_mails(cause: ErrorClass):
    metric = metrics.metric(metric_of(cause))
    assert metric.alarm is not None
    assert not metric.alarm.mails()
    assert mailed((Finding.failed(metric.name, "x", cause),)) or (metric.name == NAME and cause in SKIPPED)


#: What was read at 3 in the morning and not understood: words of ours, old ones, and turns of speech.
ODD = re.compile(
    r"\b(mend\w*|untold|told|tells?|telling|anew|knock\w*|retire\w*|amiss|as it went|had again|"
    r"words? of its own|behold|thereof)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", MAILS)
def test_no_mail_has_a_word_that_one_must_know_us_for(aws: FakeLambdaAws, name: str):
    drill({KEY: name}, CONTEXT, aws.sns, aws.sns.arn)
    ((subject, text),) = aws.sns.mails
    assert ODD.findall(f"{subject}\n{text}") == []


def test_no_text_of_an_alarm_has_one_either():
    alarms = [(m.name, m.alarm) for m in metrics.METRICS if m.alarm]
    alarms += [(each.name, each.alarm) for each in aws_alarms(MAIN.names, "any")]
    texts = {name: alarm.text_for(MAIN, "", "") for name, alarm in alarms}
    assert {name: found for name, text in texts.items() if (found := ODD.findall(text))} == {}


@pytest.mark.parametrize("name", MAILS)
def test_every_mail_that_there_is_can_be_drilled_and_acted_on(aws: FakeLambdaAws, name: str):
    context = context_in(aws.sns.arn, MAIN, docs_url="", secret_prefix="wms", kind="debezium")
    assert "refused" not in drill({KEY: name}, context, aws.sns, aws.sns.arn)
    ((subject, text),) = aws.sns.mails
    assert subject.startswith("DRILL wms-connector-main: ")
    for words in (
        "Data:         ",
        "Runbook:      docs/operations.md#",
        "Dashboard:    https://",
        "Account:      1234",
    ):
        assert words in text
    if name != OtherMail.RECOVERED:
        assert any(line.startswith(("Command:", "Then run:")) for line in text.splitlines())


def test_one_of_each_kind_are_mails_that_there_are():
    assert set(ONE_OF_EACH_KIND) <= set(MAILS)
    assert set(OtherMail) <= set(ONE_OF_EACH_KIND)


def test_a_subject_is_no_longer_than_sns_takes():
    stage = Stage.parse("a" * 64)
    assert (
        max(len(drill_mail(compose(MailContext(stage), mail, 0)).subject) for mail in (*CLASSES, *OtherMail))
        <= SUBJECT
    )


@pytest.mark.parametrize(
    "event", [{KEY: "no such"}, {KEY: None}, {KEY: ["login"]}, {KEY: "login", "more": 1}, {KEY: ""}]
)
def test_what_is_not_exactly_one_known_class_is_refused_and_nothing_is_mailed(
    aws: FakeLambdaAws, event: dict[str, Any]
):
    answer = drill(event, CONTEXT, aws.sns, aws.sns.arn)
    assert set(answer) == {"refused"}
    assert aws.sns.mails == []


@pytest.mark.parametrize("event", [{}, None, [KEY], {"source": "aws.events", "detail": {KEY: "login"}}])
def test_the_schedules_events_ask_for_no_drill(event: object):
    assert not is_drill(event)


def test_the_handler_drills_instead_of_checking(aws: FakeLambdaAws, monkeypatch: pytest.MonkeyPatch):
    """Without a check nothing is observed, published, restarted or remembered."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(CheckClients, "real", lambda: aws.check_clients)
    monkeypatch.setattr(runs, "check_run", lambda *_: pytest.fail("a check was made"))
    answer = entry.handler({KEY: "memory"}, FakeContext(MAIN.names.connect_health, aws.account))
    ((subject, _),) = aws.sns.mails
    assert answer == {KEY: {"subject": subject, "message_id": "m-1"}}
    assert (aws.cloudwatch.calls, aws.table.items, aws.secrets.reads) == ([], {}, [])
