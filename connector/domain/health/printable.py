"""Texts of others as one line that SNS, DynamoDB and a terminal take. Pure."""

import re

#: How much of a text is kept, in characters: ECS's longest reason has about 1000.
KEPT = 4096
_GAP = " [...] "
#: What is no character in XML 1.0, which SQS requires of a message: control characters, halves of a pair,
#: and the two ends of the plane. Amazon SQS API Reference, SendMessage. Also what changes how a line reads.
_NOT_PRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def printable(text: str) -> str:
    """`text` in one line; what cannot be printed is a question mark. A very long one keeps both ends."""
    line = _NOT_PRINTABLE.sub("?", " ".join(text.split()))
    if len(line) <= KEPT:
        return line
    half = (KEPT - len(_GAP)) // 2
    return f"{line[:half]}{_GAP}{line[-half:]}"
