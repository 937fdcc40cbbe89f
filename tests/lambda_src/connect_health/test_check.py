"""Whole checks of a stage made of fakes: what is restarted, what is mailed, and what is not touched."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connector.domain.admin_api import Operation
from connector.domain.errors import ServerError
from connector.domain.health.budget import LIMIT, WINDOW_SECONDS
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import StageRecord
from lambda_src.clients.state_table import read_budget
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.watched import LOGIN, MINUTES, NETWORK, RIGHTS, Watched
from tests.support.fake_lambda_aws import client_error


@pytest.fixture
def watched(world: FakeStage) -> Watched:
    assert world.ask(Operation.REGISTER).changed
    world.connect.requests.clear()
    return Watched(world)


def test_a_healthy_stage_is_neither_touched_nor_reported(watched: Watched):
    for _ in range(3):
        assert watched.check().summary == "healthy"
    assert (watched.stage.connect.writes, watched.mails) == ([], [])
    assert watched.metrics[0]["AutoRestartAttempted"] == 0


def test_a_failed_task_is_restarted_at_once_and_nobody_is_woken(watched: Watched):
    watched.fail(NETWORK)
    answer = watched.check()
    assert (watched.restarts, answer.facts["done"]) == (1, "restarted the failed connector or task")
    assert watched.metrics[-1]["AutoRestartAttempted"] == 1
    assert watched.check().summary == "healthy"
    assert watched.mails == []


def test_a_task_that_a_rebalance_leaves_unassigned_wakes_nobody_and_one_that_stays_so_does(watched: Watched):
    """A rolling deployment takes the task from one worker before the other has it, for some seconds."""
    well = dict(watched.stage.connect.tasks[CONNECTOR])
    watched.stage.connect.tasks[CONNECTOR] |= {"state": "UNASSIGNED"}
    for seconds in (600, 2, 2, 20):
        watched.check(seconds / 60)
    assert watched.subjects == []
    watched.stage.connect.tasks[CONNECTOR] = well
    assert watched.check(1).summary == "healthy"
    watched.stage.connect.tasks[CONNECTOR] |= {"state": "UNASSIGNED"}
    for _ in range(4):
        watched.check(1)
    assert watched.subjects == ["ConnectorTaskFailed (not running)"]
    assert watched.restarts == 0


def test_a_failed_connector_is_restarted(watched: Watched):
    watched.stage.connect.states[CONNECTOR] = "FAILED"
    watched.check()
    assert watched.restarts == 1


def test_a_failure_that_restarts_do_not_fix_is_reported_once_when_the_budget_is_spent(watched: Watched):
    watched.fail(NETWORK, for_ever=True)
    for number in range(1, LIMIT + 1):
        watched.check(20)
        assert (watched.restarts, watched.mails) == (number, [])
    assert watched.check(5).metrics["AutoRestartBudgetExceeded"] == 1
    for _ in range(3):
        watched.check(1)
    ((subject, text),) = watched.mails
    assert watched.restarts == LIMIT
    assert subject == "wms-connector-main: ConnectorTaskFailed (unreachable)"
    for words in (
        "Stage main, ",
        "unreachable: the database cannot be reached",
        "task 0: Broken pipe",
        "restarted the failed connector or task",
        "0 of 3",
        "Owner:        network",
        "Command:      wms-connector status main",
        "Data:         nothing is lost: the connector goes on from its position",
        "Dashboard:    https://console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/",
        "docs/operations.md#connectortaskfailed",
        "Account:      000000000000, region us-east-1",
    ):
        assert words in text
    assert text.count("restarted the failed connector or task") == LIMIT


def test_a_refused_login_is_never_retried_and_reported_at_once(watched: Watched):
    watched.fail(LOGIN)
    for _ in range(10):
        watched.check()
    assert watched.restarts == 0
    ((subject, text),) = watched.mails
    assert "(login)" in subject
    assert "ORA-01017: invalid username" in text
    assert "stopped the connector, which keeps its offsets" in text
    assert watched.stage.connect.states[CONNECTOR] == "STOPPED"
    assert "Owner:        database" in text


def test_the_end_of_an_incident_is_reported_once(watched: Watched):
    watched.fail(RIGHTS)
    watched.check()
    watched.stage.connect.tasks[CONNECTOR] = {"id": 0, "state": "RUNNING", "worker_id": "127.0.0.9:8083"}
    for _ in range(3):
        watched.check()
    _, (subject, text) = watched.mails
    assert subject == "wms-connector-main: recovered from ConnectorTaskFailed"
    assert "10 minutes ago" in text
    assert "Lag:          2 s" not in text
    assert "Lag:          1 s" in text


def test_a_database_that_is_away_for_two_checks_is_one_incident(watched: Watched):
    watched.stage.listener.error = "connection refused"
    watched.stage.connect.debezium = {"streaming": {"connected": 0.0}}
    watched.check()
    assert watched.mails == []
    for _ in range(3):
        watched.check()
    ((subject, text),) = watched.mails
    assert "DbTcpUnreachable (unreachable)" in subject
    assert "Also:         SourceDisconnected" in text


def test_no_restart_while_ecs_the_api_the_brokers_or_the_database_is_the_trouble(watched: Watched):
    watched.fail(NETWORK)
    watched.stage.ecs.desired = 2
    watched.check()
    watched.stage.ecs.desired = 1
    heartbeat = watched.stage.stage.topics.one("heartbeat")
    watched.stage.kafka.newest_at[heartbeat] = ServerError("the brokers do not answer", retriable=True)
    watched.check()
    watched.stage.kafka.newest_at.clear()
    watched.stage.listener.error = "connection refused"
    watched.check()
    addresses = watched.stage.connect.addresses
    watched.stage.connect.addresses = []
    watched.check()
    assert watched.restarts == 0
    assert read_budget(watched.stage.table).claims == ()
    watched.stage.connect.addresses, watched.stage.listener.error = addresses, ""
    watched.check()
    assert watched.restarts == 1


@pytest.mark.parametrize("state", ["PAUSED", "STOPPED"])
def test_what_a_person_stopped_stays_so_even_with_a_failed_task(watched: Watched, state: str):
    watched.fail(NETWORK)
    watched.stage.connect.states[CONNECTOR] = state
    for _ in range(3):
        assert watched.check().summary.startswith(f"nothing is streamed: {CONNECTOR} is {state}: an operator")
    assert (watched.restarts, watched.mails) == (0, [])


def test_a_connector_that_was_deleted_is_registered_again(watched: Watched):
    watched.stage.connect.configs.clear()
    watched.stage.connect.states.clear()
    assert watched.check().facts["done"] == ""
    assert watched.check().facts["done"] == f"registered the connector: {CONNECTOR} created"
    assert watched.check().summary == "healthy"
    assert watched.mails == []


def test_a_registration_that_a_refused_login_forbids_is_not_repeated(watched: Watched):
    watched.stage.connect.configs.clear()
    watched.stage.connect.states.clear()
    words = "ORA-01017: invalid credential or not authorized; logon denied"
    watched.stage.connect.invalid = {"database.user": f"Unable to connect: {words}"}
    for _ in range(8):
        watched.check(30)
    puts = [path for method, path in watched.stage.connect.writes if method == "PUT"]
    assert len(puts) == 1
    assert len(watched.mails) == 1


def test_a_stage_that_is_torn_down_is_left_alone(watched: Watched):
    watched.fail(NETWORK)
    record = StageRecord("main", "c", "0", (), "", retiring=True)
    watched.stage.table.put_item(Item=record.to_item())
    for _ in range(3):
        watched.check()
    assert (watched.stage.connect.writes, watched.mails) == ([], [])
    watched.stage.connect.states.clear()
    for _ in range(3):
        watched.check()
    assert watched.stage.connect.writes == []


def test_an_operators_restarts_do_not_count(watched: Watched):
    for _ in range(5):
        watched.fail(NETWORK)
        assert watched.stage.ask(Operation.REGISTER).changed
    assert read_budget(watched.stage.table).claims == ()


def test_a_damaged_budget_restarts_nothing_and_is_the_checks_own_failure(watched: Watched):
    watched.fail(NETWORK)
    watched.stage.table.put_item(Item={"id": "restart-budget", "version": 1})
    answer = watched.check()
    assert watched.restarts == 0
    assert answer.metrics["HealthCheckFailed"] == 1


def test_a_message_that_sns_refuses_is_an_error_and_due_again(watched: Watched):
    watched.fail(LOGIN)
    watched.stage.aws.sns.refusal = client_error("AuthorizationError", "no", "Publish")
    with pytest.raises(ServerError, match="sns:Publish"):
        watched.check()
    assert watched.metrics, "metrics are published before anything is told"
    watched.stage.aws.sns.refusal = None
    watched.check()
    watched.check()
    assert len(watched.mails) == 1


def test_fifty_checks_at_once_restart_once_and_mail_once(watched: Watched):
    watched.fail(NETWORK, for_ever=True)
    made = []
    with ThreadPoolExecutor(50) as pool:
        for _ in range(15):
            watched.now += 10 * MINUTES
            before = watched.restarts
            list(pool.map(lambda _: watched.check(0), range(50)))
            made += [watched.now] * (watched.restarts - before)
    for first, fourth in zip(made, made[LIMIT:], strict=False):
        assert fourth - first >= WINDOW_SECONDS
    assert len(made) >= LIMIT
    assert len(watched.mails) == 1


@pytest.mark.parametrize("oracle", [False, True])
def test_a_healthy_check_makes_few_calls(watched: Watched, monkeypatch: pytest.MonkeyPatch, *, oracle: bool):
    if oracle:
        watched.stage.connect.debezium = {"streaming": {"connected": 1.0, "currentscn": 5000.0}}
        watched.stage.connect.scn_step, watched.stage.connect.position = 100, {"scn": "4990"}
    calls: list[str] = []
    lock = threading.Lock()

    def counted(target: Any, *names: str) -> None:
        for name in names:
            real = getattr(target, name)

            def call(*args: Any, _real: Any = real, _name: str = name, **kwargs: Any) -> Any:
                with lock:
                    calls.append(_name)
                return _real(*args, **kwargs)

            monkeypatch.setattr(target, name, call)

    counted(watched.stage.secrets, "get_secret_value")
    counted(watched.stage.ecs, "describe_services", "list_tasks", "describe_tasks")
    counted(watched.stage.table, "get_item", "put_item")
    counted(watched.stage.connect, "request")
    counted(watched.stage.aws.cloudwatch, "put_metric_data")
    counted(watched.stage.aws.sns, "publish")
    assert watched.check().summary.startswith("healthy")
    # Connect is asked for the position, and a worker that streams from Oracle twice for the SCN.
    # Its config is compared with the registered one; halt, maintenance window, refused versions are read, and
    # whether a comparison was left behind.
    # With SCRAM and a load balancer two more secrets are read, each of which may be the default's.
    assert len(calls) <= 26, calls


def test_addresses_that_were_not_confirmed_are_counted_and_are_no_problem_of_the_stream(watched: Watched):
    watched.stage.aws.sns.pending = 2
    answer = watched.check()
    assert (answer.metrics["AlertsUnconfirmed"], answer.wrong) == (2.0, False)
    watched.stage.aws.sns.pending = 0
    assert watched.check().metrics["AlertsUnconfirmed"] == 0


def test_a_topic_that_tells_nothing_leaves_its_alarm_as_it_is(watched: Watched):
    watched.stage.aws.sns.refusal = client_error("AuthorizationError", "not authorized", "GetTopicAttributes")
    answer = watched.check()
    assert "AlertsUnconfirmed" not in answer.metrics
    assert answer.summary.startswith("healthy")
