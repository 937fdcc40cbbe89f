"""Where a stage's secret is looked for: `<prefix>/<stage>/<name>` first, then `<prefix>/default/<name>`.

Only a secret that does not exist is looked for in the second place. Unreadable, deleted or empty is never
"does not exist": a fallback there would silently connect a stage to the wrong database.
"""

import re
from collections.abc import Callable

from connector.domain.errors import DeniedSecret, MissingSecret, OperatorError, SecretError
from connector.domain.secrets.secrets import SECRET_NAMES, StoredSecret
from connector.domain.stage import aws_names
from connector.domain.stage.stage import Stage

#: The prefix if config/config.yaml does not set `secret_prefix`.
DEFAULT_PREFIX = aws_names.PROJECT
DEFAULT_OWNER = "default"
_PREFIX = re.compile(r"[a-zA-Z0-9_+=.@-]+(?:/[a-zA-Z0-9_+=.@-]+)*")


#: Returns the secret at a path, None when there is none; raises `SecretError` when it cannot be read.
Fetch = Callable[[str], StoredSecret | None]


def check_prefix(prefix: str) -> None:
    """Raise `OperatorError` unless `prefix` can be the setting `secret_prefix`."""
    if not _PREFIX.fullmatch(prefix):
        raise OperatorError(
            f"secret_prefix {prefix!r} is not a path of letters, digits and _+=.@-; "
            "set it in config/config.yaml"
        )


def candidate_paths(prefix: str, stage: str, name: str) -> tuple[str, str]:
    """The two places where a stage's secret is looked for, in order."""
    check_prefix(prefix)
    if name not in SECRET_NAMES:
        raise OperatorError(f"no such secret: {name!r}; known: {', '.join(SECRET_NAMES)}")
    return f"{prefix}/{stage}/{name}", f"{prefix}/{DEFAULT_OWNER}/{name}"


def find_secret(prefix: str, stage: Stage | None, name: str, fetch: Fetch) -> StoredSecret | None:
    """The stage's secret, else the default's, else None. Empty text is an error, not an absence.

    Without a stage it is the default's only: the account's foundation belongs to no stage.
    """
    for path in _places(prefix, stage, name):
        stored = fetch(path)
        if stored is None:
            continue
        if not stored.text.reveal().strip():
            raise SecretError(f"secret {path} is empty; give it a value or delete it")
        return stored
    return None


def require_secret(prefix: str, stage: Stage | None, name: str, fetch: Fetch) -> StoredSecret:
    """As `find_secret`, but a secret that exists in neither place is an error that names both."""
    stored = find_secret(prefix, stage, name, fetch)
    if stored is None:
        first, *second = _places(prefix, stage, name)
        if not second:
            raise MissingSecret(f"secret {first} does not exist; create it")
        raise MissingSecret(f"secret {first} does not exist and neither does {second[0]}; create one of them")
    return stored


def _places(prefix: str, stage: Stage | None, name: str) -> tuple[str, ...]:
    own, default = candidate_paths(prefix, DEFAULT_OWNER if stage is None else stage.name, name)
    return (default,) if stage is None else (own, default)


def unreadable(path: str, code: str, message: str) -> SecretError | None:
    """What Secrets Manager's refusal means: None only when there is no such secret.

    `ResourceNotFoundException` is also its answer for a secret that exists without a value.
    """
    if code == "ResourceNotFoundException" and "secret value" not in message:
        return None
    if code == "ResourceNotFoundException":
        return SecretError(f"secret {path} exists but has no value; give it one or delete it")
    if "marked for deletion" in message or "marked deleted" in message:
        return SecretError(f"secret {path} is marked for deletion; restore it or wait until it is gone")
    if code in ("AccessDeniedException", "AccessDenied", "DecryptionFailure", "KMSAccessDeniedException"):
        return DeniedSecret(
            f"secret {path} may not be read ({code}); allow secretsmanager:GetSecretValue and its key "
            "(the default secret is not used in its place)"
        )
    return SecretError(f"secret {path} cannot be read: {code}: {message}")
