"""`!database`: what templates may know of the source database."""

from typing import Any

from sceptre.resolvers import Resolver

from connector.domain.secrets import fallback, secrets
from connector.domain.secrets.database import parse_database
from connector.sceptre import stack as sceptre_stack


class DatabaseAddress(Resolver):  # type: ignore[misc]
    """Resolve to endpoints, the secret's ARN and version, and the JSON keys of its credentials."""

    def resolve(self) -> dict[str, Any]:
        with sceptre_stack.refusals_shown(self.stack.name):
            stack = self.stack
            fetch = sceptre_stack.SECRETS.fetcher(stack.connection_manager)
            stage = sceptre_stack.stage_of(stack)
            stored = fallback.require_secret(
                sceptre_stack.secret_prefix(stack), stage, secrets.DB_INFO, fetch
            )
            database = parse_database(stored)
            return {
                "endpoints": [list(endpoint) for endpoint in database.endpoints],
                "user_key": database.user_key,
                "password_key": database.password_key,
                "secret_arn": stored.arn,
                "secret_version": stored.version,
            }
