"""The network as EC2 describes it: subnets with their owner, and a VPC's name servers."""

from collections.abc import Iterable

from connector.aws import calls
from connector.aws.place import place
from connector.domain.errors import OperatorError
from connector.domain.network.dns import NameServers
from connector.domain.network.subnets import Subnet

_ABSENT = ("InvalidSubnetID.NotFound", "InvalidSubnetId.Malformed", "InvalidVpcID.NotFound")


def describe_subnets(connection: calls.Port, path: str, ids: Iterable[str]) -> list[Subnet]:
    """These subnets; raises when the secret at `path` names one that is not there."""
    try:
        answer = connection.call("ec2", "describe_subnets", {"SubnetIds": list(ids)})
    except calls.ClientError as error:
        if calls.code(error) not in _ABSENT:
            raise
        raise OperatorError(
            f"secret {path} names subnets that are not in {place(connection)} "
            f"({calls.message(error)}); fix the secret"
        ) from None
    return [
        Subnet(
            found["SubnetId"],
            found["VpcId"],
            found["OwnerId"],
            found["AvailabilityZone"],
            found["CidrBlock"],
        )
        for found in answer["Subnets"]
    ]


def name_servers(connection: calls.Port, path: str, vpc: str) -> NameServers:
    """What the VPC's DHCP options say; an account that only shares the VPC may read them, too.

    `path` is the secret that names the VPC. "Responsibilities and permissions for owners and participants",
    Amazon VPC User Guide: "Participants can describe VPCs, their attributes, and the DHCP option sets."
    """
    try:
        (described,) = connection.call("ec2", "describe_vpcs", {"VpcIds": [vpc]})["Vpcs"]
    except calls.ClientError as error:
        if calls.code(error) not in _ABSENT:
            raise
        raise OperatorError(f"secret {path}: VPC {vpc} is not in {place(connection)}; fix 'id'") from None
    options = described.get("DhcpOptionsId") or "default"
    if options == "default":
        # A VPC without options ("DHCP option sets in Amazon VPC"): they name no server that is not AWS's.
        return NameServers(vpc, described["CidrBlock"], options)
    answer = connection.call("ec2", "describe_dhcp_options", {"DhcpOptionsIds": [options]})
    servers = [
        str(value["Value"])
        for found in answer["DhcpOptions"]
        for configuration in found["DhcpConfigurations"]
        if configuration["Key"] == "domain-name-servers"
        for value in configuration["Values"]
    ]
    return NameServers(vpc, described["CidrBlock"], options, tuple(servers))
