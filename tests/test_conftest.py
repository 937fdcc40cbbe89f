import os
import socket
import urllib.request

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from tests.conftest import Golden, NetworkRefusedError


@pytest.mark.parametrize("host", ["192.0.2.1", "example.invalid", "2001:db8::1"])
def test_a_unit_test_cannot_leave_the_machine(host: str) -> None:
    with pytest.raises(NetworkRefusedError):
        socket.create_connection((host, 80), timeout=1)
    with pytest.raises(NetworkRefusedError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(b"x", (host, 53))


def test_a_url_cannot_be_opened_either() -> None:
    with pytest.raises(NetworkRefusedError):
        urllib.request.urlopen("http://192.0.2.1/", timeout=1)


def test_loopback_is_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


def test_no_credentials_are_in_sight() -> None:
    assert not {name for name in os.environ if name.startswith("AWS_ACCESS") or name == "AWS_PROFILE"}
    with pytest.raises(NoCredentialsError):
        boto3.client("sts", region_name="us-east-1").get_caller_identity()


def test_a_missing_golden_file_is_not_written_without_the_flag(
    golden: Golden, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--rewrite-golden"):
        pytest.skip("golden files are being written")
    with pytest.raises(AssertionError, match="does not exist"):
        golden("no-such-file.json", "{}")
