"""What Oracle's error codes mean, by family, and what the connector was seen to do with each. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Reaction(StrEnum):
    """What the connector does by itself with an error while it streams."""

    RETRIES = "retries"
    FAILS = "fails"
    #: It depends on the statement that meets the error.
    EITHER = "either"


@dataclass(frozen=True)
class Family:
    """Codes that mean the same to whoever reads them.

    `error_class`: the name of a class in `classes`. `codes`: number -> what Oracle says, in a few words.
    `seen`: whether the connector was seen with one of them; else `connector` is from documentation.
    `source`: where that stands.
    """

    error_class: str
    codes: Mapping[int, str]
    connector: Reaction
    source: str
    seen: bool = False


#: Oracle's message says only where it happened: never the cause.
POSITIONS: frozenset[int] = frozenset({334, 2063, 6512, 6550, 27037})
#: Oracle's message says only that something else failed: the cause if nothing else is there.
WRAPPERS: frozenset[int] = frozenset({603, 604, 1280, 1284, 12801, 27102})

_SEEN = "docs/faults-oracle.md"

FAMILIES: tuple[Family, ...] = (
    Family(
        "login",
        {
            1005: "null password given",
            1017: "wrong user name or password",
            28000: "the account is locked",
            28001: "the password has expired",
        },
        Reaction.RETRIES,
        _SEEN,
        seen=True,
    ),
    Family(
        "database rights",
        {
            942: "table or view does not exist",
            1031: "insufficient privileges",
            1045: "no CREATE SESSION",
            1354: "no supplemental logging",
            1536: "space quota exceeded",
            1950: "no quota on a tablespace",
            31603: "object not found by DBMS_METADATA",
            41900: "missing privilege",
            44413: "missing privilege",
            # Alone: PL/SQL that does not compile calls a package that the connector may not use.
            6550: "PL/SQL does not compile",
        },
        Reaction.FAILS,
        _SEEN,
        seen=True,
    ),
    Family(
        "log missing",
        {308: "cannot open archived log", 1291: "missing log file"},
        Reaction.RETRIES,
        _SEEN,
        seen=True,
    ),
    Family("redo switched", {310: "another sequence", 1284: "file"}, Reaction.RETRIES, _SEEN, seen=True),
    Family("LogMiner session", {1292: "no log file in the session"}, Reaction.FAILS, _SEEN, seen=True),
    Family(
        "snapshot too old", {1555: "undo is gone", 22924: "undo of a LOB"}, Reaction.FAILS, _SEEN, seen=True
    ),
    Family("table changed", {1466: "definition has changed"}, Reaction.FAILS, _SEEN, seen=True),
    Family("lock", {54: "resource busy", 1327: "dictionary is locked"}, Reaction.EITHER, _SEEN, seen=True),
    Family("query timeout", {1013: "cancelled"}, Reaction.FAILS, _SEEN, seen=True),
    Family(
        "database memory",
        {4030: "process memory", 4031: "shared pool", 4036: "PGA limit", 27102: "out of memory"},
        Reaction.EITHER,
        _SEEN,
        seen=True,
    ),
    Family("database full", {257: "archiver", 1653: "tablespace"}, Reaction.EITHER, _SEEN, seen=True),
    Family("standby", {16000: "open for reading only"}, Reaction.FAILS, "Debezium: Oracle connector"),
    Family(
        "database starting",
        {1033: "starting", 1034: "not available", 1089: "shutdown", 1109: "not open", 12528: "blocking"},
        Reaction.RETRIES,
        _SEEN,
        seen=True,
    ),
    Family(
        "no free session",
        {20: "processes", 12516: "no handler", 12518: "no hand-off"},
        Reaction.RETRIES,
        _SEEN,
        seen=True,
    ),
    Family("unknown database", {12505: "SID", 12514: "service", 65011: "PDB"}, Reaction.RETRIES, _SEEN, True),
    Family(
        "unreachable",
        {
            3113: "end of file",
            3114: "not connected",
            3135: "lost contact",
            12170: "timeout",
            12537: "closed",
            12541: "no listener",
            12543: "host unreachable",
            12545: "unknown host",
            12547: "lost contact",
            17002: "I/O error",
            17008: "closed connection",
            17410: "no more data",
            17820: "no connection",
            17868: "unknown host",
            18954: "no connection",
        },
        Reaction.RETRIES,
        _SEEN,
        seen=True,
    ),
    Family("session ended", {28: "killed", 1012: "not logged on", 2396: "idle"}, Reaction.FAILS, _SEEN, True),
    Family("database set-up", {1325: "no archive log mode"}, Reaction.FAILS, "Oracle: error help"),
    Family("corrupt data", {1578: "corrupt block"}, Reaction.FAILS, "Oracle: error help"),
    Family("database protocol", {28040: "no matching protocol"}, Reaction.RETRIES, "Oracle: error help"),
    Family(
        "database internal error",
        {600: "internal", 603: "session ended", 604: "recursive SQL", 7445: "exception", 1280: "LogMiner"},
        Reaction.EITHER,
        _SEEN,
        seen=True,
    ),
)

#: ORA- number -> its family.
by_code: Mapping[int, Family] = {code: family for family in FAMILIES for code in family.codes}
