"""A snapshot that an operator requests: its signal's id, and what notifications tell of it. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.domain.errors import OperatorError

#: What SQL would need to say more than one condition.
FORBIDDEN = (";", "--", "/*")
#: How long a condition may be.
MOST_CHARACTERS = 1000
#: Debezium's words (`InitialSnapshotNotificationService`, 3.6.1.Final), for requested snapshots too.
_AGGREGATE = "Initial Snapshot"
_STARTED, _IN_PROGRESS, _SCANNED = "STARTED", "IN_PROGRESS", "TABLE_SCAN_COMPLETED"
_ENDED = ("COMPLETED", "ABORTED", "SKIPPED")
#: By how much the clocks of function and worker may differ, in milliseconds.
_SKEW_MS = 2000


@dataclass(frozen=True)
class SnapshotRequest:
    """`identifier` is the signal's id: one id is one snapshot, however often it is requested.

    `where` is a condition on rows, in SQL; empty: all rows. `sent_at` is when the signal was sent, in
    milliseconds since 1970; 0: not yet. `again`: the task did not receive the signal, so send it once more.
    """

    identifier: str
    where: str = ""
    sent_at: int = 0
    again: bool = False

    def __post_init__(self) -> None:
        check_where(self.where)

    def to_payload(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"id": self.identifier, "where": self.where, "sent_at": self.sent_at, "again": self.again}

    @classmethod
    def from_payload(cls, content: object) -> "SnapshotRequest | None":
        """The inverse of `to_payload`; an error shows no value, since a condition may hold one of a row."""
        if content is None:
            return None
        try:
            if not isinstance(content, Mapping) or not content["id"]:
                raise ValueError  # noqa: TRY301 - one message for all of it
            return cls(
                str(content["id"]),
                str(content.get("where", "")),
                int(content.get("sent_at", 0)),
                content.get("again") is True,
            )
        except (LookupError, TypeError, ValueError):
            raise OperatorError("the request's snapshot has no id, or cannot be read") from None


def check_where(where: str) -> None:
    """Refuse what is not one condition in one line; the message does not show it."""
    if not where:
        return
    if len(where) > MOST_CHARACTERS or not where.isprintable():
        raise OperatorError(
            f"the condition of a snapshot is one line of at most {MOST_CHARACTERS} characters"
        )
    for text in FORBIDDEN:
        if text in where:
            raise OperatorError(f"the condition of a snapshot may not hold {text!r}")
    if where.split(maxsplit=1)[0].upper() in ("SELECT", "WHERE"):
        raise OperatorError("the condition of a snapshot is what follows WHERE, as SYS_ADD_TS > SYSDATE")


@dataclass(frozen=True)
class Progress:
    """What the notifications tell of a snapshot. `outcome` is Debezium's word, empty before its end."""

    started: bool = False
    outcome: str = ""
    table: str = ""
    rows: Mapping[str, int] | None = None

    def describe(self) -> str:
        """The same as a text."""
        rows = ", ".join(f"{table}: {count} rows" for table, count in (self.rows or {}).items())
        if self.outcome:
            return f"snapshot {self.outcome.lower()}" + (f" ({rows})" if rows else "")
        if not self.started:
            return "not received yet"
        at = f" at {self.table}" if self.table else ""
        return f"snapshot runs{at}" + (f"; done: {rows}" if rows else "")


def progress(records: Sequence[tuple[str, str | None]], since_ms: int) -> Progress:
    """The progress of the snapshot that began after `since_ms`, from the records of the notification topic.

    A notification has an id of its own, not the signal's: those that were written since the signal count.
    """
    found = Progress()
    rows: dict[str, int] = {}
    for _, value in records:
        told = _notification(value)
        if told is None or told.get("aggregate_type") != _AGGREGATE:
            continue
        if int(told.get("timestamp") or 0) < since_ms - _SKEW_MS:
            continue
        kind, more = str(told.get("type")), told.get("additional_data") or {}
        if kind == _STARTED:
            rows = {}
            found = Progress(started=True)
        elif kind == _IN_PROGRESS:
            found = Progress(True, table=_table(more.get("current_collection_in_progress")), rows=rows)
        elif kind == _SCANNED and str(more.get("total_rows_scanned", "")).isdecimal():
            rows[_table(more.get("scanned_collection"))] = int(more["total_rows_scanned"])
            found = Progress(True, rows=rows)
        elif kind in _ENDED and found.started:
            return Progress(True, kind, rows=rows)
    return found


def last(records: Sequence[tuple[str, str | None]]) -> tuple[Progress, float] | None:
    """The newest snapshot that was begun, requested or not, and when it was told of last; None if none was.

    In seconds since 1970.
    """
    told = [found for _, value in records if (found := _notification(value)) is not None]
    starts = [number for number, each in enumerate(told) if _is(each, _STARTED)]
    if not starts:
        return None
    newest = told[starts[-1] :]
    at = max(int(each.get("timestamp") or 0) for each in newest)
    return progress([("", json.dumps(each)) for each in newest], 0), at / 1000


def _is(told: Mapping[str, Any], kind: str) -> bool:
    return (told.get("aggregate_type"), told.get("type")) == (_AGGREGATE, kind)


def _notification(value: str | None) -> Mapping[str, Any] | None:
    """One notification, with or without the envelope of Connect's JSON converter."""
    try:
        content = json.loads(value or "")
    except ValueError:
        return None
    if isinstance(content, dict) and set(content) == {"schema", "payload"}:
        content = content["payload"]
    return content if isinstance(content, dict) else None


def _table(name: object) -> str:
    """`SCHEMA.TABLE` of Debezium's name, in front of which the database's stands."""
    return ".".join(str(name or "").split(".")[-2:])
