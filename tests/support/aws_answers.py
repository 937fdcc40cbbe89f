"""How AWS answers in pages, and how it refuses."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

#: How much an answer that comes in pages holds: little, so that every caller has to ask for the next page.
PAGE = 2


def refuse(operation: str, code: str, message: str) -> ClientError:
    """The error that boto3 raises when AWS refuses."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def page(
    name: str, everything: Sequence[Any], kwargs: Mapping[str, Any], token: str = "NextToken"
) -> dict[str, Any]:
    """One page of an answer; its token is the number of entries before the next one."""
    start = int(kwargs.get(token, 0))
    more = {token: str(start + PAGE)} if everything[start + PAGE :] else {}
    return {name: list(everything[start : start + PAGE]), **more}
