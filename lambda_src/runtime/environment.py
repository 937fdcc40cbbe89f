"""The environment variables of both functions, validated before anything else."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.secrets.brokers import KafkaAuth, parse_auth
from connector.domain.stage.stage import Stage

REQUIRED = (
    "STAGE",
    "SECRET_PREFIX",
    "TABLE_NAME",
    "CLUSTER_NAME",
    "SERVICE_NAME",
    "KAFKA_AUTH",
    "CONNECTOR_SETTINGS",
)
#: CONNECT_URL only with a load balancer, DOCS_URL only where mails link to it. Functions of
#: an earlier version have no DESIRED_COUNT and no ARTIFACT_BUCKET.
OPTIONAL = ("ARTIFACT_BUCKET", "CONNECT_URL", "DESIRED_COUNT", "DOCS_URL")


@dataclass(frozen=True)
class Environment:
    """The configuration that the functions stack gives a function."""

    stage: Stage
    secret_prefix: str
    table: str
    cluster: str
    service: str
    auth: KafkaAuth
    settings: ConnectorSettings
    connect_url: str | None = None
    #: How many workers the stage is configured to have.
    desired_count: int = 1
    #: The address of the directory `docs`, to which mails link; empty: they name the file.
    docs_url: str = ""
    #: The bucket with backups and the digests of comparisons.
    bucket: str = ""

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> "Environment":
        """From environment variables; a missing or empty one is an `OperatorError` that names it."""
        missing = [name for name in REQUIRED if not variables.get(name, "").strip()]
        empty = [name for name in OPTIONAL if name in variables and not variables[name].strip()]
        if missing or empty:
            raise OperatorError(
                f"the admin Lambda's environment lacks {', '.join((*missing, *empty))}; "
                "launch the stage's functions stack again"
            )
        return cls(
            stage=Stage.parse(variables["STAGE"]),
            secret_prefix=variables["SECRET_PREFIX"],
            table=variables["TABLE_NAME"],
            cluster=variables["CLUSTER_NAME"],
            service=variables["SERVICE_NAME"],
            auth=parse_auth(variables["KAFKA_AUTH"]),
            settings=_settings(variables["CONNECTOR_SETTINGS"]),
            connect_url=variables.get("CONNECT_URL", "").rstrip("/") or None,
            desired_count=_count(variables.get("DESIRED_COUNT", "1")),
            docs_url=variables.get("DOCS_URL", ""),
            bucket=variables.get("ARTIFACT_BUCKET", ""),
        )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise OperatorError(f"DESIRED_COUNT {text!r} is not a whole number from 0; launch the stage again")
    return int(text)


def _settings(text: str) -> ConnectorSettings:
    try:
        return ConnectorSettings.from_json(text)
    except (ValueError, TypeError) as error:
        raise OperatorError(f"CONNECTOR_SETTINGS is not the JSON of connector settings: {error}") from None
