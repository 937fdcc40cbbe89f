"""AWS as hooks, resolvers and commands see it: one account that stores, finds, sends and refuses."""

import base64
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from botocore.hooks import HierarchicalEmitter

from connector.domain.admin_api import Answer, State
from connector.domain.health.aws_alarms import alarms_of
from connector.domain.stage.aws_names import COMPONENTS
from connector.domain.stage.stage import Stage
from connector.image_publishing import content
from connector.local.aws_shims.log_filters import matcher
from connector.local.state import ROOT
from tests.support import answer_shapes
from tests.support.aws_answers import page, refuse
from tests.support.fake_taken_names import TakenNames

OWNER = "123456789012"
FOUNDATION = {
    "StackName": "wms-foundation",
    "StackStatus": "CREATE_COMPLETE",
    "Outputs": [
        {"OutputKey": "ArtifactBucketName", "OutputValue": "artifacts"},
        {
            "OutputKey": "RepositoryUri",
            "OutputValue": f"{OWNER}.dkr.ecr.us-east-1.amazonaws.com/wms-connector",
        },
        {"OutputKey": "KmsKeyArn", "OutputValue": f"arn:aws:kms:us-east-1:{OWNER}:key/{'0' * 32}"},
    ],
}

GOOD_SECRETS = {
    "vpc": json.dumps(
        {
            "id": "vpc-0a1b2c3d",
            "dataSubnets": ["subnet-0a1b2c3d"],
            "privateSubnets": ["subnet-1a1b2c3d"],
            "publicSubnets": [],
        }
    ),
    "iam/path": "/delegatedadmin/developer/",
    "iam/permissionsBoundary": f"arn:aws:iam::{OWNER}:policy/boundary",
    "brokerString": "broker-1.example:9098,broker-2.example:9098",
    "dbInfo": json.dumps(
        {"host": "10.1.2.3", "port": 1521, "dbname": "WMSPRD", "username": "reader", "password": "s3cret!"}
    ),
    "alertEmails": json.dumps({"emails": ["platform@example.gov"]}),
}

#: When everything was made of which a test does not say when.
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
#: What CloudFormation always says of a stack, unless a test says something else.
_ALWAYS: Mapping[str, Any] = {"CreationTime": LONG_AGO, "NotificationARNs": []}

#: A deployed Lambda: what it makes of an event. An exception is one that the function raised.
Function = Callable[[Any], Any]


def cluster(found: Sequence[str] | str) -> Function:
    """An admin Lambda that answers the topics of its cluster, or waits and says why."""

    def answer(request: Any) -> Any:
        assert request["operation"] == "topic-names", "nothing else changes nothing"
        if isinstance(found, str):
            return Answer(State.WAITING, found).to_payload()
        return Answer(State.DONE, "seen", details={"topics": list(found)}).to_payload()

    return answer


@dataclass
class FakeAws(TakenNames):
    """Implements `connector.aws.calls.Port`."""

    region: str = "us-east-1"
    profile: str | None = None
    sceptre_role: str | None = None
    #: Stack name -> description; one without tags has those that Sceptre gives to every stack of ours.
    stacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    #: Stack name -> its resources.
    resources: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    #: Service name -> description; task definition's ARN -> description.
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    task_definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Type of resource -> names that something has.
    names: dict[str, set[str]] = field(default_factory=dict)
    #: Secret path -> text, or the error that reading it gives.
    secrets: dict[str, str | ClientError] = field(default_factory=dict)
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    #: Time in seconds and message.
    log_events: list[tuple[float, str]] = field(default_factory=list)
    log_groups: list[str] = field(default_factory=list)
    #: Function name -> function.
    functions: dict[str, Function] = field(default_factory=dict)
    #: Subnet id -> block.
    subnets: dict[str, str] = field(
        default_factory=lambda: {"subnet-0a1b2c3d": "10.1.0.0/24", "subnet-1a1b2c3d": "10.1.1.0/24"}
    )
    #: Who owns the subnets: another account shares them with this one.
    network_owner: str = OWNER
    #: What the VPC's DHCP options name as servers; None for a VPC without options.
    name_servers: list[str] | None = field(default_factory=lambda: ["AmazonProvidedDNS"])
    #: Secret path -> its key as DescribeSecret gives it; alias -> the key's ARN.
    secret_keys: dict[str, str] = field(default_factory=dict)
    key_aliases: dict[str, str] = field(default_factory=dict)
    interfaces: list[dict[str, Any]] = field(default_factory=list)
    #: Image tag -> digest.
    images: dict[str, str] = field(default_factory=dict)
    #: Active task definitions, as `<family>:<revision>`.
    definitions: list[str] = field(default_factory=list)
    #: Alarm name -> description; a change of its state is sent to its topic.
    alarms: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Time and value of each health check.
    checks: list[tuple[datetime, float]] = field(default_factory=list)
    #: Time and seconds of each lag that a health check measured.
    lags: list[tuple[datetime, float]] = field(default_factory=list)
    #: Who is subscribed to which topic; topic, subject and text of what was published.
    subscriptions: list[dict[str, str]] = field(default_factory=list)
    published: list[tuple[str, str, str]] = field(default_factory=list)
    #: What has this in its topic's ARN and its subject, one behind the other, is lost on its way.
    loses: str = ""
    #: Stack name -> its template, as text.
    templates: dict[str, str] = field(default_factory=dict)
    #: Queue name -> policy and messages.
    queues: dict[str, tuple[str, list[dict[str, str]]]] = field(default_factory=dict)
    #: What is refused: service and command -> the error for a request, or None where it is allowed.
    refusals: dict[tuple[str, str], Callable[[Mapping[str, Any]], Exception | None]] = field(
        default_factory=dict
    )
    #: Service and command of everything that was asked; function and event of every invocation.
    calls: list[tuple[str, str]] = field(default_factory=list)
    invoked: list[tuple[str, Any]] = field(default_factory=list)
    session: "_Session" = field(default_factory=lambda: _Session())  # noqa: PLW0108 - defined below

    @classmethod
    def ready(cls, owner: str = "default") -> "FakeAws":
        """An account with the foundation, the secrets of `owner` and the worker's image."""
        stored: dict[str, str | ClientError] = {
            f"wms/{owner}/{name}": text for name, text in GOOD_SECRETS.items()
        }
        published = {content.tag(): f"sha256:{'1' * 64}"}
        return cls(stacks={"wms-foundation": dict(FOUNDATION)}, secrets=stored, images=published)

    @classmethod
    def with_stage(cls, stage: Stage, now: datetime) -> "FakeAws":
        """An account in which a stage is deployed, all of it well; its Lambdas are to be added."""
        topic, machines = (
            f"arn:aws:sns:us-east-1:{OWNER}:{name}"
            for name in (stage.names.sns_topic, stage.names.alarms_topic)
        )
        made = cls(checks=[(now - timedelta(minutes=4), 0.0)])
        made.subscriptions.append(
            {
                "TopicArn": topic,
                "Protocol": "email",
                "Endpoint": "a@example.gov",
                "SubscriptionArn": f"{topic}:people",
            }
        )
        for component in COMPONENTS:
            made.stacks[stage.names.stack(component)] = {
                "StackName": stage.names.stack(component),
                "StackStatus": "UPDATE_COMPLETE",
                "EnableTerminationProtection": True,
                "Outputs": [],
            }
        made.set_output(stage.names.stack("alerts"), "TopicArn", topic)
        made.set_output(stage.names.stack("alerts"), "AlarmsTopicArn", machines)
        made.set_output(stage.names.stack("alarms"), "AlarmMails", "once")
        for name, alarm in alarms_of(stage.names, "debezium").items():
            made.alarms[stage.names.alarm(name)] = {
                "AlarmName": stage.names.alarm(name),
                "StateValue": "OK",
                "AlarmActions": [machines, *([topic] if alarm.mails() else [])],
                "OKActions": [machines],
                "Period": alarm.period_seconds or 600,
                "EvaluationPeriods": alarm.evaluation_periods,
            }
        return made

    def set_output(self, stack: str, key: str, value: str) -> None:
        """Give a stack an output."""
        self.stacks[stack]["Outputs"].append({"OutputKey": key, "OutputValue": value})

    def call(self, service: str, command: str, kwargs: Mapping[str, Any] | None = None) -> Any:
        self.calls.append((service, command))
        refusal = self.refusals.get((service, command))
        if refusal is not None and (error := refusal(kwargs or {})) is not None:
            raise error
        answer = getattr(self, f"_{service}_{command}")(kwargs or {})
        answer_shapes.check(service, command, answer)
        return answer

    def deny(self, service: str, command: str, error: ClientError) -> None:
        """Refuse every such request from now on."""
        self.refusals[service, command] = lambda _: error

    def get_session(self) -> "_Session":
        """As Sceptre's connection manager gives one; no request goes through it here."""
        return self.session

    def client(self, service: str) -> Any:
        """The same account as a client of boto3's, for what runs inside."""
        return _Client(self, service)

    def _secretsmanager_get_secret_value(self, kwargs: Mapping[str, Any]) -> Any:
        path = kwargs["SecretId"]
        stored = self.secrets.get(path)
        if stored is None:
            raise refuse(
                "GetSecretValue",
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret.",
            )
        if isinstance(stored, ClientError):
            raise stored
        return {"ARN": _secret_arn(path), "VersionId": "v1", "SecretString": stored}

    def _secretsmanager_describe_secret(self, kwargs: Mapping[str, Any]) -> Any:
        (path,) = [path for path in self.secrets if kwargs["SecretId"] in (path, _secret_arn(path))]
        key = {"KmsKeyId": self.secret_keys[path]} if path in self.secret_keys else {}
        return {"ARN": _secret_arn(path), "Name": path, **key}

    def _kms_describe_key(self, kwargs: Mapping[str, Any]) -> Any:
        name = kwargs["KeyId"]
        if name in self.key_aliases:
            return {"KeyMetadata": {"KeyId": name, "Arn": self.key_aliases[name]}}
        return self.found(
            "AWS::KMS::Alias", name, {"KeyMetadata": {"KeyId": name}}, "DescribeKey", "NotFoundException"
        )

    def _ec2_describe_vpcs(self, kwargs: Mapping[str, Any]) -> Any:
        options = "default" if self.name_servers is None else "dopt-0a1b2c3d"
        (vpc,) = kwargs["VpcIds"]
        found = {"VpcId": vpc, "CidrBlock": "10.1.0.0/16", "DhcpOptionsId": options}
        return {"Vpcs": [{**found, "OwnerId": self.network_owner}]}

    def _ec2_describe_dhcp_options(self, kwargs: Mapping[str, Any]) -> Any:
        assert kwargs["DhcpOptionsIds"] == ["dopt-0a1b2c3d"]
        values = [{"Value": server} for server in self.name_servers or ()]
        configurations = [
            {"Key": "domain-name", "Values": [{"Value": "ec2.internal"}]},
            {"Key": "domain-name-servers", "Values": values},
        ]
        return {"DhcpOptions": [{"DhcpOptionsId": "dopt-0a1b2c3d", "DhcpConfigurations": configurations}]}

    def _ec2_describe_subnets(self, kwargs: Mapping[str, Any]) -> Any:
        missing = [name for name in kwargs["SubnetIds"] if name not in self.subnets]
        if missing:
            message = f"The subnet ID '{missing[0]}' does not exist"
            raise refuse("DescribeSubnets", "InvalidSubnetID.NotFound", message)
        zones = {name: f"us-east-1{'abc'[place % 3]}" for place, name in enumerate(self.subnets)}
        return {
            "Subnets": [
                {
                    "SubnetId": name,
                    "VpcId": "vpc-0a1b2c3d",
                    "OwnerId": self.network_owner,
                    "AvailabilityZone": zones[name],
                    "CidrBlock": self.subnets[name],
                }
                for name in kwargs["SubnetIds"]
            ]
        }

    def _ec2_describe_network_interfaces(self, kwargs: Mapping[str, Any]) -> Any:
        """All of them: what is asked for is filtered by the caller too, as not every AWS filters."""
        return page("NetworkInterfaces", self.interfaces, kwargs)

    def _cloudformation_describe_stacks(self, kwargs: Mapping[str, Any]) -> Any:
        if "StackName" not in kwargs:
            return page("Stacks", [{**_ALWAYS, **stack} for stack in self.stacks.values()], kwargs)
        name = kwargs["StackName"]
        if name not in self.stacks:
            raise refuse("DescribeStacks", "ValidationError", f"Stack with id {name} does not exist")
        return {"Stacks": [{"StackName": name, "Tags": _tags(name), **_ALWAYS, **self.stacks[name]}]}

    def _cloudformation_get_template(self, kwargs: Mapping[str, Any]) -> Any:
        name = kwargs["StackName"]
        if name not in self.stacks:
            raise refuse("GetTemplate", "ValidationError", f"Stack with id {name} does not exist")
        return {"TemplateBody": self.templates.get(name, "{}")}

    def _cloudformation_get_template_summary(self, kwargs: Mapping[str, Any]) -> Any:
        body = kwargs.get("TemplateBody")
        if body is None:
            body = self._cloudformation_get_template(kwargs)["TemplateBody"]
        declared = json.loads(str(body).removeprefix("---")).get("Parameters", {})
        return {
            "Parameters": [
                {"ParameterKey": name, "ParameterType": each["Type"], "NoEcho": bool(each.get("NoEcho"))}
                | ({"DefaultValue": each["Default"]} if "Default" in each else {})
                for name, each in declared.items()
            ]
        }

    def _cloudformation_delete_stack(self, kwargs: Mapping[str, Any]) -> Any:
        self.stacks.pop(kwargs["StackName"], None)
        return {}

    def _cloudformation_describe_stack_events(self, kwargs: Mapping[str, Any]) -> Any:
        name = kwargs["StackName"]
        always = {"StackId": _stack_arn(name), "StackName": name, "Timestamp": LONG_AGO}
        events = [{"EventId": f"e-{at}", **always, **event} for at, event in enumerate(self.events)]
        return page("StackEvents", events, kwargs)

    def _cloudformation_describe_stack_resources(self, kwargs: Mapping[str, Any]) -> Any:
        name = kwargs["StackName"]
        if name not in self.resources:
            raise refuse("DescribeStackResources", "ValidationError", f"Stack with id {name} does not exist")
        always = {"ResourceStatus": "CREATE_COMPLETE", "Timestamp": LONG_AGO}
        return {"StackResources": [{**always, **resource} for resource in self.resources[name]]}

    def _cloudformation_update_termination_protection(self, kwargs: Mapping[str, Any]) -> Any:
        self.stacks[kwargs["StackName"]]["EnableTerminationProtection"] = kwargs[
            "EnableTerminationProtection"
        ]
        return {}

    def _ecr_describe_images(self, kwargs: Mapping[str, Any]) -> Any:
        assert kwargs["repositoryName"] == "wms-connector"
        tag = kwargs["imageIds"][0]["imageTag"]
        if tag not in self.images:
            raise refuse("DescribeImages", "ImageNotFoundException", "The image does not exist")
        return {"imageDetails": [{"imageDigest": self.images[tag]}]}

    def _ecr_get_authorization_token(self, kwargs: Mapping[str, Any]) -> Any:
        token = base64.b64encode(b"AWS:pushing-passw0rd").decode()
        return {"authorizationData": [{"authorizationToken": token}]}

    def _ecs_list_task_definitions(self, kwargs: Mapping[str, Any]) -> Any:
        found = [name for name in self.definitions if name.startswith(kwargs["familyPrefix"])]
        arns = [f"arn:aws:ecs:us-east-1:{OWNER}:task-definition/{name}" for name in found]
        return page("taskDefinitionArns", arns, kwargs, "nextToken")

    def _ecs_deregister_task_definition(self, kwargs: Mapping[str, Any]) -> Any:
        self.definitions.remove(kwargs["taskDefinition"].rpartition("/")[2])
        return {}

    def _sts_get_caller_identity(self, kwargs: Mapping[str, Any]) -> Any:
        return {"Account": OWNER, "Arn": f"arn:aws:iam::{OWNER}:user/alice"}

    def _s3_head_object(self, kwargs: Mapping[str, Any]) -> Any:
        if (kwargs["Bucket"], kwargs["Key"]) not in self.objects:
            raise refuse("HeadObject", "404", "Not Found")
        return {}

    def _s3_put_object(self, kwargs: Mapping[str, Any]) -> Any:
        self.objects[kwargs["Bucket"], kwargs["Key"]] = kwargs["Body"]
        return {}

    def _logs_filter_log_events(self, kwargs: Mapping[str, Any]) -> Any:
        events = [
            {"timestamp": int(at * 1000), "message": message}
            for at, message in self.log_events
            if at * 1000 >= kwargs["startTime"] and matcher(kwargs["filterPattern"])(message)
        ]
        return page("events", events, kwargs, "nextToken")

    def _logs_delete_log_group(self, kwargs: Mapping[str, Any]) -> Any:
        if kwargs["logGroupName"] not in self.log_groups:
            message = "The specified log group does not exist"
            raise refuse("DeleteLogGroup", "ResourceNotFoundException", message)
        self.log_groups.remove(kwargs["logGroupName"])
        return {}

    def _lambda_invoke(self, kwargs: Mapping[str, Any]) -> Any:
        name, event = kwargs["FunctionName"], json.loads(kwargs["Payload"])
        if name not in self.functions:
            raise refuse("Invoke", "ResourceNotFoundException", f"Function not found: {name}")
        self.invoked.append((name, event))
        reply = self.functions[name](event)
        if isinstance(reply, Exception):
            body = {"errorType": type(reply).__name__, "errorMessage": str(reply)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(body).encode())}
        return {"Payload": io.BytesIO(json.dumps(reply).encode())}

    def _cloudwatch_describe_alarms(self, kwargs: Mapping[str, Any]) -> Any:
        assert len(kwargs["AlarmNames"]) <= 100, "CloudWatch refuses more"
        others = {name: {"AlarmName": name} for name in self.has("AWS::CloudWatch::Alarm")}
        found = [alarm for name, alarm in {**others, **self.alarms}.items() if name in kwargs["AlarmNames"]]
        return page("MetricAlarms", found, kwargs)

    def _cloudwatch_set_alarm_state(self, kwargs: Mapping[str, Any]) -> Any:
        name, state = kwargs["AlarmName"], kwargs["StateValue"]
        if name not in self.alarms:
            raise refuse("SetAlarmState", "ResourceNotFound", f"Alarm {name} does not exist")
        alarm = self.alarms[name]
        changed = alarm["StateValue"] != state
        alarm |= {"StateValue": state, "StateReason": kwargs["StateReason"]}
        for topic in alarm["OKActions" if alarm["StateValue"] == "OK" else "AlarmActions"] if changed else ():
            message = json.dumps({"AlarmName": name, "NewStateValue": state})
            subject = f'{state}: "{name}"'
            self._sns_publish({"TopicArn": topic, "Subject": subject, "Message": message})
        return {}

    def _cloudwatch_get_metric_statistics(self, kwargs: Mapping[str, Any]) -> Any:
        start = kwargs["StartTime"]
        values = self.lags if kwargs["MetricName"] == "ReplicationLagSeconds" else self.checks
        return {"Datapoints": [{"Timestamp": at, "Maximum": value} for at, value in values if at >= start]}

    def _sns_list_subscriptions_by_topic(self, kwargs: Mapping[str, Any]) -> Any:
        found = [entry for entry in self.subscriptions if entry["TopicArn"] == kwargs["TopicArn"]]
        return page("Subscriptions", found, kwargs)

    def _sns_subscribe(self, kwargs: Mapping[str, Any]) -> Any:
        assert (kwargs["Protocol"], kwargs["ReturnSubscriptionArn"]) == ("sqs", True)
        arn = f"{kwargs['TopicArn']}:{len(self.subscriptions)}"
        entry = {name: kwargs[name] for name in ("TopicArn", "Protocol", "Endpoint")}
        self.subscriptions.append({**entry, "SubscriptionArn": arn})
        return {"SubscriptionArn": arn}

    def _sns_unsubscribe(self, kwargs: Mapping[str, Any]) -> Any:
        gone = kwargs["SubscriptionArn"]
        self.subscriptions = [s for s in self.subscriptions if s["SubscriptionArn"] != gone]
        return {}

    def _sns_publish(self, kwargs: Mapping[str, Any]) -> Any:
        topic, subject, text = kwargs["TopicArn"], kwargs["Subject"], kwargs["Message"]
        self.published.append((topic, subject, text))
        identifier = f"m-{len(self.published)}"
        body = json.dumps({"MessageId": identifier, "TopicArn": topic, "Subject": subject, "Message": text})
        for subscription in self.subscriptions:
            lost = self.loses and self.loses in f"{topic} {subject}"
            if subscription["Protocol"] != "sqs" or subscription["TopicArn"] != topic or lost:
                continue
            policy, messages = self.queues[subscription["Endpoint"].rpartition(":")[2]]
            (statement,) = json.loads(policy)["Statement"]
            assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
            if topic in statement["Condition"]["ArnEquals"]["aws:SourceArn"]:
                messages.append({"Body": body, "ReceiptHandle": identifier})
        return {"MessageId": identifier}

    def _sqs_create_queue(self, kwargs: Mapping[str, Any]) -> Any:
        self.queues[kwargs["QueueName"]] = (kwargs["Attributes"]["Policy"], [])
        return {"QueueUrl": f"https://sqs/{kwargs['QueueName']}"}

    def _sqs_receive_message(self, kwargs: Mapping[str, Any]) -> Any:
        assert kwargs["WaitTimeSeconds"]
        waiting = self._messages(kwargs)
        return {"Messages": waiting[: kwargs["MaxNumberOfMessages"]]} if waiting else {}

    def _sqs_delete_message(self, kwargs: Mapping[str, Any]) -> Any:
        waiting = self._messages(kwargs)
        waiting[:] = [m for m in waiting if m["ReceiptHandle"] != kwargs["ReceiptHandle"]]
        return {}

    def _sqs_delete_queue(self, kwargs: Mapping[str, Any]) -> Any:
        del self.queues[kwargs["QueueUrl"].rpartition("/")[2]]
        return {}

    def _messages(self, kwargs: Mapping[str, Any]) -> list[dict[str, str]]:
        return self.queues[kwargs["QueueUrl"].rpartition("/")[2]][1]


def _secret_arn(path: str) -> str:
    return f"arn:aws:secretsmanager:us-east-1:{OWNER}:secret:{path}-AbCdEf"


def _tags(stack: str) -> list[dict[str, str]]:
    """The tags of the stack of this name, if a stage whose slug is its name has launched it."""
    tags = {"project": "wms-connector", "stage": stack.split("-", 2)[2] if stack.count("-") > 1 else ""}
    return [{"Key": key, "Value": value} for key, value in tags.items() if value]


def _stack_arn(name: str) -> str:
    return f"arn:aws:cloudformation:us-east-1:{OWNER}:stack/{name}/0a1b2c3d"


@dataclass
class _Session:
    """The part of boto3's session that is used: its events."""

    events: HierarchicalEmitter = field(default_factory=HierarchicalEmitter)


@dataclass(frozen=True)
class _Client:
    aws: FakeAws
    service: str

    def __getattr__(self, command: str) -> Callable[..., Any]:
        return lambda **kwargs: self.aws.call(self.service, command, kwargs)


@dataclass
class FakeStack:
    """Implements `connector.sceptre.stack.SceptreStack`."""

    name: str
    external_name: str
    connection_manager: FakeAws
    region: str = "us-east-1"
    stack_group_config: dict[str, Any] = field(
        default_factory=lambda: {"secret_prefix": "wms", "project_path": str(ROOT)}
    )
