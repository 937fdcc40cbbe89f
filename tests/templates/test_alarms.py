"""Alarms and filters are the contract's, and what they watch is really emitted."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sceptre.exceptions import SceptreException

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health import metrics
from connector.domain.health.alarm import RUNBOOK, AlarmMails, TreatMissingData
from connector.domain.health.aws_alarms import alarms_of, aws_alarms
from connector.domain.health.metric import Origin
from connector.domain.health.metrics import METRICS
from connector.domain.health.rest_findings import HALTED, MAINTENANCE
from connector.domain.stage.stage import Stage
from tests.templates.support import ALB_TLS, LONGEST, built, of_type

MAIN = Stage.parse("main").names
PLAIN = ConnectorSettings()
#: Of a stage that says all about its database.
SHOWN = {"archived_log_hours": 24, "heartbeat_table": "WMSCDC.HEARTBEAT"}
ALARMS = of_type(built("alarms"), "AWS::CloudWatch::Alarm")
MACHINES, PEOPLE = {"Ref": "AlarmsTopicArn"}, {"Ref": "AlertsTopicArn"}
#: Namespaces of AWS's own metrics; each alarm's page documents the metric.
AWS_OWN = {
    "AWS/ECS": {"CPUUtilization"},
    "AWS/Lambda": {"Errors", "Throttles"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
    "AWS/Events": {"FailedInvocations"},
    "AWS/Logs": {"DeliveryErrors"},
}


def alarm(name: str, **arguments: Any) -> dict[str, Any]:
    return dict(built("alarms", **arguments)["Resources"][f"{name}Alarm"]["Properties"])


def test_there_is_one_alarm_for_each_alarmed_metric_that_is_emitted_and_no_other():
    expected = {m.name for m in metrics.alarmed(PLAIN)} | {a.name for a in aws_alarms(MAIN)}
    assert {title.removesuffix("Alarm") for title in ALARMS} == expected
    names = {found["Properties"]["AlarmName"] for found in ALARMS.values()}
    assert names == {f"wms-connector-main-{name}" for name in expected}


def test_every_alarm_watches_what_the_code_emits_a_filter_counts_or_aws_publishes():
    filters = of_type(built("alarms"), "AWS::Logs::MetricFilter").values()
    counted = {
        (t["MetricNamespace"], t["MetricName"])
        for found in filters
        for t in found["Properties"]["MetricTransformations"]
    }
    published = {(MAIN.health_namespace, m.name) for m in metrics.emitted(PLAIN) if m.origin is Origin.HEALTH}
    for title, found in ALARMS.items():
        watched = (found["Properties"]["Namespace"], found["Properties"]["MetricName"])
        own = watched[1] in AWS_OWN.get(watched[0], ())
        assert own or watched in counted | published, title
        # Ours have no dimension, on either side; AWS's are found by theirs only.
        assert bool(found["Properties"].get("Dimensions")) == own, title


def test_what_the_connector_of_a_stage_does_not_report_is_not_alarmed():
    jdbc = of_type(built("alarms", connector={"kind": "jdbc"}), "AWS::CloudWatch::Alarm")
    assert "SourceDisconnectedAlarm" in ALARMS
    assert "SourceDisconnectedAlarm" not in jdbc


def test_what_a_stage_does_not_measure_is_neither_alarmed_nor_shown():
    """An alarm that no value can ever raise would look like health."""
    assert "ScnHeadroomMinutesAlarm" not in ALARMS
    for kind, settings in ((PLAIN, {}), (ConnectorSettings(**SHOWN), SHOWN)):  # type: ignore[arg-type]
        template = built("alarms", connector=settings)
        body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
        found = "ScnHeadroomMinutesAlarm" in of_type(template, "AWS::CloudWatch::Alarm")
        assert found == bool(settings)
        for name in ("ScnHeadroomMinutes", "HeartbeatTableAgeSeconds"):
            assert (f'"{name}"' in body) == bool(settings)
            assert (metrics.metric(name) in metrics.emitted(kind)) == bool(settings)


@pytest.mark.parametrize("minutes", [1, 10, 20])
def test_a_silent_health_check_is_an_alarm_after_two_periods_of_its_schedule(minutes: int):
    found = alarm("HealthCheckFailed", health_schedule_minutes=minutes)
    assert found["TreatMissingData"] == "breaching"
    assert found["Period"] * found["EvaluationPeriods"] >= 2 * minutes * 60
    assert found["Period"] * found["EvaluationPeriods"] <= 86_400  # CloudWatch's limit
    assert found["AlarmActions"] == [MACHINES, PEOPLE]


def test_only_what_exists_by_happening_takes_silence_for_health():
    """A metric of the health check is never "well" because nobody looked.

    What only a task measures is not known without one: neither well nor, for days, in ALARM.
    """
    of_task = {"ReplicationLagSeconds", "TransactionBufferPercent", "HeapAfterCollectionPercent"}
    for metric in METRICS:
        if metric.alarm is not None and metric.origin is Origin.HEALTH:
            allowed = (TreatMissingData.IGNORE, TreatMissingData.BREACHING)
            wanted = (TreatMissingData.MISSING,) if metric.name in of_task else allowed
            assert metric.alarm.treat_missing_data in wanted, metric.name


@pytest.mark.parametrize("kind", ["debezium", "jdbc"])
@pytest.mark.parametrize("mails", [*AlarmMails, None])
@pytest.mark.parametrize("stage", ["main", LONGEST])
def test_every_alarm_and_its_ok_reach_machines_whatever_the_settings(
    kind: str, mails: AlarmMails | None, stage: str
):
    given = {} if mails is None else {"alarm_mails": mails.value}
    found = of_type(built("alarms", stage, connector={"kind": kind}, **given), "AWS::CloudWatch::Alarm")
    for title, one in found.items():
        assert MACHINES in one["Properties"]["AlarmActions"], title
        assert one["Properties"]["OKActions"] == [MACHINES], "a first launch would mail each alarm's OK"


def test_with_the_setting_every_each_alarm_mails():
    template = built("alarms", alarm_mails="every")
    for title, found in of_type(template, "AWS::CloudWatch::Alarm").items():
        assert found["Properties"]["AlarmActions"] == [MACHINES, PEOPLE], title
    assert template["Outputs"]["AlarmMails"]["Value"] == "every"


def test_what_the_health_check_mails_no_alarm_mails_again_unless_it_is_asked_to():
    assert built("alarms") == built("alarms", alarm_mails="once")
    own = {"HealthCheckFailed", "HeapAfterCollectionPercent", "AlertsUnconfirmed", "BackupOverdue"}
    seen = {m.name for m in metrics.alarmed(PLAIN) if m.origin is Origin.HEALTH} - own
    for title, found in ALARMS.items():
        mailed = PEOPLE in found["Properties"]["AlarmActions"]
        assert mailed == (title.removesuffix("Alarm") not in seen), title


def test_another_value_of_alarm_mails_is_refused_with_both():
    with pytest.raises(SceptreException, match="alarm_mails: Input should be 'once' or 'every', not 'all'"):
        built("alarms", alarm_mails="all")


def test_the_heaps_alarm_needs_two_readings_running():
    found = alarm("HeapAfterCollectionPercent", health_schedule_minutes=20)
    assert (found["Period"], found["EvaluationPeriods"], found["DatapointsToAlarm"]) == (1200, 2, 2)
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(docs/[\w.-]+\.md)#([\w-]+)")


def sections(path: str) -> set[str]:
    """The anchors of a page, as GitHub makes them from headings of one word."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    return {line.removeprefix("## ").lower() for line in lines if line.startswith("## ")}


@pytest.mark.parametrize("component", ["alarms", "events"])
@pytest.mark.parametrize("stage", ["main", LONGEST])
def test_every_text_links_to_a_section_that_exists(component: str, stage: str):
    found = LINK.findall(json.dumps(built(component, stage)))
    assert found
    for path, section in found:
        assert section in sections(path), section


def test_every_section_of_the_runbook_belongs_to_an_alarm_or_a_rule_and_says_three_things():
    answer = {m.alarm.section for m in METRICS if m.alarm}
    answer |= {a.alarm.section for a in aws_alarms(MAIN, "any")} | set(metrics.RULES) - {"HealthSchedule"}
    # Mails of the health function without an alarm.
    answer |= {HALTED, MAINTENANCE, metrics.LOG_MISSING}
    text = (ROOT / RUNBOOK).read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in text.split("\n## ")[1:])
    assert answer <= set(sections)
    # The other sections are about commands and tables: one that reads like an alarm's must be one.
    found = {title: body for title, body in sections.items() if title in answer or "**Symptoms.**" in body}
    assert set(found) == answer
    for section, body in found.items():
        places = [body.find(f"**{word}.**") for word in ("Symptoms", "Cause", "Solution")]
        assert -1 < places[0] < places[1] < places[2], section


def description(found: Mapping[str, Any], region: str = "us-gov-west-1") -> str:
    """An alarm's description as CloudFormation makes it in GovCloud, whose names are the longest."""
    text, mapped = found["AlarmDescription"]["Fn::Sub"]
    name, key, part = mapped["Console"]["Fn::FindInMap"]
    assert (name, key) == ("Consoles", {"Ref": "AWS::Partition"})
    host = built("alarms")["Mappings"][name]["aws-us-gov"][part]
    values = {"AWS::AccountId": "123456789012", "AWS::Region": region, "Console": host}
    for variable, value in values.items():
        text = text.replace(f"${{{variable}}}", value)
    return str(text)


def test_texts_are_whole_sentences_within_cloudwatchs_limit():
    given = built("alarms", LONGEST, docs_url="https://" + "d" * 192)
    for title, found in of_type(given, "AWS::CloudWatch::Alarm").items():
        said = description(found["Properties"])
        assert len(said) <= 1024, title
        assert "First step: " in said, title
        assert ".." not in said, title
        assert "{" not in said, title


def test_the_alarm_of_a_silent_health_check_says_what_to_type():
    said = description(alarm("HealthCheckFailed"))
    assert "First step: wms-connector logs main --of health --since 1h." in said


@pytest.mark.parametrize("name", [m.name for m in metrics.alarmed(PLAIN)])
def test_every_alarms_mail_says_where_it_is_what_of_the_data_and_where_to_read_on(name: str):
    said = description(alarm(name, docs_url="https://git.example/wms/docs"))
    section = next(m.alarm.section for m in METRICS if m.name == name and m.alarm)
    for words in (
        "Stage main, account 123456789012, region us-gov-west-1. ",
        " Data: ",
        f"Runbook: https://git.example/wms/docs/operations.md#{section.lower()} ",
        "Dashboard: https://console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1#dashboards/dashboard/",
    ):
        assert words in said


@pytest.mark.parametrize(
    "value", ["docs", "ftp://x", "https://a b", "https://x/${AWS::Region}", 'https://x"']
)
def test_another_address_of_the_docs_is_refused(value: str):
    with pytest.raises(SceptreException, match="docs_url"):
        built("alarms", docs_url=value)


def test_the_lags_threshold_is_the_stages_in_alarm_and_dashboard():
    given: dict[str, Any] = {"connector": {"lag_alarm_seconds": 120}}
    assert (
        alarm("ReplicationLagSeconds", **given)["Threshold"],
        alarm("ReplicationLagSeconds")["Threshold"],
    ) == (120, 900)
    board = of_type(built("alarms", **given), "AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]
    body = json.loads(board["DashboardBody"]["Fn::Sub"])
    lines = [widget["properties"].get("annotations") for widget in body["widgets"]]
    assert [line for line in lines if line] == [{"horizontal": [{"label": "alarm", "value": 120.0}]}]


#: As CloudWatch Logs documents its filter patterns: letters, digits, these symbols, and these operators.
ALLOWED = re.compile(r"%[A-Za-z0-9:_#=@/;,\-^$?\[\]{}|\\*+.]+%")


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("ORA-01017: invalid username/password", True),
        ("Caused by: Error : 942, Position : 14, SQL = x, Error Msg = ORA-00942: no table", True),
        ('{"message": "java.sql.SQLException: ORA-28000: locked"}', True),
        ("ORACLE is not an error", False),
        ("AURORA-12345 was deployed", False),
        ("flORA-12345", False),
        ("ORA-1234 is too short", False),
        ("plugin wms-oracle-cdc started", False),
    ],
)
def test_oracles_errors_are_counted_and_words_like_them_are_not(line: str, counts: bool):
    pattern = metrics.metric("OracleErrorCount").pattern
    assert ALLOWED.fullmatch(pattern), "CloudWatch Logs knows no other characters in its expressions"
    assert bool(re.search(pattern.strip("%"), line)) == counts


def test_a_log_group_has_at_most_five_filters_with_expressions():
    patterns = [m.pattern for m in METRICS if m.origin is Origin.LOGS]
    assert all(patterns)
    assert sum(pattern.startswith("%") for pattern in patterns) <= 5


def test_the_dashboard_shows_every_metric_and_every_alarm():
    body = built("alarms")["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = json.dumps(json.loads(body))
    for metric in metrics.emitted(PLAIN):
        assert f'"{metric.name}"' in shown
    for found in ALARMS.values():
        assert f":alarm:{found['Properties']['AlarmName']}" in shown


def graphs(kind: str = "debezium") -> dict[str, list[list[str]]]:
    """Title -> series of each graph of the dashboard."""
    shown = SHOWN if kind == "debezium" else {}
    body = built("alarms", connector={"kind": kind, **shown})["Resources"]["Dashboard"]["Properties"][
        "DashboardBody"
    ]
    widgets = json.loads(body["Fn::Sub"])["widgets"]
    return {
        w["properties"]["title"]: w["properties"]["metrics"] for w in widgets if "metrics" in w["properties"]
    }


@pytest.mark.parametrize(
    ("what", "title"),
    [
        ("ReplicationLagSeconds", "Lag, last event"),
        ("SecondsSinceLastEvent", "Lag, last event"),
        ("HeartbeatAgeSeconds", "Lag, last event"),
        ("ConnectorStateFailed", "States"),
        ("ConnectorTaskFailed", "States"),
        ("SourceDisconnected", "States"),
        ("EcsServiceUnhealthy", "States"),
        ("SnapshotRunning", "States"),
        ("AutoRestartAttempted", "Restarts"),
        ("AutoRestartBudgetExceeded", "Restarts"),
        ("ScnHeadroomMinutes", "Archived log"),
        ("QueueUsedPercent", "Queue"),
        ("HeapAfterCollectionPercent", "Queue, open transactions, heap"),
        ("RecordsInFlight", "Records"),
        ("RecordErrors", "Records"),
        ("OracleErrorCount", "Errors in the worker's log"),
        ("ConnectExceptionCount", "Errors in the worker's log"),
        ("CPUUtilization", "The worker's CPU and memory"),
        ("MemoryUtilization", "The worker's CPU and memory"),
    ],
)
def test_the_dashboard_has_lag_events_states_restarts_cpu_memory_and_log_errors(what: str, title: str):
    """What is counted in seconds is not in one graph with what is 0 or 1."""
    found = [name for name, series in graphs().items() for one in series if one[1] == what]
    assert len(found) == 1
    assert found[0].startswith(title)


@pytest.mark.parametrize("kind", ["debezium", "jdbc"])
def test_no_graph_of_the_dashboard_is_empty(kind: str):
    assert all(graphs(kind).values())


def test_alarms_on_metrics_of_aws_name_the_page_and_the_dimensions_that_it_documents():
    documented = {
        "AWS/ECS": {"ClusterName", "ServiceName"},
        "AWS/Lambda": {"FunctionName"},
        "AWS/SQS": {"QueueName"},
        "AWS/Events": {"RuleName"},
        "AWS/Logs": {"LogGroupName", "DestinationType", "FilterName"},
    }
    for found in aws_alarms(MAIN):
        assert found.source.startswith("https://docs.aws.amazon.com/"), found.name
        assert set(found.dimensions) == documented[found.namespace], found.name
        assert found.metric in AWS_OWN[found.namespace]


def test_a_certificate_that_was_given_has_an_alarm_and_no_other_has():
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    found = alarm("CertificateExpiring", alb_tls={"certificate_arn": arn})
    assert found["Dimensions"] == [{"Name": "CertificateArn", "Value": arn}]
    assert (found["Namespace"], found["MetricName"]) == ("AWS/CertificateManager", "DaysToExpiry")
    assert (found["ComparisonOperator"], found["Threshold"]) == ("LessThanThreshold", 30)
    assert found["AlarmActions"]
    issued = built("alarms", alb_tls=ALB_TLS)["Resources"]
    assert "CertificateExpiringAlarm" not in {*issued, *built("alarms")["Resources"]}


def test_an_alarm_that_only_some_stages_have_is_missed_by_nobody_else():
    assert "CertificateExpiring" not in alarms_of(MAIN, "debezium", ())
    assert "CertificateExpiring" in alarms_of(MAIN, "debezium", ("CertificateExpiring",))
    # What exists is asked for by every name that there can be.
    assert "CertificateExpiring" in alarms_of(MAIN, "debezium")


def test_the_alarm_about_backups_is_wanted_of_named_stages_only():
    assert "BackupOverdue" in alarms_of(MAIN, "debezium")
    assert "BackupOverdue" not in alarms_of(Stage("feature-x").names, "debezium")
