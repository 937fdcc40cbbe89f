"""Which version of a secret a worker has, as far as that can be known. Pure.

ECS reads the version that is AWSCURRENT when a task starts ("Pass Secrets Manager secrets through Amazon ECS
environment variables", Amazon ECS Developer Guide), and tells nobody which one it was. Neither the stage's
record nor the version in force now says it: a worker may have started between two changes, or with a secret
that is deleted. The ARN in the task's definition says which secret it was, and the version if it names one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain.secrets.secrets import DB_INFO, KAFKA_CREDENTIALS

#: By how many seconds the clocks of ECS and Secrets Manager may differ, or a change be seen late.
CLOCKS_SECONDS = 10.0
#: Secret -> the worker's variable that has its password.
PASSWORD_VARIABLES: Mapping[str, str] = {DB_INFO: "DATABASE_PASSWORD", KAFKA_CREDENTIALS: "KAFKA_PASSWORD"}
#: What Secrets Manager adds to a secret's name in its ARN: a hyphen and six characters.
_SUFFIX = 7
#: In how many parts an ARN is that ends with a secret's name.
_ARN_PARTS = 7


@dataclass(frozen=True)
class SecretState:
    """A secret as Secrets Manager describes it now. Times are seconds since 1970.

    `current`: the id of the version that is AWSCURRENT. `changed_at`: when the secret was changed last in any
    way (`LastChangedDate` of DescribeSecret), labels and tags included: no version became current later.
    """

    path: str
    current: str
    changed_at: float


@dataclass(frozen=True)
class WorkerSecret:
    """What a worker has of one secret: its path, and the version's id; empty when that cannot be known."""

    path: str
    version: str = ""


def secret_arn(value_from: str) -> str:
    """The ARN in what a task definition injects: `<ARN>`, or `<ARN>:<JSON key>:<stage>:<version>`."""
    return ":".join(value_from.split(":")[:_ARN_PARTS])


def pinned_version(value_from: str) -> str:
    """The version that a task definition names; empty if it leaves that to the moment of the start."""
    return (value_from.split(":") + [""] * (_ARN_PARTS + 3))[_ARN_PARTS + 2]


def path_in(arn: str) -> str:
    """The path of a secret, from its whole ARN."""
    return arn.rsplit(":", maxsplit=1)[-1][:-_SUFFIX]


def version_of_worker(secret: SecretState | None, created_at: float | None) -> str:
    """The version that a task has which was created at `created_at`; empty when that cannot be known.

    A task that was created after the secret's last change of any kind has the version that is current now.
    Of any other it is not known. `secret` is None when there is no such secret any more.
    """
    if secret is None or created_at is None or not secret.current:
        return ""
    return secret.current if created_at > secret.changed_at + CLOCKS_SECONDS else ""
