"""The health check: what it sees, what that means, what it publishes."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.admin_api import Operation, State
from connector.domain.capture.settings import KINDS, ConnectorSettings
from connector.domain.diagnosis.error_class import Owner
from connector.domain.errors import ServerError
from connector.domain.health import metrics
from connector.domain.health.alarm import GRACE_SECONDS
from connector.domain.health.metric import Origin
from connector.domain.health.observation import (
    Observation,
    Source,
)
from connector.domain.health.remediation import Action
from connector.domain.health.state import HealthState
from connector.domain.health.verdict import Verdict, decide
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import StageRecord
from lambda_src.clients import tcp
from lambda_src.connect_health.publish import publish
from lambda_src.observe import observe
from tests.lambda_src.conftest import BROKERS, PASSWORD, USER, FakeStage
from tests.support.fake_lambda_aws import FakeCloudWatch, client_error
from tests.support.observations import NOW, observations

DATABASE = "127.0.0.8:1521"


@pytest.fixture
def healthy(world: FakeStage) -> FakeStage:
    """Stage main with its connector registered and running."""
    assert world.ask(Operation.REGISTER).changed
    world.connect.requests.clear()
    world.kafka.newest_at[world.stage.topics.one("heartbeat")] = NOW - 4
    return world


def check(world: FakeStage) -> Verdict:
    """One run, as the handler makes it; its summary may hold nothing confidential."""
    session = world.session()
    verdict = decide(observe(session), world.settings, NOW)
    notification = session.redactor.redact(verdict.summary)
    assert "\n" not in notification
    assert not any(value in notification for value in (PASSWORD, USER, BROKERS))
    return verdict


def wrong(verdict: Verdict) -> dict[str, str]:
    return {finding.name: finding.reason for finding in verdict.findings}


def test_a_healthy_stage_has_no_findings_and_reports_zero_for_everything(healthy: FakeStage):
    verdict = check(healthy)
    assert verdict.summary == "healthy"
    depth = {"ReplicationLagSeconds": 1.5, "SecondsSinceLastEvent": 7.0, "HeartbeatAgeSeconds": 4.0}
    depth |= {"QueueUsedPercent": 25.0, "RecordsInFlight": 12.0}
    # 20,000 changes of 1,900 bytes on a heap of 1 GB; old generation and survivors are 3 % of it.
    depth |= {"TransactionBufferPercent": 3.8, "HeapAfterCollectionPercent": 3.0}
    assert {name: value for name, value in verdict.metrics.items() if value} == depth
    # Of a stage that says more about its database, and of what comes after the verdict.
    oracles, later = (
        {"ScnHeadroomMinutes", "HeartbeatTableAgeSeconds"},
        {"AutoRestartAttempted", "AlertsUnconfirmed", "BackupOverdue"},
    )
    emitted = {m.name for m in metrics.emitted(healthy.settings) if m.origin is Origin.HEALTH}
    assert not emitted & oracles
    assert set(verdict.metrics) == emitted - later


def test_a_check_asks_little_and_changes_nothing(healthy: FakeStage):
    puts = healthy.table.puts
    check(healthy)
    assert healthy.connect.requests == [
        ("GET", "/"),
        ("GET", f"/connectors/{CONNECTOR}/status"),
        ("GET", f"/connectors/{CONNECTOR}/config"),
        ("GET", f"/connectors/{CONNECTOR}/offsets"),
        # Once more, for there is no record yet that says the envelope.
        ("GET", f"/connectors/{CONNECTOR}/config"),
    ]
    assert not healthy.kafka.changes
    assert healthy.listener.probed == [("127.0.0.8", 1521)]
    assert healthy.table.puts == puts


def test_a_database_that_is_down_is_reported_and_the_rest_is_seen_all_the_same(healthy: FakeStage):
    healthy.listener.error = "connection refused"
    verdict = check(healthy)
    assert wrong(verdict) == {"DbTcpUnreachable": f"{DATABASE}: connection refused"}
    assert verdict.metrics["ConnectorTaskFailed"] == 0


def test_no_worker_is_two_findings_and_no_guess_about_the_connector(healthy: FakeStage):
    healthy.ecs.stop(healthy.ecs.tasks[0], "Essential container in task exited", 137)
    verdict = check(healthy)
    assert set(wrong(verdict)) == {"EcsServiceUnhealthy", "ConnectApiUnreachable"}
    assert "0 of 1 tasks running" in wrong(verdict)["EcsServiceUnhealthy"]
    assert "exit code 137" in wrong(verdict)["EcsServiceUnhealthy"]
    assert not {"ConnectorStateFailed", "ConnectorTaskFailed", "SourceDisconnected"} & set(verdict.metrics)


def test_a_worker_that_does_not_answer_is_reported(healthy: FakeStage):
    healthy.connect.addresses = []
    assert "connection refused" in wrong(check(healthy))["ConnectApiUnreachable"]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"rollout": "FAILED", "rollout_reason": "tasks failed to start"}, "tasks failed"),
        ({"desired": 0}, "0"),
    ],
)
def test_ecs_trouble_is_reported_while_a_worker_still_runs(
    healthy: FakeStage, change: dict[str, Any], part: str
):
    for name, value in change.items():
        setattr(healthy.ecs, name, value)
    verdict = check(healthy)
    assert part in wrong(verdict)["EcsServiceUnhealthy"]
    assert verdict.metrics["ConnectApiUnreachable"] == 0


def test_a_failed_task_is_reported_with_its_last_cause(healthy: FakeStage):
    trace = "org.apache.x.ConnectException: x\n\tat y\nCaused by: java.io.IOException: disk full"
    healthy.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": trace}
    verdict = check(healthy)
    assert wrong(verdict) == {"ConnectorTaskFailed": "task 0: disk full"}


def test_a_failed_connector_is_reported(healthy: FakeStage):
    healthy.connect.states[CONNECTOR] = "FAILED"
    assert "ConnectorStateFailed" in wrong(check(healthy))


def test_a_missing_connector_counts_once_a_second_check_has_missed_it(healthy: FakeStage):
    healthy.connect.states.clear()
    first = check(healthy)
    assert (wrong(first), first.sure, first.remediation.action) == ({}, False, Action.NOTHING)
    healthy.table.put_item(Item=HealthState(unknown_since=int(NOW - GRACE_SECONDS), version=1).to_item())
    second = check(healthy)
    assert "no connector" in wrong(second)["ConnectorStateFailed"]
    assert second.remediation.action is Action.REGISTER


@pytest.mark.parametrize("state", ["PAUSED", "STOPPED"])
def test_what_a_person_stopped_is_no_problem_and_not_called_healthy(healthy: FakeStage, state: str):
    healthy.connect.states[CONNECTOR] = state
    healthy.connect.tasks[CONNECTOR]["state"] = state
    verdict = check(healthy)
    assert (verdict.findings, "healthy" in verdict.summary) == ((), False)
    assert verdict.summary.startswith("nothing is streamed")


@pytest.mark.parametrize("debezium", [None, {"streaming": {"connected": 0.0}}])
def test_running_without_a_connected_source_is_not_healthy(
    healthy: FakeStage, debezium: dict[str, dict[str, float]] | None
):
    healthy.connect.debezium = debezium
    assert set(wrong(check(healthy))) == {"SourceDisconnected"}


def test_a_snapshot_is_connected_and_shown(healthy: FakeStage):
    healthy.connect.debezium = {"snapshot": {"snapshotrunning": 1.0, "totaltablecount": 4.0}}
    verdict = check(healthy)
    assert (verdict.summary, verdict.metrics["SnapshotRunning"]) == ("healthy", 1)


def test_a_rebalance_is_no_finding_about_the_connector(healthy: FakeStage):
    session = healthy.session()
    seen = replace(
        observe(session),
        connector=None,
        source=None,
        probe_errors={"connector": "Connect answered 409: rebalance"},
    )
    verdict = decide(seen, healthy.settings, NOW)
    assert verdict.findings == ()
    assert "ConnectorStateFailed" not in verdict.metrics
    lasting = decide(
        replace(seen, health_state=HealthState(unknown_since=int(NOW - GRACE_SECONDS))), healthy.settings, NOW
    )
    assert wrong(lasting) == {"ConnectorStateFailed": "Connect answered 409: rebalance"}
    assert lasting.remediation.action is Action.NOTHING


def test_a_secret_that_cannot_be_read_is_the_checks_own_failure(healthy: FakeStage):
    healthy.secrets.values["wms/main/dbInfo"] = client_error("AccessDeniedException", "no")
    found = wrong(check(healthy))
    assert "wms/main/dbInfo may not be read" in found["HealthCheckFailed"]
    assert "DbTcpUnreachable" not in found


def test_a_probe_that_fails_keeps_no_other_from_seeing(healthy: FakeStage, monkeypatch: pytest.MonkeyPatch):
    def refuse(**_: Any) -> Any:
        raise client_error("ThrottlingException", "slow down")

    monkeypatch.setattr(healthy.table, "get_item", refuse)
    verdict = check(healthy)
    assert set(wrong(verdict)) == {"HealthCheckFailed"}
    assert verdict.metrics["DbTcpUnreachable"] == 0
    assert verdict.remediation.action is Action.NOTHING


def test_brokers_that_do_not_answer_are_reported(healthy: FakeStage):
    topic = healthy.stage.topics.one("heartbeat")
    healthy.kafka.newest_at[topic] = ServerError("the brokers do not answer a connection", retriable=True)
    assert set(wrong(check(healthy))) == {"BrokersUnreachable"}


def test_a_heartbeat_that_is_old_or_has_no_topic_is_reported(healthy: FakeStage):
    topic = healthy.stage.topics.one("heartbeat")
    healthy.kafka.newest_at[topic] = NOW - 301
    assert wrong(check(healthy)) == {"HeartbeatMissing": "the newest heartbeat is 301 s old"}
    healthy.kafka.newest_at[topic] = ServerError("the brokers refused", status=3)
    assert wrong(check(healthy)) == {"HeartbeatMissing": f"these topics do not exist: {topic}"}


def test_a_data_topic_that_somebody_deleted_is_reported(healthy: FakeStage):
    """Judged by the last registration, so a launch that is about to make topics is no finding."""
    (gone, *_) = healthy.stage.topics.roles["data"]
    assert wrong(check(healthy)) == {}
    for step in (Operation.TOPICS, Operation.RECORD):
        assert healthy.ask(step).state is State.DONE
    assert wrong(check(healthy)) == {}
    del healthy.kafka.topics[gone]
    verdict = check(healthy)
    assert wrong(verdict) == {"HeartbeatMissing": f"these topics do not exist: {gone}"}
    (finding,) = verdict.findings
    assert finding.cause is not None
    assert (finding.cause.name, finding.cause.command) == ("unknown topic", "sceptre launch {target} --yes")


def test_a_right_that_is_lacking_makes_no_topic_a_missing_one(
    healthy: FakeStage, monkeypatch: pytest.MonkeyPatch
):
    """As between the code of a release and its role."""
    for step in (Operation.TOPICS, Operation.RECORD):
        assert healthy.ask(step).state is State.DONE
    error = ServerError("TopicAuthorizationFailed")
    monkeypatch.setattr(type(healthy.kafka), "partitions", lambda *_: (_ for _ in ()).throw(error))
    assert wrong(check(healthy)) == {}


def test_a_heartbeat_table_whose_changes_do_not_come_back_is_reported(healthy: FakeStage):
    """Heartbeats alone only show that the connector reaches its topic."""
    healthy.settings = ConnectorSettings(heartbeat_table="WMSCDC.HEARTBEAT")
    topic = healthy.stage.topics.one("heartbeat_table")
    healthy.kafka.newest_at[topic] = NOW - 7
    well = check(healthy)
    assert wrong(well) == {}
    assert well.metrics["HeartbeatTableAgeSeconds"] == 7
    healthy.kafka.newest_at[topic] = NOW - 301
    (finding,) = check(healthy).findings
    assert finding.name == "HeartbeatMissing"
    assert finding.reason == "heartbeats arrive, but the newest change of table WMSCDC.HEARTBEAT is 301 s old"
    assert finding.cause is not None
    assert (finding.cause.name, finding.cause.owner) == ("heartbeat-table-stale", Owner.DATABASE)
    healthy.kafka.newest_at[topic] = ServerError("the brokers refused", status=3)
    assert wrong(check(healthy)) == {"HeartbeatMissing": f"these topics do not exist: {topic}"}


def test_lag_above_the_threshold_is_reported(healthy: FakeStage):
    healthy.connect.debezium = {"streaming": {"connected": 1.0, "millisecondsbehindsource": 1_000_000.0}}
    verdict = check(healthy)
    assert set(wrong(verdict)) == {"ReplicationLagSeconds"}
    assert verdict.metrics["ReplicationLagSeconds"] == 1000


def test_the_threshold_of_the_lag_is_the_stages(healthy: FakeStage):
    """The health check and `verify` go by the setting, not the alarm alone."""
    healthy.connect.debezium = {"streaming": {"connected": 1.0, "millisecondsbehindsource": 120_000.0}}
    assert wrong(check(healthy)) == {}
    healthy.settings = ConnectorSettings(lag_alarm_seconds=120)
    assert wrong(check(healthy)) == {"ReplicationLagSeconds": "120 s behind the database"}
    healthy.settings = ConnectorSettings(lag_alarm_seconds=121)
    assert wrong(check(healthy)) == {}


def test_what_debezium_does_not_know_yet_is_not_published(healthy: FakeStage):
    unknown = {"connected": 1.0, "millisecondsbehindsource": -1.0, "millisecondssincelastevent": -1.0}
    healthy.connect.debezium = {"streaming": unknown}
    assert not {"ReplicationLagSeconds", "SecondsSinceLastEvent"} & set(check(healthy).metrics)


def test_a_secret_that_changed_since_the_launch_is_noticed(healthy: FakeStage):
    versions = {"wms/main/dbInfo": "an older one", "wms/default/brokerString": "v1-wms/default/brokerString"}
    healthy.table.put_item(Item=StageRecord("main", "c", "0", (), "", versions).to_item())
    assert observe(healthy.session()).secrets_changed == ("wms/main/dbInfo",)


def test_a_stage_that_is_being_torn_down_is_not_evaluated(healthy: FakeStage):
    record = StageRecord("main", "cluster-1", "000000000000", (), "", retiring=True)
    healthy.table.put_item(Item=record.to_item())
    healthy.connect.addresses = []
    verdict = check(healthy)
    assert (verdict.findings, dict(verdict.metrics)) == ((), {"HealthCheckFailed": 0})


def test_the_jdbc_kind_reports_nothing_about_its_source(healthy: FakeStage):
    seen = observe(healthy.session())
    verdict = decide(replace(seen, source=Source()), ConnectorSettings(kind="jdbc"), NOW)
    assert not {"SourceDisconnected", "SnapshotRunning"} & set(verdict.metrics)


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


def test_metrics_are_published_in_one_call_with_the_contracts_units_and_no_dimension():
    cloudwatch = FakeCloudWatch()
    publish(cloudwatch, "wms-connector-main/Health", {"DbTcpUnreachable": 1, "ConnectorTaskFailed": 0})
    assert cloudwatch.calls == [
        (
            "wms-connector-main/Health",
            [
                {"MetricName": "ConnectorTaskFailed", "Value": 0, "Unit": "Count"},
                {"MetricName": "DbTcpUnreachable", "Value": 1, "Unit": "Count"},
            ],
        )
    ]


def test_a_refusal_to_publish_is_an_error_and_not_silence():
    refusal = client_error("AccessDenied", "no", "PutMetricData")
    with pytest.raises(ServerError, match="PutMetricData: AccessDenied"):
        publish(FakeCloudWatch(refusal=refusal), "n", {"HealthCheckFailed": 0})


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
