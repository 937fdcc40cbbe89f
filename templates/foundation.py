"""The foundation: resources that an AWS account has once, for all its stages."""

import json
from collections.abc import Mapping
from typing import Any

from awacs.aws import PolicyDocument, Statement
from pydantic import Field
from troposphere import GetAtt, Ref, Template, cloudwatch, ecr, events, kms, s3, sns

from connector.domain.stage import aws_names
from connector.domain.stage.backup import BACKUPS
from templates.shared import common, iam, resource_policies
from templates.shared.settings import Settings, parse_settings
from templates.shared.subscriptions import Address, subscribe

#: How long a superseded Lambda zip stays, in days: long enough to revert.
_OLD_VERSIONS_DAYS = 90

#: How long a backup of a stage stays, in days: redo log of its position is gone long before.
_BACKUP_DAYS = 90

#: How long the bucket's access logs stay, in days.
_ACCESS_LOG_DAYS = 365

#: How many images the repository keeps, the newest. ECR cannot see which image a task definition names, so
#: these must be more than are pushed while a stage keeps one image. `image pin` makes at most one a week, so
#: 52 a year; branches that change the image add to that. A stage is launched more often than every two years.
#: The base is 94 MB and our directory 68 MB before compression, so 200 images take 32 GB at most.
_KEPT_IMAGES = 200

#: How long an image without a tag stays, in days. Every push gives one: only a person takes it away.
_UNTAGGED_DAYS = 30


class FoundationSettings(Settings):
    """The settings of the foundation: there is one per account and region."""

    emails: tuple[Address, ...] | None = Field(
        default=None,
        description="Who is mailed about the account's images, from the default's secret alertEmails, if it "
        "exists; each must confirm once.",
    )


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(FoundationSettings, sceptre_user_data)))


def build(settings: FoundationSettings) -> Template:
    """KMS key, artifact bucket with its access logs, image repository, and the topic for its findings."""
    template = common.new_template("wms-connector: what the account has once (key, artifacts, images)")
    _add_key(template)
    _add_artifacts(template)
    _add_access_logs(template)
    _add_repository(template)
    _add_findings(template, settings)
    return template


def _add_key(template: Template) -> None:
    log_groups = (f"/aws/fargate/{aws_names.PRODUCT}-", f"/aws/lambda/{aws_names.PRODUCT}-")
    template.add_resource(
        kms.Key(
            "Key",
            Description="wms-connector: logs, alerts, tables, artifacts and images of all stages",
            EnableKeyRotation=True,
            KeyPolicy=PolicyDocument(
                Version="2012-10-17",
                Statement=[
                    iam.administer_key(),
                    iam.encrypt_log_groups(log_groups),
                    iam.publish_encrypted_as_cloudwatch(),
                    iam.publish_encrypted_as_eventbridge(),
                ],
            ),
            **common.stateful(None),
        )
    )
    template.add_resource(
        kms.Alias("KeyAlias", AliasName=f"alias/{aws_names.PRODUCT}", TargetKeyId=Ref("Key"))
    )
    common.output(template, "KmsKeyArn", GetAtt("Key", "Arn"), "Encrypts everything that stages keep")


def _add_artifacts(template: Template) -> None:
    old_versions = s3.LifecycleRule(
        Id="old-versions",
        Status="Enabled",
        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=_OLD_VERSIONS_DAYS),
        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=7),
    )
    old_backups = s3.LifecycleRule(
        Id="old-backups", Status="Enabled", Prefix=f"{BACKUPS}/", ExpirationInDays=_BACKUP_DAYS
    )
    # A comparison deletes its digests itself; what it could not, goes a day later.
    digests = s3.LifecycleRule(
        Id="comparisons",
        Status="Enabled",
        Prefix=aws_names.COMPARISON_FOLDER,
        ExpirationInDays=1,
        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=1),
    )
    encryption = s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=GetAtt("Key", "Arn"))
    log = s3.LoggingConfiguration(DestinationBucketName=Ref("AccessLogs"), LogFilePrefix="artifacts/")
    _add_bucket(
        template, "Artifacts", encryption, old_versions, old_backups, digests, LoggingConfiguration=log
    )
    _add_bucket_policy(template, "Artifacts")
    common.output(template, "ArtifactBucketName", Ref("Artifacts"), "Holds Lambda zips and backups")


def _add_access_logs(template: Template) -> None:
    """Who read and wrote the code that runs in every stage."""
    expiry = s3.LifecycleRule(
        Id="old-logs",
        Status="Enabled",
        ExpirationInDays=_ACCESS_LOG_DAYS,
        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=_OLD_VERSIONS_DAYS),
        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=7),
    )
    _add_bucket(template, "AccessLogs", s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256"), expiry)
    _add_bucket_policy(
        template, "AccessLogs", resource_policies.deliver_access_logs("AccessLogs", "Artifacts")
    )


def _add_bucket(
    template: Template,
    title: str,
    encryption: s3.ServerSideEncryptionByDefault,
    *lifecycle: s3.LifecycleRule,
    **properties: Any,
) -> None:
    """A private bucket that keeps old versions for a while."""
    template.add_resource(
        s3.Bucket(
            title,
            BucketEncryption=s3.BucketEncryption(
                ServerSideEncryptionConfiguration=[
                    s3.ServerSideEncryptionRule(
                        # It saves calls to KMS; S3's own encryption makes none.
                        BucketKeyEnabled=encryption.SSEAlgorithm == "aws:kms",
                        ServerSideEncryptionByDefault=encryption,
                    )
                ]
            ),
            LifecycleConfiguration=s3.LifecycleConfiguration(Rules=list(lifecycle)),
            OwnershipControls=s3.OwnershipControls(
                Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
            ),
            PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
                BlockPublicAcls=True,
                BlockPublicPolicy=True,
                IgnorePublicAcls=True,
                RestrictPublicBuckets=True,
            ),
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
            **properties,
            **common.stateful(None),
        )
    )


def _add_bucket_policy(template: Template, bucket: str, *statements: Statement) -> None:
    template.add_resource(
        s3.BucketPolicy(
            f"{bucket}Policy",
            Bucket=Ref(bucket),
            PolicyDocument=PolicyDocument(
                Version="2012-10-17", Statement=[iam.refuse_plain_http(bucket), *statements]
            ),
        )
    )


def _add_repository(template: Template) -> None:
    template.add_resource(
        ecr.Repository(
            "Images",
            RepositoryName=aws_names.PRODUCT,
            ImageTagMutability="IMMUTABLE",
            ImageScanningConfiguration=ecr.ImageScanningConfiguration(ScanOnPush=True),
            EncryptionConfiguration=ecr.EncryptionConfiguration(
                EncryptionType="KMS", KmsKey=GetAtt("Key", "Arn")
            ),
            LifecyclePolicy=ecr.LifecyclePolicy(LifecyclePolicyText=json.dumps({"rules": _expiry()})),
            **common.stateful(None),
        )
    )
    common.output(
        template, "RepositoryUri", GetAtt("Images", "RepositoryUri"), "Holds the Connect worker's images"
    )


def _expiry() -> list[dict[str, Any]]:
    """The lifecycle rules of the repository, as ECR reads them."""
    return [
        {
            "rulePriority": 1,
            "description": f"Images whose tag was taken away, after {_UNTAGGED_DAYS} days",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": _UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": f"All but the newest {_KEPT_IMAGES} images",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["*"],
                "countType": "imageCountMoreThan",
                "countNumber": _KEPT_IMAGES,
            },
            "action": {"type": "expire"},
        },
    ]


def _add_findings(template: Template, settings: FoundationSettings) -> None:
    """A scan that finds something critical is mailed, as the event that ECR or Inspector sends.

    The event goes as it is: EventBridge does not escape what it puts into a text.
    """
    topic = template.add_resource(
        sns.Topic("Alerts", DisplayName="wms-connector images", KmsMasterKeyId=GetAtt("Key", "Arn"))
    )
    template.add_resource(
        sns.TopicPolicy(
            "AlertsPolicy",
            Topics=[Ref(topic)],
            PolicyDocument=PolicyDocument(
                Version="2012-10-17",
                Statement=[
                    iam.publish_as_cloudwatch(Ref(topic)),
                    iam.publish_as_eventbridge(Ref(topic)),
                    resource_policies.publish_over_tls_only(Ref(topic)),
                ],
            ),
        )
    )
    subscribe(template, Ref(topic), settings.emails or ())
    template.add_resource(
        events.Rule(
            "CriticalFindings",
            Description="A scan found something critical in an image of the Connect worker",
            State="ENABLED",
            EventPattern=_critical_findings(),
            Targets=[events.Target(Id="Alerts", Arn=Ref(topic))],
        )
    )
    template.add_resource(
        cloudwatch.Alarm(
            "CriticalFindingsUndelivered",
            AlarmDescription="EventBridge could not deliver the critical findings of an image scan. First: "
            "docs/operations.md#criticalfindingsundelivered",
            Namespace="AWS/Events",
            MetricName="FailedInvocations",
            Dimensions=[cloudwatch.MetricDimension(Name="RuleName", Value=Ref("CriticalFindings"))],
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[Ref(topic)],
        )
    )
    common.output(template, "AlertTopicArn", Ref(topic), "Mails people critical findings in images")


def _critical_findings() -> dict[str, Any]:
    """The event of a scan at push, and of Amazon Inspector where the registry uses enhanced scanning.

    As in the ECR user guide, "Amazon ECR events and EventBridge" and "EventBridge events sent for enhanced
    scanning in Amazon ECR": Inspector gives the repository's ARN for its name.
    """
    return {
        "source": ["aws.ecr", "aws.inspector2"],
        "detail-type": ["ECR Image Scan", "Inspector2 Scan"],
        "detail": {
            "repository-name": [aws_names.PRODUCT, GetAtt("Images", "Arn")],
            "finding-severity-counts": {"CRITICAL": [{"numeric": [">", 0]}]},
        },
    }
