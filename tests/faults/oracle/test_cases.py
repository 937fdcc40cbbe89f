"""The table of Oracle's errors is whole, and a row that is not as it must be says so."""

from collections import Counter
from dataclasses import replace
from typing import Any, cast

import pytest

from connector.domain.capture.oracle_script import (
    CONTAINER_GRANTS,
    PACKAGES,
    SYSTEM_GRANTS,
    TABLE_GRANTS,
    VIEWS,
)
from connector.domain.health.observation import ConnectorStatus, Source, TaskStatus
from tests.faults.oracle import document
from tests.faults.oracle.case import (
    RUNNING,
    Case,
    Expected,
    Recovers,
    failed,
    first_cause,
    message_of,
    retried,
    unnoticed,
)
from tests.faults.oracle.cases import REPRESENTATIVES, SECTIONS, every, mining, rights
from tests.faults.oracle.cases.documented import CASES as DOCUMENTED
from tests.faults.oracle.testbed import ConnectorTestbed, without_figures
from tests.faults.report import Row

_WRAPPED = (
    "org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer. "
)
_WRAPPED += "This connector will be stopped.\n\tat a.B.c(B.java:1)\n"


def test_there_are_at_least_45_errors_each_with_a_name_of_its_own() -> None:
    names = Counter(case.name for case in every())
    assert len(names) >= 45
    assert [name for name, count in names.items() if count > 1] == []


def test_make_test_runs_one_of_each_kind() -> None:
    for section, cases in SECTIONS.items():
        assert {case.name for case in cases} & set(REPRESENTATIVES), section
    assert set(REPRESENTATIVES) <= {case.name for case in every()}


def test_make_test_runs_one_where_logminer_is_not_to_be_had_and_is_tried_again() -> None:
    """The mission's word: retry by policy. Their task keeps running, and goes on by itself."""
    tried_again = {
        case.name
        for case in mining.CASES
        if (case.expected.state, case.expected.recovers) == (RUNNING, Recovers.BY_ITSELF)
    }
    assert tried_again & set(REPRESENTATIVES)


class _Recorder:
    """Notes what a DBA grants and revokes."""

    def __init__(self) -> None:
        self.did: dict[str, set[str]] = {"REVOKE": set(), "GRANT": set()}

    def sys(self, *statements: str, **_: object) -> None:
        for statement in statements:
            word, rest = statement.split(" ", 1)
            if word in self.did:
                self.did[word].add(rest.replace(" FROM ", " TO "))

    def fault(self, *_: object, **__: object) -> None: ...

    def admin(self, *_: object, **__: object) -> None: ...


def test_each_right_that_the_script_grants_is_taken_away_by_a_case() -> None:
    recorder = _Recorder()
    for case in rights.CASES:
        case.inject(cast(ConnectorTestbed, recorder))
    taken = {right.partition(" TO ")[0] for right in recorder.did["REVOKE"]}
    granted = {right.name for right in (*SYSTEM_GRANTS, *CONTAINER_GRANTS)}
    granted |= {f"EXECUTE ON {package}" for package in PACKAGES} | {f"SELECT ON {view}" for view in VIEWS}
    assert granted - taken == set()
    for privilege in TABLE_GRANTS:
        assert any(right.startswith((f"{privilege} ON MMDL.", f"{privilege} ON WMS.")) for right in taken)


@pytest.mark.parametrize("case", rights.CASES, ids=lambda case: case.name)
def test_what_is_taken_away_is_given_back(case: Case) -> None:
    recorder = _Recorder()
    bed = cast(ConnectorTestbed, recorder)
    case.inject(bed)
    case.undo(bed)
    assert recorder.did["REVOKE"] == recorder.did["GRANT"]


def test_the_first_cause_is_behind_the_line_that_says_nothing() -> None:
    assert first_cause("") == ""
    assert first_cause("io.debezium.DebeziumException: words\n\tat x\nCaused by: y") == (
        "io.debezium.DebeziumException: words"
    )
    assert (
        first_cause(_WRAPPED + "Caused by: a.B: ORA-01555: old\n\tat x\nCaused by: c.D")
        == "a.B: ORA-01555: old"
    )
    assert first_cause(_WRAPPED).startswith("org.apache.kafka.connect.errors.ConnectException")
    dispatched = "Caused by: a.ConnectException: Error while processing event at offset {scn=1}"
    assert (
        first_cause(f"{_WRAPPED}{dispatched}\n\tat x\nCaused by: a.B: ORA-01031: no") == "a.B: ORA-01031: no"
    )
    assert first_cause(_WRAPPED + dispatched) == dispatched.removeprefix("Caused by: ")


def test_a_line_of_the_log_is_shown_without_time_and_with_what_was_looked_for() -> None:
    line = (
        "2026-11-29T03:04:43.315Z ERROR [wms|task-0] Producer failure [i.d.p.ErrorHandler] a.B: c | at x | "
    )
    assert message_of(line + "Caused by: d.E: f | at y", "d.E") == (
        "ERROR Producer failure [i.d.p.ErrorHandler] a.B: c … Caused by: d.E: f"
    )


def test_figures_of_chance_are_not_in_the_table() -> None:
    text = "host 127.0.3.7 port 1521, SCN 20002851 (CONNECTION_ID=abc==), thread 1"
    assert without_figures(text) == "host HOST port 1521, SCN n, thread 1"


class _Bed:
    """A connector of which everything is said beforehand."""

    def __init__(
        self, state: str, *, connected: bool | None, trace: str = "", log: tuple[str, ...] = ()
    ) -> None:
        self._status = ConnectorStatus("RUNNING", "w", tasks=(TaskStatus(0, state, "127.0.0.9:8083", trace),))
        self._source = Source(streaming=connected)
        self._log = [*log]
        self.written: list[int] = []
        self.well = True
        self.arriving = True
        self.settings = cast(Any, None)

    @property
    def failed(self) -> bool:
        return self._status.failed

    def status(self) -> ConnectorStatus:
        return self._status

    def source(self) -> Source:
        return self._source

    def trace(self) -> str:
        return next(iter(self._status.traces), "")

    def log(self) -> list[str]:
        return self._log

    def task_log(self) -> list[str]:
        return self._log

    def change(self) -> int:
        self.written.append(len(self.written) + 1)
        return self.written[-1]

    def arrives(self, keys: list[int], _: float) -> float | None:
        return 0.1 if self.arriving else None

    def times(self, _: int) -> int:
        return int(self.arriving)

    def streaming(self, **_: object) -> None: ...

    def set_mark(self) -> None: ...

    def restart(self) -> None: ...

    def admin(self, *_: object, **__: object) -> None: ...


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.oracle.case._LOOK_SECONDS", 0.01)
    monkeypatch.setattr("tests.faults.oracle.case.SECONDS", 0.2)
    monkeypatch.setattr("tests.faults.oracle.case.judge", lambda _: _Judged())


class _Judged:
    summary = "as it is"
    read = ""

    def cells(self) -> dict[str, str]:
        return {"health finds": "something"}


def _row(expected: Expected, bed: _Bed) -> Row:
    case = Case("a", "an error", lambda _: None, expected, seconds=0.3)
    return case.run(cast(ConnectorTestbed, bed))


_LINES = ("ERROR x ORA-01555: old", "INFO Going to restart connector after 2 sec.")
_RETRIES = _Bed("RUNNING", connected=None, log=_LINES)
_TRACE = _WRAPPED + "Caused by: a.B: ORA-01555: old"


def test_what_is_as_expected_is_a_row_that_says_yes() -> None:
    assert _row(retried("ORA-01555"), _Bed("RUNNING", connected=None, log=_LINES)).verdict == "yes"
    assert _row(unnoticed(), _Bed("RUNNING", connected=True)).verdict == "yes"


@pytest.mark.parametrize(
    ("expected", "bed", "said"),
    [
        (
            retried("ORA-01555"),
            _Bed("FAILED", connected=None, trace=_TRACE, log=_LINES),
            "the task is FAILED",
        ),
        (failed("ORA-01555"), _Bed("RUNNING", connected=None, log=_LINES), "the task is RUNNING"),
        (
            failed("ORA-00942"),
            _Bed("FAILED", connected=None, trace=_TRACE, log=_LINES),
            "first cause 'a.B: ORA-01555",
        ),
        (retried("ORA-01555"), _Bed("RUNNING", connected=True, log=_LINES), "MBean 1.0"),
        (unnoticed(), _Bed("RUNNING", connected=False), "MBean 0.0"),
        (
            unnoticed("a word"),
            _Bed("RUNNING", connected=True, log=_LINES),
            "no line of the log with 'a word'",
        ),
    ],
)
def test_what_is_otherwise_is_said(expected: Expected, bed: _Bed, said: str) -> None:
    assert said in _row(expected, bed).verdict


def test_a_row_that_does_not_come_is_said_and_the_next_case_begins_anew() -> None:
    bed = _Bed("RUNNING", connected=None, log=_LINES)
    bed.arriving = False
    assert "2 of 2 rows are missing" in _row(retried("ORA-01555"), bed).verdict
    assert not bed.well


def test_a_proof_of_a_case_is_in_its_verdict() -> None:
    bed = _Bed("RUNNING", connected=True)
    case = Case("a", "an error", lambda _: None, unnoticed(), proof=lambda _: "a record came of it")
    assert "a record came of it" in case.run(cast(ConnectorTestbed, bed)).verdict


def test_the_report_has_every_case_and_what_documentation_gives() -> None:
    text = document.PAGE.read_text(encoding="utf-8")
    wanted = [case.title for case in (*every(), *DOCUMENTED)]
    assert [title for title in wanted if title.replace("|", "\\|") not in text] == []


def test_the_report_lists_what_turned_out_otherwise_and_what_was_not_run() -> None:
    first, second, *others = [case.name for case in every()]
    row = Row("an error", {"task": "FAILED", "notes": "it is not retried"}, seconds=60.0)
    store = {
        name: {
            "date": "1 May 2030",
            "row": row.__dict__ if name == first else replace(row, cells={}).__dict__,
        }
        for name in (first, *others)
    }
    text = document.page(store)
    assert f"Not run: {second}." in text
    assert f"- `{first}`: an error: it is not retried" in text
    assert "on 1 May 2030" in text


def test_the_page_can_be_read_where_nothing_was_run_so_that_one_row_can_be_written_anew():
    text = document.PAGE.read_text(encoding="utf-8")
    store = document.read(text)
    names = {case.name for case in every()}
    assert names == set(store)
    assert document.page(store) == text
    assert document.read("# Nothing yet") == {}
