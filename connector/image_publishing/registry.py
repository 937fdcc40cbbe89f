"""The foundation's ECR repository: which digest a tag has there, and the password to push."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from connector.domain.errors import OperatorError
from connector.domain.secrets.redacted import Redacted
from connector.domain.stage import names

#: Service, command and arguments of boto3, as Sceptre's connection manager takes them.
Call = Callable[[str, str, Mapping[str, Any]], Any]

_OUTPUT = "RepositoryUri"


@dataclass(frozen=True)
class Repository:
    """An ECR repository: `uri` is `<registry>/<name>`."""

    uri: str

    @property
    def registry(self) -> str:
        """The host for the login."""
        return self.uri.partition("/")[0]

    @property
    def name(self) -> str:
        """The repository's name in its registry."""
        return self.uri.partition("/")[2]


def repository(foundation: Mapping[str, str]) -> Repository:
    """The repository that the foundation stack's outputs name."""
    uri = foundation.get(_OUTPUT, "")
    if "/" not in uri:
        raise OperatorError(
            f"stack {names.FOUNDATION_STACK} has no output {_OUTPUT}; run `sceptre launch foundation` again"
        )
    return Repository(uri)


def published(call: Call, where: Repository, tag: str) -> str | None:
    """The digest of the image with this tag, or None when there is none."""
    try:
        answer = call(
            "ecr", "describe_images", {"repositoryName": where.name, "imageIds": [{"imageTag": tag}]}
        )
    except ClientError as error:
        if error.response["Error"].get("Code") == "ImageNotFoundException":
            return None
        raise
    found = answer.get("imageDetails") or []
    return str(found[0]["imageDigest"]) if found else None


def require_published(call: Call, where: Repository, tag: str) -> str:
    """The image by digest, as a task definition takes it; raises when nobody has published it."""
    digest = published(call, where, tag)
    if digest is None:
        raise OperatorError(
            f"the worker's image of this checkout, {where.name}:{tag}, is not in {where.registry}; "
            "run `wms-connector image publish`, or set image in config.yaml to another image"
        )
    return f"{where.uri}@{digest}"


def login(call: Call) -> tuple[str, Redacted]:
    """User and password for pushing to this account's registry; valid for some hours."""
    answer = call("ecr", "get_authorization_token", {})
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    user, _, password = token.partition(":")
    return user, Redacted(password)
