"""What a deployer calls, and what CloudFormation calls with a deployer's rights. Pure.

Source of a row, if it names no other: AWS's Service Authorization Reference, "Actions, resources, and
condition keys for <service>" (https://docs.aws.amazon.com/service-authorization/latest/reference/). What else
is known, or disputed, stands beside the row. What CloudFormation calls is in `deployer_resources`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Flag, auto

from connector.domain.access.call import AwsCall, Caller
from connector.domain.access.deployer import Deployer, Target, arns

_REFERENCE = "Service Authorization Reference"


class Use(Flag):
    """What a call is made for."""

    LAUNCH = auto()
    TEARDOWN = auto()
    VERIFY = auto()
    OPERATE = auto()
    FOUNDATION = auto()
    PUBLISH = auto()
    #: `adopt` reads what the predecessor has: docs/migration.md says with which rights.
    ADOPT = auto()

    #: A named stage is never torn down.
    NAMED = LAUNCH | VERIFY | OPERATE
    STAGE = NAMED | TEARDOWN


def uses_of(deployer: Deployer) -> Use:
    """What a deployer calls for, without the publishing of images."""
    if deployer.foundation:
        return Use.FOUNDATION
    return Use.STAGE if deployer.stage is None or deployer.stage.ephemeral else Use.NAMED


@dataclass(frozen=True)
class DeployerCall:
    """One action that AWS asks IAM about for one call.

    `operation` is boto3's method; it is empty where no code of ours calls.
    """

    service: str
    operation: str
    action: str
    targets: tuple[Target, ...]
    uses: Use
    source: str = _REFERENCE


_L, _T, _V, _O, _F, _P = Use.LAUNCH, Use.TEARDOWN, Use.VERIFY, Use.OPERATE, Use.FOUNDATION, Use.PUBLISH
_A = Use.ADOPT
_PUSH = "Amazon ECR user guide, 'IAM permissions for pushing an image'"
_S, _FS = (Target.STACK,), (Target.FOUNDATION_STACK,)
_BOTH = (Target.STACK, Target.FOUNDATION_STACK)


def _row(
    service: str, operation: str, targets: tuple[Target, ...], uses: Use, *, action: str = ""
) -> DeployerCall:
    name = action or "".join(word.capitalize() for word in operation.split("_"))
    return DeployerCall(service, operation, name if ":" in name else f"{service}:{name}", targets, uses)


#: Calls that need no right: "No permissions are required to perform this operation" (STS API reference).
WITHOUT_RIGHTS = (("sts", "get_caller_identity"),)

CALLS: tuple[DeployerCall, ...] = (
    # A stage's own stacks, and the foundation's for its outputs. Tags ask for TagResource besides, and for
    # UntagResource when an update takes one away.
    _row("cloudformation", "describe_stacks", _S, _L | _T | _V | _O),
    _row("cloudformation", "describe_stacks", _FS, _L | _V | _P | _F),
    # Without a name: which ephemeral stages are there (`ephemeral list, sweep, destroy`, `topics plan`), and
    # whether the foundation is in use. AWS answers all stacks or none.
    _row("cloudformation", "describe_stacks", (Target.ANYTHING,), _T | _F),
    _row("cloudformation", "describe_stack_events", _S, _L | _T),
    _row("cloudformation", "describe_stack_events", _FS, _F),
    _row("cloudformation", "describe_stack_resources", _S, _T | _L),
    _row("cloudformation", "describe_stack_resources", _FS, _F),
    _row("cloudformation", "create_stack", _S, _L),
    _row("cloudformation", "create_stack", _FS, _F),
    _row("cloudformation", "create_stack", _S, _L, action="cloudformation:TagResource"),
    _row("cloudformation", "create_stack", _FS, _F, action="cloudformation:TagResource"),
    _row("cloudformation", "update_stack", _S, _L),
    _row("cloudformation", "update_stack", _FS, _F),
    _row("cloudformation", "update_stack", _S, _L, action="cloudformation:TagResource"),
    _row("cloudformation", "update_stack", _FS, _F, action="cloudformation:TagResource"),
    _row("cloudformation", "update_stack", _S, _L, action="cloudformation:UntagResource"),
    _row("cloudformation", "update_stack", _FS, _F, action="cloudformation:UntagResource"),
    # A launch replaces a stack that was never complete, and takes back its own where another came first.
    _row("cloudformation", "delete_stack", _S, _L | _T),
    _row("cloudformation", "delete_stack", _FS, _F),
    _row("cloudformation", "update_termination_protection", _S, _L),
    _row("cloudformation", "update_termination_protection", _FS, _F),
    # `sceptre diff`, `sceptre validate`, `wms-connector plan`. A summary of a template that is sent names no
    # stack.
    _row("cloudformation", "get_template", _S, _L),
    _row("cloudformation", "get_template", _FS, _F),
    _row("cloudformation", "get_template_summary", (Target.ANYTHING,), _L | _F),
    _row("cloudformation", "validate_template", (Target.ANYTHING,), _L | _F),
    _row("secretsmanager", "get_secret_value", (Target.SECRET,), _L | _T | _F),
    # Secrets Manager calls KMS with the caller's rights ("Secret encryption and decryption").
    _row("secretsmanager", "get_secret_value", (Target.KEY,), _L | _T | _F, action="kms:Decrypt"),
    _row("secretsmanager", "get_secret_value", (Target.SECRETS_KEY,), _L | _T | _F, action="kms:Decrypt"),
    # Under which key a secret is, and which key an alias stands for: the last is a call of its own, not one
    # that Secrets Manager makes.
    _row("secretsmanager", "describe_secret", (Target.SECRET,), _L),
    _row("kms", "describe_key", (Target.KEY_LOOKUP, Target.SECRETS_KEY_LOOKUP), _L | _F),
    _row("ec2", "describe_subnets", (Target.ANYTHING,), _L),
    _row("ec2", "describe_vpcs", (Target.ANYTHING,), _L),
    _row("ec2", "describe_dhcp_options", (Target.ANYTHING,), _L),
    # Whether a name that a new stack gives is taken, by something outside of our stacks.
    _row("ec2", "describe_security_groups", (Target.ANYTHING,), _L),
    _row("logs", "describe_log_groups", (Target.ANYTHING,), _L),
    _row("dynamodb", "describe_table", (Target.TABLE,), _L),
    _row("sqs", "get_queue_url", (Target.QUEUE,), _L),
    _row("sns", "get_topic_attributes", (Target.TOPIC,), _L | _F),
    _row("cloudwatch", "describe_alarms", (Target.ALARM,), _L | _F),
    _row("cloudwatch", "list_dashboards", (Target.ANYTHING,), _L),
    _row("ecs", "describe_clusters", (Target.CLUSTER,), _L),
    _row("lambda", "get_function_configuration", (Target.FUNCTION,), _L),
    _row("events", "describe_rule", (Target.RULE,), _L | _F),
    _row("ecr", "describe_repositories", (Target.REPOSITORY,), _F),
    # What the predecessor runs, under the same names.
    _row("ecs", "describe_services", (Target.SERVICE,), _A),
    _row("ecs", "describe_task_definition", (Target.ANYTHING,), _A),
    _row("ec2", "describe_network_interfaces", (Target.ANYTHING,), _T | _L),
    # HeadObject is judged as GetObject; with ListBucket a missing object answers 404, not 403.
    _row("s3", "head_object", (Target.OBJECT,), _L, action="s3:GetObject"),
    _row("s3", "head_object", (Target.BUCKET,), _L, action="s3:ListBucket"),
    _row("s3", "head_object", (Target.KEY,), _L, action="kms:Decrypt"),
    _row("s3", "put_object", (Target.OBJECT,), _L),
    _row("s3", "put_object", (Target.KEY,), _L, action="kms:GenerateDataKey"),
    _row("lambda", "invoke", (Target.FUNCTION,), _L | _T | _V | _O, action="lambda:InvokeFunction"),
    # Both take no resource (reference).
    _row("ecs", "list_task_definitions", (Target.ANYTHING,), _T),
    _row("ecs", "deregister_task_definition", (Target.ANYTHING,), _T),
    # The group that AWS makes where Container Insights is the account's default.
    _row("logs", "delete_log_group", (Target.INSIGHTS_LOG,), _T),
    _row("logs", "filter_log_events", (Target.LOG_GROUP,), _L | _V | _O),
    _row("cloudwatch", "describe_alarms", (Target.ALARM,), _V | _O),
    _row("cloudwatch", "set_alarm_state", (Target.ALARM,), _O),
    _row("cloudwatch", "get_metric_statistics", (Target.ANYTHING,), _V),
    _row("sns", "list_subscriptions_by_topic", (Target.TOPIC,), _V | _O),
    _row("sns", "subscribe", (Target.TOPIC,), _O),
    _row("sns", "unsubscribe", (Target.TOPIC,), _O),
    _row("sqs", "create_queue", (Target.QUEUE,), _O),
    _row("sqs", "receive_message", (Target.QUEUE,), _O),
    _row("sqs", "delete_message", (Target.QUEUE,), _O),
    _row("sqs", "delete_queue", (Target.QUEUE,), _O),
    _row("ecr", "describe_images", (Target.REPOSITORY,), _L | _P),
    _row("ecr", "get_authorization_token", (Target.ANYTHING,), _P),
    # What the container tool does, with the token.
    *(
        DeployerCall("ecr", "", f"ecr:{action}", (Target.REPOSITORY,), _P, _PUSH)
        for action in (
            *("BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload"),
            *("InitiateLayerUpload", "PutImage", "UploadLayerPart"),
        )
    ),
)


def rows(deployer: Deployer) -> Iterator[AwsCall]:
    """The rows of our own calls, as the table of all callers has them."""
    wanted = uses_of(deployer) | Use.PUBLISH
    for call in CALLS:
        resources = tuple(arn for target in call.targets for arn in arns(target, deployer))
        if call.uses & wanted and resources:
            yield AwsCall(Caller.DEPLOYER, call.service, call.operation, call.action, resources, call.source)
