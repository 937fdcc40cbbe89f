"""What CloudWatch Logs sends a function through a subscription filter. Pure.

The form: CloudWatch Logs User Guide, "Log group-level subscription filters", "Example 2: Subscription filters
with AWS Lambda": `{"awslogs": {"data": ...}}`, the data compressed with gzip and encoded in base64.
"""

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain.errors import ServerError
from connector.domain.request_values import LogEvent

_KEY = "awslogs"
#: A message of AWS's own about the filter, with nothing of the log.
_CONTROL = "CONTROL_MESSAGE"


@dataclass(frozen=True)
class LogBatch:
    """Lines of one stream of a log group: time in milliseconds since 1970, and text."""

    group: str
    stream: str
    events: tuple[LogEvent, ...] = ()

    @property
    def task(self) -> str:
        """The id of the ECS task that wrote them: a stream is `<prefix>/<container>/<task id>`."""
        return self.stream.rpartition("/")[2]


def is_log_batch(event: object) -> bool:
    """Whether a function was started by a subscription filter."""
    return isinstance(event, Mapping) and _KEY in event


def parse_batch(event: object) -> LogBatch:
    """The lines that started the function. `ServerError` for what is in another form; it quotes no line."""
    try:
        data = event[_KEY]["data"]  # type: ignore[index]
        content = json.loads(gzip.decompress(base64.b64decode(data)))
        lines = [] if content.get("messageType") == _CONTROL else content["logEvents"]
        events = tuple((int(each["timestamp"]), str(each["message"])) for each in lines)
        return LogBatch(str(content["logGroup"]), str(content["logStream"]), events)
    except (LookupError, TypeError, ValueError, AttributeError, OSError, EOFError, zlib.error) as error:
        kind = "base64" if isinstance(error, binascii.Error) else type(error).__name__
        raise ServerError(
            f"lines of the worker's log came in a form that cannot be read ({kind}); read the log itself"
        ) from None
