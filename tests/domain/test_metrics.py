"""The metrics contract is complete in itself."""

import pytest

from connector.domain import metrics
from connector.domain.aws_alarms import aws_alarms
from connector.domain.metrics import METRICS, Origin
from connector.domain.stage import Stage

SEED = {
    *("ConnectApiUnreachable", "EcsServiceUnhealthy", "HealthCheckFailed", "ConnectorStateFailed"),
    *("ConnectorTaskFailed", "DbTcpUnreachable", "AutoRestartAttempted", "AutoRestartBudgetExceeded"),
    *("SourceDisconnected", "ReplicationLagSeconds", "SecondsSinceLastEvent", "ScnHeadroomMinutes"),
    *("SnapshotRunning", "OracleErrorCount", "UnknownTopicOrPartitionCount", "ConnectExceptionCount"),
}


def test_every_metric_is_there_once_under_its_agreed_name():
    own = {"BrokersUnreachable", "HeartbeatAgeSeconds", "HeartbeatTableAgeSeconds", "HeartbeatMissing"}
    assert sorted(m.name for m in METRICS) == sorted(SEED | own)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_every_metric_is_alarmed_or_waived_with_a_reason(metric: metrics.Metric):
    assert (metric.alarm is None) == bool(metric.waived)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_a_metric_that_nothing_emits_yet_names_what_will_and_has_no_alarm(metric: metrics.Metric):
    assert (metric in metrics.emitted("debezium")) == (not metric.pending)
    assert not metric.pending or "issue" in metric.pending
    assert metric.alarm is None or (metric in metrics.alarmed("debezium")) == (not metric.pending)


def test_only_log_metrics_have_a_pattern():
    assert {m.name for m in METRICS if m.pattern} == {m.name for m in METRICS if m.origin is Origin.LOGS}


def test_what_the_health_check_cannot_see_always_mails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(metrics, "HEALTH_CHECK_MAILS", True)
    assert all(alarm.alarm.mails for alarm in aws_alarms(Stage.parse("main").names))
    mailing = {m.name for m in METRICS if m.alarm and m.alarm.mails}
    assert mailing == {
        "HealthCheckFailed",
        "OracleErrorCount",
        "UnknownTopicOrPartitionCount",
        "ConnectExceptionCount",
    }


def test_alarm_and_rule_names_are_legal_for_the_longest_stage():
    names = Stage.parse("Feature_" + "x" * 48 + ".Branch7").names
    for alarm in aws_alarms(names):
        assert len(names.alarm(alarm.name)) <= 255
    for rule in metrics.RULES:
        assert len(names.rule(rule)) <= 64
