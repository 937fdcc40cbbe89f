"""docs/oracle-statements.md: the kept statements as a DBA runs them in SQL*Plus, with the stand-in's answers.

The page's order is not the connector's: each step leaves what the next one needs. Its statements are run in
this order on the stand-in, as the connector's user, when the page is written and in a test.
"""

import re
import tempfile
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.local import schema
from connector.local.database import LocalDatabase
from connector.local.oracle.client import Client
from connector.local.oracle.process import PDB, SERVICE
from connector.local.state import ROOT
from tests.oracle_config.kept_statements import KeptStatement, bound, lines
from tests.support.oracle_stand_in import served
from tests.support.sqlplus import Answered, SqlPlus

PAGE = ROOT / "docs" / "oracle-statements.md"
#: What a DBA fills in, and what stands for it in the local world.
VARIABLES: Mapping[str, str] = {
    "wms_pdb": PDB,
    "wms_owner": "MMDL",
    "wms_table": schema.BASE,
    "wms_columns": '"PLAN_BASE_WVR_ID"',
    "flush_table": "LOG_MINING_FLUSH_CHECK",
}
_TO_ROOT, _TO_PDB = "alter session set container=cdb$root;", "alter session set container=&wms_pdb;"
#: Numbers, moments and addresses that differ from run to run.
_VOLATILE = re.compile(
    r"\b\d{7,}\b|\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?|0x[0-9a-f.]+|\b[0-9a-f]{16}\b|\b[\w+/]{18}(?=')"
)
#: The variables for a statement's SCNs, in order.
_SCNS = ("first_scn", "last_scn")


@dataclass(frozen=True)
class Step:
    """One form of statement, found by how it begins, with what SQL*Plus does before and after it."""

    begins: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Section:
    """Steps in one container, with what is said before them."""

    title: str
    container: str
    words: str
    steps: Sequence[Step | str]


_FIRST, _LAST = "COLUMN CURRENT_SCN NEW_VALUE first_scn", "COLUMN CURRENT_SCN NEW_VALUE last_scn"
SECTIONS: Sequence[Section] = (
    Section(
        "The database",
        _TO_ROOT,
        "In the root. Step 1 keeps the SCN at which everything below begins.",
        (
            Step("SELECT CURRENT_SCN FROM", before=_FIRST),
            "SELECT VALUE FROM V$PARAMETER",
            "select VALUE from NLS",
            "SELECT NLS_CHARSET_ID",
            "SELECT LOG_MODE",
            "SELECT STATUS, TYPE",
            "SELECT MIN(FIRST_CHANGE#)",
            "SELECT * FROM V$THREAD",
            "SELECT MAX(BYTES)",
            "SELECT GROUP#",
            "SELECT F.MEMBER",
            "SELECT SEQUENCE#",
            "SELECT 'TOTAL'",
            "SELECT A.NAME, A.SEQUENCE#",
            "SELECT A.NAME AS FILE_NAME",
        ),
    ),
    Section(
        "The tables",
        _TO_PDB,
        "In the pluggable database. The step with `AS OF SCN` shows rows of the table: that is why "
        "`wms_columns` names columns without confidential values.",
        (
            "SELECT 'KEY', SUPPLEMENTAL_LOG_DATA_ALL",
            "SELECT 'KEY', SUPPLEMENTAL_LOG_DATA_MIN",
            "select owner, table_name",
            "SELECT COUNT(1) FROM ALL_ALL_TABLES",
            "SELECT COUNT(1) FROM ALL_TABLES",
            "SELECT OBJECT_ID, DATA_OBJECT_ID",
            "SELECT 'KEY', LOG_GROUP_TYPE",
            "SELECT TIMESTAMP_TO_SCN",
            Step("LOCK TABLE", after="ROLLBACK;"),
            "begin dbms_metadata.set_transform_param(DBMS_METADATA.SESSION_TRANSFORM, '<",
            "SELECT dbms_metadata.get_ddl",
            "begin dbms_metadata.set_transform_param(DBMS_METADATA.SESSION_TRANSFORM, 'D",
            "SELECT SYSTIMESTAMP",
            "SELECT <columns>",
        ),
    ),
    Section(
        "The flush table",
        _TO_PDB,
        "In the pluggable database. The connector's own table is `LOG_MINING_FLUSH`. These steps make "
        "another, for an uncommitted change of the connector's would stop its stream. Each change is "
        "committed at once.",
        (
            "SELECT COUNT(1) FROM USER_TABLES",
            "CREATE TABLE",
            "SELECT COUNT(1) FROM <flush>",
            Step("INSERT INTO", after="COMMIT;"),
            Step("UPDATE", after="COMMIT;"),
            Step("SELECT d.CURRENT_SCN", before=_LAST),
            "SELECT 1 FROM DUAL",
            "SELECT scn_to_timestamp",
        ),
    ),
    Section(
        "LogMiner",
        _TO_ROOT,
        "In the root, without a pause. The answer of `V$LOGMNR_CONTENTS` is the most important one: between "
        "the two SCNs it has at least the change of the flush table. `SQL_REDO` of application tables has "
        "their rows: do not send it back. ORA-01291 means that the log was switched in between: run the last "
        "block and begin anew in a new session. On RAC there is a current log for each thread: add each.",
        (
            "ALTER SESSION SET NLS_DATE_FORMAT",
            "ALTER SESSION SET TIME_ZONE",
            Step("SELECT MIN(F.MEMBER)", before="COLUMN FILE_NAME NEW_VALUE redo_file"),
            "BEGIN sys.dbms_logmnr.add_logfile",
            "SELECT FILENAME AS NAME",
            "BEGIN sys.dbms_logmnr.start_logmnr(options",
            "SELECT START_SCN, XID",
            "BEGIN sys.dbms_logmnr.start_logmnr(startScn",
            "SELECT SCN, SQL_REDO",
            "SELECT VALUE FROM v$statname",
            "SELECT START_SCN, END_SCN",
            "BEGIN SYS.DBMS_LOGMNR.END_LOGMNR",
        ),
    ),
)
_MOVES = "alter session set container="
_LEFTOVER = "Statements without a place"


@dataclass(frozen=True)
class Shown:
    """A step of the page: its number, its section, the text for SQL*Plus."""

    number: int
    section: Section
    code: str


def steps(kept: Sequence[KeptStatement]) -> list[Shown]:
    """Each form once, in the page's order. A form that no section names comes last, in the root."""
    by_form: dict[str, list[KeptStatement]] = {}
    for one in kept:
        by_form.setdefault(one.form.text, []).append(one)
    by_form.pop(next((form for form in by_form if form.startswith(_MOVES)), ""), None)
    found: list[Shown] = []
    for section in SECTIONS:
        for step in (Step(one) if isinstance(one, str) else one for one in section.steps):
            form = next((form for form in by_form if form.startswith(step.begins)), None)
            if form is not None:
                found.append(Shown(len(found) + 1, section, _code(by_form.pop(form), step)))
    rest = Section(_LEFTOVER, _TO_ROOT, "", ())
    for form, sent in by_form.items():
        found.append(Shown(len(found) + 1, rest, _code(sent, Step(form))))
    return found


def _code(sent: Sequence[KeptStatement], step: Step) -> str:
    # Of a statement about a table, one table is enough.
    several = sent if not sent[0].binds and "<table>" not in sent[0].form.text else sent[:1]
    texts = [_ended(_filled(one)) for one in several]
    return "\n".join([*filter(None, [step.before]), *texts, *filter(None, [step.after])])


def _ended(sql: str) -> str:
    return f"{sql}\n/" if sql.upper().startswith("BEGIN") else f"{sql};"


def _filled(kept: KeptStatement) -> str:
    names = iter(_SCNS)
    given = {place: f"&{next(names)}" for place in dict.fromkeys(re.findall(r"<(scn\d*)>", kept.form.text))}
    given |= {"owner": '"&wms_owner"', "table": '"&wms_table"', "columns": "&wms_columns"}
    given |= {"flush": '"&flush_table"', "file": "&redo_file"}
    for place, sent in kept.match.groupdict().items():
        given.setdefault(place, sent.replace(PDB, "&wms_pdb"))
    sql = re.sub(r"<(\w+)>", lambda found: given[found[1]], kept.form.text)
    for bind in kept.binds:
        sql = sql.replace("?", f"'&{next(names)}'" if bind == "<scn>" else f"'{_bind(kept, bind)}'", 1)
    return sql


def _bind(kept: KeptStatement, bind: str) -> str:
    tables = {"MMDL": "&wms_owner", schema.BASE: "&wms_table", "LOG_MINING_FLUSH": "&flush_table"}
    return bind if "<pairs>" in kept.form.text else tables.get(bind, bind)


# -- the text ----------------------------------------------------------------------------------------------

_DEFINES = "\n".join(f"DEFINE {name} = '{value}'" for name, value in VARIABLES.items())
_INTRODUCTION = f"""\
# The connector's statements, to be compared with a real database

For a DBA. No Oracle runs where this project is tested: a stand-in answers the connector's statements
(`connector/local/oracle/README.md`). Run these statements once on a database of the real version, and
compare: the columns, their order, the kind of values. Values differ, of course; SCNs, times and addresses are
shown as `…`. Send back what differs in form, and no rows of application tables.

How:

- Use SQL*Plus, logged in **as the connector's user** in the root of the container database, and run the
  blocks from top to bottom in one session. In a database without containers leave out
  `alter session set container` and the condition on `SRC_CON_NAME`.
- Fill in the first block. Everything else that differs from database to database (SCNs, the redo log's file)
  SQL*Plus takes from the answers: `COLUMN … NEW_VALUE …`.
- The connector may run meanwhile. The steps lock a table for a moment (`ROW SHARE`, which stops no change of
  rows) and make one table of their own, which the last block drops. Nothing is left open.
- Where a step ends with an error, note it and go on. Run the last block in any case.

The statements are those that Debezium sent; binds are filled in. A test runs this page in this order on the
stand-in. Of statements that are sent for each table, one is shown. Written by
`make oracle-statements WRITE=1`.

## Before

`wms_owner` and `wms_table` are a captured table, `wms_columns` one or more of its columns in double quotes.

```sql
{_DEFINES}
SET NUMWIDTH 20
SET LONG 100000
SET LINESIZE 200
SET VERIFY OFF
SPOOL oracle-statements.txt
```
"""
_END = f"""\
## Afterwards

In the pluggable database.

```sql
{_TO_PDB}
DROP TABLE "&flush_table" PURGE;
SPOOL OFF
EXIT
```
"""


def page(shown: Sequence[Shown], answers: Mapping[int, Sequence[Answered]]) -> str:
    """The page's text. `answers` are those of each step's statements."""
    parts, last = [_INTRODUCTION], None
    for step in shown:
        if step.section is not last:
            words = textwrap.fill(step.section.words, 118, break_on_hyphens=False, break_long_words=False)
            move = f"```sql\n{step.section.container}\n```"
            parts.append(f"## {step.section.title}\n\n{words}\n\n{move}\n")
            last = step.section
        told = [_answer(one) for one in answers[step.number] if one.sql.upper() not in {"COMMIT", "ROLLBACK"}]
        parts.append(f"### {step.number}\n\n```sql\n{step.code}\n```\n\n{told[-1]}\n")
    return "\n".join([*parts, _END])


def blocks(text: str) -> Iterator[str]:
    """The page's blocks for SQL*Plus, in order."""
    yield from re.findall(r"```sql\n(.*?)\n```", text, re.DOTALL)


def _answer(answered: Answered) -> str:
    if answered.columns is None:
        return "No rows: it is done, or it is an error."
    if not answered.rows:
        return f"Columns: {', '.join(answered.columns)}. No row."
    heads, rows = ["first row"], answered.rows[:1]
    if "OPERATION" in answered.columns:
        # Of each kind of change one row.
        place = answered.columns.index("OPERATION")
        kinds = {str(row[place]): row for row in reversed(answered.rows)}
        heads, rows = [f"a row of {kind}" for kind in kinds], [*kinds.values()]
    table = [["column", *heads], ["---"] * (len(heads) + 1)]
    for place, name in enumerate(answered.columns):
        table.append([name, *(_cell(row[place]) for row in rows)])
    return "\n".join(f"| {' | '.join(line)} |" for line in table)


def _cell(value: str | None) -> str:
    if value is None:
        return "NULL"
    shown = _VOLATILE.sub("…", " ".join(value.split())).replace("|", "\\|")
    return f"`{shown[:200]}`" if shown else "(blank)"


def session(database: LocalDatabase) -> Client:
    """The connector's user, in the root."""
    return Client(database.host, database.port, SERVICE, schema.CDC, database.cdc_password)


def written(kept: str) -> str:
    """The page for this list, with the answers of a stand-in that is made for it."""
    shown = steps([KeptStatement.parse(line) for line in lines(kept)])
    before, *_, after = blocks(page(shown, {step.number: [Answered("", None, [])] for step in shown}))
    with (
        tempfile.TemporaryDirectory() as directory,
        served(Path(directory)) as database,
        session(database) as client,
    ):
        sqlplus, answers, last = SqlPlus(client, bound), {}, None
        [*sqlplus.run(before)]
        for step in shown:
            if step.section is not last:
                last = step.section
                [*sqlplus.run(last.container)]
            answers[step.number] = [*sqlplus.run(step.code)]
        [*sqlplus.run(after)]
    return page(shown, answers)
