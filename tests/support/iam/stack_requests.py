"""What CloudFormation asks AWS for, with the caller's rights, for the resources of a template.

Which actions: the table's, in the phases in which the schema of the resource type names them. On what: made
here from the properties in the template that is sent, and from nothing that the policies are made of. Names
and ids that AWS would choose are made up.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.domain.access import deployer_resources
from connector.domain.access.deployer import Target
from tests.support.iam.evaluator import IamRequest

KEY_ID = "11111111-2222-3333-4444-555555555555"
VPC_ID = "vpc-0123456789abcdef0"
_TABLE = {**deployer_resources.FOUNDATION, **deployer_resources.STAGE, **deployer_resources.BALANCER}
#: What CloudFormation does -> the handlers of the type that it runs.
_PHASES = {"create": ("create", "read"), "update": ("update", "read"), "delete": ("delete", "read")}
#: Through which service a type uses the key.
_VIA = {"AWS::Lambda::Function": "lambda", "AWS::DynamoDB::Table": "dynamodb", "AWS::ECR::Repository": "ecr"}

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Stack:
    """A stack as a request describes it. `handlers`: type -> handler -> IAM actions, of the schemas."""

    name: str
    template: Mapping[str, Any]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    handlers: Mapping[str, Mapping[str, list[str]]]
    region: str
    account: str
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"

    @property
    def key_arn(self) -> str:
        return self.arn("kms", f"key/{KEY_ID}")

    def resolved(self, value: Any) -> Any:
        """A value without intrinsic functions."""
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._reference(argument)
            if name == "Fn::GetAtt":
                logical, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
                return self._attribute(logical, attribute)
            if name == "Fn::Sub":
                return self._substituted(argument)
            if name == "Fn::Join":
                return argument[0].join(self.resolved(argument[1]))
            if name == "Fn::If":
                return self.resolved(argument[1] if self._true(argument[0]) else argument[2])
            if name.startswith("Fn::"):
                raise NotImplementedError(name)
        made = {key: self.resolved(item) for key, item in value.items()}
        return {key: item for key, item in made.items() if item is not None}

    def _true(self, condition: str) -> bool:
        ((name, argument),) = self.template["Conditions"][condition].items()
        if name == "Fn::Not":
            ((name, argument),) = argument[0].items()
            return not self._equal(name, argument)
        return self._equal(name, argument)

    def _equal(self, name: str, argument: Any) -> bool:
        if name != "Fn::Equals":
            raise NotImplementedError(name)
        left, right = map(self.resolved, argument)
        return bool(left == right)

    def _substituted(self, argument: Any) -> str:
        text, given = argument if isinstance(argument, list) else (str(argument), {})
        for variable, mapped in given.items():
            table, key, part = map(self.resolved, mapped["Fn::FindInMap"])
            text = text.replace(f"${{{variable}}}", self.template["Mappings"][table][key][part])
        parts = text.split("${")
        made = str(parts[0])
        for part in parts[1:]:
            name, _, rest = part.partition("}")
            made += str(self._attribute(*name.split(".", 1)) if "." in name else self._reference(name)) + rest
        return made

    def _reference(self, name: str) -> Any:
        pseudo = {
            "AWS::Partition": self.partition,
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::StackName": self.name,
            "AWS::NoValue": None,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        kind = self.template["Resources"][name]["Type"]
        by_arn = ("AWS::SNS::Topic", "AWS::ECS::TaskDefinition", "AWS::IAM::ManagedPolicy")
        return self._own_arn(name) if kind in by_arn else self._physical(name)

    def _physical(self, name: str) -> str:
        properties = self.template["Resources"][name].get("Properties", {})
        for key in (
            "RoleName",
            "FunctionName",
            "LogGroupName",
            "TableName",
            "QueueName",
            "ClusterName",
            "Name",
        ):
            if key in properties:
                return str(self.resolved(properties[key]))
        return f"{self.name}-{name}-ABC123".lower()

    def _attribute(self, name: str, attribute: str) -> str:
        if attribute == "Arn":
            return self._own_arn(name)
        return f"made-up-{name}-{attribute}".lower()

    def _own_arn(self, name: str) -> str:
        resource = self.template["Resources"][name]
        found = next(
            iter(own_arns(self, resource["Type"], name, self.resolved(resource.get("Properties", {})))), ""
        )
        return found or self.global_arn("made-up", name)


def own_arns(stack: Stack, kind: str, logical: str, found: Properties) -> list[str]:
    """The ARNs of the resource that these properties make."""
    bucket = f"arn:{stack.partition}:s3:::{stack.name}-{logical.lower()}-abc123"
    group = stack.arn("ec2", f"security-group/sg-{abs(hash(logical)) % 10**8:08d}")
    path = found.get("Path", "/")
    # How CloudFormation names what has no name of its own.
    made_up = f"{stack.name}-{logical}-ABC123"
    elb = "elasticloadbalancing"
    makers: Mapping[str, Any] = {
        "AWS::SNS::Topic": lambda: [stack.arn("sns", found.get("TopicName", made_up))],
        "AWS::SNS::TopicPolicy": lambda: list(found["Topics"]),
        "AWS::SNS::Subscription": lambda: [found["TopicArn"], f"{found['TopicArn']}:{KEY_ID}"],
        "AWS::Logs::LogGroup": lambda: [
            stack.arn("logs", f"log-group:{found['LogGroupName']}{end}") for end in (":*", "")
        ],
        "AWS::Logs::SubscriptionFilter": lambda: [stack.arn("logs", f"log-group:{found['LogGroupName']}:*")],
        "AWS::Logs::MetricFilter": lambda: [stack.arn("logs", f"log-group:{found['LogGroupName']}:*")],
        "AWS::EC2::SecurityGroup": lambda: [group],
        "AWS::EC2::SecurityGroupIngress": lambda: [group],
        "AWS::DynamoDB::Table": lambda: [stack.arn("dynamodb", f"table/{found['TableName']}")],
        "AWS::SQS::Queue": lambda: [stack.arn("sqs", found["QueueName"])],
        "AWS::SQS::QueuePolicy": lambda: [stack.arn("sqs", found["Queues"][0])],
        "AWS::IAM::Role": lambda: [stack.global_arn("iam", f"role{path}{found['RoleName']}")],
        "AWS::IAM::ManagedPolicy": lambda: [
            stack.global_arn("iam", f"policy{path}{found['ManagedPolicyName']}")
        ],
        "AWS::Lambda::Function": lambda: [stack.arn("lambda", f"function:{found['FunctionName']}")],
        "AWS::Lambda::Permission": lambda: [found["FunctionName"]],
        "AWS::Lambda::EventInvokeConfig": lambda: [
            stack.arn("lambda", f"function:{found['FunctionName']}{end}")
            for end in ("", f":{found['Qualifier']}")
        ],
        "AWS::ECS::Cluster": lambda: [stack.arn("ecs", f"cluster/{found['ClusterName']}")],
        "AWS::ECS::Service": lambda: [stack.arn("ecs", f"service/{found['Cluster']}/{found['ServiceName']}")],
        "AWS::ECS::TaskDefinition": lambda: [stack.arn("ecs", f"task-definition/{found['Family']}:7")],
        "AWS::CloudWatch::Alarm": lambda: [
            stack.arn("cloudwatch", f"alarm:{found.get('AlarmName', made_up)}")
        ],
        "AWS::CloudWatch::Dashboard": lambda: [
            stack.global_arn("cloudwatch", f"dashboard/{found['DashboardName']}")
        ],
        "AWS::Events::Rule": lambda: [stack.arn("events", f"rule/{found.get('Name', made_up)}")],
        "AWS::KMS::Key": lambda: [stack.key_arn],
        "AWS::KMS::Alias": lambda: [stack.arn("kms", found["AliasName"])],
        "AWS::S3::Bucket": lambda: [bucket],
        "AWS::S3::BucketPolicy": lambda: [f"arn:{stack.partition}:s3:::{found['Bucket']}"],
        "AWS::ECR::Repository": lambda: [stack.arn("ecr", f"repository/{found['RepositoryName']}")],
        "AWS::ElasticLoadBalancingV2::LoadBalancer": lambda: [stack.arn(elb, "loadbalancer/app/wms-n-Lo/01")],
        "AWS::ElasticLoadBalancingV2::TargetGroup": lambda: [stack.arn(elb, "targetgroup/wms-n-Wo/01")],
        "AWS::ElasticLoadBalancingV2::Listener": lambda: [
            stack.arn(elb, f"{what}/app/wms-n-Lo/01") for what in ("loadbalancer", "listener")
        ],
        "AWS::CertificateManager::Certificate": lambda: [stack.arn("acm", f"certificate/{KEY_ID}")],
    }
    return list(makers[kind]()) if kind in makers else []


@dataclass(frozen=True)
class _Asked:
    """On what, and with which keys, one kind of action of one resource is judged."""

    resources: list[str]
    context: Mapping[str, Any] = field(default_factory=dict)


def requests(stack: Stack, before: Stack | None, operation: str) -> Iterator[IamRequest]:
    """What is asked when create_stack, update_stack or delete_stack goes well, or is rolled back."""
    now = stack.template["Resources"] if operation != "delete_stack" else {}
    earlier = before.template["Resources"] if before is not None else {}
    for logical in dict.fromkeys([*now, *earlier]):
        if logical in now:
            phases = ("update",) if logical in earlier else ("create", "delete")
            yield from _of_resource(stack, logical, now[logical], phases)
        elif before is not None:
            yield from _of_resource(before, logical, earlier[logical], ("delete",))


def _of_resource(
    stack: Stack, logical: str, resource: Mapping[str, Any], phases: Iterable[str]
) -> Iterator[IamRequest]:
    kind = resource["Type"]
    found = stack.resolved(resource.get("Properties", {}))
    if kind not in _TABLE:
        raise LookupError(f"{kind} has no row in connector/domain/access/deployer_resources.py")
    handlers = stack.handlers[kind]
    wanted = {a for phase in phases for name in _PHASES[phase] for a in handlers.get(name, ())}
    for target, names in _TABLE[kind].items():
        asked = list(_asked(stack, kind, logical, found, target))
        for action in names.split():
            # An action that no handler names is a row of our own, and always asked for.
            listed = any(action in actions for actions in handlers.values())
            if listed and action not in wanted:
                continue
            for one in asked:
                for arn in one.resources:
                    yield IamRequest(action, arn, one.context)


def _asked(stack: Stack, kind: str, logical: str, found: Properties, target: Target) -> Iterator[_Asked]:
    """Every way in which a row of the table is judged for this resource."""
    own = own_arns(stack, kind, logical, found)
    existing = {f"aws:ResourceTag/{key}": value for key, value in stack.tags.items()}
    given = {f"aws:RequestTag/{key}": value for key, value in stack.tags.items()}
    if target in (Target.FUNCTION_ROLE, Target.TASK_ROLE, Target.ROLE) and kind != "AWS::IAM::Role":
        yield from _roles_of(stack, kind, found)
    elif target is Target.ROLE_ATTACHMENT:
        for policy in found.get("ManagedPolicyArns", []):
            yield _Asked(own, {**existing, "iam:PolicyARN": policy, **_bounded(found)})
    elif target in (Target.NEW_KEY, Target.NEW_CERTIFICATE):
        yield _Asked(["*"], given)
    elif target is Target.NEW_KEY_TAGS:
        yield _Asked([stack.key_arn], given)
    elif target in (Target.GROUP_TAGS, Target.NEW_BALANCER_TAGS, Target.CERTIFICATE_TAGS):
        # While it is made: it has no tags yet.
        yield _Asked(own, {**given, **_creating(kind)})
    elif target is Target.NEW_GROUP:
        yield _Asked(own, given)
        yield _Asked([stack.arn("ec2", f"vpc/{found['VpcId']}")])
    elif target in (Target.KEY, Target.KEY_LOOKUP, Target.KEY_GRANT, Target.OWN_KEY):
        yield _of_key(stack, kind)
    elif target in _ELSEWHERE:
        resource, keys = _ELSEWHERE[target](stack, found)
        yield _Asked([resource], keys)
    else:
        yield _Asked(own, {**existing, **given, **_extra(stack, kind, found)})


def _of_key(stack: Stack, kind: str) -> _Asked:
    keys = {
        "kms:ResourceAliases": ("alias/wms-connector",),
        "kms:ViaService": f"{_VIA.get(kind, 's3')}.{stack.region}.amazonaws.com",
        "kms:GrantIsForAWSResource": "true",
        "aws:ResourceTag/project": "wms-connector",
    }
    return _Asked([stack.key_arn], keys)


def _linked(service: str, name: str) -> Callable[[Stack, Properties], tuple[str, Mapping[str, Any]]]:
    def asked(stack: Stack, _: Properties) -> tuple[str, Mapping[str, Any]]:
        role = f"role/aws-service-role/{service}.amazonaws.com/{name}"
        return stack.global_arn("iam", role), {"iam:AWSServiceName": f"{service}.amazonaws.com"}

    return asked


def _zone(stack: Stack, found: Properties) -> tuple[str, Mapping[str, Any]]:
    keys = {"route53:ChangeResourceRecordSetsNormalizedRecordNames": (found["Name"],)}
    return f"arn:{stack.partition}:route53:::hostedzone/Z0123", keys


#: What is judged on something else than the resource itself: its ARN, and the keys.
_ELSEWHERE: Mapping[Target, Callable[[Stack, Properties], tuple[str, Mapping[str, Any]]]] = {
    Target.ANYTHING: lambda *_: ("*", {}),
    Target.OBJECT: lambda stack, found: (
        f"arn:{stack.partition}:s3:::{found['Code']['S3Bucket']}/{found['Code']['S3Key']}",
        {},
    ),
    Target.ECS_LINKED_ROLE: _linked("ecs", "AWSServiceRoleForECS"),
    Target.BALANCER_LINKED_ROLE: _linked("elasticloadbalancing", "AWSServiceRoleForElasticLoadBalancing"),
    Target.SERVICE_REVISION: lambda stack, found: (
        stack.arn("ecs", f"service-deployment/{found['Cluster']}/{found['ServiceName']}/{KEY_ID}"),
        {},
    ),
    Target.GROUP_RULE: lambda stack, _: (stack.arn("ec2", "security-group-rule/sgr-01"), {}),
    Target.AUTHORITY: lambda _, found: (found["CertificateAuthorityArn"], {}),
    Target.ZONE: _zone,
    Target.RECORD: _zone,
    Target.ZONE_CHANGE: lambda stack, _: (f"arn:{stack.partition}:route53:::change/C0123", {}),
}


def _roles_of(stack: Stack, kind: str, found: Properties) -> Iterator[_Asked]:
    service = "lambda.amazonaws.com" if kind == "AWS::Lambda::Function" else "ecs-tasks.amazonaws.com"
    named = [found[key] for key in ("Role", "ExecutionRoleArn", "TaskRoleArn") if key in found]
    if kind == "AWS::ECS::Service":
        # A service passes the roles of its task definition, which is in the same template.
        definitions = [
            r for r in stack.template["Resources"].values() if r["Type"] == "AWS::ECS::TaskDefinition"
        ]
        properties = stack.resolved(definitions[0]["Properties"])
        named = [properties["ExecutionRoleArn"], properties["TaskRoleArn"]]
    yield _Asked(named, {"iam:PassedToService": service})


def _creating(kind: str) -> Mapping[str, str]:
    """The key that says which call makes what is tagged."""
    if kind == "AWS::EC2::SecurityGroup":
        return {"ec2:CreateAction": "CreateSecurityGroup"}
    if kind.startswith("AWS::ElasticLoadBalancingV2::"):
        return {"elasticloadbalancing:CreateAction": f"Create{kind.rpartition(':')[2]}"}
    return {}


def _extra(stack: Stack, kind: str, found: Properties) -> Mapping[str, Any]:
    """The keys that only some kinds of resources have."""
    if kind == "AWS::IAM::Role":
        return _bounded(found)
    if kind == "AWS::Events::Rule":
        return {"events:TargetArn": tuple(target["Arn"] for target in found["Targets"])}
    if kind == "AWS::CloudWatch::Alarm":
        actions = [*found.get("AlarmActions", []), *found.get("OKActions", [])]
        return {"cloudwatch:AlarmActions": tuple(dict.fromkeys(actions))} if actions else {}
    if kind == "AWS::ECS::Service":
        return {
            "ecs:task-definition": found["TaskDefinition"],
            "ecs:cluster": stack.arn("ecs", f"cluster/{found['Cluster']}"),
        }
    return {}


def _bounded(found: Properties) -> Mapping[str, str]:
    boundary = found.get("PermissionsBoundary")
    return {"iam:PermissionsBoundary": boundary} if boundary else {}
