"""Network: the security groups that allow the flows the system needs, and no others.

`client` is the group of everything that connects to the database, the brokers, AWS and Connect: tasks and
Lambdas are members. `task` has the ports on which workers listen, `function` what only Lambdas may reach. No
group refers to itself, so each rule names both sides. If the secret connectAlbTls exists, there is also a
load balancer in front of Connect (`templates.shared.balancer`).
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator
from troposphere import GetAtt, Template, ec2

from connector.domain.network import dns
from connector.domain.stage.aws_names import CONNECT_PORT, METRICS_PORT
from templates.shared import balancer, common
from templates.shared.settings import (
    AlbTlsSettings,
    Cidr,
    DatabaseSettings,
    StageSettings,
    parse_settings,
)

_HTTPS = 443
_DNS = 53
#: A security group has at most 60 rules in one direction (Amazon VPC quotas, "Inbound or outbound rules per
#: security group"); this leaves a third of them to the database, AWS and Connect.
_MOST_BROKER_RULES = 40
#: DHCP options name up to four servers ("DHCP option sets in Amazon VPC"); each block takes two rules.
_MOST_DNS_BLOCKS = 8
Port = Annotated[int, Field(ge=1, le=65535)]
#: EC2 adds "everything to everywhere" to a group without a rule for egress; this one matches nothing.
_NOTHING = ec2.SecurityGroupRule(
    IpProtocol="-1", CidrIp="127.0.0.1/32", Description="Nothing: stands in for the default of everything"
)


def _block(text: str) -> str:
    problem = dns.block_problem(text)
    if problem:
        raise ValueError(problem)
    return text


#: An IPv4 or IPv6 CIDR block of name servers.
AnyCidr = Annotated[str, AfterValidator(_block)]


class NetworkSettings(StageSettings):
    """The settings of the network stack."""

    vpc_id: str = Field(
        pattern="^vpc-[0-9a-f]{8,17}$",
        description="The VPC, from the secret vpc. Changing it replaces every security group.",
    )
    broker_ports: tuple[tuple[Port, Port], ...] = Field(
        min_length=1,
        description="First and last of each range of ports of the brokers, from the secret brokerString; "
        "mostly one port, which is both.",
    )
    broker_cidrs: tuple[Cidr, ...] = Field(
        min_length=1, description="The brokers' address blocks; tasks and Lambdas may connect to them."
    )
    database: DatabaseSettings = Field(description="Where the source database listens.")
    database_cidrs: tuple[Cidr, ...] = Field(
        default=(),
        description="The database's address blocks, needed when dbInfo has a host name: security groups know "
        "addresses only.",
    )

    dns_cidrs: tuple[AnyCidr, ...] = Field(
        default=(),
        max_length=_MOST_DNS_BLOCKS,
        description="The address blocks of the VPC's name servers, where they are not AWS's own: security "
        "groups filter requests to all others.",
    )
    fips: bool = Field(default=False, description="Whether the load balancer's TLS policy is a FIPS one.")
    alb_tls_policy: balancer.TlsPolicy | None = Field(
        default=None, description="The load balancer's TLS policy, if not the default one."
    )
    alb_log_bucket: balancer.Bucket | None = Field(
        default=None,
        description="An S3 bucket that exists, for the load balancer's access logs; its policy must let "
        "Elastic Load Balancing write.",
    )
    alb_tls: AlbTlsSettings | None = Field(
        default=None,
        description="The load balancer's certificate; without the secret connectAlbTls there is no balancer.",
    )
    subnets: tuple[str, ...] = Field(
        min_length=1, description="Subnets of the load balancer, from the secret vpc; at least two."
    )

    @model_validator(mode="after")
    def _balancers_need_two_zones(self) -> "NetworkSettings":
        if self.alb_tls is not None and len(self.subnets) < 2:
            raise ValueError(
                "a load balancer needs subnets in two availability zones, and the secret vpc has only one; "
                "add a subnet to it, or delete the secret connectAlbTls"
            )
        return self

    @model_validator(mode="after")
    def _fips_needs_a_policy_of_its_kind(self) -> "NetworkSettings":
        if self.fips and self.alb_tls_policy is not None and "-FIPS-" not in self.alb_tls_policy:
            raise ValueError(
                f"alb_tls_policy {self.alb_tls_policy} is no FIPS policy, but fips is true; leave it empty, "
                f"or name one such as {balancer.FIPS_POLICY}"
            )
        return self

    @model_validator(mode="after")
    def _names_need_blocks(self) -> "NetworkSettings":
        named = [host for host, _ in self.database.endpoints if _address(host) is None]
        if named and not self.database_cidrs:
            raise ValueError(
                f"the database's host {named[0]!r} is a name, and security groups need addresses; "
                "set database_cidrs in the stage's config.yaml to the database's address blocks"
            )
        return self


def sceptre_handler(sceptre_user_data: Mapping[str, Any] | None) -> str:
    """Called by Sceptre: the template as JSON."""
    return common.to_json(build(parse_settings(NetworkSettings, sceptre_user_data)))


def build(settings: NetworkSettings) -> Template:
    """Security groups and the rules between them; with `alb_tls` also the load balancer."""
    template = common.new_template(f"wms-connector {settings.stage}: which parts may connect to which")
    _group(template, settings, "Task", "ports of the Connect worker", [_NOTHING])
    to_connect = _to_group("Task", CONNECT_PORT, "REST API of Connect")
    _group(template, settings, "Client", "tasks and Lambdas", [*_outward(settings), to_connect])
    from_function = [_to_group("Task", METRICS_PORT, "Metrics of the worker")]
    if settings.alb_tls is not None:
        _group(template, settings, "Balancer", "load balancer of Connect", [to_connect])
        from_function.append(_to_group("Balancer", _HTTPS, "REST API of Connect, through its load balancer"))
    _group(template, settings, "Function", "Lambdas", from_function)
    # Stand-alone, because the groups above already refer to these.
    _ingress(
        template, "TaskFromClient", "Client", CONNECT_PORT, "REST: Lambdas, and workers among themselves"
    )
    _ingress(template, "TaskFromFunction", "Function", METRICS_PORT, "Metrics: Lambdas")
    if settings.alb_tls is not None:
        _ingress(template, "TaskFromBalancer", "Balancer", CONNECT_PORT, "REST: load balancer")
        _ingress(template, "BalancerFromFunction", "Function", _HTTPS, "REST: Lambdas", into="Balancer")
    target_group = balancer.add(
        template,
        stage=settings.parsed_stage,
        tls=settings.alb_tls,
        vpc=settings.vpc_id,
        subnets=settings.subnets,
        group="Balancer",
        policy=settings.alb_tls_policy or (balancer.FIPS_POLICY if settings.fips else balancer.POLICY),
        log_bucket=settings.alb_log_bucket,
    )
    common.output(
        template,
        "TargetGroupArn",
        target_group,
        f"Where workers register; {balancer.NONE} without a balancer",
    )
    return template


def _group(
    template: Template,
    settings: NetworkSettings,
    title: str,
    what: str,
    egress: list[ec2.SecurityGroupRule],
) -> None:
    template.add_resource(
        ec2.SecurityGroup(
            title,
            GroupName=settings.names.security_group(title.lower()),
            GroupDescription=f"{settings.names.service}: {what}",
            VpcId=settings.vpc_id,
            SecurityGroupEgress=egress,
        )
    )
    common.output(template, f"{title}SecurityGroupId", GetAtt(title, "GroupId"), f"Group of {what}")


def _outward(settings: NetworkSettings) -> Iterator[ec2.SecurityGroupRule]:
    """Egress to what is not ours: database, brokers, AWS."""
    for block, port in database_destinations(settings):
        yield _to_block(port, "Source database", block)
    servers = tuple(dict.fromkeys(settings.dns_cidrs))
    for block in servers:
        for protocol in ("udp", "tcp"):
            yield _to_block(_DNS, "Name servers", block, protocol)
    blocks = tuple(dict.fromkeys(settings.broker_cidrs))
    most = (_MOST_BROKER_RULES - 2 * len(servers)) // len(blocks)
    for ports in broker_ranges(settings.broker_ports, most):
        for block in blocks:
            yield _tcp(ports, "Kafka brokers", CidrIp=block)
    # AWS's services have no fixed addresses; they are reached through NAT or endpoints.
    yield _tcp(_HTTPS, "AWS services", CidrIp="0.0.0.0/0")


def broker_ranges(ports: Iterable[tuple[int, int]], most: int) -> tuple[tuple[int, int], ...]:
    """The ranges of ports, in order. More than `most` are joined where one follows the other."""
    ranges = sorted(set(ports))
    if len(ranges) <= most:
        return tuple(ranges)
    joined: list[tuple[int, int]] = []
    for first, last in ranges:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def database_destinations(settings: NetworkSettings) -> tuple[tuple[str, int], ...]:
    """(block, port) pairs under which the database is reached, each once, in a stable order."""
    found: dict[tuple[str, int], None] = {}
    for host, port in settings.database.endpoints:
        address = _address(host)
        if address is None:
            found |= dict.fromkeys((block, port) for block in settings.database_cidrs)
        else:
            found[f"{address}/{address.max_prefixlen}", port] = None
    return tuple(found)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _tcp(
    ports: int | tuple[int, int], description: str, protocol: str = "tcp", **peer: Any
) -> ec2.SecurityGroupRule:
    first, last = ports if isinstance(ports, tuple) else (ports, ports)
    return ec2.SecurityGroupRule(
        IpProtocol=protocol, FromPort=first, ToPort=last, Description=description, **peer
    )


def _to_block(port: int, description: str, block: str, protocol: str = "tcp") -> ec2.SecurityGroupRule:
    kind = "CidrIpv6" if ":" in block else "CidrIp"
    return _tcp(port, description, protocol, **{kind: block})


def _to_group(title: str, port: int, description: str) -> ec2.SecurityGroupRule:
    return _tcp(port, description, DestinationSecurityGroupId=GetAtt(title, "GroupId"))


def _ingress(
    template: Template, title: str, source: str, port: int, description: str, *, into: str = "Task"
) -> None:
    template.add_resource(
        ec2.SecurityGroupIngress(
            title,
            GroupId=GetAtt(into, "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            SourceSecurityGroupId=GetAtt(source, "GroupId"),
            Description=description,
        )
    )
