"""Which component speaks in a cause: "timed out" means what its speaker can mean by it. Pure."""

import re
from collections.abc import Iterable
from enum import StrEnum

from connector.domain.diagnosis.trace import Cause, Prefix


class Speaker(StrEnum):
    """Who says that something is wrong."""

    DATABASE = "database"
    #: Oracle's JDBC driver, about its connection to the database.
    DRIVER = "driver"
    BROKERS = "brokers"
    #: An endpoint of AWS, or its SDK.
    AWS = "AWS endpoint"
    #: Debezium.
    CONNECTOR = "connector"
    #: Kafka Connect, or its JVM.
    WORKER = "worker"
    UNKNOWN = "unknown"


#: ojdbc's own numbers (Oracle Database JDBC Developer's Guide, "JDBC Error Messages"). Those from 17500 to
#: 17699 are the server's, about files and ASM (Database Error Messages).
DRIVER_CODES = frozenset({*range(17000, 17500), *range(17700, 19000)})
#: Part of a class's or a frame's name -> who. The first that fits; shaded classes keep the end of their name.
_PACKAGES: tuple[tuple[str, Speaker], ...] = (
    ("software.amazon", Speaker.AWS),
    ("com.amazonaws.", Speaker.AWS),
    ("software_amazon", Speaker.AWS),
    ("oracle.net.", Speaker.DRIVER),
    ("oracle.jdbc.", Speaker.DRIVER),
    ("java.sql.", Speaker.DRIVER),
    ("org.apache.kafka.connect.", Speaker.WORKER),
    ("org.apache.kafka.", Speaker.BROKERS),
    ("io.debezium.", Speaker.CONNECTOR),
)
#: Who can own a word about the network.
REACHED = (Speaker.DATABASE, Speaker.DRIVER, Speaker.BROKERS, Speaker.AWS)
_BROKER_HOST = re.compile(
    r"\bb-\d+[\w.-]*|(?<![\w-])[\w-]{1,63}\.kafka(?:-serverless)?\.[\w-]{1,63}\.amazonaws\.com", re.IGNORECASE
)
_DATABASE_HOST = re.compile(r"\.rds\.amazonaws\.com|jdbc:oracle|:15\d\d\b|\bport 15\d\d\b", re.IGNORECASE)
#: Endpoints of AWS, and where a task on Fargate fetches the credentials of its role.
_AWS_HOST = re.compile(r"\.amazonaws\.com|\.api\.aws\b|\b169\.254\.(?:170\.2|169\.254)\b", re.IGNORECASE)


def of_package(name: str) -> Speaker:
    """Who a class is of, or a frame; unknown for Java's own."""
    return next((speaker for part, speaker in _PACKAGES if part in name), Speaker.UNKNOWN)


def of_host(text: str) -> Speaker:
    """Whose address stands in a text."""
    for pattern, speaker in (
        (_DATABASE_HOST, Speaker.DATABASE),
        (_BROKER_HOST, Speaker.BROKERS),
        (_AWS_HOST, Speaker.AWS),
    ):
        if pattern.search(text):
            return speaker
    return Speaker.UNKNOWN


def of_cause(cause: Cause) -> Speaker:
    """Who says a cause: the server where it has a number of the server's, else the class, else the frames."""
    if any(code.prefix is Prefix.PLS or code.number not in DRIVER_CODES for code in cause.codes):
        return Speaker.DATABASE
    if cause.codes:
        return Speaker.DRIVER
    found = of_package(cause.exception)
    if found is not Speaker.UNKNOWN:
        return found
    # Debezium and Connect call everybody: their frames do not tell who was spoken to.
    return next(
        (speaker for speaker in map(of_package, cause.frames) if speaker in REACHED),
        of_host(cause.message),
    )


def reached(causes: Iterable[Cause]) -> Speaker:
    """To whom a connection was made or wanted: the innermost of the causes that tells it.

    `causes`: the outermost first, up to the one that speaks of a connection.
    """
    for cause in reversed(tuple(causes)):
        # An address is surer than a class: the SDK of AWS speaks to brokers, too.
        for found in (of_host(cause.message), of_cause(cause)):
            if found in REACHED:
                return found
        if "Oracle database" in cause.message or "oracle" in cause.exception:
            return Speaker.DATABASE
    return Speaker.UNKNOWN
