"""How ECS injects secrets into the worker: which variable, from which key of which version. Pure.

The task definition names the version ("Pass Secrets Manager secrets through Amazon ECS environment
variables", Amazon ECS Developer Guide: `<ARN>:<JSON key>:<version stage>:<version id>`). Without one, ECS
reads what is current when a task starts: a worker that is replaced for any reason would log in with a
password that nobody has tried, and could never go back to the one before. Secrets Manager keeps the last 100
versions ("What's in a Secrets Manager secret?", AWS Secrets Manager User Guide).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.secrets import BROKER_STRING, DB_INFO, KAFKA_CREDENTIALS, KAFKA_TLS

#: Of each secret, the variables that hold a part of it.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    BROKER_STRING: ("KAFKA_BOOTSTRAP_SERVERS",),
    DB_INFO: ("DATABASE_USER", "DATABASE_PASSWORD"),
    KAFKA_CREDENTIALS: ("KAFKA_USERNAME", "KAFKA_PASSWORD"),
    KAFKA_TLS: ("KAFKA_CERTIFICATE_AUTHORITY",),
}


@dataclass(frozen=True)
class PinnedSecret:
    """One version of a secret, by the secret's ARN and the version's id."""

    arn: str
    version: str

    def reference(self, key: str = "") -> str:
        """What ECS is given: the value of a key, or the whole text."""
        return f"{self.arn}:{key}::{self.version}"

    @property
    def path(self) -> str:
        """The secret's name: what the ARN ends with, without the hyphen and six characters behind it."""
        return self.arn.rpartition(":")[2][:-7]

    @classmethod
    def of(cls, reference: str) -> "PinnedSecret":
        """The secret that a reference names; the version is empty where it names none."""
        parts = reference.split(":")
        return cls(":".join(parts[:7]), parts[9] if len(parts) > 9 else "")


@dataclass(frozen=True)
class WorkerSecrets:
    """The secrets of a worker. `credentials` are for SCRAM, `authority` for brokers behind a private one.

    `user_key` and `password_key` are the keys of `dbInfo` that hold the login.
    """

    brokers: PinnedSecret
    database: PinnedSecret
    user_key: str
    password_key: str
    credentials: PinnedSecret | None = None
    authority: PinnedSecret | None = None

    def variables(self) -> dict[str, str]:
        """Variable -> what ECS is given for it."""
        given = {
            "KAFKA_BOOTSTRAP_SERVERS": self.brokers.reference(),
            "DATABASE_USER": self.database.reference(self.user_key),
            "DATABASE_PASSWORD": self.database.reference(self.password_key),
        }
        if self.credentials is not None:
            given["KAFKA_USERNAME"] = self.credentials.reference("username")
            given["KAFKA_PASSWORD"] = self.credentials.reference("password")
        if self.authority is not None:
            given["KAFKA_CERTIFICATE_AUTHORITY"] = self.authority.reference("certificateAuthorityPem")
        return given


def names_for(auth: KafkaAuth, *, private_ca: bool) -> tuple[str, ...]:
    """The names of the secrets that a worker needs, which is what its execution role may read."""
    named = [BROKER_STRING, DB_INFO]
    if auth is KafkaAuth.SCRAM:
        named.append(KAFKA_CREDENTIALS)
    if private_ca and auth is not KafkaAuth.PLAINTEXT:
        named.append(KAFKA_TLS)
    return tuple(named)
