"""The beginning of a comparison: what must be so before, and the connector that reads the tables."""

import secrets
import time

from connector.domain.admin_api import Answer, State
from connector.domain.capture import signals
from connector.domain.capture.config import NAME_KEY
from connector.domain.reconcile.config import comparison_config
from connector.domain.reconcile.run import ABANDONED_SECONDS, Comparison, ComparisonItem, ReconcileRequest
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR, CONNECTOR
from connector.domain.stage.topic_plan import plan_topics
from lambda_src.clients.connect_rest import Connect
from lambda_src.connect_admin.control import there
from lambda_src.connect_admin.reconcile.clean import folder, sweep
from lambda_src.connect_admin.registration.cluster import refused_on
from lambda_src.connect_admin.registration.validate import validation_seconds
from lambda_src.session import Session

_SECRET_BYTES = 16


def begin(
    session: Session, request: ReconcileRequest, item: ComparisonItem
) -> tuple[Answer, Comparison | None]:
    """Begin a run, once what an earlier one has left is gone; None while, or because, it has not begun."""
    tables = signals.captured(session.tables)
    now = int(time.time())
    if item.run is not None and now - item.run.touched < ABANDONED_SECONDS:
        since = time.strftime("%H:%M:%S UTC", time.gmtime(item.run.began))
        message = f"another comparison is under way since {since}; wait until it has ended"
        killed = f"if it was killed, run wms-connector reconcile {session.stage.name} --clean"
        return Answer(State.FAILED, f"{message}, or, {killed}"), None
    found = _ready(session)
    if isinstance(found, Answer):
        return found, None
    folder(session, request.run)
    left = sweep(session, item)
    if left is not None:
        return left, None
    run = Comparison(request.run, secrets.token_hex(_SECRET_BYTES), list(tables), now, now)
    refusal = _topics(session, run)
    if refusal:
        return Answer(State.FAILED, refusal), None
    stored = {key: value for key, value in (found.config(CONNECTOR) or {}).items() if key != NAME_KEY}
    config = comparison_config(session.stage, stored, tables)
    found.put_config(COMPARISON_CONNECTOR, config, timeout=validation_seconds(session))
    return Answer(State.WAITING, f"{COMPARISON_CONNECTOR} reads {', '.join(tables)}", changed=True), run


def _ready(session: Session) -> Connect | Answer:
    """Connect, if the stage streams: a comparison waits for the stream, and must not add to its troubles."""
    if session.environment.settings.kind != "debezium":
        return Answer(State.FAILED, "a jdbc connector's records have no SCN, so they cannot be compared")
    found = there(session)
    if isinstance(found, Answer):
        return found
    connect, status = found
    if not status.runs:
        message = f"{CONNECTOR} is not running ({status.describe()}), so nothing can be compared"
        return Answer(State.FAILED, f"{message}; wms-connector verify {session.stage.name} says what to do")
    source = session.source_at(status.running_at[0])
    if source.snapshot_running:
        return Answer(
            State.FAILED, "a snapshot is running; run this again once status shows that it has ended"
        )
    if not source.streaming:
        return Answer(State.FAILED, "the connector does not stream; wms-connector verify says what to do")
    return connect


def _topics(session: Session, run: Comparison) -> str:
    """Make the comparison's topics, or put them right, and note where this run begins on them."""
    specs = session.stage.topics.comparison_specs(max_record_mib=session.environment.settings.max_record_mib)
    names = [spec.name for spec in specs]
    with session.kafka() as kafka:
        refusal = refused_on(session, kafka)
        if refusal is not None:
            return refusal
        partitions = kafka.partitions(names)
        plan = plan_topics(specs, partitions, kafka.configs(list(partitions)))
        if plan.wrong:
            return "; ".join(plan.wrong)
        if plan.create:
            kafka.create(plan.create)
        if plan.alter:
            kafka.alter(plan.alter)
        ranges = kafka.ranges([name for name in names if name in partitions])
    run.first = {name: ranges[name][0][1] if name in ranges else 0 for name in names}
    return ""
