"""Invoke a stage's health function, for commands."""

import json
from collections.abc import Mapping
from typing import Any

from connector.aws import admin_function, calls
from connector.domain.stage.stage import Stage


def invoke_health(port: calls.Port, stage: Stage, event: Mapping[str, Any], what: str) -> Any:
    """The function's answer to an event; `what` names the event in an error.

    Raises `NoFunction` when the function does not exist, and `ServerError` when AWS refuses or it failed.
    """
    function = stage.names.connect_health
    payload = json.dumps(event).encode()
    with calls.errors():
        reply = calls.find(port, "lambda", "invoke", {"FunctionName": function, "Payload": payload})
    if reply is None:
        raise admin_function.NoFunction(f"Lambda {function} does not exist")
    return admin_function.content(reply, f"the health Lambda {function}", function, what)
