"""The findings about changes that Debezium has passed over. Pure.

They stand until somebody acknowledges them, which may take days. So they are no part of an incident: it would
stay open and hide the next one. They have a mail of their own, and do not count for the restart budget.
"""

from collections.abc import Iterable

from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.health.error_classes import named
from connector.domain.health.finding import Finding
from connector.domain.health.moments import moment
from connector.domain.health.observation import Observation
from connector.domain.health.skipped_changes import WHOLE_DATABASE, Skipped
from connector.domain.health.skipped_lines import Skip

#: The metric of these findings.
NAME = "ChangesSkipped"


def skipped_findings(seen: Observation) -> list[Finding]:
    """One finding for each table and way in which its changes are missing."""
    known = seen.skipped
    if known is None:
        return []
    count = len(known.open)
    if not count and seen.log_unread:
        since = f" since {moment(known.read_to / 1000)}" if known.read_to else ""
        unread = f"the worker's log cannot be read, which shows what was skipped{since}"
        return [Finding(NAME, None, unread, next_step="run it with logs:FilterLogEvents on the worker's log")]
    if not count:
        return [Finding.passed(NAME, "no skipped change is known")]
    return [
        Finding(NAME, False, reason(entry), float(count), cause_of(entry), next_step=step_of_table(entry))
        for entry in known.open
    ]


def without_standing(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that say whether the connector works: those of this module stand for what is past."""
    return tuple(finding for finding in found if finding.name != NAME)


def cause_of(entry: Skipped) -> ErrorClass:
    """The error class of a skip, which has its name."""
    return named(entry.kind.value)


def reason(entry: Skipped) -> str:
    """What happened to which table, and when, in one line."""
    at = moment(entry.first / 1000)
    if entry.kind is Skip.RESTORED:
        return (
            f"{entry.table}: at {at} the database's SCN {entry.low} was behind {entry.high}, up to which the "
            "connector had read, so the database was set back: changes until it passes that are not read"
        )
    if entry.low is None or entry.high is None:
        where = ""
    elif entry.low == entry.high:
        where = f", SCN {entry.low}"
    else:
        where = f", SCN {entry.low} to {entry.high}"
    return f"{entry.table}: {_WHAT[entry.kind]} (in the worker's log since {at}{where})"


_WHAT = {
    Skip.UNSUPPORTED: "LogMiner could not read a change, so rows may be missing on the topic",
    Skip.TRUNCATED: "rows were removed by TRUNCATE or with a partition, and no record shows it",
    Skip.DROPPED: "it was dropped or renamed: no record shows that its rows are gone, and no change is read",
    Skip.HIDDEN: "the connector does not see it: it was dropped or renamed, or its SELECT right is gone",
    Skip.OMITTED: "a snapshot left it out: neither its rows nor, it may be, its changes are on the topic",
    Skip.ABORTED: "a snapshot of it that was requested has failed, and nobody repeats it",
    Skip.UNLOGGED: "it has no ALL COLUMN supplemental logging, so records lack unchanged columns",
}


def step_of_table(entry: Skipped) -> str:
    """The statement or command for this table, in front of what its class says."""
    if entry.kind is Skip.UNLOGGED:
        return f"for the DBA: ALTER TABLE {entry.table} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS"
    return ""


def table_option(entry: Skipped) -> str:
    """The option that names its table to a command; empty for what is about the whole database."""
    return "" if entry.table == WHOLE_DATABASE else f" --table {entry.table}"
