"""Checks of what an account has around a stage: keys of secrets, subnets, name servers, FIPS, the image.

Each refuses in one line what would otherwise show as a task that does not start, or as a name that does not
resolve, half an hour into the launch.
"""

import logging
from collections.abc import Mapping
from typing import Any

from connector.aws import calls, network
from connector.aws.fips import without_fips
from connector.aws.secret_keys import check_keys
from connector.aws.worker_image import check_image
from connector.domain.errors import OperatorError
from connector.domain.network.dns import dns_problem
from connector.domain.network.endpoints import FIPS_SERVICES
from connector.domain.network.subnets import subnet_problem
from connector.domain.secrets import secrets
from connector.domain.secrets.secrets import StoredSecret, parse_vpc
from connector.domain.secrets.shapes import alb_problem
from connector.domain.stage.ecr_image import image_needs
from connector.sceptre import settings

#: Sceptre shows what its own loggers say.
_LOG = logging.getLogger("sceptre.preflight")

#: The secrets that functions and tasks read; whoever launches reads the others.
_READ_BY_ROLES = (
    secrets.BROKER_STRING,
    secrets.DB_INFO,
    secrets.KAFKA_CREDENTIALS,
    secrets.ALB_TLS,
    secrets.KAFKA_TLS,
)


def check_secret_keys(
    connection: calls.Port,
    found: Mapping[str, StoredSecret],
    config: Mapping[str, Any],
    foundation: Mapping[str, str],
) -> None:
    """Every secret that functions or tasks read is encrypted with a key that they may use."""
    allowed = {*(config.get("secrets_key_arns") or ()), foundation.get("KmsKeyArn", "")}
    check_keys(connection, [found[name] for name in _READ_BY_ROLES if name in found], allowed)


def check_account(
    connection: calls.Port, found: Mapping[str, StoredSecret], config: Mapping[str, Any], account: str
) -> None:
    """Subnets, name servers, FIPS endpoints and the worker's image are such that the stage can run."""
    _check_fips(config, connection.region)
    if config.get("image"):
        _check_image(connection, str(config["image"]), account)
    stored = found[secrets.VPC]
    vpc, balancer = parse_vpc(stored), found.get(secrets.ALB_TLS)
    kind = str(config.get("subnets") or settings.SUBNET_KINDS[0])
    ids = vpc.data_subnets if kind == "data" else vpc.private_subnets
    problem = subnet_problem(
        network.describe_subnets(connection, stored.path, ids),
        vpc=vpc.id,
        path=stored.path,
        account=account,
        balanced=balancer is not None,
    )
    servers = network.name_servers(connection, stored.path, vpc.id)
    problem = problem or dns_problem(servers, config.get("dns_cidrs") or ())
    if balancer is not None:
        problem = problem or alb_problem(balancer, account, connection.region)
    if problem:
        raise OperatorError(problem)


def _check_image(connection: calls.Port, image: str, account: str) -> None:
    """An image of somebody else's: what must hold there is said, because it cannot be seen from here."""
    check_image(connection, image, account)
    needs = image_needs(image, account, connection.region)
    if needs:
        _LOG.warning("setting image: %s", needs)


def _check_fips(config: Mapping[str, Any], region: str) -> None:
    missing = without_fips(region, FIPS_SERVICES) if config.get("fips") is True else []
    if missing:
        raise OperatorError(
            f"setting fips is true, but AWS has no FIPS endpoint in {region} for {', '.join(missing)}; "
            "launch the stage in a region that has them, e.g. us-gov-west-1 or us-east-1, or set fips: false"
        )
