"""Every resource type that our templates use is really created by the embedded AWS, and really deleted."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.local.conftest import Embedded

pytestmark = pytest.mark.e2e

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_ANY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"}]}

RESOURCES: dict[str, Any] = {
    "Key": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True, "KeyPolicy": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*",
                                                "Resource": "*"}]}}},
    "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/probe", "TargetKeyId": {"Ref": "Key"}}},
    "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "probe-bucket-000000000000",
                                                         "VersioningConfiguration": {"Status": "Enabled"}}},
    "BucketPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
                                                "Resource": "arn:aws:s3:::probe-bucket-000000000000/*",
                                                "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}}},
    "Repository": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "probe"}},
    "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
        "TableName": "probe", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}},
    "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "probe", "Path": "/some/",
                                                                 "PolicyDocument": _ANY}},
    "Role": {"Type": "AWS::IAM::Role", "Properties": {
        "RoleName": "probe", "Path": "/some/", "AssumeRolePolicyDocument": _TRUST,
        "ManagedPolicyArns": [{"Ref": "Policy"}], "Policies": [{"PolicyName": "p", "PolicyDocument": _ANY}]}},
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
    "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.0.0/24",
                                                          "AvailabilityZone": "us-east-1a"}},
    "Subnet2": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.1.0/24",
                                                           "AvailabilityZone": "us-east-1b"}},
    "Clients": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupName": "probe-clients", "GroupDescription": "c",
                                                                  "VpcId": {"Ref": "Vpc"}}},
    "Tasks": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupName": "probe-tasks", "GroupDescription": "t",
                                                                "VpcId": {"Ref": "Vpc"}}},
    "Out": {"Type": "AWS::EC2::SecurityGroupEgress", "Properties": {
        "GroupId": {"Ref": "Clients"}, "IpProtocol": "tcp", "FromPort": 8083, "ToPort": 8083,
        "DestinationSecurityGroupId": {"Ref": "Tasks"}}},
    "In": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {
        "GroupId": {"Ref": "Tasks"}, "IpProtocol": "tcp", "FromPort": 8083, "ToPort": 8083,
        "SourceSecurityGroupId": {"Ref": "Clients"}}},
    "LogGroup": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/probe", "RetentionInDays": 30}},
    "Filter": {"Type": "AWS::Logs::MetricFilter", "Properties": {
        "LogGroupName": {"Ref": "LogGroup"}, "FilterName": "probe", "FilterPattern": "%ORA-[0-9]{5}%",
        "MetricTransformations": [{"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1"}]}},
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "probe", "KmsMasterKeyId": {"Ref": "Key"}}},
    "Subscription": {"Type": "AWS::SNS::Subscription", "Properties": {
        "TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "a@example.com"}},
    "TopicPolicy": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [{"Ref": "Topic"}], "PolicyDocument": {
        "Version": "2012-10-17", "Statement": [{"Sid": "probe", "Effect": "Allow", "Action": "sns:Publish",
                                                "Principal": {"Service": "events.amazonaws.com"},
                                                "Resource": {"Ref": "Topic"}}]}}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "probe"}},
    "QueuePolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
                                                "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}}]}}},
    "Function": {"Type": "AWS::Lambda::Function", "Properties": {
        "FunctionName": "probe", "Runtime": "python3.12", "Handler": "lambda_src.probe.handler.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"S3Bucket": "probe-code", "S3Key": "code.zip"},
        "Timeout": 5, "Environment": {"Variables": {"STAGE": "main"}},
        "VpcConfig": {"SubnetIds": [{"Ref": "Subnet"}], "SecurityGroupIds": [{"Ref": "Clients"}]},
        "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}}}},
    "InvokeConfig": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {
        "FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 0}},
    "Rule": {"Type": "AWS::Events::Rule", "Properties": {
        "Name": "probe", "ScheduleExpression": "rate(10 minutes)",
        "Targets": [{"Id": "one", "Arn": {"Fn::GetAtt": ["Function", "Arn"]}}]}},
    "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {
        "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com",
        "SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}},
    "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
        "AlarmName": "probe", "Namespace": "n", "MetricName": "m", "Statistic": "Maximum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": [{"Ref": "Topic"}]}},
    "Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {
        "DashboardName": "probe", "DashboardBody": '{"widgets": []}'}},
    "Zone": {"Type": "AWS::Route53::HostedZone", "Properties": {
        "Name": "probe.internal", "VPCs": [{"VPCId": {"Ref": "Vpc"}, "VPCRegion": "us-east-1"}]}},
    "Certificate": {"Type": "AWS::CertificateManager::Certificate", "Properties": {
        "DomainName": "connect.probe.internal",
        "CertificateAuthorityArn": "arn:aws:acm-pca:us-east-1:000000000000:certificate-authority/probe"}},
    "Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {
        "Name": "probe", "Scheme": "internal", "Type": "application",
        "Subnets": [{"Ref": "Subnet"}, {"Ref": "Subnet2"}], "SecurityGroups": [{"Ref": "Clients"}]}},
    "TargetGroup": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
        "Name": "probe", "Port": 8083, "Protocol": "HTTP", "TargetType": "ip", "VpcId": {"Ref": "Vpc"},
        "HealthCheckPath": "/"}},
    "Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
        "LoadBalancerArn": {"Ref": "Balancer"}, "Port": 443, "Protocol": "HTTPS",
        "Certificates": [{"CertificateArn": {"Ref": "Certificate"}}],
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "TargetGroup"}}]}},
    "Record": {"Type": "AWS::Route53::RecordSet", "Properties": {
        "HostedZoneId": {"Ref": "Zone"}, "Name": "connect.probe.internal", "Type": "A",
        "AliasTarget": {"DNSName": {"Fn::GetAtt": ["Balancer", "DNSName"]},
                        "HostedZoneId": {"Fn::GetAtt": ["Balancer", "CanonicalHostedZoneID"]}}}},
    "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "probe"}},
    "Definition": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
        "Family": "probe", "Cpu": "512", "Memory": "2048", "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"], "ExecutionRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "RuntimePlatform": {"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"},
        "Volumes": [{"Name": "tmp"}],
        "ContainerDefinitions": [{
            "Name": "kafka-connect", "Image": "x:1", "Essential": True, "Memory": 1024, "StopTimeout": 60,
            "ReadonlyRootFilesystem": True, "User": "1000",
            "Secrets": [{"Name": "KAFKA_BOOTSTRAP_SERVERS", "ValueFrom": "arn:aws:secretsmanager:us-east-1:000000000000:secret:x"}],
            "HealthCheck": {"Command": ["CMD-SHELL", "true"], "Interval": 15, "StartPeriod": 90},
            "LinuxParameters": {"InitProcessEnabled": True},
            "SystemControls": [{"Namespace": "net.ipv4.tcp_keepalive_time", "Value": "60"}],
            "MountPoints": [{"SourceVolume": "tmp", "ContainerPath": "/tmp"}],
            "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "/probe"}}}]}},
    "Service": {"Type": "AWS::ECS::Service", "DependsOn": ["Listener"], "Properties": {
        "ServiceName": "probe", "Cluster": {"Ref": "Cluster"}, "TaskDefinition": {"Ref": "Definition"},
        "DesiredCount": 0, "LaunchType": "FARGATE", "PlatformVersion": "1.4.0",
        "LoadBalancers": [{"ContainerName": "kafka-connect", "ContainerPort": 8083,
                           "TargetGroupArn": {"Ref": "TargetGroup"}}],
        "DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}},
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": [{"Ref": "Subnet"}],
                                                         "SecurityGroups": [{"Ref": "Tasks"}]}}}},
}

Find = Callable[[Embedded], Any]

#: Asks the service itself, not CloudFormation, whether the thing is there.
PROOFS: dict[str, Find] = {
    "Alias": lambda a: [x for x in a.client("kms").list_aliases()["Aliases"] if x["AliasName"] == "alias/probe"],
    "Bucket": lambda a: a.client("s3").get_bucket_versioning(Bucket="probe-bucket-000000000000")["Status"],
    "BucketPolicy": lambda a: a.client("s3").get_bucket_policy(Bucket="probe-bucket-000000000000")["Policy"],
    "Repository": lambda a: a.client("ecr").describe_repositories(repositoryNames=["probe"])["repositories"],
    "Table": lambda a: a.client("dynamodb").describe_table(TableName="probe")["Table"],
    "Policy": lambda a: [x for x in a.client("iam").list_policies(Scope="Local")["Policies"] if x["PolicyName"] == "probe"],
    "Role": lambda a: a.client("iam").get_role(RoleName="probe")["Role"]["Path"] == "/some/",
    "Clients": lambda a: a.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["probe-clients"]}])["SecurityGroups"],
    "LogGroup": lambda a: a.client("logs").describe_log_groups(logGroupNamePrefix="/probe")["logGroups"],
    "Filter": lambda a: a.client("logs").describe_metric_filters(logGroupName="/probe")["metricFilters"],
    "Topic": lambda a: [x for x in a.client("sns").list_topics()["Topics"] if x["TopicArn"].endswith(":probe")],
    "Subscription": lambda a: [x for x in a.client("sns").list_subscriptions()["Subscriptions"]
                               if x["Endpoint"] == "a@example.com"],
    "Queue": lambda a: a.client("sqs").get_queue_url(QueueName="probe")["QueueUrl"],
    "Function": lambda a: a.client("lambda").get_function(FunctionName="probe")["Configuration"],
    "Rule": lambda a: a.client("events").list_targets_by_rule(Rule="probe")["Targets"],
    "Permission": lambda a: a.client("lambda").get_policy(FunctionName="probe")["Policy"],
    "Alarm": lambda a: a.client("cloudwatch").describe_alarms(AlarmNames=["probe"])["MetricAlarms"],
    "Dashboard": lambda a: a.client("cloudwatch").get_dashboard(DashboardName="probe")["DashboardBody"],
    "Zone": lambda a: [z for z in a.client("route53").list_hosted_zones()["HostedZones"]
                       if z["Name"].startswith("probe.internal")],
    "Certificate": lambda a: [c for c in a.client("acm").list_certificates()["CertificateSummaryList"]
                              if c["DomainName"] == "connect.probe.internal"],
    "Balancer": lambda a: a.client("elbv2").describe_load_balancers(Names=["probe"])["LoadBalancers"],
    "TargetGroup": lambda a: a.client("elbv2").describe_target_groups(Names=["probe"])["TargetGroups"],
    "Cluster": lambda a: a.client("ecs").describe_clusters(clusters=["probe"])["clusters"],
    "Definition": lambda a: a.client("ecs").list_task_definitions(familyPrefix="probe")["taskDefinitionArns"],
    "Service": lambda a: [s for s in a.client("ecs").describe_services(cluster="probe", services=["probe"])["services"]
                          if s["status"] == "ACTIVE"],
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
            StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    except Exception:
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        return "; ".join(f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in events
                         if e["ResourceStatus"].endswith("FAILED"))
    return ""


@pytest.fixture(scope="module")
def stack(embedded: Embedded) -> str:
    """The stack with one resource of every type."""
    s3 = embedded.client("s3")
    s3.create_bucket(Bucket="probe-code")
    s3.put_object(Bucket="probe-code", Key="code.zip", Body=code())
    embedded.client("cloudformation").create_stack(
        StackName="probe", TemplateBody=json.dumps({"Resources": RESOURCES}), Capabilities=["CAPABILITY_NAMED_IAM"],
        NotificationARNs=["arn:aws:sns:us-east-1:000000000000:told"])
    assert settled(embedded, "probe", "create") == ""
    return "probe"


@pytest.mark.parametrize("name", PROOFS)
def test_a_resource_of_each_type_exists_after_the_stack_was_created(embedded: Embedded, stack: str, name: str) -> None:
    """The service itself answers for what the template declared."""
    assert exists(embedded, PROOFS[name])


def test_rules_between_two_groups_are_in_force(embedded: Embedded, stack: str) -> None:
    """Stand-alone rules reach their groups, and the first egress rule replaces the default allow-all."""
    groups = {g["GroupName"]: g for g in embedded.client("ec2").describe_security_groups()["SecurityGroups"]}
    (egress,) = groups["probe-clients"]["IpPermissionsEgress"]
    (ingress,) = groups["probe-tasks"]["IpPermissions"]
    assert egress["UserIdGroupPairs"][0]["GroupId"] == groups["probe-tasks"]["GroupId"]
    assert (ingress["FromPort"], ingress["UserIdGroupPairs"][0]["GroupId"]) == (8083, groups["probe-clients"]["GroupId"])


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


def test_a_stack_tells_whom_it_notifies(embedded: Embedded, stack: str) -> None:
    """Sceptre's diff reads NotificationARNs of every stack, also of one without any."""
    (found,) = embedded.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    assert found["NotificationARNs"] == ["arn:aws:sns:us-east-1:000000000000:told"]


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
