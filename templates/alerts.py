"""Alerts: the topic that mails people, and the Connect worker's log group.

The log group lives here, not in the connector stack, so that log filters and alarms can stand beside the
connector and so that the logs of a failed connector stack outlive its rollback.
"""

from collections.abc import Mapping
from typing import Any

from awacs.aws import PolicyDocument
from pydantic import Field
from troposphere import Ref, Template, logs, sns

from templates.parts import common, iam
from templates.parts.settings import LogRetention, StageSettings, parse_settings


class AlertsSettings(StageSettings):
    """What the alerts stack is told."""

    log_retention_days: LogRetention = Field(
        description="How long the worker's log lines are kept, in days, as CloudWatch Logs offers them."
    )


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(AlertsSettings, sceptre_user_data)))


def build(settings: AlertsSettings) -> Template:
    """Encrypted topic with its policy, and the worker's encrypted log group."""
    names = settings.names
    template = common.new_template(f"wms-connector {settings.stage}: alerts and the worker's log group")
    key = common.parameter(template, "KmsKeyArn", "The foundation's key")
    topic = template.add_resource(sns.Topic("Topic", TopicName=names.sns_topic, KmsMasterKeyId=key))
    template.add_resource(
        sns.TopicPolicy(
            "TopicPolicy",
            Topics=[Ref(topic)],
            PolicyDocument=PolicyDocument(
                Version="2012-10-17",
                Statement=[
                    iam.publish_as_cloudwatch(Ref(topic)),
                    iam.publish_as_eventbridge(Ref(topic)),
                ],
            ),
        )
    )
    template.add_resource(
        logs.LogGroup(
            "ConnectorLogs",
            LogGroupName=names.connector_log_group,
            KmsKeyId=key,
            RetentionInDays=settings.log_retention_days,
            **common.stateful(settings.parsed_stage),
        )
    )
    common.output(template, "TopicArn", Ref(topic), "Mails people")
    common.output(template, "ConnectorLogGroup", Ref("ConnectorLogs"), "The Connect worker's log lines")
    return template
