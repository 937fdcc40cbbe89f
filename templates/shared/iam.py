"""IAM statements, each made by a function that is named for what it allows.

`Resource: "*"` is used only where the service takes no resource for the action: describing EC2 network
interfaces and task definitions, ECR's authorization token, and publishing metrics, which a condition binds
to a namespace; and for listing tasks, where AWS's own documents disagree, and a condition binds it to the
cluster.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from awacs import aws, cloudwatch, dynamodb, ecs, kms, logs, secretsmanager, sqs
from awacs.aws import Allow, ArnEquals, Bool, Condition, Principal, Statement, StringEquals
from troposphere import GetAtt, Ref, Sub

from connector.domain.secrets.fallback import DEFAULT_OWNER, candidate_paths
from connector.domain.stage.aws_names import Names, RolePart
from connector.domain.stage.stage import Stage
from templates.shared.common import arn


def assume_as_function() -> aws.PolicyDocument:
    """Trust policy of a Lambda's role.

    No condition on the account: Lambda does not document that it sends one for execution roles, and who
    may pass the role to a function is settled by iam:PassRole in this account.
    """
    return _trust("lambda.amazonaws.com")


def assume_as_task() -> aws.PolicyDocument:
    """Trust policy of an ECS task's roles: ECS may take them for tasks of this account only."""
    return _trust(
        "ecs-tasks.amazonaws.com",
        Condition=Condition(StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")})),
    )


def _trust(service: str, **bounds: Any) -> aws.PolicyDocument:
    statement = Statement(
        Effect=Allow,
        Principal=Principal("Service", [service]),
        Action=[aws.Action("sts", "AssumeRole")],
        **bounds,
    )
    return aws.PolicyDocument(Version="2012-10-17", Statement=[statement])


def write_logs(log_group: str) -> Statement:
    """Write to one log group that exists. Never create one: a late run would bring a deleted group back."""
    return Statement(
        Sid="WriteLogs",
        Effect=Allow,
        Action=[logs.CreateLogStream, logs.PutLogEvents],
        Resource=[arn("logs", f"log-group:{log_group}:*")],
    )


def read_log(log_group: str) -> Statement:
    """Read one log group."""
    return Statement(
        Sid="ReadLog",
        Effect=Allow,
        Action=[logs.FilterLogEvents],
        Resource=[arn("logs", f"log-group:{log_group}"), arn("logs", f"log-group:{log_group}:*")],
    )


def read_stage_secrets(prefix: str, stage: Stage) -> Statement:
    """Read this stage's secrets and the default's, and no other stage's."""
    return Statement(
        Sid="ReadStageSecrets",
        Effect=Allow,
        Action=[secretsmanager.DescribeSecret, secretsmanager.GetSecretValue],
        Resource=[
            arn("secretsmanager", f"secret:{prefix}/{owner}/*") for owner in (stage.name, DEFAULT_OWNER)
        ],
    )


def read_worker_secrets(prefix: str, stage: Stage, names: Iterable[str]) -> Statement:
    """Read secrets of these names, the stage's own and the default's: a rotation may change to the other one.

    Secrets Manager adds a hyphen and six characters to a secret's name.
    """
    return Statement(
        Sid="ReadSecrets",
        Effect=Allow,
        Action=[secretsmanager.GetSecretValue],
        Resource=[
            arn("secretsmanager", f"secret:{path}-??????")
            for name in names
            for path in candidate_paths(prefix, stage.name, name)
        ],
    )


def decrypt_through(key: Any, *services: str) -> Statement:
    """Use the foundation key, but only through the named services (`kms:ViaService`)."""
    return Statement(
        Sid="DecryptThroughServices",
        Effect=Allow,
        Action=[kms.Decrypt],
        Resource=[key],
        Condition=through(*services),
    )


def decrypt_secrets(keys: Sequence[str]) -> list[Statement]:
    """Use an account's own keys, but only through Secrets Manager, which decrypts a secret as its reader.

    Nothing is allowed without keys: secrets are then under the foundation's key or `aws/secretsmanager`.
    """
    if not keys:
        return []
    return [
        Statement(
            Sid="DecryptSecrets",
            Effect=Allow,
            Action=[kms.Decrypt],
            Resource=sorted(set(keys)),
            Condition=through("secretsmanager"),
        )
    ]


def through(*services: str) -> Condition:
    """Only what these services ask of KMS for the caller."""
    return Condition(
        StringEquals({"kms:ViaService": [Sub(f"{name}.${{AWS::Region}}.amazonaws.com") for name in services]})
    )


def keep_state(table: str) -> Statement:
    """Read the items of one table, and replace them.

    The table's key is used as the caller for `kms:Decrypt` alone: what else AWS lists as its minimum is asked
    of whoever chooses the key for a table (DynamoDB developer guide, "DynamoDB encryption at rest usage
    notes": "The user is the principal in your AWS account who is accessing the table").
    """
    return Statement(
        Sid="KeepState",
        Effect=Allow,
        Action=[dynamodb.GetItem, dynamodb.PutItem],
        Resource=[arn("dynamodb", f"table/{table}")],
    )


def publish_to_topic(topic: str, key: Any) -> list[Statement]:
    """Publish to one topic, which is encrypted with the key."""
    return [
        Statement(
            Sid="MailPeople",
            Effect=Allow,
            # The topic's attributes tell how many addresses were not confirmed.
            Action=[aws.Action("sns", "Publish"), aws.Action("sns", "GetTopicAttributes")],
            Resource=[arn("sns", topic)],
        ),
        Statement(
            Sid="UseKeyForTopic",
            Effect=Allow,
            Action=[kms.Decrypt, kms.GenerateDataKey],
            Resource=[key],
            Condition=through("sns"),
        ),
    ]


def publish_metrics(namespace: str) -> Statement:
    """Publish metrics into one namespace."""
    return Statement(
        Sid="PublishMetrics",
        Effect=Allow,
        Action=[cloudwatch.PutMetricData],
        Resource=["*"],
        Condition=Condition(StringEquals({"cloudwatch:namespace": namespace})),
    )


def send_dead_letters(queue: str, key: Any) -> list[Statement]:
    """Put what a function could not handle into one queue, which is encrypted with the key."""
    return [
        Statement(
            Sid="SendDeadLetters",
            Effect=Allow,
            Action=[sqs.SendMessage],
            Resource=[arn("sqs", queue)],
        ),
        Statement(
            Sid="UseKeyForQueue",
            Effect=Allow,
            Action=[kms.Decrypt, kms.GenerateDataKey],
            Resource=[key],
            Condition=through("sqs"),
        ),
    ]


def send_as_eventbridge(queue: str, rules: Iterable[str]) -> Statement:
    """Queue policy: these rules may put what they could not deliver into the queue with this logical id."""
    return Statement(
        Sid="UndeliveredEvents",
        Effect=Allow,
        Principal=Principal("Service", ["events.amazonaws.com"]),
        Action=[sqs.SendMessage],
        Resource=[GetAtt(queue, "Arn")],
        Condition=Condition(ArnEquals({"aws:SourceArn": [arn("events", f"rule/{rule}") for rule in rules]})),
    )


def find_tasks(names: Names) -> list[Statement]:
    """List and describe the tasks of the stage's cluster.

    AWS may judge `ListTasks` by the resource `container-instance/<cluster>/*` (service authorization
    reference) or by `*` ("on resource: *" in a refusal, cdklabs/construct-hub pull request 1207): only `*`
    allows both. The condition holds it to the cluster.
    """
    cluster = names.service
    condition = Condition(ArnEquals({"ecs:cluster": arn("ecs", f"cluster/{cluster}")}))
    return [
        Statement(
            Sid="ListTasks",
            Effect=Allow,
            Action=[ecs.ListTasks],
            Resource=["*"],
            Condition=condition,
        ),
        Statement(
            Sid="DescribeTasks",
            Effect=Allow,
            Action=[ecs.DescribeTasks],
            Resource=[arn("ecs", f"task/{cluster}/*")],
            Condition=condition,
        ),
        # Which secrets a worker was started with: a definition has their ARNs, and no value.
        Statement(
            Sid="DescribeTaskDefinitions",
            Effect=Allow,
            Action=[ecs.DescribeTaskDefinition],
            Resource=["*"],
        ),
    ]


def scale_service(names: Names) -> Statement:
    """See the stage's service and change its desired count: a cut-off teardown may have left it at 0."""
    return Statement(
        Sid="ScaleService",
        Effect=Allow,
        Action=[ecs.DescribeServices, ecs.UpdateService],
        Resource=[arn("ecs", f"service/{names.service}/{names.service}")],
    )


def see_service(names: Names) -> Statement:
    """See the stage's service."""
    return Statement(
        Sid="SeeService",
        Effect=Allow,
        Action=[ecs.DescribeServices],
        Resource=[arn("ecs", f"service/{names.service}/{names.service}")],
    )


def replace_workers(names: Names, iam_path: str) -> list[Statement]:
    """Give the stage's service another task definition of its own family, with the stage's own two roles.

    That is what a rotation does: the new one names other versions of secrets. Nothing is allowed to run a
    task by itself, and no other role may be passed, to no other service.
    """
    roles = [f"role{iam_path}{names.role(part, iam_path)}" for part in (RolePart.EXECUTION, RolePart.TASK)]
    return [
        Statement(
            Sid="ReplaceWorkers",
            Effect=Allow,
            Action=[ecs.UpdateService],
            Resource=[arn("ecs", f"service/{names.service}/{names.service}")],
        ),
        Statement(
            Sid="RegisterTaskDefinition",
            Effect=Allow,
            Action=[ecs.RegisterTaskDefinition],
            Resource=[arn("ecs", f"task-definition/{names.service}:*")],
        ),
        Statement(
            Sid="PassRolesOfWorkers",
            Effect=Allow,
            Action=[aws.Action("iam", "PassRole")],
            Resource=[Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:{role}") for role in roles],
            Condition=Condition(StringEquals({"iam:PassedToService": "ecs-tasks.amazonaws.com"})),
        ),
    ]


def publish_as_cloudwatch(topic: Any) -> Statement:
    """Topic policy: this account's CloudWatch alarms may publish."""
    return Statement(
        Sid="PublishAlarms",
        Effect=Allow,
        Principal=Principal("Service", ["cloudwatch.amazonaws.com"]),
        Action=[aws.Action("sns", "Publish")],
        Resource=[topic],
        Condition=Condition(StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")})),
    )


def publish_as_eventbridge(topic: Any) -> Statement:
    """Topic policy: EventBridge rules may publish.

    No condition: EventBridge sends none of the keys that one could check, and its mails would vanish.
    """
    return Statement(
        Sid="PublishEvents",
        Effect=Allow,
        Principal=Principal("Service", ["events.amazonaws.com"]),
        Action=[aws.Action("sns", "Publish")],
        Resource=[topic],
    )


def refuse_plain_http(bucket: str) -> Statement:
    """Bucket policy: nobody may reach the bucket without TLS."""
    return Statement(
        Sid="TlsOnly",
        Effect=aws.Deny,
        Principal=Principal("*"),
        Action=[aws.Action("s3", "*")],
        Resource=[GetAtt(bucket, "Arn"), Sub(f"${{{bucket}.Arn}}/*")],
        Condition=Condition(Bool({"aws:SecureTransport": "false"})),
    )


def administer_key() -> Statement:
    """Key policy: the account decides through IAM. In a key's policy "*" means that key and no other."""
    return Statement(
        Sid="AccountAdministers",
        Effect=Allow,
        Principal=Principal("AWS", [Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")]),
        Action=[aws.Action("kms", "*")],
        Resource=["*"],
    )


def encrypt_log_groups(prefixes: Iterable[str]) -> Statement:
    """Key policy: CloudWatch Logs may use the key for log groups with these prefixes, and no others."""
    return Statement(
        Sid="LogsEncrypt",
        Effect=Allow,
        Principal=Principal("Service", [Sub("logs.${AWS::Region}.amazonaws.com")]),
        Action=[kms.Encrypt, kms.Decrypt, *_REENCRYPT, *_DATA_KEY, kms.DescribeKey],
        Resource=["*"],
        Condition=Condition(
            aws.ArnLike(
                {
                    "kms:EncryptionContext:aws:logs:arn": [
                        arn("logs", f"log-group:{prefix}*") for prefix in prefixes
                    ]
                }
            )
        ),
    )


def publish_encrypted_as_cloudwatch() -> Statement:
    """Key policy: this account's CloudWatch alarms may publish to encrypted topics."""
    return Statement(
        Sid="AlarmsPublish",
        Effect=Allow,
        Principal=Principal("Service", ["cloudwatch.amazonaws.com"]),
        Action=[kms.Decrypt, *_DATA_KEY],
        Resource=["*"],
        Condition=Condition(StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")})),
    )


def publish_encrypted_as_eventbridge() -> Statement:
    """Key policy: EventBridge may publish to encrypted topics and queues; it sends no source account."""
    return Statement(
        Sid="EventsPublish",
        Effect=Allow,
        Principal=Principal("Service", ["events.amazonaws.com"]),
        Action=[kms.Decrypt, *_DATA_KEY],
        Resource=["*"],
    )


_DATA_KEY = [kms.GenerateDataKey, kms.GenerateDataKeyWithoutPlaintext]
_REENCRYPT = [kms.ReEncryptFrom, kms.ReEncryptTo]
