"""The mails that the embedded AWS would have sent, and the links in those that ask for a confirmation."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector.local.state import MAILBOX, MAILS


def mails(directory: Path) -> list[dict[str, Any]]:
    """What confirmed addresses were sent, the oldest first: at, to, topic, subject, message."""
    return _lines(directory / MAILS)


def pending(directory: Path, sns: Any) -> list[Mapping[str, Any]]:
    """The mails that ask for a confirmation which nobody has given: endpoint, topic_arn, token."""
    waiting = {
        (subscription["TopicArn"], subscription["Endpoint"])
        for page in sns.get_paginator("list_subscriptions").paginate()
        for subscription in page["Subscriptions"]
        if not subscription["SubscriptionArn"].startswith("arn:")
    }
    asked = {(mail["topic_arn"], mail["endpoint"]): mail for mail in _lines(directory / MAILBOX)}
    return [mail for key, mail in asked.items() if key in waiting]


def confirm(directory: Path, sns: Any) -> list[str]:
    """Confirm every address that waits; answers them."""
    found = pending(directory, sns)
    for mail in found:
        sns.confirm_subscription(TopicArn=mail["topic_arn"], Token=mail["token"])
    return list(dict.fromkeys(str(mail["endpoint"]) for mail in found))


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.splitlines()]
