"""Objects in the artifact bucket that belong to one stage: each is written, read in parts, and deleted."""

from typing import Any, Protocol

from lambda_src.clients.aws import aws_errors


class S3(Protocol):
    """The part of boto3's S3 client that the functions use."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> Any: ...  # noqa: N803
    def get_object(self, *, Bucket: str, Key: str, **part: str) -> Any: ...  # noqa: N803
    def delete_object(self, *, Bucket: str, Key: str) -> Any: ...  # noqa: N803
    def list_objects_v2(self, *, Bucket: str, Prefix: str, **page: str) -> Any: ...  # noqa: N803


class Folder:
    """What is below one prefix of a bucket."""

    def __init__(self, client: S3, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def store(self, name: str, content: bytes) -> None:
        """Write an object, or replace it."""
        with aws_errors(f"writing {self._prefix}{name} to the artifact bucket (s3:PutObject)"):
            self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}{name}", Body=content)

    def part(self, name: str, begin: int, end: int) -> bytes:
        """The bytes of an object from `begin` to the one before `end`."""
        if begin == end:
            return b""
        with aws_errors(f"reading {self._prefix}{name} in the artifact bucket (s3:GetObject)"):
            found = self._client.get_object(
                Bucket=self._bucket, Key=f"{self._prefix}{name}", Range=f"bytes={begin}-{end - 1}"
            )
            content: bytes = found["Body"].read()
        return content

    def discard(self, name: str) -> None:
        """Delete an object; one that is gone already is fine."""
        with aws_errors(f"deleting {self._prefix}{name} in the artifact bucket (s3:DeleteObject)"):
            self._client.delete_object(Bucket=self._bucket, Key=f"{self._prefix}{name}")
