"""A line of the worker's log that says that a database or a broker has refused a login. Pure.

CloudWatch Logs sends the lines that hold one of `log_phrases.LOGIN` to the health function; this module
reads them.
"""

from dataclasses import dataclass
from datetime import datetime

from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.diagnosis.oracle_codes import LOGIN_CODES
from connector.domain.diagnosis.trace import Prefix, parse
from connector.domain.health.causes import of_task
from connector.domain.secrets.secrets import DB_INFO, KAFKA_CREDENTIALS

#: Class -> the secret that holds what was refused.
SECRET_OF = {"login": DB_INFO, "broker login": KAFKA_CREDENTIALS}
_LEVELS = (" WARN ", " ERROR ")
#: Debezium's validation of a config logs by the connector's class, its tasks do not.
_VALIDATION = ".OracleConnector]"


@dataclass(frozen=True)
class RefusedLogin:
    """A refused login. `cause` is one line without values of rows.

    `validation`: it was that of a validation, whose caller has an answer; the task has nothing to do with it.
    """

    error_class: ErrorClass
    cause: str
    validation: bool = False

    @property
    def secret(self) -> str:
        """The name of the secret with the login."""
        return SECRET_OF[self.error_class.name]


def written_at(line: str) -> float | None:
    """When a line of the worker's log was written, in seconds since 1970; None if it does not begin so."""
    try:
        return datetime.fromisoformat(line.split(" ", 1)[0]).timestamp()
    except (ValueError, OverflowError):
        return None


def refused_in_trace(trace: str) -> RefusedLogin | None:
    """The refused login that the trace of a failed task or connector tells of."""
    told = diagnose(trace)
    return RefusedLogin(told.error_class, told.cause) if told.error_class.name in SECRET_OF else None


def refused_login(line: str) -> RefusedLogin | None:
    """The refused login that a line of the worker's log tells of; None if it tells of none.

    A number in a row's value or in a line below WARN is none.
    """
    if not any(level in line for level in _LEVELS):
        return None
    told = diagnose(line)
    if told.error_class.name == "broker login":
        return RefusedLogin(told.error_class, told.cause)
    if told.error_class.name != "login" or not of_task(line):
        return None
    codes = (code for cause in parse(line).causes for code in cause.codes)
    if any(code.prefix in (Prefix.ORA, Prefix.TNS) and code.number in LOGIN_CODES for code in codes):
        return RefusedLogin(told.error_class, told.cause, _VALIDATION in line)
    return None
