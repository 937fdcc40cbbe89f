"""Lines of the worker's log as CloudWatch Logs sends them to the health function."""

import base64
import gzip
import json
from collections.abc import Iterable

from connector.domain.stage.stage import Stage


def log_event(stage: Stage, lines: Iterable[str], *, task: str, at: float) -> dict[str, object]:
    """The event of lines that the worker of a task wrote at a time, in seconds since 1970."""
    content = {
        "messageType": "DATA_MESSAGE",
        "logGroup": stage.names.connector_log_group,
        "logStream": f"worker/kafka-connect/{task}",
        "logEvents": [{"timestamp": int(at * 1000), "message": line} for line in lines],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()}}
