"""A mail can be acted on: what to edit, the full secret, links, account, lag, and whether data is at risk."""

from pathlib import Path

import pytest

from connector.domain.diagnosis.classes import ERROR_CLASSES, UNKNOWN
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.health.budget import Budget
from connector.domain.health.check_result import launch
from connector.domain.health.drills import CLASSES, metric_of
from connector.domain.health.error_classes import (
    ARCHIVED_LOG_EXPIRING,
    BUFFER_FILLING,
    NO_SERVICE,
    OBSERVED,
    SKIPPED,
    named,
)
from connector.domain.health.finding import Finding
from connector.domain.health.mail import incident_mail, recovery_mail, trend
from connector.domain.health.mail_context import MailContext, context_in
from connector.domain.health.state import HealthState, Incident
from connector.domain.health.verdict import Verdict
from connector.domain.stage.stage import Stage

OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"
NOW = 1_800_000_000.0
TOPIC = "arn:aws:sns:eu-west-1:123456789012:Alerts-wms-alerts-main"
DOCS = "https://git.example/wms/docs/"


def context(stage: str = "main", *paths: str, kind: str = "debezium", topic: str = TOPIC) -> MailContext:
    parsed = Stage.parse(stage)
    return context_in(topic, parsed, docs_url=DOCS, secret_prefix="wms", kind=kind, paths=paths)


def mail(cause: ErrorClass, given: MailContext | None = None, *more: Finding) -> str:
    finding = Finding.failed(metric_of(cause), "it is made up", cause)
    verdict = Verdict((finding, *more))
    return incident_mail(given or context(), verdict, HealthState(), Budget(), NOW).text


@pytest.mark.parametrize("cause", [c for c in CLASSES if c not in SKIPPED], ids=lambda cause: cause.name)
def test_every_mail_has_account_region_links_lag_and_data(cause: ErrorClass):
    text = mail(cause)
    for words in (
        "Account:      123456789012, region eu-west-1",
        "Dashboard:    https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards/dashboard/wms-",
        "Runbook:      https://git.example/wms/docs/operations.md#",
        "Data:         ",
        "Lag:          ",
    ):
        assert words in text


@pytest.mark.parametrize("cause", [*ERROR_CLASSES, UNKNOWN, *OBSERVED], ids=lambda cause: cause.name)
def test_a_launch_is_the_command_only_where_it_helps_or_where_something_is_edited_first(cause: ErrorClass):
    helps = {
        "unknown topic", "connector missing", "config drift", "worker-service-missing", "launch needed",
        "worker-log-group", "worker-volume",
    }  # fmt: skip
    if cause.command.startswith("sceptre"):
        assert cause.edit or cause.name in helps
    if "config.yaml" in cause.next_step and "raise" in cause.next_step:
        assert cause.edit


def test_no_service_is_launched_and_a_database_that_is_away_is_not():
    assert "Command:      sceptre launch main --yes" in mail(NO_SERVICE)
    away = mail(named("unreachable"))
    assert "Command:      wms-connector status main" in away
    assert "sceptre launch" not in away
    assert "goes on by itself" in away


def test_what_must_be_edited_comes_before_the_command():
    text = mail(named("memory"), context("feature-x"))
    assert "First edit:   task_memory in config/ephemeral/feature-x/config.yaml" in text
    assert "Then run:     sceptre launch ephemeral/feature-x --yes" in text
    text = mail(BUFFER_FILLING)
    assert "First edit:   task_memory in config/main/config.yaml, if such transactions are normal" in text
    assert "Then run:     sceptre launch main --yes" in text


def test_no_step_names_a_setting_that_there_is_not():
    """Nothing but a new snapshot rebuilds the schema history, and no setting changes a converter."""
    text = mail(named("schema history"))
    assert "docs/operations.md, 'A lost schema history'" in text
    assert "snapshot.mode" not in text
    assert "no setting changes the converters" in mail(named("record format"))
    assert "### A lost schema history\n" in OPERATIONS.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("stage", "command"),
    [
        ("main", "sceptre launch main/alerts.yaml --yes"),
        ("feature-x", "sceptre launch ephemeral/feature-x/alerts.yaml --yes"),
    ],
)
def test_recipients_are_launched_with_their_stack_alone(stage: str, command: str):
    assert launch(Stage.parse(stage), "alerts.yaml") == command


@pytest.mark.parametrize(
    ("used", "shown"),
    [
        ((), "wms/main/dbInfo (or wms/default/dbInfo, if the stage has none of its own)"),
        (("wms/main/brokerString", "wms/main/dbInfo"), "wms/main/dbInfo"),
        (("wms/default/dbInfo",), "wms/default/dbInfo"),
    ],
)
def test_a_secret_has_its_full_name(used: tuple[str, ...], shown: str):
    text = mail(named("login"), context("main", *used))
    assert f"Next step:    fix user and password in the secret {shown}\n" in text
    assert f"First edit:   user and password in the secret {shown}\n" in text
    assert "Then run:     wms-connector rotate main" in text


def test_a_name_that_is_full_already_stays_as_it_is():
    text = "the login with secret wms/main/dbInfo was refused, as with a secret dbInfoOld"
    assert context().text(text) == text


def test_data_that_is_at_risk_is_said_to_be():
    assert "Data:         changes are lost once the database deletes log" in mail(ARCHIVED_LOG_EXPIRING)
    assert "Data:         changes may be lost" in mail(named("log missing"))
    assert "for how long is not known here (connector.archived_log_hours)" in mail(named("unreachable"))
    room = Finding.passed("ScnHeadroomMinutes", "300 minutes are left", 300)
    known = mail(named("unreachable"), None, room)
    assert "Archived log: 300 minutes are left" in known
    assert "is not known here" not in known
    assert "never sees rows that are deleted" in mail(named("unreachable"), context(kind="jdbc"))


def test_a_lag_that_cannot_be_measured_says_when_the_last_change_came():
    before = HealthState(lags=((int(NOW) - 1200, 3),))
    measured = {"SecondsSinceLastEvent": 720.0, "HeartbeatAgeSeconds": 45.0}
    assert trend(before, measured, NOW) == (
        "not measured now, last change 12 min ago, last heartbeat 45 s ago, it was 3 s 20 min ago"
    )
    assert trend(HealthState(), {}, NOW) == "not known: it was not measured before either"
    assert trend(before, {"ReplicationLagSeconds": 3.0}, NOW) == "3 s"


def test_a_recovery_says_that_nothing_was_lost_and_links():
    incident = Incident(int(NOW) - 600, "DbTcpUnreachable and SourceDisconnected")
    text = recovery_mail(context(), incident, HealthState(), HealthState(), NOW).text
    assert "Data:         the connector goes on from its position" in text
    assert "Runbook:      https://git.example/wms/docs/operations.md#dbtcpunreachable" in text


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "console.aws.amazon.com"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
        ("aws-cn", "console.amazonaws.cn"),
    ],
)
def test_the_dashboard_is_in_the_console_of_the_partition(partition: str, host: str):
    given = context(topic=TOPIC.replace("arn:aws:", f"arn:{partition}:"))
    assert f"Dashboard:    https://{host}/cloudwatch/" in mail(named("login"), given)
