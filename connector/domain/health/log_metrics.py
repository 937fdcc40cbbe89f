"""The metrics that log filters count in the worker's log; `metrics` has all of them. Pure."""

from connector.domain.capture.settings import KINDS
from connector.domain.health.alarm import Alarm, TreatMissingData
from connector.domain.health.metric import Metric, Origin

LOG_METRICS: tuple[Metric, ...] = (
    Metric(
        "OracleErrorCount",
        "Count",
        "Log lines of the worker with an Oracle error: ORA- and five digits",
        Origin.LOGS,
        Alarm(
            "The worker's log has Oracle errors (ORA- and a number).",
            "find the error's number in the worker's log, then look it up in the runbook's table.",
            "OracleErrorCount",
            statistic="Sum",
            period_seconds=300,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        ),
        kinds=KINDS,
        # Filters know no groups and no word boundaries: at the line's start, or behind what is no letter.
        pattern="%^ORA-[0-9]{5}|[^A-Za-z0-9]ORA-[0-9]{5}%",
    ),
    Metric(
        "UnknownTopicOrPartitionCount",
        "Count",
        "Log lines of the worker about a topic or partition that the cluster does not know",
        Origin.LOGS,
        # A topic that was just created is unknown for a moment: only errors that last count.
        Alarm(
            "The worker writes to a topic that the cluster does not know.",
            "find the topic in the worker's log, then launch again: a launch creates missing topics.",
            "UnknownTopicOrPartitionCount",
            statistic="Sum",
            evaluation_periods=3,
            period_seconds=300,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        ),
        pattern="?UNKNOWN_TOPIC_OR_PARTITION ?UnknownTopicOrPartition",
    ),
    Metric(
        "ConnectExceptionCount",
        "Count",
        "Log lines of the worker with a ConnectException, Kafka Connect's or Java's",
        Origin.LOGS,
        Alarm(
            "The worker's log keeps showing ConnectExceptions.",
            "read the last of them in the worker's log group.",
            "ConnectExceptionCount",
            statistic="Sum",
            evaluation_periods=2,
            period_seconds=300,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        ),
        pattern='"ConnectException"',
    ),
)
