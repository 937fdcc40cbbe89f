"""The worker's image by the place that it is pulled from: a repository of ECR, or another registry. Pure.

Names of registries: "Amazon ECR private registries" (Amazon ECR User Guide) and "Amazon ECR endpoints and
quotas" (AWS General Reference).
"""

import re
from dataclasses import dataclass

#: The ends of AWS's host names, and the first part of a region's name -> partition; all other regions are in
#: `aws` (botocore's partitions.json, which a test compares).
_SUFFIXES = (
    *("amazonaws.com", "amazonaws.com.cn", "amazonaws.eu"),
    *("c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov"),
)
_PARTITIONS = {
    "cn": "aws-cn",
    "eu-isoe": "aws-iso-e",
    "eusc-de": "aws-eusc",
    "us-gov": "aws-us-gov",
    "us-iso": "aws-iso",
    "us-isob": "aws-iso-b",
    "us-isof": "aws-iso-f",
}
_PLACE = re.compile(
    r"(?P<account>\d{12})\.dkr"
    rf"(?:\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:{'|'.join(map(re.escape, _SUFFIXES))})"
    r"|-ecr(?:-fips)?\.(?P<dual>[a-z0-9-]+)\.on\.(?:aws|amazonwebservices\.com\.cn))"
    r"/(?P<repository>[a-z0-9][a-z0-9._/-]*)@(?P<digest>sha256:[0-9a-f]{64})"
)


@dataclass(frozen=True)
class EcrImage:
    """An image of a private repository of ECR, pinned by digest."""

    account: str
    region: str
    repository: str
    digest: str

    @property
    def partition(self) -> str:
        """The partition of the registry's region."""
        return partition_of(self.region)

    @property
    def repository_arn(self) -> str:
        """The ARN by which IAM knows the repository."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/{self.repository}"


def parse_ecr_image(image: str) -> EcrImage | None:
    """The parts of `<account>.dkr.ecr.<region>…/<repository>@<digest>`; None for another registry's image."""
    found = _PLACE.fullmatch(image)
    if found is None:
        return None
    region = found["region"] or found["dual"]
    return EcrImage(found["account"], region, found["repository"], found["digest"])


def partition_of(region: str) -> str:
    """The partition that a region belongs to: no role of one can be given rights in another."""
    return _PARTITIONS.get(region.rpartition("-")[0].rpartition("-")[0], "aws")


def image_problem(image: str, account: str, region: str) -> str:
    """Why no task of this account and region can pull the image; empty where its name does not say so."""
    parsed = parse_ecr_image(image)
    if parsed is None or parsed.partition == partition_of(region):
        return ""
    return (
        f"setting image: {parsed.repository} is in region {parsed.region}, in the partition "
        f"{parsed.partition}, from which no role of {partition_of(region)} may pull; copy the image "
        f"into a repository of account {account} and name that one"
    )


def image_needs(image: str, account: str, region: str) -> str:
    """What must hold elsewhere before a task can pull the image of the setting; empty if nothing must."""
    parsed = parse_ecr_image(image)
    if parsed is None:
        registry = image.partition("/")[0] if "/" in image else "docker.io"
        return (
            f"image is from {registry}, not from ECR: tasks pull it without a login, so it must be public "
            "there, and the stage's subnets need a way to that registry (VPC endpoints do not reach it)"
        )
    needs = []
    if parsed.account != account:
        needs.append(
            f"account {parsed.account} must let this account pull in the policy of repository "
            f"{parsed.repository} (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer)"
        )
    if parsed.region != region:
        needs.append(
            f"the stage's subnets need NAT, because VPC endpoints of {region} do not reach {parsed.region}"
        )
    return "; ".join(needs)
