"""The beginning of a comparison: what must be so before, its topics, and the claim of the run."""

import secrets
import time

from connector.domain.admin_api import Answer, State
from connector.domain.capture import signals
from connector.domain.reconcile.run import ABANDONED_SECONDS, ComparisonItem, ReconcileRequest, ReconcileRun
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.topic_plan import plan_topics
from lambda_src.clients.state_table import read_run, replace_item
from lambda_src.comparison_leftovers import folder, sweep
from lambda_src.connect_admin.control import there
from lambda_src.connect_admin.registration.cluster import refused_on
from lambda_src.logins import check_may_log_in
from lambda_src.session import Session

_SECRET_BYTES = 16


def begin(session: Session, request: ReconcileRequest, item: ComparisonItem) -> Answer:
    """Begin a run, once what an earlier one has left is gone; `begun` in the details says that it is."""
    tables = signals.captured(session.tables)
    now = int(time.time())
    if item.run is not None and now - item.run.touched < ABANDONED_SECONDS:
        since = time.strftime("%H:%M:%S UTC", time.gmtime(item.run.began))
        message = f"another comparison is under way since {since}; wait until it has ended"
        killed = f"if it was killed, run wms-connector reconcile {session.stage.name} --clean"
        return Answer(State.FAILED, f"{message}, or, {killed}")
    refusal = _refusal(session)
    if refusal is not None:
        return refusal
    folder(session, request.run)
    left = sweep(session, item)
    if left is not None:
        return left
    table = session.aws.table(session.environment.table)
    before = read_run(table)
    run = ReconcileRun(request.run, secrets.token_hex(_SECRET_BYTES), list(tables), now, now)
    wrong = _topics(session, run)
    if wrong:
        return Answer(State.FAILED, wrong)
    if not replace_item(table, ComparisonItem(before.version + 1, run).to_item()):
        return Answer(State.WAITING, "another request works on a comparison")
    message = f"begins: {', '.join(tables)}"
    return Answer(State.WAITING, message, changed=True, details={"begun": True})


def _refusal(session: Session) -> Answer | None:
    """Why nothing is compared: a comparison waits for the stream, and must not add to its troubles."""
    if session.environment.settings.kind != "debezium":
        return Answer(State.FAILED, "a jdbc connector's records have no SCN, so they cannot be compared")
    # The temporary connector logs in, too: never with what was refused.
    check_may_log_in(session)
    found = there(session)
    if isinstance(found, Answer):
        return found
    _, status = found
    look = f"wms-connector verify {session.stage.name} says what to do"
    if not status.runs:
        message = f"{CONNECTOR} is not running ({status.describe()}), so nothing can be compared; {look}"
        return Answer(State.FAILED, message)
    source = session.source_at(status.running_at[0])
    if source.snapshot_running:
        message = "a snapshot is running; run this again once status shows that it has ended"
        return Answer(State.FAILED, message)
    if not source.streaming:
        return Answer(State.FAILED, f"the connector does not stream, so nothing can be compared; {look}")
    return None


def _topics(session: Session, run: ReconcileRun) -> str:
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
