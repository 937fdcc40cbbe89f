"""Secrets reach templates only where they may."""

import json
from typing import Any

import pytest
from sceptre.exceptions import SceptreException

from connector.sceptre import stack as sceptre_stack
from resolvers import subnet_cidrs
from resolvers.alb_tls import AlbTls
from resolvers.database import DatabaseAddress
from resolvers.kafka_auth import KafkaAuthentication
from resolvers.secret_fallback import SecretFallback
from resolvers.subnet_cidrs import SubnetCidrs
from tests.support.fake_aws import FakeAws, FakeStack


@pytest.fixture(autouse=True)
def new_run():
    """Each test is a Sceptre run of its own."""
    sceptre_stack.SECRETS.clear()
    subnet_cidrs.forget()


def resolve(argument: Any, connection: FakeAws | None = None, resolver: Any = SecretFallback) -> Any:
    stack = FakeStack("main/network", "wms-network-main", connection or FakeAws.ready())
    return resolver(argument, stack).resolve()


def test_the_stages_own_secret_comes_first():
    connection = FakeAws.ready()
    connection.secrets["wms/main/iam/path"] = "/own/"
    assert resolve("iam/path", connection) == "/own/"


def test_the_default_is_used_when_the_stage_has_none():
    assert resolve("iam/path") == "/delegatedadmin/developer/"


def test_the_foundation_has_the_defaults_secrets_only():
    connection = FakeAws.ready()
    stack = FakeStack("foundation/foundation", "wms-foundation", connection)
    query = {"name": "alertEmails", "key": "emails", "optional": True}
    connection.secrets["wms/foundation/alertEmails"] = '{"emails": ["nobody@example.com"]}'
    connection.secrets["wms/default/alertEmails"] = '{"emails": ["a@example.com"]}'
    sceptre_stack.SECRETS.clear()
    assert SecretFallback(query, stack).resolve() == ["a@example.com"]
    del connection.secrets["wms/default/alertEmails"]
    sceptre_stack.SECRETS.clear()
    assert SecretFallback(query, stack).resolve() is None
    with pytest.raises(SceptreException, match="secret wms/default/alertEmails does not exist; create it"):
        SecretFallback("alertEmails", stack).resolve()


def test_one_key_of_a_secret_can_be_picked():
    assert resolve({"name": "vpc", "key": "privateSubnets"}) == ["subnet-1a1b2c3d"]


def test_a_missing_key_names_those_there_are():
    with pytest.raises(SceptreException, match="it has dataSubnets, id, privateSubnets, publicSubnets"):
        resolve({"name": "vpc", "key": "subnets"})


def test_the_arn_can_be_had_without_the_value():
    assert resolve({"name": "brokerString", "arn": True}).endswith(":secret:wms/default/brokerString-AbCdEf")


def test_an_optional_secret_that_nobody_has_is_nothing():
    assert resolve({"name": "connectAlbTls", "arn": True, "optional": True}) is None


@pytest.mark.parametrize(
    "argument",
    [
        "brokerString",
        "dbInfo",
        {"name": "dbInfo", "key": "password"},
        {"name": "dbInfo", "key": "username"},
        {"name": "kafkaCredentials", "key": "password"},
    ],
)
def test_no_confidential_value_is_handed_out(argument: Any):
    connection = FakeAws.ready()
    connection.secrets["wms/main/kafkaCredentials"] = '{"username": "u5er", "password": "s3cret!"}'
    with pytest.raises(SceptreException, match="confidential") as caught:
        resolve(argument, connection)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("argument", [None, 7, {"key": "x"}, {"name": "vpc", "keys": "id"}, "vcp"])
def test_a_wrong_argument_says_what_is_allowed(argument: Any):
    with pytest.raises(SceptreException, match="needs|known"):
        resolve(argument)


def test_templates_learn_the_database_address_and_not_its_credentials():
    answer = resolve(None, resolver=DatabaseAddress)
    assert answer["endpoints"] == [["10.1.2.3", 1521]]
    assert answer["user_key"] == "username"
    assert "s3cret!" not in str(answer)
    assert "reader" not in str(answer)


@pytest.mark.parametrize(("configured", "expected"), [("", "iam"), (None, "iam"), ("iam", "iam")])
def test_the_way_of_authenticating_follows_the_port_unless_configured(configured: str | None, expected: str):
    assert resolve({"configured": configured}, resolver=KafkaAuthentication) == expected


def test_the_brokers_ports_can_be_had_too():
    assert resolve({"configured": "", "ports": True}, resolver=KafkaAuthentication) == [[9098, 9098]]


def test_each_broker_may_have_a_port_of_its_own_where_the_way_of_authenticating_is_configured():
    connection = FakeAws.ready()
    connection.secrets["wms/main/brokerString"] = "b.nlb.example:9001,b.nlb.example:9003"
    ports = {"configured": "iam", "ports": True}
    assert resolve(ports, connection, KafkaAuthentication) == [[9001, 9001], [9003, 9003]]
    assert resolve({"configured": "iam"}, connection, KafkaAuthentication) == "iam"


def test_a_way_that_the_port_does_not_stand_for_is_refused():
    with pytest.raises(SceptreException, match="kafka_auth is plaintext, but the port 9098"):
        resolve({"configured": "plaintext"}, resolver=KafkaAuthentication)


def test_an_unknown_way_of_authenticating_lists_the_known():
    with pytest.raises(SceptreException, match="allowed: tls, scram, iam, plaintext"):
        resolve({"configured": "kerberos"}, resolver=KafkaAuthentication)


def test_brokers_are_looked_for_in_the_data_and_private_subnets_blocks():
    assert resolve(None, resolver=SubnetCidrs) == ["10.1.0.0/24", "10.1.1.0/24"]


def test_subnets_are_described_once_per_run():
    connection = FakeAws.ready()
    assert resolve(None, connection, SubnetCidrs) == resolve(None, connection, SubnetCidrs)
    assert connection.calls.count(("ec2", "describe_subnets")) == 1
    elsewhere = FakeAws.ready()
    elsewhere.region = "us-gov-west-1"
    resolve(None, elsewhere, SubnetCidrs)
    assert ("ec2", "describe_subnets") in elsewhere.calls


def test_a_subnet_that_is_not_there_is_the_secrets_fault():
    connection = FakeAws.ready()
    del connection.subnets["subnet-1a1b2c3d"]
    with pytest.raises(SceptreException, match="secret wms/default/vpc names subnets .*'subnet-1a1b2c3d'"):
        resolve(None, connection, SubnetCidrs)


def test_without_subnets_the_setting_that_helps_is_named():
    connection = FakeAws.ready()
    vpc = {"id": "vpc-0a1b2c3d", "dataSubnets": [], "privateSubnets": [], "publicSubnets": []}
    connection.secrets["wms/main/vpc"] = json.dumps(vpc)
    with pytest.raises(SceptreException, match="set broker_cidrs"):
        resolve(None, connection, SubnetCidrs)


def test_subnet_cidrs_takes_no_argument():
    with pytest.raises(SceptreException, match="takes no argument"):
        resolve("private", resolver=SubnetCidrs)


AUTHORITY = "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/1"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ({"certificateAuthorityArn": AUTHORITY}, {"certificate_authority_arn": AUTHORITY}),
        ({"certificateArn": CERTIFICATE}, {"certificate_arn": CERTIFICATE}),
        ({"certificateArn": CERTIFICATE, "certificateAuthorityArn": None}, {"certificate_arn": CERTIFICATE}),
    ],
)
def test_a_load_balancer_is_there_when_its_secret_is_and_learns_one_arn(
    given: dict[str, str] | None, expected: dict[str, str] | None
):
    connection = FakeAws.ready()
    if given is not None:
        pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
        connection.secrets["wms/default/connectAlbTls"] = json.dumps(
            {**given, "certificateAuthorityPem": pem}
        )
    assert resolve(None, connection, AlbTls) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"certificateArn": CERTIFICATE, "certificateAuthorityArn": AUTHORITY},
            "has both 'certificateArn' and 'certificateAuthorityArn'; give one of them",
        ),
        ({"certificateArn": AUTHORITY}, "'certificateArn' 'arn:.*; expected arn:aws:acm:<region>:<account>:"),
        (
            {"certificateAuthorityArn": CERTIFICATE},
            "'certificateAuthorityArn' 'arn:.*; expected arn:aws:acm-pca:<region>:<account>:",
        ),
        ({"certificateArn": "cert"}, "'certificateArn' 'cert' is not such an ARN; expected arn:aws:acm:"),
        ({"certificateArn": f"{CERTIFICATE}\n"}, "'certificateArn' has a line break"),
        ({"certificateArn": 5}, "'certificateArn' must be a text"),
    ],
)
def test_a_load_balancers_secret_that_names_no_certificate_is_refused_by_path_and_field(
    given: dict[str, object], words: str
):
    connection = FakeAws.ready()
    pem = "-----BEGIN CERTIFICATE-----"
    connection.secrets["wms/main/connectAlbTls"] = json.dumps({**given, "certificateAuthorityPem": pem})
    with pytest.raises(SceptreException, match=f"secret wms/main/connectAlbTls.* ?{words}"):
        resolve(None, connection, AlbTls)


def test_a_load_balancers_secret_without_the_authoritys_certificate_is_refused():
    connection = FakeAws.ready()
    connection.secrets["wms/default/connectAlbTls"] = json.dumps({"certificateArn": CERTIFICATE})
    with pytest.raises(SceptreException, match="certificateAuthorityPem"):
        resolve(None, connection, AlbTls)
