"""The metrics contract: each metric of ours once, with its alarm; `aws_alarms` has those on AWS's metrics.

Templates create filters, alarms and dashboard from it. The health check publishes these metrics. The
operator's guide has a section for each alarm. Our metrics have no dimensions: the namespace is the stage's.
"""

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.alarm import Alarm, Compare, TreatMissingData
from connector.domain.health.log_metrics import LOG_METRICS
from connector.domain.health.metric import Metric, Origin

#: EventBridge rules of a stage, as `Names.rule` takes them.
HEALTH_SCHEDULE = "HealthSchedule"
TASK_STOPPED = "TaskStopped"
TASK_NOT_STARTED = "TaskNotStarted"
SERVICE_TROUBLE = "ServiceTrouble"
DEPLOYMENT_FAILED = "DeploymentFailed"
#: The filter of the worker's log, as `Names.rule` takes it.
LOGIN_REFUSED = "LoginRefused"
#: What such lines tell of a redo log that the connector needs and does not find.
LOG_MISSING = "LogMissing"
SECRET_CHANGED = "SecretChanged"  # noqa: S105 - a rule's name
#: The metric of addresses that have not been confirmed.
UNCONFIRMED = "AlertsUnconfirmed"
#: The metric of the daily backup.
BACKUP_OVERDUE = "BackupOverdue"
RULES = (
    *(HEALTH_SCHEDULE, TASK_STOPPED, TASK_NOT_STARTED, SERVICE_TROUBLE),
    *(DEPLOYMENT_FAILED, SECRET_CHANGED),
)


def _seen(name: str, what: str, first_step: str, *, periods: int = 1) -> Alarm:
    """The alarm of a finding of the health check: 0 is well, 1 or more is not."""
    return Alarm(what, first_step, name, evaluation_periods=periods, seen_by_health=True)


METRICS: tuple[Metric, ...] = (
    Metric(
        "ConnectApiUnreachable",
        "Count",
        "1 when no Connect worker answers GET /, else 0",
        Origin.HEALTH,
        _seen(
            "ConnectApiUnreachable",
            "No Kafka Connect worker answers its REST API.",
            "read the ECS service's events and the newest lines of the worker's log group.",
            periods=2,
        ),
    ),
    Metric(
        "EcsServiceUnhealthy",
        "Count",
        "1 when fewer tasks run than desired or meant, or ECS stopped a deployment; else 0",
        Origin.HEALTH,
        _seen(
            "EcsServiceUnhealthy",
            "The ECS service runs fewer workers than desired, or its deployment failed.",
            "read why the last task stopped, in the mail of TaskStopped or TaskNotStarted.",
            periods=2,
        ),
    ),
    Metric(
        "HealthCheckFailed",
        "Count",
        "1 when the health check itself failed, else 0; no value means that it does not run",
        Origin.HEALTH,
        # The dead man's switch: over two periods, so that one late or lost run wakes nobody.
        Alarm(
            "The health check fails or does not run: this stage is not monitored.",
            "wms-connector logs {stage} --of health --since 1h.",
            "HealthCheckFailed",
            evaluation_periods=2,
            treat_missing_data=TreatMissingData.BREACHING,
        ),
    ),
    Metric(
        "ConnectorStateFailed",
        "Count",
        "1 when the connector is FAILED, stopped because a login was refused, or has been missing or of "
        "unknown state for 45 s; else 0",
        Origin.HEALTH,
        _seen(
            "ConnectorStateFailed",
            "The connector is FAILED, missing, or stopped because a login was refused.",
            "read the cause in the health function's log and fix it, then launch the stage again.",
        ),
    ),
    Metric(
        "ConnectorTaskFailed",
        "Count",
        "How many tasks of the connector are FAILED; 1 when connector or task has not run for 45 s",
        Origin.HEALTH,
        _seen(
            "ConnectorTaskFailed",
            "The connector's task is FAILED or does not run: no change reaches the topics.",
            "read the cause in the health function's log and fix it, then restart the connector.",
        ),
    ),
    Metric(
        "DbTcpUnreachable",
        "Count",
        "1 when no listener of the source database accepts a TCP connection from the VPC, else 0",
        Origin.HEALTH,
        _seen(
            "DbTcpUnreachable",
            "The source database accepts no TCP connection.",
            "ask the database's owners whether it runs, then compare its address with the secret dbInfo.",
            periods=2,
        ),
    ),
    Metric(
        "SourceDisconnected",
        "Count",
        "1 when the task's state is RUNNING but Debezium is not connected to the database, else 0",
        Origin.HEALTH,
        _seen(
            "SourceDisconnected",
            "Connect reports RUNNING, but the connector is not connected to the database.",
            "look for ORA- in the worker's log: login, service name and network are the usual causes.",
            periods=2,
        ),
        kinds=("debezium",),
    ),
    Metric(
        "ConfigDrifted",
        "Count",
        "1 when the connector's config in Connect is neither the registered one nor what a launch would "
        "register; else 0",
        Origin.HEALTH,
        # Two checks: a launch changes config and record within a minute.
        _seen(
            "ConfigDrifted",
            "Somebody has changed the connector's config in Connect by hand.",
            "wms-connector verify names the keys; a launch puts the config back.",
            periods=2,
        ),
    ),
    Metric(
        "ConnectorHalted",
        "Count",
        "1 while the connector is paused or stopped on purpose, or desired_count is 0; else 0",
        Origin.HEALTH,
        waived="it was done on purpose: the health check reminds people by mail, and the dashboard shows it",
    ),
    Metric(
        "MaintenanceOpen",
        "Count",
        "1 while a maintenance window is open or its summary is due, else 0",
        Origin.HEALTH,
        waived="it was opened on purpose and ends by itself; the dashboard shows it",
    ),
    Metric(
        "SnapshotRunning",
        "Count",
        "1 while the initial or a requested snapshot runs, else 0",
        Origin.HEALTH,
        waived="a snapshot is work, not an error; the dashboard shows it",
        kinds=("debezium",),
    ),
    Metric(
        "AutoRestartAttempted",
        "Count",
        "Restarts and registrations that the health check made in this run",
        Origin.HEALTH,
        waived="a restart that helped needs no action; one that did not raises ConnectorTaskFailed",
    ),
    Metric(
        "AutoRestartBudgetExceeded",
        "Count",
        "1 when a restart was due and the budget of the last 60 minutes was used up, else 0",
        Origin.HEALTH,
        _seen(
            "AutoRestartBudgetExceeded",
            "Restarts did not help: all restarts of this hour are used up.",
            "read the cause in the health function's log and fix it, then restart the connector.",
        ),
    ),
    Metric(
        "ReplicationLagSeconds",
        "Seconds",
        "How many seconds the last change that was read is behind the database",
        Origin.HEALTH,
        Alarm(
            "Changes reach the topics late.",
            "check on the dashboard whether the lag grows or falls, and whether a large batch is running.",
            "ReplicationLagSeconds",
            threshold=900,
            evaluation_periods=2,
            # Without a task nothing is measured: the alarm must not stay on, nor call that well.
            treat_missing_data=TreatMissingData.MISSING,
            seen_by_health=True,
            data="not lost, but late.",
        ),
        kinds=("debezium",),
        threshold_setting="lag_alarm_seconds",
    ),
    Metric(
        "SecondsSinceLastEvent",
        "Seconds",
        "Age of the last change that the connector saw",
        Origin.HEALTH,
        waived="a database without changes is healthy; heartbeats show whether the path works",
        kinds=("debezium",),
    ),
    Metric(
        "BrokersUnreachable",
        "Count",
        "1 when the brokers do not answer the health check, else 0",
        Origin.HEALTH,
        _seen(
            "BrokersUnreachable",
            "The Kafka brokers do not answer from the VPC.",
            "ask the cluster's owners whether the brokers run, then compare their addresses with the secret "
            "brokerString.",
            periods=2,
        ),
    ),
    Metric(
        "HeartbeatAgeSeconds",
        "Seconds",
        "Age of the newest heartbeat record on its topic",
        Origin.HEALTH,
        waived="HeartbeatMissing compares it with the stage's heartbeat interval",
        kinds=("debezium",),
    ),
    Metric(
        "HeartbeatTableAgeSeconds",
        "Seconds",
        "Age of the newest change of the heartbeat table on its topic, where the stage has such a table",
        Origin.HEALTH,
        waived="HeartbeatMissing compares it with the stage's heartbeat interval",
        kinds=("debezium",),
        setting="heartbeat_table",
    ),
    Metric(
        "HeartbeatMissing",
        "Count",
        "1 when a connected task runs but its newest heartbeat record, or the newest change of the heartbeat "
        "table, is old, or its topic is empty or gone; else 0",
        Origin.HEALTH,
        _seen(
            "HeartbeatMissing",
            "The task runs, but no heartbeat reaches its topic.",
            "look for producer errors in the worker's log.",
            periods=2,
        ),
        kinds=("debezium",),
    ),
    Metric(
        "ScnHeadroomMinutes",
        "None",
        "How many minutes the archived redo log reaches further back than the connector's position, at least",
        Origin.HEALTH,
        Alarm(
            "Oracle will soon delete archived redo log that the connector has not read.",
            "before you restart anything, ask the DBA to keep archived logs longer.",
            "ScnHeadroomMinutes",
            threshold=60,
            compare=Compare.BELOW,
            statistic="Minimum",
            seen_by_health=True,
            data="changes are lost once that log is deleted: hurry.",
        ),
        kinds=("debezium",),
        setting="archived_log_hours",
    ),
    Metric(
        "TransactionBufferPercent",
        "Percent",
        "How much of the worker's heap the changes of open transactions take, by their number and the heap",
        Origin.HEALTH,
        Alarm(
            "An open transaction of the database fills the worker's heap.",
            "ask the DBA which transaction has been open for long, or give the task more memory.",
            "TransactionBufferPercent",
            threshold=60,
            # As for the lag: the buffer is that of a task.
            treat_missing_data=TreatMissingData.MISSING,
            seen_by_health=True,
        ),
        kinds=("debezium",),
    ),
    Metric(
        "HeapAfterCollectionPercent",
        "Percent",
        "How much of the heap of the worker that runs the task was in use after the last collection",
        Origin.HEALTH,
        # Not a finding of the health check: one reading may come between two collections that free much.
        Alarm(
            "The worker's heap stays nearly full: a full heap ends the worker.",
            "check whether TransactionBufferPercent is on too: then ask the DBA about that transaction. If "
            "not, raise task_memory in the stage's config.yaml.",
            "HeapAfterCollectionPercent",
            threshold=85,
            evaluation_periods=2,
            # As for the lag: it is the heap of the worker that runs the task.
            treat_missing_data=TreatMissingData.MISSING,
        ),
    ),
    Metric(
        "ChangesSkipped",
        "Count",
        "How often changes of a captured table were passed over, once for each table and cause, as long as "
        "nobody has acknowledged it",
        Origin.HEALTH,
        _seen(
            "ChangesSkipped",
            "Changes of a captured table are missing on its topic, although the connector runs.",
            "wms-connector verify names the table and what to do.",
        ),
        kinds=("debezium",),
    ),
    Metric(
        UNCONFIRMED,
        "Count",
        "How many addresses of the topic for people have not been confirmed: nobody is mailed there",
        Origin.HEALTH,
        # Over half an hour: somebody who has just been asked needs a moment.
        Alarm(
            "An address that should get alerts has not been confirmed, so it is not mailed.",
            "ask its owner to open the link in AWS's mail 'AWS Notification - Subscription Confirmation'; "
            "AWS drops the request after some days, and then the address must be removed and added again.",
            UNCONFIRMED,
            evaluation_periods=3,
        ),
    ),
    Metric(
        BACKUP_OVERDUE,
        "Count",
        "1 when the last backup of offsets, schema history, connector config and stage record is older than "
        "36 hours, or there is none; else 0",
        Origin.HEALTH,
        # Over half an hour: a broker or S3 may be away for a moment, and each check tries again.
        Alarm(
            "The stage has no backup of the last 36 hours.",
            "wms-connector backup take {stage}, which says why.",
            BACKUP_OVERDUE,
            evaluation_periods=3,
        ),
        named_only=True,
    ),
    Metric(
        "QueueUsedPercent",
        "Percent",
        "How full the connector's queue between reading and writing is",
        Origin.HEALTH,
        waived="a large batch fills the queue; a delay shows as ReplicationLagSeconds",
        kinds=("debezium",),
    ),
    Metric(
        "RecordsInFlight",
        "Count",
        "Records that the task has read and the brokers have not confirmed yet, as Connect counts them",
        Origin.HEALTH,
        waived="it varies with the load; if records are no longer confirmed, HeartbeatMissing goes off",
    ),
    Metric(
        "RecordErrors",
        "Count",
        "Records that Connect could not handle since the task started",
        Origin.HEALTH,
        waived="the connector tolerates no record error: the first one fails the task, and "
        "ConnectorTaskFailed reports that",
    ),
    *LOG_METRICS,
)

_BY_NAME = {metric.name: metric for metric in METRICS}


def metric(name: str) -> Metric:
    """The metric called `name`."""
    return _BY_NAME[name]


def emitted(settings: ConnectorSettings, *, ephemeral: bool = False) -> tuple[Metric, ...]:
    """The metrics that a stage with these settings of the connector has; a named one unless `ephemeral`."""
    return tuple(
        m.of_stage(settings)
        for m in METRICS
        if settings.kind in m.kinds
        and (not m.setting or bool(getattr(settings, m.setting)))
        and not (ephemeral and m.named_only)
    )


def alarmed(settings: ConnectorSettings, *, ephemeral: bool = False) -> tuple[Metric, ...]:
    """Those of `emitted` that raise alarms."""
    return tuple(m for m in emitted(settings, ephemeral=ephemeral) if m.alarm is not None)
