"""COMPARE: bucket by bucket, so that a function never holds all keys."""

import json
from collections.abc import Sequence

from connector.domain.admin_api import Answer, State
from connector.domain.reconcile.comparison import Sides, TableReport, compare
from connector.domain.reconcile.digests import BUCKETS, Digester, RowState, keep_newest, unpacked
from connector.domain.reconcile.run import ComparisonPhase, ReconcileRequest, ReconcileRun
from lambda_src.clients.objects import Folder
from lambda_src.comparison_leftovers import chunk_name, folder, repairs_name
from lambda_src.session import Session

#: What a request leaves of its time for the state, in seconds.
_SPARE_SECONDS = 10.0
#: More rows than that are asked for by a snapshot of the whole table.
MOST_REPAIRED = 10_000


def compare_buckets(session: Session, run: ReconcileRun, request: ReconcileRequest) -> Answer:
    """Compare on; then go on to the repair, where one is asked for."""
    files, null = folder(session, run.id), Digester(run.secret).null
    total = BUCKETS * len(run.tables)
    repairs: dict[str, list[str]] = {}
    while run.bucket < total and session.deadline.left > _SPARE_SECONDS:
        table, bucket = run.tables[run.bucket // BUCKETS], run.bucket % BUCKETS
        sides = Sides(
            _rows(files, run, table, bucket, source=True),
            _rows(files, run, table, bucket, source=False),
            table in run.whole,
            run.columns,
            null,
        )
        report = run.reports.setdefault(table, TableReport())
        repairs.setdefault(table, []).extend(compare(sides, report, frozenset(request.keys)))
        run.bucket += 1
    if request.repair:
        for table, keys in repairs.items():
            _keep(files, run, table, keys)
    if run.bucket < total:
        return Answer(State.WAITING, f"{run.bucket} of {total} parts are compared", changed=True)
    run.phase = ComparisonPhase.REPAIR if request.repair else ComparisonPhase.DONE
    return Answer(State.WAITING, "all is compared", changed=True)


def _rows(files: Folder, run: ReconcileRun, table: str, bucket: int, *, source: bool) -> dict[str, RowState]:
    rows: dict[str, RowState] = {}
    for chunk in run.chunks:
        if (chunk.table, chunk.source) == (table, source):
            part = files.part(chunk_name(chunk.number), chunk.index[bucket], chunk.index[bucket + 1])
            for key, state in unpacked(part):
                keep_newest(rows, key, state)
    return rows


def _keep(files: Folder, run: ReconcileRun, table: str, keys: Sequence[str]) -> None:
    """Add keys to those of the table that are to be asked for again."""
    before = run.repairs.get(table, 0)
    known = json.loads(files.part(repairs_name(table), 0, before)) if before else []
    if len(known) <= MOST_REPAIRED:
        content = json.dumps([*dict.fromkeys([*known, *keys])]).encode()
        files.store(repairs_name(table), content)
        run.repairs[table] = len(content)
