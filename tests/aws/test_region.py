"""`wms-connector` works in the region in which `sceptre` works."""

from pathlib import Path

import pytest

from connector.aws import account
from connector.aws.region import region
from connector.domain.errors import OperatorError, ServerError


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "us-east-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
    ],
)
def test_every_client_is_where_config_yaml_says(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
):
    """The same order as in config/config.yaml, which tests/config holds."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert region() == expected
    port = account.Account()
    assert port.region == expected
    made = account.client("lambda", port.region, read_timeout=65, attempts=1)
    assert (made.meta.region_name, made.meta.config.read_timeout) == (expected, 65)
    assert made.meta.config.retries["total_max_attempts"] == 1


def test_a_profile_that_does_not_exist_is_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with pytest.raises(ServerError, match="AWS cannot be reached: The config profile"):
        account.Account().call("sts", "get_caller_identity")


def test_a_profile_s_region_is_not_overlooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    profile = tmp_path / "config"
    profile.write_text("[default]\nregion = us-gov-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))
    with pytest.raises(OperatorError, match="profile names the region us-gov-west-1"):
        account.Account()
    monkeypatch.setenv("AWS_REGION", "us-gov-west-1")
    assert account.Account().region == "us-gov-west-1"
