"""The account and the region in which a command looks, in words: a wrong one is why things do not exist."""

from connector.aws import calls
from connector.domain.errors import ServerError


def place(port: calls.Port) -> str:
    """`account 123456789012, region us-east-1`; an account that does not say its number is left open.

    Never raises: it is part of an error that is being reported.
    """
    try:
        with calls.errors():
            account = str(port.call("sts", "get_caller_identity")["Account"])
    except ServerError:
        return f"this account, region {port.region}"
    return f"account {account}, region {port.region}"
