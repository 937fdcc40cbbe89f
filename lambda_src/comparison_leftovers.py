"""What a comparison keeps, and how it goes: its connector with the offsets, its digests, its state."""

from dataclasses import replace

from connector.domain.admin_api import Answer, State
from connector.domain.errors import ServerError
from connector.domain.reconcile.run import ComparisonItem, ReconcileRun
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR
from lambda_src.clients.objects import Folder
from lambda_src.clients.state_table import read_run, replace_item
from lambda_src.removal import removed
from lambda_src.session import Session

#: How many objects a step may have written of which the state does not know, as it was cut off.
MOST_UNKNOWN = 8


def folder(session: Session, run: str) -> Folder:
    """Where a run keeps its objects."""
    bucket = session.environment.bucket
    if not bucket:
        raise ServerError("the function does not know the artifact bucket: launch the stage again")
    return Folder(session.aws.s3(), bucket, f"{session.stage.names.comparison_folder}{run}/")


def chunk_name(number: int) -> str:
    """The object that has the digests of the chunk with this number."""
    return f"digests-{number}"


def repairs_name(table: str) -> str:
    """The object that has the keys of a table which the source can be asked for again."""
    return f"keys-{table}"


def sweep(session: Session, item: ComparisonItem) -> Answer | None:
    """Delete the connector, then objects and state; None once nothing is left."""
    if not session.service.addresses:
        return Answer(State.WAITING, f"no worker runs that could say whether {COMPARISON_CONNECTOR} is there")
    stopping = remove_connector(session)
    if stopping is None:
        _forget(session, item)
    return stopping


def remove_connector(session: Session) -> Answer | None:
    """Delete the temporary connector with its offsets, if it is there; None once it is gone."""
    session.know_confidential()
    connect = session.connect()
    if connect.config(COMPARISON_CONNECTOR) is None:
        return None
    if removed(session, connect, COMPARISON_CONNECTOR, offsets_stay=False) is None:
        return Answer(State.WAITING, f"{COMPARISON_CONNECTOR} is stopping", changed=True)
    return None


def forget(session: Session) -> None:
    """Delete objects and state of a comparison, if there are any."""
    _forget(session, read_run(session.aws.table(session.environment.table)))


def _forget(session: Session, item: ComparisonItem) -> None:
    if item.run is not None:
        discard(session, item.run)
        write_none(session, item)


def discard(session: Session, run: ReconcileRun) -> None:
    """Delete the objects of a run."""
    files = folder(session, run.id)
    for number in range(len(run.chunks) + MOST_UNKNOWN):
        files.discard(chunk_name(number))
    for table in run.tables:
        files.discard(repairs_name(table))


def write_none(session: Session, item: ComparisonItem) -> None:
    """Write that no run is under way. A retriable `ServerError` if another request has written meanwhile."""
    table = session.aws.table(session.environment.table)
    if not replace_item(table, replace(item, version=item.version + 1, run=None).to_item()):
        raise ServerError("another request works on the comparison; run this again", retriable=True)
