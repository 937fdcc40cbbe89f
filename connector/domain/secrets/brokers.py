"""The broker string and the ways of authenticating to MSK.

MSK's ports (Amazon MSK developer guide, "Port information"): 9092 plaintext, 9094 TLS, 9096 SASL/SCRAM, 9098
IAM; a hundred more for public access, from 20092 on for IPv6. With multi-VPC private connectivity each broker
has a port of its own, 14001 for the first, up to 14100, whatever the method. The broker's name has the method
(`GetBootstrapBrokers`, BootstrapBrokerStringVpcConnectivity…: `b-1.iam.<cluster>.….amazonaws.com:14001`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.errors import OperatorError, SecretError
from connector.domain.secrets.hosts import plausible
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import BROKER_STRING, StoredSecret, plain_text

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_ENDPOINT = re.compile(rf"({_HOST}):([0-9]{{1,5}})")
#: A broker as MSK names it: b-1.<cluster>.<id>.c4.kafka.<region>.amazonaws.com, with -public behind b-1 where
#: that is its public address, and with the method as a label of its own for multi-VPC connectivity.
_MSK_HOST = re.compile(
    r"(?P<broker>[a-z0-9-]+)(?:\.(?P<method>iam|scram|tls))?(?:\.[a-z0-9-]+)+"
    r"\.kafka(?:-serverless)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?",
    re.IGNORECASE | re.ASCII,
)


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
    def public_port(self) -> int | None:
        """The port on which MSK listens for this kind of client from the internet; None if it does not."""
        return _PUBLIC_PORTS.get(self)

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
#: Unauthenticated clients have no public port.
_PUBLIC_PORTS: Mapping[KafkaAuth, int] = {
    auth: port + 100 for auth, port in _PORTS.items() if auth is not KafkaAuth.PLAINTEXT
}
_IPV6_PORTS = {auth: port + 11000 for auth, port in _PORTS.items()}
#: First and last port of multi-VPC connectivity, one for each broker.
MULTI_VPC_PORTS = (14001, 14100)


@dataclass(frozen=True)
class Brokers:
    """A parsed broker string. The string and the hosts in it are confidential; the ports are not."""

    text: Redacted
    hosts: Redacted
    #: Every port in it, once, in order.
    ports: tuple[int, ...]
    #: The secret's path, for messages.
    path: str = BROKER_STRING

    @property
    def bootstrap(self) -> list[str]:
        """`host:port` of each broker, for a client; never for a message."""
        return self.text.reveal().split(",")

    @property
    def endpoints(self) -> list[tuple[str, int]]:
        """Host and port of each broker; never for a message."""
        pairs = (entry.rpartition(":") for entry in self.bootstrap)
        return [(host, int(port)) for host, _, port in pairs]

    @property
    def port_ranges(self) -> tuple[tuple[int, int], ...]:
        """First and last of the ports that clients need, in order; mostly one port, which is both.

        With multi-VPC connectivity all that MSK may use: the string names some brokers, and each of the
        others has a port of its own too.
        """
        private = [port for host, port in self.endpoints if _is_multi_vpc(port) and _MSK_HOST.fullmatch(host)]
        single = ((port, port) for port in self.ports if port not in private)
        return tuple(sorted([*single, *([MULTI_VPC_PORTS] if private else [])]))

    @property
    def public(self) -> bool:
        """Whether one of them is named by its public address at MSK, which is in no subnet."""
        return any(_is_public(host) for host, _ in self.endpoints)


def parse_brokers(stored: StoredSecret) -> Brokers:
    """The secret `brokerString`: `host:port` separated by commas.

    Different ports are no error here: `choose_auth` says whether they are allowed.
    """
    entries = [entry.strip() for entry in plain_text(stored).split(",")]
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
        if not 1 <= int(match[2]) <= 65535:
            raise SecretError(f"secret {stored.path}: {match[2]} is not a port")
    ports = tuple(sorted({int(match[2]) for match in found}))
    hosts = ",".join(match[1] for match in found)
    return Brokers(Redacted(",".join(entries)), Redacted(hosts), ports, stored.path)


def choose_auth(configured: str | None, brokers: Brokers) -> KafkaAuth:
    """The setting `kafka_auth`, else what the broker string's ports stand for.

    With the setting each broker may have a port of its own, as behind one load balancer, and a port that MSK
    does not use is the cluster's own choice. MSK's port for another method is refused where all brokers have
    it, or where the broker is MSK's by its name. Without the setting, different ports and unknown ones are
    refused.
    """
    if configured:
        auth = parse_auth(configured)
        _refuse_contradiction(auth, brokers)
        return auth
    multi_vpc = {_multi_vpc_method(host, port) for host, port in brokers.endpoints}
    if len(multi_vpc) == 1 and None not in multi_vpc:
        (method,) = multi_vpc
        return KafkaAuth(str(method))
    if len(brokers.ports) > 1:
        raise SecretError(
            f"secret {brokers.path} mixes the ports {', '.join(map(str, brokers.ports))}, so it does not say "
            f"how clients authenticate; {_SET_AUTH} if each broker has a port of its own, or use one of "
            f"{_known_ports()} for all brokers"
        )
    (port,) = brokers.ports
    found = auth_of(port)
    if port in _IPV6_PORTS.values():
        raise OperatorError(
            f"secret {brokers.path}: {port} is MSK's port for {found} by IPv6, and clients here use IPv4; "
            f"use the brokers' names and port for IPv4 ({KafkaAuth(str(found)).port})"
        )
    if found is not None:
        return found
    if _is_multi_vpc(port):
        raise OperatorError(
            f"secret {brokers.path}: port {port} is one of MSK's for multi-VPC connectivity, which iam, "
            f"scram and tls have in common; {_SET_AUTH}"
        )
    raise OperatorError(
        f"secret {brokers.path}: port {port} is not one of MSK's ports ({_known_ports()}); fix it, or "
        f"{_SET_AUTH}"
    )


def _refuse_contradiction(auth: KafkaAuth, brokers: Brokers) -> None:
    for place, (host, port) in enumerate(brokers.endpoints, 1):
        method = _multi_vpc_method(host, port)
        if method not in (None, auth.value):
            raise OperatorError(
                f"kafka_auth is {auth.value}, but entry {place} of secret {brokers.path} is MSK's multi-VPC "
                f"address for {method}; set kafka_auth to {method}, or take the addresses for {auth.value}"
            )
        meant = auth_of(port) or auth
        fitting = (auth.public_port if _is_public(host) else None) or auth.port
        if meant is not auth and (len(brokers.ports) == 1 or _MSK_HOST.fullmatch(host)):
            raise OperatorError(
                f"kafka_auth is {auth.value}, but the port {port} in secret {brokers.path} is MSK's "
                f"port for {meant.value}; set kafka_auth to {meant.value}, or the port to {fitting}"
            )


def only_by_launch(auth: KafkaAuth, before: Brokers, after: Brokers) -> str:
    """Why the workers cannot change from one broker string to another without a launch; empty if they can."""
    contradiction = _contradiction(auth, after)
    if contradiction and not _contradiction(auth, before):
        return f"only a launch changes how clients authenticate: {contradiction}"
    new = [each for each in after.port_ranges if each not in before.port_ranges]
    if not new:
        return ""
    ports = ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in new)
    return f"the stage has no rule for port {ports}: only a launch opens the security group for it"


def _contradiction(auth: KafkaAuth, brokers: Brokers) -> str:
    try:
        _refuse_contradiction(auth, brokers)
    except OperatorError as error:
        return str(error)
    return ""


def _is_public(host: str) -> bool:
    """Whether a broker is named by its public address at MSK."""
    match = _MSK_HOST.fullmatch(host)
    return match is not None and match["broker"].lower().endswith("-public")


def _multi_vpc_method(host: str, port: int) -> str | None:
    """The method in the name of a broker that MSK offers to other VPCs; None for any other broker."""
    match = _MSK_HOST.fullmatch(host) if _is_multi_vpc(port) else None
    return match["method"].lower() if match and match["method"] else None


def _is_multi_vpc(port: int) -> bool:
    return MULTI_VPC_PORTS[0] <= port <= MULTI_VPC_PORTS[1]


def auth_of(port: int) -> KafkaAuth | None:
    """The method whose port at MSK this is, private, public or for IPv6; None for any other port."""
    tables = (_PORTS, _PUBLIC_PORTS, _IPV6_PORTS)
    return next((auth for table in tables for auth, own in table.items() if own == port), None)


def parse_auth(text: str) -> KafkaAuth:
    """`kafka_auth` as written in a config file."""
    try:
        return KafkaAuth(text)
    except ValueError:
        allowed = ", ".join(auth.value for auth in KafkaAuth)
        raise OperatorError(f"kafka_auth {text!r} is unknown; allowed: {allowed}") from None


#: The next step where the ports do not say how clients authenticate.
_SET_AUTH = "set kafka_auth to tls, scram, iam or plaintext in the stage's config.yaml"

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


#: How long a client waits before it connects again to a broker that it could not connect to or that closed
#: the connection, in milliseconds; twice as long after each failure, up to the second figure. MSK accepts few
#: connections with IAM at once, 4 a second on a kafka.t3.small broker, and refuses the others with "Too many
#: connects" (Amazon MSK developer guide, "Amazon MSK quota"; README of aws-msk-iam-auth, "Failed
#: Authentication: Too many connects", which asks for 1000 at least). Kafka's own figures are 50 and 1000.
RECONNECT_BACKOFF_MS = 1000
RECONNECT_BACKOFF_MAX_MS = 10000


#: Where the worker's clients find the certificates that they trust; the image's entry point sets both.
TRUST_STORE = {
    "ssl.truststore.type": "${env:KAFKA_TRUSTSTORE_TYPE}",
    "ssl.truststore.location": "${env:KAFKA_TRUSTSTORE_LOCATION}",
}


def client_security(auth: KafkaAuth, *, private_ca: bool = False) -> Mapping[str, str]:
    """The security block for a Kafka client inside a connector config, without a prefix.

    Credentials are `${env:…}` references that the worker resolves, so that Connect stores none. With IAM the
    block also bounds how often the client connects. `private_ca`: the brokers' certificates are of an
    authority that the stage's secret `kafkaTls` holds; without one a client trusts what Java trusts.
    """
    block = {"security.protocol": auth.protocol}
    if private_ca and auth is not KafkaAuth.PLAINTEXT:
        block |= TRUST_STORE
    if auth is KafkaAuth.SCRAM:
        block["sasl.mechanism"] = "SCRAM-SHA-512"
        block["sasl.jaas.config"] = (
            f'{_SCRAM_LOGIN} required username="${{env:KAFKA_USERNAME}}" password="${{env:KAFKA_PASSWORD}}";'
        )
    elif auth is KafkaAuth.IAM:
        block["sasl.mechanism"] = "AWS_MSK_IAM"
        block["sasl.jaas.config"] = f"{_IAM_LOGIN} required;"
        block["sasl.client.callback.handler.class"] = _IAM_HANDLER
        block["reconnect.backoff.ms"] = str(RECONNECT_BACKOFF_MS)
        block["reconnect.backoff.max.ms"] = str(RECONNECT_BACKOFF_MAX_MS)
    return block


def _known_ports() -> str:
    return ", ".join(f"{port} {auth.value}" for auth, port in _PORTS.items())
