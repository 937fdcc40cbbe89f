"""What Debezium passes over is found by the next check, mailed once, and kept until it is acknowledged."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.domain.admin_api import Answer, Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import ServerError
from connector.domain.health.skipped_changes import SKIPPED_KEY
from connector.domain.health.snapshot_lines import CAPTURED
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import StageRecord
from lambda_src.connect_admin import operations
from lambda_src.observe_skipped import PROBE
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.watched import RIGHTS, Watched
from tests.support import silent_lines as lines
from tests.support.fake_lambda_aws import client_error

TABLE, OTHER = "WMS.PLAN_BASE_WVR_TBL", "MMDL.PLAN_WVR_RVSN_TBL"
FOUR = {
    "unsupported-change": lines.unsupported(TABLE),
    "table-truncated": lines.truncated(TABLE),
    "table-dropped": lines.dropped(TABLE),
    "table-not-logged": lines.not_logged(TABLE),
}


@pytest.fixture
def watched(world: FakeStage) -> Watched:
    assert world.ask(Operation.REGISTER).changed
    return Watched(world)


def logged(watched: Watched, line: str, ago: float = 0) -> None:
    """The worker writes a line, now or some seconds ago."""
    watched.stage.logs.lines.append((time.time() - ago, line))


def acknowledge(watched: Watched, *tables: str) -> Answer:
    session = watched.stage.session()
    session.tables = tables
    return operations.answer(Operation.ACKNOWLEDGE, session)


def findings(watched: Watched) -> list[tuple[str, str]]:
    """Name and class of what `verify` finds wrong beside the incident."""
    answer = watched.stage.ask(Operation.STATUS)
    return [
        (found["class"], found["reason"].partition(":")[0])
        for found in answer.details["findings"]
        if found["name"] == "ChangesSkipped" and found["ok"] is False
    ]


@pytest.mark.parametrize("name", FOUR)
def test_each_of_the_four_is_mailed_by_the_next_check_and_only_by_it(watched: Watched, name: str):
    assert watched.check().summary == "healthy"
    logged(watched, FOUR[name])
    answer = watched.check()
    assert answer.wrong
    assert answer.summary.startswith(f"ChangesSkipped: {TABLE}: ")
    assert answer.facts["skipped_changes_mailed"] == [f"{name} {TABLE}"]
    assert answer.facts["causes"]["ChangesSkipped"]["class"] == name
    for _ in range(4):
        assert watched.check().metrics["ChangesSkipped"] == 1
    assert watched.subjects == [f"ChangesSkipped ({name}) {TABLE}"]
    ((_, text),) = watched.mails
    assert f"Table:        {TABLE}" in text
    assert findings(watched) == [(name, TABLE)]


def test_a_snapshot_that_leaves_a_table_out_or_fails_is_mailed_until_a_good_one(watched: Watched):
    logged(watched, lines.reading(*(table for table in CAPTURED if table != TABLE)), ago=9)
    logged(watched, lines.completed(), ago=8)
    assert watched.check().facts["skipped_changes_mailed"] == [f"table-left-out {TABLE}"]
    logged(watched, lines.requested(TABLE), ago=7)
    logged(watched, lines.reading(TABLE), ago=6)
    assert watched.check().facts["skipped_changes_mailed"] == []
    logged(watched, lines.aborted(), ago=5)
    assert watched.check().facts["skipped_changes_mailed"] == [f"snapshot-aborted {TABLE}"]
    assert findings(watched) == [("table-left-out", TABLE), ("snapshot-aborted", TABLE)]
    for line in (lines.requested(TABLE), lines.reading(TABLE), lines.completed()):
        logged(watched, line, ago=4 - 0.1 * len(watched.stage.logs.lines))
    assert watched.check().summary == "healthy"
    assert len(watched.mails) == 2


def test_a_second_table_is_mailed_although_the_first_still_stands(watched: Watched):
    logged(watched, lines.truncated(TABLE))
    watched.check()
    logged(watched, lines.truncated(OTHER, 2000500))
    assert watched.check().metrics["ChangesSkipped"] == 2
    assert watched.subjects == [f"ChangesSkipped (table-truncated) {t}" for t in (TABLE, OTHER)]


def test_it_stands_until_it_is_acknowledged_and_is_news_when_it_happens_again(watched: Watched):
    logged(watched, lines.truncated(TABLE))
    watched.check()
    assert acknowledge(watched, OTHER).summary == f"no skipped change of {OTHER} is open; open: {TABLE}"
    done = acknowledge(watched, TABLE)
    assert (done.state, done.changed, done.summary) == (
        State.DONE,
        True,
        f"acknowledged: {TABLE} (table-truncated)",
    )
    assert acknowledge(watched).summary == "no skipped change is open"
    assert watched.check().summary == "healthy"
    assert findings(watched) == []
    logged(watched, lines.truncated(TABLE, 2000999))
    watched.check()
    assert len(watched.mails) == 2


def test_supplemental_logging_that_is_repaired_ends_the_finding_without_anybody(watched: Watched):
    logged(watched, lines.not_logged(TABLE), ago=9)
    logged(watched, lines.started(), ago=9)
    assert watched.check().metrics["ChangesSkipped"] == 1
    logged(watched, lines.started(), ago=5)
    assert watched.check().summary == "healthy"


def test_what_stands_keeps_no_incident_open_and_hides_none(watched: Watched):
    logged(watched, lines.truncated(TABLE))
    watched.check()
    for _ in range(2):
        well = dict(watched.stage.connect.tasks[CONNECTOR])
        watched.fail(RIGHTS)
        watched.check()
        watched.stage.connect.tasks[CONNECTOR] = well
        watched.check()
    assert watched.subjects == [
        f"ChangesSkipped (table-truncated) {TABLE}",
        *["ConnectorTaskFailed (database rights)", "recovered from ConnectorTaskFailed"] * 2,
    ]


def test_what_stands_does_not_keep_the_restart_budget_from_growing_back(watched: Watched):
    logged(watched, lines.truncated(TABLE))
    watched.fail("java.io.IOException: Broken pipe")
    for _ in range(10):
        watched.check()
    assert watched.restarts == 1
    budget = watched.stage.table.items["restart-budget"]
    assert budget["repetitions"] == 0


def test_a_mail_that_sns_refuses_is_sent_by_the_next_check(watched: Watched):
    logged(watched, lines.dropped(TABLE))
    watched.stage.aws.sns.refusal = client_error("InternalError", "try later", "Publish")
    with pytest.raises(ServerError):
        watched.check()
    watched.stage.aws.sns.refusal = None
    watched.check()
    watched.check()
    assert watched.subjects == [f"ChangesSkipped (table-dropped) {TABLE}"]


def test_of_many_checks_at_the_same_time_one_mails(watched: Watched):
    logged(watched, lines.unsupported(TABLE))
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: watched.check(0), range(20)))
    assert watched.subjects == [f"ChangesSkipped (unsupported-change) {TABLE}"]


def test_a_log_that_cannot_be_read_fails_the_check_and_nothing_is_lost(watched: Watched):
    watched.check()
    logged(watched, lines.truncated(TABLE))
    watched.stage.logs.refusal = client_error("AccessDeniedException", "no", "FilterLogEvents")
    answer = watched.check()
    assert answer.metrics["HealthCheckFailed"] == 1
    assert f"{PROBE}: " in answer.summary
    watched.stage.logs.refusal = None
    watched.check()
    assert len(watched.mails) == 1


def test_a_second_line_in_the_millisecond_of_a_start_is_read_again_without_harm(watched: Watched):
    at = time.time() - 9
    watched.stage.logs.lines += [(at, lines.not_logged(TABLE)), (at, lines.started())]
    for _ in range(3):
        assert watched.check().metrics["ChangesSkipped"] == 1
    assert len(watched.mails) == 1


def test_while_connect_does_not_answer_the_log_is_read_all_the_same(watched: Watched):
    logged(watched, lines.truncated(TABLE))
    watched.stage.connect.addresses = []
    watched.check()
    assert f"ChangesSkipped (table-truncated) {TABLE}" in watched.subjects


def test_while_there_is_no_service_there_is_no_log_to_read(watched: Watched):
    """The functions are deployed before the worker and its log group."""
    watched.stage.ecs.missing = True
    watched.check()
    assert watched.stage.logs.asked == []


def test_a_jdbc_connector_s_log_is_not_asked(watched: Watched):
    watched.stage.settings = ConnectorSettings(kind="jdbc")
    watched.check()
    assert watched.stage.logs.asked == []
    assert SKIPPED_KEY not in watched.stage.table.items


def test_a_stage_that_is_torn_down_keeps_and_mails_nothing(watched: Watched):
    record = StageRecord("main", "c", "0", (), "", retiring=True)
    watched.stage.table.items[record.to_item()["id"]] = record.to_item()
    logged(watched, lines.truncated(TABLE))
    watched.check()
    assert watched.mails == []
    assert SKIPPED_KEY not in watched.stage.table.items
