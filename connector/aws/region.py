"""The AWS region in which commands work: the same one for `sceptre` and for `wms-connector`."""

import os
from collections.abc import Mapping

import boto3

from connector.aws.calls import errors
from connector.domain.errors import OperatorError

#: The region in config/config.yaml if the environment names none.
DEFAULT_REGION = "us-east-1"


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


def _of_profile() -> str | None:
    with errors():
        found = boto3.session.Session().region_name
    return None if found is None else str(found)
