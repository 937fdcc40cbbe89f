"""The embedded AWS answers what a launch asks of the account's network and of its secrets' keys."""

from collections.abc import Mapping
from typing import Any

import pytest

from connector.aws import network
from connector.aws.secret_keys import check_keys
from connector.domain.errors import OperatorError, SecretError
from connector.domain.network.dns import dns_problem
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.local.aws import REGION
from tests.local.conftest import Embedded

pytestmark = pytest.mark.e2e
ACCOUNT = "000000000000"


class Asked:
    """`connector.aws.calls.Port` on the embedded AWS."""

    region = REGION
    profile: str | None = None
    sceptre_role: str | None = None

    def __init__(self, embedded: Embedded) -> None:
        self._embedded = embedded

    def call(self, service: str, command: str, kwargs: Mapping[str, Any] | None = None) -> Any:
        return getattr(self._embedded.client(service), command)(**(kwargs or {}))


@pytest.fixture
def vpc(embedded: Embedded) -> str:
    return str(embedded.client("ec2").create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"])


def test_a_vpc_without_options_of_its_own_has_awss_resolver(embedded: Embedded, vpc: str):
    found = network.name_servers(Asked(embedded), "wms/main/vpc", vpc)
    assert (found.block, found.foreign) == ("10.77.0.0/16", ())


def test_a_vpcs_own_name_servers_are_read(embedded: Embedded, vpc: str):
    ec2 = embedded.client("ec2")
    servers = {"Key": "domain-name-servers", "Values": ["10.77.0.2", "10.9.0.10"]}
    options = ec2.create_dhcp_options(DhcpConfigurations=[servers])["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
    found = network.name_servers(Asked(embedded), "wms/main/vpc", vpc)
    assert (found.options, found.foreign) == (options, ("10.9.0.10",))
    assert "e.g. [10.9.0.10/32]" in dns_problem(found, ())


def test_subnets_have_an_owner_and_a_zone(embedded: Embedded, vpc: str):
    made = embedded.client("ec2").create_subnet(
        VpcId=vpc, CidrBlock="10.77.1.0/24", AvailabilityZone=f"{REGION}b"
    )
    (found,) = network.describe_subnets(Asked(embedded), "wms/main/vpc", [made["Subnet"]["SubnetId"]])
    assert (found.vpc, found.owner, found.zone, found.block) == (vpc, ACCOUNT, f"{REGION}b", "10.77.1.0/24")


def test_what_is_not_there_is_told_with_the_secret(embedded: Embedded):
    with pytest.raises(OperatorError, match="secret wms/main/vpc names subnets that are not in account"):
        network.describe_subnets(Asked(embedded), "wms/main/vpc", ["subnet-0a1b2c3d"])
    with pytest.raises(OperatorError, match="secret wms/main/vpc: VPC vpc-0a1b2c3d is not in account"):
        network.name_servers(Asked(embedded), "wms/main/vpc", "vpc-0a1b2c3d")


def test_a_secrets_key_is_found_by_its_alias(embedded: Embedded):
    kms, secrets = embedded.client("kms"), embedded.client("secretsmanager")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/agency", TargetKeyId=key["KeyId"])
    stored = {}
    for name, keyed in (("plain", {}), ("keyed", {"KmsKeyId": "alias/agency"})):
        made = secrets.create_secret(Name=f"probe/{name}", SecretString="x", **keyed)
        stored[name] = StoredSecret(f"probe/{name}", made["ARN"], made["VersionId"], Redacted("x"))
    check_keys(Asked(embedded), [stored["plain"]], ())
    check_keys(Asked(embedded), [*stored.values()], {key["Arn"]})
    with pytest.raises(SecretError, match=f"secret probe/keyed is encrypted with the key {key['Arn']}"):
        check_keys(Asked(embedded), [*stored.values()], ())
