"""Both ways to AWS are one port, and what all calls have in common is done once."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from sceptre.connection_manager import ConnectionManager

from connector.aws import account, calls
from connector.domain.errors import OperatorError, ServerError
from tests.support.fake_aws import FakeAws


class Paged:
    """A service that answers in pages; its tokens are numbers of pages."""

    region = "us-east-1"
    profile: str | None = None
    sceptre_role: str | None = None

    def __init__(self, content: list[list[int]], token: str, last: dict[str, str]) -> None:
        self._content, self._token, self._last = content, token, last
        self.asked: list[Mapping[str, Any]] = []

    def call(self, service: str, command: str, kwargs: Mapping[str, Any] | None = None) -> Any:
        assert (service, command) == ("ecs", "list_things")
        asked = dict(kwargs or {})
        self.asked.append(dict(asked))
        number = int(asked.pop(self._token, "0"))
        assert asked == {"family": "x"}, "each request says the same, and no token that is empty"
        more = {self._token: str(number + 1)} if number + 1 < len(self._content) else self._last
        return {"things": self._content[number], **more}


@given(
    st.lists(st.lists(st.integers()), min_size=1, max_size=6),
    st.sampled_from(["NextToken", "nextToken"]),
    st.booleans(),
)
def test_all_pages_are_read_once_and_in_order(content: list[list[int]], token: str, empty: bool) -> None:
    port = Paged(content, token, {token: ""} if empty else {})
    found = [page["things"] for page in calls.pages(port, "ecs", "list_things", {"family": "x"})]
    assert found == content
    assert len(port.asked) == len(content)


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeIt")


@pytest.mark.parametrize(
    ("code", "message", "is_missing"),
    [
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
        ("ValidationError", "Stack with id wms-network-x does not exist", True),
        ("ValidationError", "1 validation error detected: Value at 'stackName'", False),
        ("404", "Not Found", True),
        ("ImageNotFoundException", "The image does not exist within the repository", True),
        ("ResourceNotFound", "The alarm does not exist", True),
        ("ResourceNotFoundException", "The specified log group does not exist.", True),
        ("403", "Forbidden", False),
        ("AccessDenied", "not authorized; the policy does not exist", False),
        # The whole repository is gone: that is not an image that nobody has pushed.
        ("RepositoryNotFoundException", "The repository does not exist in the registry", False),
        ("InvalidSubnetID.NotFound", "The subnet ID 'subnet-1' does not exist", False),
    ],
)
def test_what_does_not_exist_is_known_from_what_may_not_be_asked(code: str, message: str, is_missing: bool):
    assert calls.missing(refused(code, message)) is is_missing


def test_what_does_not_exist_is_found_as_none_and_any_other_refusal_is_raised():
    aws = FakeAws()
    assert calls.find(aws, "s3", "head_object", {"Bucket": "b", "Key": "k"}) is None
    aws.objects["b", "k"] = b""
    assert calls.find(aws, "s3", "head_object", {"Bucket": "b", "Key": "k"}) == {}
    aws.deny("s3", "head_object", refused("403", "Forbidden"))
    with pytest.raises(ClientError, match="Forbidden"):
        calls.find(aws, "s3", "head_object", {"Bucket": "b", "Key": "k"})


def test_an_answer_without_code_or_message_is_missing_nothing():
    assert not calls.missing(ClientError({}, "DescribeIt"))
    assert calls.refusal(ClientError({}, "DescribeIt")) == "AWS refused DescribeIt: unknown: no reason given"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused("AccessDenied", "not\nyours"), "AWS refused DescribeIt: AccessDenied: not yours"),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
            'AWS cannot be reached: Could not connect to the endpoint URL: "http://127.0.0.1:1"; check this',
        ),
    ],
)
def test_what_botocore_raises_is_one_line_that_says_what_to_do(error: Exception, words: str):
    with pytest.raises(ServerError) as caught, calls.errors():
        raise error
    assert str(caught.value).startswith(words)


def test_errors_of_our_own_pass_unchanged():
    with pytest.raises(OperatorError, match="^mine$"), calls.errors():
        raise OperatorError("mine")


class FakeClient:
    """ECR of one place, which says where it is and what it was asked."""

    def __init__(self, region: str) -> None:
        self._region = region

    def describe_images(self, **kwargs: str) -> Any:
        return (self._region, kwargs)


class FakeSession(boto3.Session):
    """Sceptre's session, whose clients ask nobody."""

    def client(self, service: str, **_: Any) -> Any:  # type: ignore[override]
        assert service == "ecr"
        return FakeClient(str(self.region_name))


def sceptres() -> calls.Port:
    port: calls.Port = ConnectionManager("xx-port-1", session_class=FakeSession)
    return port


@pytest.mark.parametrize("make", [sceptres, account.Account])
def test_sceptre_and_the_commands_ask_aws_in_the_same_way(
    make: Callable[[], calls.Port], monkeypatch: pytest.MonkeyPatch
):
    for name, value in (("REGION", "xx-port-1"), ("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(account, "client", lambda _service, where, **_limits: FakeClient(where))
    port = make()
    assert (port.region, port.profile, port.sceptre_role) == ("xx-port-1", None, None)
    assert port.call("ecr", "describe_images", {"repositoryName": "x"}) == (
        "xx-port-1",
        {"repositoryName": "x"},
    )
    assert port.call("ecr", "describe_images") == ("xx-port-1", {})


def test_a_commands_port_keeps_one_client_a_service_each_with_its_own_limits(
    monkeypatch: pytest.MonkeyPatch,
):
    made: list[tuple[str, float, int]] = []

    def client(service: str, where: str, *, read_timeout: float, attempts: int) -> FakeClient:
        made.append((service, read_timeout, attempts))
        return FakeClient(where)

    monkeypatch.setattr(account, "client", client)
    for port in (account.Account(), account.Account(attempts={"lambda": 1, "cloudwatch": 10})):
        for service in ("ecr", "ecr", "lambda", "cloudwatch", "lambda"):
            port.call(service, "describe_images")
    # A Lambda is waited for as long as it may run, and not asked three times.
    assert made[:3] == [("ecr", 30, 3), ("lambda", 65, 2), ("cloudwatch", 30, 3)]
    assert made[3:] == [("ecr", 30, 3), ("lambda", 65, 1), ("cloudwatch", 30, 10)]


def test_threads_that_ask_at_once_share_one_client(monkeypatch: pytest.MonkeyPatch):
    made: list[str] = []

    def client(service: str, where: str, **_limits: float) -> FakeClient:
        time.sleep(0.01)
        made.append(service)
        return FakeClient(where)

    monkeypatch.setattr(account, "client", client)
    port = account.Account()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(port.call, "ecr", "describe_images")
    assert made == ["ecr"]
