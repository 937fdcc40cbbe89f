"""Which of AWS's services have FIPS endpoints in a region, by the data of AWS's own library."""

from collections.abc import Iterable
from typing import Any

import botocore.session


def without_fips(region: str, services: Iterable[str]) -> list[str]:
    """The services, by the first part of their host names, that have no FIPS endpoint in the region.

    Reads botocore's endpoints.json: a region that its service does not list with a variant `fips` has none,
    although a client would make up a name for it.
    """
    data = botocore.session.get_session().get_component("data_loader").load_data("endpoints")
    found: list[Any] = [each for each in data["partitions"] if region in each["regions"]]
    known = found[0]["services"] if found else {}
    return [
        service
        for service in services
        if not any(
            "fips" in variant["tags"]
            for variant in known.get(service, {}).get("endpoints", {}).get(region, {}).get("variants", ())
        )
    ]
