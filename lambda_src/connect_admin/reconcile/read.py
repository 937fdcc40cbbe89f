"""READ: records become digests, in the artifact bucket; no value leaves the function."""

from connector.domain.admin_api import Answer, State
from connector.domain.errors import ServerError
from connector.domain.reconcile import digests
from connector.domain.reconcile.digests import Digester
from connector.domain.reconcile.run import Chunk, ComparisonPhase, Part, ReconcileRequest, ReconcileRun
from lambda_src.clients.kafka_port import KafkaAdmin, RecordRange
from lambda_src.comparison_leftovers import MOST_UNKNOWN, chunk_name, folder
from lambda_src.session import Session

#: Records in one object: their digests take about 10 MB of a function's memory.
_CHUNK_RECORDS = 20_000
#: What a request leaves of its time to write the object and the state, in seconds.
_SPARE_SECONDS = 12.0


def read_topics(session: Session, run: ReconcileRun, _: ReconcileRequest) -> Answer:
    """Read on, the source's rows first: their topics keep them for an hour."""
    digester = Digester(run.secret, run.columns)
    written = 0
    with session.kafka() as kafka:
        for part in run.parts:
            while part.at < part.end:
                if written == MOST_UNKNOWN or session.deadline.left < _SPARE_SECONDS:
                    return _waiting(run, digester)
                _read(session, kafka, run, part, digester)
                written += 1
    run.phase = ComparisonPhase.COMPARE
    return _waiting(run, digester)


def _read(session: Session, kafka: KafkaAdmin, run: ReconcileRun, part: Part, digester: Digester) -> None:
    rows: dict[str, digests.RowState] = {}
    count = 0

    def take(key: bytes | None, value: bytes | None) -> None:
        nonlocal count
        count += 1
        try:
            seen = digester.seen(key, value)
        except ServerError as error:
            where = f"{part.topic}, partition {part.partition}, record {count} from offset {part.at} on"
            raise ServerError(f"{where}: {error}") from None
        # The source's rows are those of this run's snapshot, and of no other that a restart began before.
        wanted = seen is not None and (seen.scn == run.scn if part.source else seen.scn <= run.scn)
        if seen is not None and wanted:
            digests.keep_newest(rows, seen.key, (seen.scn, seen.digest))

    seconds = session.deadline.left - _SPARE_SECONDS
    wanted = RecordRange(part.topic, part.partition, part.at, part.end)
    part.at = kafka.read(wanted, take, seconds=max(seconds, 1.0), most=_CHUNK_RECORDS)
    run.records += count
    if rows:
        content, index = digests.packed(rows)
        number = len(run.chunks)
        folder(session, run.id).store(chunk_name(number), content)
        run.chunks.append(Chunk(part.table, part.source, number, index))


def _waiting(run: ReconcileRun, digester: Digester) -> Answer:
    run.columns = [list(names) for names in digester.columns]
    left = sum(part.end - part.at for part in run.parts)
    message = f"{run.records} records are read" + (f", about {left} are left" if left else "")
    return Answer(State.WAITING, message, changed=True)
