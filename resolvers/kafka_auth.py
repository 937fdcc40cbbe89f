"""`!kafka_auth`: how clients authenticate to the brokers, or the brokers' ports, without their addresses."""

from collections.abc import Mapping

from sceptre.resolvers import Resolver

from connector.domain.errors import OperatorError
from connector.domain.secrets import brokers, fallback, secrets
from connector.sceptre import stack as sceptre_stack


class KafkaAuthentication(Resolver):  # type: ignore[misc]
    """Resolve to tls, scram, iam or plaintext: as configured, else by the broker string's port.

    Argument: a mapping with `configured`, the setting `kafka_auth` of the stage or an empty text. With
    `ports: true` it resolves to the ranges of the broker string's ports instead, `[first, last]` each.
    """

    def resolve(self) -> str | list[list[int]]:
        with sceptre_stack.refusals_shown(self.stack.name):
            argument = self.argument or {}
            if not isinstance(argument, Mapping):
                raise OperatorError("!kafka_auth needs a mapping with 'configured'")
            stack = self.stack
            fetch = sceptre_stack.SECRETS.fetcher(stack.connection_manager)
            prefix, stage = sceptre_stack.secret_prefix(stack), sceptre_stack.stage_of(stack)
            stored = fallback.require_secret(prefix, stage, secrets.BROKER_STRING, fetch)
            parsed = brokers.parse_brokers(stored)
            auth = brokers.choose_auth(argument.get("configured") or None, parsed)
            if argument.get("ports") is True:
                return [list(ports) for ports in parsed.port_ranges]
            return auth.value
