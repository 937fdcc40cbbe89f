"""The network stack waits for Lambda's interfaces, and for nobody else's."""

from typing import Any

import pytest
from sceptre.exceptions import SceptreException

from connector.domain.errors import DeadlineExceeded
from connector.operations import interfaces
from hooks.interfaces import WaitForInterfaces
from tests.support.aws_answers import refuse
from tests.support.fake_aws import FakeAws, FakeStack
from tests.support.simulated_clock import SimulatedClock

_GROUP = {"LogicalResourceId": "Task", "ResourceType": "AWS::EC2::SecurityGroup"}


def interface(group: str, kind: str) -> dict[str, Any]:
    return {"InterfaceType": kind, "Groups": [{"GroupId": group}]}


def test_only_lambdas_interfaces_in_the_stacks_own_groups_count():
    """The load balancer's interface is in a group of this stack, and goes with it."""
    resources = [
        {**_GROUP, "PhysicalResourceId": "sg-1"},
        _GROUP,
        {"LogicalResourceId": "Vpc", "ResourceType": "AWS::EC2::VPC", "PhysicalResourceId": "vpc-1"},
    ]
    connection = FakeAws(
        resources={"x": resources},
        interfaces=[
            interface("sg-1", "lambda"),
            interface("sg-1", "interface"),
            interface("sg-2", "lambda"),
        ],
    )
    groups = interfaces.security_groups(connection, "x")
    assert groups == ["sg-1"]
    assert interfaces.held(connection, groups) == 1


def test_without_a_stack_or_the_right_to_look_nobody_waits():
    connection = FakeAws()
    assert interfaces.security_groups(connection, "x") == []
    denied = refuse("DescribeNetworkInterfaces", "UnauthorizedOperation", "You are not authorized")
    connection.deny("ec2", "describe_network_interfaces", denied)
    assert interfaces.held(connection, ["sg-1"]) == 0


def test_it_says_what_it_waits_for_and_finishes():
    """A change is told at once; without one there is a line every 15 seconds, in minutes that look alike."""
    left, shown = [2, 2, 2, 1, 0], list[str]()
    interfaces.wait(lambda: left.pop(0), SimulatedClock().as_clock(), shown.append)
    assert [line.split()[2] for line in shown] == ["2", "2", "2", "1"]
    assert "groups, 30 s: AWS removes them within about 20 minutes" in shown[2]


def test_a_wait_without_end_ends():
    clock = SimulatedClock()
    with pytest.raises(DeadlineExceeded, match="run the same command again later"):
        interfaces.wait(lambda: 1, clock.as_clock(), lambda line: None)
    assert clock.time <= 41 * 60


def test_the_hook_waits_for_the_interfaces_of_its_own_stack(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(interfaces, "Clock", SimulatedClock().as_clock)
    group = {**_GROUP, "PhysicalResourceId": "sg-1"}
    connection = FakeAws(
        resources={"wms-network-x": [group]},
        interfaces=[interface("sg-1", "lambda")],
    )
    hook = WaitForInterfaces(None, FakeStack("ephemeral/x/network", "wms-network-x", connection))
    with pytest.raises(SceptreException, match="1 network interfaces are still in the security groups"):
        hook.run()
    connection.interfaces.clear()
    hook.run()
