"""A backup of a stage: its connector's offsets and config, its schema history, its stage record. Pure.

The data topics are not in it: an initial snapshot sends again what the tables hold. Nothing in it is secret:
the config refers to secrets by `${env:…}`.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from connector.domain.capture.offsets import Pair, pairs
from connector.domain.errors import OperatorError
from connector.domain.stage.record import StageRecord
from connector.domain.stage.stage import NAMED_STAGES, Stage

#: What the keys of all backups in the artifact bucket begin with. No zip is below it: a folder of zips has
#: the name of a named stage, or is that of the ephemeral ones.
BACKUPS = "backups"
#: The item of the state table that says when the last backup was written.
LAST_BACKUP_KEY = "last-backup"
#: How often the health check writes a backup, and after which age one is overdue, in seconds.
EVERY_SECONDS = 24 * 3600
OVERDUE_SECONDS = 36 * 3600

#: Key and value of one record of the schema history, as it stands on its topic; the key is empty.
HistoryRecord = tuple[str, str | None]

_TIME = "%Y%m%dT%H%M%S%fZ"
_ID = re.compile(r"\d{8}T\d{12}Z-[a-z]+")
_SUFFIX = ".json"


class Reason(StrEnum):
    """Why a backup was written: it is part of the backup's id."""

    DAILY = "daily"
    #: Before a launch replaces workers.
    LAUNCH = "launch"
    #: Before the connector's config is changed.
    CONFIG = "config"
    #: Before offsets are restored or deleted.
    OFFSETS = "offsets"
    #: Before `backup restore` and `rebuild`.
    RESTORE = "restore"
    #: An operator has asked for it.
    REQUEST = "request"


@dataclass(frozen=True)
class StageBackup:
    """What was read of a stage; `taken_at` is in ISO 8601, UTC. `record` is None if there was none."""

    stage: str
    taken_at: str
    reason: str
    offsets: Sequence[Pair]
    history: Sequence[HistoryRecord] = ()
    config: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, Any] | None = None

    @property
    def stage_record(self) -> StageRecord | None:
        """The stage record, as it was."""
        return None if self.record is None else StageRecord.from_item(self.record)

    def to_text(self) -> str:
        """As it lies in the bucket."""
        content = {
            "stage": self.stage,
            "taken_at": self.taken_at,
            "reason": self.reason,
            "offsets": [dict(pair) for pair in self.offsets],
            "history": [list(record) for record in self.history],
            "config": dict(self.config),
            "record": None if self.record is None else dict(self.record),
        }
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_text(cls, text: str) -> "StageBackup":
        """The inverse of `to_text`; raises `OperatorError` for anything else."""
        try:
            content = json.loads(text)
            record = content["record"]
            return cls(
                str(content["stage"]),
                str(content["taken_at"]),
                str(content["reason"]),
                pairs(content["offsets"]),
                tuple(_history_record(*each) for each in content["history"]),
                {str(key): str(value) for key, value in content["config"].items()},
                None if record is None else dict(record),
            )
        except (ValueError, LookupError, TypeError, AttributeError):
            raise OperatorError(
                "the object is no backup of a stage; choose another one of `wms-connector backup list STAGE`"
            ) from None


def _history_record(key: str, value: str | None) -> HistoryRecord:
    if not isinstance(key, str) or not isinstance(value, str | None):
        raise TypeError("a record of the schema history is a key and a value")
    return key, value


def prefix(stage: Stage) -> str:
    """Where the backups of a stage lie in the artifact bucket. A stage that is no named one has none."""
    if stage.ephemeral:
        raise OperatorError(
            f"stage {stage.name!r} has no backups: only {', '.join(NAMED_STAGES)} are backed up, because a "
            "branch's stage can be launched anew"
        )
    return f"{BACKUPS}/{stage.name}/"


def backup_id(taken_at: datetime, reason: Reason) -> str:
    """The id of a backup: ids sort by time."""
    return f"{taken_at.astimezone(UTC):{_TIME}}-{reason.value}"


def check_id(identifier: str) -> str:
    """The id; raises `OperatorError` if it is none, so that no other object is read."""
    if not _ID.fullmatch(identifier):
        raise OperatorError(
            f"backup {identifier!r} is no id like 20300102T030405000000Z-daily; "
            "`wms-connector backup list STAGE` has those that there are"
        )
    return identifier


def key(stage: Stage, identifier: str) -> str:
    """The key of the object that holds a backup."""
    return f"{prefix(stage)}{check_id(identifier)}{_SUFFIX}"


def ids(stage: Stage, keys: Iterable[str]) -> tuple[str, ...]:
    """The ids of the backups among keys of objects, the newest first."""
    found = (each.removeprefix(prefix(stage)).removesuffix(_SUFFIX) for each in keys)
    return tuple(sorted((each for each in found if _ID.fullmatch(each)), reverse=True))


def taken_at(identifier: str) -> datetime:
    """When the backup with this id was taken."""
    return datetime.strptime(check_id(identifier).partition("-")[0], _TIME).replace(tzinfo=UTC)


def reason_of(identifier: str) -> str:
    """Why the backup with this id was taken."""
    return check_id(identifier).partition("-")[2]


def missing_history(
    present: Sequence[HistoryRecord], kept: Sequence[HistoryRecord]
) -> Sequence[HistoryRecord] | None:
    """What is still to be written of a kept history; None if the topic holds another one.

    The topic may hold a beginning of it, as after an interrupted restore, or more than it.
    """
    common = min(len(present), len(kept))
    if list(present[:common]) != list(kept[:common]):
        return None
    return kept[common:]
