"""A maintenance window opens only where nothing can be lost, stops the connector if wanted, and ends."""

from collections.abc import Callable

import pytest

from connector.domain.admin_api import REGISTRATION, Answer, Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.halt import HaltedBy
from connector.domain.health.maintenance_window import HeldMail, Window, WindowRequest
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import RECORD_KEY
from lambda_src.clients.state_table import change_window, read_halt, read_window, write_halt
from lambda_src.connect_admin.maintenance import end_maintenance, show_maintenance, start_maintenance
from lambda_src.session import Session
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.connect_health.test_headroom import Oracle

HOUR = 3600


class Kept(Oracle):
    """Main, streaming, whose database keeps its archived log for six hours."""

    def start(self, hours: float, why: str = "the DBA patches", *, pause: bool = False) -> Answer:
        def asked(session: Session) -> None:
            session.why, session.window = why, WindowRequest(int(hours * HOUR), "user/alice", pause)

        return self._ask(start_maintenance, asked)

    def end(self) -> Answer:
        return self._ask(end_maintenance)

    def show(self) -> Answer:
        return self._ask(show_maintenance)

    def _ask(
        self,
        use_case: Callable[[Session, Callable[[], float]], Answer],
        asked: Callable[[Session], None] = lambda _: None,
    ) -> Answer:
        session = self.stage.session()
        asked(session)
        return use_case(session, lambda: self.now)

    @property
    def window(self) -> Window:
        return read_window(self.stage.table)

    @property
    def state(self) -> str:
        return self.stage.connect.states[CONNECTOR]


@pytest.fixture
def main(world: FakeStage) -> Kept:
    world.settings = ConnectorSettings(archived_log_hours=6)
    for operation in REGISTRATION:
        assert world.ask(operation).state is State.DONE
    kept = Kept(world)
    kept.stored(scn="99000")
    kept.at(100_000)
    kept.stored(scn="109990")
    assert kept.at(110_000).summary == "healthy"
    return kept


def test_a_window_that_the_archived_log_outlasts_is_opened_and_shows(main: Kept):
    answer = main.start(4)
    assert (answer.state, answer.changed) == (State.DONE, True)
    assert answer.summary.startswith("a maintenance window is open until 2027-01-15 12:20 UTC by user/alice")
    assert (answer.details["open"], main.state) == (True, "RUNNING")
    assert main.show().summary.endswith("by user/alice: the DBA patches; 0 mails held")
    status = main.stage.ask(Operation.STATUS).details
    assert status["maintenance"]["why"] == "the DBA patches"


@pytest.mark.parametrize("pause", [False, True])
def test_one_that_is_longer_than_the_log_is_kept_is_refused_and_changes_nothing(main: Kept, pause: bool):
    answer = main.start(7, pause=pause)
    assert answer.state is State.FAILED
    assert "no window was opened: the database keeps its archived log for 6 h" in answer.summary
    assert (main.window.there, main.state) == (False, "RUNNING")


def test_without_a_known_time_it_is_refused(main: Kept):
    main.stage.settings = ConnectorSettings()
    answer = main.start(1)
    assert (answer.state, main.window.there) == (State.FAILED, False)
    assert "connector.archived_log_hours" in answer.summary


def test_with_pause_the_connector_is_stopped_with_the_windows_mark(main: Kept):
    answer = main.start(4, pause=True)
    assert answer.summary.endswith(f"{CONNECTOR} is stopped until then")
    assert (main.state, main.window.halts(read_halt(main.stage.table))) == ("STOPPED", True)
    # Asked again, as after a lost answer, it moves the end and nothing else.
    main.now += 60
    assert main.start(4, pause=True).state is State.DONE
    assert (main.window.since, main.window.until) == (int(main.now) - 60, int(main.now) + 4 * HOUR)
    assert main.window.halts(read_halt(main.stage.table))


def test_a_connector_that_an_operator_has_halted_before_is_not_the_windows(main: Kept):
    main.stage.ask(Operation.PAUSE)
    answer = main.start(1, pause=True)
    assert f"{CONNECTOR} was PAUSED before, and stays so: an operator did that" in answer.summary
    assert main.window.halted_at == 0
    assert main.end().details["resumed"] is False
    assert main.state == "PAUSED"


def test_a_connector_that_cannot_be_asked_is_not_stopped_and_no_window_opens(main: Kept):
    main.stage.connect.addresses = []
    main.stage.ecs.stop(main.stage.ecs.tasks[0], "gone", 1)
    answer = main.start(1, pause=True)
    assert (answer.state, main.window.there) == (State.FAILED, False)
    assert answer.summary.startswith("no window was opened: ")


def test_an_open_window_goes_on_with_what_it_holds(main: Kept):
    main.start(1)
    change_window(main.stage.table, lambda window: window.with_mail(HeldMail(1, "s", "t")))
    main.now += 2 * HOUR
    main.start(1, "it takes longer")
    assert main.window.open(main.now)
    assert (main.window.why, len(main.window.held)) == ("it takes longer", 1)


def test_the_end_resumes_what_the_window_has_stopped(main: Kept):
    main.start(1, pause=True)
    main.now += 600
    answer = main.end()
    assert (answer.changed, answer.details["resumed"], main.state) == (True, True, "RUNNING")
    assert (main.window.closing, main.window.over(main.now)) == (True, True)
    # As after a lost answer.
    assert main.end().details["resumed"] is True
    assert main.window.resumed_at == int(main.now)


def test_the_end_leaves_a_halt_that_somebody_has_changed(main: Kept):
    main.start(1, pause=True)
    halt = read_halt(main.stage.table)
    assert write_halt(main.stage.table, halt, by=HaltedBy.OPERATOR, at=halt.at, why="the disk is full")
    assert main.end().details["resumed"] is False
    assert main.state == "STOPPED"


def test_without_a_window_there_is_nothing_to_end(main: Kept):
    answer = main.end()
    assert (answer.state, answer.changed) == (State.DONE, False)
    assert answer.summary == "no maintenance window is open"
    assert main.show().summary == "maintenance window: none"


def test_a_stage_that_is_torn_down_gets_no_window(main: Kept):
    main.stage.table.items[RECORD_KEY]["retiring"] = True
    assert main.start(1).state is State.FAILED
    assert not main.window.there


def test_a_window_without_length_or_reason_is_refused(main: Kept):
    assert main.start(1, "").state is State.FAILED
    assert main.stage.ask(Operation.MAINTENANCE_START).state is State.FAILED


def test_a_launch_in_a_window_says_so(main: Kept):
    main.start(1)
    assert "; a maintenance window is " in main.stage.ask(Operation.RECORD).summary


def test_a_launch_does_not_start_what_the_window_has_stopped(main: Kept):
    main.start(1, pause=True)
    main.stage.ask(Operation.REGISTER)
    answer = main.stage.ask(Operation.VERIFY)
    assert (answer.state, main.state) == (State.FAILED, "STOPPED")
    assert "for maintenance: the DBA patches" in answer.summary
    assert "the maintenance window that resumes it ends 20" in answer.summary
    assert "`wms-connector maintenance end`" in answer.summary
    # And `verify` gives the same next step.
    steps = [each["next_step"] for each in main.stage.ask(Operation.STATUS).details["findings"]]
    assert "wait, or wms-connector maintenance end main" in steps
