"""`!secret_fallback`: the stage's secret, else the default's."""

from collections.abc import Callable
from typing import Any

from sceptre.resolvers import Resolver

from connector.domain.errors import OperatorError, SecretError
from connector.domain.secrets import fallback, secrets
from connector.domain.secrets.shapes import check_shape
from connector.sceptre import stack as glue

_KEYS = ("name", "key", "arn", "version", "optional")


class SecretFallback(Resolver):  # type: ignore[misc]
    """Resolve a secret of the stage.

    Argument: the secret's name (`iam/path`), or a mapping of `name` with one of `key` (one key of a JSON
    secret), `arn: true` (the ARN instead of the value) and `version: true` (its version id), and with
    `optional: true` (nothing instead of an error when the secret exists in neither place). A confidential
    value is never handed out.
    """

    def resolve(self) -> Any:
        with glue.one_line_errors(self.stack.name):
            wish = _parse(self.argument)
            stack = self.stack
            fetch = glue.SECRETS.fetcher(stack.connection_manager)
            find: Callable[..., secrets.StoredSecret | None] = (
                fallback.find_secret if wish["optional"] else fallback.require_secret
            )
            stored = find(glue.secret_prefix(stack), glue.stage_of(stack), wish["name"], fetch)
            if stored is None:
                return None
            check_shape(wish["name"], stored)
            if wish["arn"]:
                return stored.arn
            if wish["version"]:
                return stored.version
            return _public_value(wish["name"], wish["key"], stored)


def _parse(argument: Any) -> dict[str, Any]:
    wish = {"name": argument} if isinstance(argument, str) else argument
    if not isinstance(wish, dict) or not isinstance(wish.get("name"), str):
        raise OperatorError("!secret_fallback takes a secret's name, or a mapping with 'name'")
    unknown = sorted(set(wish) - set(_KEYS))
    if unknown:
        raise OperatorError(f"!secret_fallback has no option {unknown[0]!r}; known: {', '.join(_KEYS)}")
    return {"key": None, "arn": False, "version": False, "optional": False, **wish}


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
