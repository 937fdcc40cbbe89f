"""How long the archived log reaches back to the position: what the check remembers and what it says."""

import json
from typing import Any

import pytest

from connector.domain.admin_api import Operation
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.state import STATE_KEY
from lambda_src.clients.state_table import read_item
from lambda_src.clients.transport import Reply
from lambda_src.connect_admin import operations
from lambda_src.connect_admin.status import status
from lambda_src.connect_health.check import CheckAnswer
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.watched import NETWORK, Watched
from tests.support.fake_lambda_aws import client_error

METRIC = "ScnHeadroomMinutes"
#: How many minutes lie between two health checks.
EVERY = 10


class Oracle(Watched):
    """A stage with Oracle's metrics and offsets. The database makes 1000 SCNs a minute."""

    def at(self, scn: int | None, *, minutes: float = EVERY, moves: bool = True) -> CheckAnswer:
        """A check while the database is at this SCN; None: the task does not stream."""
        connect = self.stage.connect
        streaming: dict[str, float] = {"connected": 1.0, "millisecondsbehindsource": 0.0}
        if scn is not None:
            streaming["currentscn"] = float(scn)
        connect.scn_step = 1 if moves else 0
        connect.debezium = {"streaming": streaming} if scn is not None else None
        return self.check(minutes)

    def stored(self, **offset: Any) -> None:
        self.stage.connect.position = offset

    def found(self) -> dict[str, Any]:
        """The row of the archived log in the answer to a request for the status."""
        answer = status(self.stage.session(), clock=lambda: self.now)
        assert json.dumps(answer.details["position"])
        (row,) = [each for each in answer.details["findings"] if each["name"] == METRIC]
        return dict(row)

    @property
    def readings(self) -> list[list[int]]:
        item = read_item(self.stage.table, STATE_KEY)
        assert item is not None
        return list(item["scn"]["readings"])


@pytest.fixture
def oracle(world: FakeStage) -> Oracle:
    """A stage whose archived log is kept for two hours."""
    assert world.ask(Operation.REGISTER).changed
    world.settings = ConnectorSettings(archived_log_hours=2)
    return Oracle(world)


def test_the_headroom_is_known_from_the_second_check_on(oracle: Oracle):
    oracle.stored(scn="99000", snapshot_scn="5")
    first = oracle.at(100_000)
    assert METRIC not in first.metrics
    assert "not everything could be checked: ScnHeadroomMinutes: not known" in first.summary
    oracle.stored(scn="109990", snapshot_scn="5")
    second = oracle.at(110_000)
    assert second.metrics[METRIC] == 110
    assert second.summary == "healthy"


def test_a_position_that_stands_still_loses_ten_minutes_with_each_check(oracle: Oracle):
    """The lag is 0 and heartbeats arrive: only the position shows that redo is not read."""
    oracle.stored(scn="99000")
    oracle.at(100_000)
    oracle.stored(scn="100500")
    figures = [oracle.at(110_000 + 10_000 * number).metrics.get(METRIC) for number in range(13)]
    # The first check has seen the SCN move when it was 100,000: the position is younger than that.
    assert figures == [110 - 10 * number for number in range(13)]
    assert oracle.subjects == ["ScnHeadroomMinutes (archived-log-expiring)"]
    _, text = oracle.mails[0]
    assert "archived log reaches 50 minutes further back than the connector's position (SCN 100500" in text


def test_a_slow_position_is_seen_although_it_moves(oracle: Oracle):
    for number in range(12):
        oracle.stored(scn=str(100_500 + 1000 * number))
        figure = oracle.at(100_000 + 10_000 * number).metrics.get(METRIC)
    # At SCN 111,500 it has read what was written 98.5 minutes ago.
    assert figure == 20


def test_an_scn_that_does_not_move_while_the_check_looks_dates_no_position(oracle: Oracle):
    """Debezium keeps the value while its query hangs: the position is only as young as the check before."""
    oracle.stored(scn="100000")
    oracle.at(100_000)
    oracle.stored(scn="110000")
    oracle.at(110_000, moves=False)
    assert oracle.at(110_000, moves=False).metrics[METRIC] == 100
    before = oracle.stage.time.seconds
    oracle.at(110_000, moves=False)
    assert 7 <= oracle.stage.time.seconds - before <= 11, "it does not look for longer"


def test_a_task_that_fails_leaves_its_position_to_grow_old(oracle: Oracle):
    oracle.stored(scn="99000")
    oracle.at(100_000)
    oracle.stored(scn="109990")
    assert oracle.at(110_000).metrics[METRIC] == 110
    oracle.fail(NETWORK, for_ever=True)
    assert oracle.at(None, minutes=90).metrics[METRIC] == 20
    assert oracle.restarts == 1
    answer = oracle.at(None, minutes=20)
    assert answer.metrics[METRIC] == 0
    assert oracle.restarts == 1
    assert "no longer reaches back to the connector's position" in answer.facts["withheld"]
    assert "Also:         ScnHeadroomMinutes: archived log reaches 20 minutes" in oracle.mails[0][1]


def test_an_unknown_headroom_forbids_no_restart(oracle: Oracle):
    oracle.stored(scn="99000")
    oracle.fail(NETWORK, for_ever=True)
    answer = oracle.at(None)
    assert METRIC not in answer.metrics
    assert oracle.restarts == 1


def test_a_mail_about_something_else_says_how_long_the_log_still_reaches(oracle: Oracle):
    oracle.stored(scn="99000")
    oracle.at(100_000)
    oracle.stored(scn="109990")
    oracle.at(110_000)
    oracle.stage.listener.error = "connection refused"
    oracle.at(120_000)
    oracle.at(130_000)
    (mail,) = oracle.mails
    assert "\nArchived log: archived log reaches 90 minutes further back" in mail[1]


def test_before_the_retention_is_known_the_check_says_that_the_headroom_is_not(oracle: Oracle):
    oracle.stage.settings = ConnectorSettings()
    oracle.stored(scn="99000")
    missing = "not known: connector.archived_log_hours in the stage's config.yaml is not set"
    oracle.at(100_000)
    oracle.stored(scn="109990")
    answer = oracle.at(110_000)
    position = "the connector's position is SCN 109990, at most 10 minutes old"
    assert answer.summary == f"healthy; {METRIC}: {missing}; {position}"
    assert answer.facts["unknown"] == {METRIC: f"{missing}; {position}"}
    assert (answer.wrong, METRIC in answer.metrics) == (False, False)
    row = oracle.found()
    assert (row["ok"], row["value"]) == (True, None)
    assert row["summary"].startswith(missing)
    # What was remembered until then makes it known at once.
    oracle.stage.settings = ConnectorSettings(archived_log_hours=2)
    oracle.stored(scn="119990")
    assert oracle.at(120_000).metrics[METRIC] == 110


def test_a_source_without_an_scn_is_told_nothing_about_archived_log(world: FakeStage):
    assert world.ask(Operation.REGISTER).changed
    assert Watched(world).check().summary == "healthy"


def test_status_judges_as_the_check_and_remembers_nothing(oracle: Oracle):
    oracle.stored(scn="99000")
    oracle.at(100_000)
    oracle.stored(scn="109990")
    oracle.at(110_000)
    before = oracle.readings
    oracle.stored(scn="112000")
    oracle.stage.connect.debezium = {"streaming": {"connected": 1.0, "currentscn": 113_000.0}}
    oracle.now += 180
    answer = status(oracle.stage.session(), clock=lambda: oracle.now)
    position = answer.details["position"]
    # SCN 110,001 was read while the last check looked.
    assert (position["scn"], position["database_scn"]) == (112_000, 113_001)
    assert (position["age_seconds_at_most"], position["headroom_minutes"]) == (180, 117)
    assert oracle.found()["value"] == 117
    assert oracle.readings == before


def test_a_database_that_was_restored_makes_the_headroom_unknown(oracle: Oracle):
    oracle.stored(scn="99000")
    oracle.at(100_000)
    oracle.stored(scn="109990")
    assert oracle.at(110_000).metrics[METRIC] == 110
    ahead = oracle.at(50_000)
    assert METRIC not in ahead.metrics
    assert "SCN 109990, is ahead of the database's SCN 5000" in oracle.found()["reason"]
    # That this happened is told for itself, and stands until somebody acknowledges it.
    assert "SCN 50002 was behind 109990" in ahead.summary
    assert oracle.subjects == ["ChangesSkipped (database-restored) all captured tables"]
    session = oracle.stage.session()
    assert operations.answer(Operation.ACKNOWLEDGE, session).changed
    # The connector was given a position that the restored database had before anybody looked.
    oracle.stored(scn="40000")
    behind = oracle.at(30_000)
    assert METRIC not in behind.metrics
    oracle.stored(scn="20000")
    operations.answer(Operation.ACKNOWLEDGE, oracle.stage.session())
    behind = oracle.at(25_000)
    assert METRIC not in behind.metrics
    assert "SCN 25002 was behind 30002" in behind.summary
    # From then on it is dated again.
    oracle.stored(scn="25500")
    assert oracle.at(35_000).metrics[METRIC] == 110


def test_a_task_that_waits_for_a_restored_database_is_not_restarted(oracle: Oracle):
    oracle.stored(scn="109990")
    oracle.at(110_000)
    oracle.at(50_000)
    oracle.fail(NETWORK)
    answer = oracle.at(None)
    assert "the database was set back behind the connector's position" in answer.facts["withheld"]
    assert oracle.restarts == 0
    assert operations.answer(Operation.ACKNOWLEDGE, oracle.stage.session()).changed
    oracle.check()
    assert oracle.restarts == 1


def test_a_position_from_before_everything_that_is_remembered_is_at_least_so_old(oracle: Oracle):
    oracle.stored(scn="5000")
    for number in range(6):
        answer = oracle.at(100_000 + 10_000 * number)
        assert METRIC not in answer.metrics
    assert "at most 70 minutes are left" in answer.summary
    answer = oracle.at(160_000, minutes=80)
    assert answer.metrics[METRIC] == -10
    assert answer.wrong


def test_while_the_first_snapshot_runs_its_scn_is_the_position(oracle: Oracle):
    """Its age is bounded by how long the snapshot has been running, also when nothing else is known."""
    running = {"snapshotrunning": 1.0, "totaltablecount": 4.0}
    oracle.stored(scn="100000", snapshot_scn="100000", snapshot="INITIAL", snapshot_completed=False)
    for minutes in (30, 40):
        oracle.stage.connect.debezium = {"snapshot": {**running, "snapshotdurationinseconds": minutes * 60.0}}
        assert oracle.check().metrics[METRIC] == pytest.approx(120 - minutes, abs=0.1)
    # The snapshot is done, and its backlog is read: the position has the age that the snapshot gave it.
    oracle.stored(scn="100000", snapshot_scn="100000")
    assert oracle.at(150_000).metrics[METRIC] == pytest.approx(70, abs=0.1)


def test_a_snapshot_that_a_start_repeats_has_no_position_to_lose(oracle: Oracle):
    oracle.stored(scn="100000", snapshot_scn="100000", snapshot="INITIAL", snapshot_completed=False)
    oracle.fail(NETWORK, for_ever=True)
    answer = oracle.at(None, minutes=500)
    assert (METRIC in answer.metrics, oracle.restarts) == (False, 1)
    assert oracle.found()["summary"] == "no position can be lost: a start begins with the initial snapshot"


def test_an_open_snapshot_of_an_operator_does_not_replace_the_position(oracle: Oracle):
    oracle.stored(scn="99000", snapshot="BLOCKING", snapshot_completed=False)
    oracle.at(100_000)
    oracle.stored(scn="109990", snapshot="BLOCKING", snapshot_completed=False)
    assert oracle.at(110_000).metrics[METRIC] == 110


def test_a_position_that_cannot_be_read_is_not_guessed_while_a_worker_may_move_it(oracle: Oracle):
    oracle.stored(scn="99000")
    oracle.at(100_000)
    oracle.stored(scn="109990")
    oracle.at(110_000)
    oracle.stage.connect.addresses = []
    answer = oracle.at(None)
    assert METRIC not in answer.metrics
    assert oracle.found()["ok"] is None
    assert (
        "10 minutes ago it was SCN 109990, and if it has not moved since: archived log"
        in (oracle.found()["reason"])
    )
    # Without a worker nothing moves it.
    oracle.stage.ecs.stop(oracle.stage.ecs.tasks[0], "Essential container in task exited", 137)
    assert oracle.at(None).metrics[METRIC] == 90


def test_offsets_that_connect_does_not_give_concern_only_the_archived_log(
    oracle: Oracle, monkeypatch: pytest.MonkeyPatch
):
    refused = Reply(500, b'{"message": "Timed out"}')
    monkeypatch.setattr(oracle.stage.connect, "_get_offsets", lambda _name: refused)
    answer = oracle.at(100_000)
    assert answer.metrics["HealthCheckFailed"] == 0
    assert "the connector's position cannot be read: Connect answered 500" in answer.summary
    oracle.stage.settings = ConnectorSettings()
    assert oracle.at(110_000).summary.startswith("healthy; ScnHeadroomMinutes: not known")
    oracle.stage.settings = ConnectorSettings(kind="jdbc")
    assert oracle.at(120_000).summary == "healthy"


def test_readings_that_only_older_positions_need_are_forgotten(oracle: Oracle):
    for number in range(30):
        oracle.stored(scn=str(99_990 + 10_000 * number))
        oracle.at(100_000 + 10_000 * number)
    assert len(oracle.readings) <= 4
    oracle.stored(scn="389990")
    for number in range(30, 60):
        oracle.at(100_000 + 10_000 * number)
    assert 30 <= len(oracle.readings) <= 34


def test_without_what_it_remembers_the_check_knows_nothing(oracle: Oracle, monkeypatch: pytest.MonkeyPatch):
    oracle.stored(scn="99000")
    oracle.at(100_000)
    oracle.stored(scn="109990")
    oracle.at(110_000)

    def refuse(**_request: Any) -> Any:
        raise client_error("AccessDeniedException", "no", "GetItem")

    monkeypatch.setattr(oracle.stage.table, "get_item", refuse)
    answer = oracle.at(120_000)
    assert METRIC not in answer.metrics
    assert oracle.found()["reason"] == "not known: what the health check remembers cannot be read"
