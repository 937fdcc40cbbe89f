"""The calls that are made with the rights of a stage's roles: by our code, and by AWS on their behalf."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from connector.domain.access.call import AwsCall, AwsScope, Caller
from connector.domain.secrets.fallback import candidate_paths
from connector.domain.secrets.secrets import SECRET_NAMES
from connector.domain.stage import backup
from connector.domain.stage.aws_names import CONTAINER, Names, RolePart
from connector.domain.stage.stage import Stage

_REFERENCE = "service authorization reference"
_SECRETS = 'Secrets Manager user guide, "Secret encryption and decryption"'
_TABLES = 'DynamoDB developer guide, "DynamoDB encryption at rest usage notes"'
_OBJECTS = 'S3 user guide, "Using server-side encryption with AWS KMS keys"'
_VPC = 'Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC"'
_TASKS = 'ECS developer guide, "Amazon ECS task execution IAM role"'

#: What Secrets Manager adds to a secret's name in its ARN: a hyphen and six characters.
_SUFFIX = "-AbCdEf"


@dataclass(frozen=True)
class StageResources:
    """What a stage's roles reach. All but the stage's names is made by others, so it is given.

    `key` and `secrets_keys` are ARNs of KMS keys, `injected` those of the secrets that ECS injects,
    `subnets` and `groups` those of the functions' subnets (a shared one has its owner's account) and security
    groups, `repository` and `bucket` those of the image's repository and the artifact bucket. The paths of
    all secrets start with `secret_prefix`; `iam_path` is the path of the stage's roles.
    """

    stage: Stage
    scope: AwsScope
    key: str
    secret_prefix: str
    injected: tuple[str, ...]
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    repository: str
    bucket: str
    secrets_keys: tuple[str, ...] = ()
    iam_path: str = "/example/"

    @property
    def names(self) -> Names:
        """The stage's AWS names."""
        return self.stage.names

    @property
    def worker_roles(self) -> tuple[str, ...]:
        """ARNs of the two roles of a task."""
        parts = (RolePart.EXECUTION, RolePart.TASK)
        return tuple(
            self.scope.global_arn("iam", f"role{self.iam_path}{self.names.role(part, self.iam_path)}")
            for part in parts
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """ARNs of all secrets that the stage may read: its own and the defaults, whatever their suffixes are.

        A secret that does not exist has no suffix: it is asked for by name.
        """
        paths = (
            path
            for name in SECRET_NAMES
            for path in candidate_paths(self.secret_prefix, self.stage.name, name)
        )
        return tuple(
            self.scope.arn("secretsmanager", f"secret:{path}{suffix}")
            for path in paths
            for suffix in ("", _SUFFIX)
        )


def role_calls(resources: StageResources) -> tuple[AwsCall, ...]:
    """Every row of the functions' roles and of the execution role."""
    return (
        *_admin(resources),
        *_health(resources),
        *_execution(resources),
    )


def _admin(of: StageResources) -> Iterator[AwsCall]:
    caller = Caller.ADMIN_FUNCTION
    yield from _function(caller, of, of.names.connect_admin)
    if not of.stage.ephemeral:
        yield from _backups(caller, of)
    # With a bucket key the context is the bucket.
    encryption = {"aws:s3:arn": of.bucket}
    for operation, action, keys in (
        ("put_object", "s3:PutObject", ("kms:GenerateDataKey",)),
        ("get_object", "s3:GetObject", ("kms:Decrypt",)),
        ("delete_object", "s3:DeleteObject", ()),
    ):
        call = _digests(caller, of, operation, action)
        yield call
        for key in keys:
            yield _with_key(of, call, key, _OBJECTS, encryption)


def _health(of: StageResources) -> Iterator[AwsCall]:
    caller, names, arn = Caller.HEALTH_FUNCTION, of.names, of.scope.arn
    yield from _function(caller, of, names.connect_health)
    if not of.stage.ephemeral:
        yield from _written_backup(caller, of)
    yield _digests(caller, of, "delete_object", "s3:DeleteObject")
    yield AwsCall(
        caller,
        "cloudwatch",
        "put_metric_data",
        "cloudwatch:PutMetricData",
        ("*",),
        _REFERENCE,
        {"cloudwatch:namespace": names.health_namespace},
    )
    group = arn("logs", f"log-group:{names.connector_log_group}")
    # The reference gives the group's ARN; refusals name it with `:*` or with an empty stream.
    logs = (group, f"{group}:*", f"{group}:log-stream:")
    yield AwsCall(
        caller, "logs", "filter_log_events", "logs:FilterLogEvents", logs, _REFERENCE, uncertain=True
    )
    topic = arn("sns", names.sns_topic)
    publish = AwsCall(caller, "sns", "publish", "sns:Publish", (topic,), _REFERENCE)
    yield publish
    read = "sns:GetTopicAttributes"
    yield AwsCall(caller, "sns", "get_topic_attributes", read, (topic,), _REFERENCE)
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        source = 'SNS developer guide, "Managing Amazon SNS encryption keys and costs"'
        yield _with_key(of, publish, action, source, {"aws:sns:topicArn": topic})
    queue = arn("sqs", names.dead_letter_queue)
    source = 'Lambda developer guide, "Adding a dead-letter queue"'
    send = AwsCall(caller, "sqs", "", "sqs:SendMessage", (queue,), source)
    yield send
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        yield _with_key(of, send, action, 'SQS developer guide, "Key management"', {"aws:sqs:arn": queue})


def _execution(of: StageResources) -> Iterator[AwsCall]:
    """What ECS does before and while the container runs; no code of ours calls."""
    caller = Caller.EXECUTION_ROLE
    yield AwsCall(caller, "ecr", "", "ecr:GetAuthorizationToken", ("*",), _TASKS)
    for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"):
        yield AwsCall(caller, "ecr", "", f"ecr:{action}", (of.repository,), _TASKS)
    yield from _log(caller, of, of.names.connector_log_group, f"worker/{CONTAINER}/0a1b", _TASKS)
    yield AwsCall(caller, "secretsmanager", "", "secretsmanager:GetSecretValue", of.injected, _TASKS)
    yield from _secret_keys(caller, of, "", of.injected)


def _function(caller: Caller, of: StageResources, function: str) -> Iterator[AwsCall]:
    """What both functions' code calls, and what Lambda does with their roles."""
    secret, table = "get_secret_value", (of.scope.arn("dynamodb", f"table/{of.names.table}"),)
    yield AwsCall(caller, "secretsmanager", secret, "secretsmanager:GetSecretValue", of.secrets, _REFERENCE)
    yield from _secret_keys(caller, of, secret, of.secrets)
    # The value is not read, so no key is used. A worker's secret is asked for by its whole ARN.
    yield AwsCall(
        caller,
        "secretsmanager",
        "describe_secret",
        "secretsmanager:DescribeSecret",
        of.secrets,
        _REFERENCE,
    )
    for operation, action in (("get_item", "dynamodb:GetItem"), ("put_item", "dynamodb:PutItem")):
        call = AwsCall(caller, "dynamodb", operation, action, table, _REFERENCE)
        yield call
        yield _with_key(of, call, "kms:Decrypt", _TABLES, {"aws:dynamodb:tableName": of.names.table})
    yield from _tasks(caller, of)
    yield from _rotation(caller, of)
    yield _definition(caller)
    yield _variables(caller, of, function)
    yield from _log(caller, of, of.names.function_log_group(function), "2030/01/01/[$LATEST]0a1b", _VPC)
    yield from _interfaces(caller, of)


def _digests(caller: Caller, of: StageResources, operation: str, action: str) -> AwsCall:
    """A call on what a comparison keeps."""
    digests = (f"{of.bucket}/{of.names.comparison_folder}0a1b/digests-0",)
    return AwsCall(caller, "s3", operation, action, digests, _REFERENCE)


def _written_backup(caller: Caller, of: StageResources) -> Iterator[AwsCall]:
    """The context is the bucket's ARN, as it has a bucket key. Writing a whole object decrypts nothing."""
    put = AwsCall(caller, "s3", "put_object", "s3:PutObject", (_backup(of),), _REFERENCE)
    yield put
    yield _with_key(of, put, "kms:GenerateDataKey", _OBJECTS, {"aws:s3:arn": of.bucket})


def _backups(caller: Caller, of: StageResources) -> Iterator[AwsCall]:
    yield from _written_backup(caller, of)
    get = AwsCall(caller, "s3", "get_object", "s3:GetObject", (_backup(of),), _REFERENCE)
    yield get
    yield _with_key(of, get, "kms:Decrypt", _OBJECTS, {"aws:s3:arn": of.bucket})
    within = {"s3:prefix": backup.prefix(of.stage)}
    yield AwsCall(caller, "s3", "list_objects_v2", "s3:ListBucket", (of.bucket,), _REFERENCE, within)


def _backup(of: StageResources) -> str:
    return f"{of.bucket}/{backup.prefix(of.stage)}20300102T030405000000Z-daily.json"


def _variables(caller: Caller, of: StageResources, function: str) -> AwsCall:
    """Lambda decrypts a function's variables with its role when the function starts."""
    name = of.scope.arn("lambda", f"function:{function}")
    return AwsCall(
        caller,
        "lambda",
        "",
        "kms:Decrypt",
        (of.key,),
        'Lambda developer guide, "Securing Lambda environment variables"',
        {**_via(of, "lambda", of.key), "kms:EncryptionContext:aws:lambda:FunctionArn": name},
    )


def _tasks(caller: Caller, of: StageResources) -> Iterator[AwsCall]:
    cluster, arn = of.names.service, of.scope.arn
    listed = (arn("ecs", f"container-instance/{cluster}/*"), "*")
    yield AwsCall(
        caller,
        "ecs",
        "list_tasks",
        "ecs:ListTasks",
        listed,
        f"{_REFERENCE}, and cdklabs/construct-hub pull request 1207: on resource *",
        _cluster(of),
        uncertain=True,
    )
    task = (arn("ecs", f"task/{cluster}/0a1b2c3d"),)
    yield AwsCall(caller, "ecs", "describe_tasks", "ecs:DescribeTasks", task, _REFERENCE, _cluster(of))
    yield AwsCall(
        caller, "ecs", "describe_services", "ecs:DescribeServices", _service(of), _REFERENCE, _cluster(of)
    )


def _rotation(caller: Caller, of: StageResources) -> Iterator[AwsCall]:
    """New workers with other versions of secrets: a task definition, run with the stage's two roles."""
    service, definition = of.names.service, (of.scope.arn("ecs", f"task-definition/{of.names.service}:*"),)
    update, register = "update_service", "register_task_definition"
    context = {**_cluster(of), "ecs:task-definition": of.scope.arn("ecs", f"task-definition/{service}:8")}
    yield AwsCall(caller, "ecs", update, "ecs:UpdateService", _service(of), _REFERENCE, context)
    yield AwsCall(caller, "ecs", register, "ecs:RegisterTaskDefinition", definition, _REFERENCE)
    passed = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    yield AwsCall(caller, "ecs", register, "iam:PassRole", of.worker_roles, _TASKS, passed)


def _definition(caller: Caller) -> AwsCall:
    """The action takes no resource: any definition of the account may be described, and none has a secret."""
    operation = "describe_task_definition"
    return AwsCall(caller, "ecs", operation, "ecs:DescribeTaskDefinition", ("*",), _REFERENCE)


def _interfaces(caller: Caller, of: StageResources) -> Iterator[AwsCall]:
    """Lambda probes before it makes an interface, without naming one: "all resource IDs" is `*/*`."""
    any_interface = of.scope.arn("ec2", "network-interface/*")
    unnamed = of.scope.arn("ec2", "*/*")
    for action in ("DescribeNetworkInterfaces", "DescribeSubnets"):
        yield AwsCall(caller, "ec2", "", f"ec2:{action}", ("*",), _VPC)
    made = (any_interface, unnamed, *of.subnets, *of.groups)
    yield AwsCall(caller, "ec2", "", "ec2:CreateNetworkInterface", made, f"{_VPC}; {_REFERENCE}")
    for action in ("DeleteNetworkInterface", "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"):
        yield AwsCall(caller, "ec2", "", f"ec2:{action}", (any_interface, unnamed), _VPC)


def _secret_keys(
    caller: Caller, of: StageResources, operation: str, secrets: tuple[str, ...]
) -> Iterator[AwsCall]:
    """Secrets Manager decrypts as whoever reads."""
    for key in (of.key, *of.secrets_keys):
        context = {
            **_via(of, "secretsmanager", key),
            "kms:EncryptionContext:SecretARN": secrets[-1],
        }
        yield AwsCall(caller, "secretsmanager", operation, "kms:Decrypt", (key,), _SECRETS, context)


def _with_key(
    of: StageResources, call: AwsCall, action: str, source: str, encryption: Mapping[str, str]
) -> AwsCall:
    """What the service does with the foundation's key for the call's caller, in an encryption context."""
    context = {f"kms:EncryptionContext:{name}": value for name, value in encryption.items()}
    whole = {**_via(of, call.service, of.key), **context}
    return replace(call, action=action, resources=(of.key,), source=source, context=whole)


def _via(of: StageResources, service: str, key: str) -> dict[str, str]:
    """The keys that KMS sends for a call through a service; the service is the one in the key's region."""
    region = key.split(":")[3]
    return {"kms:ViaService": f"{service}.{region}.amazonaws.com", "kms:CallerAccount": of.scope.account}


def _log(caller: Caller, of: StageResources, group: str, stream: str, source: str) -> Iterator[AwsCall]:
    written = (of.scope.arn("logs", f"log-group:{group}:log-stream:{stream}"),)
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        yield AwsCall(caller, "logs", "", action, written, source)


def _service(of: StageResources) -> tuple[str, ...]:
    return (of.scope.arn("ecs", f"service/{of.names.service}/{of.names.service}"),)


def _cluster(of: StageResources) -> dict[str, str]:
    return {"ecs:cluster": of.scope.arn("ecs", f"cluster/{of.names.service}")}
