"""SCNs, redo logs and archived logs. Views: Database Reference 19c; forms: seen with Debezium 3.6.1."""

import re
from collections.abc import Sequence

from connector.local.oracle.answers import connector
from connector.local.oracle.answers.dictionary import at
from connector.local.oracle.connection import AnswerRows, Binds, Connection
from connector.local.oracle.logs import Log

_N, _T, _D = "NUMBER", "VARCHAR2", "DATE"
#: NEXT_CHANGE# of the current log: the highest SCN there can be (V$LOG, Database Reference).
_NO_END = 18446744073709551615
_BLOCK = 512
_DESTINATION = "LOG_ARCHIVE_DEST_1"

_JOIN = "A.DEST_ID = DS.DEST_ID AND DS.DEST_NAME <dests>"
_INCARNATION = "A.RESETLOGS_CHANGE# = D.RESETLOGS_CHANGE# AND A.RESETLOGS_TIME = D.RESETLOGS_TIME"
_FROM = "FROM V$ARCHIVED_LOG A, V$DATABASE D, V$ARCHIVE_DEST_STATUS DS"


def _kept(on: Connection) -> list[Log]:
    return [log for log in on.engine.logs.archived() if not log.deleted]


@connector.add("SELECT LOG_MODE FROM V$DATABASE")
def log_mode(on: Connection, *_: object) -> AnswerRows:
    """Whether redo logs are archived."""
    return AnswerRows.of(
        [("LOG_MODE", _T)], ["ARCHIVELOG" if on.engine.state["archivelog"] else "NOARCHIVELOG"]
    )


@connector.add("SELECT 'KEY', SUPPLEMENTAL_LOG_DATA_ALL FROM V$DATABASE")
def supplemental_all(*_: object) -> AnswerRows:
    """Not for the whole database: the script asks it of the captured tables."""
    return AnswerRows.of([("'KEY'", _T), ("SUPPLEMENTAL_LOG_DATA_ALL", _T)], ["KEY", "NO"])


@connector.add("SELECT 'KEY', SUPPLEMENTAL_LOG_DATA_MIN FROM V$DATABASE")
def supplemental_minimal(on: Connection, *_: object) -> AnswerRows:
    """Whether minimal supplemental logging is on."""
    value = "YES" if on.engine.state["minimal_supplemental"] else "NO"
    return AnswerRows.of([("'KEY'", _T), ("SUPPLEMENTAL_LOG_DATA_MIN", _T)], ["KEY", value])


@connector.add("SELECT STATUS, TYPE FROM V$ARCHIVE_DEST_STATUS WHERE DEST_NAME=?")
def destination(on: Connection, _: re.Match[str], binds: Binds) -> AnswerRows:
    """The first destination is valid and local; the other 30 are there and not in use."""
    columns = [("STATUS", _T), ("TYPE", _T)]
    name = str(binds[0])
    if name == _DESTINATION:
        return AnswerRows.of(columns, [on.engine.state.get("archive_destination", "VALID"), "LOCAL"])
    number = name.removeprefix("LOG_ARCHIVE_DEST_")
    known = number.isdigit() and 2 <= int(number) <= 31
    return AnswerRows.of(columns, *([["INACTIVE", "LOCAL"]] if known else []))


@connector.add("SELECT CURRENT_SCN FROM V$DATABASE")
def current_scn(on: Connection, *_: object) -> AnswerRows:
    """The database's SCN. It moves by itself."""
    return AnswerRows.of([("CURRENT_SCN", _N)], [on.engine.current_scn()])


@connector.add(
    "SELECT d.CURRENT_SCN, t.XID, t.START_SCN FROM V$DATABASE d LEFT OUTER JOIN V$TRANSACTION t ON "
    "t.START_SCN < "
    "d.CURRENT_SCN"
)
def open_transactions(on: Connection, *_: object) -> AnswerRows:
    """The SCN with each transaction that is open: before a snapshot, unless the boundary mode is `skip`."""
    scn = on.engine.current_scn()
    found = [[scn, one.xid.hex(), one.start_scn] for one in on.engine.open_transactions()]
    return AnswerRows.of(
        [("CURRENT_SCN", _N), ("XID", "RAW"), ("START_SCN", _N)], *(found or [[scn, None, None]])
    )


@connector.add(
    "SELECT MIN(FIRST_CHANGE#) FROM (SELECT MIN(FIRST_CHANGE#) AS FIRST_CHANGE# FROM V$LOG UNION SELECT "
    f"MIN(A.FIRST_CHANGE#) AS FIRST_CHANGE# {_FROM} WHERE {_JOIN} AND A.STATUS='A' AND {_INCARNATION})"
)
def oldest_change(on: Connection, *_: object) -> AnswerRows:
    """The first SCN that is still in a log."""
    logs = [*on.engine.logs.online(), *_kept(on)]
    return AnswerRows.of([("MIN(FIRST_CHANGE#)", _N)], [min(log.first_change for log in logs)])


@connector.add("SELECT MAX(BYTES) FROM V$LOG")
def largest_log(on: Connection, *_: object) -> AnswerRows:
    """Size of the biggest online log in bytes."""
    return AnswerRows.of([("MAX(BYTES)", _N)], [max(log.bytes for log in on.engine.logs.online())])


@connector.add("SELECT GROUP#, BYTES FROM V$LOG ORDER BY 1")
def log_sizes(on: Connection, *_: object) -> AnswerRows:
    """Each online log with its size in bytes."""
    rows = sorted((log.group, log.bytes) for log in on.engine.logs.online())
    return AnswerRows.of([("GROUP#", _N), ("BYTES", _N)], *rows)


@connector.add("SELECT SEQUENCE# FROM V$LOG WHERE STATUS = 'CURRENT' ORDER BY SEQUENCE#")
def current_sequence(on: Connection, *_: object) -> AnswerRows:
    """The log that is written now."""
    rows = [[log.sequence] for log in on.engine.logs.online() if log.status == "CURRENT"]
    return AnswerRows.of([("SEQUENCE#", _N)], *rows)


@connector.add(
    "SELECT 'TOTAL', COUNT(1) FROM V$ARCHIVED_LOG A, V$ARCHIVE_DEST_STATUS DS WHERE A.FIRST_TIME > "
    f"TRUNC(SYSDATE) AND {_JOIN}"
)
def switches_today(on: Connection, *_: object) -> AnswerRows:
    """Log switches since midnight."""
    midnight = at(on.engine.now())[:10]
    count = sum(at(log.first_time)[:10] == midnight for log in on.engine.logs.archived())
    return AnswerRows.of([("'TOTAL'", _T), ("COUNT(1)", _N)], ["TOTAL", count])


@connector.add("SELECT F.MEMBER, R.STATUS FROM V$LOGFILE F, V$LOG R WHERE F.GROUP# = R.GROUP# ORDER BY 2")
def members(on: Connection, *_: object) -> AnswerRows:
    """The online logs' files."""
    rows = sorted(((log.member, log.status) for log in on.engine.logs.online()), key=lambda row: row[1])
    return AnswerRows.of([("MEMBER", _T), ("STATUS", _T)], *rows)


@connector.add("SELECT * FROM V$THREAD")
def threads(on: Connection, *_: object) -> AnswerRows:
    """One redo thread, open. LAST_REDO_CHANGE# moves by itself, or the connector would wait for ever."""
    current = next(log for log in on.engine.logs.online() if log.status == "CURRENT")
    scn, time = on.engine.current_scn(), at(on.engine.now())
    first = at(current.first_time)
    row: list[tuple[str, str, object]] = [
        ("THREAD#", _N, 1), ("STATUS", _T, "OPEN"), ("ENABLED", _T, "PUBLIC"),
        ("GROUPS", _N, len(on.engine.logs.online())), ("INSTANCE", _T, on.engine.settings.dbname.lower()),
        ("OPEN_TIME", _D, first), ("CURRENT_GROUP#", _N, current.group), ("SEQUENCE#", _N, current.sequence),
        ("CHECKPOINT_CHANGE#", _N, current.first_change), ("CHECKPOINT_TIME", _D, first),
        ("ENABLE_CHANGE#", _N, 1), ("ENABLE_TIME", _D, first), ("DISABLE_CHANGE#", _N, 0),
        ("DISABLE_TIME", _D, None), ("LAST_REDO_SEQUENCE#", _N, current.sequence), ("LAST_REDO_BLOCK", _N, 1),
        ("LAST_REDO_CHANGE#", _N, scn), ("LAST_REDO_TIME", _D, time), ("CON_ID", _N, 0),
    ]  # fmt: skip
    return AnswerRows.of([(name, kind) for name, kind, _ in row], [value for _, _, value in row])


_MINABLE = [
    ("FILE_NAME", _T), ("FIRST_CHANGE", _N), ("NEXT_CHANGE", _N), ("ARCHIVED", _T), ("STATUS", _T),
    ("TYPE", _T), ("SEQ", _N), ("DICT_START", _T), ("DICT_END", _T), ("THREAD", _N), ("BYTES", _N),
    ("DEST_NAME", _T),
]  # fmt: skip


def _archived_row(log: Log) -> Sequence[object]:
    return (
        log.archived_name, log.first_change, log.next_change, "YES", None, "ARCHIVED", log.sequence, "NO",
        "NO", 1, log.bytes // _BLOCK * _BLOCK, _DESTINATION,
    )  # fmt: skip


@connector.add(
    "SELECT MIN(F.MEMBER) AS FILE_NAME, L.FIRST_CHANGE# FIRST_CHANGE, L.NEXT_CHANGE# NEXT_CHANGE, "
    "L.ARCHIVED, "
    "L.STATUS, 'ONLINE' AS TYPE, L.SEQUENCE# AS SEQ, 'NO' AS DICT_START, 'NO' AS DICT_END, L.THREAD# AS "
    "THREAD, "
    "L.BYTES AS BYTES, NULL AS DEST_NAME FROM V$LOGFILE F, V$DATABASE D, V$LOG L WHERE L.STATUS = "
    "'CURRENT' AND "
    "F.GROUP# = L.GROUP# GROUP BY F.GROUP#, L.FIRST_CHANGE#, L.NEXT_CHANGE#, L.STATUS, L.ARCHIVED, "
    "L.SEQUENCE#, "
    "L.THREAD#, L.BYTES UNION SELECT A.NAME AS FILE_NAME, A.FIRST_CHANGE# FIRST_CHANGE, A.NEXT_CHANGE# "
    "NEXT_CHANGE, 'YES', NULL, 'ARCHIVED', A.SEQUENCE# AS SEQ, A.DICTIONARY_BEGIN, A.DICTIONARY_END, "
    "A.THREAD# AS "
    f"THREAD, A.BLOCKS*A.BLOCK_SIZE, DS.DEST_NAME {_FROM} WHERE A.NAME IS NOT NULL AND A.ARCHIVED = "
    f"'YES' AND "
    f"A.STATUS = 'A' AND A.NEXT_CHANGE# > <scn> AND {_JOIN} AND {_INCARNATION} ORDER BY 7"
)
def minable_logs(on: Connection, match: re.Match[str], _: Binds) -> AnswerRows:
    """The current log and the archived ones that reach beyond an SCN."""
    scn = int(match["scn"])
    rows = [_archived_row(log) for log in _kept(on) if log.next_change is not None and log.next_change > scn]
    rows += [
        (
            log.member,
            log.first_change,
            _NO_END,
            "NO",
            log.status,
            "ONLINE",
            log.sequence,
            "NO",
            "NO",
            1,
            log.bytes,
            None,
        )
        for log in on.engine.logs.online()
        if log.status == "CURRENT"
    ]
    return AnswerRows.of(_MINABLE, *sorted(rows, key=lambda row: int(str(row[6]))))


@connector.add(
    "SELECT A.NAME AS FILE_NAME, A.FIRST_CHANGE# FIRST_CHANGE, A.NEXT_CHANGE# NEXT_CHANGE, A.SEQUENCE# "
    "AS SEQ, "
    f"A.THREAD# AS THREAD {_FROM} WHERE A.NAME IS NOT NULL AND A.ARCHIVED = 'YES' AND A.STATUS = 'D' AND "
    f"A.FIRST_CHANGE# <= <scn> AND A.NEXT_CHANGE# > <scn> AND {_JOIN} AND {_INCARNATION}"
)
def deleted_logs(on: Connection, match: re.Match[str], _: Binds) -> AnswerRows:
    """The deleted archived log that held an SCN."""
    scn = int(match["scn"])
    rows = [
        [
            log.archived_name or f"deleted log {log.sequence}",
            log.first_change,
            log.next_change,
            log.sequence,
            1,
        ]
        for log in on.engine.logs.archived()
        if log.deleted and log.next_change is not None and log.first_change <= scn < log.next_change
    ]
    return AnswerRows.of(
        [("FILE_NAME", _T), ("FIRST_CHANGE", _N), ("NEXT_CHANGE", _N), ("SEQ", _N), ("THREAD", _N)], *rows
    )


@connector.add(
    "SELECT A.NAME, A.SEQUENCE#, A.FIRST_CHANGE#, A.NEXT_CHANGE#, A.BLOCKS*BLOCK_SIZE, A.DICTIONARY_BEGIN, "
    f"A.DICTIONARY_END, DS.DEST_NAME {_FROM} WHERE {_JOIN} AND A.STATUS='A' AND A.THREAD#=<count> AND "
    f"{_INCARNATION} ORDER BY A.SEQUENCE# DESC"
)
def thread_logs(on: Connection, *_: object) -> AnswerRows:
    """All archived logs of the thread that are kept, newest first."""
    rows = [
        [
            log.archived_name,
            log.sequence,
            log.first_change,
            log.next_change,
            log.bytes,
            "NO",
            "NO",
            _DESTINATION,
        ]
        for log in reversed(_kept(on))
    ]
    names = (
        "NAME",
        "SEQUENCE#",
        "FIRST_CHANGE#",
        "NEXT_CHANGE#",
        "BYTES",
        "DICTIONARY_BEGIN",
        "DICTIONARY_END",
    )
    kinds = (_T, _N, _N, _N, _N, _T, _T)
    return AnswerRows.of([*zip(names, kinds, strict=True), ("DEST_NAME", _T)], *rows)
