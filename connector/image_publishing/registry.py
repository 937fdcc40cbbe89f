"""The foundation's ECR repository: which digest a tag has there, and the password to push."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from connector.aws import calls
from connector.domain.errors import OperatorError
from connector.domain.secrets.redacted import Redacted
from connector.domain.stage import aws_names

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
            f"stack {aws_names.FOUNDATION_STACK} has no output {_OUTPUT}; "
            "run `sceptre launch foundation` again"
        )
    return Repository(uri)


def published(connection: calls.Port, where: Repository, tag: str) -> str | None:
    """The digest of the image with this tag, or None when there is none."""
    query = {"repositoryName": where.name, "imageIds": [{"imageTag": tag}]}
    answer = calls.find(connection, "ecr", "describe_images", query) or {}
    found = answer.get("imageDetails") or []
    return str(found[0]["imageDigest"]) if found else None


def require_published(connection: calls.Port, where: Repository, tag: str) -> str:
    """The image by digest, as a task definition takes it; raises when nobody has published it."""
    digest = published(connection, where, tag)
    if digest is None:
        raise OperatorError(
            f"the worker's image of this checkout, {where.name}:{tag}, is not in {where.registry}; "
            "run `wms-connector image publish`, or set image in config.yaml to another image"
        )
    return f"{where.uri}@{digest}"


def login(connection: calls.Port) -> tuple[str, Redacted]:
    """User and password for pushing to this account's registry; valid for some hours."""
    answer = connection.call("ecr", "get_authorization_token", {})
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    user, _, password = token.partition(":")
    return user, Redacted(password)
