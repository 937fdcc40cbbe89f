"""Which name servers a VPC has, and whether the stage's security groups let anybody reach them. Pure.

A security group does not filter requests to AWS's own resolver, but it does filter those to any other name
server ("Compare Network ACLs and security groups", Amazon VPC User Guide; AWS Networking blog, "Secure your
Amazon VPC DNS resolution with Amazon Route 53 Resolver DNS Firewall").
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

#: What DHCP options call AWS's resolver, in lower case.
_PROVIDED = "amazonprovideddns"
#: Its fixed addresses ("Amazon DNS server", Amazon VPC User Guide); it has a third one in each VPC.
_FIXED = frozenset(map(ipaddress.ip_address, ("169.254.169.253", "fd00:ec2::253")))


@dataclass(frozen=True)
class NameServers:
    """What the DHCP options of a VPC say. `block`: the VPC's primary IPv4 block.

    `options`: the id of the options; `default` for a VPC without any, which names no server.
    """

    vpc: str
    block: str
    options: str
    servers: tuple[str, ...] = ()

    @property
    def foreign(self) -> tuple[str, ...]:
        """The servers that are not AWS's own, in order."""
        return tuple(server for server in self.servers if not _is_aws(server, self.block))

    def unreachable(self, blocks: Sequence[str]) -> tuple[str, ...]:
        """The servers that are neither AWS's nor in one of `blocks`."""
        allowed = [ipaddress.ip_network(block, strict=False) for block in blocks]
        return tuple(server for server in self.foreign if not _within(server, allowed))


def dns_problem(found: NameServers, blocks: Sequence[str]) -> str:
    """Why nothing in the stage could resolve a name with the setting `dns_cidrs`; empty if it can."""
    unreachable = found.unreachable(blocks)
    if not unreachable:
        return ""
    given = f"which dns_cidrs ({', '.join(blocks)}) leaves out" if blocks else "and dns_cidrs is empty"
    return (
        f"VPC {found.vpc} has name servers of its own, {', '.join(unreachable)} (DHCP options "
        f"{found.options}), {given}: the security groups would drop every DNS request to them; set dns_cidrs "
        f"in config.yaml, e.g. [{', '.join(map(_as_block, unreachable))}]"
    )


def block_problem(text: str) -> str:
    """Why the setting `dns_cidrs` may not have this block in it; empty if it may."""
    try:
        block = ipaddress.ip_network(text, strict=False)
    except ValueError:
        block = None
    if block is None or "/" not in text:
        return f"{text!r} is not a CIDR block; expected CIDR blocks like 10.0.0.53/32"
    if block.prefixlen == 0:
        return f"{text!r} is every address; name the blocks of the name servers, like 10.0.0.53/32"
    return ""


def _is_aws(server: str, block: str) -> bool:
    if server.strip().lower() == _PROVIDED:
        return True
    address = _address(server)
    return address is not None and (address in _FIXED or address == _plus_two(block))


def _plus_two(block: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The resolver's address in the VPC: the base of its primary IPv4 block plus two."""
    return ipaddress.ip_network(block, strict=False).network_address + 2


def _within(server: str, allowed: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    address = _address(server)
    return address is not None and any(address in block for block in allowed)


def _as_block(server: str) -> str:
    address = _address(server)
    return server if address is None else f"{address}/{address.max_prefixlen}"


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None
