"""Through the real config, the real resolvers and a fake AWS: nothing confidential reaches a template."""

import json

import pytest
from sceptre.exceptions import SceptreException

from connector.sceptre import stack as sceptre_stack
from tests.config.support import stacks
from tests.support.fake_aws import GOOD_SECRETS, FakeAws

BROKERS = "b-1.confidential.example:{port},b-2.confidential.example:{port}"
PASSWORD = "p4ssw0rd-confidential"
USER = "reader-confidential"


def account(port: int = 9094) -> FakeAws:
    connection = FakeAws.ready()
    database = {"host": "10.1.2.3", "port": 1521, "dbname": "WMS", "user": USER, "password": PASSWORD}
    connection.secrets |= {
        "wms/default/brokerString": BROKERS.format(port=port),
        "wms/default/dbInfo": json.dumps(database),
        "wms/default/kafkaCredentials": json.dumps({"username": USER, "password": PASSWORD}),
    }
    return connection


def bodies(connection: FakeAws, group: str = "main") -> dict[str, str]:
    sceptre_stack.SECRETS.clear()
    found = stacks(group)
    for stack in found.values():
        stack._connection_manager = connection
    return {component: stack.template.body for component, stack in found.items()}


@pytest.mark.parametrize("port", [9092, 9094, 9096])
def test_no_template_holds_a_confidential_value(port: int):
    for component, body in bodies(account(port)).items():
        for value in (PASSWORD, USER, "confidential"):
            assert value not in body, component


def test_the_database_address_and_the_subnets_do_appear():
    found = bodies(account())
    assert "10.1.2.3/32" in found["network"]
    for subnet in json.loads(GOOD_SECRETS["vpc"])["privateSubnets"]:
        assert subnet in found["functions"]
        assert subnet in found["connector"]


def test_the_user_is_found_under_the_key_that_the_secret_uses():
    assert "wms/default/dbInfo-AbCdEf:user::" in bodies(account())["connector"]


def test_the_brokers_port_decides_how_clients_authenticate():
    assert '"SASL_SSL"' in bodies(account(9096))["connector"]
    assert '"PLAINTEXT"' in bodies(account(9092))["connector"]


def test_a_cluster_with_iam_and_without_its_arn_is_refused_with_the_setting_that_is_missing():
    with pytest.raises(SceptreException, match="kafka_auth iam needs msk_cluster_arn"):
        bodies(account(9098))


def test_the_stages_own_secrets_come_first():
    connection = account()
    connection.secrets["wms/main/iam/path"] = "/own/"
    assert '"/own/"' in bodies(connection)["functions"]
