"""What is not seen to run is not healthy: tasks, heartbeats, the service, the lag of a quiet database."""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.domain.admin_api import Operation
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import ServerError
from connector.domain.health.alarm import GRACE_SECONDS
from connector.domain.health.error_classes import (
    HEARTBEAT_TABLE_STALE,
    NO_SERVICE,
    NOT_RUNNING,
    STALLED,
)
from connector.domain.health.finding import Finding
from connector.domain.health.observation import (
    BrokerReading,
    ConnectorStatus,
    Observation,
    Service,
    Source,
    TaskStatus,
)
from connector.domain.health.remediation import Action
from connector.domain.health.state import HealthState
from connector.domain.health.verdict import Verdict, decide
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import RECORD_KEY, StageRecord
from lambda_src.clients.transport import Reply
from lambda_src.observe import observe
from tests.lambda_src.conftest import FakeStage, Time
from tests.support.fake_connect import FakeConnect
from tests.support.fake_lambda_aws import client_error

NOW = 1_800_000_000.0
PLAIN = ConnectorSettings()
STREAMING = Source(streaming=True, seconds_behind_source=1.0, seconds_since_last_event=2.0)


def status(connector: str, *tasks: str) -> ConnectorStatus:
    return ConnectorStatus(
        connector, "w", tasks=tuple(TaskStatus(number, state, "w") for number, state in enumerate(tasks))
    )


def seen(**changes: Any) -> Observation:
    """A stage that is well, with something changed."""
    well = Observation(
        service=Service("s", 1, 1, 0, "d", "COMPLETED"),
        connect_answers="",
        database={"127.0.0.8:1521": ""},
        connector=status("RUNNING", "RUNNING"),
        source=STREAMING,
        brokers=BrokerReading(newest=NOW - 3),
    )
    return replace(well, **changes)


def judged(
    observation: Observation, state: HealthState | None = None, settings: ConnectorSettings = PLAIN
) -> Verdict:
    return decide(replace(observation, health_state=state or HealthState()), settings, NOW)


def only(verdict: Verdict) -> Finding:
    (finding,) = verdict.findings
    return finding


# -- tasks ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("connector", "expected"),
    [
        (status("RUNNING"), "not running: connector RUNNING, no task"),
        (status("RUNNING", "UNASSIGNED"), "not running: connector RUNNING, task 0 UNASSIGNED"),
        (status("RUNNING", "RESTARTING"), "not running: connector RUNNING, task 0 RESTARTING"),
        (status("RUNNING", "PAUSED"), "not running: connector RUNNING, task 0 PAUSED"),
        (status("UNASSIGNED"), "not running: connector UNASSIGNED, no task"),
        (status("UNASSIGNED", "RUNNING"), "not running: connector UNASSIGNED, task 0 RUNNING"),
        (status("RESTARTING", "RUNNING"), "not running: connector RESTARTING, task 0 RUNNING"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("kind", ["debezium", "jdbc"])
def test_a_connector_without_a_running_task_counts_once_a_second_check_has_seen_it(
    connector: ConnectorStatus, expected: str, kind: str
):
    settings = ConnectorSettings(kind=kind)
    observation = seen(connector=connector, brokers=BrokerReading(newest=NOW - 3))
    first = judged(observation, settings=settings)
    # Nothing is known to be wrong, which is not health: no incident ends by it.
    assert (first.findings, first.sure, first.idle_since) == ((), False, int(NOW))
    assert "ConnectorTaskFailed" not in first.metrics
    soon = judged(observation, HealthState(idle_since=int(NOW) - GRACE_SECONDS + 1), settings)
    assert (soon.findings, soon.sure) == ((), False)
    second = judged(observation, HealthState(idle_since=int(NOW) - 55), settings)
    assert second.idle_since == int(NOW) - 55
    finding = only(second)
    assert (finding.name, finding.reason, finding.cause) == ("ConnectorTaskFailed", expected, NOT_RUNNING)
    assert second.metrics["ConnectorTaskFailed"] == 1
    assert (second.remediation.action, second.remediation.healing) == (Action.NOTHING, False)
    assert "nothing has failed" in second.remediation.withheld


@pytest.mark.parametrize("state", ["PAUSED", "STOPPED"])
def test_what_a_person_stopped_need_not_have_a_task(state: str):
    verdict = judged(seen(connector=status(state), source=None), HealthState(idle_since=1))
    assert (verdict.findings, verdict.sure, verdict.idle_since) == ((), True, None)


def test_what_has_failed_is_reported_as_that():
    for connector in (status("RUNNING", "FAILED"), status("FAILED")):
        verdict = judged(seen(connector=connector, source=None), HealthState(idle_since=1))
        assert only(verdict).cause is not NOT_RUNNING
        assert verdict.idle_since is None


def test_a_task_that_runs_again_forgets_the_checks_before():
    verdict = judged(seen(), HealthState(idle_since=1))
    assert (verdict.summary, verdict.idle_since) == ("healthy", None)


# -- the service ---------------------------------------------------------------


@pytest.mark.parametrize("how", ["missing", "no_cluster"])
def test_a_service_that_does_not_exist_is_a_finding_and_not_the_checks_own_failure(
    world: FakeStage, how: str
):
    setattr(world.ecs, how, True)
    world.kafka.newest_at[world.stage.topics.one("heartbeat")] = NOW
    verdict = decide(observe(world.session()), world.settings, NOW)
    finding = only(verdict)
    assert (finding.name, finding.cause) == ("EcsServiceUnhealthy", NO_SERVICE)
    assert "there is no ECS service wms-connector-main" in finding.reason
    assert verdict.metrics["HealthCheckFailed"] == 0
    assert not verdict.sure


# -- lag -----------------------------------------------------------------------


def lag(source: Source, brokers: BrokerReading | None) -> float | None:
    return judged(seen(source=source, brokers=brokers)).metrics.get("ReplicationLagSeconds")


def test_while_changes_arrive_the_lag_is_what_debezium_says():
    assert (
        lag(
            Source(streaming=True, seconds_behind_source=1200.0, seconds_since_last_event=299.0),
            BrokerReading(newest=NOW - 3),
        )
        == 1200
    )


def test_a_lag_that_was_measured_before_a_quiet_time_is_over():
    """Debezium keeps the value of its last change; a heartbeat says that there is no newer one."""
    old = Source(streaming=True, seconds_behind_source=1200.0, seconds_since_last_event=301.0)
    verdict = judged(seen(source=old))
    assert (verdict.findings, verdict.metrics["ReplicationLagSeconds"]) == ((), 0)


@pytest.mark.parametrize(
    "brokers",
    [
        None,
        BrokerReading(newest=NOW - 301),
        BrokerReading(),
        BrokerReading(error="the brokers do not answer"),
    ],
)
def test_a_lag_of_long_ago_is_not_known_while_no_heartbeat_says_that_all_is_read(
    brokers: BrokerReading | None,
):
    assert (
        lag(Source(streaming=True, seconds_behind_source=1200.0, seconds_since_last_event=301.0), brokers)
        is None
    )


# -- heartbeats ----------------------------------------------------------------


def test_a_heartbeat_topic_that_has_run_empty_is_not_well():
    finding = only(judged(seen(brokers=BrokerReading(newest=None))))
    assert (finding.name, finding.reason, finding.cause) == (
        "HeartbeatMissing",
        "the heartbeat topic is empty",
        STALLED,
    )


def test_a_heartbeat_table_without_any_change_is_not_well():
    settings = ConnectorSettings(heartbeat_table="WMSCDC.HEARTBEAT")
    finding = only(judged(seen(), settings=settings))
    assert (finding.name, finding.cause) == ("HeartbeatMissing", HEARTBEAT_TABLE_STALE)
    assert (
        finding.reason == "heartbeats arrive, but there is no change of the heartbeat table WMSCDC.HEARTBEAT"
    )


def test_an_empty_topic_of_rare_heartbeats_is_neither_well_nor_missing():
    verdict = judged(
        seen(brokers=BrokerReading(newest=None)), settings=ConnectorSettings(heartbeat_seconds=3600)
    )
    assert (verdict.findings, verdict.sure) == ((), False)
    assert "HeartbeatMissing" not in verdict.metrics


# -- the state table -----------------------------------------------------------


@pytest.fixture
def healthy(world: FakeStage) -> FakeStage:
    assert world.ask(Operation.REGISTER).changed
    world.kafka.newest_at[world.stage.topics.one("heartbeat")] = NOW - 3
    return world


def look(stage: FakeStage) -> Observation:
    return observe(stage.session())


DAMAGED_BUDGET = {"id": "restart-budget", "version": 1}
DAMAGED_STATE = {"id": "health-memory", "version": "abc", "found_since": 5}


@pytest.mark.parametrize("damaged", [DAMAGED_BUDGET, DAMAGED_STATE], ids=lambda item: item["id"])
def test_a_damaged_item_hides_no_other(healthy: FakeStage, damaged: dict[str, Any]):
    record = StageRecord("main", "c", "0", (), "", retiring=True)
    healthy.table.put_item(Item=record.to_item())
    healthy.table.put_item(Item=HealthState(unknown_since=3, version=1).to_item())
    healthy.table.put_item(Item=damaged)
    found = look(healthy)
    assert found.retiring
    # The memory is known, or forgotten where it is what is damaged; else nobody could be mailed.
    assert found.health_state == (
        HealthState() if damaged is DAMAGED_STATE else HealthState(unknown_since=3, version=1)
    )
    assert (found.budget is None) == (damaged is DAMAGED_BUDGET)


def test_nothing_is_restarted_while_nobody_knows_whether_the_stage_is_torn_down(
    healthy: FakeStage, monkeypatch: pytest.MonkeyPatch
):
    read = healthy.table.get_item

    def refuse_the_record(**key: Any) -> Any:
        if key["Key"]["id"] == RECORD_KEY:
            raise client_error("ThrottlingException", "slow down")
        return read(**key)

    monkeypatch.setattr(healthy.table, "get_item", refuse_the_record)
    healthy.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": "java.io.IOException: Broken pipe"}
    found = look(healthy)
    assert found.budget is None
    assert found.health_state == HealthState()
    assert "slow down" in found.probe_errors["record"]
    assert decide(found, healthy.settings, NOW).remediation.action is Action.NOTHING


# -- time ----------------------------------------------------------------------


def test_many_listeners_share_the_time_of_their_probe(healthy: FakeStage):
    """Five that drop packets, at three seconds each, would take longer than the probe may."""
    addresses = ", ".join(f"(ADDRESS=(PROTOCOL=TCP)(HOST=127.0.0.{n})(PORT=1521))" for n in range(1, 7))
    url = f"jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS_LIST={addresses})(CONNECT_DATA=(SERVICE_NAME=W)))"
    healthy.secrets.values["wms/main/dbInfo"] = (
        f'{{"url": "{url}", "username": "wms_capture", "password": "x"}}'
    )
    waited: list[float] = []

    def drop(_host: str, _port: int, seconds: float) -> str:
        waited.append(seconds)
        healthy.time.sleep(seconds)
        return f"no connection within {seconds:.0f} s"

    found = observe(replace(healthy.session(), tcp_probe=drop))
    assert len(found.database) == len(waited) == 6
    assert sum(waited) < 10.1
    assert min(waited) > 1


@dataclass
class HungConnect(FakeConnect):
    """Some of its workers accept a connection and never answer."""

    time: Time = field(default_factory=Time)
    hung: tuple[str, ...] = ()

    def request(self, method: str, url: str, body: bytes | None, timeout: float) -> Reply:
        if urlsplit(url).hostname in self.hung:
            self.time.sleep(timeout)
            raise ServerError(f"no answer within {timeout:.0f} s", retriable=True)
        return super().request(method, url, body, timeout)


@pytest.mark.parametrize(("hung", "answers"), [(2, True), (3, False)])
def test_workers_that_hang_are_no_failure_of_the_health_check(world: FakeStage, hung: int, answers: bool):
    """Two of three take no more than their part; when all hang, that is Connect's trouble."""
    addresses = ["127.0.0.9", "127.0.0.10", "127.0.0.11"]
    for address in addresses[1:]:
        world.ecs.start(address)
    world.ecs.desired = 3
    world.connect = HungConnect(addresses, time=world.time, hung=tuple(addresses[:hung]))
    began = world.time.seconds
    found = look(world)
    assert world.time.seconds - began <= 16.1
    assert (found.connect_answers == "") == answers
    assert "connect" not in found.probe_errors
    metrics = decide(found, world.settings, NOW).metrics
    assert (metrics["ConnectApiUnreachable"], metrics["HealthCheckFailed"]) == (not answers, 0)


# -- depth ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["debezium", "jdbc"])
def test_how_full_the_queue_is_and_what_connect_counts_is_published(kind: str):
    source = replace(STREAMING, queue_used_ratio=0.25, in_flight=7.0, errors=0.0)
    metrics = judged(seen(source=source), settings=ConnectorSettings(kind=kind)).metrics
    assert (metrics["RecordsInFlight"], metrics["RecordErrors"]) == (7, 0)
    assert metrics.get("QueueUsedPercent") == (25 if kind == "debezium" else None)


def test_what_is_not_counted_is_not_published():
    metrics = judged(seen()).metrics
    assert not {"RecordsInFlight", "RecordErrors", "QueueUsedPercent"} & set(metrics)
