"""`wms-connector maintenance`, upon a stage whose Lambdas are real code."""

import json
from dataclasses import replace
from typing import Any

import pytest

from connector.aws import account
from connector.aws.admin_function import Clock
from connector.commands import maintenance as command
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.state_table import read_window
from lambda_src.connect_health.check import check
from tests.commands.conftest import Run, assert_one_line
from tests.commands.test_operate import Deployed

START = ("maintenance", "start", "main", "--why", "the DBA patches")


class Kept(Deployed):
    """Main, whose database keeps its archived log for six hours."""

    def __init__(self) -> None:
        super().__init__()
        self.inside.settings = replace(self.inside.settings, archived_log_hours=6)
        connect = self.inside.connect
        assert connect.debezium is not None
        connect.debezium["streaming"]["currentscn"] = 100_000.0
        connect.scn_step = 1
        self.check()
        # What it has read is newer than what the check has seen.
        connect.position = {"scn": str(int(connect.debezium["streaming"]["currentscn"]) + 1)}

    def check(self) -> dict[str, Any]:
        """As the health function answers."""
        aws = self.inside.aws
        found = check(self.inside.session(), aws.check_clients, aws.sns.arn)
        return {"summary": found.summary, **found.facts, "healthy": not found.wrong}

    def health(self, event: Any) -> Any:
        assert event == {"started_by": "wms-connector check"}
        return self.check()

    @property
    def state(self) -> str:
        return self.inside.connect.states[CONNECTOR]


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Kept:
    deployed = Kept()
    monkeypatch.setattr(account, "Account", lambda **_: deployed.aws)
    monkeypatch.setattr(command, "Clock", lambda: Clock(sleep=lambda _: None))
    return deployed


def test_a_window_is_opened_shown_and_ended_with_one_summary(run: Run, main: Kept) -> None:
    opened = run(*START, "--for", "4h", "--pause")
    assert (opened.exit_code, opened.stderr) == (0, "")
    assert opened.stdout.startswith("a maintenance window is open until ")
    assert "by user/alice: the DBA patches" in opened.stdout
    assert (main.state, opened.stdout.count("\n")) == ("STOPPED", 1)
    shown = run("maintenance", "show", "main")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.startswith("maintenance window: open until ")
    assert "open until" in run("status", "main").stdout
    ended = run("maintenance", "end", "main")
    assert ended.exit_code == 0, ended.stderr
    assert "ended the maintenance window and mailed its summary" in ended.stdout
    assert main.state == "RUNNING"
    ((subject, text),) = main.inside.aws.sns.mails
    assert subject.startswith("wms-connector-main: maintenance ended (")
    assert "Connector:    stopped for the window, resumed " in text
    again = run("maintenance", "end", "main")
    assert (again.exit_code, again.stdout) == (0, "no maintenance window is open\n")


def test_programs_get_json(run: Run, main: Kept) -> None:
    opened = json.loads(run(*START, "--for", "30m", "--json").stdout)
    assert (opened["open"], opened["changed"], opened["why"]) == (True, True, "the DBA patches")
    assert opened["until"] - opened["since"] == 1800
    shown = json.loads(run("maintenance", "show", "main", "--json").stdout)
    assert (shown["stage"], shown["open"], shown["held"]) == ("main", True, [])
    found = json.loads(run("status", "main", "--json").stdout)
    assert found["maintenance"]["by"] == "user/alice"
    ended = json.loads(run("maintenance", "end", "main", "--json").stdout)
    assert (ended["changed"], ended["check"]["healthy"]) == (True, True)
    assert json.loads(run("maintenance", "show", "main", "--json").stdout) == {"stage": "main", "open": False}


def test_a_window_longer_than_the_log_is_kept_is_refused(run: Run, main: Kept) -> None:
    refused = run(*START, "--for", "7h")
    assert (refused.exit_code, refused.stdout) == (1, "")
    (line,) = refused.stderr.splitlines()
    assert "the database keeps its archived log for 6 h" in line
    assert "choose a shorter window" in line
    assert not read_window(main.inside.table).there


def test_an_end_that_finds_a_problem_has_status_1(run: Run, main: Kept) -> None:
    run(*START, "--for", "4h")
    main.inside.listener.error = "connection refused"
    ended = run("maintenance", "end", "main")
    assert ended.exit_code == 1
    assert "The check: DbTcpUnreachable" in ended.stdout
    assert main.inside.aws.sns.mails[0][0].endswith("maintenance ended (1 problem)")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--for", "4x", "--why", "y"), "--for '4x' is no duration"),
        (("--for", "4d", "--why", "y"), "at most 3d"),
        (("--for", "4h", "--why", " "), "--why is empty"),
        (("--for", "4h", "--why", "y" * 201), "the reason (why) is no line"),
    ],
)
def test_a_mistake_is_refused_before_anybody_is_asked(
    run: Run, main: Kept, options: tuple[str, ...], words: str
) -> None:
    assert_one_line(run("maintenance", "start", "main", *options), words)


def test_a_window_needs_a_length_and_a_reason(run: Run, main: Kept) -> None:
    for options in (("--for", "4h"), ("--why", "y")):
        assert run("maintenance", "start", "main", *options).exit_code == 2
