"""A client of AWS's is made once per process, with limits of time far below the function's."""

import threading
from collections.abc import Iterator

import boto3
import pytest

from lambda_src.clients import aws


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable, value in (("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x")):
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    # boto3's own session keeps the first credentials that it finds, for the tests that come later too.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    aws._client.cache_clear()
    aws._resource.cache_clear()
    yield
    aws._client.cache_clear()
    aws._resource.cache_clear()


def test_threads_that_need_a_client_at_once_get_the_same_one() -> None:
    """boto3 does not allow its clients to be made in several threads at once; used they may be."""
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(aws.client("sts"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1
    assert aws.resource("dynamodb") is aws.resource("dynamodb")


def test_a_call_ends_far_below_the_functions_own_limit() -> None:
    config = aws.client("sts").meta.config
    assert (config.connect_timeout, config.read_timeout) == (3, 8)
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}
