"""IAM statements for pulling the worker's image, for exactly the repository that the image names."""

from awacs import ecr
from awacs.aws import Allow, Statement
from troposphere import Sub

from connector.domain.stage.ecr_image import parse_ecr_image


def pull_image(image: str) -> list[Statement]:
    """Pull from the image's own repository in ECR, of whatever account and region.

    `image` is `<repository>@sha256:<digest>`. Nothing is allowed where it lies in another registry: a public
    one asks for no right. Another account's repository must allow the pull in its own policy, too. The
    authorization token takes no resource. Credentials count in their own partition only, so the partition is
    the stack's.
    """
    found = parse_ecr_image(image)
    if found is None:
        return []
    return [
        Statement(
            Sid="AuthorizePull",
            Effect=Allow,
            Action=[ecr.GetAuthorizationToken],
            Resource=["*"],
        ),
        Statement(
            Sid="PullImage",
            Effect=Allow,
            Action=[ecr.BatchCheckLayerAvailability, ecr.BatchGetImage, ecr.GetDownloadUrlForLayer],
            Resource=[
                Sub(
                    f"arn:${{AWS::Partition}}:ecr:{found.region}:{found.account}:repository/{found.repository}"
                )
            ],
        ),
    ]
