"""Functions: the Lambdas, and the table in which they keep the stage record and the restart budget."""

from collections.abc import Mapping
from typing import Any

from awacs.aws import Statement
from pydantic import Field, field_validator
from troposphere import GetAtt, Ref, Template, awslambda, dynamodb, logs
from troposphere.iam import Role

from connector.domain.errors import OperatorError
from connector.domain.settings import ConnectorSettings
from templates.parts import common, iam, msk
from templates.parts.msk import KafkaRoleSettings
from templates.parts.roles import role
from templates.parts.settings import LogRetention, parse_settings

#: Attribute with the time, in seconds since 1970, after which DynamoDB may drop an item.
EXPIRY_ATTRIBUTE = "expires_at"

_RUNTIME = "python3.13"
_HANDLER = "lambda_src.connect_admin.handler.handler"
_TIMEOUT_SECONDS = 120
_MEMORY_MIB = 256


class FunctionsSettings(KafkaRoleSettings):
    """What the functions stack is told."""

    secret_prefix: str = Field(min_length=1, description="What the paths of all secrets start with.")
    subnets: tuple[str, ...] = Field(
        min_length=1, description="Subnets of the Lambdas, from the secret vpc: with NAT or endpoints."
    )
    connector: dict[str, Any] = Field(
        default_factory=dict,
        description="The connector's settings, see connector.domain.settings.ConnectorSettings.",
    )
    code_key: str = Field(min_length=1, description="S3 key of the Lambda zip, named by its content.")
    log_retention_days: LogRetention = Field(
        description="How long the Lambdas' log lines are kept, in days, as CloudWatch Logs offers them."
    )

    @field_validator("connector")
    @classmethod
    def _connector_is_known(cls, values: dict[str, Any]) -> dict[str, Any]:
        try:
            ConnectorSettings.parse(values)
        except OperatorError as error:
            raise ValueError(str(error)) from None
        return values


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(FunctionsSettings, sceptre_user_data)))


def build(settings: FunctionsSettings) -> Template:
    """The admin Lambda with its role and log group, and the state table."""
    template = common.new_template(f"wms-connector {settings.stage}: Lambdas and their state")
    key = common.parameter(template, "KmsKeyArn", "The foundation's key")
    _add_table(template, settings, key)
    _add_log_group(template, settings, settings.names.connect_admin, key)
    admin_role = role(
        template,
        "ConnectAdminRole",
        settings=settings,
        trust=iam.assume_as_function(),
        description=f"{settings.names.connect_admin}: speaks to Connect, Kafka and the database",
        statements=_admin_statements(settings, key),
    )
    _add_admin(template, settings, admin_role, key)
    return template


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
            TimeToLiveSpecification=dynamodb.TimeToLiveSpecification(
                AttributeName=EXPIRY_ATTRIBUTE, Enabled=True
            ),
            **common.stateful(settings.parsed_stage),
        )
    )
    common.output(template, "TableName", Ref("State"), "Stage record and restart budget")


def _add_log_group(template: Template, settings: FunctionsSettings, function: str, key: Ref) -> None:
    template.add_resource(
        logs.LogGroup(
            "ConnectAdminLogs",
            LogGroupName=settings.names.function_log_group(function),
            KmsKeyId=key,
            RetentionInDays=settings.log_retention_days,
            # Never kept: a launch after a deletion would find the name taken.
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        )
    )


def _admin_statements(settings: FunctionsSettings, key: Ref) -> list[Statement]:
    names, stage = settings.names, settings.parsed_stage
    statements = [
        iam.write_logs(names.function_log_group(names.connect_admin)),
        *iam.attach_to_vpc(),
        iam.no_interfaces_from_code(names.connect_admin),
        iam.read_stage_secrets(settings.secret_prefix, stage),
        iam.decrypt_through(key, "secretsmanager", "dynamodb", "lambda"),
        iam.use_key_for_table(key),
        iam.keep_state(names.table),
        *iam.find_tasks(names),
        iam.scale_service(names),
    ]
    if settings.msk_cluster is not None:
        statements += msk.prepare_as_admin(settings.msk_cluster, stage)
    return statements


def _add_admin(template: Template, settings: FunctionsSettings, admin_role: Role, key: Ref) -> None:
    groups = [
        common.security_group_parameter(template, "ClientSecurityGroupId", "May reach brokers and database"),
        common.security_group_parameter(
            template, "FunctionSecurityGroupId", "May reach the worker's metrics"
        ),
    ]
    bucket = common.parameter(template, "ArtifactBucketName", "The foundation's bucket with the Lambda zip")
    template.add_resource(
        awslambda.Function(
            "ConnectAdmin",
            FunctionName=settings.names.connect_admin,
            Description="Speaks to Connect, Kafka and the database for hooks and operators",
            Runtime=_RUNTIME,
            Architectures=["arm64"],
            Handler=_HANDLER,
            Code=awslambda.Code(S3Bucket=bucket, S3Key=settings.code_key),
            Role=GetAtt(admin_role, "Arn"),
            Timeout=_TIMEOUT_SECONDS,
            MemorySize=_MEMORY_MIB,
            KmsKeyArn=key,
            LoggingConfig=awslambda.LoggingConfig(LogGroup=Ref("ConnectAdminLogs")),
            VpcConfig=awslambda.VPCConfig(SubnetIds=list(settings.subnets), SecurityGroupIds=groups),
            Environment=awslambda.Environment(Variables=_environment(settings)),
        )
    )
    common.output(
        template, "ConnectAdminArn", GetAtt("ConnectAdmin", "Arn"), "Invoked by hooks and operators"
    )


def _environment(settings: FunctionsSettings) -> dict[str, str]:
    """What the function reads at start; nothing in it is confidential."""
    names = settings.names
    return {
        "STAGE": settings.stage,
        "SECRET_PREFIX": settings.secret_prefix,
        "TABLE_NAME": names.table,
        "CLUSTER_NAME": names.service,
        "SERVICE_NAME": names.service,
        "KAFKA_AUTH": settings.kafka_auth.value,
        "CONNECTOR_SETTINGS": ConnectorSettings.parse(settings.connector).to_json(),
    }
