"""Requests to CloudFormation are noticed by botocore's own events, on a session as Sceptre makes it."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from sceptre.connection_manager import ConnectionManager
from sceptre.exceptions import SceptreException

from connector.domain.stage.turns import Requests
from connector.sceptre.requests import RequestWatcher

NAME = "wms-alerts-x"


@pytest.fixture
def requests() -> Requests:
    return Requests()


@pytest.fixture
def refused() -> list[str]:
    return []


@pytest.fixture
def stubbed(requests: Requests, refused: list[str], monkeypatch: pytest.MonkeyPatch) -> Stubber:
    """The client that Sceptre's connection manager would make."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setattr(ConnectionManager, "_boto_sessions", {})
    session: boto3.Session = ConnectionManager("us-east-1").get_session()
    watcher = RequestWatcher(requests, refused.append)
    for _ in range(2):
        watcher.watch(session)
    stubber = Stubber(session.client("cloudformation"))
    stubber.activate()
    return stubber


def client(stubbed: Stubber) -> Any:
    """Its operations are made at run time."""
    return stubbed.client


def test_what_was_created_and_deleted_is_known(stubbed: Stubber, requests: Requests):
    stubbed.add_response("create_stack", {"StackId": "arn"})
    client(stubbed).create_stack(StackName=NAME)
    assert (requests.asked, requests.created, requests.deleted) == ({NAME}, {NAME}, set())
    stubbed.add_response("delete_stack", {})
    client(stubbed).delete_stack(StackName=NAME)
    assert requests.deleted == {NAME}


def test_a_stack_that_somebody_else_has_created_raises_through_the_client(
    stubbed: Stubber, requests: Requests, refused: list[str]
):
    stubbed.add_client_error("create_stack", "AlreadyExistsException", "Stack [x] already exists")
    with pytest.raises(SceptreException, match=f"stack {NAME} was created at this moment: another launch"):
        client(stubbed).create_stack(StackName=NAME)
    assert (requests.asked, requests.created) == (set(), set())
    assert [NAME in reason for reason in refused] == [True]


def test_a_stack_that_somebody_else_is_changing_raises_through_the_client(stubbed: Stubber):
    message = "Stack:arn:aws:x is in UPDATE_IN_PROGRESS state and can not be updated."
    stubbed.add_client_error("update_stack", "ValidationError", message)
    with pytest.raises(SceptreException, match=f"stack {NAME} is being changed at this moment"):
        client(stubbed).update_stack(StackName=NAME)


def test_what_sceptre_handles_itself_stays_aws_error(stubbed: Stubber, requests: Requests):
    stubbed.add_client_error("update_stack", "ValidationError", "No updates are to be performed.")
    with pytest.raises(ClientError, match="No updates are to be performed"):
        client(stubbed).update_stack(StackName=NAME)
    assert requests.asked == set()
