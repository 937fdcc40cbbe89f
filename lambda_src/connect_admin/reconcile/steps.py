"""RECONCILE: each request carries out one step of the comparison that is under way, or begins one."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.reconcile.comparison import share
from connector.domain.reconcile.keys import shown
from connector.domain.reconcile.run import ComparisonPhase, ReconcileRequest, ReconcileRun
from lambda_src.clients.state_table import read_run, replace_item
from lambda_src.comparison_leftovers import discard, sweep
from lambda_src.connect_admin.reconcile.begin import begin
from lambda_src.connect_admin.reconcile.compare import compare_buckets
from lambda_src.connect_admin.reconcile.read import read_topics
from lambda_src.connect_admin.reconcile.repair import repair
from lambda_src.connect_admin.reconcile.source import reach, remove, watch_snapshot
from lambda_src.session import Session

CLEARED_AWAY = "the comparison was cleared away by somebody else; run it again"

#: A step: it changes the run, and answers WAITING with how far it is.
Step = Callable[[Session, ReconcileRun, ReconcileRequest], Answer]


def reconcile(session: Session) -> Answer:
    """Go on with the run that the request names. DONE with the report, once all is compared."""
    request = session.reconcile
    if request is None:
        return Answer(State.FAILED, "the request does not say which comparison it means")
    table = session.aws.table(session.environment.table)
    item = read_run(table)
    run = item.run
    if run is None or run.id != request.run:
        if not request.begin:
            return Answer(State.FAILED, CLEARED_AWAY)
        return begin(session, request, item)
    answer = _STEPS[run.phase](session, run, request)
    if answer.state is State.FAILED:
        return answer
    run.touched = int(time.time())
    if not replace_item(table, replace(item, version=item.version + 1, run=run).to_item()):
        return _superseded(session, run)
    return answer


def _superseded(session: Session, run: ReconcileRun) -> Answer:
    """Another request has changed the state; if it has cleared the run away, what this one has made goes."""
    now = read_run(session.aws.table(session.environment.table))
    if now.run is not None and now.run.id == run.id:
        return Answer(State.WAITING, "another request has gone on with the comparison")
    discard(session, run)
    left = sweep(session, now) if now.run is None else None
    return left or Answer(State.FAILED, CLEARED_AWAY)


def report(run: ReconcileRun, request: ReconcileRequest) -> Answer:
    """What was found. Keys are in it only where they are asked for."""
    judged, keys = share(run.reports)
    wrong = {table: each.wrong for table, each in run.reports.items() if each.wrong}
    found = ", ".join(f"{count} of {table} differ" for table, count in wrong.items())
    # Rounded down: 100 % is all of them.
    part = 1000 * judged // keys / 10 if keys else 100.0
    tables = {}
    for table, each in run.reports.items():
        content = {**each.to_json(), "judged": each.judged, "repaired": run.repaired.get(table, 0)}
        first = content.pop("keys")
        if request.keys_shown:
            content["keys"] = {kind: [shown(key) for key in some] for kind, some in first.items()}
        tables[table] = content
    return Answer(
        State.DONE,
        f"{part:.1f} % of {keys} keys could be judged, as of SCN {run.scn}: {found or 'no difference'}",
        details={
            "judged": judged,
            "keys": keys,
            "percent": part,
            "scn": run.scn,
            "records": run.records,
            "not_repaired": run.not_repaired,
            "tables": tables,
        },
    )


_STEPS: Mapping[ComparisonPhase, Step] = {
    ComparisonPhase.SNAPSHOT: watch_snapshot,
    ComparisonPhase.REMOVE: remove,
    ComparisonPhase.REACH: reach,
    ComparisonPhase.READ: read_topics,
    ComparisonPhase.COMPARE: compare_buckets,
    ComparisonPhase.REPAIR: repair,
    ComparisonPhase.DONE: lambda _, run, request: report(run, request),
}
