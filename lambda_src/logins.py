"""Logins that were refused: which version a worker has, that none is tried again, and the halt after one."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from connector.domain.errors import SecretError, ServerError, WmsError
from connector.domain.health.at_rest import halted_by
from connector.domain.health.halt import Halt, HaltedBy
from connector.domain.health.observation import Task
from connector.domain.health.refused import RETRY, RefusedVersion
from connector.domain.health.refused_login import SECRET_OF, RefusedLogin
from connector.domain.health.validation_mark import ValidationMark
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.secrets import KAFKA_CREDENTIALS
from connector.domain.secrets.worker_versions import (
    PASSWORD_VARIABLES,
    WorkerSecret,
    path_in,
    pinned_version,
    secret_arn,
    version_of_worker,
)
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.connect_rest import Connect
from lambda_src.clients.ecs import find_task, injected_secrets
from lambda_src.clients.secrets import describe
from lambda_src.clients.state_table import (
    forget_refused,
    read_halt,
    read_refused,
    remember_refused,
    write_halt,
    write_validation,
)
from lambda_src.session import Session

#: How long a halt waits for Connect to stop the task, in seconds, and how often it asks.
_STOP_SECONDS = 15.0
_PAUSE_SECONDS = 0.5
#: How long a line of the log takes to the health function, and that to read it, in seconds.
_LOG_SECONDS = 12.0
_STOPPED = "stopped the connector, which keeps its offsets"
_NOTHING_TO_STOP = "Connect has no connector to stop"


def in_force(session: Session) -> Mapping[str, str]:
    """Path -> version id of the secrets with passwords, as this invocation has read them."""
    session.know_confidential()
    ends = tuple(f"/{name}" for name in PASSWORD_VARIABLES)
    return {path: version for path, version in session.secrets.versions.items() if path.endswith(ends)}


def secret_of(session: Session, task: Task, name: str) -> WorkerSecret:
    """What the worker of a task has of a secret; without a version where that cannot be known.

    Without a path if its task definition does not inject the secret.
    """
    injected = injected_secrets(session.aws.ecs(), task.definition).get(PASSWORD_VARIABLES[name])
    if injected is None:
        return WorkerSecret("")
    arn = secret_arn(injected)
    if version := pinned_version(injected):
        return WorkerSecret(path_in(arn), version)
    state = describe(session.aws.secrets_manager(), arn)
    if state is None:
        return WorkerSecret(path_in(arn))
    return WorkerSecret(state.path, version_of_worker(state, task.created_at))


def refusal(session: Session) -> str | None:
    """Why no login may be tried now, in one line with the next step; None if it may.

    The versions in force count, and those of the workers that run: Connect may let any of them log in.
    Without a refusal before, this reads two items of the state table and nothing else.
    """
    table = session.aws.table(session.environment.table)
    refused, halt = read_refused(table), read_halt(table)
    if not refused.refused and halt.by is not HaltedBy.LOGIN:
        return None
    found = refused.refusal_of(in_force(session))
    if found is not None:
        return found.refusal(session.stage)
    for task in session.service.tasks:
        for secret in _secrets_of(session, task):
            found = refused.refusal_of({secret.path: secret.version})
            if found is not None:
                return f"worker {task.id} still has what was refused: {found.refusal(session.stage)}"
        if halt.by is HaltedBy.LOGIN and task.id == halt.task:
            return (
                f"the login of worker {task.id} with secret {halt.path or halt.secret} was refused, and "
                "which version it has is not known; write the right value into that secret: a stage that has "
                "streamed takes it by itself; if the worker's is right by now: "
                f"{RETRY.format(stage=session.stage.name)}"
            )
    return None


def refused_version(session: Session) -> str | None:
    """Why no worker may start with the secrets that are in force, in one line; None if it may."""
    known = read_refused(session.aws.table(session.environment.table))
    found = known.refusal_of(in_force(session)) if known.refused else None
    return None if found is None else found.refusal(session.stage)


def check_may_log_in(session: Session) -> None:
    """Raise `SecretError` if no login may be tried now."""
    reason = refusal(session)
    if reason is not None:
        raise SecretError(reason)


def let_retry(session: Session) -> None:
    """Forget that the versions in force and those of the workers were refused, as an operator wants."""
    table = session.aws.table(session.environment.table)
    versions = dict(in_force(session))
    service = session.observe_service()
    forget_refused(table, versions)
    for task in () if service is None else service.tasks:
        for secret in _secrets_of(session, task):
            forget_refused(table, {secret.path: secret.version})
    halt = read_halt(table)
    if halt.by is HaltedBy.LOGIN:
        write_halt(table, halt, at=halt.at)


@contextmanager
def own_validation(session: Session, seconds: float) -> Iterator[None]:
    """While the block runs, Connect validates a config with the worker's own credentials.

    `seconds`: how long that takes at most.
    """
    table, began = session.aws.table(session.environment.table), time.time()
    write_validation(table, ValidationMark.begun(began, seconds))
    try:
        yield
    finally:
        write_validation(table, ValidationMark(began, time.time()))


def reason_in_log(session: Session) -> str | None:
    """Why a validation failed whose answer does not say it: the health function reads the worker's log.

    None if it has found no refused login in some seconds.
    """
    return session.deadline.poll(
        lambda: refusal(session), lambda found: found is not None, every=1.0, at_most=_LOG_SECONDS
    )


def remember_validation(session: Session, error_class: str, now: float) -> None:
    """Remember what the workers have that a validation was refused with, if all have the same version."""
    name = SECRET_OF.get(error_class)
    if name is None:
        return
    found = {secret_of(session, task, name) for task in session.service.tasks}
    if len(found) == 1:
        _remember(session, found.pop(), error_class, now)


def remember_worker(session: Session, refused: RefusedLogin, task: Task | None, now: float) -> bool:
    """Remember what a worker was refused with; whether that is known."""
    if task is None:
        return False
    return _remember(session, secret_of(session, task, refused.secret), refused.error_class.name, now)


def halt_after(session: Session, refused: RefusedLogin, task: Task | None, now: float) -> str:
    """Stop the connector after a refused login, and remember the version; what was done, as a text.

    The mark comes first: a run that dies behind it leaves a halt that says why. Of a worker whose version
    cannot be known no version is remembered. `task` is None if nobody knows which worker it was. Never raises
    `WmsError`.
    """
    if refused.secret == KAFKA_CREDENTIALS and session.environment.auth is not KafkaAuth.SCRAM:
        return "nothing was stopped: the brokers judge the worker's role, and no version of a secret"
    done = []
    try:
        table = session.aws.table(session.environment.table)
        before = read_halt(table)
        mark = {
            "by": HaltedBy.LOGIN,
            "at": int(now),
            "secret": refused.secret,
            "task": "" if task is None else task.id,
            "error_class": refused.error_class.name,
        }
        if not operator_halts(session, before):
            write_halt(table, before, **mark)
        done.append(_stop(session))
        secret = WorkerSecret("") if task is None else secret_of(session, task, refused.secret)
        if _remember(session, secret, refused.error_class.name, now):
            done.append(f"remembered that {secret.path} (version {secret.version[:8]}...) is not tried again")
        else:
            done.append("which version of the secret the worker has is not known, so none is remembered")
        marked = read_halt(table)
        if marked.by is HaltedBy.LOGIN:
            write_halt(table, marked, **mark, path=secret.path, version=secret.version)
    except WmsError as error:
        done.append(f"not all of it could be done: {error}")
    return "; ".join(done)


def operator_halts(session: Session, halt: Halt) -> bool:
    """Whether an operator's halt stands: the mark alone may be of one that somebody has ended by hand.

    Where Connect does not say how the connector is, the mark counts.
    """
    if halt.by is not HaltedBy.OPERATOR:
        return False
    try:
        status = session.connect().status(CONNECTOR)
    except WmsError:
        return True
    return status is None or halted_by(status, halt) is HaltedBy.OPERATOR


def resume(session: Session, connect: Connect) -> None:
    """Resume the connector; then nobody halts it any more, from the moment before the request.

    In this order: a request that Connect refuses for now leaves the halt as it is. What the log tells since
    then is new, and a halt after it stays.
    """
    table = session.aws.table(session.environment.table)
    halt, asked = read_halt(table), time.time()
    connect.resume(CONNECTOR)
    if halt.by is not None:
        write_halt(table, halt, at=int(asked))


def end_halt(session: Session, now: float, *, only: Callable[[Halt], bool] = lambda _: True) -> None:
    """Nobody halts the connector any more; `only` if the halt that is there is one of these."""
    table = session.aws.table(session.environment.table)
    halt = read_halt(table)
    if halt.by is not None and only(halt):
        write_halt(table, halt, at=int(now))


def task_with_id(session: Session, task: str) -> Task | None:
    """One of the stage's tasks, running or not."""
    return find_task(session.aws.ecs(), session.environment.cluster, task)


def _secrets_of(session: Session, task: Task) -> Iterator[WorkerSecret]:
    for name in PASSWORD_VARIABLES:
        secret = secret_of(session, task, name)
        if secret.path:
            yield secret


def _remember(session: Session, secret: WorkerSecret, error_class: str, now: float) -> bool:
    if not secret.path or not secret.version:
        return False
    found = RefusedVersion(secret.path, secret.version, error_class, int(now))
    remember_refused(session.aws.table(session.environment.table), [found])
    return True


def _stop(session: Session) -> str:
    """Stop the connector; asked again while Connect rebalances. What came of it, as a text."""
    connect = session.connect()

    def tried() -> str:
        try:
            status = connect.status(CONNECTOR)
            if status is None:
                return _NOTHING_TO_STOP if connect.config(CONNECTOR) is None else ""
            if not status.halted:
                connect.stop(CONNECTOR)
        except ServerError as error:
            if error.retriable:
                errors.append(str(error))
                return ""
            raise
        return _STOPPED

    errors = ["Connect has no status of it"]
    done = session.deadline.poll(tried, bool, every=_PAUSE_SECONDS, at_most=_STOP_SECONDS)
    return done or f"the connector could not be stopped: {errors[-1]}"
