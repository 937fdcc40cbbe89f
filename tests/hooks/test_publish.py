"""The functions' code is uploaded once, under a name that is made from its content."""

import pytest
from sceptre.exceptions import SceptreException

from hooks.publish import PublishArtifacts
from lambda_src import packaging
from tests.support.fake_aws import FakeAws, FakeStack, refuse

UPLOAD = ("s3", "put_object")


def publish(connection: FakeAws) -> None:
    PublishArtifacts(None, FakeStack("main/functions", "wms-functions-main", connection)).run()


def test_the_zip_is_uploaded_into_the_foundations_bucket_when_it_is_not_there():
    connection = FakeAws.ready()
    publish(connection)
    package = packaging.build_package()
    assert connection.objects == {("artifacts", package.key): package.content}


def test_a_zip_that_is_there_is_not_uploaded_again():
    connection = FakeAws.ready()
    publish(connection)
    publish(connection)
    assert connection.calls.count(UPLOAD) == 1


def test_another_zip_in_the_bucket_is_no_reason_not_to_upload():
    connection = FakeAws.ready()
    connection.objects["artifacts", "lambda/connect-0000000000000000.zip"] = b"of another checkout"
    publish(connection)
    assert connection.calls.count(UPLOAD) == 1


def test_a_bucket_that_may_not_be_read_is_not_taken_for_an_empty_one():
    connection = FakeAws.ready()
    connection.deny("s3", "head_object", refuse("HeadObject", "403", "Forbidden"))
    with pytest.raises(SceptreException, match="AWS refused HeadObject: 403"):
        publish(connection)
    assert UPLOAD not in connection.calls
