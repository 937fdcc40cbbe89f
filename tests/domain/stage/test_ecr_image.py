"""Where the worker's image is pulled from: what works, what needs something elsewhere, what cannot work."""

import json
import re
from pathlib import Path

import botocore
import pytest

from connector.domain.stage.ecr_image import (
    EcrImage,
    image_needs,
    image_problem,
    parse_ecr_image,
    partition_of,
)

DIGEST = f"sha256:{'0' * 64}"
HERE = ("123456789012", "us-east-1")


@pytest.mark.parametrize(
    ("registry", "account", "region"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", "123456789012", "us-east-1"),
        ("210987654321.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "210987654321", "us-gov-west-1"),
        ("123456789012.dkr-ecr.us-west-2.on.aws", "123456789012", "us-west-2"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "123456789012", "cn-north-1"),
        ("123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", "123456789012", "us-iso-east-1"),
    ],
)
def test_a_private_repository_is_known_by_its_name(registry: str, account: str, region: str):
    found = parse_ecr_image(f"{registry}/team/worker@{DIGEST}")
    assert found == EcrImage(account, region, "team/worker", DIGEST)


@pytest.mark.parametrize(
    "image",
    [
        f"example@{DIGEST}",
        f"public.ecr.aws/x/worker@{DIGEST}",
        f"123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example/worker@{DIGEST}",
        f"12345.dkr.ecr.us-east-1.amazonaws.com/worker@{DIGEST}",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/worker:latest",
    ],
)
def test_nothing_else_is(image: str):
    assert parse_ecr_image(image) is None


def test_the_repository_has_the_arn_of_its_own_account_region_and_partition():
    image = parse_ecr_image(f"210987654321.dkr.ecr.us-gov-east-1.amazonaws.com/team/worker@{DIGEST}")
    assert image is not None
    assert image.repository_arn == "arn:aws-us-gov:ecr:us-gov-east-1:210987654321:repository/team/worker"


def test_every_region_that_awss_library_knows_has_its_partition():
    data = json.loads(Path(botocore.__file__).with_name("data").joinpath("partitions.json").read_text())
    for partition in data["partitions"]:
        for region in partition["regions"]:
            if re.fullmatch(r"[a-z]+(-[a-z]+)+-\d", region):
                assert partition_of(region) == partition["id"], region
                registry = f"123456789012.dkr.ecr.{region}.{partition['outputs']['dnsSuffix']}"
                found = parse_ecr_image(f"{registry}/worker@{DIGEST}")
                assert found == EcrImage("123456789012", region, "worker", DIGEST), registry


def test_an_image_of_another_partition_cannot_be_pulled():
    image = f"123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/worker@{DIGEST}"
    assert "no role of aws may pull; copy the image" in image_problem(image, *HERE)
    assert image_problem(image, "123456789012", "us-gov-east-1") == ""


@pytest.mark.parametrize(
    ("registry", "words"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", []),
        (
            "210987654321.dkr.ecr.us-east-1.amazonaws.com",
            ["account 210987654321 must let", "ecr:BatchGetImage"],
        ),
        ("123456789012.dkr.ecr.us-west-2.amazonaws.com", ["need NAT", "do not reach us-west-2"]),
        ("210987654321.dkr.ecr.us-west-2.amazonaws.com", ["must let", "need NAT"]),
        (
            "public.ecr.aws",
            ["from public.ecr.aws, not from ECR", "without a login", "need a way to that registry"],
        ),
    ],
)
def test_what_must_hold_elsewhere_is_said(registry: str, words: list[str]):
    image = f"{registry}/team/worker@{DIGEST}"
    needs = image_needs(image, *HERE)
    assert image_problem(image, *HERE) == ""
    assert bool(needs) == bool(words)
    for word in words:
        assert word in needs


def test_a_name_without_a_registry_is_docker_hubs():
    assert "image is from docker.io" in image_needs(f"example@{DIGEST}", *HERE)
