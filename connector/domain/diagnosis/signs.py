"""Words and classes by which an error is recognised that has no number of the database's. Pure.

The first sign that fits a cause counts, so narrow ones come first. Texts of Debezium are those of
v3.6.1.Final (debezium-connector-oracle, debezium-connector-common), of ojdbc those of "JDBC Error Messages"
in Oracle's JDBC Developer's Guide, of Connect and Kafka's client those of 4.3.1; of MSK's IAM those of
aws/aws-msk-iam-auth 2.3.9 and its issues 25, 28 and 45.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from connector.domain.diagnosis import connector_messages
from connector.domain.diagnosis.kafka_errors import BY_EXCEPTION, PACKAGES
from connector.domain.diagnosis.trace import Cause


@dataclass(frozen=True)
class Sign:
    """What makes an error class of a cause: all that is given here must be found in it."""

    error_class: str
    #: Patterns, compiled when the first cause is looked at: in the message.
    words: str = ""
    #: In the Java class's name with its package.
    exception: str = ""
    #: In one of the first frames, or the message.
    place: str = ""
    #: In none of the first frames.
    without: str = ""

    def fits(self, cause: Cause) -> bool:
        """Whether a cause shows this sign."""
        words, exception, place, without = self._compiled
        return (
            (words is None or words.search(cause.message) is not None)
            and (exception is None or exception.search(cause.exception) is not None)
            and (place is None or any(place.search(text) for text in (*cause.frames, cause.message)))
            and (without is None or not any(map(without.search, cause.frames)))
        )

    @cached_property
    def _compiled(self) -> tuple[re.Pattern[str] | None, ...]:
        words = re.compile(self.words, re.IGNORECASE) if self.words else None
        return (words, *(re.compile(p) if p else None for p in (self.exception, self.place, self.without)))


def _sign(error_class: str, *words: str, exception: str = "", place: str = "", without: str = "") -> Sign:
    return Sign(error_class, "|".join(words), exception, place, without)


#: What tells by itself what is wrong, whoever else speaks in the trace.
TELLING: Sequence[Sign] = (
    # A row or a statement that the connector cannot read.
    _sign("unreadable change", r"unable to re-?construct the SQL|Potential Oracle LogMiner Bug"),
    _sign("DML", exception=r"\.DmlParserException$"),
    _sign("DML", r"\bDML statement couldn't be parsed|Failed to parse (?:insert |update |delete )?DML"),
    _sign(
        "DML",
        r"Parsing failed for SQL|Failed to parse (?:32K_WRITE|XML write)",
        # The parsers of LogMiner's own statements throw the class that the parser of DDL throws.
        r"Expected '\w{1,10}' at index|Failed to parse operator at index|XML_REDO preamble",
        exception="ParsingException$",
    ),
    _sign("DDL", r"\bDDL statement couldn't be parsed"),
    _sign("DDL", exception=r"ParsingException$"),
    _sign(
        "unreadable value",
        r"Failed to properly convert (?:data|key) value"
        r"|internal schema representation is probably out of sync",
        r"Couldn't convert value for column|Failed to convert value for ?column|HEXTORAW value",
        r"Failed to convert HEX string|Unexpected timestamp with time zone value|Couldn't read binary data",
        r"malformed hex string in LogMiner",
    ),
    # The redo log, and what is set up for it.
    _sign(
        "log missing",
        r"no longer available on the server|do not contain the offset scn|contain offset SCN",
        r"archive logs? containing offset SCN|Could not find the start SCN|A re-snapshot is required",
        r"Cannot get maximum archive log SCN",
    ),
    _sign("log missing", exception=r"\.LogFileNotFoundException$"),
    _sign("redo switched", r"Redo thread \d+ is open, expected logs|log collection is empty"),
    _sign("redo switched", exception=r"\.RetriableLogMinerException$"),
    _sign(
        "database rights",
        r"Supplemental logging not (?:properly )?configured|no(?:t| longer) .{0,40}supplemental log",
        # Debezium's message for a table that was dropped between its first check and its read.
        r"io\.debezium\.relational\.Table\.\w+\(\)\W+because \W*table\W* is null",
        r"Unable to find table in relational model|was not found in ALL_ALL_TABLES",
        r"Failed to resolve Oracle's NLS_",
    ),
    _sign(
        "database set-up",
        r"not configured to use a archive log|LOG_MODE=ARCHIVELOG",
        r"(?:Failed to|could not) (?:resolve|locate) .{0,40}archive (?:log )?destination",
        r"archive destinations? (?:are|is) (?:not )?(?:local|valid)"
        r"|archive log destination name .{0,200} is unknown",
        r"None of the supplied archive destinations|at least one archive log destination",
        r"At least one destination name is expected|number of archive log destinations",
        r"Error while checking validity of archive destination",
        r"unexpected NLS_NCHAR_CHARACTERSET",
    ),
    _sign(
        "schema history",
        r"(?:db|schema)[ -]?history topic|schema isn't known to this connector",
        r"Detected changed end offset of database schema history",
    ),
    # Memory of the worker. A client without TLS takes the first bytes of a TLS port's answer for a length,
    # and asks for that much memory (KAFKA-4090). With TLS the client reads through SslTransportLayer.
    _sign(
        "broker authentication",
        exception=r"\bOutOfMemoryError$",
        place=r"\.network\.(?:PlaintextTransportLayer|NetworkReceive)\b|\.kafka\.common\.memory\.",
        without=r"\.SslTransportLayer\b",
    ),
    _sign("memory", exception=r"\bOutOfMemoryError$"),
    _sign("memory", r"Java heap space|GC overhead limit exceeded|OutOfMemoryError"),
    # AWS.
    _sign(
        "AWS credentials",
        r"Failed to find AWS IAM Credentials|Unable to load (?:AWS )?credentials"
        r"|security token .{0,40}expired",
        r"ExpiredToken|credentials? (?:have|has|is|are) expired|Session too short|RequestTimeTooSkewed"
        r"|clock skew",
        r"Signature (?:expired|not yet current)|Failed to get credentials|Failed to load credentials",
        r"Cannot change principals during re-?authentication|Failed to connect to service endpoint",
        r"169\.254\.170\.2|169\.254\.169\.254|Container credentials|EC2 metadata",
    ),
    _sign(
        "AWS rights",
        r"is not authorized to perform: (?!kafka-cluster)|AccessDenied|UnauthorizedOperation",
        # KMS tells nobody whether a key is missing or only not allowed.
        r"(?:master|KMS) key .{0,120}(?:not exist|not allowed)|Access to KMS is not allowed",
        exception=r"amazon(?:aws)?\b.*(?:Exception|Error)$",
    ),
    _sign(
        "AWS endpoint",
        r"Rate exceeded|Throttl|SlowDown|ServiceUnavailable|InternalFailure|Service Unavailable",
        exception=r"amazon(?:aws)?\b.*(?:Exception|Error)$",
    ),
    # Brokers.
    _sign("brokers throttle", r"Too many connects|Too many connections|connection (?:rate|creation) quota"),
    _sign(
        "cluster rights",
        r"Not authorized to access|_AUTHORIZATION_FAILED|authorization failed\.|\]: Access denied",
        r"is not authorized to perform: kafka-cluster",
    ),
    _sign(
        "broker authentication",
        r"Invalid receive \(size|enabled mechanisms are \[|Failed to process post-handshake messages",
    ),
    # The settings of aws-msk-iam-auth (its issues "Unrecognized SASL ClientCallback" and "Failed to create
    # SaslClient"): Kafka wraps both in the exception of a refused login.
    _sign("IAM client", r"Failed to create SaslClient with mechanism AWS_MSK_IAM"),
    _sign("IAM client", r"Unrecognized SASL ClientCallback"),
    # A line of NetworkClient's, which logs the words of the exception only.
    _sign("broker TLS", r"failed authentication due to: SSL handshake failed"),
    _sign("broker login", r"failed authentication due to: .{0,200}(?:invalid cred|Authentication failed)"),
    _sign(
        "brokers",
        r"Couldn't resolve server|(?:Broker|Node) may not be available",
        r"Connection to node -?\d+ .{0,300}terminated during",
        r"LEADER_NOT_AVAILABLE|COORDINATOR_NOT_AVAILABLE|NOT_LEADER_OR_FOLLOWER|REQUEST_TIMED_OUT",
        r"NOT_ENOUGH_REPLICAS|NETWORK_EXCEPTION|KAFKA_STORAGE_ERROR",
    ),
    _sign(
        "brokers",
        r"No resolvable bootstrap urls|Expiring \d+ record|bytes within the configured max blocking time",
        r"Bootstrap broker \S{1,300} (?:\([^)]{0,200}\) )?disconnected",
        r"timed out while waiting for producer to flush|Timed out waiting to flush offsets",
        r"schema history couldn't be recovered",
        r"worker is currently .{0,80}(?:membership|coordinator|cluster|topic)",
    ),
    # DistributedHerder's and WorkerCoordinator's words about the worker's own thread.
    _sign("worker busy", r"worker poll timeout has expired|Request timed out\. The worker is currently"),
    _sign("unknown topic", r"not present in metadata after|UNKNOWN_TOPIC_OR_PARTITION"),
    _sign(
        "fenced",
        r"produce with an old epoch|producer transaction expired"
        r"|newer producer with the same transactionalId|tried to use an old epoch with the transactionalId",
        r"PRODUCER_FENCED|INVALID_PRODUCER_EPOCH|\bfenced out by a (?:newer|new)\b",
        # DistributedHerder's words about the round in which a task fences its predecessors before it starts.
        r"\bzombie fencing\b|Fencing failed because new task configurations",
    ),
    # The same, where the leader could not be asked for it: the exception is that of any forwarded request.
    _sign("fenced", place=r"\bfenceZombie|lambda\$fenceZombie|\bZombieFencing\b"),
    _sign("record too large", r"larger than the max(?:imum)? message size|MESSAGE_TOO_LARGE"),
    _sign("brokers", r"the brokers do not answer|Timed out waiting to send the call"),
    *(_sign(name, *words) for name, words in connector_messages.TELLING.items()),
)

#: What says that something failed, and holds if nothing inside it says why.
FALLBACKS: Sequence[Sign] = (
    _sign("broker TLS", exception=r"\bSslAuthenticationException$"),
    _sign("query timeout", exception=r"java\.sql\.SQLTimeoutException$"),
    _sign(
        "brokers", r"Failed to construct kafka (?:producer|consumer)|Failed to create new KafkaAdminClient"
    ),
    _sign("brokers", r"Failed to connect to and describe Kafka cluster"),
    _sign("settings", exception=r"(?:\.ConfigException|ClassNotFoundException|NoClassDefFoundError)$"),
    _sign(
        "settings",
        r"Connector configuration is (?:not valid|invalid)|Failed to find any class that implements",
        r"unable to find LoginModule|Unable to instantiate the connector adapter"
        r"|RAC node '[^']{0,200}' must specify a port",
    ),
    _sign("unreachable", r"Connection validation timed out|no connection within|No RAC node addresses"),
    _sign("record format", exception=r"\.(?:DataException|SchemaBuilderException|SchemaProjectorException)$"),
    _sign("record format", r"Tolerance exceeded in error handler"),
    _sign("no-session", r"Failed to resolve Oracle database version"),
    # What ojdbc calls so means that the connection is gone.
    _sign("unreachable", exception=r"java\.sql\.SQL(?:Recoverable|\w*Connection)Exception$"),
    _sign("AWS endpoint", exception=r"amazon(?:aws)?\b.*(?:Exception|Error)$"),
    *(_sign(name, *words) for name, words in connector_messages.AROUND.items()),
    _sign("database error", exception=r"java\.sql\.SQL\w*Exception$"),
)

#: A certificate or a protocol of TLS that is not accepted: judged by whose it is.
TRUST = re.compile(
    r"PKIX path|unable to find valid certification path|CertificateException|No subject alternative"
    r"|trustAnchors parameter|certificate_(?:expired|unknown)|bad_certificate|unknown_ca"
    r"|certificate verify failed"
    r"|(?:load SSL|SSL) (?:key|trust)store|No appropriate protocol|protocol_version|unrecognized SSL message"
    r"|plaintext connection\?|handshake_failure|No name matching .{1,300} found",
    re.IGNORECASE,
)
#: The certificate itself is out of its time: no client can do anything about it.
EXPIRED = re.compile(
    r"certificate (?:has )?expired|Certificate(?:Expired|NotYetValid)Exception|validity check failed",
    re.IGNORECASE,
)
#: The other side asks for a certificate of the client's, and the connector has none.
WANTS_CERTIFICATE = re.compile(r"certificate_required", re.IGNORECASE)
#: Words that anybody can say about a connection: judged by who says them.
NETWORK = re.compile(
    r"time(?:d)?[ -]?out|unknown ?host|connection (?:was )?(?:reset|refused|closed|aborted)"
    r"|connection attempt failed"
    r"|closed (?:connection|statement|result ?set)|stale connection|end of TNS data"
    r"|protocol violation|stream has already been closed"
    r"|no route to host|network is unreachable|broken pipe|no more data to read|I/?O ?error"
    r"|got minus one from a read|network adapter could not|listener refused|no connection within"
    r"|temporary failure in name"
    r"|name or service not known|nodename nor servname|unexpected end of (?:file|stream)"
    r"|remote host terminated"
    r"|socket (?:is )?closed|connection is closed|premature EOF|no address associated|connection lost",
    re.IGNORECASE,
)
NETWORK_EXCEPTION = re.compile(
    r"^(?:java\.net\.\w*(?:UnknownHost|Connect|SocketTimeout|NoRouteToHost|Socket|PortUnreachable|HttpTimeout\w*)"
    r"Exception|java\.io\.EOFException|java\.nio\.channels\.\w+Exception|java\.util\.concurrent\.TimeoutException"
    r"|oracle\.net\..+|javax\.net\.ssl\.SSL\w*Exception|java\.sql\.SQL(?:Non)?Transient\w*ConnectionException)$"
)
#: A name that cannot be resolved: of the database's host that is told apart.
UNKNOWN_HOST = re.compile(
    r"unknown ?host|name or service not known|nodename nor servname|temporary failure in name"
    r"|no address assoc",
    re.IGNORECASE,
)


def telling(cause: Cause) -> str:
    """The class of a cause that tells by itself what is wrong; empty if it does not."""
    found = next((sign.error_class for sign in TELLING if sign.fits(cause)), "")
    if found or not cause.exception.startswith(PACKAGES):
        return found
    # A TLS failure has its reason inside, and this one says only that there is one.
    if cause.name == "SslAuthenticationException":
        return ""
    return BY_EXCEPTION.get(cause.name, "")


def fallback(cause: Cause) -> str:
    """The class of a cause if nothing in the trace tells what is wrong; empty if there is none."""
    return next((sign.error_class for sign in FALLBACKS if sign.fits(cause)), "")


def of_trust(cause: Cause) -> str:
    """The class of a cause that says that TLS fails for a reason that stays; empty if it does not.

    It is the class if brokers are spoken to: TLS with others has other classes.
    """
    says = f"{cause.exception} {cause.message}"
    if WANTS_CERTIFICATE.search(says):
        return "broker authentication"
    if EXPIRED.search(says):
        return "broker certificate"
    return "broker TLS" if TRUST.search(cause.message) else ""


def of_unknown_host(cause: Cause) -> bool:
    """Whether a cause says that a name cannot be resolved."""
    return UNKNOWN_HOST.search(f"{cause.exception} {cause.message}") is not None


def of_network(cause: Cause) -> bool:
    """Whether a cause speaks of a connection, in words that anybody could say."""
    return bool(NETWORK.search(cause.message) or NETWORK_EXCEPTION.search(cause.exception))
