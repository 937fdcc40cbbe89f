"""ACKNOWLEDGE: skipped changes that people know of are no finding any more."""

from connector.domain.admin_api import Answer, State
from connector.domain.health.skipped_changes import Skipped
from lambda_src.clients.state_table import replace_item
from lambda_src.observe_skipped import known_skips
from lambda_src.session import Session


def acknowledge(session: Session) -> Answer:
    """Acknowledge what is known of the given tables, or of all. What is skipped later is found again."""
    table = session.aws.table(session.environment.table)
    known = known_skips(table)
    wanted = session.tables
    found = [entry for entry in known.open if not wanted or entry.table in wanted]
    missing = [name for name in wanted if name not in {entry.table for entry in known.open}]
    if missing:
        there = ", ".join(dict.fromkeys(entry.table for entry in known.open)) or "no table"
        return Answer(State.FAILED, f"no skipped change of {missing[0]} is open; open: {there}")
    if not found:
        return Answer(State.DONE, "no skipped change is open")
    written = known.acknowledge(wanted).next()
    if not replace_item(table, written.to_item(), replaced_version=known.replaced_version):
        return Answer(State.WAITING, "a health check is writing at the same time")
    return Answer(
        State.DONE,
        f"acknowledged: {'; '.join(map(_text, found))}",
        changed=True,
        details={"acknowledged": [{"table": e.table, "class": e.kind.value} for e in found]},
    )


def _text(entry: Skipped) -> str:
    return f"{entry.table} ({entry.kind.value})"
