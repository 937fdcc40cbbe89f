"""The classes of errors that a text can tell of: what each means, who fixes it, whether a restart may help.

This is the only such table: health check, mails, registration, `explain` and the operator's guide use it.
What is seen from outside, without a text, has classes of its own (`connector.domain.health.error_classes`).
"""

from connector.domain.diagnosis.database_classes import DATABASE_CLASSES
from connector.domain.diagnosis.error_class import LOGS, ErrorClass, Owner
from connector.domain.diagnosis.platform_classes import PLATFORM_CLASSES

ERROR_CLASSES: tuple[ErrorClass, ...] = (*DATABASE_CLASSES, *PLATFORM_CLASSES)
#: For errors that no other class describes. An unneeded restart does no harm, and the budget limits them.
UNKNOWN = ErrorClass(
    "unknown",
    retry=True,
    owner=Owner.US,
    meaning="an error that no class describes",
    next_step="read the trace in the worker's log, fix its cause, then launch again",
    command=LOGS,
)
_BY_NAME = {found.name: found for found in (*ERROR_CLASSES, UNKNOWN)}


def class_named(name: str) -> ErrorClass:
    """The class called `name`; it must exist."""
    return _BY_NAME[name]
