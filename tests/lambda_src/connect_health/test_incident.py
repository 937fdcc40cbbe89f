"""One message tells of an incident, one more of each other kind of trouble that joins it, one of its end."""

from dataclasses import replace
from decimal import Decimal

import pytest

from connector.domain.admin_api import Operation
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.errors import ServerError
from connector.domain.health.alarm import GRACE_SECONDS
from connector.domain.health.budget import ACT_WITHIN_SECONDS, LIMIT, Budget
from connector.domain.health.error_classes import (
    ARCHIVED_LOG_EXPIRING,
    CONNECTOR_MISSING,
    LAGGING,
    STALLED,
    WORKER,
    named,
)
from connector.domain.health.finding import Finding
from connector.domain.health.new_findings import find_new
from connector.domain.health.remediation import HEALING_SECONDS, Action, Remediation
from connector.domain.health.scn import Reading, ScnMemory
from connector.domain.health.state import HealthState, Incident
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.state_table import read_budget, read_item
from lambda_src.connect_health.act import act
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.watched import LOGIN, MINUTES, NETWORK, RIGHTS, Watched
from tests.support.fake_lambda_aws import client_error

#: Debezium's metrics of a source that is 20 minutes behind while it reads.
LATE = {"connected": 1.0, "millisecondsbehindsource": 1_200_000.0, "millisecondssincelastevent": 1000.0}


@pytest.fixture
def watched(world: FakeStage) -> Watched:
    assert world.ask(Operation.REGISTER).changed
    return Watched(world)


@pytest.fixture
def late(watched: Watched) -> Watched:
    """A stage whose incident of lag has been mailed."""
    watched.stage.connect.debezium = {"streaming": dict(LATE)}
    for _ in range(3):
        watched.check()
    assert watched.subjects == ["ReplicationLagSeconds (lag)"]
    return watched


# -- what joins an incident ----------------------------------------------------


def test_a_position_that_is_nearly_lost_is_reported_although_the_lag_was(late: Watched):
    late.stage.settings = ConnectorSettings(archived_log_hours=2)
    late.stage.connect.debezium = {"streaming": {**LATE, "currentscn": 5000.0}}
    late.stage.connect.scn_step, late.stage.connect.position = 100, {"scn": "5150"}
    for _ in range(8):
        late.check()
    assert late.subjects[1:] == ["ScnHeadroomMinutes (archived-log-expiring)"]
    _, text = late.mails[-1]
    assert "Joins:        an incident that was mailed " in text
    assert "Also:         ReplicationLagSeconds" in text


def test_a_refused_login_is_reported_although_the_lag_was(late: Watched):
    late.fail(LOGIN)
    for _ in range(4):
        late.check()
    assert late.subjects[1:] == ["ConnectorTaskFailed (login)"]


def test_brokers_that_go_away_are_reported_although_the_lag_was_once_they_are_away_for_two_checks(
    late: Watched,
):
    heartbeat = late.stage.stage.topics.one("heartbeat")
    late.stage.kafka.newest_at[heartbeat] = ServerError("the brokers do not answer", retriable=True)
    late.check()
    assert late.subjects[1:] == []
    for _ in range(3):
        late.check()
    assert late.subjects[1:] == ["BrokersUnreachable (brokers)"]


def test_the_end_of_an_incident_that_grew_names_all_of_it_and_comes_once(late: Watched):
    late.fail(RIGHTS)
    late.check()
    late.stage.connect.tasks[CONNECTOR] = {"id": 0, "state": "RUNNING", "worker_id": "127.0.0.9:8083"}
    late.check()
    assert len(late.subjects) == 2, "the lag lasts"
    late.stage.connect.debezium = {"streaming": {"connected": 1.0}}
    for _ in range(3):
        late.check()
    assert late.subjects[2:] == ["recovered from ReplicationLagSeconds and ConnectorTaskFailed"]


def test_what_comes_and_goes_within_an_incident_is_reported_once(late: Watched):
    for _ in range(6):
        late.stage.listener.error = "connection refused"
        for _ in range(3):
            late.check()
        late.stage.listener.error = ""
        late.check()
    assert late.subjects[1:] == ["DbTcpUnreachable (unreachable)"]


def test_a_message_that_says_it_is_the_only_one_is_true(watched: Watched):
    watched.stage.listener.error = "connection refused"
    watched.stage.connect.debezium = {"streaming": {"connected": 0.0}}
    for _ in range(12):
        watched.check()
    ((_, text),) = watched.mails
    assert text.endswith(
        "No further mail follows until this incident ends, unless an error of another class joins it."
    )


def test_what_outlasts_its_explanation_is_reported_once_it_has_lasted_by_itself(watched: Watched):
    """The checks in which the database was away do not count: a source needs a moment to connect again."""
    watched.stage.listener.error = "connection refused"
    watched.stage.connect.debezium = {"streaming": {"connected": 0.0}}
    for _ in range(3):
        watched.check()
    watched.stage.listener.error = ""
    watched.check()
    assert watched.subjects == ["DbTcpUnreachable (unreachable)"]
    watched.check()
    watched.check()
    assert watched.subjects[1:] == ["SourceDisconnected (no-session)"]


def test_a_failure_that_joins_is_reported_once_restarts_have_not_fixed_it(late: Watched):
    late.fail(NETWORK, for_ever=True)
    restarts = 0
    for _ in range(12):
        late.check()
        restarts = max(restarts, late.restarts)
        assert late.subjects[1:] == [] or restarts >= LIMIT
    assert late.subjects[1:] == ["ConnectorTaskFailed (unreachable)"]


def test_restarts_that_are_spent_after_the_reported_trouble_are_reported_once(watched: Watched):
    """The task fails with a class that was mailed, so nothing else would report that it stays down."""
    watched.stage.listener.error = "connection refused"
    watched.fail(NETWORK, for_ever=True)
    for _ in range(3):
        watched.check()
    assert watched.subjects == ["DbTcpUnreachable (unreachable)"]
    watched.stage.listener.error = ""
    while not watched.check().metrics["AutoRestartBudgetExceeded"]:
        assert len(watched.mails) == 1
        assert watched.restarts <= LIMIT
    assert watched.subjects[1:] == ["AutoRestartBudgetExceeded (unreachable)"]
    _, text = watched.mails[-1]
    for words in (
        "Restarts did not help: all restarts of this hour are used up",
        "Joins:        an incident",
        "0 of 3",
        "ConnectorTaskFailed: task 0",
    ):
        assert words in text
    spent = [watched.check().metrics["AutoRestartBudgetExceeded"] for _ in range(60)]
    assert {0.0, 1.0} <= set(spent), "it comes and goes as the hour gets room"
    assert len(watched.mails) == 2


def test_restarts_that_are_spent_on_a_failure_that_was_reported_are_no_second_message(watched: Watched):
    watched.fail(NETWORK, for_ever=True)
    spent = [watched.check().metrics["AutoRestartBudgetExceeded"] for _ in range(30)]
    assert 1.0 in spent
    assert watched.subjects == ["ConnectorTaskFailed (unreachable)"]


def test_a_refused_message_about_what_joined_is_due_again(late: Watched):
    late.fail(RIGHTS)
    late.stage.aws.sns.refusal = client_error("AuthorizationError", "no", "Publish")
    with pytest.raises(ServerError, match="sns:Publish"):
        late.check()
    late.stage.aws.sns.refusal = None
    for _ in range(3):
        late.check()
    assert late.subjects[1:] == ["ConnectorTaskFailed (database rights)"]


def finding(metric: str, cause: ErrorClass | None) -> Finding:
    return Finding.failed(metric, "r", cause)


DB = finding("DbTcpUnreachable", named("unreachable"))
BROKERS = finding("BrokersUnreachable", named("brokers"))
ECS = finding("EcsServiceUnhealthy", WORKER)
SOURCE = finding("SourceDisconnected", named("no-session"))
LAG = finding("ReplicationLagSeconds", LAGGING)
HEARTBEAT = finding("HeartbeatMissing", STALLED)
SPENT = finding("AutoRestartBudgetExceeded", None)


def new_findings(
    mailed: Finding, now: list[Finding], lags: tuple[tuple[int, int], ...] = ()
) -> list[Finding]:
    cause = "" if mailed.cause is None else mailed.cause.name
    return find_new(now, Incident(0, mailed.name, ((mailed.name, cause),)), lags)


@pytest.mark.parametrize(
    ("mailed", "then"),
    [
        (DB, finding("SourceDisconnected", named("unreachable"))),
        (DB, SOURCE),
        (DB, HEARTBEAT),
        (DB, LAG),
        (DB, finding("ConnectorTaskFailed", named("unknown"))),
        (DB, SPENT),
        (finding("ConnectorTaskFailed", named("unknown")), SPENT),
        (SPENT, SPENT),
        (BROKERS, ECS),
        (BROKERS, finding("ConnectorTaskFailed", named("fenced"))),
        (BROKERS, finding("ConnectorStateFailed", CONNECTOR_MISSING)),
        (ECS, finding("ConnectApiUnreachable", WORKER)),
        (SOURCE, LAG),
        (HEARTBEAT, LAG),
    ],
    ids=lambda f: f.name,
)
def test_what_the_reported_trouble_explains_is_not_new_while_it_lasts(mailed: Finding, then: Finding):
    assert new_findings(mailed, [mailed, then]) == []


@pytest.mark.parametrize(
    ("mailed", "then"),
    [
        (DB, finding("SourceDisconnected", named("login"))),
        (DB, finding("ConnectorTaskFailed", named("log missing"))),
        (DB, finding("ScnHeadroomMinutes", ARCHIVED_LOG_EXPIRING)),
        (DB, BROKERS),
        (DB, ECS),
        (BROKERS, DB),
        (BROKERS, finding("ConnectorTaskFailed", named("cluster rights"))),
        # One worker of two may be missing for days: that explains no failed task.
        (ECS, finding("ConnectorTaskFailed", named("memory"))),
        (LAG, SOURCE),
        (LAG, SPENT),
        (SOURCE, SPENT),
        (HEARTBEAT, SOURCE),
    ],
    ids=lambda f: f.name,
)
def test_what_a_person_would_fix_otherwise_is_new(mailed: Finding, then: Finding):
    assert new_findings(mailed, [mailed, then]) == [then]


def test_the_stages_of_one_outage_of_the_database_are_mailed_once():
    incident = Incident(0, "SourceDisconnected", (("SourceDisconnected", "unreachable"),))
    for metric in ("SourceDisconnected", "ConnectorTaskFailed"):
        for stage in ("database host", "database starting", "no free session", "session ended"):
            assert find_new([Finding.failed(metric, "x", named(stage))], incident, ()) == []
        # What somebody has to fix is none of them.
        for other in ("database full", "unknown database", "login"):
            found = [Finding.failed(metric, "x", named(other))]
            assert find_new(found, incident, ()) == found


def test_what_outlasts_its_explanation_is_new():
    assert new_findings(DB, [SOURCE]) == [SOURCE]
    assert new_findings(DB, [HEARTBEAT]) == [HEARTBEAT]
    assert new_findings(DB, [SPENT]) == [SPENT]


def test_spent_restarts_are_new_after_what_held_them_and_only_once():
    mailed = Incident(0, "t", (("DbTcpUnreachable", "unreachable"), ("ConnectorTaskFailed", "unreachable")))
    failed = finding("ConnectorTaskFailed", named("unreachable"))
    assert find_new([failed, SPENT], mailed, ()) == [SPENT]
    assert find_new([failed, SPENT], replace(mailed, notified=(*mailed.notified, (SPENT.name, ""))), ()) == []


def test_a_lag_that_falls_after_the_trouble_is_being_caught_up_with():
    assert new_findings(DB, [LAG], ((1, 3600), (2, 2000))) == []
    assert new_findings(DB, [LAG], ((1, 2000), (2, 3600))) == [LAG]
    rights = finding("ScnHeadroomMinutes", ARCHIVED_LOG_EXPIRING)
    assert new_findings(rights, [LAG], ((1, 3600), (2, 2000))) == [LAG]


# -- restarts that will not come -----------------------------------------------


def budget(watched: Watched, **changes: object) -> None:
    watched.stage.table.put_item(Item=Budget((int(watched.now),), 1, None, 1).to_item() | changes)


@pytest.mark.parametrize(
    "changes",
    [{"claims": [1_800_000_000_000]}, {"version": 0}, {"claims": ""}],
    ids=["milliseconds", "version 0", "no list"],
)
def test_a_damaged_budget_keeps_nobody_asleep(watched: Watched, changes: dict[str, object]):
    budget(watched, **changes)
    watched.fail(NETWORK, for_ever=True)
    watched.check()
    assert watched.restarts == 0
    assert watched.subjects == ["ConnectorTaskFailed (unreachable)"]


@pytest.mark.parametrize("seconds", [1200, 6 * 3600])
def test_a_claim_of_a_clock_that_ran_ahead_keeps_nobody_asleep(watched: Watched, seconds: int):
    budget(watched, claims=[int(watched.now) + seconds])
    watched.fail(NETWORK, for_ever=True)
    watched.check()
    assert watched.subjects == ["ConnectorTaskFailed (unreachable)"]


@pytest.mark.parametrize(
    ("seconds", "mails"), [(0, 0), (HEALING_SECONDS - 1, 0), (HEALING_SECONDS, 1), (200, 1)]
)
def test_a_restart_has_some_seconds_to_help_before_people_are_mailed(
    watched: Watched, seconds: int, mails: int
):
    """The next one may be minutes away: nobody waits for it."""
    watched.fail(NETWORK, for_ever=True)
    watched.check()
    assert (watched.restarts, watched.mails) == (1, [])
    watched.check(seconds / MINUTES)
    assert (watched.restarts, len(watched.mails)) == (1, mails)


@pytest.mark.parametrize(("seconds", "mails"), [(GRACE_SECONDS - 1, 0), (GRACE_SECONDS, 1)])
def test_what_may_pass_is_mailed_after_its_grace_time_however_many_checks_that_takes(
    watched: Watched, seconds: int, mails: int
):
    watched.stage.listener.error = "connection refused"
    watched.check()
    for _ in range(3):
        watched.check(seconds / 3 / MINUTES)
    assert len(watched.mails) == mails


@pytest.mark.parametrize("minutes", range(1, 21))
def test_with_every_schedule_the_hours_restarts_are_spent_and_people_notified_once(
    watched: Watched, minutes: int
):
    """With longer pauses than the settings allow, neither would come for hours."""
    watched.fail(NETWORK, for_ever=True)
    spent, mailed = 0, 0
    for passed in range(0, 121, minutes):
        answer = watched.check(minutes)
        if answer.metrics["AutoRestartBudgetExceeded"] and not spent:
            spent = passed
        if watched.mails and not mailed:
            mailed = passed
    assert 0 < spent <= 80
    assert 0 < mailed <= 61
    assert len(watched.mails) == 1


def test_a_claim_that_took_too_long_is_spent_and_not_acted_upon(watched: Watched):
    """A restart so late would lie within an hour of one that the next hour's budget gives."""
    watched.fail(NETWORK)
    session = watched.stage.session()
    times = iter([watched.now, watched.now + ACT_WITHIN_SECONDS + 1])
    outcome = act(session, Remediation(Action.RESTART), Budget(), clock=lambda: next(times))
    assert (outcome.attempted, watched.restarts) == (False, 0)
    assert "took too long" in outcome.text
    assert len(read_budget(watched.stage.table).claims) == 1
    in_time = iter([watched.now + 3600, watched.now + 3600 + ACT_WITHIN_SECONDS])
    again = act(
        session, Remediation(Action.RESTART), read_budget(watched.stage.table), clock=lambda: next(in_time)
    )
    assert (again.attempted, watched.restarts) == (True, 1)


# -- the memory ----------------------------------------------------------------


@pytest.mark.parametrize("version", ["abc", 0, -3, Decimal("1.5"), None, [], "absent"], ids=str)
def test_a_health_state_whose_version_is_none_is_replaced_and_people_are_notified(
    watched: Watched, version: object
):
    item = HealthState().to_item() | {"version": version}
    if version == "absent":
        del item["version"]
    watched.stage.table.put_item(Item=item)
    watched.fail(LOGIN)
    watched.check()
    watched.check()
    assert watched.subjects == ["ConnectorTaskFailed (login)"]
    assert read_item(watched.stage.table, "health-memory")["version"] == 2  # type: ignore[index]


def test_a_health_state_comes_back_as_it_was():
    state = HealthState(
        found_since={"ReplicationLagSeconds": 1_799_999_000, "ConnectorTaskFailed/login": 1_800_000_000},
        unknown_since=1_799_999_500,
        idle_since=1_799_999_000,
        failed_since=1_800_000_000,
        lags=((1, 2), (3, 4)),
        lag_ms=4321,
        scn=ScnMemory((Reading(1, None, 5), Reading(9, 5, 6)), (6, 9), (6, 8)),
        tried=("x",),
        refused="login",
        incident=Incident(7, "t", (("ReplicationLagSeconds", "lag"), ("AutoRestartBudgetExceeded", ""))),
        version=4,
    )
    assert HealthState.from_item(state.to_item()) == state


def test_a_health_state_of_the_version_before_is_still_read():
    item = replace(HealthState(version=3), incident=Incident(1, "t")).to_item()
    del item["scn"], item["idle_since"], item["failed_since"], item["incident"]["notified"]
    assert HealthState.from_item(item) == HealthState(incident=Incident(1, "t"), version=3)
