"""The health check: what it sees, what that means, what it publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.admin_api import Operation
from connector.domain.capture.settings import KINDS, ConnectorSettings
from connector.domain.errors import ServerError
from connector.domain.health import metrics
from connector.domain.health.budget import Budget
from connector.domain.health.error_classes import Owner
from connector.domain.health.metrics import Origin
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
from connector.domain.stage.names import CONNECTOR
from connector.domain.stage.record import StageRecord
from lambda_src.clients import tcp
from lambda_src.connect_health.publish import publish
from lambda_src.observe import observe
from tests.lambda_src.conftest import ADDRESS, BROKERS, PASSWORD, USER, FakeStage
from tests.support.fake_stage_aws import client_error

DATABASE = "127.0.0.8:5432"
NOW = 1_800_000_000.0


@dataclass
class Database:
    """A listener that accepts connections or does not."""

    error: str = ""
    probed: list[tuple[str, int]] = field(default_factory=list)

    def tcp_probe(self, host: str, port: int, seconds: float) -> str:
        assert 0 < seconds <= 3
        self.probed.append((host, port))
        return self.error


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def healthy(world: FakeStage) -> FakeStage:
    """Stage main with its connector registered and running."""
    assert world.ask(Operation.REGISTER).changed
    world.connect.requests.clear()
    world.kafka.newest_at[world.stage.topics.one("heartbeat")] = NOW - 4
    return world


def check(world: FakeStage, database: Database) -> Verdict:
    """One run, as the handler makes it; its summary may hold nothing confidential."""
    session = world.session()
    verdict = decide(observe(session, tcp_probe=database.tcp_probe), world.settings, NOW)
    notification = session.redactor.redact(verdict.summary)
    assert "\n" not in notification
    assert not any(value in notification for value in (PASSWORD, USER, BROKERS))
    return verdict


def wrong(verdict: Verdict) -> dict[str, str]:
    return {finding.name: finding.reason for finding in verdict.findings}


def test_a_healthy_stage_has_no_findings_and_reports_zero_for_everything(
    healthy: FakeStage, database: Database
):
    verdict = check(healthy, database)
    assert verdict.summary == "healthy"
    depth = {"ReplicationLagSeconds": 1.5, "SecondsSinceLastEvent": 7.0, "HeartbeatAgeSeconds": 4.0}
    depth |= {"QueueUsedPercent": 25.0, "RecordsInFlight": 12.0}
    assert {name: value for name, value in verdict.metrics.items() if value} == depth
    # Of a stage that says more about its database, and of what comes after the verdict.
    oracles, later = {"ScnHeadroomMinutes", "HeartbeatTableAgeSeconds"}, {"AutoRestartAttempted"}
    emitted = {m.name for m in metrics.emitted(healthy.settings) if m.origin is Origin.HEALTH}
    assert not emitted & oracles
    assert set(verdict.metrics) == emitted - later


def test_a_check_asks_little_and_changes_nothing(healthy: FakeStage, database: Database):
    puts = healthy.table.puts
    check(healthy, database)
    assert healthy.connect.requests == [("GET", "/"), ("GET", f"/connectors/{CONNECTOR}/status")]
    assert not healthy.kafka.changes
    assert database.probed == [("127.0.0.8", 5432)]
    assert healthy.table.puts == puts


def test_a_database_that_is_down_is_reported_and_the_rest_is_seen_all_the_same(
    healthy: FakeStage, database: Database
):
    database.error = "connection refused"
    verdict = check(healthy, database)
    assert wrong(verdict) == {"DbTcpUnreachable": f"{DATABASE}: connection refused"}
    assert verdict.metrics["ConnectorTaskFailed"] == 0


def test_no_worker_is_two_findings_and_no_guess_about_the_connector(healthy: FakeStage, database: Database):
    healthy.ecs.stop(healthy.ecs.tasks[0], "Essential container in task exited", 137)
    verdict = check(healthy, database)
    assert set(wrong(verdict)) == {"EcsServiceUnhealthy", "ConnectApiUnreachable"}
    assert "0 of 1 tasks running" in wrong(verdict)["EcsServiceUnhealthy"]
    assert "exit code 137" in wrong(verdict)["EcsServiceUnhealthy"]
    assert not {"ConnectorStateFailed", "ConnectorTaskFailed", "SourceDisconnected"} & set(verdict.metrics)


def test_a_worker_that_does_not_answer_is_reported(healthy: FakeStage, database: Database):
    healthy.connect.addresses = []
    assert "connection refused" in wrong(check(healthy, database))["ConnectApiUnreachable"]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"rollout": "FAILED", "rollout_reason": "tasks failed to start"}, "tasks failed"),
        ({"desired": 0}, "0"),
    ],
)
def test_ecs_trouble_is_reported_while_a_worker_still_runs(
    healthy: FakeStage, database: Database, change: dict[str, Any], part: str
):
    for name, value in change.items():
        setattr(healthy.ecs, name, value)
    verdict = check(healthy, database)
    assert part in wrong(verdict)["EcsServiceUnhealthy"]
    assert verdict.metrics["ConnectApiUnreachable"] == 0


def test_a_failed_task_is_reported_with_its_last_cause(healthy: FakeStage, database: Database):
    trace = "org.apache.x.ConnectException: x\n\tat y\nCaused by: java.io.IOException: disk full"
    healthy.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": trace}
    verdict = check(healthy, database)
    assert wrong(verdict) == {"ConnectorTaskFailed": "task 0: disk full"}


def test_a_failed_connector_is_reported(healthy: FakeStage, database: Database):
    healthy.connect.states[CONNECTOR] = "FAILED"
    assert "ConnectorStateFailed" in wrong(check(healthy, database))


def test_a_missing_connector_counts_once_a_second_check_has_missed_it(healthy: FakeStage, database: Database):
    healthy.connect.states.clear()
    first = check(healthy, database)
    assert (wrong(first), first.sure, first.remediation.action) == ({}, False, Action.NOTHING)
    healthy.table.put_item(Item=HealthState(unknown_streak=first.unknown_streak, version=1).to_item())
    second = check(healthy, database)
    assert "no connector" in wrong(second)["ConnectorStateFailed"]
    assert second.remediation.action is Action.REGISTER


@pytest.mark.parametrize("state", ["PAUSED", "STOPPED"])
def test_what_a_person_stopped_is_healthy(healthy: FakeStage, database: Database, state: str):
    healthy.connect.states[CONNECTOR] = state
    healthy.connect.tasks[CONNECTOR]["state"] = state
    assert check(healthy, database).summary == "healthy"


@pytest.mark.parametrize("debezium", [None, {"streaming": {"connected": 0.0}}])
def test_running_without_a_connected_source_is_not_healthy(
    healthy: FakeStage, database: Database, debezium: dict[str, dict[str, float]] | None
):
    healthy.connect.debezium = debezium
    assert set(wrong(check(healthy, database))) == {"SourceDisconnected"}


def test_a_snapshot_is_connected_and_shown(healthy: FakeStage, database: Database):
    healthy.connect.debezium = {"snapshot": {"snapshotrunning": 1.0, "totaltablecount": 4.0}}
    verdict = check(healthy, database)
    assert (verdict.summary, verdict.metrics["SnapshotRunning"]) == ("healthy", 1)


def test_a_rebalance_is_no_finding_about_the_connector(healthy: FakeStage, database: Database):
    session = healthy.session()
    seen = replace(
        observe(session, tcp_probe=database.tcp_probe),
        connector=None,
        source=None,
        probe_errors={"connector": "Connect answered 409: rebalance"},
    )
    verdict = decide(seen, healthy.settings, NOW)
    assert verdict.findings == ()
    assert "ConnectorStateFailed" not in verdict.metrics
    lasting = decide(replace(seen, health_state=HealthState(unknown_streak=1)), healthy.settings, NOW)
    assert wrong(lasting) == {"ConnectorStateFailed": "Connect answered 409: rebalance"}
    assert lasting.remediation.action is Action.NOTHING


def test_a_secret_that_cannot_be_read_is_the_checks_own_failure(healthy: FakeStage, database: Database):
    healthy.secrets.values["wms/main/dbInfo"] = client_error("AccessDeniedException", "no")
    found = wrong(check(healthy, database))
    assert "wms/main/dbInfo may not be read" in found["HealthCheckFailed"]
    assert "DbTcpUnreachable" not in found


def test_a_probe_that_fails_keeps_no_other_from_seeing(
    healthy: FakeStage, database: Database, monkeypatch: pytest.MonkeyPatch
):
    def refuse(**_: Any) -> Any:
        raise client_error("ThrottlingException", "slow down")

    monkeypatch.setattr(healthy.table, "get_item", refuse)
    verdict = check(healthy, database)
    assert set(wrong(verdict)) == {"HealthCheckFailed"}
    assert verdict.metrics["DbTcpUnreachable"] == 0
    assert verdict.remediation.action is Action.NOTHING


def test_brokers_that_do_not_answer_are_reported(healthy: FakeStage, database: Database):
    topic = healthy.stage.topics.one("heartbeat")
    healthy.kafka.newest_at[topic] = ServerError("the brokers do not answer a connection", retriable=True)
    assert set(wrong(check(healthy, database))) == {"BrokersUnreachable"}


def test_a_heartbeat_that_is_old_or_has_no_topic_is_reported(healthy: FakeStage, database: Database):
    topic = healthy.stage.topics.one("heartbeat")
    healthy.kafka.newest_at[topic] = NOW - 301
    assert wrong(check(healthy, database)) == {"HeartbeatMissing": "the newest heartbeat is 301 s old"}
    healthy.kafka.newest_at[topic] = ServerError("the brokers refused", status=3)
    assert wrong(check(healthy, database)) == {"HeartbeatMissing": f"these topics do not exist: {topic}"}


def test_a_heartbeat_table_whose_changes_do_not_come_back_is_reported(healthy: FakeStage, database: Database):
    """Heartbeats alone only show that the connector reaches its topic."""
    healthy.settings = ConnectorSettings(heartbeat_table="WMSCDC.HEARTBEAT")
    topic = healthy.stage.topics.one("heartbeat_table")
    healthy.kafka.newest_at[topic] = NOW - 7
    well = check(healthy, database)
    assert wrong(well) == {}
    assert well.metrics["HeartbeatTableAgeSeconds"] == 7
    healthy.kafka.newest_at[topic] = NOW - 301
    (finding,) = check(healthy, database).findings
    assert finding.name == "HeartbeatMissing"
    assert finding.reason == "heartbeats arrive, but the newest change of table WMSCDC.HEARTBEAT is 301 s old"
    assert finding.cause is not None
    assert (finding.cause.name, finding.cause.owner) == ("heartbeat-table-stale", Owner.DATABASE)
    healthy.kafka.newest_at[topic] = ServerError("the brokers refused", status=3)
    assert wrong(check(healthy, database)) == {"HeartbeatMissing": f"these topics do not exist: {topic}"}


def test_lag_above_the_threshold_is_reported(healthy: FakeStage, database: Database):
    healthy.connect.debezium = {"streaming": {"connected": 1.0, "millisecondsbehindsource": 1_000_000.0}}
    verdict = check(healthy, database)
    assert set(wrong(verdict)) == {"ReplicationLagSeconds"}
    assert verdict.metrics["ReplicationLagSeconds"] == 1000


def test_what_debezium_does_not_know_yet_is_not_published(healthy: FakeStage, database: Database):
    unknown = {"connected": 1.0, "millisecondsbehindsource": -1.0, "millisecondssincelastevent": -1.0}
    healthy.connect.debezium = {"streaming": unknown}
    assert not {"ReplicationLagSeconds", "SecondsSinceLastEvent"} & set(check(healthy, database).metrics)


def test_a_secret_that_changed_since_the_launch_is_noticed(healthy: FakeStage, database: Database):
    versions = {"wms/main/dbInfo": "an older one", "wms/default/brokerString": "v1-wms/default/brokerString"}
    healthy.table.put_item(Item=StageRecord("main", "c", "0", (), "", versions).to_item())
    assert observe(healthy.session(), tcp_probe=database.tcp_probe).secrets_changed == ("wms/main/dbInfo",)


def test_a_stage_that_is_being_torn_down_is_not_evaluated(healthy: FakeStage, database: Database):
    record = StageRecord("main", "cluster-1", "000000000000", (), "", retiring=True)
    healthy.table.put_item(Item=record.to_item())
    healthy.connect.addresses = []
    verdict = check(healthy, database)
    assert (verdict.findings, dict(verdict.metrics)) == ((), {"HealthCheckFailed": 0})


def test_the_jdbc_kind_reports_nothing_about_its_source(healthy: FakeStage, database: Database):
    seen = observe(healthy.session(), tcp_probe=database.tcp_probe)
    verdict = decide(replace(seen, source=Source()), ConnectorSettings(kind="jdbc"), NOW)
    assert not {"SourceDisconnected", "SnapshotRunning"} & set(verdict.metrics)


words = st.sampled_from(["", "connection refused"])
states = st.sampled_from(["RUNNING", "FAILED", "PAUSED", "STOPPED", "UNASSIGNED", "RESTARTING"])
tasks = st.builds(TaskStatus, st.integers(0, 2), states, st.just(f"{ADDRESS}:8083"), words)
observations = st.builds(
    Observation,
    service=st.none()
    | st.builds(
        Service,
        st.just("s"),
        st.integers(0, 2),
        st.integers(0, 2),
        st.just(0),
        st.just("d"),
        st.sampled_from(["", "FAILED", "COMPLETED", "IN_PROGRESS"]),
    ),
    connect_answers=st.none() | words,
    connector=st.none()
    | st.builds(ConnectorStatus, states, st.just("w"), words, st.lists(tasks, max_size=2).map(tuple)),
    source=st.none() | st.builds(Source, st.none() | st.booleans(), st.booleans(), st.integers(0, 4)),
    database=st.dictionaries(st.just(DATABASE), words),
    record=st.none()
    | st.builds(StageRecord, *map(st.just, ("main", "c", "0", (), "")), retiring=st.booleans()),
    budget=st.none() | st.just(Budget()),
    health_state=st.none() | st.builds(HealthState, unknown_streak=st.integers(0, 3)),
    brokers=st.none() | st.builds(BrokerReading, words, st.none() | st.floats(0, 2e9), st.booleans()),
    probe_errors=st.dictionaries(
        st.sampled_from(["secrets", "service", "connector", "source"]), st.just("no")
    ),
)


@given(observations, st.sampled_from(KINDS))
def test_whatever_is_seen_the_metrics_are_those_of_the_contract(seen: Observation, kind: str):
    settings = ConnectorSettings(kind=kind, archived_log_hours=2)
    verdict = decide(seen, settings, NOW)
    known = {m.name for m in metrics.emitted(settings) if m.origin is Origin.HEALTH}
    assert set(verdict.metrics) <= known
    # A check that ends always says so: silence is what the dead man's switch listens for.
    assert "HealthCheckFailed" in verdict.metrics
    assert {f.name for f in verdict.findings} <= set(verdict.metrics)
    # Nothing is done about a stage that is torn down, a connector that a person stopped, or an unknown past.
    paused = seen.connector is not None and seen.connector.halted
    if seen.retiring or paused or seen.budget is None or seen.health_state is None:
        assert verdict.remediation.action is Action.NOTHING
    if seen.connect_answers != "":
        assert verdict.remediation.action is Action.NOTHING
    assert "\n" not in verdict.summary


@dataclass
class FakeCloudWatch:
    """Keeps what is published; refuses if told to."""

    sent: list[tuple[str, Sequence[Mapping[str, Any]]]] = field(default_factory=list)
    refuses: bool = False

    def put_metric_data(self, *, Namespace: str, MetricData: Sequence[Mapping[str, Any]]) -> Any:  # noqa: N803
        if self.refuses:
            raise client_error("AccessDenied", "no", "PutMetricData")
        self.sent.append((Namespace, MetricData))
        return {}


def test_metrics_are_published_in_one_call_with_the_contracts_units_and_no_dimension():
    cloudwatch = FakeCloudWatch()
    publish(cloudwatch, "wms-connector-main/Health", {"DbTcpUnreachable": 1, "ConnectorTaskFailed": 0})
    assert cloudwatch.sent == [
        (
            "wms-connector-main/Health",
            [
                {"MetricName": "ConnectorTaskFailed", "Value": 0, "Unit": "Count"},
                {"MetricName": "DbTcpUnreachable", "Value": 1, "Unit": "Count"},
            ],
        )
    ]


def test_a_refusal_to_publish_is_an_error_and_not_silence():
    with pytest.raises(ServerError, match="PutMetricData: AccessDenied"):
        publish(FakeCloudWatch(refuses=True), "n", {"HealthCheckFailed": 0})


def test_a_tcp_probe_connects_or_says_why_not(unused_tcp_port: int, listener: tuple[str, int]):
    assert tcp.tcp_probe(*listener, 2.0) == ""
    assert tcp.tcp_probe("127.0.0.1", unused_tcp_port, 2.0) == "connection refused"


@pytest.fixture
def listener():
    """Something that accepts connections on loopback."""
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


@pytest.fixture
def unused_tcp_port() -> int:
    """A port on which nothing listens."""
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
