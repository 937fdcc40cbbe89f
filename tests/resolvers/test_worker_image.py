"""The task definition gets the image by digest, or the launch is refused with the command to run."""

from typing import Any

import pytest
from sceptre.exceptions import SceptreException

from connector.image_publishing import content
from resolvers import worker_image
from resolvers.worker_image import WorkerImage
from tests.support.fake_aws import FakeAws, FakeStack

REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/wms-connector"


@pytest.fixture(autouse=True)
def new_run():
    """Each test is a Sceptre run of its own."""
    worker_image.forget()


def resolve(connection: FakeAws, argument: Any = None) -> str:
    stack = FakeStack("main/connector", "wms-connector-main", connection)
    return str(WorkerImage(argument, stack).resolve())


def test_the_published_image_of_this_checkout_is_taken_by_digest():
    assert resolve(FakeAws.ready()) == f"{REPOSITORY}@sha256:{'1' * 64}"


def test_the_setting_is_used_as_it_is_and_asks_nobody():
    connection = FakeAws()
    assert resolve(connection, {"configured": "example@sha256:0"}) == "example@sha256:0"
    assert connection.calls == []


def test_an_unpublished_image_is_one_line_with_the_command():
    connection = FakeAws.ready()
    connection.images.clear()
    with pytest.raises(SceptreException) as caught:
        resolve(connection, {"configured": ""})
    assert str(caught.value) == (
        f"main/connector: the worker's image of this checkout, wms-connector:{content.tag()}, is not in "
        "123456789012.dkr.ecr.us-east-1.amazonaws.com; run `wms-connector image publish`, or set image "
        "in config.yaml to another image"
    )


def test_a_foundation_from_before_the_repository_is_to_be_launched_again():
    connection = FakeAws.ready()
    connection.stacks["wms-foundation"] = {**connection.stacks["wms-foundation"], "Outputs": []}
    with pytest.raises(SceptreException, match="no output RepositoryUri; run `sceptre launch foundation`"):
        resolve(connection)


def test_the_registry_is_asked_once_per_run_and_region():
    connection = FakeAws.ready()
    assert resolve(connection) == resolve(connection)
    assert connection.calls.count(("ecr", "describe_images")) == 1
    elsewhere = FakeAws.ready()
    elsewhere.region = "us-gov-west-1"
    resolve(elsewhere)
    assert ("ecr", "describe_images") in elsewhere.calls


def test_a_wrong_argument_says_what_is_allowed():
    with pytest.raises(SceptreException, match="needs a mapping with 'configured'"):
        resolve(FakeAws.ready(), "main")
