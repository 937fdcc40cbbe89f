"""IAM statements about the artifact bucket."""

from typing import Any

from awacs import kms, s3
from awacs.aws import Allow, Statement
from troposphere import Sub

from connector.domain.stage.aws_names import Names
from templates.shared import iam


def keep_comparison(bucket: str, names: Names, key: Any) -> list[Statement]:
    """Write, read and delete the digests of a comparison, in one folder of the artifact bucket.

    `bucket` is the parameter with its name.
    """
    return [
        Statement(
            Sid="KeepComparison",
            Effect=Allow,
            Action=[s3.PutObject, s3.GetObject, s3.DeleteObject],
            Resource=[Sub(f"arn:${{AWS::Partition}}:s3:::${{{bucket}}}/{names.comparison_folder}*")],
        ),
        Statement(
            Sid="UseKeyForBucket",
            Effect=Allow,
            Action=[kms.Decrypt, kms.GenerateDataKey],
            Resource=[key],
            Condition=iam.through("s3"),
        ),
    ]
