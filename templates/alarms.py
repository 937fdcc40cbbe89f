"""Alarms: log filters, one alarm per alarmed metric of the contract, and the dashboard.

This stack does not depend on the connector's: a failed registration must not leave the stage unmonitored.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field
from troposphere import FindInMap, Ref, Sub, Template, cloudwatch, logs

from connector.domain.health import metrics
from connector.domain.health.alarm import Alarm, AlarmMails
from connector.domain.health.aws_alarms import aws_alarms
from connector.domain.health.metric import Metric, Origin
from connector.domain.stage.aws_names import CONSOLES, dashboard_at
from templates.shared import common
from templates.shared.settings import (
    DOCS_URL,
    AlbTlsSettings,
    ConnectorKindSettings,
    DocsUrl,
    HealthMinutes,
    parse_settings,
)

#: The mapping from AWS's partition to the console's host.
_CONSOLES = "Consoles"


class AlarmsSettings(ConnectorKindSettings):
    """The settings of the alarms stack."""

    health_schedule_minutes: HealthMinutes = Field(description="How often the health check runs, in minutes.")
    alarm_mails: AlarmMails = Field(
        default=AlarmMails.ONCE,
        description="Which alarms mail people: once (those on what the health check does not mail) or every.",
    )
    docs_url: DocsUrl = Field(default="", description=DOCS_URL)
    alb_tls: AlbTlsSettings | None = Field(
        default=None, description="The load balancer's certificate: one that was given has an alarm."
    )

    @property
    def given_certificate(self) -> str:
        """The ARN of a certificate that somebody gave the load balancer; empty without one."""
        return "" if self.alb_tls is None else self.alb_tls.certificate_arn or ""


@dataclass(frozen=True)
class Topics:
    """Where alarms are sent."""

    people: Ref
    machines: Ref


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(AlarmsSettings, sceptre_user_data)))


def build(settings: AlarmsSettings) -> Template:
    """Log filters, alarms for the alarms topic and in part for the alerts topic too, dashboard."""
    template = common.new_template(f"wms-connector {settings.stage}: alarms and dashboard")
    topics = Topics(
        common.parameter(template, "AlertsTopicArn", "The SNS topic that mails people"),
        common.parameter(template, "AlarmsTopicArn", "The SNS topic that gets every alarm, for machines"),
    )
    template.add_mapping(_CONSOLES, {partition: {"Host": host} for partition, host in CONSOLES.items()})
    group = common.parameter(template, "ConnectorLogGroup", "The Connect worker's log group")
    ephemeral = settings.parsed_stage.ephemeral
    for found in metrics.emitted(settings.connector_settings, ephemeral=ephemeral):
        if found.origin is Origin.LOGS:
            _add_filter(template, settings, found, group)
    for found in metrics.alarmed(settings.connector_settings, ephemeral=ephemeral):
        if found.alarm is not None:
            source: dict[str, Any] = {"Namespace": found.namespace(settings.names), "MetricName": found.name}
            _add_alarm(template, settings, found.name, found.alarm, topics=topics, source=source)
    for aws in aws_alarms(settings.names, settings.given_certificate):
        dimensions = [
            cloudwatch.MetricDimension(Name=name, Value=value) for name, value in aws.dimensions.items()
        ]
        source = {"Namespace": aws.namespace, "MetricName": aws.metric, "Dimensions": dimensions}
        _add_alarm(template, settings, aws.name, aws.alarm, topics=topics, source=source)
    template.add_resource(
        cloudwatch.Dashboard(
            "Dashboard",
            DashboardName=settings.names.dashboard,
            DashboardBody=Sub(json.dumps(dashboard(settings), separators=(",", ":"))),
        )
    )
    # For `verify` and the fire drill, which see the account and not the stage's config.yaml.
    common.output(template, "AlarmMails", settings.alarm_mails.value, "The setting alarm_mails")
    return template


def _add_filter(template: Template, settings: AlarmsSettings, metric: Metric, group: Ref) -> None:
    template.add_resource(
        logs.MetricFilter(
            f"{metric.name}Filter",
            FilterName=settings.names.alarm(metric.name),
            FilterPattern=metric.pattern,
            LogGroupName=group,
            MetricTransformations=[
                logs.MetricTransformation(
                    MetricName=metric.name,
                    MetricNamespace=metric.namespace(settings.names),
                    MetricValue="1",
                    # Lines without a match count 0, so that the graph shows a working filter.
                    DefaultValue=0,
                    Unit=metric.unit,
                )
            ],
        )
    )


def _add_alarm(
    template: Template,
    settings: AlarmsSettings,
    name: str,
    alarm: Alarm,
    *,
    topics: Topics,
    source: Mapping[str, Any],
) -> None:
    template.add_resource(
        cloudwatch.Alarm(
            f"{name}Alarm",
            AlarmName=settings.names.alarm(name),
            AlarmDescription=_description(settings, alarm),
            Statistic=alarm.statistic,
            Period=alarm.period_seconds or settings.health_schedule_minutes * 60,
            EvaluationPeriods=alarm.evaluation_periods,
            DatapointsToAlarm=alarm.evaluation_periods,
            Threshold=alarm.threshold,
            ComparisonOperator=alarm.compare.value,
            TreatMissingData=alarm.treat_missing_data.value,
            AlarmActions=[topics.machines, *([topics.people] if alarm.mails(settings.alarm_mails) else [])],
            # To machines only, which close what they have opened. People would be mailed the end of what
            # never began, too: at a first launch each alarm goes from INSUFFICIENT_DATA to OK.
            OKActions=[topics.machines],
            **source,
        )
    )


def _description(settings: AlarmsSettings, alarm: Alarm) -> Sub:
    """What the alarm's mail says besides CloudWatch's own words; CloudFormation fills in `${AWS::…}`."""
    board = dashboard_at("${Console}", settings.names.dashboard, "${AWS::Region}")
    text = alarm.text_for(settings.parsed_stage, settings.docs_url, board)
    full = f"Stage {settings.stage}, account ${{AWS::AccountId}}, region ${{AWS::Region}}. {text}"
    return Sub(full, {"Console": FindInMap(_CONSOLES, Ref("AWS::Partition"), "Host")})


def dashboard(settings: AlarmsSettings) -> dict[str, Any]:
    """The dashboard's body; `${AWS::…}` in it is filled in by CloudFormation."""
    names, connector = settings.names, settings.connector_settings
    ephemeral = settings.parsed_stage.ephemeral
    emitted = metrics.emitted(connector, ephemeral=ephemeral)
    shown = {m.name: [m.namespace(names), m.name] for m in emitted}
    restarts = [shown[m.name] for m in emitted if m.name.startswith("AutoRestart")]
    seconds = [shown[m.name] for m in emitted if m.unit == "Seconds"]
    limits = [m.alarm.threshold for m in emitted if m.threshold_setting and m.alarm is not None]
    left = [shown[m.name] for m in emitted if m.unit == "None"]
    shares = [shown[m.name] for m in emitted if m.unit == "Percent"]
    records = [shown[m.name] for m in emitted if m.name.startswith("Record")]
    log_errors = [shown[m.name] for m in emitted if m.origin is Origin.LOGS]
    on_purpose = [shown[m.name] for m in emitted if m.name in ("ConnectorHalted", "MaintenanceOpen")]
    others = [
        shown[m.name]
        for m in emitted
        if shown[m.name] not in (*restarts, *seconds, *left, *shares, *records, *log_errors, *on_purpose)
    ]
    found = [m.name for m in metrics.alarmed(connector, ephemeral=ephemeral)] + [
        a.name for a in aws_alarms(names, settings.given_certificate)
    ]
    arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"
    service = ["ClusterName", names.service, "ServiceName", names.service]
    functions = [
        [namespace, metric, "FunctionName", function]
        for function in (names.connect_admin, names.connect_health)
        for namespace, metric in (("AWS/Lambda", "Errors"), ("AWS/Lambda", "Duration"))
    ]
    widgets = [
        {
            "type": "alarm",
            "width": 24,
            "height": 6,
            "properties": {"title": "Alarms", "alarms": [f"{arn}{names.alarm(name)}" for name in found]},
        },
        # A graph for each scale: next to 900 seconds of lag, a state of 1 would be invisible.
        _graph("Lag, last event, last heartbeat (seconds)", seconds, "Maximum", limits),
        _graph("States: 0 is healthy", others, "Maximum"),
        _graph("On purpose: halted or without workers, maintenance: 1", on_purpose, "Maximum"),
        _graph("Restarts by the health check", restarts, "Maximum"),
        _graph("Records in flight, records with errors", records, "Maximum"),
        _graph("Queue, open transactions, heap (% used)", shares, "Maximum"),
        _graph("Errors in the worker's log", log_errors, "Sum"),
        _graph(
            "The worker's CPU and memory (%)",
            [["AWS/ECS", "CPUUtilization", *service], ["AWS/ECS", "MemoryUtilization", *service]],
            "Average",
        ),
        _graph("Functions: errors, duration (ms)", functions, "Maximum"),
        _graph("Archived log: minutes before the connector's position", left, "Minimum"),
    ]
    return {"widgets": [widget for widget in widgets if widget["properties"].get("metrics") != []]}


def _graph(
    title: str, series: list[list[str]], statistic: str, limits: Sequence[float] = ()
) -> dict[str, Any]:
    """One graph; `limits`: thresholds of alarms, each a line across it."""
    properties: dict[str, Any] = {"title": title, "region": "${AWS::Region}", "metrics": series}
    properties["stat"] = statistic
    if limits and series:
        lines = [{"label": "alarm", "value": limit} for limit in limits]
        properties["annotations"] = {"horizontal": lines}
    return {
        "type": "metric",
        "width": 12,
        "height": 6,
        "properties": {**properties, "period": 300, "view": "timeSeries"},
    }
