"""The KMS keys of secrets, checked before a launch: a key that the roles may not use stops every task."""

from collections.abc import Collection, Iterable

from connector.aws import calls
from connector.domain.secrets import keys
from connector.domain.secrets.secrets import StoredSecret


def check_keys(connection: calls.Port, stored: Iterable[StoredSecret], allowed: Collection[str]) -> None:
    """Raise `SecretError` for the first secret whose key is neither AWS's nor one of the ARNs in `allowed`.

    Needs secretsmanager:DescribeSecret, and kms:DescribeKey where a secret names its key by an alias.
    """
    for secret in stored:
        answer = connection.call("secretsmanager", "describe_secret", {"SecretId": secret.arn})
        key = str(answer.get("KmsKeyId") or "")
        if not keys.is_aws_managed(key):
            keys.check_key(secret.path, _arn(connection, secret, key), allowed)


def _arn(connection: calls.Port, secret: StoredSecret, key: str) -> str:
    known = keys.key_arn(key, secret.arn)
    if known is not None:
        return known
    try:
        return str(connection.call("kms", "describe_key", {"KeyId": key})["KeyMetadata"]["Arn"])
    except calls.ClientError as error:
        raise keys.unresolved(secret.path, key, calls.code(error)) from None
