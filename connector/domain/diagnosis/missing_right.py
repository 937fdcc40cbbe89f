"""Which right on the brokers a failure of the worker's Kafka client tells to be missing. Pure.

Words are those of kafka-clients 4.3.1 (TopicAuthorizationException, GroupAuthorizationException,
Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED), seen on a broker with ACLs by tests/e2e/test_rights.py. They
name the resource, but not the operation: that follows from who speaks.
"""

import re
from collections.abc import Iterator, Sequence

from connector.domain.capture.acls import Acl, Resource, transactional_ids
from connector.domain.diagnosis.redaction import bounded
from connector.domain.diagnosis.trace import Cause
from connector.domain.stage.stage import Stage

_TOPICS = re.compile(r"Not authorized to access topics?: \[?(?P<names>[\w.,\s-]{1,2000})")
_GROUP = re.compile(r"Not authorized to access group: (?P<name>[\w.-]{1,255})")
_GROUP_ONLY = re.compile(
    r"\bgroup ?Id=(?P<name>[\w.-]{1,255})\b.{0,300}Group authorization failed", re.IGNORECASE
)
_TRANSACTIONAL = re.compile(
    r"Transactional ?Id authorization failed|TRANSACTIONAL_ID_AUTHORIZATION_FAILED"
    r"|TransactionalIdAuthorizationException"
)
_TRANSACTIONAL_ID = re.compile(
    r"transactional\.?Id(?:=|\s+['`\"]?)(?P<name>(?!authorization\b)[\w.-]{1,300})", re.IGNORECASE
)
#: The client mostly does not say which transactional id is meant.
_UNNAMED = str(Acl(Resource.TRANSACTIONAL_ID, "", ("Write",)))
#: Who writes: Kafka's own producer, in a frame, or Connect about it.
_WRITES = re.compile(r"\.clients\.producer\.|\bKafkaProducer\b|producer send callback|failed to send record")
#: Who reads: Kafka's own consumer, and Debezium's main thread, which reads the schema history when it starts
#: and whose "change event producer" is no producer of Kafka's.
_READS = re.compile(
    r"\.clients\.consumer\.|\bKafkaConsumer\b|\bio\.debezium\.pipeline\.ErrorHandler\b|recoverRecords"
)


def missing_rights(text: str, causes: Sequence[Cause]) -> tuple[Acl, ...]:
    """The rights, as `broker-script` prints them; an empty name where the words do not tell it.

    Two operations where the words fit both: a topic that is written and read. `text`: what the causes were
    read in, for the names that a client puts in brackets before its own words.
    """
    words = [words for cause in causes for words in (cause.message, *cause.frames)]
    found = dict.fromkeys(right for each in (*words, bounded(text)) for right in _said(each, words))
    named = {right.resource for right in found if right.name}
    return tuple(right for right in found if right.name or right.resource not in named)


def with_names(text: str, stage: Stage) -> str:
    """A text with the stage's transactional ids where the client has named none: one of them it is."""
    ids = (each for group in stage.topics.connect_groups for each in transactional_ids(group))
    rights = (Acl(Resource.TRANSACTIONAL_ID, each, ("Write",)) for each in ids)
    return text.replace(_UNNAMED, " or ".join(map(str, rights)))


def _said(text: str, words: Sequence[str]) -> Iterator[Acl]:
    if (topics := _TOPICS.search(text)) is not None:
        operations = _of_topic(words)
        for name in filter(None, (name.strip() for name in topics["names"].split(","))):
            yield Acl(Resource.TOPIC, name, operations)
    for pattern in (_GROUP, _GROUP_ONLY):
        if (group := pattern.search(text)) is not None:
            yield Acl(Resource.GROUP, group["name"], ("Read",))
    if _TRANSACTIONAL.search(text):
        named = _TRANSACTIONAL_ID.search(text)
        yield Acl(Resource.TRANSACTIONAL_ID, named["name"] if named else "", ("Write",))


def _of_topic(words: Sequence[str]) -> tuple[str, ...]:
    if any(map(_WRITES.search, words)):
        return ("Write",)
    return ("Read",) if any(map(_READS.search, words)) else ("Read", "Write")
