"""The dated report: docs/faults-oracle.md, written from the rows of the last runs.

Rows of a run that had only some of the cases replace those that are known from before, so that one case can
be run again; each keeps its date.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from connector.local.state import ROOT
from tests.faults.oracle.cases import SECTIONS
from tests.faults.oracle.cases.documented import CASES as DOCUMENTED
from tests.faults.oracle.testbed import WAIT_MS
from tests.faults.report import RESULTS, Row, lines_of, markdown

PAGE = ROOT / "docs" / "faults-oracle.md"
STORE = RESULTS / "oracle-rows.json"

_HEAD = """\
# What each error of Oracle does to the connector

`make faults KIND=oracle` runs Debezium's Oracle connector as it ships (Kafka Connect, Debezium 3.6.1.Final,
ojdbc) on the [stand-in for Oracle](../connector/local/oracle/README.md), brings about one error after the
other and notes what is seen. `make faults KIND=oracle NAMES="mining-04036 redo-drop"` runs some of them,
`WRITE=1` writes what was seen into this page, and `make test-long` runs one of each kind.

For each error the run checks the state of the task, the first cause in its trace, the streaming MBean, a line
of the worker's log, and how the connector goes on once the cause is gone: every row that was committed
meanwhile arrives, and none twice. Where a row is not as the run insists, its last column says what was seen
instead.

**What the columns say.** *when*: where the connector is when it meets the error. *first cause*: the first
cause in the trace of the failed task. *MBean*: the values of `Connected` of the streaming MBean, over 2.5 s,
in the order of their first appearance. *health finds* to *next step*: what one check of the health check's
code makes of exactly this state, trace, metrics, position and log, with everything else of the stage well;
class, restart and mail are asserted (tests/faults/oracle/told.py). That heartbeats stay away shows only
later, and is not in these columns. *notes*: what one may not expect.

**How the run differs from production.** `retriable.restart.connector.wait.ms` is {wait} instead of 30000, so
that "by itself" takes seconds less. The database is a stand-in: it proves what the connector does with an
error, not when a real Oracle has it ([what it proves and what it
cannot](../connector/local/oracle/README.md)). Messages are Oracle's, or ojdbc's own; exceptions are of
ojdbc's class for the number.
"""


def publish(rows: Mapping[str, Row]) -> Path:
    """Write the page from these rows and those of earlier runs; answers where it is."""
    today = datetime.now(UTC).strftime("%-d %B %Y")
    store = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else read(PAGE.read_text("utf-8"))
    store |= {name: {"date": today, "row": asdict(row)} for name, row in rows.items()}
    STORE.parent.mkdir(parents=True, exist_ok=True)
    STORE.write_text(json.dumps(store, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(store), encoding="utf-8")
    return PAGE


def read(text: str) -> dict[str, dict[str, object]]:
    """The rows of the page as it is, for a machine that has not run them: without their figures."""
    when = re.search(r"errors on (.+?), (\d+) minutes", text)
    titles = re.findall(r"^\| `([^`]+)`: ", text, re.MULTILINE)
    if when is None or not titles:
        return {}
    store: dict[str, dict[str, object]] = {}
    for section in text.split("\n## ")[1:]:
        for line in lines_of(section):
            named = re.fullmatch(r"`([^`]+)`: (.*)", line.get("fault", ""))
            if named is None:
                continue
            wrong = line.pop("as it must be")
            cells = {column: cell for column, cell in line.items() if column != "fault"}
            row = Row(
                named[2],
                cells,
                [] if wrong == "yes" else [wrong],
                60 * int(when[2]) / len(titles),
                {"read of the log": "not known"},
            )
            store[named[1]] = {"date": when[1].rpartition(" and ")[2], "row": asdict(row)}
    return store


def page(store: Mapping[str, Mapping[str, object]]) -> str:
    """The whole page."""
    known = {
        name: Row(**entry["row"])  # type: ignore[arg-type]
        for name, entry in store.items()
    }
    ran = {
        section: [_named(case.name, known[case.name]) for case in cases if case.name in known]
        for section, cases in SECTIONS.items()
    }
    every = [row for rows in ran.values() for row in rows]
    names = [case.name for cases in SECTIONS.values() for case in cases]
    dates = [str(store[name]["date"]) for name in names if name in store]
    missing = [name for name in names if name not in known]
    parts = [_HEAD.format(wait=WAIT_MS), _summary(every, dates, missing)]
    parts += [f"## {section}\n\n{_table(rows)}" for section, rows in ran.items() if rows]
    documented = [case.run() for case in DOCUMENTED]
    parts.append(
        "## RAC and standby databases: documentation only\n\nThe stand-in is one instance. Nothing "
        f"of this was run; the last but one column names the source.\n\n{markdown(documented)}\n"
    )
    return "\n".join(parts)


def _summary(rows: Sequence[Row], dates: Iterable[str], missing: Sequence[str]) -> str:
    states = Counter(row.cells.get("task", "").partition(":")[0] for row in rows)
    found = ", ".join(f"{count} {state or 'astray'}" for state, count in states.most_common())
    otherwise = [row for row in rows if _otherwise(row)]
    seconds = sum(row.seconds for row in rows)
    when = " and ".join(dict.fromkeys(dates))
    well = sum(row.verdict == "yes" for row in rows)
    text = (
        f"{len(rows)} errors on {when}, {seconds / 60:.0f} minutes for them, on a machine with 2 cores that "
        f"other work shared. State of the task: {found}. As the run insists: {well}."
    )
    lines = ["## Results", "", text, "", *_nameless(rows)]
    if missing:
        lines += [f"Not run: {', '.join(missing)}.", ""]
    if otherwise:
        lines += ["**What one may not expect:**", ""]
        lines += [f"- {row.fault}: {_otherwise(row)}" for row in otherwise]
        lines += [""]
    return "\n".join(lines)


def _nameless(rows: Sequence[Row]) -> list[str]:
    """How often the log had a cause that the health check did not read."""
    broken = [row for row in rows if "SourceDisconnected" in row.cells.get("health finds", "")]
    unread = [row for row in broken if not row.figures.get("read of the log")]
    if not unread:
        return []
    text = (
        f"**Lines without a name.** For {len(unread)} of {len(broken)} sources that were not connected the "
        "health check read no cause, although the worker's log has it: Debezium takes Connect's logging "
        "context (the prefix with connector and task) from its threads, at some starts of a task and not at "
        "others. The check looks for that prefix. The class is then `no-session`."
    )
    return [text, ""]


def _named(name: str, row: Row) -> Row:
    """A row that begins with the name by which it can be run again."""
    return replace(row, fault=f"`{name}`: {row.fault}")


def _otherwise(row: Row) -> str:
    return row.cells.get("notes", "")


def _table(rows: Sequence[Row]) -> str:
    return markdown(rows) + "\n"
