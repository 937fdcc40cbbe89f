"""`!kafka_auth`: how clients authenticate to the brokers, or the brokers' port, without their addresses."""

from collections.abc import Mapping

from sceptre.resolvers import Resolver

from connector.domain.errors import OperatorError
from connector.domain.secrets import brokers, fallback, secrets
from connector.sceptre import stack as sceptre_stack


class KafkaAuthentication(Resolver):  # type: ignore[misc]
    """Resolve to tls, scram, iam or plaintext: as configured, else by the broker string's port.

    Argument: a mapping with `configured`, the setting `kafka_auth` of the stage or an empty text. With
    `port: true` it resolves to the broker string's port instead.
    """

    def resolve(self) -> str | int:
        with sceptre_stack.one_line_errors(self.stack.name):
            argument = self.argument or {}
            if not isinstance(argument, Mapping):
                raise OperatorError("!kafka_auth needs a mapping with 'configured'")
            stack = self.stack
            fetch = sceptre_stack.SECRETS.fetcher(stack.connection_manager)
            prefix, stage = sceptre_stack.secret_prefix(stack), sceptre_stack.stage_of(stack)
            stored = fallback.require_secret(prefix, stage, secrets.BROKER_STRING, fetch)
            parsed = brokers.parse_brokers(stored)
            auth = brokers.choose_auth(argument.get("configured") or None, parsed)
            return parsed.port if argument.get("port") is True else auth.value
