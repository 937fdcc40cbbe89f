"""What an account has around a stage is checked before a launch changes anything, each in one line."""

import json
import logging

import pytest
from sceptre.exceptions import SceptreException

from connector.aws.fips import without_fips
from connector.domain.network.endpoints import FIPS_SERVICES
from hooks.admit import AdmitStage, CheckSecrets
from tests.hooks.test_admit import ready, run
from tests.support.aws_answers import refuse
from tests.support.fake_aws import OWNER, FakeAws, FakeStack

ID = "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/{ID}"
SHARING = "210987654321"
DIGEST = f"sha256:{'2' * 64}"
PEM = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----"
CERTIFICATE = f"arn:aws:acm:us-east-1:{OWNER}:certificate/1"


def balanced(connection: FakeAws, certificate: str = CERTIFICATE) -> FakeAws:
    """Give the stage a load balancer, in two subnets."""
    vpc = str(connection.secrets["wms/default/vpc"])
    connection.subnets["subnet-2a1b2c3d"] = "10.1.2.0/24"
    both = '["subnet-1a1b2c3d", "subnet-2a1b2c3d"]'
    connection.secrets["wms/default/vpc"] = vpc.replace('["subnet-1a1b2c3d"]', both)
    alb = {"certificateArn": certificate, "certificateAuthorityPem": PEM}
    connection.secrets["wms/default/connectAlbTls"] = json.dumps(alb)
    return connection


def refused(connection: FakeAws, **config: object) -> str:
    """The one line with which a launch is refused; nothing but questions was asked."""
    with pytest.raises(SceptreException) as caught:
        run(connection, "main", **config)
    assert "\n" not in str(caught.value)
    asked = {command for _, command in connection.calls}
    assert all(command.startswith(("describe_", "get_")) for command in asked), asked
    return str(caught.value)


@pytest.mark.parametrize("form", [KEY, ID, "alias/agency", f"arn:aws:kms:us-east-1:{OWNER}:alias/agency"])
def test_a_secret_under_a_key_that_no_role_may_use_is_refused_in_every_form(form: str):
    connection = ready()
    connection.secret_keys["wms/default/dbInfo"] = form
    connection.key_aliases[form] = KEY
    found = refused(connection)
    assert f"secret wms/default/dbInfo is encrypted with the key {KEY}" in found
    assert "add it to secrets_key_arns in config.yaml" in found
    run(connection, secrets_key_arns=[KEY])


def test_the_foundations_key_and_awss_own_need_no_setting():
    connection = ready()
    outputs = connection.stacks["wms-foundation"]["Outputs"]
    (own,) = [each["OutputValue"] for each in outputs if each["OutputKey"] == "KmsKeyArn"]
    connection.secret_keys["wms/default/dbInfo"] = own
    connection.secret_keys["wms/default/brokerString"] = "alias/aws/secretsmanager"
    run(connection)


def test_a_default_secret_that_is_not_in_force_may_have_any_key():
    connection = ready()
    connection.secrets["wms/main/dbInfo"] = connection.secrets["wms/default/dbInfo"]
    connection.secret_keys["wms/default/dbInfo"] = KEY
    run(connection)


def test_a_secret_of_the_stages_own_is_checked_in_place_of_the_default_one():
    connection = ready()
    connection.secrets["wms/main/dbInfo"] = connection.secrets["wms/default/dbInfo"]
    connection.secret_keys["wms/main/dbInfo"] = KEY
    assert "secret wms/main/dbInfo" in refused(connection)


def test_secrets_that_only_the_deployer_reads_may_have_any_key():
    connection = ready()
    for name in ("vpc", "iam/path", "iam/permissionsBoundary", "alertEmails"):
        connection.secret_keys[f"wms/default/{name}"] = KEY
    run(connection)


@pytest.mark.parametrize("name", ["brokerString", "connectAlbTls", "kafkaCredentials"])
def test_every_other_secret_that_functions_read_is_checked_too(name: str):
    connection = balanced(ready())
    connection.secrets["wms/default/kafkaCredentials"] = '{"username": "u", "password": "p"}'
    connection.secrets["wms/default/brokerString"] = "broker-1.example:9096"
    connection.secret_keys[f"wms/default/{name}"] = KEY
    assert f"wms/default/{name} is encrypted with the key" in refused(connection)


def test_an_alias_that_kms_does_not_resolve_says_what_to_allow():
    connection = ready()
    connection.secret_keys["wms/default/dbInfo"] = "alias/agency"
    connection.deny("kms", "describe_key", refuse("DescribeKey", "AccessDeniedException", "not authorized"))
    found = refused(connection, secrets_key_arns=[KEY])
    assert "with alias/agency, and KMS does not say which key that is (AccessDeniedException)" in found
    assert "allow kms:DescribeKey" in found


def test_what_a_launch_would_refuse_diff_refuses_too():
    connection = ready()
    connection.secret_keys["wms/default/dbInfo"] = KEY
    with pytest.raises(SceptreException, match="add it to secrets_key_arns"):
        CheckSecrets(None, FakeStack("main/network", "wms-network-main", connection)).run()


def test_a_vpc_with_its_own_name_servers_needs_the_setting():
    connection = ready()
    connection.name_servers = ["10.9.0.10", "10.9.0.11"]
    found = refused(connection)
    assert "name servers of its own, 10.9.0.10, 10.9.0.11 (DHCP options dopt-0a1b2c3d)" in found
    assert "set dns_cidrs in config.yaml, e.g. [10.9.0.10/32, 10.9.0.11/32]" in found
    run(connection, dns_cidrs=["10.9.0.0/24"])


@pytest.mark.parametrize("servers", [None, ["AmazonProvidedDNS"], ["10.1.0.2"]])
def test_a_vpc_with_awss_resolver_needs_nothing(servers: list[str] | None):
    connection = ready()
    connection.name_servers = servers
    run(connection)


def test_a_shared_vpc_is_admitted_without_a_load_balancer():
    connection = ready()
    connection.network_owner = SHARING
    run(connection)


def test_a_shared_vpc_is_refused_with_a_load_balancer():
    connection = balanced(ready())
    connection.network_owner = SHARING
    found = refused(connection)
    assert f"is shared by account {SHARING}" in found
    assert "delete the secret connectAlbTls" in found


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        (CERTIFICATE.replace("us-east-1", "us-west-2"), f"is of account {OWNER} in us-west-2"),
        (CERTIFICATE.replace(OWNER, SHARING), f"is of account {SHARING} in us-east-1"),
    ],
)
def test_a_certificate_of_another_account_or_region_is_refused(arn: str, words: str):
    assert words in refused(balanced(ready(), arn))


def test_fips_is_refused_where_awss_library_knows_no_such_endpoints():
    connection = ready()
    connection.region = "eu-west-1"
    stack = FakeStack("main/network", "wms-network-main", connection, region="eu-west-1")
    stack.stack_group_config["fips"] = True
    with pytest.raises(SceptreException, match="no FIPS endpoint in eu-west-1 for dynamodb, ecs, logs"):
        AdmitStage(None, stack).run()


def test_fips_is_admitted_where_there_are_such_endpoints():
    run(ready(), fips=True)


@pytest.mark.parametrize(
    ("region", "missing"),
    [
        ("us-east-1", []),
        ("us-gov-west-1", []),
        ("us-gov-east-1", []),
        ("ca-central-1", ["ecs", "monitoring", "sns"]),
        ("cn-north-1", [*FIPS_SERVICES]),
        ("no-such-1", [*FIPS_SERVICES]),
    ],
)
def test_fips_endpoints_by_region(region: str, missing: list[str]):
    assert without_fips(region, FIPS_SERVICES) == missing


def image(account: str, region: str = "us-east-1") -> str:
    return f"{account}.dkr.ecr.{region}.amazonaws.com/team/worker@{DIGEST}"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("RepositoryNotFoundException", "repository team/worker of account 123456789012 does not exist"),
        ("ImageNotFoundException", "repository team/worker of account 123456789012 has no image sha256:2222"),
    ],
)
def test_an_image_that_is_not_there_is_refused(code: str, words: str):
    connection = ready()
    connection.deny("ecr", "describe_images", refuse("DescribeImages", code, "no"))
    assert words in refused(connection, image=image(OWNER))


def test_another_accounts_repository_is_admitted_with_what_it_needs(caplog: pytest.LogCaptureFixture):
    """Whether this account may pull there shows only to the owner."""
    connection = ready()
    denied = refuse("DescribeImages", "AccessDeniedException", "not authorized")
    connection.refusals["ecr", "describe_images"] = lambda query: (
        denied if query.get("registryId") == SHARING else None
    )
    with caplog.at_level(logging.WARNING):
        run(connection, image=image(SHARING))
    assert f"account {SHARING} must let this account pull" in caplog.text


def test_another_regions_repository_is_not_asked_for_here(caplog: pytest.LogCaptureFixture):
    connection = ready()
    here = refuse("DescribeImages", "RepositoryNotFoundException", "The repository does not exist")
    connection.refusals["ecr", "describe_images"] = lambda query: here if "registryId" in query else None
    with caplog.at_level(logging.WARNING):
        run(connection, image=image(OWNER, "us-west-2"))
    assert "need NAT, because VPC endpoints of us-east-1 do not reach us-west-2" in caplog.text


def test_a_public_registry_is_admitted_with_what_it_needs(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        run(ready(), image=f"public.ecr.aws/team/worker@{DIGEST}")
    assert "tasks pull it without a login" in caplog.text


def test_another_partitions_repository_is_refused():
    assert "in the partition aws-us-gov" in refused(ready(), image=image(OWNER, "us-gov-west-1"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"secrets_key_arns": KEY}, "is not a list; expected a list of the ARNs"),
        ({"secrets_key_arns": [ID]}, f"secrets_key_arns: '{ID}' is not the ARN of a KMS key"),
        (
            {"secrets_key_arns": [f"arn:aws:kms:us-east-1:{OWNER}:alias/agency"]},
            "a role's policy knows no alias",
        ),
        ({"dns_cidrs": ["10.0.0.53"]}, "dns_cidrs: '10.0.0.53' is not a CIDR block"),
        ({"dns_cidrs": ["0.0.0.0/0"]}, "dns_cidrs: '0.0.0.0/0' is every address; name the blocks"),
        ({"dns_cidrs": "10.0.0.53/32"}, "dns_cidrs '10.0.0.53/32' is not a list"),
        ({"fips": "yes"}, "setting fips 'yes' is unknown; allowed: true, false"),
    ],
)
def test_a_setting_of_the_network_that_cannot_be_is_refused(settings: dict[str, object], words: str):
    assert words in refused(ready(), **settings)


def test_a_block_with_ipv6_addresses_is_a_name_servers():
    run(ready(), dns_cidrs=["2001:db8::/32", "10.9.0.10/32"])
