"""A failed task is restarted at once, and mailed within a minute if that does not help; nothing else is."""

import pytest

from connector.domain.admin_api import Operation
from connector.domain.health.log_phrases import LOG_ATTEMPTS
from connector.domain.health.state import STATE_KEY, HealthState
from connector.domain.health.watch_mark import WATCH_KEY, WatchMark
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import StageRecord
from lambda_src.connect_health.check import CheckAnswer
from lambda_src.connect_health.failure_run import SETTLE_SECONDS, WAIT_SECONDS
from lambda_src.connect_health.log_run import log_run
from tests.domain.health.test_log_lines import FAILED, looked
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.watched import NETWORK, RIGHTS, Watched
from tests.support.log_batches import log_event


class Failing(Watched):
    """A stage whose worker logs. Its clock goes on while a run sleeps."""

    def logs(self, line: str, ago: float = SETTLE_SECONDS) -> CheckAnswer:
        """This line comes to the function, so many seconds after it was written."""
        world, aws = self.stage, self.stage.aws
        self.now += 1
        world.kafka.newest_at[world.stage.topics.one("heartbeat")] = self.now - 3
        began = world.time.seconds
        event = log_event(world.stage, [line], task="1", at=self.now - ago)
        answer = log_run(
            event,
            world.session(300),
            aws.check_clients,
            aws.sns.arn,
            clock=lambda: self.now + world.time.seconds - began,
        )
        self.now += world.time.seconds - began
        return answer

    def runs_again(self) -> None:
        """The task that has failed runs."""
        self.stage.connect.tasks[CONNECTOR] = {"id": 0, "state": "RUNNING", "worker_id": "127.0.0.9:8083"}

    @property
    def mark(self) -> WatchMark:
        return WatchMark.from_item(self.stage.table.items[WATCH_KEY])


@pytest.fixture
def stage(world: FakeStage) -> Failing:
    assert world.ask(Operation.REGISTER).changed
    return Failing(world)


def test_what_a_restart_fixes_is_mailed_to_nobody(stage: Failing):
    stage.fail(NETWORK)
    answer = stage.logs(FAILED)
    assert (stage.restarts, stage.mails) == (1, [])
    assert answer.summary.startswith("healthy")


def test_what_a_restart_does_not_fix_is_mailed_in_less_than_a_minute_once(stage: Failing):
    stage.fail(NETWORK, for_ever=True)
    began = stage.now
    stage.logs(FAILED)
    assert stage.now - began < 30
    assert (stage.restarts, stage.subjects) == (1, ["ConnectorTaskFailed (unreachable)"])
    stage.logs(FAILED)
    assert (stage.restarts, len(stage.mails)) == (1, 1)


def test_a_task_that_is_still_closing_when_its_line_comes_is_found_by_the_first_check(stage: Failing):
    """It is RUNNING until it has closed what it has open."""

    def closed() -> None:
        stage.fail(RIGHTS)

    stage.stage.time.on_sleep = closed
    began = stage.now
    stage.logs(FAILED, ago=0)
    assert stage.now - began <= 1 + SETTLE_SECONDS
    assert stage.subjects == ["ConnectorTaskFailed (database rights)"]


def test_what_no_restart_fixes_is_mailed_at_once(stage: Failing):
    stage.fail(RIGHTS)
    began = stage.now
    stage.logs(FAILED)
    assert stage.now - began <= 1
    assert (stage.restarts, stage.subjects) == (0, ["ConnectorTaskFailed (database rights)"])


def test_a_database_that_is_away_for_a_moment_is_mailed_to_nobody(stage: Failing):
    """As in a failover: the task fails, and is restarted once the database answers."""
    stage.fail(NETWORK)
    stage.stage.listener.error = "connection refused"

    def back() -> None:
        stage.stage.listener.error = ""

    stage.stage.time.on_sleep = back
    stage.logs(FAILED)
    assert (stage.restarts, stage.mails) == (1, [])


def test_a_database_that_stays_away_is_mailed_with_the_task_that_failed(stage: Failing):
    stage.fail(NETWORK)
    stage.stage.listener.error = "connection refused"
    stage.logs(FAILED)
    assert (stage.restarts, len(stage.mails)) == (0, 1)


def test_a_task_that_another_worker_has_taken_over_is_none_that_failed(stage: Failing):
    """A deployment ends a worker while its task still writes: the line comes from the old one."""
    stage.logs(FAILED)
    assert (stage.restarts, stage.mails) == (0, [])


def test_a_stage_that_is_torn_down_is_left_alone(stage: Failing):
    stage.stage.table.put_item(Item=StageRecord("main", "c", "0", (), "", retiring=True).to_item())
    stage.fail(NETWORK, for_ever=True)
    stage.logs(FAILED)
    assert (stage.restarts, stage.mails) == (0, [])


def test_one_run_at_a_time_looks_and_looks_once_more_if_it_was_asked_meanwhile(stage: Failing):
    others: list[CheckAnswer] = []

    def meanwhile() -> None:
        """While the first two looks are made, another run comes; while the next two are, the task fails."""
        if not others:
            others.append(stage.logs(FAILED))
        else:
            stage.fail(RIGHTS)

    stage.stage.time.on_sleep = meanwhile
    stage.logs(FAILED)
    assert [each.summary for each in others] == ["a task has failed: another run looks after it"]
    assert stage.subjects == ["ConnectorTaskFailed (database rights)"]
    assert stage.mark.until == 0


def test_a_run_that_was_killed_keeps_no_other_from_looking_for_long(stage: Failing):
    stage.stage.table.put_item(Item=WatchMark(int(stage.now) + 100, 7).to_item())
    stage.fail(RIGHTS)
    stage.logs(FAILED)
    assert stage.mails == []
    stage.now += 100
    stage.logs(FAILED)
    assert len(stage.mails) == 1


@pytest.mark.parametrize("damage", [{"until": "x"}, {"version": "x"}, {"version": 0}], ids=str)
def test_a_damaged_mark_keeps_no_run_from_looking(stage: Failing, damage: dict[str, object]):
    stage.stage.table.put_item(Item=WatchMark(0, 7).to_item() | damage)
    stage.fail(RIGHTS)
    stage.logs(FAILED)
    assert len(stage.mails) == 1


def test_two_looks_and_the_mail_fit_into_a_minute():
    assert SETTLE_SECONDS + WAIT_SECONDS < 30


# -- a log that is missing ------------------------------------------------------------------------


def test_a_missing_log_is_mailed_before_the_task_fails_and_not_again_when_it_does(stage: Failing):
    stage.logs(looked(LOG_ATTEMPTS))
    ((subject, text),) = stage.mails
    assert subject == "wms-connector-main: LogMissing (log missing)"
    for words in (
        "ask the DBA to restore the archived log",
        "docs/operations.md#logmissing",
        f"No logs available yet (attempt {LOG_ATTEMPTS})",
    ):
        assert words in text
    stage.check(0.2)
    assert len(stage.mails) == 1, "that the task still runs ends nothing"
    stage.fail("io.debezium.connector.oracle.logminer.LogFileNotFoundException: The archive log is gone")
    stage.logs(FAILED)
    assert (stage.restarts, len(stage.mails)) == (0, 1)
    stage.runs_again()
    stage.check()
    stage.check()
    assert stage.subjects[1:] == ["recovered from LogMissing"]


def test_a_log_that_may_still_come_is_mailed_to_nobody(stage: Failing):
    stage.logs(looked(LOG_ATTEMPTS - 1))
    assert stage.mails == []


def test_a_worker_that_stops_after_a_missing_log_is_news(stage: Failing):
    stage.logs(looked(LOG_ATTEMPTS))
    stage.stage.connect.addresses = []
    for _ in range(3):
        stage.check()
    assert stage.subjects[1:] == ["ConnectApiUnreachable (worker)"]


def test_the_same_line_twice_is_one_event(stage: Failing):
    stage.logs(looked(LOG_ATTEMPTS))
    stage.now -= 1
    stage.logs(looked(LOG_ATTEMPTS))
    state = HealthState.from_item(stage.stage.table.items[STATE_KEY])
    assert state.worker.counts == {"LogMissing": 1}
