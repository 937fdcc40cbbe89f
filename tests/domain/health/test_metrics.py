"""The metrics contract is complete in itself."""

from dataclasses import replace

import pytest

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health import metrics
from connector.domain.health.alarm import AlarmMails
from connector.domain.health.aws_alarms import aws_alarms
from connector.domain.health.metric import Metric, Origin
from connector.domain.health.metrics import METRICS
from connector.domain.stage.stage import Stage

#: Settings with which everything is measured.
ALL = ConnectorSettings(archived_log_hours=24, heartbeat_table="WMSCDC.HEARTBEAT")
SEED = {
    *("ConnectApiUnreachable", "EcsServiceUnhealthy", "HealthCheckFailed", "ConnectorStateFailed"),
    *("ConnectorTaskFailed", "DbTcpUnreachable", "AutoRestartAttempted", "AutoRestartBudgetExceeded"),
    *("SourceDisconnected", "ReplicationLagSeconds", "SecondsSinceLastEvent", "ScnHeadroomMinutes"),
    *("SnapshotRunning", "OracleErrorCount", "UnknownTopicOrPartitionCount", "ConnectExceptionCount"),
}


def test_every_metric_is_there_once_under_its_agreed_name():
    own = {"BrokersUnreachable", "HeartbeatAgeSeconds", "HeartbeatTableAgeSeconds", "HeartbeatMissing"}
    own |= {"ChangesSkipped", "QueueUsedPercent", "RecordsInFlight", "RecordErrors"}
    own |= {"ConfigDrifted", "ConnectorHalted", "MaintenanceOpen", "AlertsUnconfirmed", "BackupOverdue"}
    own |= {"TransactionBufferPercent", "HeapAfterCollectionPercent"}
    assert sorted(m.name for m in METRICS) == sorted(SEED | own)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_every_metric_is_alarmed_or_waived_with_a_reason(metric: Metric):
    assert (metric.alarm is None) == bool(metric.waived)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_where_everything_is_measured_every_metric_is_there_with_its_alarm(metric: Metric):
    assert metric in metrics.emitted(ALL)
    assert (metric in metrics.alarmed(ALL)) == (metric.alarm is not None)


def test_only_log_metrics_have_a_pattern():
    assert {m.name for m in METRICS if m.pattern} == {m.name for m in METRICS if m.origin is Origin.LOGS}


def test_with_every_each_alarm_mails():
    assert all(m.alarm.mails(AlarmMails.EVERY) for m in METRICS if m.alarm)


@pytest.mark.parametrize("which", [(), *((value,) for value in AlarmMails)])
def test_what_the_health_check_cannot_see_always_mails(which: tuple[AlarmMails, ...]):
    assert all(alarm.alarm.mails(*which) for alarm in aws_alarms(Stage.parse("main").names, "any"))
    mailing = {m.name for m in METRICS if m.alarm and m.alarm.mails(*which)}
    assert mailing >= {
        "HealthCheckFailed",
        "HeapAfterCollectionPercent",
        "OracleErrorCount",
        "UnknownTopicOrPartitionCount",
        "ConnectExceptionCount",
        "AlertsUnconfirmed",
        "BackupOverdue",
    }
    assert (len(mailing) == 7) == (which != (AlarmMails.EVERY,))


def test_alarm_and_rule_names_are_legal_for_the_longest_stage():
    names = Stage.parse("Feature_" + "x" * 48 + ".Branch7").names
    for found in aws_alarms(names):
        assert len(names.alarm(found.name)) <= 255
    for rule in metrics.RULES:
        assert len(names.rule(rule)) <= 64


@pytest.mark.parametrize("metric", [m for m in METRICS if m.setting], ids=lambda m: m.name)
def test_a_metric_that_needs_a_setting_is_there_only_with_it(metric: Metric):
    assert metric in metrics.emitted(ALL)
    assert metric not in metrics.emitted(
        replace(ALL, **{metric.setting: type(getattr(ALL, metric.setting))()})
    )
