"""Functions: the Lambdas, and the table in which they keep the stage record and the restart budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from awacs.aws import PolicyDocument, Statement
from pydantic import Field
from troposphere import GetAtt, Ref, Template, awslambda, dynamodb, logs, sqs

from connector.domain.admin_api import FUNCTION_TIMEOUT_SECONDS
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health import metrics
from connector.domain.stage.aws_names import RolePart
from templates.shared import (
    bucket_rights,
    common,
    iam,
    msk,
    network_rights,
    resource_policies,
)
from templates.shared.msk import KafkaRoleSettings
from templates.shared.roles import Rights, role
from templates.shared.settings import (
    DOCS_URL,
    AlbTlsSettings,
    ConnectorKindSettings,
    DesiredCount,
    DocsUrl,
    LogRetention,
    SecretKeysSettings,
    parse_settings,
)

_RUNTIME = "python3.13"
#: Lambda gives a function its part of a processor by its memory, a whole one at 1769 MiB ("Configure Lambda
#: function memory" in its documentation). The first request imports what it needs: a second of a whole one.
_MEMORY_MIB = 1024

#: A check ends within a minute (`lambda_src.connect_health.handler`); the rest is for a rotation of secrets,
#: in which ECS replaces the workers. What is not done by then, the next check goes on with.
_HEALTH_TIMEOUT_SECONDS = 300

#: SQS keeps a message 14 days at most.
_DEAD_LETTER_SECONDS = 14 * 24 * 3600


class FunctionsSettings(KafkaRoleSettings, ConnectorKindSettings, SecretKeysSettings):
    """The settings of the functions stack."""

    secret_prefix: str = Field(min_length=1, description="What the paths of all secrets start with.")
    subnets: tuple[str, ...] = Field(
        min_length=1,
        max_length=16,
        description="Subnets of the Lambdas, from the secret vpc: with NAT or endpoints. Lambda takes at "
        "most 16.",
    )
    code_key: str = Field(min_length=1, description="S3 key of the Lambda zip, named by its content.")
    log_retention_days: LogRetention = Field(
        description="How long the Lambdas' log lines are kept, in days, as CloudWatch Logs offers them."
    )
    desired_count: DesiredCount = Field(
        default=1, description="Workers that the stage is meant to have, which the health check compares."
    )
    alb_tls: AlbTlsSettings | None = Field(
        default=None, description="If there is a load balancer, the functions call Connect through it."
    )
    docs_url: DocsUrl = Field(default="", description=DOCS_URL)
    fips: bool = Field(default=False, description="Whether the functions call AWS through FIPS endpoints.")


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(FunctionsSettings, sceptre_user_data)))


def build(settings: FunctionsSettings) -> Template:
    """The Lambdas with their roles and log groups, the dead-letter queue and the state table."""
    template = common.new_template(f"wms-connector {settings.stage}: Lambdas and their state")
    key = common.parameter(template, "KmsKeyArn", "The foundation's key")
    place = Place(
        key=key,
        bucket=common.parameter(
            template, "ArtifactBucketName", "The foundation's bucket with zip and backups"
        ),
        groups=[
            common.security_group_parameter(
                template, "ClientSecurityGroupId", "May reach brokers and database"
            ),
            common.security_group_parameter(
                template, "FunctionSecurityGroupId", "May reach the worker's metrics"
            ),
        ],
    )
    _add_table(template, settings, key)
    _add_queue(template, settings, key)
    for function in (_admin(settings, place), _health(settings, place)):
        _add_function(template, settings, function, place)
    _add_health_calls(template)
    return template


@dataclass(frozen=True)
class Place:
    """What all functions have in common, as references."""

    key: Ref
    bucket: Ref
    groups: Sequence[Ref]


@dataclass(frozen=True)
class Function:
    """What is a function's own. `package` is its package below `lambda_src`."""

    title: str
    part: RolePart
    name: str
    package: str
    description: str
    seconds: int
    statements: Sequence[Statement]
    on_brokers: Rights
    properties: Mapping[str, Any] = field(default_factory=dict)


def _admin(settings: FunctionsSettings, place: Place) -> Function:
    names, key = settings.names, place.key
    statements = [
        iam.read_stage_secrets(settings.secret_prefix, settings.parsed_stage),
        iam.decrypt_through(key, "secretsmanager", "dynamodb", "lambda"),
        *iam.decrypt_secrets(settings.secrets_key_arns),
        iam.keep_state(names.table),
        *iam.find_tasks(names),
        iam.scale_service(names),
        *iam.replace_workers(names, settings.iam_path),
        *bucket_rights.keep_objects(place.bucket, settings.parsed_stage, key),
    ]
    cluster = settings.msk_cluster
    return Function(
        "ConnectAdmin",
        RolePart.ADMIN,
        names.connect_admin,
        "connect_admin",
        "calls Connect, Kafka and the database for hooks and operators",
        FUNCTION_TIMEOUT_SECONDS,
        statements,
        {} if cluster is None else msk.prepare_as_admin(cluster, settings.parsed_stage),
    )


def _health(settings: FunctionsSettings, place: Place) -> Function:
    names, key = settings.names, place.key
    cluster = settings.msk_cluster
    return Function(
        "ConnectHealth",
        RolePart.HEALTH,
        names.connect_health,
        "connect_health",
        "observes the stage on a schedule, restarts what failed within a budget, and notifies people",
        _HEALTH_TIMEOUT_SECONDS,
        [
            iam.read_stage_secrets(settings.secret_prefix, settings.parsed_stage),
            iam.decrypt_through(key, "secretsmanager", "dynamodb", "lambda"),
            *iam.decrypt_secrets(settings.secrets_key_arns),
            iam.keep_state(names.table),
            *iam.find_tasks(names),
            iam.see_service(names),
            *iam.replace_workers(names, settings.iam_path),
            iam.publish_metrics(names.health_namespace),
            iam.read_log(names.connector_log_group),
            *iam.publish_to_topic(names.sns_topic, key),
            *iam.send_dead_letters(names.dead_letter_queue, key),
            *bucket_rights.write_backups(place.bucket, settings.parsed_stage, key),
            bucket_rights.delete_comparisons(place.bucket, settings.parsed_stage),
        ],
        {} if cluster is None else msk.watch_heartbeat(cluster, settings.parsed_stage),
        {"DeadLetterConfig": awslambda.DeadLetterConfig(TargetArn=GetAtt("DeadLetters", "Arn"))},
    )


def _add_table(template: Template, settings: FunctionsSettings, key: Ref) -> None:
    durable = not settings.parsed_stage.ephemeral
    template.add_resource(
        dynamodb.Table(
            "State",
            TableName=settings.names.table,
            AttributeDefinitions=[dynamodb.AttributeDefinition(AttributeName="id", AttributeType="S")],
            KeySchema=[dynamodb.KeySchema(AttributeName="id", KeyType="HASH")],
            BillingMode="PAY_PER_REQUEST",
            SSESpecification=dynamodb.SSESpecification(SSEEnabled=True, SSEType="KMS", KMSMasterKeyId=key),
            PointInTimeRecoverySpecification=dynamodb.PointInTimeRecoverySpecification(
                PointInTimeRecoveryEnabled=durable
            ),
            # No item expires yet. An item that should expire needs only this attribute: seconds since 1970.
            TimeToLiveSpecification=dynamodb.TimeToLiveSpecification(
                AttributeName="expires_at", Enabled=True
            ),
            **common.stateful(settings.parsed_stage),
        )
    )
    common.output(template, "TableName", Ref("State"), "Stage record and restart budget")


def _add_queue(template: Template, settings: FunctionsSettings, key: Ref) -> None:
    """The queue for what could not be handled: a function's events, and deliveries of rules."""
    names = settings.names
    template.add_resource(
        sqs.Queue(
            "DeadLetters",
            QueueName=names.dead_letter_queue,
            KmsMasterKeyId=key,
            MessageRetentionPeriod=_DEAD_LETTER_SECONDS,
            # A deleted stage does not need old failures, and the queue's name must be free again.
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        )
    )
    template.add_resource(
        sqs.QueuePolicy(
            "DeadLettersPolicy",
            Queues=[Ref("DeadLetters")],
            PolicyDocument=PolicyDocument(
                Version="2012-10-17",
                Statement=[
                    iam.send_as_eventbridge("DeadLetters", map(names.rule, metrics.RULES)),
                    resource_policies.use_queue_over_tls_only("DeadLetters"),
                ],
            ),
        )
    )
    common.output(
        template, "DeadLetterQueueArn", GetAtt("DeadLetters", "Arn"), "Keeps events that could not be handled"
    )


def _add_function(template: Template, settings: FunctionsSettings, function: Function, place: Place) -> None:
    log_group = settings.names.function_log_group(function.name)
    template.add_resource(
        logs.LogGroup(
            f"{function.title}Logs",
            LogGroupName=log_group,
            KmsKeyId=place.key,
            RetentionInDays=settings.log_retention_days,
            # Never kept: a launch after a deletion would find the name taken.
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        )
    )
    own_role = role(
        template,
        f"{function.title}Role",
        named=function.part,
        settings=settings,
        trust=iam.assume_as_function(),
        description=f"{function.name}: {function.description}",
        rights={
            "": function.statements,
            "Runtime": [
                iam.write_logs(log_group),
                *network_rights.attach_to_vpc(settings.subnets),
                network_rights.no_interfaces_from_code(function.name),
            ],
            **function.on_brokers,
        },
    )
    template.add_resource(
        awslambda.Function(
            function.title,
            FunctionName=function.name,
            Description=function.description,
            Runtime=_RUNTIME,
            Architectures=["arm64"],
            Handler=f"lambda_src.{function.package}.handler.handler",
            Code=awslambda.Code(S3Bucket=place.bucket, S3Key=settings.code_key),
            Role=GetAtt(own_role, "Arn"),
            Timeout=function.seconds,
            MemorySize=_MEMORY_MIB,
            KmsKeyArn=place.key,
            LoggingConfig=awslambda.LoggingConfig(LogGroup=Ref(f"{function.title}Logs")),
            VpcConfig=awslambda.VPCConfig(
                SubnetIds=list(settings.subnets), SecurityGroupIds=list(place.groups)
            ),
            Environment=awslambda.Environment(Variables=_environment(settings, place)),
            **function.properties,
        )
    )
    common.output(
        template,
        f"{function.title}Arn",
        GetAtt(function.title, "Arn"),
        f"The function that {function.description}",
    )


def _add_health_calls(template: Template) -> None:
    """Do not retry a failed check: the next one is due soon, and the failed event is a dead letter."""
    template.add_resource(
        awslambda.EventInvokeConfig(
            "ConnectHealthCalls",
            FunctionName=Ref("ConnectHealth"),
            Qualifier="$LATEST",
            MaximumRetryAttempts=0,
            MaximumEventAgeInSeconds=60,
        )
    )


def _environment(settings: FunctionsSettings, place: Place) -> dict[str, str | Ref]:
    """What a function reads at start; nothing in it is confidential."""
    names = settings.names
    variables: dict[str, str | Ref] = {
        "STAGE": settings.stage,
        "SECRET_PREFIX": settings.secret_prefix,
        "TABLE_NAME": names.table,
        "CLUSTER_NAME": names.service,
        "SERVICE_NAME": names.service,
        "KAFKA_AUTH": settings.kafka_auth.value,
        "DESIRED_COUNT": str(settings.desired_count),
        "CONNECTOR_SETTINGS": ConnectorSettings.parse(settings.connector).to_json(),
        "ARTIFACT_BUCKET": place.bucket,
    }
    if settings.alb_tls is not None:
        # The authority's certificate is read from the secret connectAlbTls when it is needed.
        variables["CONNECT_URL"] = f"https://{names.connect_host}"
    if settings.docs_url:
        variables["DOCS_URL"] = settings.docs_url
    if settings.fips:
        # AWS's libraries read it ("FIPS endpoints", AWS SDKs and Tools Reference Guide).
        variables["AWS_USE_FIPS_ENDPOINT"] = "true"
    return variables
