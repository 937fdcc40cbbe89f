"""The error classes of what a snapshot has missed, and of a database that was set back. Pure."""

from connector.domain.diagnosis.error_class import OFFSETS, ORACLE_SCRIPT, ErrorClass, Owner

#: In the order of `Skip`, whose names they have.
LOST = (
    ErrorClass(
        "table-left-out",
        retry=False,
        owner=Owner.DATABASE,
        meaning="a snapshot left out a captured table: it does not exist, or the connector's user has no "
        "right on it, so Debezium did not see it",
        next_step="let the DBA restore the table and run the script of grants; then take a snapshot of the "
        "table, which ends this finding",
        command=ORACLE_SCRIPT,
        data="the snapshot lacks the rows of this table; no change is read of one that is not there",
    ),
    ErrorClass(
        "snapshot-aborted",
        retry=False,
        owner=Owner.US,
        meaning="a snapshot that was requested has failed, or ended with its task: the connector streams on, "
        "and does not repeat it",
        next_step="read the error of the snapshot in the worker's log and fix its cause; then take the "
        "snapshot again, which ends this finding",
        command="wms-connector snapshot {stage}",
        data="rows that the snapshot was to send again are not sent; changes are streamed as before",
    ),
    ErrorClass(
        "database-restored",
        retry=False,
        owner=Owner.DATABASE,
        meaning="the database was restored or flashed back behind the connector's position: the topics hold "
        "changes that the database no longer has, and new ones are not read until it has passed the position",
        next_step="ask the DBA to which time the database was set back, and inform the owners of the data; a "
        "restart or waiting brings nothing back: let them decide on a new snapshot, then acknowledge it",
        command=OFFSETS,
        data="changes are missing: the database has lost what the topics hold, and new ones wait",
    ),
)
