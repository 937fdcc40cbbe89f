"""What one check of the health check must make of each error: class, restart, and what its mail holds.

One line a case: its name, the class, whether the failed task is restarted (`-`: it has not failed), and words
of the mail. `none`: nothing is found. What is said of a registration has no mail.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: How a value stands in a statement.
_VALUE = re.compile(r"(?:[=<>(,]|\b(?:like|in|and|between))\s*n?'", re.IGNORECASE)

_TABLE = """
put-01017                     | no-session              | -   | Failed to resolve Oracle database version
put-28000                     | no-session              | -   | Failed to resolve Oracle database version
put-28001                     | no-session              | -   | Failed to resolve Oracle database version
put-closed                    | no-session              | -   | Failed to resolve Oracle database version
put-12541                     | no-session              | -   | Failed to resolve Oracle database version
put-12514                     | no-session              | -   | Failed to resolve Oracle database version
put-hangs                     | unreachable             | -   | Connection validation timed out
snapshot-01555                | snapshot too old        | no  | ORA-01555
snapshot-00942                | database rights         | no  | ORA-00942
snapshot-01466                | table changed           | yes | ORA-01466
snapshot-lock                 | database rights         | no  | ORA-01031
snapshot-lost                 | unreachable             | -   | ORA-170
snapshot-03113                | unreachable             | -   | ORA-03113
asked-lost                    | LogMiner session        | yes | ORA-01292
mining-01291                  | log missing             | -   | ORA-01291
mining-00310                  | redo switched           | -   | ORA-00310
mining-00310-fetch            | redo switched           | -   | ORA-00310
mining-01327                  | lock                    | -   | ORA-01327
mining-04030                  | database memory         | -   | ORA-04030
mining-01284                  | redo switched           | -   | ORA-01284
mining-00604                  | database internal error | -   | ORA-00604
mining-00600-krvrdccs10       | database internal error | -   | ORA-00600
mining-00600-13013            | database internal error | yes | ORA-00600
mining-01292                  | LogMiner session        | yes | ORA-01292
mining-04036                  | database memory         | yes | ORA-04036
mining-01031                  | database rights         | no  | ORA-01031
mining-06550                  | database rights         | no  | PLS-00201
mining-01555                  | snapshot too old        | no  | ORA-01555
mining-01013                  | query timeout           | yes | ORA-01013
mining-01653                  | database full           | yes | ORA-01653
mining-00054                  | lock                    | yes | ORA-00054
mining-01327-two-retries      | lock                    | yes | ORA-01327
session-lost                  | unreachable             | -   | ORA-17002
session-lost-again            | unreachable             | -   | ORA-17002
session-03113                 | unreachable             | -   | ORA-03113
session-03135                 | unreachable             | -   | ORA-03135
session-01089                 | database starting       | -   | ORA-01089
session-01012                 | session ended           | yes | ORA-01012
session-02396                 | session ended           | yes | ORA-02396
database-stopped              | unreachable             | -   | ORA-12541
database-killed               | unreachable             | -   | ORA-12541
login-01017                   | login                   | -   | ORA-01017
login-01017-until-locked      | login                   | -   | ORA-28000
login-28000                   | login                   | -   | ORA-28000
login-28001                   | login                   | -   | ORA-28001
login-01033                   | database starting       | -   | ORA-01033
listener-12514                | unknown database        | -   | ORA-12514
listener-12505                | unknown database        | -   | ORA-12505
listener-12516                | no free session         | -   | ORA-12516
listener-12518                | no free session         | -   | ORA-12518
listener-12528                | database starting       | -   | ORA-12528
start-01017                   | login                   | -   | ORA-01017
start-12514                   | unknown database        | -   | ORA-12514
query-hangs                   | none                    | -
right-V_$DATABASE             | database rights         | no  | ORA-00942
right-V_$ARCHIVE_DEST_STATUS  | database rights         | no  | ORA-00942
right-V_$ARCHIVED_LOG         | database rights         | no  | ORA-00942
right-V_$LOG                  | database rights         | no  | ORA-00942
right-V_$THREAD               | database rights         | no  | ORA-00942
right-V_$LOGFILE              | database rights         | no  | ORA-00942
right-V_$LOGMNR_LOGS          | database rights         | no  | ORA-00942
right-V_$LOGMNR_CONTENTS      | database rights         | no  | ORA-00942
right-V_$MYSTAT               | database rights         | no  | ORA-00942
right-V_$STATNAME             | database rights         | no  | ORA-00942
right-V_$PARAMETER            | none                    | -
right-unused-views            | none                    | -
right-NLS_DATABASE_PARAMETERS | database rights         | no  | ORA-00942
right-ALL_TABLES              | database rights         | no  | ORA-00942
right-ALL_LOG_GROUPS          | database rights         | no  | ORA-00942
right-DBMS_LOGMNR             | database rights         | no  | PLS-00201
right-LOGMINING               | database rights         | no  | ORA-01031
right-SELECT-ANY-TRANSACTION  | database rights         | no  | ORA-01031
right-SET-CONTAINER           | database rights         | no  | ORA-01031
right-CREATE-SESSION          | database rights         | -   | ORA-01045
right-CREATE-TABLE            | database rights         | no  | ORA-01031
right-SELECT-CATALOG-ROLE     | database rights         | no  | ORA-31603
right-FLASHBACK               | database rights         | no  | ORA-01031
right-SELECT-table            | table-not-visible       | -
supplemental-logging-off      | database rights         | no  | Supplemental logging not properly configured
noarchivelog                  | database set-up         | no  | LOG_MODE
table-logging-off             | table-not-logged        | -
table-logging-off-streaming   | none                    | -
log-gone-while-stopped        | log missing             | no  | no longer available on the server
log-gone-while-running        | log missing             | no  | has been deleted
log-copies-gone               | log missing             | no  | has been deleted
scn-behind                    | none                    | -
open-transaction              | none                    | -
log-switch-storm              | none                    | -
redo-status-2                 | unreadable change       | no  | unable to re-construct
redo-unknown-column           | DML                     | no  | DML statement couldn't be parsed
redo-ddl-by-sys               | none                    | -
redo-unknown-ddl              | DDL                     | no  | wobble the frobnicator
redo-unsupported              | unsupported-change      | -
redo-truncate                 | table-truncated         | -
redo-drop                     | table-dropped           | -
redo-drop-with-comment        | table-dropped           | -
redo-drop-by-sys              | table-dropped           | -
redo-truncate-by-sys          | table-truncated         | -
heartbeat-00942               | database rights         | no  | ORA-00942
heartbeat-01031               | database rights         | no  | ORA-01031
heartbeat-02396               | session ended           | -   | ORA-02396
heartbeat-03113               | unreachable             | -   | ORA-03113
"""

#: What the log of silent losses tells, or nothing at all: the cases prove it themselves.
ELSEWHERE = frozenset(
    {
        "asked-00942",
        "asked-01555",
        "redo-alter-rename",
        "redo-flashback-drop",
        "redo-rename",
        "right-SELECT-table-snapshot",
        "scn-ahead",
    }
)


@dataclass(frozen=True)
class Told:
    """`error_class` is empty where nothing is found; `restart` is None where the task has not failed."""

    error_class: str
    restart: bool | None
    words: str

    def differences(self, classes: list[str], mail: str, *, restarts: bool) -> list[str]:
        """What is told otherwise; empty if nothing is."""
        wrong = []
        if (self.error_class not in classes) if self.error_class else classes:
            wrong.append(f"told as {classes or 'nothing'}, not as {self.error_class or 'nothing'}")
        if self.restart is not None and restarts != self.restart:
            wrong.append("it is restarted" if restarts else "it is not restarted")
        if self.error_class and mail and self.error_class not in mail:
            wrong.append(f"the mail does not name the class {self.error_class}")
        if mail and self.words not in mail:
            wrong.append(f"the mail does not hold {self.words!r}")
        # What to do next names keys of a secret, in quotes as a value stands in a statement.
        if _VALUE.search(
            "".join(line for line in mail.splitlines(True) if not line.startswith("Next step:"))
        ):
            wrong.append("the mail holds values of a row")
        return wrong


def _read(line: str) -> tuple[str, Told]:
    name, error_class, restart, *words = (part.strip() for part in line.split(" | "))
    told = Told(
        "" if error_class == "none" else error_class,
        {"yes": True, "no": False, "-": None}[restart],
        words[0] if words else "",
    )
    return name, told


TOLD: Mapping[str, Told] = dict(_read(line) for line in _TABLE.strip().splitlines())
