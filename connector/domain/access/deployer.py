"""Who deploys what: the names, patterns and tags that a deployer's rights are bound to. Pure.

A policy for one stage has that stage's exact names. The policy for all ephemeral stages has patterns, made by
the same functions from the slug `*`. They match the names of named stages, too, which are denied one by one
(`deployer_protection`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from connector.domain.access.call import AwsScope
from connector.domain.errors import OperatorError
from connector.domain.secrets.fallback import DEFAULT_OWNER
from connector.domain.stage import aws_names
from connector.domain.stage.artifacts import EPHEMERAL_ZIPS, zip_folder
from connector.domain.stage.aws_names import FOUNDATION_STACK, PRODUCT, Names, RolePart
from connector.domain.stage.stage import Stage

Condition = Mapping[str, Mapping[str, str | list[str]]]

#: Stands in a policy for a boundary that is not known. It names no policy, so no role can be created with it.
UNKNOWN_BOUNDARY = "PUT-THE-PERMISSIONS-BOUNDARY-HERE"


@dataclass(frozen=True)
class Deployer:
    """A deployer, and what is known of the account.

    `stage` is None for the foundation and for all ephemeral stages. `iam_path` is the path of the roles, `*`
    for any; `boundary` the ARN that every role must have as its boundary. `secrets_keys` are the ARNs of the
    keys of secrets that are neither under `aws/secretsmanager` nor under the foundation's key.
    """

    scope: AwsScope
    stage: Stage | None
    foundation: bool = False
    secret_prefix: str = "wms"  # noqa: S105  no password
    iam_path: str = "*"
    boundary: str = ""
    secrets_keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.iam_path != "*" and not (self.iam_path.startswith("/") and self.iam_path.endswith("/")):
            raise OperatorError(
                f"{self.iam_path!r} is no IAM path: it begins and ends with '/', as in the secret iam/path"
            )

    @property
    def names(self) -> Names:
        """The AWS names of the stage, or patterns for those of every stage."""
        return Names("*") if self.stage is None else self.stage.names

    @property
    def title(self) -> str:
        """What the policies are called after."""
        if self.foundation:
            return "foundation"
        return "ephemeral" if self.stage is None else self.stage.slug

    @property
    def tags(self) -> Mapping[str, str]:
        """The stack tags, as `stage_tags` in connector/sceptre/jinja.py and config/config.yaml make them."""
        if self.foundation:
            return {"project": PRODUCT}
        if self.stage is None:
            return {"project": PRODUCT, "ephemeral": "true"}
        return {"project": PRODUCT, "stage": self.stage.name}

    @property
    def zips(self) -> str:
        """The folder of the Lambda zips in the artifact bucket."""
        return EPHEMERAL_ZIPS if self.stage is None else zip_folder(self.stage)

    @property
    def secret_owners(self) -> tuple[str, ...]:
        """The second parts of the secrets' paths; the foundation reads who is mailed from the default's."""
        if self.foundation:
            return (DEFAULT_OWNER,)
        return ("*",) if self.stage is None else (self.stage.name, DEFAULT_OWNER)

    @property
    def bounded_by(self) -> str:
        """The ARN of the boundary, or one that no policy has."""
        return self.boundary or self.scope.global_arn("iam", f"policy/{UNKNOWN_BOUNDARY}")


class Target(Enum):
    """A kind of resource on which AWS judges an action. The value is the Sid of its statement."""

    ANYTHING = "NoResource"
    FOUNDATION_STACK = "FoundationStack"
    STACK = "Stacks"
    SECRET = "Secrets"  # noqa: S105  no password
    SECRETS_KEY = "SecretsKey"
    KEY = "Key"
    KEY_LOOKUP = "KeyLookup"
    SECRETS_KEY_LOOKUP = "SecretsKeyLookup"
    KEY_GRANT = "KeyGrant"
    NEW_KEY = "NewKey"
    NEW_KEY_TAGS = "NewKeyTags"
    KEY_ALIAS = "KeyAlias"
    OWN_KEY = "OwnKey"
    BUCKET = "Bucket"
    OBJECT = "Zips"
    REPOSITORY = "Repository"
    FUNCTION = "Functions"
    CLUSTER = "Cluster"
    SERVICE = "Service"
    SERVICE_REVISION = "ServiceRevision"
    TASK_DEFINITION = "TaskDefinition"
    TABLE = "Table"
    QUEUE = "Queues"
    TOPIC = "Topics"
    LOG_GROUP = "LogGroups"
    INSIGHTS_LOG = "InsightsLog"
    RULE = "Rules"
    RULE_TARGET = "RuleTargets"
    ALARM = "Alarms"
    NEW_ALARM = "AlarmActions"
    DASHBOARD = "Dashboard"
    ROLE = "Roles"
    BOUNDED_ROLE = "BoundedRoles"
    ROLE_ATTACHMENT = "RolePolicies"
    FUNCTION_ROLE = "PassToLambda"
    TASK_ROLE = "PassToTasks"
    POLICY = "Policies"
    ECS_LINKED_ROLE = "EcsLinkedRole"
    NEW_GROUP = "NewGroups"
    GROUP = "Groups"
    GROUP_RULE = "GroupRules"
    GROUP_TAGS = "GroupTags"
    NEW_BALANCER = "NewBalancer"
    NEW_BALANCER_TAGS = "NewBalancerTags"
    BALANCER = "Balancer"
    BALANCER_LINKED_ROLE = "BalancerLinkedRole"
    NEW_CERTIFICATE = "NewCertificate"
    CERTIFICATE_TAGS = "CertificateTags"
    CERTIFICATE = "Certificate"
    AUTHORITY = "Authority"
    ZONE = "Zones"
    ZONE_CHANGE = "ZoneChanges"
    RECORD = "Records"


def arns(target: Target, deployer: Deployer) -> tuple[str, ...]:
    """The ARNs, or patterns, under which a deployer's action on such a resource is judged."""
    return _ARNS[target](deployer)


def condition(target: Target, deployer: Deployer) -> Condition:
    """What else must hold; empty where the ARNs say it all."""
    make = _CONDITIONS.get(target)
    return {} if make is None else make(deployer)


def log_groups(names: Names) -> tuple[str, ...]:
    """The log groups of a stage's stacks."""
    functions = (names.connect_admin, names.connect_health)
    return (names.connector_log_group, *map(names.function_log_group, functions))


def topics(names: Names) -> tuple[str, ...]:
    """The topics of a stage: for people, and for machines."""
    return (names.sns_topic, names.alarms_topic)


def _one(service: str, make: Callable[[Names], str]) -> Callable[[Deployer], tuple[str, ...]]:
    return lambda d: (d.scope.arn(service, make(d.names)),)


def _functions(d: Deployer) -> tuple[str, ...]:
    # With a qualifier AWS judges `function:<name>:<qualifier>`; the event settings are made for $LATEST.
    names = (d.names.connect_admin, d.names.connect_health)
    return tuple(d.scope.arn("lambda", f"function:{n}{end}") for n in names for end in ("", ":*"))


def _topics(d: Deployer) -> tuple[str, ...]:
    # A subscription's ARN is its topic's with one part more. AWS judges Unsubscribe and
    # GetSubscriptionAttributes on the topic; the reference names no resource at all.
    if d.foundation:
        return (d.scope.arn("sns", f"{FOUNDATION_STACK}-*"),)
    return tuple(d.scope.arn("sns", f"{name}{end}") for name in topics(d.names) for end in ("", ":*"))


def _rules(d: Deployer) -> tuple[str, ...]:
    return (d.scope.arn("events", f"rule/{FOUNDATION_STACK if d.foundation else d.names.service}-*"),)


def _alarms(d: Deployer) -> tuple[str, ...]:
    return (d.scope.arn("cloudwatch", f"alarm:{FOUNDATION_STACK if d.foundation else d.names.service}-*"),)


def _log_groups(d: Deployer) -> tuple[str, ...]:
    return tuple(
        d.scope.arn("logs", f"log-group:{n}{end}") for n in log_groups(d.names) for end in ("", ":*")
    )


def _roles(*parts: RolePart) -> Callable[[Deployer], tuple[str, ...]]:
    return lambda d: tuple(
        d.scope.global_arn("iam", f"role{_path(d)}{d.names.role_start(p)}*") for p in parts
    )


def _policies(d: Deployer) -> tuple[str, ...]:
    return tuple(d.scope.global_arn("iam", f"policy{_path(d)}{d.names.role_start(p)}*") for p in RolePart)


def _path(d: Deployer) -> str:
    # `role*/name` has any path: "/" and "/a/b/" both end with a slash.
    return "*/" if d.iam_path == "*" else d.iam_path


def _bucket(d: Deployer) -> str:
    # CloudFormation's name for the bucket: stack, logical id and a random part, in lower case.
    which = "" if d.foundation else "artifacts-"
    return f"arn:{d.scope.partition}:s3:::{FOUNDATION_STACK}-{which}*"


def _balancer(d: Deployer) -> tuple[str, ...]:
    # Their names are CloudFormation's; their tags tell whose they are.
    return tuple(
        d.scope.arn("elasticloadbalancing", kind)
        for kind in ("loadbalancer/app/*", "listener/app/*", "targetgroup/*")
    )


_ELB = "elasticloadbalancing.amazonaws.com"

_ARNS: Mapping[Target, Callable[[Deployer], tuple[str, ...]]] = {
    Target.ANYTHING: lambda _: ("*",),
    Target.FOUNDATION_STACK: lambda d: (d.scope.arn("cloudformation", f"stack/{FOUNDATION_STACK}/*"),),
    Target.STACK: lambda d: tuple(
        d.scope.arn("cloudformation", f"stack/{d.names.stack(c)}/*") for c in aws_names.COMPONENTS
    ),
    Target.SECRET: lambda d: tuple(
        d.scope.arn("secretsmanager", f"secret:{d.secret_prefix}/{owner}/*") for owner in d.secret_owners
    ),
    Target.SECRETS_KEY: lambda d: d.secrets_keys,
    Target.KEY: lambda d: (d.scope.arn("kms", "key/*"),),
    # The foundation knows its key by the tags (`OWN_KEY`).
    Target.KEY_LOOKUP: lambda d: () if d.foundation else (d.scope.arn("kms", "key/*"),),
    Target.SECRETS_KEY_LOOKUP: lambda d: d.secrets_keys,
    Target.KEY_GRANT: lambda d: (d.scope.arn("kms", "key/*"),),
    Target.NEW_KEY: lambda _: ("*",),
    Target.NEW_KEY_TAGS: lambda d: (d.scope.arn("kms", "key/*"),),
    Target.OWN_KEY: lambda d: (d.scope.arn("kms", "key/*"),),
    Target.KEY_ALIAS: lambda d: (d.scope.arn("kms", f"alias/{PRODUCT}"),),
    Target.BUCKET: lambda d: (_bucket(d),),
    Target.OBJECT: lambda d: (f"{_bucket(d)}/{d.zips}/*",),
    Target.REPOSITORY: lambda d: (d.scope.arn("ecr", f"repository/{PRODUCT}"),),
    Target.FUNCTION: _functions,
    Target.CLUSTER: _one("ecs", lambda n: f"cluster/{n.service}"),
    Target.SERVICE: _one("ecs", lambda n: f"service/{n.service}/{n.service}"),
    Target.SERVICE_REVISION: _one("ecs", lambda n: f"service-deployment/{n.service}/{n.service}/*"),
    Target.TASK_DEFINITION: _one("ecs", lambda n: f"task-definition/{n.service}:*"),
    Target.TABLE: _one("dynamodb", lambda n: f"table/{n.table}"),
    Target.QUEUE: lambda d: (
        d.scope.arn("sqs", d.names.dead_letter_queue),
        d.scope.arn("sqs", d.names.drill_queue("") + "*"),
    ),
    Target.TOPIC: _topics,
    Target.LOG_GROUP: _log_groups,
    Target.INSIGHTS_LOG: lambda d: tuple(
        d.scope.arn("logs", f"log-group:{d.names.insights_log_group}{end}") for end in ("", ":*")
    ),
    Target.RULE: _rules,
    Target.RULE_TARGET: _rules,
    Target.ALARM: _alarms,
    Target.NEW_ALARM: _alarms,
    Target.DASHBOARD: lambda d: (d.scope.global_arn("cloudwatch", f"dashboard/{d.names.dashboard}"),),
    Target.ROLE: _roles(*RolePart),
    Target.BOUNDED_ROLE: _roles(*RolePart),
    Target.ROLE_ATTACHMENT: _roles(*RolePart),
    Target.FUNCTION_ROLE: _roles(RolePart.ADMIN, RolePart.HEALTH),
    Target.TASK_ROLE: _roles(RolePart.EXECUTION, RolePart.TASK),
    Target.POLICY: _policies,
    Target.ECS_LINKED_ROLE: lambda d: (
        d.scope.global_arn("iam", "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS*"),
    ),
    Target.NEW_GROUP: lambda d: (d.scope.arn("ec2", "security-group/*"), d.scope.arn("ec2", "vpc/*")),
    Target.GROUP: lambda d: (d.scope.arn("ec2", "security-group/*"),),
    # Judged besides the group, which must have its tags; a new rule has none.
    Target.GROUP_RULE: lambda d: (d.scope.arn("ec2", "security-group-rule/*"),),
    Target.GROUP_TAGS: lambda d: (d.scope.arn("ec2", "security-group/*"),),
    Target.NEW_BALANCER: _balancer,
    Target.NEW_BALANCER_TAGS: _balancer,
    Target.BALANCER: _balancer,
    Target.BALANCER_LINKED_ROLE: lambda d: (
        d.scope.global_arn("iam", f"role/aws-service-role/{_ELB}/AWSServiceRoleForElasticLoadBalancing*"),
    ),
    Target.NEW_CERTIFICATE: lambda _: ("*",),
    Target.CERTIFICATE_TAGS: lambda d: (d.scope.arn("acm", "certificate/*"),),
    Target.CERTIFICATE: lambda d: (d.scope.arn("acm", "certificate/*"),),
    Target.AUTHORITY: lambda d: (d.scope.arn("acm-pca", "certificate-authority/*"),),
    Target.ZONE: lambda d: (f"arn:{d.scope.partition}:route53:::hostedzone/*",),
    Target.ZONE_CHANGE: lambda d: (f"arn:{d.scope.partition}:route53:::change/*",),
    Target.RECORD: lambda d: (f"arn:{d.scope.partition}:route53:::hostedzone/*",),
}


def _request_tags(d: Deployer) -> Condition:
    return {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in d.tags.items()}}


def _created(d: Deployer, service: str, *operations: str) -> Condition:
    """Tags that are given while something is made, and our own ones."""
    tags = {f"aws:RequestTag/{key}": value for key, value in d.tags.items()}
    return {"StringEquals": {**tags, f"{service}:CreateAction": list(operations)}}


def _resource_tags(d: Deployer) -> Condition:
    return {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in d.tags.items()}}


def _via(d: Deployer, *services: str) -> Mapping[str, list[str]]:
    return {"kms:ViaService": [f"{service}.{d.scope.region}.amazonaws.com" for service in services]}


_OUR_KEY = {"kms:ResourceAliases": [f"alias/{PRODUCT}"]}

_CONDITIONS: Mapping[Target, Callable[[Deployer], Condition]] = {
    Target.KEY: lambda d: {
        "ForAnyValue:StringEquals": _OUR_KEY,
        "StringLike": _via(d, "s3", "lambda", "dynamodb", "secretsmanager", "ecr"),
    },
    Target.KEY_LOOKUP: lambda _: {"ForAnyValue:StringEquals": _OUR_KEY},
    Target.KEY_GRANT: lambda d: {
        # At the foundation's own launch the key may not have its alias yet.
        **(_resource_tags(d) if d.foundation else {"ForAnyValue:StringEquals": _OUR_KEY}),
        "Bool": {"kms:GrantIsForAWSResource": "true"},
    },
    Target.OWN_KEY: _resource_tags,
    Target.NEW_KEY: _request_tags,
    # A key that somebody uses has an alias, as a rule; one that is being made has none yet.
    Target.NEW_KEY_TAGS: lambda d: {**_request_tags(d), "Null": {"kms:ResourceAliases": "true"}},
    Target.SECRETS_KEY: lambda d: {"StringLike": _via(d, "secretsmanager")},
    Target.RULE_TARGET: lambda d: {
        "ForAllValues:ArnLike": {
            "events:TargetArn": [*([] if d.foundation else _functions(d)[::2]), *_topics(d)[::2]]
        }
    },
    Target.NEW_ALARM: lambda d: {
        "ForAllValues:StringLike": {"cloudwatch:AlarmActions": list(_topics(d)[::2])}
    },
    Target.SERVICE: lambda d: {
        "ArnLikeIfExists": {"ecs:task-definition": list(arns(Target.TASK_DEFINITION, d))}
    },
    Target.BOUNDED_ROLE: lambda d: {"StringEquals": {"iam:PermissionsBoundary": d.bounded_by}},
    Target.ROLE_ATTACHMENT: lambda d: {
        "StringEquals": {"iam:PermissionsBoundary": d.bounded_by},
        "ArnLike": {"iam:PolicyARN": list(_policies(d))},
    },
    Target.FUNCTION_ROLE: lambda _: {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    Target.TASK_ROLE: lambda _: {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    Target.ECS_LINKED_ROLE: lambda _: {"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}},
    Target.GROUP: _resource_tags,
    # Tags decide whose a group is: a foreign one must not become ours by a tag.
    Target.GROUP_TAGS: lambda d: _created(d, "ec2", "CreateSecurityGroup"),
    Target.NEW_BALANCER: _request_tags,
    Target.NEW_BALANCER_TAGS: lambda d: _created(
        d, "elasticloadbalancing", "CreateLoadBalancer", "CreateTargetGroup", "CreateListener"
    ),
    Target.BALANCER: _resource_tags,
    Target.BALANCER_LINKED_ROLE: lambda _: {"StringEquals": {"iam:AWSServiceName": _ELB}},
    Target.NEW_CERTIFICATE: _request_tags,
    # ACM knows no key for "while it is being made". Another stage's certificate has its tags.
    Target.CERTIFICATE_TAGS: lambda d: {
        **_request_tags(d),
        "StringEqualsIfExists": {f"aws:ResourceTag/{key}": value for key, value in d.tags.items()},
    },
    Target.CERTIFICATE: _resource_tags,
    Target.RECORD: lambda d: {
        "ForAllValues:StringLike": {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames": [d.names.connect_host]
        }
    },
}
