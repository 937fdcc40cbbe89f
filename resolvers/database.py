"""`!database`: what templates may know of the source database."""

from typing import Any

from sceptre.resolvers import Resolver

from connector.domain.secrets import fallback, secrets
from connector.domain.secrets.database import parse_database
from connector.sceptre import stack as glue


class DatabaseAddress(Resolver):  # type: ignore[misc]
    """Resolve to engine, endpoints, the secret's ARN and the JSON keys of its credentials."""

    def resolve(self) -> dict[str, Any]:
        with glue.one_line_errors(self.stack.name):
            stack = self.stack
            fetch = glue.SECRETS.fetcher(stack.connection_manager)
            stage = glue.stage_of(stack)
            stored = fallback.require_secret(glue.secret_prefix(stack), stage, secrets.DB_INFO, fetch)
            database = parse_database(stored)
            return {
                "engine": database.engine.value,
                "endpoints": [list(endpoint) for endpoint in database.endpoints],
                "user_key": database.user_key,
                "password_key": database.password_key,
                "secret_arn": stored.arn,
            }
