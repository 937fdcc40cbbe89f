"""Account and region in words, and the refusals that depend on them."""

import pytest

from connector.aws import network, stacks
from connector.aws.place import place
from connector.domain.errors import OperatorError
from tests.support.aws_answers import refuse
from tests.support.fake_aws import OWNER, FakeAws

HERE = f"account {OWNER}, region us-east-1"


def test_account_and_region_are_named():
    assert place(FakeAws()) == HERE


def test_an_account_that_does_not_say_its_number_hides_no_error():
    aws = FakeAws()
    aws.refusals["sts", "get_caller_identity"] = lambda _: refuse("GetCallerIdentity", "ExpiredToken", "old")
    assert place(aws) == "this account, region us-east-1"


def test_a_foundation_or_a_network_that_is_not_here_says_where_here_is():
    aws = FakeAws()
    gone = refuse("DescribeSubnets", "InvalidSubnetID.NotFound", "The subnet ID 'x' does not exist")
    aws.refusals["ec2", "describe_subnets"] = lambda _: gone
    with pytest.raises(OperatorError, match=f"wms-foundation does not exist in {HERE}; run"):
        stacks.foundation_outputs(aws)
    with pytest.raises(OperatorError, match=f"names subnets that are not in {HERE}"):
        network.describe_subnets(aws, "wms/default/vpc", ["subnet-1"])
