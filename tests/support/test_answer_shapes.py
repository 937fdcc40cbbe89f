"""A fake's answer that AWS never gives fails the test that gets it."""

import datetime as dt
import io

import pytest

from tests.support.answer_shapes import UnlikeAws, check, shaped
from tests.support.fake_aws import LONG_AGO, FakeAws
from tests.support.fake_lambda_aws import FakeTable

STACK = {"StackName": "x", "CreationTime": LONG_AGO, "StackStatus": "CREATE_COMPLETE"}


@pytest.mark.parametrize(
    ("service", "command", "answer"),
    [
        ("cloudformation", "describe_stacks", {"Stacks": [STACK], "ResponseMetadata": {"RetryAttempts": 0}}),
        ("lambda", "invoke", {"StatusCode": 200, "Payload": io.BytesIO(b"{}")}),
        ("sqs", "delete_queue", {}),
        ("cloudwatch", "get_metric_statistics", {"Datapoints": [{"Maximum": 1}]}),
    ],
)
def test_what_aws_may_answer_passes(service: str, command: str, answer: object):
    check(service, command, answer)


@pytest.mark.parametrize(
    ("service", "command", "answer", "words"),
    [
        ("cloudformation", "describe_stacks", {"stacks": [STACK]}, "has stacks, which AWS never gives"),
        (
            "cloudformation",
            "describe_stacks",
            {"Stacks": [{**STACK, "Owner": "me"}]},
            r"Stacks\[0\] has Owner",
        ),
        ("cloudformation", "describe_stacks", {"Stacks": [{"StackName": "x"}]}, "lacks CreationTime"),
        (
            "cloudformation",
            "describe_stacks",
            {"Stacks": [{**STACK, "CreationTime": dt.datetime(2026, 1, 1)}]},  # noqa: DTZ001 - the point
            "no timestamp",
        ),
        (
            "cloudformation",
            "describe_stacks",
            {"Stacks": [{**STACK, "StackStatus": "FINE"}]},
            "none of CREATE_",
        ),
        ("cloudformation", "describe_stacks", {"Stacks": STACK}, "no list"),
        ("cloudformation", "describe_stacks", [], "no structure"),
        ("lambda", "invoke", {"StatusCode": "200"}, "no integer"),
        ("lambda", "invoke", {"Payload": "{}"}, "no blob"),
        ("ecs", "describe_services", {"services": [{"desiredCount": True}]}, "no integer"),
        ("sts", "get_caller_identity", {"Account": 123456789012}, "no string"),
    ],
)
def test_what_aws_never_answers_is_found(service: str, command: str, answer: object, words: str):
    with pytest.raises(UnlikeAws, match=words):
        check(service, command, answer)


def test_an_operation_that_aws_does_not_have_is_found():
    with pytest.raises(KeyError):
        check("sts", "get_caller_identities", {})


def test_the_fake_of_the_outside_is_checked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(FakeAws, "_sts_get_caller_identity", lambda *_: {"AccountId": "1"})
    with pytest.raises(UnlikeAws, match="AccountId"):
        FakeAws().call("sts", "get_caller_identity")


def test_the_fakes_of_the_inside_are_checked():
    table = FakeTable(items={"a": {"id": "a", "count": 1}})
    table.get_item(Key={"id": "a"}, ConsistentRead=True)
    table.items["a"]["count"] = 1.5  # boto3's table gives and takes Decimal only.
    with pytest.raises(TypeError, match="Float types are not supported"):
        table.get_item(Key={"id": "a"}, ConsistentRead=True)

    @shaped("sns")
    class Wrong:
        def publish(self) -> object:
            return {"Id": "1"}

    with pytest.raises(UnlikeAws, match="has Id"):
        Wrong().publish()
