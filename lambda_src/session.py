"""What one invocation works with: secrets and clients, each made when first used."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

from connector.domain.capture.config import connector_config
from connector.domain.capture.envelope import kept_envelope, remembered
from connector.domain.capture.snapshot import SnapshotRequest
from connector.domain.errors import SecretError, ServerError
from connector.domain.health.maintenance_window import WindowRequest
from connector.domain.health.observation import Service, Source
from connector.domain.health.refused import RefusedCredentials
from connector.domain.reconcile.run import ReconcileRequest
from connector.domain.request_values import LogEvent
from connector.domain.secrets.brokers import Brokers, KafkaAuth, parse_brokers
from connector.domain.secrets.database import Database, parse_database
from connector.domain.secrets.fallback import find_secret, require_secret
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.redactor import Redactor
from connector.domain.secrets.secrets import (
    ALB_TLS,
    BROKER_STRING,
    DB_INFO,
    KAFKA_CREDENTIALS,
    KAFKA_TLS,
    StoredSecret,
    parse_kafka_credentials,
)
from connector.domain.secrets.shapes import parse_alb_tls, parse_kafka_tls
from connector.domain.stage.aws_names import CONNECT_PORT, CONNECTOR
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import TopicSpec
from lambda_src.clients import aws, metrics_page
from lambda_src.clients import ecs as tasks
from lambda_src.clients.backups import Backups
from lambda_src.clients.connect_rest import Connect
from lambda_src.clients.ecs import Ecs
from lambda_src.clients.endpoints import Address, addresses
from lambda_src.clients.kafka_port import KafkaAdmin, OpenKafka, client_settings, open_kafka
from lambda_src.clients.objects import S3
from lambda_src.clients.secrets import SecretReader, SecretsManager
from lambda_src.clients.state_table import Table, read_record, read_refused
from lambda_src.clients.tcp import TcpProbe, tcp_probe
from lambda_src.clients.tls import certificate_expiry
from lambda_src.clients.transport import Transport
from lambda_src.clients.worker_log import Logs
from lambda_src.runtime.deadline import Deadline
from lambda_src.runtime.environment import Environment


@dataclass(frozen=True)
class Aws:
    """The AWS clients, made when first used: a request needs few of them."""

    secrets_manager: Callable[[], SecretsManager]
    ecs: Callable[[], Ecs]
    table: Callable[[str], Table]
    logs: Callable[[], Logs]
    s3: Callable[[], S3]
    #: AWS's addresses that the stage needs, from the account's number.
    endpoints: Callable[[str], Sequence[Address]] = addresses

    @classmethod
    def real(cls) -> "Aws":
        """Clients of the account and region in which the function runs."""
        return cls(
            lambda: cast(SecretsManager, aws.client("secretsmanager")),
            lambda: cast(Ecs, aws.client("ecs")),
            lambda name: cast(Table, aws.resource("dynamodb").Table(name)),
            lambda: cast(Logs, aws.client("logs")),
            lambda: cast(S3, aws.client("s3")),
        )


@dataclass
class Session:
    """One invocation. Everything confidential that it reads is added to its redactor at once."""

    environment: Environment
    account: str
    deadline: Deadline
    redactor: Redactor = field(default_factory=Redactor)
    aws: Aws = field(default_factory=Aws.real)
    transport: Transport | None = None
    open_kafka: OpenKafka = open_kafka
    tcp_probe: TcpProbe = tcp_probe
    #: Host, port, authority and seconds -> when the certificate that the host shows expires.
    certificate_expiry: Callable[[str, int, str, float], float] = certificate_expiry
    #: How many workers the stage is configured to have; None when the caller did not say.
    desired_count: int | None = None
    #: Whether the request is part of a launch.
    launch: bool = False
    #: Whether the caller has marked the stage as being torn down before.
    marked: bool = False
    #: The stage that the caller means; None when it did not say.
    meant: str | None = None
    #: Whether an operator wants a login to be tried once more that was refused.
    retry_login: bool = False
    #: The tables of a requested snapshot or acknowledgement; none stands for all.
    tables: tuple[str, ...] = ()
    #: Why an operator pauses or stops the connector, and after how many seconds people are reminded of it
    #: first; 0: after a day.
    why: str = ""
    remind_seconds: int = 0
    #: The offsets to restore, and whether the DBA was asked for the redo log at their position.
    offsets: tuple[Mapping[str, Any], ...] = ()
    position_checked: bool = False
    #: The id of the backup that is meant; empty: the newest that fits.
    backup: str = ""
    #: The snapshot that is requested or asked about.
    snapshot: SnapshotRequest | None = None
    #: The comparison of source and topics that is requested.
    reconcile: ReconcileRequest | None = None
    #: Events of the worker's log that the caller has read; None when it could not.
    log: tuple[LogEvent, ...] | None = None
    #: Path -> version id of the secrets to work with, of which no other exists; None: whatever is current.
    pinned: Mapping[str, str] | None = None
    #: When the launch that asks has changed the connector, in seconds since 1970; 0 if it has not.
    since: float = 0
    #: The connector's settings of the caller's checkout, as JSON; None where they do not matter.
    settings: str | None = None
    #: The names of changes that cannot be undone and are confirmed.
    confirmed: tuple[str, ...] = ()
    #: The maintenance window that is to be opened.
    window: WindowRequest | None = None

    @property
    def stage(self) -> Stage:
        """The stage that this function serves."""
        return self.environment.stage

    @cached_property
    def secrets(self) -> SecretReader:
        """Secrets, each read once."""
        return SecretReader(self.aws.secrets_manager(), self.pinned)

    def with_versions(self, versions: Mapping[str, str]) -> "Session":
        """The same invocation with these versions of secrets (path -> version id), and no others.

        It shares the redactor.
        """
        return replace(self, pinned=dict(versions))

    def anew(self) -> "Session":
        """The same invocation with nothing read yet. It shares the redactor."""
        return replace(self)

    def stored(self, name: str) -> StoredSecret:
        """A secret that the stage must have; `SecretError` when it does not exist or cannot be read."""
        return self._require(name)

    @cached_property
    def brokers(self) -> Brokers:
        """The stage's brokers."""
        brokers = parse_brokers(self._require(BROKER_STRING))
        self.redactor.add_brokers(brokers)
        return brokers

    @cached_property
    def database(self) -> Database:
        """The stage's source database."""
        database = parse_database(self._require(DB_INFO))
        self.redactor.add_database(database)
        return database

    @cached_property
    def credentials(self) -> tuple[Redacted, Redacted] | None:
        """User and password for the brokers, where SCRAM asks for them."""
        if self.environment.auth is not KafkaAuth.SCRAM:
            return None
        user, password = parse_kafka_credentials(self._require(KAFKA_CREDENTIALS))
        self.redactor.add(password)
        self.redactor.add_words(user)
        return user, password

    @cached_property
    def authority(self) -> str | None:
        """Certificates of the brokers' private authority, as PEM; None where the stage has no such secret."""
        if self.environment.auth is KafkaAuth.PLAINTEXT:
            return None
        found = find_secret(self.environment.secret_prefix, self.stage, KAFKA_TLS, self.secrets.fetch)
        return None if found is None else parse_kafka_tls(found)

    @cached_property
    def refused(self) -> RefusedCredentials:
        """The versions of secrets that were refused, as they were when first asked for."""
        return read_refused(self.aws.table(self.environment.table))

    @property
    def backups(self) -> Backups | None:
        """Where the stage's backups lie; None for a stage that has none."""
        bucket = self.environment.bucket
        return Backups(self.aws.s3(), bucket, self.stage) if bucket and not self.stage.ephemeral else None

    @property
    def database_address(self) -> str:
        """`host:port` of the source, for messages."""
        return ", ".join(f"{host}:{port}" for host, port in self.database.endpoints)

    def database_error(self) -> str:
        """Why this function does not reach the source's first port; empty when it does."""
        seconds = self.deadline.timeout("reaching the database", at_most=3)
        return self.tcp_probe(self.database.host, self.database.port, seconds)

    @cached_property
    def config(self) -> Mapping[str, str]:
        """The connector config as it should be."""
        env = self.environment
        private_ca = self.authority is not None
        settings = replace(env.settings, envelope=self.envelope)
        return connector_config(env.stage, self.database, env.auth, settings, private_ca=private_ca)

    @cached_property
    def envelope(self) -> str:
        """The form of the stage's messages: as its settings say, else as it has been so far."""
        asked = self.environment.settings.envelope
        if asked:
            return asked
        record = read_record(self.aws.table(self.environment.table))
        return remembered(record) or kept_envelope(record, self.connect().config(CONNECTOR))

    @property
    def topics(self) -> tuple[TopicSpec, ...]:
        """The topics that should exist."""
        settings = self.environment.settings
        return self.stage.topics.specs(
            settings.kind,
            jdbc_topics=settings.jdbc_topics,
            data_partitions=settings.data_partitions,
            data_retention_days=settings.data_retention_days,
            heartbeat_table=bool(settings.heartbeat_table),
            max_record_mib=settings.max_record_mib,
        )

    @cached_property
    def service(self) -> Service:
        """The ECS service, as it is now."""
        env = self.environment
        service = self.observe_service()
        if service is None:
            raise ServerError(
                f"ECS service {env.service} does not exist in cluster {env.cluster}; launch the stage"
            )
        return service

    def observe_service(self) -> Service | None:
        """The ECS service, as it is now; None when it was never launched."""
        env = self.environment
        return tasks.observe(self.aws.ecs(), env.cluster, env.service)

    def know_confidential(self) -> None:
        """Read the values that must be redacted, before a text from Connect is shown."""
        _ = self.brokers, self.database, self.credentials

    def connect(self, within: float | None = None) -> Connect:
        """The stage's Connect cluster; `within`: seconds for all requests, if less than the deadline."""
        url = self.environment.connect_url
        addresses = [url] if url else [connect_url(address) for address in self.service.addresses]
        deadline = self.deadline if within is None else self.deadline.sooner(within)
        return Connect(addresses, self.http, deadline)

    @cached_property
    def http(self) -> Transport:
        """HTTP; with a load balancer, trusting the authority that its secret names."""
        if self.transport is not None:
            return self.transport
        from lambda_src.clients.http_transport import HttpTransport  # noqa: PLC0415 - a cold start is shorter

        if self.environment.connect_url is None:
            return HttpTransport()
        return HttpTransport(self.alb_authority)

    @property
    def alb_authority(self) -> str:
        """The certificates that a load balancer's own is verified against, as PEM."""
        return parse_alb_tls(self._require(ALB_TLS))["certificateAuthorityPem"]

    def source_at(self, address: str) -> Source:
        """What the worker at an address says about the source."""
        return metrics_page.read_source(self.http, address, self.stage.topics.prefix, self.deadline)

    @contextmanager
    def kafka(self, at_most: float | None = None) -> Iterator[KafkaAdmin]:
        """The Kafka cluster, for as long as the block runs; its requests take `at_most` so many seconds."""
        self._check_credentials()
        settings = client_settings(self.brokers, self.environment.auth, self.credentials, self.authority)
        deadline = self.deadline if at_most is None else self.deadline.sooner(at_most)
        with self.open_kafka(settings, deadline, self.redactor.redact) as kafka:
            yield kafka

    def _check_credentials(self) -> None:
        """`SecretError` if the brokers have refused the version of `kafkaCredentials` that is in force."""
        if self.credentials is None:
            return
        versions = {p: v for p, v in self.secrets.versions.items() if p.endswith(f"/{KAFKA_CREDENTIALS}")}
        refused = self.refused.refusal_of(versions)
        if refused is not None:
            raise SecretError(refused.refusal(self.stage))

    def _require(self, name: str) -> StoredSecret:
        return require_secret(self.environment.secret_prefix, self.stage, name, self.secrets.fetch)


def connect_url(address: str) -> str:
    """Where a worker's REST API is."""
    return f"http://{address}:{CONNECT_PORT}"
