"""Statements under the connector's name that an operator wrote.

The heartbeat's, a snapshot with a filter, and the one with which docs/oracle-statements.md drops the table
that it made. They are not in the golden list. The stand-in takes them where its own small SQL knows them and
the user has the rights.
"""

import re

from connector.local.oracle.connection import Connection
from connector.local.oracle.statements import normal

_NAME = re.compile(r'"?(?P<owner>\w[\w$#]*)"?\."?(?P<table>[\w$#]+)"?')
_UPDATE = re.compile(r"UPDATE (?P<table>\S+) SET (?P<rest>.+)", re.IGNORECASE)
_SELECT = re.compile(r"SELECT .+ WHERE .+", re.IGNORECASE)
#: A table without an owner is the user's own, and its owner may drop it.
_DROP = re.compile(r'DROP TABLE "?[\w$#]+"? PURGE', re.IGNORECASE)
_FROM = re.compile(r"\bFROM (\S+)", re.IGNORECASE)


def allowed(on: Connection, sql: str) -> bool:
    """Whether a statement is of one of these kinds. Raises OracleError where the user lacks the right."""
    given = normal(sql)
    if _DROP.fullmatch(given):
        return True
    update = _UPDATE.fullmatch(given)
    if update is None and not _SELECT.fullmatch(given):
        return False
    wanted: list[tuple[str, tuple[str, ...]]] = [(update["table"], ("UPDATE",))] if update else []
    wanted += [(name, ("SELECT",) if update else ("SELECT", "FLASHBACK")) for name in _FROM.findall(given)]
    for name, privileges in wanted:
        match = _NAME.match(name)
        if match is None:
            return False
        for privilege in privileges:
            on.see(match["owner"].upper(), match["table"].upper(), privilege)
    return bool(wanted)
