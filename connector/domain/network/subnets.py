"""Subnets that another account shares with this one (AWS RAM), and what does not work in them. Pure.

In a shared subnet the participant makes its own security groups, network interfaces, load balancers, tasks
and Lambdas; VPC, route tables, NAT, endpoints and DHCP options stay the owner's ("Responsibilities and
permissions for owners and participants" and "Share your VPC subnets with other accounts", Amazon VPC User
Guide).
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Subnet:
    """One subnet, as EC2 describes it. `owner` is an account number."""

    id: str
    vpc: str
    owner: str
    zone: str
    block: str


def subnet_problem(subnets: Sequence[Subnet], *, vpc: str, path: str, account: str, balanced: bool) -> str:
    """Why the stage cannot be launched into these subnets; empty if it can.

    `path` is the secret that names `vpc` and the subnets. `balanced`: whether there is a load balancer.
    """
    elsewhere = next((subnet for subnet in subnets if subnet.vpc != vpc), None)
    if elsewhere is not None:
        return (
            f"secret {path}: subnet {elsewhere.id} is in VPC {elsewhere.vpc}, not in 'id' {vpc}; "
            "name subnets of that VPC, or its id"
        )
    if not balanced:
        return ""
    if len({subnet.zone for subnet in subnets}) < 2:
        return (
            f"secret {path}: its subnets are all in {subnets[0].zone}, and a load balancer needs two "
            "availability zones; add a subnet in another zone, or delete the secret connectAlbTls"
        )
    owner = next((subnet.owner for subnet in subnets if subnet.owner != account), None)
    if owner is not None:
        # Route 53 API, AssociateVPCWithHostedZone: a zone and a VPC of two accounts need both accounts.
        return (
            f"secret {path}: VPC {vpc} is shared by account {owner}, and the load balancer's private hosted "
            f"zone can be attached to it by that account only; delete the secret connectAlbTls (Lambdas then "
            "call the tasks by their addresses), or use a VPC of this account"
        )
    return ""
