"""Alerts: the topics that mail people and call machines, and the Connect worker's log group.

The log group is here, not in the connector stack: log filters and alarms then do not depend on the connector,
and the logs of a failed connector stack outlive its rollback.
"""

from collections.abc import Mapping
from typing import Any

from awacs.aws import PolicyDocument
from pydantic import Field
from troposphere import Ref, Template, logs, sns

from templates.shared import common, iam, resource_policies
from templates.shared.settings import LogRetention, StageSettings, parse_settings
from templates.shared.subscriptions import Address, subscribe


class AlertsSettings(StageSettings):
    """The settings of the alerts stack."""

    log_retention_days: LogRetention = Field(
        description="How long the worker's log lines are kept, in days, as CloudWatch Logs offers them."
    )
    emails: tuple[Address, ...] = Field(
        default=(), description="Who is mailed, from the secret alertEmails; each must confirm once."
    )
    subscribe: bool | None = Field(
        default=None,
        description="Whether the addresses are subscribed; when not given, in named stages only.",
    )

    @property
    def subscribers(self) -> tuple[str, ...]:
        """The addresses that are mailed."""
        wanted = not self.parsed_stage.ephemeral if self.subscribe is None else self.subscribe
        return self.emails if wanted else ()


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(AlertsSettings, sceptre_user_data)))


def build(settings: AlertsSettings) -> Template:
    """Two encrypted topics with their policies, subscriptions, and the worker's encrypted log group."""
    names = settings.names
    template = common.new_template(f"wms-connector {settings.stage}: alerts and the worker's log group")
    key = common.parameter(template, "KmsKeyArn", "The foundation's key")
    topic = _add_topic(template, "Topic", names.sns_topic, key)
    alarms = _add_topic(template, "AlarmsTopic", names.alarms_topic, key)
    subscribe(template, Ref(topic), settings.subscribers)
    template.add_resource(
        logs.LogGroup(
            "ConnectorLogs",
            LogGroupName=names.connector_log_group,
            KmsKeyId=key,
            RetentionInDays=settings.log_retention_days,
            **common.stateful(settings.parsed_stage),
        )
    )
    common.output(template, "TopicArn", Ref(topic), "The SNS topic that mails people")
    common.output(
        template, "AlarmsTopicArn", Ref(alarms), "The SNS topic that gets every alarm, for machines"
    )
    common.output(template, "ConnectorLogGroup", Ref("ConnectorLogs"), "The Connect worker's log lines")
    return template


def _add_topic(template: Template, title: str, name: str, key: Ref) -> sns.Topic:
    """A topic that the foundation's key encrypts, and to which this account's alarms publish."""
    topic = template.add_resource(sns.Topic(title, TopicName=name, KmsMasterKeyId=key))
    document = PolicyDocument(
        Version="2012-10-17",
        Statement=[
            iam.publish_as_cloudwatch(Ref(topic)),
            resource_policies.publish_over_tls_only(Ref(topic)),
        ],
    )
    template.add_resource(sns.TopicPolicy(f"{title}Policy", Topics=[Ref(topic)], PolicyDocument=document))
    return topic
