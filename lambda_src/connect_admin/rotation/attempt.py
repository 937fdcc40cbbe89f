"""Attempt: try changed credentials once, before anything is touched.

The database through the plugin's validation in a worker that runs, which makes one login; the brokers by a
client of the function's own, which is in the same security group as the workers.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain.capture import config as keys
from connector.domain.capture import validation_errors
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.redaction import without_values
from connector.domain.errors import DeadlineExceeded, ServerError, WmsError
from connector.domain.health.causes import trace_of
from connector.domain.secrets.rotation import RotationPlan
from connector.domain.secrets.secrets import BROKER_STRING, DB_INFO, KAFKA_CREDENTIALS, KAFKA_TLS
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import StageRecord
from lambda_src.clients.connect_rest import Connect
from lambda_src.clients.worker_log import events_with
from lambda_src.connect_admin.registration.validate import validation_seconds
from lambda_src.runtime.deadline import Clock
from lambda_src.session import Session

_BROKER_SECONDS = 12.0
_PORT_SECONDS = 3.0
#: How long a line of the worker takes to its log group at most, in seconds; and how often it is looked for.
_LOG_SECONDS, _LOG_EVERY = 8.0, 1.0
#: What Debezium logs of a connection that it tried for a validation; the answer does not say why it failed.
_TRIED = "Failed testing"


@dataclass(frozen=True)
class Attempt:
    """How a try ended. Not accepted: `reason` and `error_class` say why, `names` which secrets.

    `later`: nothing was tried, because something else is down; the next check may try.
    """

    accepted: bool
    reason: str = ""
    error_class: str = ""
    names: tuple[str, ...] = ()
    later: bool = False


_ACCEPTED = Attempt(accepted=True)


def attempt(
    session: Session, record: StageRecord, plan: RotationPlan, *, clock: Clock = time.time
) -> Attempt:
    """Try what changed; `session` has the new versions. Never raises `WmsError`."""
    before = session.with_versions(record.secret_versions)
    try:
        if plan.tries(BROKER_STRING, KAFKA_CREDENTIALS, KAFKA_TLS):
            tried = _brokers(session, before, record)
            if not tried.accepted:
                return tried
        return try_database(session, before, clock) if plan.tries(DB_INFO) else _ACCEPTED
    except WmsError as error:
        return Attempt(accepted=False, reason=str(error), later=True)


def another_user(session: Session, record: StageRecord) -> bool:
    """Whether the database's user is another one than before, whose own password may be valid still."""
    try:
        before = session.with_versions(record.secret_versions)
        return before.database.user.reveal() != session.database.user.reveal()
    except WmsError:
        return False


def _brokers(session: Session, before: Session, record: StageRecord) -> Attempt:
    names = (BROKER_STRING, KAFKA_CREDENTIALS, KAFKA_TLS)
    try:
        with session.kafka(_BROKER_SECONDS) as kafka:
            cluster = kafka.cluster_id()
    except ServerError as error:
        said = diagnose(str(error)).error_class
        down = error.retriable and said.name != "broker login"
        if down and _same_brokers(session, before):
            if not _lets_in(before):
                return Attempt(
                    accepted=False, reason=str(error), error_class="brokers", names=names, later=True
                )
            # Brokers close the connection of a refused login, and the client says no more than that.
            reason = f"the brokers refuse this login and take the one before ({error})"
            return Attempt(accepted=False, reason=reason, error_class="broker login", names=names)
        hint = "; if their addresses are new, a launch opens the security group for them" if down else ""
        return Attempt(accepted=False, reason=f"{error}{hint}", error_class=said.name, names=names)
    if record.cluster_id and cluster != record.cluster_id:
        reason = (
            f"the brokers are of cluster {cluster}, and the stage was registered on {record.cluster_id}: its "
            "position and its topics are there"
        )
        return Attempt(accepted=False, reason=reason, error_class="other cluster", names=names)
    return _ACCEPTED


def _lets_in(before: Session) -> bool:
    """Whether the brokers take the login that the workers have."""
    try:
        with before.kafka(_BROKER_SECONDS) as kafka:
            kafka.cluster_id()
    except WmsError:
        return False
    return True


def _same_brokers(session: Session, before: Session) -> bool:
    try:
        return before.brokers.text.reveal() == session.brokers.text.reveal()
    except WmsError:
        return False


def try_database(
    session: Session, before: Session, clock: Clock, config: Mapping[str, str] | None = None
) -> Attempt:
    """One login with the session's secrets; `config`: what is validated, if not the session's own.

    No port that answers: no login is made. Behind an open port, whatever fails counts as refused.
    """
    closed = closed_port(session)
    if closed:
        try:
            same = before.database.endpoints == session.database.endpoints
        except WmsError:
            same = False
        reason = f"the database at {session.database_address} does not accept connections: {closed}"
        if not same:
            reason += "; if its address is new, a launch opens the security group for it"
        return Attempt(accepted=False, reason=reason, error_class="unreachable", names=(DB_INFO,), later=same)
    connect = session.connect()
    try:
        connect.root()
    except ServerError as error:
        return Attempt(accepted=False, reason=f"no worker can try it: {error}", names=(DB_INFO,), later=True)
    return _validated(session, connect, clock, session.config if config is None else config)


def closed_port(session: Session) -> str:
    """Why none of the listeners accepts a connection; empty when one does."""
    reason = ""
    for host, port in session.database.endpoints:
        seconds = session.deadline.timeout("reaching the database", at_most=_PORT_SECONDS)
        reason = session.tcp_probe(host, port, seconds)
        if not reason:
            return ""
    return reason


def _validated(session: Session, connect: Connect, clock: Clock, config: Mapping[str, str]) -> Attempt:
    asked = clock()
    try:
        errors = connect.validate(
            CONNECTOR, _with_values(session, config), timeout=validation_seconds(session)
        )
    except (ServerError, DeadlineExceeded) as error:
        # It may have been tried: a second try could be the account's last.
        reason = f"whether the login was accepted is not known: {without_values(str(error))}"
        return Attempt(accepted=False, reason=reason, error_class="no-session", names=(DB_INFO,))
    if not errors:
        return _ACCEPTED
    message = validation_errors.about_fields(errors, session.database_address)
    found = diagnose(" ".join(error.message for error in errors)).error_class
    if validation_errors.hides_cause(errors):
        line = _said_by_worker(session, asked, clock)
        if line:
            told = diagnose(line)
            found, message = told.error_class, f"{session.database_address}: {told.cause}"
    return Attempt(accepted=False, reason=message, error_class=found.name, names=(DB_INFO,))


def _with_values(session: Session, config: Mapping[str, str]) -> Mapping[str, str]:
    """A config with the new user and password themselves: the worker's variables hold the old ones.

    Connect hides what has the type of a password, and forgets the request.
    """
    user, password = session.database.user.reveal(), session.database.password.reveal()
    given = {keys.USER_REFERENCE: user, keys.PASSWORD_REFERENCE: password}
    return {key: given.get(value, value) for key, value in config.items()}


def _said_by_worker(session: Session, asked: float, clock: Clock) -> str:
    """The worker's newest trace of a connection that it tried for the validation; empty if there is none."""
    group, since = session.stage.names.connector_log_group, int(asked * 1000) - 1000

    def lines() -> list[str]:
        until = int(clock() * 1000) + 1
        events, _ = events_with(session.aws.logs(), group, since, until, (_TRIED,), seconds=_LOG_SECONDS)
        return [text for _, text in events]

    try:
        found = session.deadline.poll(lines, bool, every=_LOG_EVERY, at_most=_LOG_SECONDS)
    except WmsError:
        return ""
    return trace_of(found[-1]) if found else ""
