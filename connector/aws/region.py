"""The AWS region in which commands work: the same one for `sceptre` and for `wms-connector`."""

import os
import re
from collections.abc import Mapping

from botocore.exceptions import UnknownRegionError

from connector.aws.calls import errors
from connector.domain.errors import OperatorError

#: The region in config/config.yaml if the environment names none.
DEFAULT_REGION = "us-east-1"
#: AWS's own names of regions, as us-east-1, us-gov-west-1, eusc-de-east-1.
_NAME = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")


def region(environment: Mapping[str, str] = os.environ) -> str:
    """AWS_REGION, else AWS_DEFAULT_REGION, else `DEFAULT_REGION`: the order of config/config.yaml.

    config/config.yaml gives Sceptre a region, so Sceptre does not use the AWS profile's. If the profile
    names another one, the command is refused: some tools would use one region and some the other.
    """
    chosen = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if chosen:
        return chosen
    of_profile = _of_profile()
    if of_profile not in (None, DEFAULT_REGION):
        raise OperatorError(
            f"the AWS profile names the region {of_profile}, but neither AWS_REGION nor AWS_DEFAULT_REGION "
            f"is set, so sceptre would use {DEFAULT_REGION}; set AWS_REGION to the region that you want"
        )
    return DEFAULT_REGION


def partition_of(name: str) -> str:
    """The partition of a region, as botocore's data says, offline; raises `OperatorError` for no region.

    A region that this botocore does not know is told by the form of its name.
    """
    from botocore.loaders import Loader  # noqa: PLC0415 - slow to import, and only needed here
    from botocore.regions import EndpointResolver  # noqa: PLC0415

    try:
        if _NAME.fullmatch(name):
            # Without a session, which would read the profile: nothing is called here.
            data = Loader().load_data("endpoints")
            return str(EndpointResolver(data).get_partition_for_region(name))
    except UnknownRegionError:
        pass
    raise OperatorError(
        f"{name!r} is not a region of AWS; expected one like {DEFAULT_REGION} or us-gov-west-1"
    )


def _of_profile() -> str | None:
    import boto3  # noqa: PLC0415 - half a second, which no --help should take

    with errors():
        found = boto3.session.Session().region_name
    return None if found is None else str(found)
