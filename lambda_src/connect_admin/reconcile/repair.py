"""REPAIR: rows that the topic does not have as the source has them are read again, by filtered snapshots."""

import json
import time
from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.capture.snapshot import SnapshotRequest
from connector.domain.errors import OperatorError
from connector.domain.reconcile.keys import conditions
from connector.domain.reconcile.run import ComparisonPhase, ReconcileRequest, ReconcileRun
from lambda_src.comparison_leftovers import folder, repairs_name
from lambda_src.connect_admin.reconcile.compare import MOST_REPAIRED
from lambda_src.connect_admin.snapshot import snapshot, snapshot_progress
from lambda_src.session import Session

#: How long a task has to receive a signal, as `wms-connector snapshot --wait` gives it, and a second one.
_RECEIVE_SECONDS = 90
#: Notifications are told apart by their times, which may differ by 2 s (`connector.domain.capture.snapshot`).
_APART_SECONDS = 3.0


def repair(session: Session, run: ReconcileRun, _: ReconcileRequest) -> Answer:
    """Send the next signal, or see how far its snapshot is; DONE with the report comes after the last.

    A repair that is refused ends there, with its reason in the report: what was found stays worth knowing.
    """
    try:
        answer = _next(session, run)
    except OperatorError as error:
        answer = Answer(State.FAILED, str(error))
    if answer.state is not State.FAILED:
        return answer
    run.not_repaired, run.phase = answer.summary, ComparisonPhase.DONE
    return Answer(State.WAITING, f"the repair has ended: {answer.summary}", changed=True)


def _next(session: Session, run: ReconcileRun) -> Answer:
    for table in run.tables:
        size, done = run.repairs.get(table, 0), run.repaired.get(table, 0)
        keys = json.loads(folder(session, run.id).part(repairs_name(table), 0, size)) if size else []
        if len(keys) > MOST_REPAIRED:
            message = f"{run.reports[table].repairable} rows of {table} are to be asked for again"
            whole = f"wms-connector snapshot {session.stage.name} --table {table}"
            return Answer(State.FAILED, f"{message}, too many to name one by one; take {whole}")
        if done < len(keys):
            return _ask(session, run, table, keys[done:])
    run.phase = ComparisonPhase.DONE
    return Answer(State.WAITING, f"{sum(run.repaired.values())} rows were asked for again", changed=True)


def _ask(session: Session, run: ReconcileRun, table: str, keys: list[str]) -> Answer:
    where, count = conditions(keys)
    # One id for each snapshot, so that a step that is repeated sends no second signal.
    identifier = f"{run.id}-{table}-{run.repaired.get(table, 0)}"
    late = run.sent_at and time.time() - run.sent_at / 1000 > _RECEIVE_SECONDS
    wanted = SnapshotRequest(identifier, where, run.sent_at, again=bool(late))
    asking = replace(session, tables=(table,), snapshot=wanted)
    if not run.sent_at:
        sent = snapshot(asking)
        if sent.state is State.DONE:
            run.sent_at = int(sent.details["sent_at"])
            return Answer(State.WAITING, f"{count} rows of {table} are asked for again", changed=True)
        return sent
    told = snapshot_progress(asking)
    if told.state is State.DONE:
        run.repaired[table] = run.repaired.get(table, 0) + count
        run.sent_at = 0
        session.deadline.sleep(_APART_SECONDS)
        total = sum(report.repairable for report in run.reports.values())
        done = sum(run.repaired.values())
        return Answer(State.WAITING, f"{done} of {total} rows were asked for again", changed=True)
    if told.state is State.WAITING and late and not told.details.get("received"):
        if not snapshot(asking).changed:
            return Answer(State.FAILED, f"no task has received the signal {identifier}, which was sent twice")
        run.sent_at = int(time.time() * 1000)
        return Answer(State.WAITING, "no task has received the signal; it is sent once more", changed=True)
    return Answer(told.state, told.summary)
