"""SNS: an address is mailed only once its owner has confirmed.

On AWS a subscription by e-mail waits until somebody follows the link in the mail that SNS sends; until then
lists show `PendingConfirmation` in the place of its ARN. MiniStack takes one that CloudFormation makes for
confirmed and always answers the ARN. No mail leaves this world: what would be sent, with the token that
ConfirmSubscription takes, is a line in the file `mailbox.jsonl` of the world's state. What a confirmed
address is sent is a line in `mails.jsonl`.
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001

import json
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector.local.aws_shims._ministack import module, provisioners
from connector.local.state import MAILBOX, MAILS

_MAIL = ("email", "email-json")
_PENDING = "PendingConfirmation"


def install() -> None:
    """Let CloudFormation's subscriptions by mail wait, and both lists show it."""
    handlers = provisioners()._RESOURCE_HANDLERS["AWS::SNS::Subscription"]
    handlers["create"] = _waiting(handlers["create"])
    sns = module("services.sns")
    sns._fanout = _mailing(sns._fanout)
    for action in ("_list_subscriptions", "_list_subscriptions_by_topic"):
        setattr(sns, action, _telling(getattr(sns, action)))


def _waiting(original: Any) -> Any:
    def create(logical_id: str, props: Mapping[str, Any], stack_name: str) -> Any:
        physical_id, attributes = original(logical_id, props, stack_name)
        sns = module("services.sns")
        found = sns._find_subscription(props.get("TopicArn", ""), physical_id)
        if found is not None and found["protocol"] in _MAIL:
            found["confirmed"] = False
            found["token"] = uuid.uuid4().hex
            found["attributes"][_PENDING] = "true"
            _ask(found)
        return physical_id, attributes

    return create


def _mailing(original: Any) -> Any:
    """Write down each mail; MiniStack only logs that there was one."""

    def fanout(topic_arn: str, msg_id: str, message: str, subject: str, *args: Any, **kwargs: Any) -> Any:
        sns = module("services.sns")
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": ()}
        # AWS's own subject for a message without one ("Amazon SNS email subscriptions").
        shown = subject or "AWS Notification Message"
        for subscription in topic["subscriptions"]:
            if subscription.get("confirmed") and subscription["protocol"] in _MAIL:
                mail = {"at": time.time(), "to": subscription["endpoint"], "topic": topic_arn}
                _append(MAILS, {**mail, "subject": shown, "message": message})
        return original(topic_arn, msg_id, message, subject, *args, **kwargs)

    return fanout


def _append(name: str, content: Mapping[str, Any]) -> None:
    with (Path(os.environ["WMS_LOCAL_STATE"]) / name).open("a", encoding="utf-8") as file:
        file.write(json.dumps(content) + "\n")


def _ask(subscription: Mapping[str, Any]) -> None:
    _append(MAILBOX, {key: subscription[key] for key in ("endpoint", "topic_arn", "token")})


def _telling(original: Any) -> Any:
    def handler(params: Any) -> Any:
        status, headers, body = original(params)
        content = body if isinstance(body, bytes) else str(body).encode()
        for topic in module("services.sns")._topics.values():
            for subscription in topic["subscriptions"]:
                if not subscription["confirmed"]:
                    arn = subscription["arn"]
                    content = content.replace(f">{arn}<".encode(), f">{_PENDING}<".encode())
        return status, headers, content

    return handler
