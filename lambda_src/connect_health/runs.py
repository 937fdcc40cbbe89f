"""Which run an event starts: a check, an event about the worker or a secret, lines of its log, a fire drill.

A further kind of event is a further kind of run here; what no kind claims is a check, which looks at
everything itself. Imported with the first event: it is nearly all that the function has.
"""

from dataclasses import replace
from typing import Any

from connector.domain.health.log_batch import is_log_batch
from connector.domain.health.secret_event import is_secret_event
from connector.domain.health.worker_event import is_event
from lambda_src.connect_health.check import CheckAnswer, CheckClients
from lambda_src.connect_health.drill import drill, is_drill
from lambda_src.connect_health.notify import mail_context, topic_arn
from lambda_src.connect_health.rotation_run import CHECK_SECONDS, check_run, rotation_run
from lambda_src.runtime.invocation import Invocation
from lambda_src.session import Session

#: What is kept back to publish, notify and log, in seconds.
_SPARE_SECONDS = 12.0


def run(event: object, invocation: Invocation) -> CheckAnswer | dict[str, Any]:
    """What came of an event; of a drill its own answer."""
    environment = invocation.environment
    clients = CheckClients.real()
    topic = topic_arn(invocation.function_arn, environment.stage)
    if is_drill(event):
        return drill(event, mail_context(environment, topic), clients.sns, topic)
    deadline = invocation.deadline(spare=_SPARE_SECONDS)
    session = Session(environment, invocation.account, deadline, invocation.redactor, aws=clients.aws)
    if is_secret_event(event):
        return rotation_run(session, clients, topic)
    if is_log_batch(event):
        from lambda_src.connect_health.log_run import log_run  # noqa: PLC0415 - most runs are the schedule's

        return log_run(event, session, clients, topic)
    within = replace(session, deadline=session.deadline.sooner(CHECK_SECONDS))
    if is_event(event):
        from lambda_src.connect_health.worker_run import worker_run  # noqa: PLC0415

        return worker_run(event, within, clients, topic)
    return check_run(session, clients, topic)
