"""Every resource type that our templates use is really created by the embedded AWS, and really deleted."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.local.aws_types import RESOURCES
from tests.local.conftest import Embedded

pytestmark = pytest.mark.e2e

Find = Callable[[Embedded], Any]

#: Asks the service itself, not CloudFormation, whether the thing is there.
PROOFS: dict[str, Find] = {
    "Alias": lambda a: [
        x for x in a.client("kms").list_aliases()["Aliases"] if x["AliasName"] == "alias/probe"
    ],
    "Bucket": lambda a: a.client("s3").get_bucket_versioning(Bucket="probe-bucket-000000000000")["Status"],
    "BucketPolicy": lambda a: a.client("s3").get_bucket_policy(Bucket="probe-bucket-000000000000")["Policy"],
    "Repository": lambda a: a.client("ecr").describe_repositories(repositoryNames=["probe"])["repositories"],
    "Table": lambda a: a.client("dynamodb").describe_table(TableName="probe")["Table"],
    "Policy": lambda a: [
        x for x in a.client("iam").list_policies(Scope="Local")["Policies"] if x["PolicyName"] == "probe"
    ],
    "Role": lambda a: a.client("iam").get_role(RoleName="probe")["Role"]["Path"] == "/some/",
    "Clients": lambda a: a.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["probe-clients"]}]
    )["SecurityGroups"],
    "LogGroup": lambda a: a.client("logs").describe_log_groups(logGroupNamePrefix="/probe")["logGroups"],
    "Filter": lambda a: a.client("logs").describe_metric_filters(logGroupName="/probe")["metricFilters"],
    "Topic": lambda a: [
        x for x in a.client("sns").list_topics()["Topics"] if x["TopicArn"].endswith(":probe")
    ],
    "Subscription": lambda a: [
        x for x in a.client("sns").list_subscriptions()["Subscriptions"] if x["Endpoint"] == "a@example.com"
    ],
    "Queue": lambda a: a.client("sqs").get_queue_url(QueueName="probe")["QueueUrl"],
    "Function": lambda a: a.client("lambda").get_function(FunctionName="probe")["Configuration"],
    "Rule": lambda a: a.client("events").list_targets_by_rule(Rule="probe")["Targets"],
    "Permission": lambda a: a.client("lambda").get_policy(FunctionName="probe")["Policy"],
    "Alarm": lambda a: a.client("cloudwatch").describe_alarms(AlarmNames=["probe"])["MetricAlarms"],
    "Dashboard": lambda a: a.client("cloudwatch").get_dashboard(DashboardName="probe")["DashboardBody"],
    "Zone": lambda a: [
        z
        for z in a.client("route53").list_hosted_zones()["HostedZones"]
        if z["Name"].startswith("probe.internal")
    ],
    "Certificate": lambda a: [
        c
        for c in a.client("acm").list_certificates()["CertificateSummaryList"]
        if c["DomainName"] == "connect.probe.internal"
    ],
    "Balancer": lambda a: a.client("elbv2").describe_load_balancers(Names=["probe"])["LoadBalancers"],
    "TargetGroup": lambda a: a.client("elbv2").describe_target_groups(Names=["probe"])["TargetGroups"],
    "Cluster": lambda a: a.client("ecs").describe_clusters(clusters=["probe"])["clusters"],
    "Definition": lambda a: a.client("ecs").list_task_definitions(familyPrefix="probe")["taskDefinitionArns"],
    "Service": lambda a: [
        s
        for s in a.client("ecs").describe_services(cluster="probe", services=["probe"])["services"]
        if s["status"] == "ACTIVE"
    ],
}


def code() -> bytes:
    """A Lambda zip with one handler in a package."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("lambda_src/__init__.py", "")
        archive.writestr("lambda_src/probe/__init__.py", "")
        archive.writestr("lambda_src/probe/handler.py", "def handler(event, context):\n    return event\n")
    return content.getvalue()


def exists(embedded: Embedded, find: Find) -> bool:
    """Whether the service knows the thing; its "no such thing" counts as no."""
    try:
        return bool(find(embedded))
    except ClientError:
        return False


def settled(embedded: Embedded, stack: str, action: str) -> str:
    """Wait for a stack operation; answers the reasons of failed resources."""
    cloudformation = embedded.client("cloudformation")
    try:
        cloudformation.get_waiter(f"stack_{action}_complete").wait(
            StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
    except WaiterError:
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        return "; ".join(
            f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}"
            for e in events
            if e["ResourceStatus"].endswith("FAILED")
        )
    return ""


@pytest.fixture(scope="module")
def stack(embedded: Embedded) -> str:
    """The stack with one resource of every type."""
    s3 = embedded.client("s3")
    s3.create_bucket(Bucket="probe-code")
    s3.put_object(Bucket="probe-code", Key="code.zip", Body=code())
    embedded.client("cloudformation").create_stack(
        StackName="probe",
        TemplateBody=json.dumps({"Resources": RESOURCES}),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        NotificationARNs=["arn:aws:sns:us-east-1:000000000000:told"],
    )
    assert settled(embedded, "probe", "create") == ""
    return "probe"


@pytest.mark.parametrize("name", PROOFS)
def test_a_resource_of_each_type_exists_after_the_stack_was_created(
    embedded: Embedded, stack: str, name: str
) -> None:
    """The service itself answers for what the template declared."""
    assert exists(embedded, PROOFS[name])


def test_rules_between_two_groups_are_in_force(embedded: Embedded, stack: str) -> None:
    """Stand-alone rules reach their groups, and the first egress rule replaces the default allow-all."""
    groups = {g["GroupName"]: g for g in embedded.client("ec2").describe_security_groups()["SecurityGroups"]}
    (egress,) = groups["probe-clients"]["IpPermissionsEgress"]
    (ingress,) = groups["probe-tasks"]["IpPermissions"]
    assert egress["UserIdGroupPairs"][0]["GroupId"] == groups["probe-tasks"]["GroupId"]
    assert (ingress["FromPort"], ingress["UserIdGroupPairs"][0]["GroupId"]) == (
        8083,
        groups["probe-clients"]["GroupId"],
    )


def test_a_task_definition_keeps_all_that_the_template_says(embedded: Embedded, stack: str) -> None:
    """Secrets, health check, stop timeout and the rest arrive in the spelling of the API."""
    found = embedded.client("ecs").describe_task_definition(taskDefinition="probe")["taskDefinition"]
    (container,) = found["containerDefinitions"]
    assert found["runtimePlatform"]["cpuArchitecture"] == "X86_64"
    assert container["secrets"][0]["valueFrom"].endswith("secret:x")
    assert container["healthCheck"] == {"command": ["CMD-SHELL", "true"], "interval": 15, "startPeriod": 90}
    assert container["systemControls"] == [{"namespace": "net.ipv4.tcp_keepalive_time", "value": "60"}]
    assert (container["stopTimeout"], container["readonlyRootFilesystem"]) == (60, True)
    assert container["linuxParameters"] == {"initProcessEnabled": True}
    assert container["logConfiguration"]["options"] == {"awslogs-group": "/probe"}


def test_a_stack_reports_whom_it_notifies(embedded: Embedded, stack: str) -> None:
    """Sceptre's diff reads NotificationARNs of every stack, also of one without any."""
    (found,) = embedded.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    assert found["NotificationARNs"] == ["arn:aws:sns:us-east-1:000000000000:told"]


@pytest.mark.parametrize("logical", ["LogGroup", "Table", "Repository"])
def test_a_name_that_is_taken_fails_the_stack_that_wants_it(
    embedded: Embedded, stack: str, logical: str
) -> None:
    taken = RESOURCES[logical]
    template = {"Resources": {"Second": {"Type": taken["Type"], "Properties": taken["Properties"]}}}
    cloudformation = embedded.client("cloudformation")
    cloudformation.create_stack(StackName="second", TemplateBody=json.dumps(template))
    assert "already exists" in settled(embedded, "second", "create")
    assert exists(embedded, PROOFS[logical]), "a rollback must not touch the first one"
    cloudformation.delete_stack(StackName="second")
    assert settled(embedded, "second", "delete") == ""


def test_a_protected_stack_refuses_to_be_deleted(embedded: Embedded, stack: str) -> None:
    """Termination protection is honoured and can be switched off again."""
    cloudformation = embedded.client("cloudformation")
    cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection"):
        cloudformation.delete_stack(StackName=stack)
    cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=False)


def test_nothing_of_a_deleted_stack_is_left(embedded: Embedded, stack: str) -> None:
    """After the deletion no service knows any of its things."""
    embedded.client("cloudformation").delete_stack(StackName=stack)
    assert settled(embedded, stack, "delete") == ""
    left = [name for name, find in PROOFS.items() if exists(embedded, find)]
    assert left == []
