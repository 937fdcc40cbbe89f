"""The embedded registry, as far as a launch asks it for the worker's image."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from connector.domain.stage.aws_names import PRODUCT
from connector.image_publishing import content
from tests.local.conftest import Embedded

pytestmark = pytest.mark.e2e


@pytest.fixture
def registry(embedded: Embedded) -> Iterator[Any]:
    """A client of a registry with the foundation's repository and another one."""
    client = embedded.client("ecr")
    for name in (PRODUCT, "other"):
        client.create_repository(repositoryName=name)
    yield client
    for name in (PRODUCT, "other"):
        client.delete_repository(repositoryName=name, force=True)


def ask(registry: Any, repository: str, tag: str) -> str:
    answer = registry.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    return str(answer["imageDetails"][0]["imageDigest"])


def test_the_repository_holds_this_checkout_s_image_under_one_digest(registry: Any):
    digest = ask(registry, PRODUCT, content.tag())
    assert digest.startswith("sha256:")
    assert ask(registry, PRODUCT, content.tag()) == digest


@pytest.mark.parametrize("repository", [PRODUCT, "other"])
def test_another_tag_is_refused_as_ecr_refuses_it(registry: Any, repository: str):
    with pytest.raises(ClientError) as caught:
        ask(registry, repository, "0123456789abcdef")
    assert caught.value.response["Error"]["Code"] == "ImageNotFoundException"
