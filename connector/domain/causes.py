"""What a trace of Connect, Debezium or a database driver says, in one line.

Pure text work: the last cause of a Java trace, and which kind of trouble with the database it tells of.
"""

import re
from dataclasses import dataclass

_CAUSED_BY = re.compile(r"^\s*Caused by:\s*(.+)$", re.MULTILINE)
#: `java.lang.IllegalStateException: words` -> words; a bare class name is kept, shortened.
_CLASS = re.compile(r"^(?:[\w$]+\.)+(?P<name>[\w$]+)(?::\s*|$)")
#: The server's own words, which drivers wrap in words of theirs.
_SERVER_WORDS = re.compile(r"(?:ORA-\d{5}|FATAL):[^\n]*")
#: What Oracle's driver and pgjdbc add behind the cause.
_TAIL = re.compile(r"\s*(?:https?://docs\.oracle\.com/\S+|\(CONNECTION_ID=[^)]*\))")
#: The innermost brackets of a printed object, with the field name in front of them.
_OBJECT = re.compile(r"\s*(?:\w+=)?(?:\[[^\[\]{}]*\]|\{[^\[\]{}]*\})")
MAX_LENGTH = 300


@dataclass(frozen=True)
class DatabaseTrouble:
    """One kind of trouble with the source database: how it reads, what it means, who mends it."""

    name: str
    pattern: re.Pattern[str]
    #: Said of "the database at host:port".
    meaning: str
    next_step: str


DATABASE_TROUBLES = (
    DatabaseTrouble(
        "login",
        re.compile(
            r"ORA-01017|ORA-28000|ORA-28001|password authentication failed|no pg_hba\.conf entry"
            r"|role \S+ does not exist|no password was provided|The server requested \S+ authentication",
            re.IGNORECASE,
        ),
        "refuses the login",
        "mend user and password in its secret, then launch again",
    ),
    DatabaseTrouble(
        "unknown database",
        re.compile(r"ORA-12514|ORA-12505|ORA-65011|database \S+ does not exist", re.IGNORECASE),
        "does not know the service or database",
        "mend 'dbname' (or 'sid', 'pdb') in its secret, then launch again",
    ),
    DatabaseTrouble(
        "unreachable",
        re.compile(
            r"ORA-12541|ORA-12170|ORA-17820|ORA-17868|ORA-18954|ORA-12543|ORA-12545|Connection refused"
            r"|Connection to \S+ refused|Network Adapter could not|UnknownHost|unknown host|timed? ?out"
            r"|No route to host|Network is unreachable|connection attempt failed|Connection reset"
            r"|setting up the SSL connection|terminating connection|the database system is",
            re.IGNORECASE,
        ),
        "cannot be reached",
        "see that it runs and that its security group admits the connector's, then launch again",
    ),
    # Debezium's Oracle connector says this for all of the above and keeps the ORA- number to its log.
    DatabaseTrouble(
        "untold",
        re.compile(r"Failed to resolve Oracle database version"),
        "gives the connector no session",
        "the worker's log has Oracle's own words (ORA-…); mend address, service, user or password in its "
        "secret, then launch again",
    ),
)


def root_cause(trace: str) -> str:
    """The cause at the bottom of a trace, in one line: the server's words where there are any.

    Oracle numbers its messages and PostgreSQL begins them with FATAL; both stand deep inside wrapped
    exceptions. Else it is the last "Caused by", else the first line.
    """
    server = _SERVER_WORDS.findall(trace)
    if server:
        return _shorten(server[-1])
    causes = _CAUSED_BY.findall(trace)
    line = causes[-1] if causes else next((text for text in trace.splitlines() if text.strip()), "")
    return _shorten(_without_class(line.strip())) or "no cause given"


def database_trouble(text: str) -> DatabaseTrouble | None:
    """Which trouble with the database a text tells of, if any."""
    return next((trouble for trouble in DATABASE_TROUBLES if trouble.pattern.search(text)), None)


def explain_database(text: str, address: str) -> str | None:
    """`text` as one sentence about the database at `address` (`host:port`); None if it is not about it."""
    trouble = database_trouble(text)
    if trouble is None:
        return None
    return f"the database at {address} {trouble.meaning}: {root_cause(text).rstrip('.')}; {trouble.next_step}"


def _without_class(line: str) -> str:
    """Drop Java class names in front, however many; a class without words is its own message."""
    while (match := _CLASS.match(line)) is not None:
        rest = line[match.end() :]
        if not rest.strip():
            return match["name"]
        line = rest
    return line


def _shorten(line: str) -> str:
    text = " ".join(_TAIL.sub("", line).split())
    # Debezium prints whole objects amid a sentence; what it says of them stands behind.
    if len(text) > MAX_LENGTH:
        while (shorter := _OBJECT.sub("", text)) != text:
            text = shorter
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"
