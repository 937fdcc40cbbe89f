"""Alerts: the topic that mails people, and the Connect worker's log group.

The log group is here, not in the connector stack: log filters and alarms then do not depend on the connector,
and the logs of a failed connector stack outlive its rollback.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from awacs.aws import PolicyDocument
from pydantic import Field
from troposphere import Ref, Template, logs, sns

from templates.shared import common, iam
from templates.shared.settings import LogRetention, StageSettings, parse_settings


class AlertsSettings(StageSettings):
    """The settings of the alerts stack."""

    log_retention_days: LogRetention = Field(
        description="How long the worker's log lines are kept, in days, as CloudWatch Logs offers them."
    )
    emails: tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = Field(
        default=(), description="Who is mailed, from the secret alertEmails; each must confirm once."
    )
    subscribe: bool | None = Field(
        default=None,
        description="Whether the addresses are subscribed; when not given, in named stages only.",
    )

    @property
    def subscribers(self) -> tuple[str, ...]:
        """The addresses that are mailed, each once."""
        wanted = not self.parsed_stage.ephemeral if self.subscribe is None else self.subscribe
        return tuple(dict.fromkeys(self.emails)) if wanted else ()


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(AlertsSettings, sceptre_user_data)))


def build(settings: AlertsSettings) -> Template:
    """Encrypted topic with its policy and subscriptions, and the worker's encrypted log group."""
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
    for address in settings.subscribers:
        template.add_resource(
            sns.SubscriptionResource(
                subscription_id(address), TopicArn=Ref(topic), Protocol="email", Endpoint=address
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
    common.output(template, "TopicArn", Ref(topic), "The SNS topic that mails people")
    common.output(template, "ConnectorLogGroup", Ref("ConnectorLogs"), "The Connect worker's log lines")
    return template


def subscription_id(address: str) -> str:
    """A logical id that depends on the address alone: reordering the list must not ask people again."""
    return f"Mail{hashlib.sha256(address.encode()).hexdigest()[:12]}"
