"""Traces that people reported of such connectors, each with what is right for it.

A file of `reports/` has the kind of mistake that it guards against, the expectation, a line of dashes, and
the text as it was reported. The kind is the test's name: `a position is never the cause (rights-in-plsql)`.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.health.budget import Budget
from connector.domain.health.mail import incident_mail
from connector.domain.health.mail_context import MailContext
from connector.domain.health.observation import ConnectorStatus, Source, TaskStatus
from connector.domain.health.remediation import Action
from connector.domain.health.state import HealthState
from connector.domain.health.verdict import Verdict, decide
from connector.domain.stage.stage import Stage
from tests.support.observations import NOW, WELL

REPORTS = sorted((Path(__file__).parent / "reports").glob("*.txt"))

#: The kinds of mistakes about messages. Those about secrets, stacks, a worker that never started, settings
#: and the parser's time have no text to diagnose: their tests say "Kind:" in their docstrings.
KINDS = {
    "a position is never the cause",
    "a passing refusal of MSK's IAM is no missing right",
    "missing set-up is known and not restarted",
    "the database's own trouble is not ours",
    "a catch-all word is judged by who says it",
    "lost connection, redo switch, ended session",
    "common exception of Kafka's client",
    "no row value in a mail",
    "out of memory of a wrong listener",
    "passing trouble at a task's start heals",
}


@dataclass(frozen=True)
class Report:
    kind: str
    right: dict[str, str]
    text: str

    @classmethod
    def read(cls, path: Path) -> "Report":
        head, text = path.read_text(encoding="utf-8").split("\n----\n", 1)
        right = dict(line.split(": ", 1) for line in head.splitlines())
        return cls(right.pop("kind"), right, text)


def _name(path: Path) -> str:
    """A test's name: kind and file."""
    return f"{Report.read(path).kind} ({path.stem})"


def test_each_kind_of_mistake_has_a_report() -> None:
    assert {Report.read(path).kind for path in REPORTS} == KINDS


@pytest.mark.parametrize("path", REPORTS, ids=_name)
def test_a_report_has_class_restart_owner_speaker_and_cause(path: Path) -> None:
    report = Report.read(path)
    found = diagnose(report.text)
    assert {
        "class": found.error_class.name,
        "restart": "yes" if found.restart else "no",
        "owner": found.error_class.owner.value,
        "speaker": found.speaker.value,
        "cause": found.cause,
    } == report.right


def _failed(text: str) -> Verdict:
    """The verdict of a check that finds the task FAILED with this trace."""
    task = TaskStatus(0, "FAILED", "127.0.0.9:8083", text)
    return decide(
        replace(WELL, connector=ConnectorStatus("RUNNING", "w", tasks=(task,)), source=None),
        ConnectorSettings(),
        NOW,
    )


@pytest.mark.parametrize("path", REPORTS, ids=_name)
def test_a_task_that_failed_so_is_restarted_and_mailed_as_the_report_says(path: Path) -> None:
    report = Report.read(path)
    verdict = _failed(report.text)
    assert (verdict.remediation.action is Action.RESTART) == (report.right["restart"] == "yes")
    mail = incident_mail(MailContext(Stage.parse("main")), verdict, HealthState(), Budget(), NOW).text
    assert f"Cause:        {report.right['class']}: " in mail
    assert f"Last error:   task 0: {report.right['cause']}\n" in mail
    assert f"Owner:        {report.right['owner']}\n" in mail


@pytest.mark.parametrize("path", REPORTS, ids=_name)
def test_a_source_that_is_not_connected_is_told_by_the_same_words(path: Path) -> None:
    """The worker's log has a trace in one line, while Connect says RUNNING."""
    report = Report.read(path)
    line = "2026-06-08 17:49:51,258 ERROR [wms-oracle-cdc|task-0] It failed. | " + " | ".join(
        report.text.splitlines()
    )
    seen = replace(WELL, source=Source(streaming=False), log_message=line)
    found = decide(seen, ConnectorSettings(), NOW).findings[0]
    assert found.name == "SourceDisconnected"
    assert found.cause is not None
    assert found.cause.name == report.right["class"]
    assert report.right["cause"] in found.reason


def test_no_value_of_a_row_is_in_a_mail() -> None:
    report = Report.read(Path(__file__).parent / "reports" / "dml-with-row-values.txt")
    text = incident_mail(
        MailContext(Stage.parse("main")), _failed(report.text), HealthState(), Budget(), NOW
    ).text
    assert "111" not in text
    assert "2023-04-12" not in text
