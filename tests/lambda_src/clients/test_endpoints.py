"""The addresses that are probed are the ones that AWS's own library would connect to."""

from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from connector.domain.network.endpoints import ENDPOINTS, FUNCTIONS, TASKS
from lambda_src.clients.endpoints import addresses

ACCOUNT = "123456789012"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch):
    """AWS itself, whatever the shell says."""
    for name in ("AWS_ENDPOINT_URL", "AWS_USE_FIPS_ENDPOINT", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def host_of(service: str, region: str) -> str:
    client = boto3.client(
        service,  # type: ignore[call-overload]
        region_name=region,
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(s3={"us_east_1_regional_endpoint": "regional"}),
    )
    return str(urlsplit(client.meta.endpoint_url).hostname)


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "cn-north-1"])
def test_without_fips_every_api_has_the_name_that_its_client_has(
    region: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    found = {name: host for name, host, _ in addresses(ACCOUNT)}
    assert list(found) == [row.name for row in ENDPOINTS]
    for row in ENDPOINTS:
        if not row.docker:
            assert found[row.name] == host_of(row.service, region)


def test_the_registry_is_the_accounts():
    found = {name: (host, port) for name, host, port in addresses(ACCOUNT)}
    assert found["ecr.dkr"] == (f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com", 443)


def test_with_fips_functions_have_other_names_and_tasks_the_same(monkeypatch: pytest.MonkeyPatch):
    plain = {name: host for name, host, _ in addresses(ACCOUNT)}
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    found = [(name, host) for name, host, _ in addresses(ACCOUNT)]
    for row in ENDPOINTS:
        hosts = {host for name, host in found if name == row.name}
        wanted = {plain[row.name]} if TASKS in row.used_by else set()
        if FUNCTIONS in row.used_by:
            wanted.add(host_of(row.service, "us-east-1"))
            assert f"{row.name}-fips.us-east-1.amazonaws.com" in hosts
        assert hosts == wanted


def test_one_address_for_all_of_aws_is_probed_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert addresses(ACCOUNT) == (("AWS_ENDPOINT_URL", "127.0.0.1", 4566),)
