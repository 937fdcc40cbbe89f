"""What CloudFormation calls for each resource type of our templates, and on what AWS judges it. Pure.

CloudFormation makes, reads, changes and deletes resources with the rights of whoever called it ("Control
access with AWS Identity and Access Management", CloudFormation User Guide). The actions are those of the
type's schema that our properties can cause: `handlers.<create, read, update, delete>.permissions`, as
cfn-lint carries them. tests/domain/access has the reason for each that is left out.
"""

from collections.abc import Mapping

from connector.domain.access.deployer import Target

#: Target -> IAM actions, of one resource type.
Actions = Mapping[Target, str]

#: The types that only the foundation has.
_FOUNDATION_ONLY: Mapping[str, Actions] = {
    "AWS::KMS::Key": {
        # CreateKey names no key yet.
        Target.NEW_KEY: "kms:CreateKey",
        Target.NEW_KEY_TAGS: "kms:TagResource",
        Target.OWN_KEY: (
            "kms:DescribeKey kms:DisableKey kms:DisableKeyRotation kms:EnableKey kms:EnableKeyRotation "
            "kms:GetKeyPolicy kms:GetKeyRotationStatus kms:ListResourceTags kms:PutKeyPolicy "
            "kms:ScheduleKeyDeletion kms:TagResource kms:UntagResource kms:UpdateKeyDescription"
        ),
    },
    "AWS::KMS::Alias": {
        # Judged on the alias and on the key (KMS developer guide, "Controlling access to aliases").
        Target.KEY_ALIAS: "kms:CreateAlias kms:DeleteAlias kms:UpdateAlias",
        Target.OWN_KEY: "kms:CreateAlias kms:DeleteAlias kms:UpdateAlias",
        Target.ANYTHING: "kms:ListAliases",
    },
    "AWS::S3::Bucket": {
        Target.BUCKET: (
            "s3:CreateBucket s3:DeleteBucket s3:DeleteBucketEncryption s3:DeleteBucketLifecycle "
            "s3:GetBucketAbac s3:GetBucketLogging s3:GetBucketMetadataTableConfiguration "
            "s3:GetBucketNotification s3:GetBucketObjectLockConfiguration s3:GetBucketOwnershipControls "
            "s3:GetBucketPublicAccessBlock s3:GetBucketCORS s3:GetBucketTagging s3:GetBucketVersioning "
            "s3:GetBucketWebsite s3:GetAccelerateConfiguration s3:GetAnalyticsConfiguration "
            "s3:GetEncryptionConfiguration s3:GetIntelligentTieringConfiguration "
            "s3:GetInventoryConfiguration s3:GetLifecycleConfiguration s3:GetMetricsConfiguration "
            "s3:GetReplicationConfiguration s3:ListBucket s3:ListTagsForResource s3:PutBucketLogging "
            "s3:PutBucketOwnershipControls s3:PutBucketPublicAccessBlock s3:PutBucketTagging "
            "s3:PutBucketVersioning s3:PutEncryptionConfiguration s3:PutLifecycleConfiguration "
            "s3:TagResource s3:UntagResource"
        ),
    },
    "AWS::S3::BucketPolicy": {
        Target.BUCKET: "s3:DeleteBucketPolicy s3:GetBucketPolicy s3:PutBucketPolicy",
    },
    "AWS::ECR::Repository": {
        Target.REPOSITORY: (
            "ecr:CreateRepository ecr:DeleteLifecyclePolicy ecr:DeleteRepository ecr:DescribeRepositories "
            "ecr:GetLifecyclePolicy ecr:GetRepositoryPolicy ecr:ListTagsForResource "
            "ecr:PutImageScanningConfiguration ecr:PutImageTagMutability ecr:PutLifecyclePolicy "
            "ecr:TagResource ecr:UntagResource"
        ),
        Target.KEY_GRANT: "kms:CreateGrant",
        Target.OWN_KEY: "kms:DescribeKey kms:RetireGrant",
    },
}

#: The types of a stage's stacks, without a load balancer.
STAGE: Mapping[str, Actions] = {
    "AWS::SNS::Topic": {
        Target.TOPIC: (
            "sns:CreateTopic sns:DeleteTopic sns:GetDataProtectionPolicy sns:GetTopicAttributes "
            "sns:ListSubscriptionsByTopic sns:ListTagsForResource sns:SetTopicAttributes sns:TagResource "
            "sns:UntagResource"
        ),
    },
    "AWS::SNS::TopicPolicy": {Target.TOPIC: "sns:SetTopicAttributes"},
    # The reference names no resource for the last three. AWS's own refusals name the topic ("not authorized
    # to perform: SNS:Unsubscribe on resource: arn:aws:sns:<region>:<account>:<topic>"). A grant on "*" would
    # let a branch cancel anybody's mails.
    "AWS::SNS::Subscription": {
        Target.TOPIC: (
            "sns:Subscribe sns:GetSubscriptionAttributes sns:SetSubscriptionAttributes sns:Unsubscribe"
        ),
    },
    "AWS::Logs::LogGroup": {
        Target.LOG_GROUP: (
            "logs:AssociateKmsKey logs:CreateLogGroup logs:DeleteLogGroup logs:DeleteRetentionPolicy "
            "logs:DisassociateKmsKey logs:GetDataProtectionPolicy logs:ListTagsForResource "
            "logs:PutRetentionPolicy logs:TagResource logs:UntagResource logs:DescribeIndexPolicies"
        ),
        # DescribeLogGroups: the reference names no resource, refusals name `log-group::log-stream:`.
        Target.ANYTHING: "logs:DescribeLogGroups logs:DescribeResourcePolicies",
    },
    "AWS::Logs::SubscriptionFilter": {
        Target.LOG_GROUP: (
            "logs:DeleteSubscriptionFilter logs:DescribeSubscriptionFilters logs:PutSubscriptionFilter"
        ),
    },
    "AWS::Logs::MetricFilter": {
        Target.LOG_GROUP: "logs:DeleteMetricFilter logs:DescribeMetricFilters logs:PutMetricFilter",
    },
    "AWS::EC2::SecurityGroup": {
        # Judged on the new group and on the VPC.
        Target.NEW_GROUP: "ec2:CreateSecurityGroup",
        # The tags come with the group (the schema's `tagOnCreate`); later changes are on our own.
        Target.GROUP_TAGS: "ec2:CreateTags",
        Target.GROUP: (
            "ec2:AuthorizeSecurityGroupEgress ec2:AuthorizeSecurityGroupIngress ec2:CreateTags "
            "ec2:DeleteSecurityGroup ec2:DeleteTags ec2:RevokeSecurityGroupEgress "
            "ec2:RevokeSecurityGroupIngress ec2:UpdateSecurityGroupRuleDescriptionsEgress "
            "ec2:UpdateSecurityGroupRuleDescriptionsIngress"
        ),
        Target.ANYTHING: "ec2:DescribeInstances ec2:DescribeSecurityGroups",
        Target.GROUP_RULE: "ec2:AuthorizeSecurityGroupEgress ec2:AuthorizeSecurityGroupIngress",
    },
    "AWS::EC2::SecurityGroupIngress": {
        Target.GROUP: (
            "ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress "
            "ec2:UpdateSecurityGroupRuleDescriptionsIngress"
        ),
        Target.ANYTHING: "ec2:DescribeSecurityGroupRules ec2:DescribeSecurityGroups",
        Target.GROUP_RULE: "ec2:AuthorizeSecurityGroupIngress",
    },
    "AWS::DynamoDB::Table": {
        Target.TABLE: (
            "dynamodb:CreateTable dynamodb:DeleteTable dynamodb:DescribeContinuousBackups "
            "dynamodb:DescribeContributorInsights dynamodb:DescribeKinesisStreamingDestination "
            "dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:GetResourcePolicy "
            "dynamodb:ListTagsOfResource dynamodb:TagResource dynamodb:UntagResource "
            "dynamodb:UpdateContinuousBackups dynamodb:UpdateTable dynamodb:UpdateTimeToLive"
        ),
        Target.KEY: "kms:Decrypt kms:Encrypt",
        Target.KEY_LOOKUP: "kms:DescribeKey",
        Target.KEY_GRANT: "kms:CreateGrant",
    },
    "AWS::SQS::Queue": {
        Target.QUEUE: (
            "sqs:CreateQueue sqs:DeleteQueue sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueueTags "
            "sqs:SetQueueAttributes sqs:TagQueue sqs:UntagQueue"
        ),
    },
    "AWS::SQS::QueuePolicy": {Target.QUEUE: "sqs:SetQueueAttributes"},
    "AWS::IAM::Role": {
        Target.BOUNDED_ROLE: (
            "iam:CreateRole iam:DeleteRolePolicy iam:PutRolePermissionsBoundary iam:PutRolePolicy"
        ),
        Target.ROLE_ATTACHMENT: "iam:AttachRolePolicy iam:DetachRolePolicy",
        Target.ROLE: (
            "iam:DeleteRole iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies "
            "iam:ListRolePolicies iam:TagRole iam:UntagRole iam:UpdateRole "
            "iam:UpdateRoleDescription "
            # The reference lists no key of the boundary for it.
            "iam:UpdateAssumeRolePolicy"
        ),
    },
    "AWS::Lambda::Function": {
        Target.FUNCTION: (
            "lambda:CreateFunction lambda:DeleteFunction lambda:DeleteFunctionConcurrency "
            "lambda:GetFunction lambda:GetFunctionCodeSigningConfig lambda:GetFunctionRecursionConfig "
            "lambda:GetFunctionScalingConfig lambda:GetRuntimeManagementConfig "
            "lambda:TagResource lambda:UntagResource lambda:UpdateFunctionCode "
            "lambda:UpdateFunctionConfiguration"
        ),
        Target.FUNCTION_ROLE: "iam:PassRole",
        Target.OBJECT: "s3:GetObject s3:GetObjectVersion",
        Target.KEY: "kms:Decrypt kms:Encrypt kms:GenerateDataKey",
        Target.KEY_LOOKUP: "kms:DescribeKey",
        Target.KEY_GRANT: "kms:CreateGrant",
        Target.ANYTHING: (
            "ec2:DescribeNetworkInterfaces ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs"
        ),
    },
    "AWS::Lambda::Permission": {
        Target.FUNCTION: "lambda:AddPermission lambda:GetPolicy lambda:RemovePermission",
    },
    "AWS::Lambda::EventInvokeConfig": {
        Target.FUNCTION: (
            "lambda:DeleteFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig "
            "lambda:PutFunctionEventInvokeConfig lambda:UpdateFunctionEventInvokeConfig"
        ),
    },
    "AWS::ECS::Cluster": {
        Target.CLUSTER: (
            "ecs:CreateCluster ecs:DeleteCluster ecs:DescribeClusters ecs:ListTagsForResource "
            "ecs:PutClusterCapacityProviders ecs:TagResource ecs:UntagResource ecs:UpdateCluster "
            "ecs:UpdateClusterSettings"
        ),
        Target.ECS_LINKED_ROLE: "iam:CreateServiceLinkedRole",
    },
    "AWS::ECS::Service": {
        Target.SERVICE: (
            "ecs:CreateService ecs:DeleteService ecs:DescribeServices ecs:ListServiceDeployments "
            "ecs:ListTagsForResource ecs:TagResource ecs:UntagResource ecs:UpdateService"
        ),
        Target.SERVICE_REVISION: "ecs:DescribeServiceDeployments ecs:StopServiceDeployment",
        Target.TASK_ROLE: "iam:PassRole",
    },
    "AWS::ECS::TaskDefinition": {
        Target.TASK_DEFINITION: (
            "ecs:ListTagsForResource ecs:RegisterTaskDefinition ecs:TagResource ecs:UntagResource"
        ),
        # Neither takes a resource (reference).
        Target.ANYTHING: "ecs:DeregisterTaskDefinition ecs:DescribeTaskDefinition",
        Target.ROLE: "iam:GetRole",
        Target.TASK_ROLE: "iam:PassRole",
    },
    "AWS::CloudWatch::Alarm": {
        Target.NEW_ALARM: "cloudwatch:PutMetricAlarm",
        Target.ALARM: (
            "cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource "
            "cloudwatch:TagResource cloudwatch:UntagResource"
        ),
    },
    "AWS::CloudWatch::Dashboard": {
        Target.DASHBOARD: (
            "cloudwatch:DeleteDashboards cloudwatch:GetDashboard cloudwatch:ListTagsForResource "
            "cloudwatch:PutDashboard cloudwatch:TagResource cloudwatch:UntagResource"
        ),
    },
    "AWS::Events::Rule": {
        Target.RULE: (
            "events:DeleteRule events:DescribeRule events:ListTagsForResource events:ListTargetsByRule "
            "events:PutRule events:RemoveTargets events:TagResource events:UntagResource"
        ),
        Target.RULE_TARGET: "events:PutTargets",
    },
    "AWS::IAM::ManagedPolicy": {
        Target.POLICY: (
            "iam:CreatePolicy iam:CreatePolicyVersion iam:DeletePolicy iam:DeletePolicyVersion "
            "iam:GetPolicy iam:GetPolicyVersion iam:ListEntitiesForPolicy iam:ListPolicyVersions"
        ),
        Target.ROLE_ATTACHMENT: "iam:AttachRolePolicy iam:DetachRolePolicy",
    },
}

#: The types of the foundation.
FOUNDATION: Mapping[str, Actions] = {
    **_FOUNDATION_ONLY,
    **{
        kind: STAGE[kind]
        for kind in (
            "AWS::SNS::Topic",
            "AWS::SNS::TopicPolicy",
            "AWS::SNS::Subscription",
            "AWS::Events::Rule",
            "AWS::CloudWatch::Alarm",
        )
    },
}

#: The types of a stage with the secret connectAlbTls besides.
BALANCER: Mapping[str, Actions] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {
        Target.NEW_BALANCER: "elasticloadbalancing:CreateLoadBalancer",
        Target.NEW_BALANCER_TAGS: "elasticloadbalancing:AddTags",
        Target.BALANCER: (
            "elasticloadbalancing:AddTags "
            "elasticloadbalancing:DeleteLoadBalancer elasticloadbalancing:ModifyLoadBalancerAttributes "
            "elasticloadbalancing:RemoveTags elasticloadbalancing:SetSecurityGroups "
            "elasticloadbalancing:SetSubnets"
        ),
        Target.ANYTHING: (
            "elasticloadbalancing:DescribeCapacityReservation "
            "elasticloadbalancing:DescribeLoadBalancerAttributes "
            "elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeTags"
        ),
        # Where the account has never had a load balancer (Elastic Load Balancing, "Service-linked role").
        Target.BALANCER_LINKED_ROLE: "iam:CreateServiceLinkedRole",
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        Target.NEW_BALANCER: "elasticloadbalancing:CreateTargetGroup",
        Target.NEW_BALANCER_TAGS: "elasticloadbalancing:AddTags",
        Target.BALANCER: (
            "elasticloadbalancing:AddTags "
            "elasticloadbalancing:DeleteTargetGroup elasticloadbalancing:ModifyTargetGroup "
            "elasticloadbalancing:ModifyTargetGroupAttributes elasticloadbalancing:RemoveTags"
        ),
        Target.ANYTHING: (
            "ec2:DescribeVpcs elasticloadbalancing:DescribeTags "
            "elasticloadbalancing:DescribeTargetGroupAttributes elasticloadbalancing:DescribeTargetGroups "
            "elasticloadbalancing:DescribeTargetHealth"
        ),
    },
    "AWS::ElasticLoadBalancingV2::Listener": {
        Target.NEW_BALANCER_TAGS: "elasticloadbalancing:AddTags",
        # A listener is made on a load balancer, which has its tags by then.
        Target.BALANCER: (
            "elasticloadbalancing:AddTags "
            "elasticloadbalancing:CreateListener elasticloadbalancing:DeleteListener "
            "elasticloadbalancing:ModifyListener elasticloadbalancing:ModifyListenerAttributes "
            "elasticloadbalancing:RemoveTags"
        ),
        Target.ANYTHING: (
            "elasticloadbalancing:DescribeListenerAttributes elasticloadbalancing:DescribeListeners "
            "elasticloadbalancing:DescribeTags"
        ),
    },
    "AWS::CertificateManager::Certificate": {
        Target.NEW_CERTIFICATE: "acm:RequestCertificate",
        Target.CERTIFICATE_TAGS: "acm:AddTagsToCertificate",
        Target.CERTIFICATE: (
            "acm:DeleteCertificate acm:DescribeCertificate acm:ListTagsForCertificate "
            "acm:RemoveTagsFromCertificate"
        ),
        Target.AUTHORITY: "acm-pca:GetCertificate acm-pca:IssueCertificate",
    },
    # Zones have random ids and IAM knows no tag of them: only records can be told apart, by their names.
    "AWS::Route53::HostedZone": {
        Target.ANYTHING: "ec2:DescribeVpcs route53:CreateHostedZone",
        Target.ZONE: (
            "route53:AssociateVPCWithHostedZone route53:ChangeTagsForResource route53:DeleteHostedZone "
            "route53:DisassociateVPCFromHostedZone route53:GetHostedZone route53:ListQueryLoggingConfigs "
            "route53:ListTagsForResource route53:UpdateHostedZoneComment"
        ),
        Target.ZONE_CHANGE: "route53:GetChange",
    },
    "AWS::Route53::RecordSet": {
        Target.RECORD: "route53:ChangeResourceRecordSets",
        Target.ZONE: "route53:GetHostedZone route53:ListResourceRecordSets",
        Target.ZONE_CHANGE: "route53:GetChange",
        Target.ANYTHING: "route53:ListHostedZones",
    },
}
