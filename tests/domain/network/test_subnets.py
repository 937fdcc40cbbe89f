"""What works in subnets of another account, and what is refused there in words."""

from dataclasses import replace

import pytest

from connector.domain.network.subnets import Subnet, subnet_problem

ACCOUNT, OWNER = "123456789012", "210987654321"
OURS = [
    Subnet("subnet-0a1b2c3d", "vpc-0a1b2c3d", ACCOUNT, "us-east-1a", "10.1.0.0/24"),
    Subnet("subnet-1a1b2c3d", "vpc-0a1b2c3d", ACCOUNT, "us-east-1b", "10.1.1.0/24"),
]
SHARED = [replace(subnet, owner=OWNER) for subnet in OURS]


def problem(subnets: list[Subnet], *, balanced: bool = False) -> str:
    return subnet_problem(
        subnets, vpc="vpc-0a1b2c3d", path="wms/main/vpc", account=ACCOUNT, balanced=balanced
    )


@pytest.mark.parametrize("subnets", [OURS, SHARED, [OURS[0], SHARED[1]]])
def test_groups_tasks_and_lambdas_are_made_in_shared_subnets_as_in_own_ones(subnets: list[Subnet]):
    assert problem(subnets) == ""


@pytest.mark.parametrize("subnets", [SHARED, [OURS[0], SHARED[1]]])
def test_a_load_balancers_zone_cannot_be_attached_to_another_accounts_vpc(subnets: list[Subnet]):
    assert problem(OURS, balanced=True) == ""
    found = problem(subnets, balanced=True)
    assert f"VPC vpc-0a1b2c3d is shared by account {OWNER}" in found
    assert "delete the secret connectAlbTls" in found


def test_a_load_balancer_needs_two_zones_not_only_two_subnets():
    same = [replace(subnet, zone="us-east-1a") for subnet in OURS]
    assert "are all in us-east-1a, and a load balancer needs two availability zones" in problem(
        same, balanced=True
    )
    assert problem(same) == ""


def test_a_subnet_of_another_vpc_is_named():
    moved = [OURS[0], replace(OURS[1], vpc="vpc-99999999")]
    assert "subnet subnet-1a1b2c3d is in VPC vpc-99999999, not in 'id' vpc-0a1b2c3d" in problem(moved)
