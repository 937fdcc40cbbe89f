"""Which use case answers which request, within which time, and what its errors mean."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from connector.domain.admin import Answer, Operation, State
from connector.domain.errors import DeadlineExceeded, ServerError, WmsError
from lambda_src.connect_admin.cluster import check_cluster
from lambda_src.connect_admin.control import pause, restart, resume, stop
from lambda_src.connect_admin.offsets import offsets
from lambda_src.connect_admin.ready import ready
from lambda_src.connect_admin.record import record
from lambda_src.connect_admin.register import register
from lambda_src.connect_admin.retire_connector import retire_connector
from lambda_src.connect_admin.retire_mark import retire_mark
from lambda_src.connect_admin.retire_source import retire_source
from lambda_src.connect_admin.retire_topics import retire_groups, retire_topics, topic_names
from lambda_src.connect_admin.retire_workers import retire_workers
from lambda_src.connect_admin.retiring import launched
from lambda_src.connect_admin.session import Session
from lambda_src.connect_admin.snapshot import snapshot
from lambda_src.connect_admin.status import status
from lambda_src.connect_admin.topics import ensure_topics
from lambda_src.connect_admin.validate import validate
from lambda_src.connect_admin.verify import verify

UseCase = Callable[[Session], Answer]

USE_CASES: Mapping[Operation, UseCase] = {
    Operation.CLUSTER: check_cluster,
    Operation.READY: launched(ready),
    Operation.TOPICS: ensure_topics,
    Operation.VALIDATE: validate,
    Operation.REGISTER: register,
    Operation.VERIFY: verify,
    Operation.RECORD: record,
    Operation.STATUS: status,
    Operation.TOPIC_NAMES: topic_names,
    Operation.RESTART: restart,
    Operation.PAUSE: pause,
    Operation.RESUME: resume,
    Operation.STOP: stop,
    Operation.OFFSETS: offsets,
    Operation.SNAPSHOT: snapshot,
    Operation.RETIRE_MARK: retire_mark,
    Operation.RETIRE_CONNECTOR: retire_connector,
    Operation.RETIRE_WORKERS: retire_workers,
    Operation.RETIRE_SOURCE: retire_source,
    Operation.RETIRE_TOPICS: retire_topics,
    Operation.RETIRE_GROUPS: retire_groups,
}

#: Seconds that each request may take; all below the function's own limit.
SECONDS: Mapping[Operation, float] = {
    Operation.CLUSTER: 45,
    Operation.READY: 20,
    Operation.TOPICS: 45,
    Operation.VALIDATE: 54,
    Operation.REGISTER: 54,
    Operation.VERIFY: 30,
    Operation.RECORD: 40,
    Operation.STATUS: 50,
    Operation.TOPIC_NAMES: 45,
    Operation.RESTART: 45,
    Operation.PAUSE: 45,
    Operation.RESUME: 45,
    Operation.STOP: 45,
    Operation.OFFSETS: 45,
    Operation.SNAPSHOT: 50,
    Operation.RETIRE_MARK: 40,
    Operation.RETIRE_CONNECTOR: 50,
    Operation.RETIRE_WORKERS: 45,
    Operation.RETIRE_SOURCE: 30,
    Operation.RETIRE_TOPICS: 50,
    Operation.RETIRE_GROUPS: 40,
}


def answer(operation: Operation, session: Session) -> Answer:
    """Run one use case. Foreseen errors become answers; no answer carries a confidential value."""
    try:
        found = USE_CASES[operation](session)
    except WmsError as error:
        found = answer_to(error)
    censor = session.censor
    return replace(
        found, summary=censor.clean(found.summary), details=censor.clean_values(dict(found.details))
    )


def answer_to(error: WmsError) -> Answer:
    """What an error means for the caller: ask again, or let a person act first."""
    passing = isinstance(error, DeadlineExceeded) or (isinstance(error, ServerError) and error.retriable)
    return Answer(State.WAITING if passing else State.FAILED, str(error))
