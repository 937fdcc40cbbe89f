"""Which names are taken: each kind is asked in its service's own way, and nothing is asked that changes."""

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from connector.aws.claims import taken
from connector.domain.stage.ownership import NAME_PROPERTIES, NameClaim
from tests.support.aws_answers import refuse
from tests.support.fake_aws import FakeAws

VPC = "vpc-0a1b2c3d"
KINDS = sorted(NAME_PROPERTIES)


def claim(kind: str, name: str) -> NameClaim:
    return NameClaim(kind, name, VPC if kind == "AWS::EC2::SecurityGroup" else "")


@given(st.sets(st.tuples(st.sampled_from(KINDS), st.sampled_from(["a", "ab", "b"]))), st.data())
def test_exactly_the_names_that_exist_are_taken(wanted: set[tuple[str, str]], data: st.DataObject):
    """Also beside longer names, which services that search by prefix find too."""
    there = data.draw(st.sets(st.tuples(st.sampled_from(KINDS), st.sampled_from(["a", "ab", "b", "abc"]))))
    aws = FakeAws(names={kind: {name for k, name in there if k == kind} for kind in KINDS})
    found = taken(aws, [claim(kind, name) for kind, name in wanted])
    assert {(c.kind, c.name) for c in found.claims} == wanted & there
    assert found.denied == []
    assert all(call.startswith(("describe_", "list_", "get_")) for _, call in aws.calls)


def test_more_alarms_than_cloudwatch_answers_at_once_are_asked_in_parts():
    names = [f"alarm-{number:03}" for number in range(250)]
    aws = FakeAws(names={"AWS::CloudWatch::Alarm": {names[0], names[249]}})
    found = taken(aws, [claim("AWS::CloudWatch::Alarm", name) for name in names])
    assert [c.name for c in found.claims] == [names[0], names[249]]


def test_a_security_group_of_another_vpc_has_its_own_names():
    aws = FakeAws(names={"AWS::EC2::SecurityGroup": set()})
    assert taken(aws, [claim("AWS::EC2::SecurityGroup", "default")]).claims == []


def test_a_right_that_is_lacking_is_told_and_the_other_names_are_checked():
    aws = FakeAws(names={"AWS::SQS::Queue": {"q"}})
    aws.deny("dynamodb", "describe_table", refuse("DescribeTable", "AccessDeniedException", "no"))
    found = taken(aws, [claim("AWS::DynamoDB::Table", "t"), claim("AWS::SQS::Queue", "q")])
    assert [c.name for c in found.claims] == ["q"]
    assert found.denied == ["DescribeTable"]


def test_any_other_refusal_is_an_error():
    aws = FakeAws()
    aws.deny("dynamodb", "describe_table", refuse("DescribeTable", "ThrottlingException", "busy"))
    with pytest.raises(ClientError, match="busy"):
        taken(aws, [claim("AWS::DynamoDB::Table", "t")])


def test_the_partition_of_a_topics_arn_is_the_callers(monkeypatch: pytest.MonkeyPatch):
    aws, asked = FakeAws(region="us-gov-west-1"), []
    identity = {"Account": "123456789012", "Arn": "arn:aws-us-gov:sts::123456789012:assumed-role/x"}
    monkeypatch.setattr(aws, "_sts_get_caller_identity", lambda _: identity, raising=False)
    aws.refusals["sns", "get_topic_attributes"] = lambda kwargs: asked.append(kwargs["TopicArn"])
    taken(aws, [claim("AWS::SNS::Topic", "t")])
    assert asked == ["arn:aws-us-gov:sns:us-gov-west-1:123456789012:t"]
