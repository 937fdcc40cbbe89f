"""IAM statements for what a stage keeps in the artifact bucket: backups, and digests of comparisons."""

from typing import Any

from awacs import aws, kms, s3
from awacs.aws import Allow, Condition, Statement, StringEquals
from troposphere import Ref, Sub

from connector.domain.stage import backup
from connector.domain.stage.stage import Stage


def write_backups(bucket: Ref, stage: Stage, key: Any) -> list[Statement]:
    """Add backups; none may be read or deleted. Nothing for a stage that is not backed up."""
    if stage.ephemeral:
        return []
    return [_backups(bucket, stage, s3.PutObject), _use_key(bucket, key, kms.GenerateDataKey)]


def delete_comparisons(bucket: Ref, stage: Stage) -> Statement:
    """Delete what a comparison has left that was killed; what is in it may not be read."""
    return _comparisons("DeleteComparison", bucket, stage, s3.DeleteObject)


def keep_objects(bucket: Ref, stage: Stage, key: Any) -> list[Statement]:
    """Write, read and delete digests of comparisons; add, list and read backups, and delete none."""
    digests = _comparisons("KeepComparison", bucket, stage, s3.PutObject, s3.GetObject, s3.DeleteObject)
    found = [digests, _use_key(bucket, key, kms.Decrypt, kms.GenerateDataKey)]
    if stage.ephemeral:
        return found
    listing = Statement(
        Sid="ListBackups",
        Effect=Allow,
        Action=[s3.ListBucket],
        Resource=[_arn(bucket)],
        Condition=Condition(StringEquals({"s3:prefix": backup.prefix(stage)})),
    )
    return [*found, _backups(bucket, stage, s3.GetObject, s3.PutObject), listing]


def _comparisons(sid: str, bucket: Ref, stage: Stage, *actions: aws.Action) -> Statement:
    folder = _arn(bucket, f"/{stage.names.comparison_folder}*")
    return Statement(Sid=sid, Effect=Allow, Action=list(actions), Resource=[folder])


def _backups(bucket: Ref, stage: Stage, *actions: aws.Action) -> Statement:
    return Statement(
        Sid="KeepBackups",
        Effect=Allow,
        Action=list(actions),
        Resource=[_arn(bucket, f"/{backup.prefix(stage)}*")],
    )


def _arn(bucket: Ref, rest: str = "") -> Sub:
    return Sub(f"arn:${{AWS::Partition}}:s3:::${{{bucket.data['Ref']}}}{rest}")


def _use_key(bucket: Ref, key: Any, *actions: aws.Action) -> Statement:
    """The bucket's objects are encrypted with the foundation's key, as whoever writes or reads them.

    With a bucket key the encryption context is the bucket's ARN (S3 user guide, "Reducing the cost of SSE-KMS
    with Amazon S3 Bucket Keys").
    """
    bounds = {
        "kms:ViaService": Sub("s3.${AWS::Region}.amazonaws.com"),
        "kms:EncryptionContext:aws:s3:arn": _arn(bucket),
    }
    return Statement(
        Sid="UseKeyForBucket",
        Effect=Allow,
        Action=list(actions),
        Resource=[key],
        Condition=Condition(StringEquals(bounds)),
    )
