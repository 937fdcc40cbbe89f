"""A run that goes on with a rotation of secrets, as far as its time reaches, and mails once if that fails."""

import time
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.errors import ServerError, WmsError
from connector.domain.health.rotation_mail import rotation_mail
from connector.domain.health.rotation_state import Ending, Rotation
from lambda_src.clients.state_table import Table, read_rotation, replace_item
from lambda_src.connect_admin.rotation.look import glance
from lambda_src.connect_health.check import CheckAnswer, CheckClients, check
from lambda_src.connect_health.notify import mail_context, send
from lambda_src.runtime.deadline import Clock
from lambda_src.session import Session

#: What a check may take, in seconds: the rest of the function's time is a rotation's.
CHECK_SECONDS = 43.0
#: How often a rotation that waits for ECS or for the connector is looked at, in seconds.
_EVERY_SECONDS = 5.0
#: With less than this left a step is not begun, in seconds: the next run does it.
_LEAST_SECONDS = 45.0


def rotation_run(
    session: Session, clients: CheckClients, topic: str, *, clock: Clock = time.time
) -> CheckAnswer:
    """Handle an event that tells of a changed secret."""
    answer = drive(session, clients, topic, clock=clock)
    failed = answer.state is State.FAILED and answer.changed
    facts = {"rotation": answer.state.value, "changed": answer.changed}
    return CheckAnswer(f"rotation: {answer.summary}", {}, failed, facts)


def drive(session: Session, clients: CheckClients, topic: str, *, clock: Clock = time.time) -> Answer:
    """Step after step, until it is done, has failed, or must be left to the next run."""
    table = session.aws.table(session.environment.table)
    while True:
        answer = _stepped(session, clock)
        mail_failure(session, clients, topic, clock=clock)
        if answer.state is not State.WAITING or not read_rotation(table).under_way:
            return answer
        if session.deadline.left < _LEAST_SECONDS:
            return answer
        session.deadline.sleep(_EVERY_SECONDS)


def check_run(
    session: Session, clients: CheckClients, topic: str, *, clock: Clock = time.time
) -> CheckAnswer:
    """A check, and then what is due of a rotation.

    While the newest version of a secret is known to be wrong, the check looks with those that the workers
    have. What is wrong with its form is found out and mailed before, so that no check is blind for it.
    """
    try:
        seen = glance(session)
    except WmsError:
        # The check says what is wrong with the table or with the secrets.
        return check(session, clients, topic, clock=clock)
    if seen.mistaken:
        drive(session, clients, topic, clock=clock)
        seen = glance(session.anew())
    within = replace(seen.session, deadline=seen.session.deadline.sooner(CHECK_SECONDS))
    checked = check(within, clients, topic, clock=clock)
    facts = {**checked.facts, "secrets_changed": [each.path for each in seen.changed]}
    if not seen.due:
        return replace(checked, facts=facts)
    answer = drive(session, clients, topic, clock=clock)
    return replace(checked, facts={**facts, "rotation": answer.summary})


def mail_failure(session: Session, clients: CheckClients, topic: str, *, clock: Clock = time.time) -> bool:
    """Mail the failure that nobody was told of; the run whose write succeeds sends it.

    A message that SNS refuses is an error, and the next run sends it again.
    """
    table = session.aws.table(session.environment.table)
    rotation = read_rotation(table)
    if rotation.ending is not Ending.FAILED or rotation.mailed:
        return False
    mailed = rotation.with_mail(sent=True)
    if not _written(table, rotation, mailed):
        return False
    context = mail_context(session.environment, topic, rotation.versions)
    try:
        mail = rotation_mail(context, rotation)
        return send(clients.sns, topic, mail, session.redactor, table=table, now=clock())
    except ServerError:
        _written(table, mailed, mailed.with_mail(sent=False))
        raise


def _stepped(session: Session, clock: Clock) -> Answer:
    """One step, with secrets and service read anew. What passes is left to the next step."""
    from lambda_src.connect_admin.rotation.steps import step  # noqa: PLC0415 - few checks find a rotation

    try:
        return step(session.anew(), told=False, clock=clock)
    except WmsError as error:
        return Answer(State.WAITING, str(error))


def _written(table: Table, before: Rotation, after: Rotation) -> bool:
    return replace_item(table, after.to_item(), replaced_version=before.replaced_version)
