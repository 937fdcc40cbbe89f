"""The functions' code is uploaded once, under a name that is made from its content."""

import pytest
from sceptre.exceptions import SceptreException

from hooks.publish import PublishArtifacts
from lambda_src import packaging
from tests.support.aws_answers import refuse
from tests.support.fake_aws import FakeAws, FakeStack

UPLOAD = ("s3", "put_object")


def publish(connection: FakeAws) -> None:
    PublishArtifacts(None, FakeStack("main/functions", "wms-functions-main", connection)).run()


def test_the_zip_is_uploaded_into_the_foundations_bucket_when_it_is_not_there():
    connection = FakeAws.ready()
    publish(connection)
    package = packaging.build_package("main")
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


def test_without_the_right_to_list_the_bucket_the_zip_is_uploaded_whether_it_is_there_or_not():
    """S3 then answers 403 for an object that does not exist."""
    connection = FakeAws.ready()
    connection.deny("s3", "head_object", refuse("HeadObject", "403", "Forbidden"))
    publish(connection)
    publish(connection)
    package = packaging.build_package("main")
    assert connection.objects == {("artifacts", package.key): package.content}
    assert connection.calls.count(UPLOAD) == 2


def test_another_refusal_to_look_into_the_bucket_is_reported():
    connection = FakeAws.ready()
    connection.deny("s3", "head_object", refuse("HeadObject", "400", "Bad Request"))
    with pytest.raises(SceptreException, match="AWS refused HeadObject: 400"):
        publish(connection)
    assert UPLOAD not in connection.calls


def test_a_branch_cannot_lay_down_the_zip_of_a_named_stage():
    """A zip that is there is not looked into: who may write it decides what the functions run."""
    connection = FakeAws.ready()
    connection.objects["artifacts", packaging.build_package("ephemeral").key] = b"of a branch"
    publish(connection)
    package = packaging.build_package("main")
    assert connection.objects["artifacts", package.key] == package.content
    branch = FakeStack("ephemeral/x/functions", "wms-functions-x", connection)
    PublishArtifacts(None, branch).run()
    assert connection.calls.count(UPLOAD) == 1


def test_an_upload_that_is_refused_is_told_in_one_line_with_the_object_and_the_rights():
    connection = FakeAws.ready()
    connection.deny("s3", "put_object", refuse("PutObject", "AccessDenied", "User x is not authorized."))
    with pytest.raises(SceptreException) as caught:
        publish(connection)
    message = str(caught.value)
    assert (
        f"s3://artifacts/{packaging.build_package('main').key} could not be uploaded: AWS refused" in message
    )
    assert "User x is not authorized. A deployer needs s3:PutObject" in message
    assert "\n" not in message
