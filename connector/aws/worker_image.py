"""Whether the image of the setting `image` exists, as far as this account may see that."""

from connector.aws import calls
from connector.domain.errors import OperatorError
from connector.domain.stage.ecr_image import image_problem, parse_ecr_image

_ABSENT = {
    "ImageNotFoundException": "has no image",
    "RepositoryNotFoundException": "does not exist, so it has no image",
}


def check_image(connection: calls.Port, image: str, account: str) -> None:
    """Raise `OperatorError` for an image that no task can pull.

    A repository of another account mostly does not let anybody describe its images, and one of another region
    cannot be asked from here: neither is an error, because the pull may still be allowed.
    """
    problem = image_problem(image, account, connection.region)
    if problem:
        raise OperatorError(problem)
    parsed = parse_ecr_image(image)
    if parsed is None or parsed.region != connection.region:
        return
    query = {
        "registryId": parsed.account,
        "repositoryName": parsed.repository,
        "imageIds": [{"imageDigest": parsed.digest}],
    }
    try:
        connection.call("ecr", "describe_images", query)
    except calls.ClientError as error:
        if calls.code(error) not in _ABSENT:
            return
        raise OperatorError(
            f"setting image: repository {parsed.repository} of account {parsed.account} "
            f"{_ABSENT[calls.code(error)]} {parsed.digest[:19]}...; check the setting, or leave it empty for "
            "the published image of this checkout"
        ) from None
