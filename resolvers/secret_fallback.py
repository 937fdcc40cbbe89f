"""`!secret_fallback`: the stage's secret, else the default secret."""

from collections.abc import Callable
from typing import Any

from sceptre.resolvers import Resolver

from connector.domain.errors import OperatorError, SecretError
from connector.domain.secrets import fallback, secrets
from connector.domain.secrets.shapes import check_shape
from connector.domain.stage.stage import Stage
from connector.sceptre import stack as sceptre_stack

_KEYS = ("name", "key", "arn", "version", "optional")


class SecretFallback(Resolver):  # type: ignore[misc]
    """Resolve a secret of the stage.

    Argument: the secret's name (`iam/path`), or a mapping of `name` with one of `key` (one key of a JSON
    secret), `arn: true` (the ARN instead of the value) and `version: true` (its version id), and with
    `optional: true` (nothing instead of an error when the secret exists in neither place). A confidential
    value is never returned.
    """

    def resolve(self) -> Any:
        with sceptre_stack.refusals_shown(self.stack.name):
            query = _parse(self.argument)
            stack = self.stack
            fetch = sceptre_stack.SECRETS.fetcher(stack.connection_manager)
            find: Callable[..., secrets.StoredSecret | None] = (
                fallback.find_secret if query["optional"] else fallback.require_secret
            )
            stored = find(sceptre_stack.secret_prefix(stack), _owner(stack), query["name"], fetch)
            if stored is None:
                return None
            check_shape(query["name"], stored)
            if query["arn"]:
                return stored.arn
            if query["version"]:
                return stored.version
            return _public_value(query["name"], query["key"], stored)


def _owner(stack: Any) -> Stage | None:
    """The stage whose secret comes first; None for the foundation."""
    return None if sceptre_stack.is_foundation(stack) else sceptre_stack.stage_of(stack)


def _parse(argument: Any) -> dict[str, Any]:
    query = {"name": argument} if isinstance(argument, str) else argument
    if not isinstance(query, dict) or not isinstance(query.get("name"), str):
        raise OperatorError("!secret_fallback needs a secret's name, or a mapping with 'name'")
    unknown = sorted(set(query) - set(_KEYS))
    if unknown:
        raise OperatorError(f"!secret_fallback has no option {unknown[0]!r}; known: {', '.join(_KEYS)}")
    return {"key": None, "arn": False, "version": False, "optional": False, **query}


def _public_value(name: str, key: str | None, stored: secrets.StoredSecret) -> Any:
    hidden = name in secrets.CONFIDENTIAL_SECRETS or key in secrets.CONFIDENTIAL_FIELDS
    if hidden or (name == secrets.DB_INFO and key is None):
        raise SecretError(
            f"secret {stored.path} is confidential and cannot appear in a template; "
            "use `arn: true` and let ECS or the Lambda read it"
        )
    if key is None:
        return stored.text.reveal().strip()
    return secrets.pick(stored, key)
