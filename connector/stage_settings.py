"""The settings that a stage may change in its `config.yaml`.

Sceptre ignores a key that it does not know, so a misspelt setting would silently leave the default in
force. Each setting's meaning and default stand once, in `config/config.yaml`.
"""

from collections.abc import Mapping
from typing import Any

from connector.domain.errors import OperatorError

SETTINGS = (
    "broker_cidrs",
    "connector",
    "container_cpu",
    "container_memory",
    "database_cidrs",
    "desired_count",
    "image",
    "kafka_auth",
    "log_retention_days",
    "msk_cluster_arn",
    "secret_prefix",
    "subnets",
    "task_cpu",
    "task_memory",
)

#: Sceptre's own keys that it leaves among a stack group's settings.
_SCEPTRE = ("disable_rollback", "j2_environment", "project_path", "template_key_prefix")


def refuse_unknown(stack_group_config: Mapping[str, Any]) -> None:
    """Raise `OperatorError` for a key that is neither a setting nor Sceptre's; `Stack.stack_group_config`."""
    unknown = sorted(set(stack_group_config) - {*SETTINGS, *_SCEPTRE})
    if unknown:
        raise OperatorError(
            f"config.yaml has the unknown setting {unknown[0]!r}; known: {', '.join(SETTINGS)}"
        )
