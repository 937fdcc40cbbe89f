import os
import socket
import urllib.request

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from tests.conftest import LONGEST, ONE_WORLD, ROOT, Golden, NetworkRefusedError, scope, turn


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
        boto3.Session(region_name="us-east-1").client("sts").get_caller_identity()


def test_a_missing_golden_file_is_not_written_without_the_flag(
    golden: Golden, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--rewrite-golden"):
        pytest.skip("golden files are being written")
    with pytest.raises(AssertionError, match="does not exist"):
        golden("no-such-file.json", "{}")


def test_what_shares_a_world_is_one_scope_and_any_other_module_one_of_its_own():
    assert (
        scope(f"{ONE_WORLD}/test_a.py::test_x[1::2]") == ONE_WORLD == scope(f"{ONE_WORLD}/test_b.py::test_y")
    )
    assert scope("tests/e2e/test_a.py::test_x") == "tests/e2e/test_a.py"


def test_what_takes_longest_is_there_and_begins_first():
    assert [place for place in LONGEST if not (ROOT / place).exists()] == []
    known = [f"{place}/test_a.py::x" if place == ONE_WORLD else f"{place}::x" for place in LONGEST]
    assert sorted(["tests/aws/test_a.py::x", *reversed(known)], key=turn) == [
        *known,
        "tests/aws/test_a.py::x",
    ]


def test_a_module_with_a_world_of_its_own_is_not_among_those_that_share_one():
    own = [
        path.name for path in (ROOT / ONE_WORLD).glob("test_*.py") if "World.up(" in path.read_text("utf-8")
    ]
    assert own == []
