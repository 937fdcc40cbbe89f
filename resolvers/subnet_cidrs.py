"""`!subnet_cidrs`: the CIDR blocks of the subnets in the secret vpc, where the brokers are by default."""

import threading

from sceptre.resolvers import Resolver

from connector.aws import calls, network
from connector.domain.errors import OperatorError
from connector.domain.secrets import fallback, secrets
from connector.sceptre import stack as sceptre_stack

#: Blocks that this process has read; one process is one Sceptre run.
_known: dict[tuple[str, ...], list[str]] = {}
_lock = threading.Lock()


class SubnetCidrs(Resolver):  # type: ignore[misc]
    """Resolve to the IPv4 blocks of the data and private subnets, sorted. Takes no argument.

    Public subnets are left out: brokers are never there.
    """

    def resolve(self) -> list[str]:
        with sceptre_stack.refusals_shown(self.stack.name):
            if self.argument:
                raise OperatorError("!subnet_cidrs takes no argument")
            stack = self.stack
            connection: calls.Port = stack.connection_manager
            fetch = sceptre_stack.SECRETS.fetcher(connection)
            stored = fallback.require_secret(
                sceptre_stack.secret_prefix(stack), sceptre_stack.stage_of(stack), secrets.VPC, fetch
            )
            vpc = secrets.parse_vpc(stored)
            ids = tuple(sorted({*vpc.data_subnets, *vpc.private_subnets}))
            key = (str(connection.region), str(connection.profile), str(connection.sceptre_role), *ids)
            with _lock:
                if key not in _known:
                    _known[key] = describe(connection, stored.path, ids)
                return list(_known[key])


def describe(connection: calls.Port, path: str, ids: tuple[str, ...]) -> list[str]:
    """The blocks of these subnets; raises when the secret at `path` names one that is not there."""
    if not ids:
        raise OperatorError(
            f"secret {path} has neither data nor private subnets, so the brokers' CIDR blocks are unknown; "
            "set broker_cidrs in the stage's config.yaml"
        )
    return sorted({subnet.block for subnet in network.describe_subnets(connection, path, ids)})


def forget() -> None:
    """Forget everything: a new run."""
    with _lock:
        _known.clear()
