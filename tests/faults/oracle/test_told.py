"""What is told of each error is complete, and fits what was seen of the running connector before."""

import re

import pytest

from connector.domain.diagnosis.classes import UNKNOWN
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.health.drills import CLASSES
from tests.faults.oracle import document
from tests.faults.oracle.case import FAILED
from tests.faults.oracle.cases import every
from tests.faults.oracle.told import ELSEWHERE, TOLD, Told

CELLS = re.compile(r"(?<!\\)\|")
CASES = {case.name: case for case in every()}


def _rows() -> dict[str, list[str]]:
    """The rows of the report of the last run."""
    rows = {}
    for line in document.PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            cells = [cell.strip().replace("\\|", "|") for cell in CELLS.split(line)[1:-1]]
            rows[cells[0].split("`")[1]] = cells
    return rows


ROWS = _rows()


def test_every_case_is_told_and_with_a_class_that_exists() -> None:
    assert set(TOLD) <= set(CASES) <= set(TOLD) | ELSEWHERE
    assert {told.error_class for told in TOLD.values()} <= {"", *(cause.name for cause in CLASSES)}
    assert UNKNOWN.name not in {told.error_class for told in TOLD.values()}


def test_of_a_task_that_fails_the_table_says_whether_it_is_restarted() -> None:
    by_class = {cause.name: cause.retry for cause in CLASSES}
    for name, told in TOLD.items():
        fails = not name.startswith("put-") and CASES[name].expected.state == FAILED  # type: ignore[union-attr]
        assert (told.restart is not None) == fails, name
        assert told.restart in (None, by_class.get(told.error_class)), name


def _seen(name: str) -> str:
    """What the page has of a trace: its first cause, and of the log's line the part with the number."""
    cells = ROWS[name]
    log = re.sub(r"^(?:ERROR|WARN) |\[[\w.]+\]", "", cells[5]).replace(" … ", "\n")
    return f"{'' if cells[3] == 'no trace' else cells[3]}\n{log}"


@pytest.mark.parametrize(
    "name", [name for name, told in TOLD.items() if told.words.startswith("ORA-") and "ORA-" in _seen(name)]
)
def test_what_was_seen_of_the_connector_is_of_the_class_that_is_told(name: str) -> None:
    seen = _seen(name)
    found = diagnose(seen)
    assert found.error_class.name == TOLD[name].error_class
    assert found.cause.startswith(TOLD[name].words)


def test_what_is_told_otherwise_is_said() -> None:
    told = Told("lock", True, "ORA-00054")
    mail = "Cause: lock\nORA-00054: busy"
    assert told.differences(["lock"], mail, restarts=True) == []
    assert told.differences(["unreachable"], mail, restarts=True) == ["told as ['unreachable'], not as lock"]
    assert told.differences(["lock"], mail, restarts=False) == ["it is not restarted"]
    assert told.differences(["lock"], "other", restarts=True) == [
        "the mail does not name the class lock",
        "the mail does not hold 'ORA-00054'",
    ]
    assert told.differences(["lock"], mail + ' update "T" set "A" = \'x\'', restarts=True) == [
        "the mail holds values of a row"
    ]
    assert Told("", None, "").differences(["lock"], "", restarts=False) == [
        "told as ['lock'], not as nothing"
    ]


@pytest.mark.parametrize("name", TOLD)
def test_the_page_has_the_class_that_is_told(name: str) -> None:
    found = ROWS[name][7]
    assert found.startswith(f"{TOLD[name].error_class}, " if TOLD[name].error_class else "none")


@pytest.mark.parametrize("name", ROWS)
def test_the_page_has_the_next_step_that_is_mailed_today(name: str) -> None:
    """The run takes 20 minutes: a step that is worded anew is written into the page by hand, or by a run."""
    steps = {cause.name: cause.next_step for cause in CLASSES}
    found = ROWS[name][7]
    causes = [] if found == "none" else found.split(", ")[::2]
    assert ROWS[name][9] == ("; ".join(dict.fromkeys(steps[cause] for cause in causes)) or "none")
