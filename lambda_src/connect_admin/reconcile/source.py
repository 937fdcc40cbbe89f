"""The source's side: the temporary connector reads the tables, goes, and the stage's stream catches up."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.domain.admin_api import Answer, State
from connector.domain.capture.config import NAME_KEY
from connector.domain.reconcile.config import comparison_config
from connector.domain.reconcile.run import ComparisonPhase, Part, ReconcileRequest, ReconcileRun
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR, CONNECTOR
from lambda_src.clients import metrics_page
from lambda_src.clients.connect_rest import Connect
from lambda_src.comparison_leftovers import remove_connector
from lambda_src.connect_admin.control import there
from lambda_src.connect_admin.registration.validate import validation_seconds
from lambda_src.connect_admin.registration.verify import failure
from lambda_src.logins import own_validation
from lambda_src.session import Session

#: How long one request watches, and how often it looks, in seconds.
_WATCH_SECONDS = 15.0
_LOOK_SECONDS = 1.0
#: So many looks without an offset, after all tables were read, say that they have no row.
_EMPTY_LOOKS = 10

Ranges = Mapping[str, Sequence[tuple[int, int]]]


def watch_snapshot(session: Session, run: ReconcileRun, _: ReconcileRequest) -> Answer:
    """Wait until the tables are read, as the offset that Connect has stored says, and note their SCN."""
    session.know_confidential()
    connect, prefix = session.connect(), session.stage.topics.comparison_prefix
    reads = Answer(State.WAITING, f"{COMPARISON_CONNECTOR} reads {', '.join(run.tables)}", changed=True)
    if connect.config(COMPARISON_CONNECTOR) is None:
        _create(session, connect, run)
        return reads
    empty_looks = 0

    def look() -> Answer | None:
        nonlocal empty_looks
        status = connect.status(COMPARISON_CONNECTOR)
        if status is not None and status.failed:
            why = failure(status, session.database_address, COMPARISON_CONNECTOR)
            return Answer(State.FAILED, f"the tables could not be read: {why}")
        offset = _offset(connect, COMPARISON_CONNECTOR, prefix)
        if offset.get("snapshot_completed") is True:
            run.scn, run.phase = int(offset["scn"]), ComparisonPhase.REMOVE
            return Answer(State.WAITING, f"the tables are read, as of SCN {run.scn}", changed=True)
        if status is not None and status.running_at and not offset:
            seen = metrics_page.read_source(session.http, status.running_at[0], prefix, session.deadline)
            ended = bool(seen.snapshot_tables) and not seen.snapshot_running and seen.tables_left == 0
            empty_looks = empty_looks + 1 if ended else 0
        if empty_looks < _EMPTY_LOOKS:
            return None
        message = "the tables have no row, so no record says as of which SCN that is so"
        return Answer(State.FAILED, f"{message}; compare them with a table that has one: leave out --table")

    found = session.deadline.poll(
        look, lambda answer: answer is not None, every=_LOOK_SECONDS, at_most=_WATCH_SECONDS
    )
    return found or reads


def _create(session: Session, connect: Connect, run: ReconcileRun) -> None:
    """Create the temporary connector with what the stage's has in Connect."""
    stored = {key: value for key, value in (connect.config(CONNECTOR) or {}).items() if key != NAME_KEY}
    config = comparison_config(session.stage, stored, run.tables)
    seconds = validation_seconds(session)
    with own_validation(session, seconds):
        connect.put_config(COMPARISON_CONNECTOR, config, timeout=seconds)


def remove(session: Session, run: ReconcileRun, _: ReconcileRequest) -> Answer:
    """Delete the temporary connector and its offsets: all that it had to write is on the topics."""
    stopping = remove_connector(session)
    if stopping is not None:
        return stopping
    topics = _topics_of(session, run, "comparison")
    ranges = _settled(session, topics)
    if ranges is None:
        return Answer(State.WAITING, "waiting until what the tables hold is committed", changed=True)
    run.parts = [
        Part(table, source=True, topic=topic, partition=0, at=run.first[topic], end=ranges[topic][0][1])
        for table, topic in topics.items()
    ]
    run.phase = ComparisonPhase.REACH
    return Answer(State.WAITING, f"{COMPARISON_CONNECTOR} is deleted with its offsets", changed=True)


def reach(session: Session, run: ReconcileRun, _: ReconcileRequest) -> Answer:
    """Wait until the stage's stream has passed the SCN; then note which records are to be compared."""
    found = there(session)
    if isinstance(found, Answer):
        return found
    connect, status = found
    if not status.runs:
        message = f"{CONNECTOR} does not run any more ({status.describe()})"
        return Answer(State.FAILED, f"{message}, so the topics stay behind the source")
    if session.source_at(status.running_at[0]).snapshot_running:
        return Answer(State.FAILED, "a snapshot of the stage has begun; run this again when it has ended")
    prefix = session.stage.topics.prefix
    passed = session.deadline.poll(
        lambda: _passed(_offset(connect, CONNECTOR, prefix), run.scn),
        bool,
        every=_LOOK_SECONDS,
        at_most=_WATCH_SECONDS,
    )
    topics = _topics_of(session, run, "data")
    ranges = _settled(session, topics) if passed else None
    if ranges is None:
        return Answer(State.WAITING, f"waiting until {CONNECTOR} has passed SCN {run.scn}")
    run.whole = [table for table, topic in topics.items() if all(first == 0 for first, _ in ranges[topic])]
    run.parts += [
        Part(table, source=False, topic=topic, partition=partition, at=first, end=end)
        for table, topic in topics.items()
        for partition, (first, end) in enumerate(ranges[topic])
    ]
    run.phase = ComparisonPhase.READ
    return Answer(State.WAITING, f"{CONNECTOR} has passed SCN {run.scn}")


def _passed(offset: Mapping[str, Any], scn: int) -> bool:
    """Whether every transaction that was committed by `scn` was sent to the topics.

    Its offset is written in one transaction with the records. `scn` in it is where a restart reads from: the
    begin of the oldest open transaction, or what was read last. `commit_scn` has the last commits that were
    sent, as `SCN:thread:transactions` (CommitScn of Debezium 3.6.1.Final); commits are sent in their order.
    """
    if offset.get("snapshot") is not None:
        return False
    commits = [part.partition(":")[0] for part in str(offset.get("commit_scn") or "").split(",")]
    sent = min((int(each) for each in commits if each.isdecimal()), default=0)
    read = str(offset.get("scn") or "")
    return sent > scn or (read.isdecimal() and int(read) > scn)


def _offset(connect: Connect, name: str, server: str) -> Mapping[str, Any]:
    """What Connect has stored for a connector of Debezium's; empty if nothing."""
    for pair in connect.offsets(name) or ():
        if pair.get("partition", {}).get("server") == server:
            found: Mapping[str, Any] = pair.get("offset") or {}
            return found
    return {}


def _settled(session: Session, topics: Mapping[str, str]) -> Ranges | None:
    """What there is on topics, once no transaction is open that has begun before; None if one stays open.

    A commit reaches each partition by itself: that of the offset does not tell of the data's.
    """
    names = list(topics.values())
    with session.kafka() as kafka:
        there_is = kafka.ranges(names, committed=False)

        def committed() -> bool:
            found = kafka.ranges(names)
            return all(
                end >= wanted
                for name in names
                for (_, end), (_, wanted) in zip(found[name], there_is[name], strict=True)
            )

        settled = session.deadline.poll(committed, bool, every=_LOOK_SECONDS, at_most=_WATCH_SECONDS)
    return there_is if settled else None


def _topics_of(session: Session, run: ReconcileRun, role: str) -> Mapping[str, str]:
    """Table -> its topic of a role."""
    by_table = {".".join(name.split(".")[-2:]): name for name in session.stage.topics.roles[role]}
    return {table: by_table[table] for table in run.tables}
