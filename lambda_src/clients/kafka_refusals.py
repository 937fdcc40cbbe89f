"""What kafka-python's errors mean, as one line: what was asked, why it failed, and which right is missing."""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kafka import errors as kafka_errors

from connector.domain.capture.acls import Acl
from connector.domain.errors import ServerError

#: How kafka-python logs why a broker could not be reached; its exception does not say why.
_BOOTSTRAP_FAILURE = re.compile(
    r"Bootstrap (?:connection|attempt) to \S+ failed: (?:\w+Error: )?(?P<reason>.*) \(backoff .*\)"
)
#: What kafka-python logs of the attempt that its own limit of time cut off: it hides why those before failed.
_GAVE_UP = "Connection timed out"
#: An error of the system as kafka-python writes it: number and name.
_ERRNO = re.compile(r"\b(\d+) E[A-Z]+\b")


def operations_of(names: Sequence[str]) -> frozenset[str]:
    """Operations as `broker-script` writes them: kafka-python's DESCRIBE_CONFIGS is DescribeConfigs."""
    return frozenset("".join(part.capitalize() for part in name.split("_")) for name in names)


def translated(what: str, error: Exception, text: str, needed: Sequence[Acl] = ()) -> ServerError:
    """An error of kafka-python as one of ours; `text` is its message, with nothing confidential in it.

    `needed`: the rights that the request needs, for a refusal that does not say which.
    """
    if isinstance(error, kafka_errors.KafkaTimeoutError | kafka_errors.KafkaConnectionError | OSError):
        return ServerError(f"the brokers do not answer ({what}): {text}", retriable=True)
    retriable = isinstance(error, kafka_errors.RetriableError)
    kind = type(error).__name__.removesuffix("Error")
    status = getattr(error, "errno", None)
    right = _missing(kind, needed)
    return ServerError(
        f"the brokers refused {what}: {kind}: {text}{right}", status=status, retriable=retriable
    )


def refusal(what: str, code: int, message: str = "", *needed: Acl) -> ServerError:
    """A broker's error code as one of our errors."""
    error = kafka_errors.for_code(code)
    kind = error.__name__.removesuffix("Error")
    words = message or getattr(error, "description", "") or "no message"
    retriable = issubclass(error, kafka_errors.RetriableError)
    right = _missing(kind, needed)
    return ServerError(
        f"the brokers refused {what}: {kind}: {words}{right}", status=code, retriable=retriable
    )


def _missing(kind: str, needed: Sequence[Acl]) -> str:
    if not needed or not kind.endswith("AuthorizationFailed"):
        return ""
    return f"; missing right: {'; '.join(map(str, needed))}"


class LastFailure(logging.Handler):
    """Keeps why kafka-python could not connect: it only logs the reason."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        match = _BOOTSTRAP_FAILURE.fullmatch(record.getMessage())
        if match is None or (self.text and match["reason"] == _GAVE_UP):
            return
        self.text = _ERRNO.sub(lambda found: os.strerror(int(found[1])).lower(), match["reason"])

    @contextmanager
    def capturing(self) -> Iterator[None]:
        logger = logging.getLogger("kafka")
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)
