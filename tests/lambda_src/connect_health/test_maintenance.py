"""While a maintenance window is open nothing is mailed or restarted; it ends by itself, with one summary."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lambda_src
from connector.domain.admin_api import REGISTRATION, Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import ServerError
from connector.domain.health.halt import HaltedBy
from connector.domain.health.maintenance_window import MAINTENANCE_KEY, Window
from connector.domain.health.scn import Reading, ScnMemory
from connector.domain.health.state import STATE_KEY, HealthState
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import RECORD_KEY
from lambda_src.clients.state_table import read_halt, read_window, write_halt
from lambda_src.connect_health.check import CheckAnswer
from lambda_src.connect_health.worker_run import worker_run
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.watched import LOGIN, MINUTES, NETWORK, Watched
from tests.support.ecs_samples import stopped
from tests.support.fake_lambda_aws import client_error

LAMBDAS = Path(lambda_src.__file__).parent
LOST = "io.debezium.DebeziumException: x\nCaused by: java.sql.SQLException: ORA-01291: missing log file"
WHY = "for maintenance: the DBA patches"


class Maintained(Watched):
    """Main, healthy, in a window of an hour."""

    def open(self, hours: float = 1, **more: Any) -> None:
        until = int(self.now + hours * 60 * MINUTES)
        window = Window(int(self.now), until, "the DBA patches", "user/alice", number=1, **more)
        self.stage.table.items[MAINTENANCE_KEY] = window.to_item()

    def stop(self) -> None:
        """The connector is stopped for the window."""
        assert self.stage.ask(Operation.STOP).state is State.DONE
        table = self.stage.table
        assert write_halt(table, read_halt(table), by=HaltedBy.OPERATOR, at=int(self.now), why=WHY)
        self.open(halted_at=int(self.now), halt_why=WHY)

    def told(self, task: int) -> CheckAnswer:
        """ECS tells that a worker has stopped."""
        aws = self.stage.aws
        return worker_run(
            stopped(str(task)), self.stage.session(), aws.check_clients, aws.sns.arn, clock=lambda: self.now
        )

    @property
    def window(self) -> Window:
        return read_window(self.stage.table)

    @property
    def state(self) -> str:
        return self.stage.connect.states[CONNECTOR]


@pytest.fixture
def main(world: FakeStage) -> Maintained:
    for operation in REGISTRATION:
        assert world.ask(operation).state is State.DONE
    found = Maintained(world)
    assert found.check().summary == "healthy"
    return found


def test_mails_are_held_and_restarts_are_not_made_until_the_window_is_over(main: Maintained):
    main.open()
    main.fail(NETWORK)
    answer = main.check()
    assert answer.facts["withheld"].startswith("a maintenance window is open until 2027-01-15 ")
    assert answer.facts["notified"] == "nothing: a maintenance window holds the mail"
    assert main.told(1).facts["notified"] == "nothing: a maintenance window holds the mail"
    assert (main.mails, main.restarts, len(main.window.held)) == ([], 0, 2)
    # The first check after the end makes the restart; the second says how the stage is then.
    assert main.check(60).facts["maintenance"] == "the summary of the window follows with the next check"
    assert (main.mails, main.restarts) == ([], 1)
    assert main.check().facts["maintenance"] == "ended the maintenance window and mailed its summary"
    assert main.subjects == ["maintenance ended (all is well)"]
    text = main.mails[0][1]
    # The third is of the incident's end.
    assert "Mails that were held: 3" in text
    assert "ConnectorTaskFailed" in text
    assert "TaskStopped (worker)" in text
    assert not main.window.there
    assert main.check().summary == "healthy"
    assert len(main.mails) == 1


def test_a_quiet_window_ends_with_the_first_check_after_it(main: Maintained):
    main.open()
    assert main.check(50).facts["maintenance"].startswith("open until")
    assert main.metrics[-1]["MaintenanceOpen"] == 1
    main.check()
    assert main.subjects == ["maintenance ended (all is well)"]
    main.check()
    assert main.metrics[-1]["MaintenanceOpen"] == 0


def test_what_is_still_wrong_is_in_the_summary_with_its_next_step(main: Maintained):
    main.open()
    main.stage.listener.error = "connection refused"
    main.check(30)
    main.check(30)
    main.check()
    assert main.subjects == ["maintenance ended (1 problem)"]
    assert "To do:        database: 127.0.0.8:1521: connection refused (class unreachable" in main.mails[0][1]
    # It was told, so only its end is mailed.
    main.stage.listener.error = ""
    main.check()
    assert main.subjects[1:] == ["recovered from DbTcpUnreachable"]


def test_what_the_window_stopped_is_resumed(main: Maintained):
    main.stop()
    assert main.check(30).summary.startswith(f"nothing is streamed: {CONNECTOR} is STOPPED")
    answer = main.check(30)
    assert answer.facts["maintenance"].startswith("resumed the connector; the summary")
    assert (main.state, main.mails) == ("RUNNING", [])
    assert read_halt(main.stage.table).by is None
    main.check()
    assert main.subjects == ["maintenance ended (all is well)"]
    assert "Connector:    stopped for the window, resumed 2027-01-15 " in main.mails[0][1]


def test_a_halt_that_somebody_has_changed_stays_and_is_told(main: Maintained):
    main.stop()
    main.check(30)
    halt = read_halt(main.stage.table)
    assert write_halt(main.stage.table, halt, by=HaltedBy.OPERATOR, at=halt.at, why="the disk is full")
    main.check(40)
    assert (main.state, main.subjects) == ("STOPPED", ["maintenance ended (nothing is streamed)"])
    assert "somebody has changed that, so it stays: " in main.mails[0][1]
    assert "the disk is full" in main.mails[0][1]
    assert "wms-connector resume main" in main.mails[0][1]


def test_a_halt_that_cannot_be_ended_is_tried_twice_and_told(main: Maintained):
    main.stop()
    main.stage.connect.addresses = []
    main.check(60)
    assert main.mails == []
    main.check()
    ((subject, text),) = main.mails
    assert subject.startswith("wms-connector-main: maintenance ended (")
    assert "stopped for the window, and could not be resumed: " in text
    assert "wms-connector resume main" in text


def test_a_refused_login_stops_the_connector_in_a_window_too(main: Maintained):
    main.open()
    main.fail(LOGIN, for_ever=True)
    main.check()
    assert (main.state, main.mails) == ("STOPPED", [])
    assert read_halt(main.stage.table).by is HaltedBy.LOGIN
    # It is not the window's halt.
    main.check(60)
    main.check()
    assert main.state == "STOPPED"
    assert main.subjects == ["maintenance ended (1 problem)"]


def test_a_log_that_is_lost_is_mailed_at_once(main: Maintained):
    main.open()
    main.fail(LOST, for_ever=True)
    main.check()
    assert main.subjects == ["ConnectorTaskFailed (log missing)"]
    assert main.window.held == ()


def test_a_log_that_expires_is_mailed_at_once(main: Maintained):
    main.open()
    main.stage.settings = ConnectorSettings(archived_log_hours=1)
    main.stage.connect.position = {"scn": "100"}
    known = HealthState.from_item(main.stage.table.items[STATE_KEY])
    old = ScnMemory((Reading(100, int(main.now) - 3000, int(main.now) - 3000),))
    main.stage.table.items[STATE_KEY] = replace(known, scn=old).to_item()
    main.check()
    assert main.subjects == ["ScnHeadroomMinutes (archived-log-expiring)"]


def test_the_reminder_of_a_halt_is_held(main: Maintained):
    main.stop()
    main.open(hours=50, halted_at=int(main.now), halt_why=WHY)
    assert main.check(25 * 60).facts["reminded"] is False
    assert [mail.subject.partition(": ")[2] for mail in main.window.held] == ["ConnectorHalted (stopped)"]
    # A reminder is no change of the halt.
    main.check(26 * 60)
    assert main.state == "RUNNING"


def test_without_checks_mails_are_sent_again_half_an_hour_after_the_end(main: Maintained):
    main.open()
    main.now += 89 * MINUTES
    main.told(1)
    assert main.mails == []
    main.now += 2 * MINUTES
    assert main.told(2).facts["notified"] == "nothing"
    main.stage.table.items[STATE_KEY] = HealthState().to_item()
    assert main.told(3).facts["notified"] == "incident"
    assert main.subjects == ["TaskStopped (worker)"]


def test_a_window_that_cannot_be_read_or_written_holds_nothing(
    main: Maintained, monkeypatch: pytest.MonkeyPatch
):
    main.open()
    get = main.stage.table.get_item

    def refuse(*, Key: dict[str, str], ConsistentRead: bool) -> Any:  # noqa: N803 - boto3's
        if Key["id"] == MAINTENANCE_KEY:
            raise client_error("AccessDeniedException", "no", "GetItem")
        return get(Key=Key, ConsistentRead=ConsistentRead)

    monkeypatch.setattr(main.stage.table, "get_item", refuse)
    assert main.told(1).facts["notified"] == "incident"
    assert main.subjects == ["TaskStopped (worker)"]


def test_a_summary_that_sns_refuses_is_sent_by_the_next_check(
    main: Maintained, monkeypatch: pytest.MonkeyPatch
):
    main.open()
    main.told(1)

    def refuse(**_: str) -> Any:
        raise client_error("InternalErrorException", "no", "Publish")

    with monkeypatch.context() as patched:
        patched.setattr(main.stage.aws.sns, "publish", refuse)
        with pytest.raises(ServerError):
            main.check(61)
    main.check()
    assert main.subjects[0] == "maintenance ended (all is well)"
    assert "Mails that were held: 2" in main.mails[0][1]


def test_no_mail_but_a_drills_goes_past_the_window():
    senders = [path.stem for path in LAMBDAS.rglob("*.py") if "sns.publish(" in path.read_text("utf-8")]
    assert sorted(senders) == ["drill", "notify"]


def test_a_stage_that_is_torn_down_mails_no_summary(main: Maintained):
    main.open()
    main.stage.table.items[RECORD_KEY]["retiring"] = True
    main.check(120)
    assert main.mails == []
