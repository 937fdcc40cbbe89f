"""The foundation: resources that an AWS account has once, for all its stages."""

from collections.abc import Mapping
from typing import Any

from awacs.aws import PolicyDocument
from troposphere import GetAtt, Ref, Template, ecr, kms, s3

from connector.domain.stage import aws_names
from templates.shared import common, iam
from templates.shared.settings import Settings, parse_settings

#: How long a superseded Lambda zip stays, in days: long enough to revert.
_OLD_VERSIONS_DAYS = 90


class FoundationSettings(Settings):
    """The foundation has no settings: there is one per account and region, always the same."""


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(FoundationSettings, sceptre_user_data)))


def build(settings: FoundationSettings) -> Template:  # noqa: ARG001  every build takes its settings
    """KMS key, artifact bucket and image repository."""
    template = common.new_template("wms-connector: what the account has once (key, artifacts, images)")
    _add_key(template)
    _add_bucket(template)
    _add_repository(template)
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


def _add_bucket(template: Template) -> None:
    encryption = s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=GetAtt("Key", "Arn"))
    template.add_resource(
        s3.Bucket(
            "Artifacts",
            BucketEncryption=s3.BucketEncryption(
                ServerSideEncryptionConfiguration=[
                    s3.ServerSideEncryptionRule(
                        BucketKeyEnabled=True, ServerSideEncryptionByDefault=encryption
                    )
                ]
            ),
            LifecycleConfiguration=s3.LifecycleConfiguration(
                Rules=[
                    s3.LifecycleRule(
                        Id="old-versions",
                        Status="Enabled",
                        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(
                            NoncurrentDays=_OLD_VERSIONS_DAYS
                        ),
                        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(
                            DaysAfterInitiation=7
                        ),
                    )
                ]
            ),
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
            **common.stateful(None),
        )
    )
    template.add_resource(
        s3.BucketPolicy(
            "ArtifactsPolicy",
            Bucket=Ref("Artifacts"),
            PolicyDocument=PolicyDocument(
                Version="2012-10-17", Statement=[iam.refuse_plain_http("Artifacts")]
            ),
        )
    )
    common.output(template, "ArtifactBucketName", Ref("Artifacts"), "Holds the Lambda zips")


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
            **common.stateful(None),
        )
    )
    common.output(
        template, "RepositoryUri", GetAtt("Images", "RepositoryUri"), "Holds the Connect worker's images"
    )
