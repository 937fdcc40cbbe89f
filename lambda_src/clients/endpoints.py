"""AWS's addresses as the functions and tasks of this account and region connect to them."""

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.domain.network.endpoints import ENDPOINTS, FUNCTIONS, PORT, TASKS, Endpoint

if TYPE_CHECKING:
    import botocore.session

#: The name of the endpoint, its host and its port.
Address = tuple[str, str, int]
#: In the local world, and wherever somebody sets it, one address stands for all of AWS.
_ONE_FOR_ALL = "AWS_ENDPOINT_URL"


def addresses(account: str) -> tuple[Address, ...]:
    """Every address that the stage needs, each once, as AWS's own library makes them for its clients.

    Functions use FIPS endpoints where AWS_USE_FIPS_ENDPOINT says so. Tasks: Fargate connects to ECR, logs and
    secrets by the plain names.
    """
    instead = os.environ.get(_ONE_FOR_ALL)
    if instead:
        parts = urlsplit(instead)
        return ((_ONE_FOR_ALL, parts.hostname or "", parts.port or PORT),)
    import botocore.session  # noqa: PLC0415 - with boto3, when the first client is made

    session = botocore.session.get_session()
    region, fips = session.get_config_variable("region"), session.get_config_variable("use_fips_endpoint")
    hosts = _Hosts(session, str(region), account)
    found: dict[Address, None] = {}
    for endpoint in ENDPOINTS:
        if TASKS in endpoint.used_by:
            found[endpoint.name, hosts.of(endpoint, fips=False), PORT] = None
        if FUNCTIONS in endpoint.used_by:
            found[endpoint.name, hosts.of(endpoint, fips=bool(fips)), PORT] = None
    return tuple(found)


class _Hosts:
    """Host names by AWS's endpoint rules, without clients: to make nine takes a function seconds."""

    def __init__(self, session: "botocore.session.Session", region: str, account: str) -> None:
        self._loader = session.get_component("data_loader")
        self._partitions = self._loader.load_data("partitions")
        self._region, self._account = region, account

    def of(self, endpoint: Endpoint, *, fips: bool) -> str:
        from botocore.endpoint_provider import EndpointProvider  # noqa: PLC0415

        rules = self._loader.load_service_model(endpoint.service, "endpoint-rule-set-1")
        made = EndpointProvider(rules, self._partitions).resolve_endpoint(
            Region=self._region, UseFIPS=fips, UseDualStack=False
        )
        host = urlsplit(made.url).hostname or ""
        # The registry is beside the API: <account>.dkr.ecr.<region>… ("Amazon ECR private registries").
        return f"{self._account}.dkr.{host.removeprefix('api.')}" if endpoint.docker else host
