"""Which KMS key a secret is encrypted with, and whether the stage's roles may use it. Pure.

Secrets Manager calls KMS with the rights of whoever reads a secret, so functions and tasks need the key too.
"Secret encryption and decryption in AWS Secrets Manager", AWS Secrets Manager User Guide.
"""

import re
from collections.abc import Collection

from connector.domain.errors import SecretError

#: The key that AWS keeps for Secrets Manager: every reader of this account may use it. DescribeSecret has no
#: KmsKeyId for it (API reference), but a secret may name it, too.
AWS_MANAGED = "alias/aws/secretsmanager"
SETTING = "secrets_key_arns"
#: How many keys the setting may name.
MOST_KEYS = 10
#: The ARN of a key, not of an alias: a role's policy knows keys by their ARN only ("Specifying KMS keys in
#: IAM policy statements", AWS KMS Developer Guide).
KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/(?:mrk-)?[0-9a-fA-F-]{32,36}")
_KEY_ID = re.compile(r"(?:mrk-)?[0-9a-fA-F-]{32,36}")


def is_aws_managed(key: str) -> bool:
    """Whether `KmsKeyId` stands for the key aws/secretsmanager; it is empty where the answer has none."""
    return not key or key == AWS_MANAGED or key.endswith(f":{AWS_MANAGED}")


def key_arn(key: str, secret_arn: str) -> str | None:
    """The ARN that `KmsKeyId` stands for; None for an alias, which only KMS can resolve.

    An id without account and region is a key of the secret's own.
    """
    if KEY_ARN.fullmatch(key):
        return key
    if _KEY_ID.fullmatch(key):
        _, partition, _, region, account = secret_arn.split(":")[:5]
        return f"arn:{partition}:kms:{region}:{account}:key/{key}"
    return None


def check_key(path: str, key: str, allowed: Collection[str]) -> None:
    """Raise `SecretError` unless the key with this ARN is one that the stage's roles may use."""
    if key not in allowed:
        raise SecretError(
            f"secret {path} is encrypted with the key {key}, which the stage's functions and tasks may not "
            f"use; add it to {SETTING} in config.yaml and let the key's policy admit this account "
            "(docs/secrets.md#access), or encrypt the secret with the foundation's key"
        )


def unresolved(path: str, alias: str, why: str) -> SecretError:
    """KMS did not say which key an alias stands for."""
    return SecretError(
        f"secret {path} is encrypted with {alias}, and KMS does not say which key that is ({why}); "
        f"allow kms:DescribeKey, or encrypt the secret with a key by its ARN and add it to {SETTING}"
    )
