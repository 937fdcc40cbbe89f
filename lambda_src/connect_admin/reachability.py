"""What is around the stage, seen from inside the VPC: AWS's endpoints, and the load balancer's certificate.

Tasks and functions have the same subnets and the same client group, so what the function reaches the tasks
reach, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from connector.domain.errors import ServerError
from connector.domain.network.endpoints import PORT, Reached
from lambda_src.runtime.probes import Probe, run
from lambda_src.session import Session

#: Seconds for a connection to one endpoint, and for its name to be resolved as well.
_CONNECT_SECONDS, _SECONDS = 3.0, 5.0


@dataclass(frozen=True)
class Reachability:
    """`certificate_expiry`: seconds since 1970; None without a load balancer, or if it could not be read.

    `certificate_error`: why no client accepts the certificate. `errors`: why it could not be read.
    """

    endpoints: tuple[Reached, ...] = ()
    certificate_expiry: float | None = None
    certificate_error: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


def reachability(session: Session) -> Reachability:
    """All endpoints and the certificate, at the same time."""
    addresses = session.aws.endpoints(session.account)
    probes = [
        Probe(f"{name} {host}:{port}", partial(session.tcp_probe, host, port, _CONNECT_SECONDS), _SECONDS)
        for name, host, port in addresses
    ]
    if session.environment.connect_url is not None:
        probes.append(Probe("certificate", partial(_certificate, session), _SECONDS))
    seen, errors = run(probes)
    answers = {**seen, **errors}
    reached = tuple(
        Reached(name, f"{host}:{port}", answers[f"{name} {host}:{port}"]) for name, host, port in addresses
    )
    problem = {"certificate": errors["certificate"]} if "certificate" in errors else {}
    expiry, error = seen.get("certificate", (None, ""))
    return Reachability(reached, expiry, error, problem)


def _certificate(session: Session) -> tuple[float | None, str]:
    """When it expires, or why no client accepts it."""
    parts = urlsplit(session.environment.connect_url or "")
    host, port = parts.hostname or "", parts.port or PORT
    try:
        return session.certificate_expiry(host, port, session.alb_authority, _CONNECT_SECONDS), ""
    except ServerError as error:
        if error.retriable:
            raise
        return None, str(error)
