"""EventBridge: what CloudTrail tells of a changed secret, where a trail logs management events.

MiniStack has no such events, so no rule about secrets could be seen to work here. Sent are successful calls
of the API that change a secret, with the fields that this system's rule asks about: the envelope of "AWS
service events delivered via AWS CloudTrail" (EventBridge User Guide), and of "CloudTrail record contents"
eventSource, eventName and requestParameters. Values of secrets are not in them: CloudTrail leaves them out
("Log AWS Secrets Manager events with AWS CloudTrail", Secrets Manager User Guide).
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from connector.local.aws_shims._ministack import module

#: The function of each call -> the call, and the parameter that names the secret.
_CALLS = {
    "_create_secret": ("CreateSecret", "Name"),
    "_delete_secret": ("DeleteSecret", "SecretId"),
    "_put_secret_value": ("PutSecretValue", "SecretId"),
    "_restore_secret": ("RestoreSecret", "SecretId"),
    "_update_secret": ("UpdateSecret", "SecretId"),
    "_update_secret_version_stage": ("UpdateSecretVersionStage", "SecretId"),
}


def install() -> None:
    """Wrap the functions behind the calls."""
    secrets = module("services.secretsmanager")
    for function, (call, parameter) in _CALLS.items():
        setattr(secrets, function, _telling(getattr(secrets, function), call, parameter))


def _telling(original: Callable[[Any], Any], call: str, parameter: str) -> Callable[[Any], Any]:
    def handler(data: Mapping[str, Any]) -> Any:
        answer = original(data)
        if answer[0] == 200:
            _send(call, {parameter[:1].lower() + parameter[1:]: str(data.get(parameter, ""))})
        return answer

    return handler


def _send(call: str, parameters: Mapping[str, str]) -> None:
    secrets, eventbridge = module("services.secretsmanager"), module("services.eventbridge")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    region, account = secrets.get_region(), secrets.get_account_id()
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.secretsmanager",
        "account": account,
        "time": now,
        "region": region,
        "resources": [],
        "detail": {
            "eventVersion": "1.08",
            "eventTime": now,
            "eventSource": "secretsmanager.amazonaws.com",
            "eventName": call,
            "awsRegion": region,
            "requestParameters": dict(parameters),
        },
    }
    eventbridge._dispatch_event(eventbridge._event_from_test_payload(event))
