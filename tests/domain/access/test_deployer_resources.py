"""What CloudFormation calls for our templates: the table against AWS's own schemas, both ways."""

from collections.abc import Iterator, Mapping

import pytest

from connector.domain.access import deployer_resources
from connector.domain.stage.stage import Stage
from tests.support.iam.judge import handlers
from tests.support.iam.launch_requests import stacks
from tests.templates.support import LONGEST, built

TABLE = {**deployer_resources.FOUNDATION, **deployer_resources.STAGE, **deployer_resources.BALANCER}

#: Type -> the property that would cause an action, which no template has -> the actions. An empty property
#: stands for what no property causes, with the reason beside it.
LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "AWS::S3::Bucket": {
        "AccelerateConfiguration": "s3:PutAccelerateConfiguration",
        "AccessControl": "s3:PutBucketAcl s3:PutObjectAcl s3:GetBucketAcl",
        "AnalyticsConfigurations": "s3:PutAnalyticsConfiguration s3:DeleteBucketAnalyticsConfiguration",
        "AbacStatus": "s3:PutBucketAbac",
        "CorsConfiguration": "s3:PutBucketCORS s3:DeleteBucketCors",
        "IntelligentTieringConfigurations": "s3:PutIntelligentTieringConfiguration",
        "InventoryConfigurations": "s3:PutInventoryConfiguration",
        "MetadataTableConfiguration": "s3:CreateBucketMetadataTableConfiguration s3tables:CreateNamespace "
        "s3tables:CreateTable s3tables:CreateTableBucket s3tables:GetTable s3tables:GetTableMetadataLocation "
        "s3tables:PutTableBucketPolicy s3tables:PutTableEncryption s3tables:PutTablePolicy "
        "s3tables:UpdateTableMetadataLocation s3:DeleteBucketMetadataTableConfiguration",
        "MetadataConfiguration": "s3:UpdateBucketMetadataAnnotationTableConfiguration "
        "s3:UpdateBucketMetadataInventoryTableConfiguration s3:UpdateBucketMetadataJournalTableConfiguration",
        "MetricsConfigurations": "s3:PutMetricsConfiguration s3:DeleteBucketMetricsConfiguration",
        "NotificationConfiguration": "s3:PutBucketNotification",
        "ObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration s3:PutObjectLockConfiguration",
        "ReplicationConfiguration": "iam:PassRole s3:PutBucketReplication s3:PutReplicationConfiguration "
        "s3:DeleteBucketReplication",
        "WebsiteConfiguration": "s3:PutBucketWebsite s3:DeleteBucketWebsite",
        # CloudFormation deletes no objects: a bucket that is not empty stays.
        "": "s3:DeleteObject",
    },
    "AWS::ECR::Repository": {"RepositoryPolicyText": "ecr:DeleteRepositoryPolicy ecr:SetRepositoryPolicy"},
    "AWS::SNS::Topic": {
        "DeliveryStatusLogging": "iam:GetRole iam:PassRole",
        "DataProtectionPolicy": "sns:PutDataProtectionPolicy",
        "Subscription": "sns:Subscribe sns:Unsubscribe",
    },
    "AWS::SNS::Subscription": {"SubscriptionRoleArn": "iam:GetRole iam:PassRole"},
    "AWS::Logs::LogGroup": {
        "DataProtectionPolicy": "firehose:TagDeliveryStream logs:CreateLogDelivery "
        "logs:DeleteDataProtectionPolicy logs:PutDataProtectionPolicy s3:REST.PUT.OBJECT",
        "FieldIndexPolicies": "logs:DeleteIndexPolicy logs:PutIndexPolicy",
        "ResourcePolicyDocument": "logs:DeleteResourcePolicy logs:PutResourcePolicy",
        "BearerTokenAuthenticationEnabled": "logs:PutBearerTokenAuthentication",
        "DeletionProtectionEnabled": "logs:PutLogGroupDeletionProtection",
    },
    "AWS::DynamoDB::Table": {
        "Replicas": "dynamodb:AssociateTableReplica dynamodb:BatchWriteItem dynamodb:CreateTableReplica "
        "dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:Scan "
        "dynamodb:UpdateItem iam:CreateServiceLinkedRole",
        "ResourcePolicy": "dynamodb:DeleteResourcePolicy dynamodb:PutResourcePolicy",
        "ImportSourceSpecification": "dynamodb:DescribeImport dynamodb:ImportTable logs:CreateLogGroup "
        "logs:CreateLogStream logs:DescribeLogGroups logs:DescribeLogStreams logs:PutLogEvents "
        "logs:PutRetentionPolicy s3:GetObject s3:GetObjectMetadata s3:ListBucket",
        "KinesisStreamSpecification": "dynamodb:DisableKinesisStreamingDestination "
        "dynamodb:EnableKinesisStreamingDestination dynamodb:UpdateKinesisStreamingDestination "
        "kinesis:DescribeStream kinesis:PutRecords",
        "ContributorInsightsSpecification": "dynamodb:UpdateContributorInsights",
        # The key is given by its ARN, and grants are DynamoDB's to revoke.
        "": "kms:ListAliases kms:RevokeGrant",
    },
    # A role never loses its boundary: the property is always there.
    "AWS::IAM::Role": {"": "iam:DeleteRolePermissionsBoundary"},
    "AWS::Lambda::Function": {
        "FileSystemConfigs": "elasticfilesystem:DescribeMountTargets s3files:ListMountTargets",
        "CodeSigningConfigArn": "lambda:DeleteFunctionCodeSigningConfig lambda:GetCodeSigningConfig "
        "lambda:PutFunctionCodeSigningConfig",
        "Layers": "lambda:GetLayerVersion",
        "CapacityProviderConfig": "lambda:PassCapacityProvider",
        "PublishToLatestPublished": "lambda:PublishVersion",
        "ReservedConcurrentExecutions": "lambda:PutFunctionConcurrency",
        "RecursiveLoop": "lambda:PutFunctionRecursionConfig",
        "FunctionScalingConfig": "lambda:PutFunctionScalingConfig",
        "RuntimeManagementConfig": "lambda:AssociateRuntimeAlias lambda:PutRuntimeManagementConfig",
    },
    "AWS::ECS::Cluster": {
        # The account's defaults are no stage's, and are called by no change of ours.
        "": "ecs:PutAccountSetting ecs:PutAccountSettingDefault",
        "Configuration": "kms:DescribeKey",
    },
    "AWS::Events::Rule": {"RoleArn": "iam:PassRole"},
    "AWS::Logs::SubscriptionFilter": {"RoleArn": "iam:PassRole"},
    "AWS::IAM::ManagedPolicy": {
        "Groups": "iam:AttachGroupPolicy iam:DetachGroupPolicy",
        "Users": "iam:AttachUserPolicy iam:DetachUserPolicy",
    },
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {
        "Ipv4IpamPoolId": "ec2:DescribeIpamPools elasticloadbalancing:ModifyIpPools",
        "MinimumLoadBalancerCapacity": "elasticloadbalancing:ModifyCapacityReservation",
        "IpAddressType": "elasticloadbalancing:SetIpAddressType",
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        "Targets": "elasticloadbalancing:DeregisterTargets elasticloadbalancing:RegisterTargets"
    },
    # Only a listener that authenticates through Cognito; ours forwards.
    "AWS::ElasticLoadBalancingV2::Listener": {"": "cognito-idp:DescribeUserPoolClient"},
    "AWS::CertificateManager::Certificate": {
        "CertificateTransparencyLoggingPreference": "acm:UpdateCertificateOptions",
        "DomainValidationOptions": "route53:ChangeResourceRecordSets",
    },
    "AWS::Route53::HostedZone": {
        "QueryLoggingConfig": "route53:CreateQueryLoggingConfig route53:DeleteQueryLoggingConfig",
        "HostedZoneFeatures": "route53:UpdateHostedZoneFeatures",
    },
}

#: What no schema names, with the reason.
ADDED = {
    # AWS makes the role with the first load balancer of an account, with the rights of who asks for that.
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {"iam:CreateServiceLinkedRole"},
}


def _resources() -> Iterator[Mapping[str, object]]:
    for stage in ("main", LONGEST):
        for balancer in (False, True):
            for stack in stacks(Stage.parse(stage), "iam", balancer=balancer).values():
                yield from stack.template["Resources"].values()
    yield from built("foundation")["Resources"].values()


def test_every_type_of_our_templates_has_its_rows_and_no_other_has():
    assert {str(resource["Type"]) for resource in _resources()} == set(TABLE)


@pytest.mark.parametrize("kind", sorted(TABLE))
def test_the_rows_of_a_type_are_what_its_schema_names_without_what_has_a_reason(kind: str):
    named = {action for actions in handlers()[kind].values() for action in actions}
    rows = {action for actions in TABLE[kind].values() for action in actions.split()}
    left_out = {action for actions in LEFT_OUT.get(kind, {}).values() for action in actions.split()}
    assert rows == (named - left_out) | ADDED.get(kind, set())
    assert left_out <= named


def test_the_properties_that_would_cause_what_is_left_out_are_in_no_template():
    for resource in _resources():
        properties = resource.get("Properties", {})
        assert isinstance(properties, dict)
        caused = {p: a for p, a in LEFT_OUT.get(str(resource["Type"]), {}).items() if p in properties}
        assert caused == {}, f"{resource['Type']}: take these actions into the table"
