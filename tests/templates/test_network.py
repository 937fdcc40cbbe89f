"""The exact set of flows."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sceptre.exceptions import SceptreException

from templates.network import broker_ranges
from tests.templates.support import ALB_TLS, LONGEST, built, data, of_type, text

PORTS = {"plaintext": 9092, "tls": 9094, "scram": 9096, "iam": 9098}


def flows(template: dict[str, Any]) -> set[tuple[str, str, str, int]]:
    """(direction, group, peer, port) of every rule; a range of ports would fail here."""
    found = set()
    for title, group in of_type(template, "AWS::EC2::SecurityGroup").items():
        for rule in group["Properties"]["SecurityGroupEgress"]:
            if rule["IpProtocol"] == "-1":
                assert rule["CidrIp"] == "127.0.0.1/32"
                continue
            found.add(("out", title, _peer(rule, "Destination"), _port(rule)))
        assert "SecurityGroupIngress" not in group["Properties"]
    for rule in of_type(template, "AWS::EC2::SecurityGroupIngress").values():
        inner = rule["Properties"]
        found.add(("in", inner["GroupId"]["Fn::GetAtt"][0], _peer(inner, "Source"), _port(inner)))
    assert not of_type(template, "AWS::EC2::SecurityGroupEgress")
    return found


def _peer(rule: dict[str, Any], side: str) -> str:
    group = rule.get(f"{side}SecurityGroupId")
    return str(group["Fn::GetAtt"][0] if group else rule.get("CidrIp") or rule["CidrIpv6"])


def _port(rule: dict[str, Any]) -> int:
    assert rule["IpProtocol"] == "tcp"
    assert rule["FromPort"] == rule["ToPort"]
    return int(rule["FromPort"])


@pytest.mark.parametrize("auth", PORTS)
def test_these_flows_exist_and_no_others(auth: str):
    assert flows(built("network", auth=auth)) == {
        ("out", "Client", "192.0.2.10/32", 1521),
        ("out", "Client", "10.1.0.0/24", PORTS[auth]),
        ("out", "Client", "10.1.1.0/24", PORTS[auth]),
        ("out", "Client", "0.0.0.0/0", 443),
        ("out", "Client", "Task", 8083),
        ("out", "Function", "Task", 9404),
        ("in", "Task", "Client", 8083),
        ("in", "Task", "Function", 9404),
    }


def broker_rules(**settings: Any) -> list[tuple[str, int, int]]:
    """(block, first port, last port) of every rule to the brokers."""
    client = built("network", **settings)["Resources"]["Client"]["Properties"]
    rules = [rule for rule in client["SecurityGroupEgress"] if rule["Description"] == "Kafka brokers"]
    return [(rule["CidrIp"], rule["FromPort"], rule["ToPort"]) for rule in rules]


def test_each_port_of_the_brokers_has_its_own_flow():
    """One load balancer with a port for each broker."""
    found = broker_rules(
        broker_ports=[[9001, 9001], [9002, 9002], [9004, 9004]], broker_cidrs=["10.1.0.0/24"]
    )
    assert found == [("10.1.0.0/24", port, port) for port in (9001, 9002, 9004)]


def test_the_ports_of_multi_vpc_connectivity_are_one_rule_for_each_block():
    found = broker_rules(broker_ports=[[14001, 14100]], broker_cidrs=["10.1.0.0/24", "10.1.1.0/24"])
    assert found == [("10.1.0.0/24", 14001, 14100), ("10.1.1.0/24", 14001, 14100)]


def test_more_ports_than_a_security_group_has_rules_are_joined_where_they_follow_each_other():
    ports = [[port, port] for port in (*range(9001, 9031), 9040)]
    blocks = ["10.1.0.0/24", "10.1.1.0/24", "10.1.2.0/24"]
    found = broker_rules(broker_ports=ports, broker_cidrs=blocks)
    assert [rule[1:] for rule in found if rule[0] == blocks[0]] == [(9001, 9030), (9040, 9040)]
    assert len(found) == 6


@given(st.sets(st.integers(1, 65535), max_size=80), st.integers(0, 50))
def test_joined_or_not_the_ranges_hold_exactly_the_ports(ports: set[int], most: int):
    found = broker_ranges([(port, port) for port in ports], most)
    assert sorted(ports) == [port for first, last in found for port in range(first, last + 1)]


def test_every_group_replaces_the_default_of_everything_to_everywhere():
    for group in of_type(built("network"), "AWS::EC2::SecurityGroup").values():
        assert group["Properties"]["SecurityGroupEgress"]


def database(*endpoints: tuple[str, int]) -> dict[str, Any]:
    return {**data("network")["database"], "endpoints": [list(endpoint) for endpoint in endpoints]}


def test_each_listener_has_its_own_flow():
    found = flows(built("network", database=database(("192.0.2.10", 1521), ("192.0.2.11", 2484))))
    assert {("out", "Client", "192.0.2.10/32", 1521), ("out", "Client", "192.0.2.11/32", 2484)} <= found


def test_a_host_name_is_reached_in_the_given_blocks():
    found = flows(
        built(
            "network", database=database(("db.example", 1521)), database_cidrs=["10.9.0.0/28", "10.9.1.0/28"]
        )
    )
    assert {("out", "Client", "10.9.0.0/28", 1521), ("out", "Client", "10.9.1.0/28", 1521)} <= found


def test_a_literal_address_stays_one_address_even_if_blocks_are_given():
    found = flows(built("network", database_cidrs=["10.9.0.0/28"]))
    assert ("out", "Client", "10.9.0.0/28", 1521) not in found


def test_an_ipv6_address_becomes_an_ipv6_rule():
    found = flows(built("network", database=database(("2001:db8::5", 1521))))
    assert ("out", "Client", "2001:db8::5/128", 1521) in found


def test_a_host_name_without_blocks_is_refused_with_the_setting_that_is_missing():
    with pytest.raises(SceptreException, match="'db.example' is a name, .* set database_cidrs"):
        text("network", database=database(("db.example", 1521)))


def test_two_listeners_with_the_same_blocks_make_one_rule():
    twice = database(("a.example", 1521), ("b.example", 1521))
    client = built("network", database=twice, database_cidrs=["10.9.0.0/28"])["Resources"]["Client"]
    rules = client["Properties"]["SecurityGroupEgress"]
    assert [rule["CidrIp"] for rule in rules if rule.get("ToPort") == 1521] == ["10.9.0.0/28"]


BALANCED = built("network", alb_tls=ALB_TLS)


def test_a_load_balancer_adds_these_flows_and_no_others():
    assert flows(BALANCED) - flows(built("network")) == {
        ("out", "Balancer", "Task", 8083),
        ("out", "Function", "Balancer", 443),
        ("in", "Task", "Balancer", 8083),
        ("in", "Balancer", "Function", 443),
    }
    assert flows(built("network")) <= flows(BALANCED)


def test_the_load_balancer_is_internal_speaks_tls_only_and_waits_for_slow_answers():
    resources = BALANCED["Resources"]
    assert resources["LoadBalancer"]["Properties"]["Scheme"] == "internal"
    attributes = {
        a["Key"]: a["Value"] for a in resources["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]
    }
    assert int(attributes["idle_timeout.timeout_seconds"]) >= 120
    (listener,) = of_type(BALANCED, "AWS::ElasticLoadBalancingV2::Listener").values()
    assert (listener["Properties"]["Port"], listener["Properties"]["Protocol"]) == (443, "HTTPS")


def test_a_worker_is_a_target_when_it_answers_200_and_leaves_quickly():
    workers = BALANCED["Resources"]["Workers"]["Properties"]
    assert (workers["TargetType"], workers["Port"], workers["HealthCheckPath"]) == ("ip", 8083, "/")
    assert workers["Matcher"] == {"HttpCode": "200"}
    assert workers["TargetGroupAttributes"] == [
        {"Key": "deregistration_delay.timeout_seconds", "Value": "10"}
    ]


def test_the_certificate_is_for_the_name_under_which_connect_is_found():
    resources = BALANCED["Resources"]
    name = "connect.wms-connector-main.internal"
    assert resources["ConnectRecord"]["Properties"]["Name"] == name
    assert resources["ConnectCertificate"]["Properties"]["DomainName"] == name
    assert resources["Zone"]["Properties"]["Name"] == "wms-connector-main.internal"
    given = built("network", alb_tls={"certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/1"})
    assert "ConnectCertificate" not in given["Resources"]
    longest = built("network", LONGEST, alb_tls=ALB_TLS)["Resources"]["ConnectCertificate"]["Properties"]
    assert len(longest["DomainName"]) <= 64  # ACM's limit


def test_without_its_secret_there_is_no_load_balancer_and_an_output_says_so():
    plain_network = built("network")
    assert not [r for r in plain_network["Resources"].values() if "LoadBalancing" in r["Type"]]
    assert plain_network["Outputs"]["TargetGroupArn"]["Value"] == "none"
    assert BALANCED["Outputs"]["TargetGroupArn"]["Value"] == {"Ref": "Workers"}
    connector = built("connector")
    assert connector["Conditions"] == {
        "HasBalancer": {"Fn::Not": [{"Fn::Equals": [{"Ref": "TargetGroupArn"}, "none"]}]}
    }
    balancers = connector["Resources"]["Service"]["Properties"]["LoadBalancers"]["Fn::If"]
    assert balancers[0] == "HasBalancer"
    assert balancers[2] == {"Ref": "AWS::NoValue"}


def test_a_load_balancer_in_one_subnet_is_refused():
    with pytest.raises(SceptreException, match="needs subnets in two availability zones"):
        text("network", alb_tls=ALB_TLS, subnets=["subnet-0a000000000000001"])


def test_name_servers_of_the_vpc_get_a_flow_by_udp_and_by_tcp_and_no_other_is_added():
    with_dns = built("network", dns_cidrs=["10.9.0.10/32", "2001:db8::53/128", "10.9.0.10/32"])
    client = with_dns["Resources"]["Client"]["Properties"]["SecurityGroupEgress"]
    before = built("network")["Resources"]["Client"]["Properties"]["SecurityGroupEgress"]
    added = [rule for rule in client if rule not in before]
    assert sorted(
        (rule.get("CidrIp") or rule["CidrIpv6"], rule["IpProtocol"], rule["FromPort"], rule["ToPort"])
        for rule in added
    ) == [
        ("10.9.0.10/32", "tcp", 53, 53),
        ("10.9.0.10/32", "udp", 53, 53),
        ("2001:db8::53/128", "tcp", 53, 53),
        ("2001:db8::53/128", "udp", 53, 53),
    ]
    assert [rule for rule in before if rule not in client] == []


def test_name_servers_take_their_rules_from_the_brokers_share():
    ports = [[port, port] for port in (*range(9001, 9031), 9040, 9050, 9060)]
    blocks = [f"10.9.{number}.0/24" for number in range(8)]
    client = built("network", broker_ports=ports, dns_cidrs=blocks)["Resources"]["Client"]["Properties"]
    assert len(client["SecurityGroupEgress"]) <= 60


def attributes(**settings: Any) -> dict[str, str]:
    """The load balancer's attributes."""
    balanced = built("network", **{"alb_tls": ALB_TLS, **settings})
    found = balanced["Resources"]["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]
    return {attribute["Key"]: attribute["Value"] for attribute in found}


@pytest.mark.parametrize(
    ("stage", "protected"),
    [("main", "true"), ("val", "true"), ("production", "true"), ("feature.x", "false")],
)
def test_a_named_stages_load_balancer_cannot_be_deleted_by_accident(stage: str, protected: str):
    assert attributes(stage=stage)["deletion_protection.enabled"] == protected


def test_access_logs_are_written_into_the_bucket_of_the_setting_only():
    assert not [key for key in attributes() if key.startswith("access_logs")]
    logs = {key: value for key, value in attributes(alb_log_bucket="agency-logs").items() if "access" in key}
    assert logs == {
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": "agency-logs",
        "access_logs.s3.prefix": "wms-connector-main",
    }


@pytest.mark.parametrize(
    ("settings", "policy"),
    [
        ({}, "ELBSecurityPolicy-TLS13-1-2-2021-06"),
        ({"fips": True}, "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04"),
        (
            {"fips": True, "alb_tls_policy": "ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09"},
            "ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09",
        ),
        (
            {"alb_tls_policy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"},
            "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        ),
    ],
)
def test_the_tls_policy_is_the_settings_one(settings: dict[str, Any], policy: str):
    (listener,) = of_type(
        built("network", alb_tls=ALB_TLS, **settings), "AWS::ElasticLoadBalancingV2::Listener"
    ).values()
    assert listener["Properties"]["SslPolicy"] == policy


@pytest.mark.parametrize(
    "policy",
    [
        "ELBSecurityPolicy-2016-08",
        "ELBSecurityPolicy-TLS-1-1-2017-01",
        "ELBSecurityPolicy-TLS13-1-0-2021-06",
        "ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04",
    ],
)
def test_a_policy_with_tls_below_1_2_is_refused(policy: str):
    with pytest.raises(SceptreException, match="alb_tls_policy"):
        text("network", alb_tls=ALB_TLS, alb_tls_policy=policy)


def test_fips_with_a_policy_of_another_kind_is_refused():
    with pytest.raises(SceptreException, match="is no FIPS policy, but fips is true"):
        text("network", alb_tls=ALB_TLS, fips=True, alb_tls_policy="ELBSecurityPolicy-TLS13-1-2-2021-06")
