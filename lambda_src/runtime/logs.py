"""Logs as one JSON object a line, without a confidential value. ERROR means that somebody must act."""

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any

from connector.domain.secrets.redactor import Redactor

_NAME = "wms"
#: Loggers of libraries whose warnings are logged. kafka-python is not: its lines name the brokers,
#: and what matters of them is raised as an exception.
_LIBRARIES = ("boto3", "botocore", "urllib3")


class JsonLines(logging.Formatter):
    """One line per record: level, message, what is common to the invocation, the record's own fields."""

    def __init__(self, redactor: Redactor, common: Mapping[str, Any]) -> None:
        super().__init__()
        self._redactor = redactor
        self._common = dict(common)

    def format(self, record: logging.LogRecord) -> str:
        line = {"level": record.levelname, "message": record.getMessage(), **self._common}
        line.update(getattr(record, "facts", {}))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(self._redactor.redact_values(line), default=str)


def invocation_logger(redactor: Redactor, **common: Any) -> logging.Logger:
    """The logger for one invocation; `common` is on each of its lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(redactor, common))
    for name in (_NAME, *_LIBRARIES):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO if name == _NAME else logging.WARNING)
    silent = logging.getLogger("kafka")
    silent.propagate = False
    return logging.getLogger(_NAME)
