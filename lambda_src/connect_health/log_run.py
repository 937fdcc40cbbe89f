"""A run for lines of the worker's log, by what they tell: a refused login, a missing log, a failed task."""

import time
from dataclasses import replace

from connector.domain.health.log_batch import parse_batch
from connector.domain.health.log_lines import missing_log, task_failed_at
from connector.domain.health.refused_login import refused_login
from lambda_src.connect_health.check import CheckAnswer, CheckClients
from lambda_src.connect_health.failure_run import failure_run
from lambda_src.connect_health.login_run import login_run
from lambda_src.connect_health.rotation_run import CHECK_SECONDS
from lambda_src.connect_health.worker_run import event_run
from lambda_src.runtime.deadline import Clock
from lambda_src.session import Session


def log_run(
    event: object, session: Session, clients: CheckClients, topic: str, *, clock: Clock = time.time
) -> CheckAnswer:
    """Handle one batch of lines. Raises `WmsError` as the run for them does.

    A refused login comes first, as its connector has to be stopped. A batch about nothing ends there, too.
    """
    batch = parse_batch(event)
    within = replace(session, deadline=session.deadline.sooner(CHECK_SECONDS))
    if not any(refused_login(line) for _, line in batch.events):
        if (missing := missing_log(batch)) is not None:
            return event_run(missing, within, clients, topic, clock=clock)
        if (failed_at := task_failed_at(batch)) is not None:
            return failure_run(failed_at, session, clients, topic, clock=clock)
    return login_run(event, within, clients, topic, clock=clock)
