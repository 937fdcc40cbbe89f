"""E-mail subscriptions of a topic."""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field
from troposphere import Template, sns

#: An address as SNS takes it.
Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


def subscribe(template: Template, topic: Any, addresses: Iterable[str]) -> None:
    """Subscribe each address once; each must confirm once."""
    for address in dict.fromkeys(addresses):
        template.add_resource(
            sns.SubscriptionResource(
                subscription_id(address), TopicArn=topic, Protocol="email", Endpoint=address
            )
        )


def subscription_id(address: str) -> str:
    """A logical id that depends on the address alone: reordering the list must not ask people again."""
    return f"Mail{hashlib.sha256(address.encode()).hexdigest()[:12]}"
