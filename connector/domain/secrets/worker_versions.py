"""Which version of a secret a worker has, as far as that can be known. Pure.

ECS reads the version that is AWSCURRENT when a task starts ("Pass Secrets Manager secrets through Amazon ECS
environment variables", Amazon ECS Developer Guide), and tells nobody which one it was. Neither the stage's
record nor the version in force now says it: a worker may have started between two changes, or with a secret
that is deleted.
"""

from dataclasses import dataclass

#: By how many seconds the clocks of ECS and Secrets Manager may differ, or a change be seen late.
CLOCKS_SECONDS = 10.0


@dataclass(frozen=True)
class SecretState:
    """A secret as Secrets Manager describes it now. Times are seconds since 1970.

    `current`: the id of the version that is AWSCURRENT. `changed_at`: when the secret was changed last in any
    way (`LastChangedDate` of DescribeSecret), labels and tags included: no version has become current later.
    """

    path: str
    current: str
    changed_at: float


def version_of_worker(secret: SecretState | None, created_at: float | None) -> str:
    """The version that a task has which was created at `created_at`; empty when that cannot be known.

    A task that was created after the secret's last change of any kind has the version that is current now.
    Of any other it is not known. `secret` is None when there is no such secret any more.
    """
    if secret is None or created_at is None or not secret.current:
        return ""
    return secret.current if created_at > secret.changed_at + CLOCKS_SECONDS else ""
