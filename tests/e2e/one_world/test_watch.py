"""A launched stage is watched: the health check sees the real parts, its alarms and mails are in place."""

from typing import Any

import pytest

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health import metrics
from connector.domain.health.aws_alarms import aws_alarms
from connector.domain.health.metric import Origin
from connector.domain.health.state import STATE_KEY
from connector.domain.stage.stage import Stage
from connector.local.world import World
from tests.support.in_process_check import InProcessCheck
from tests.support.sceptre_cli import Run
from tests.support.stage_under_test import HEALTHY, StageUnderTest

pytestmark = pytest.mark.e2e

NAMES = Stage.parse("main").names
#: How long the functions wait for one answer of Connect or of an AWS service.
WAIT_SECONDS = 8.0


@pytest.fixture(scope="module")
def checked(world: World, main: Run) -> dict[str, Any]:
    """The answer of one health check."""
    return StageUnderTest(world).health()


def test_the_health_check_finds_a_fresh_stage_healthy(checked: dict[str, Any]):
    assert checked["summary"].startswith(HEALTHY)


def test_its_metrics_arrive_where_the_alarms_look_for_them(world: World, checked: dict[str, Any]):
    cloudwatch = world.account.client("cloudwatch")
    found = cloudwatch.list_metrics(Namespace=NAMES.health_namespace)["Metrics"]
    emitted = {m.name for m in metrics.emitted(ConnectorSettings()) if m.origin is Origin.HEALTH}
    # No event since the snapshot: Debezium does not know these values yet.
    unknown_here = {"ReplicationLagSeconds", "SecondsSinceLastEvent"}
    # Other tests of this world launch the stage with more settings.
    known = {m.name for m in metrics.METRICS}
    assert emitted - unknown_here <= {m["MetricName"] for m in found} <= known
    assert not any(m["Dimensions"] for m in found)


def test_a_check_of_a_healthy_stage_waits_for_nothing(world: World, checked: dict[str, Any]):
    """Not the first one: that made its clients, as a function's first call does.

    A quiet machine needs less than 2 s. The limit is that of a request that nobody answers: the fastest of
    three checks is above it only if something is waited for.
    """
    contents = [StageUnderTest(world).health() for _ in range(3)]
    for content in contents:
        assert content["summary"].startswith(HEALTHY)
        assert content["notified"] == "nothing"
        assert content["metrics"]["HeartbeatAgeSeconds"] < 60
    assert min(content["seconds"] for content in contents) < WAIT_SECONDS


def test_a_check_of_a_healthy_stage_makes_few_calls(world: World, checked: dict[str, Any]):
    """Requests to AWS and over HTTP, counted where they are sent; four for the brokers' login."""
    watched = InProcessCheck(world, Stage.parse("main"))
    assert watched.check().summary.startswith(HEALTHY)
    services = {call.partition(" ")[0] for call in watched.calls}
    assert services >= {"secretsmanager", "ecs", "dynamodb", "cloudwatch", "GET"}
    assert len(watched.calls) <= 33, watched.calls


def test_the_end_of_an_incident_is_mailed_with_the_rights_of_the_function(
    world: World, checked: dict[str, Any]
):
    dynamodb = world.account.client("dynamodb")
    incident = {"since": {"N": "1800000000"}, "title": {"S": "DbTcpUnreachable"}}
    dynamodb.update_item(
        TableName=NAMES.table,
        Key={"id": {"S": STATE_KEY}},
        UpdateExpression="SET incident = :incident",
        ExpressionAttributeValues={":incident": {"M": incident}},
    )
    mailed = [StageUnderTest(world).health()["notified"] for _ in range(2)]
    assert mailed == ["recovery", "nothing"]


def test_every_alarm_exists_and_reaches_machines_and_those_mail_that_the_health_check_cannot(
    world: World, main: Run
):
    alarms = world.account.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{NAMES.service}-")
    found = {alarm["AlarmName"]: alarm for alarm in alarms["MetricAlarms"]}
    wanted = [m.name for m in metrics.alarmed(ConnectorSettings())] + [a.name for a in aws_alarms(NAMES)]
    assert set(found) == {NAMES.alarm(name) for name in wanted}
    silent = {
        NAMES.alarm(m.name) for m in metrics.alarmed(ConnectorSettings()) if m.alarm and not m.alarm.mails()
    }
    for name, alarm in found.items():
        expected = [NAMES.alarms_topic] if name in silent else [NAMES.alarms_topic, NAMES.sns_topic]
        for key, topics in (("AlarmActions", expected), ("OKActions", [NAMES.alarms_topic])):
            assert [topic.rpartition(":")[2] for topic in alarm[key]] == topics, name


def test_the_real_workers_heap_is_published_and_far_from_its_alarm(world: World, checked: dict[str, Any]):
    alarm = metrics.metric("HeapAfterCollectionPercent").alarm
    assert alarm is not None
    assert 0 < checked["metrics"]["HeapAfterCollectionPercent"] < alarm.threshold / 2


def test_the_schedule_and_what_happens_to_the_worker_start_the_health_function(world: World, main: Run):
    events = world.account.client("events")
    targets = {
        rule: [t["Arn"] for t in events.list_targets_by_rule(Rule=NAMES.rule(rule))["Targets"]]
        for rule in metrics.RULES
    }
    for rule, (target,) in targets.items():
        assert target.endswith(f":{NAMES.connect_health}"), rule


def test_events_that_the_health_check_could_not_handle_are_kept(world: World, main: Run):
    config = world.account.client("lambda").get_function_configuration(FunctionName=NAMES.connect_health)
    assert config["DeadLetterConfig"]["TargetArn"].endswith(f":{NAMES.dead_letter_queue}")


def test_people_are_asked_to_confirm_their_address(world: World, main: Run):
    found = world.account.client("sns").list_subscriptions()["Subscriptions"]
    assert [s["Endpoint"] for s in found if s["TopicArn"].endswith(NAMES.sns_topic)] == [
        "wms-connector@example.com"
    ]
