"""What a stage has lost, what of it cannot be brought back, and by which steps it is rebuilt. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from connector.domain.health.restore import RESET

#: Among the `confirmed` of a request: do without a backup, and begin with the initial snapshot.
FROM_SNAPSHOT = "rebuild from snapshot"


class Loss(StrEnum):
    """What is gone."""

    CLUSTER = "cluster"
    INTERNAL_TOPICS = "internal topics"
    HISTORY = "schema history"
    TABLE = "state table"


@dataclass(frozen=True)
class Remains:
    """What of a stage there is. None stands for what could not be seen.

    `recorded_cluster` is the id in the stage record, or in the backup if the table has no record; empty
    without both. `internal_missing` are those of Connect's own topics that do not exist. `history` says
    whether the topic of the schema history has records, and not only the first of those in the backup, as
    after an interrupted restore; a stage of kind `jdbc` has none (`keeps_history`).
    """

    record: bool
    cluster: str
    recorded_cluster: str
    internal_missing: tuple[str, ...]
    connector: bool | None
    offsets: bool | None
    history: bool
    keeps_history: bool = True

    def losses(self, *, backup_has_offsets: bool) -> tuple[Loss, ...]:
        """What is lost. Without offsets in a backup nobody knows whether there were any."""
        found = [] if self.record else [Loss.TABLE]
        if self.recorded_cluster and self.recorded_cluster != self.cluster:
            # A new cluster has nothing of the old one.
            return (*found, Loss.CLUSTER)
        no_offsets = self.offsets is False and backup_has_offsets
        if self.internal_missing or self.connector is False or no_offsets:
            found.append(Loss.INTERNAL_TOPICS)
        if self.keeps_history and not self.history:
            found.append(Loss.HISTORY)
        return tuple(found)


class Means(StrEnum):
    """How the position comes back."""

    #: It is there.
    KEEP = "keep"
    #: Schema history and offsets of a backup are written back, together: they fit each other.
    BACKUP = "backup"
    #: The connector begins with its initial snapshot.
    SNAPSHOT = "snapshot"


@dataclass(frozen=True)
class Rebuild:
    """How a stage is rebuilt. `told` says before, a line each, what is lost for good."""

    means: Means
    end_workers: bool
    write_record: bool
    told: tuple[str, ...]


_OF_LOSS = {
    Loss.CLUSTER: (
        "cluster: this is another cluster ({cluster}) than that of the stage record ({recorded}). All that "
        "was on the old topics is lost, with older values and deletions, and so are the consumers' places in "
        "them. If the workers do not have the new brokers yet, run `{launch}` first"
    ),
    Loss.INTERNAL_TOPICS: "internal topics: the connector's config and position in Kafka are lost",
    Loss.HISTORY: "schema history: which structure the tables had at the connector's position is lost",
    Loss.TABLE: (
        "state table: what the health check remembered is lost: the ages of SCNs (so a position must be "
        "checked with the DBA), skipped changes and acknowledgements, who has halted the connector, used "
        "restarts. An incident that lasts is mailed again"
    ),
}


def rebuild(
    remains: Remains, losses: tuple[Loss, ...], *, backup_id: str, position: str, launch: str
) -> Rebuild:
    """The plan. `backup_id` is empty if none is used; `position` says what restoring its offsets means."""
    told = [
        _OF_LOSS[loss].format(cluster=remains.cluster, recorded=remains.recorded_cluster, launch=launch)
        for loss in losses
    ]
    stream = {Loss.CLUSTER, Loss.INTERNAL_TOPICS, Loss.HISTORY} & set(losses)
    means = Means.KEEP
    if stream:
        # On a new cluster the topics lack the rows from before the backup.
        with_backup = bool(backup_id) and Loss.CLUSTER not in losses
        means = Means.BACKUP if with_backup else Means.SNAPSHOT
    if means is Means.BACKUP:
        told.append(
            f"means: schema history and position of backup {backup_id} are written back; {position}. Nothing "
            "is left out as long as the database has the redo log from that position on"
        )
    elif means is Means.SNAPSHOT:
        told.append(f"means: the initial snapshot; {RESET}")
    return Rebuild(
        means,
        end_workers=bool(remains.internal_missing),
        write_record=Loss.TABLE in losses and bool(backup_id),
        told=tuple(told),
    )
