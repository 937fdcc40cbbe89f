"""Secrets reach templates only where they may."""

from typing import Any

import pytest
from sceptre.exceptions import SceptreException

from connector import sceptre_glue
from resolvers.database import DatabaseAddress
from resolvers.kafka_auth import KafkaAuthentication
from resolvers.secret_fallback import SecretFallback
from tests.support.fake_aws import FakeConnection, FakeStack


@pytest.fixture(autouse=True)
def new_run():
    """Each test is a Sceptre run of its own."""
    sceptre_glue.SECRETS.clear()


def resolve(argument: Any, connection: FakeConnection | None = None, resolver: Any = SecretFallback) -> Any:
    stack = FakeStack("main/network", "wms-network-main", connection or FakeConnection.ready())
    return resolver(argument, stack).resolve()


def test_the_stages_own_secret_comes_first():
    connection = FakeConnection.ready()
    connection.secrets["wms/main/iam/path"] = "/own/"
    assert resolve("iam/path", connection) == "/own/"


def test_the_default_is_used_when_the_stage_has_none():
    assert resolve("iam/path") == "/delegatedadmin/developer/"


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
    connection = FakeConnection.ready()
    connection.secrets["wms/main/kafkaCredentials"] = '{"username": "u5er", "password": "s3cret!"}'
    with pytest.raises(SceptreException, match="confidential") as caught:
        resolve(argument, connection)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("argument", [None, 7, {"key": "x"}, {"name": "vpc", "keys": "id"}, "vcp"])
def test_a_wrong_argument_says_what_is_allowed(argument: Any):
    with pytest.raises(SceptreException, match="takes|known"):
        resolve(argument)


def test_templates_learn_the_database_address_and_not_its_credentials():
    answer = resolve(None, resolver=DatabaseAddress)
    assert answer["endpoints"] == [["10.1.2.3", 1521]]
    assert answer["user_key"] == "username"
    assert "s3cret!" not in str(answer)
    assert "reader" not in str(answer)


@pytest.mark.parametrize(("configured", "expected"), [("", "iam"), (None, "iam"), ("plaintext", "plaintext")])
def test_the_way_of_authenticating_follows_the_port_unless_configured(configured: str | None, expected: str):
    assert resolve({"configured": configured}, resolver=KafkaAuthentication) == expected


def test_an_unknown_way_of_authenticating_lists_the_known():
    with pytest.raises(SceptreException, match="allowed: tls, scram, iam, plaintext"):
        resolve({"configured": "kerberos"}, resolver=KafkaAuthentication)
