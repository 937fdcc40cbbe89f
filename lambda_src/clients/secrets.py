"""Secrets Manager as the `Fetch` that the core's lookup rule asks for."""

import math
from collections.abc import Mapping
from typing import Any, Protocol, TypedDict

from botocore.exceptions import ClientError

from connector.domain.secrets.fallback import unreadable
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.secrets.worker_versions import SecretState
from lambda_src.clients.aws import aws_errors, passes


class _Value(TypedDict, total=False):
    ARN: str
    VersionId: str
    SecretString: str


class SecretsManager(Protocol):
    """The part of boto3's client that is used here."""

    def get_secret_value(self, *, SecretId: str, **version: str) -> _Value: ...  # noqa: N803 - boto3's spelling
    def describe_secret(self, *, SecretId: str) -> Any: ...  # noqa: N803


def describe(client: SecretsManager, arn: str) -> SecretState | None:
    """A secret without its value; None when there is none with this ARN any more."""
    with aws_errors(f"describing secret {arn}"):
        try:
            found = client.describe_secret(SecretId=arn)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                return None
            raise
    changed = found.get("LastChangedDate") or found.get("CreatedDate")
    versions = found.get("VersionIdsToStages") or {}
    current = next((version for version, stages in versions.items() if "AWSCURRENT" in stages), "")
    # Without a time nothing can be said: then it changed just now.
    return SecretState(found["Name"], current, math.inf if changed is None else changed.timestamp())


class SecretReader:
    """Fetches each secret at most once; remembers which versions were read.

    `pinned`: path -> version id of the secrets as they are to be taken; no other exists then. None: whatever
    is current.
    """

    def __init__(self, client: SecretsManager, pinned: Mapping[str, str] | None = None) -> None:
        self._client = client
        self._pinned = pinned
        self._seen: dict[str, StoredSecret | None] = {}

    def fetch(self, path: str) -> StoredSecret | None:
        """The secret at `path`, None only when there is none; `SecretError` when it cannot be read."""
        if path not in self._seen:
            self._seen[path] = self._read(path)
        return self._seen[path]

    @property
    def versions(self) -> dict[str, str]:
        """Path -> version id of every secret that was found."""
        return {path: stored.version for path, stored in sorted(self._seen.items()) if stored is not None}

    def _read(self, path: str) -> StoredSecret | None:
        version = {}
        if self._pinned is not None:
            if path not in self._pinned:
                return None
            version = {"VersionId": self._pinned[path]}
        with aws_errors(f"reading secret {path}"):
            try:
                value = self._client.get_secret_value(SecretId=path, **version)
            except ClientError as error:
                details = error.response.get("Error", {})
                if passes(details.get("Code", "")):
                    # Nothing is wrong with the secret: the caller may repeat the request.
                    raise
                problem = unreadable(path, details.get("Code", ""), details.get("Message", ""))
                if problem is None:
                    return None
                raise problem from None
        return StoredSecret(path, value["ARN"], value["VersionId"], Redacted(value.get("SecretString", "")))
