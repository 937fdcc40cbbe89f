"""The broker string and the ways of authenticating to MSK.

Ports are MSK's: 9092 plaintext, 9094 TLS, 9096 SASL/SCRAM, 9098 IAM
(https://docs.aws.amazon.com/msk/latest/developerguide/port-info.html).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.errors import OperatorError, SecretError
from connector.domain.secrets.hosts import plausible
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import BROKER_STRING, StoredSecret

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_ENDPOINT = re.compile(rf"({_HOST}):([0-9]{{1,5}})")


class KafkaAuth(StrEnum):
    """How a client authenticates to the brokers; the setting `kafka_auth`."""

    TLS = "tls"
    SCRAM = "scram"
    IAM = "iam"
    PLAINTEXT = "plaintext"

    @property
    def port(self) -> int:
        """The port on which MSK listens for this kind of client."""
        return _PORTS[self]

    @property
    def protocol(self) -> str:
        """Kafka's `security.protocol`."""
        return {
            KafkaAuth.TLS: "SSL",
            KafkaAuth.SCRAM: "SASL_SSL",
            KafkaAuth.IAM: "SASL_SSL",
            KafkaAuth.PLAINTEXT: "PLAINTEXT",
        }[self]


_PORTS = {
    KafkaAuth.PLAINTEXT: 9092,
    KafkaAuth.TLS: 9094,
    KafkaAuth.SCRAM: 9096,
    KafkaAuth.IAM: 9098,
}


@dataclass(frozen=True)
class Brokers:
    """A parsed broker string. The string and the hosts in it are confidential; the port is not."""

    text: Redacted
    hosts: Redacted
    port: int
    #: The secret's path, for messages.
    path: str = BROKER_STRING

    @property
    def bootstrap(self) -> list[str]:
        """`host:port` of each broker, for a client; never for a message."""
        return self.text.reveal().split(",")


def parse_brokers(stored: StoredSecret) -> Brokers:
    """The secret `brokerString`: `host:port` separated by commas, all with one port.

    Mixed ports are refused: they would mean two ways of authenticating in one client.
    """
    text = stored.text.reveal().strip()
    entries = [entry.strip() for entry in text.split(",")]
    matches = [_ENDPOINT.fullmatch(entry) for entry in entries]
    if not all(matches):
        place = next(i for i, match in enumerate(matches, 1) if match is None)
        raise SecretError(
            f"secret {stored.path}: entry {place} of {len(entries)} is not host:port; "
            "expected broker1:9098,broker2:9098 (host names or IPv4 addresses)"
        )
    found = [match for match in matches if match]
    for place, match in enumerate(found, 1):
        if not plausible(match[1]):
            raise SecretError(
                f"secret {stored.path}: the host of entry {place} of {len(entries)} is neither an IPv4 "
                "address nor a host name"
            )
    ports = sorted({int(match[2]) for match in found})
    if len(ports) > 1:
        raise SecretError(
            f"secret {stored.path} mixes the ports {', '.join(map(str, ports))}; "
            f"all brokers must use one of {_known_ports()}"
        )
    if not 1 <= ports[0] <= 65535:
        raise SecretError(f"secret {stored.path}: {ports[0]} is not a port")
    hosts = ",".join(match[1] for match in found)
    return Brokers(Redacted(",".join(entries)), Redacted(hosts), ports[0], stored.path)


def choose_auth(configured: str | None, brokers: Brokers) -> KafkaAuth:
    """The setting `kafka_auth`, else what the broker string's port stands for.

    MSK's port for another method is refused; a port that MSK does not use is the cluster's own choice.
    """
    if configured:
        auth = parse_auth(configured)
        meant = auth_of(brokers.port) or auth
        if meant is not auth:
            raise OperatorError(
                f"kafka_auth is {auth.value}, but the port {brokers.port} in secret {brokers.path} is MSK's "
                f"port for {meant.value}; set kafka_auth to {meant.value}, or the port to {auth.port}"
            )
        return auth
    found = auth_of(brokers.port)
    if found is not None:
        return found
    raise OperatorError(
        f"secret {brokers.path}: port {brokers.port} is not one of MSK's ports ({_known_ports()}); fix it, "
        "or set kafka_auth to tls, scram, iam or plaintext in the stage's config.yaml"
    )


def auth_of(port: int) -> KafkaAuth | None:
    """The method whose port at MSK this is; None for a port that MSK does not use."""
    return next((auth for auth, own in _PORTS.items() if own == port), None)


def parse_auth(text: str) -> KafkaAuth:
    """`kafka_auth` as written in a config file."""
    try:
        return KafkaAuth(text)
    except ValueError:
        allowed = ", ".join(auth.value for auth in KafkaAuth)
        raise OperatorError(f"kafka_auth {text!r} is unknown; allowed: {allowed}") from None


#: The JVM classes behind each SASL mechanism; the plain client's handler where none is needed.
_SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule"
_IAM_LOGIN = "software.amazon.msk.auth.iam.IAMLoginModule"
_PLAIN_HANDLER = "org.apache.kafka.common.security.authenticator.SaslClientCallbackHandler"
_IAM_HANDLER = "software.amazon.msk.auth.iam.IAMClientCallbackHandler"


def worker_environment(auth: KafkaAuth) -> Mapping[str, str]:
    """The environment variables that show the Connect worker how to reach the brokers.

    All are always set: Kafka leaves an unresolved `${env:…}` in the value unchanged.
    """
    iam = auth is KafkaAuth.IAM
    mechanism = {KafkaAuth.SCRAM: "SCRAM-SHA-512", KafkaAuth.IAM: "AWS_MSK_IAM"}.get(auth, "GSSAPI")
    return {
        "KAFKA_SECURITY_PROTOCOL": auth.protocol,
        "KAFKA_SASL_MECHANISM": mechanism,
        "KAFKA_SASL_LOGIN_MODULE": _IAM_LOGIN if iam else _SCRAM_LOGIN,
        "KAFKA_SASL_CALLBACK_HANDLER": _IAM_HANDLER if iam else _PLAIN_HANDLER,
    }


def client_security(auth: KafkaAuth) -> Mapping[str, str]:
    """The security block for a Kafka client inside a connector config, without a prefix.

    Credentials are `${env:…}` references that the worker resolves, so that Connect stores none.
    """
    block = {"security.protocol": auth.protocol}
    if auth is KafkaAuth.SCRAM:
        block["sasl.mechanism"] = "SCRAM-SHA-512"
        block["sasl.jaas.config"] = (
            f'{_SCRAM_LOGIN} required username="${{env:KAFKA_USERNAME}}" password="${{env:KAFKA_PASSWORD}}";'
        )
    elif auth is KafkaAuth.IAM:
        block["sasl.mechanism"] = "AWS_MSK_IAM"
        block["sasl.jaas.config"] = f"{_IAM_LOGIN} required;"
        block["sasl.client.callback.handler.class"] = _IAM_HANDLER
    return block


def _known_ports() -> str:
    return ", ".join(f"{port} {auth.value}" for auth, port in _PORTS.items())
