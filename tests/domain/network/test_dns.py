"""Name servers that the security groups would cut off are told with the setting that lets them through."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.network.dns import NameServers, dns_problem

VPC, BLOCK = "vpc-0a1b2c3d", "10.20.0.0/16"


def servers(*names: str, block: str = BLOCK) -> NameServers:
    return NameServers(VPC, block, "dopt-0a1b2c3d", names)


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("AmazonProvidedDNS",),
        ("amazonprovideddns",),
        ("169.254.169.253",),
        ("fd00:ec2::253",),
        ("FD00:EC2:0::253",),
        ("10.20.0.2",),
        ("10.20.0.2", "AmazonProvidedDNS"),
    ],
)
def test_awss_own_resolver_needs_no_setting(names: tuple[str, ...]):
    assert dns_problem(servers(*names), ()) == ""


def test_one_line_names_the_servers_the_options_and_the_setting():
    assert dns_problem(servers("10.1.1.1", "10.20.0.2", "10.1.1.2"), ()) == (
        "VPC vpc-0a1b2c3d has name servers of its own, 10.1.1.1, 10.1.1.2 (DHCP options dopt-0a1b2c3d), and "
        "dns_cidrs is empty: the security groups would drop every DNS request to them; set dns_cidrs in "
        "config.yaml, e.g. [10.1.1.1/32, 10.1.1.2/32]"
    )


def test_a_server_that_the_setting_leaves_out_is_refused_too():
    """A resolver asks the servers in order and waits for each."""
    problem = dns_problem(servers("10.1.1.1", "10.9.9.9"), ["10.1.0.0/16"])
    assert "10.9.9.9 (DHCP" in problem
    assert "dns_cidrs (10.1.0.0/16) leaves out" in problem
    assert dns_problem(servers("10.1.1.1", "10.9.9.9"), ["10.1.0.0/16", "10.9.9.0/24"]) == ""


def test_servers_with_ipv6_addresses_need_blocks_with_them():
    assert "[2001:db8::53/128]" in dns_problem(servers("2001:db8::53"), ["10.1.0.0/16"])
    assert dns_problem(servers("2001:db8::53"), ["2001:db8::/32"]) == ""


addresses = st.ip_addresses(v=4).map(str)


@given(addresses, st.integers(16, 28), st.lists(addresses, max_size=4))
def test_only_the_second_address_after_the_base_of_the_vpcs_block_is_awss(
    base: str, length: int, names: list[str]
):
    network = ipaddress.ip_network(f"{base}/{length}", strict=False)
    found = servers(*names, str(network[2]), block=str(network)).foreign
    assert list(found) == [n for n in names if n not in (str(network[2]), "169.254.169.253")]


@given(st.lists(addresses, min_size=1, max_size=4))
def test_the_setting_that_the_message_proposes_is_enough(names: list[str]):
    problem = dns_problem(servers(*names), ())
    proposed = problem.rpartition("[")[2].rstrip("]").split(", ") if problem else []
    assert dns_problem(servers(*names), proposed) == ""
