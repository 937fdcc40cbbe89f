"""An operator looks at a launched stage, operates its connector, and drills its alarms and mails."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector.domain.health.aws_alarms import alarms_of
from connector.domain.health.drills import MAILS
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.stage import Stage
from connector.local import schema
from connector.local.arrivals import Watch
from connector.local.world import World
from tests.e2e.one_world.conftest import SEEDED
from tests.support.mailbox import requests_to_confirm
from tests.support.sceptre_cli import Run
from tests.support.stage_under_test import HEALTHY, StageUnderTest
from tests.support.waiting import wait_for
from tests.support.wms_cli import Done, wms_connector

pytestmark = pytest.mark.e2e

STAGE = Stage.parse("main")
NAMES = STAGE.names
ADDRESS = "wms-connector@example.com"
#: A consumer that has never committed takes a step at each of Debezium's looks, which are 5 s apart.
RECEIVE_SECONDS = 180.0

Wms = Callable[..., Done]


@pytest.fixture(scope="module")
def wms(world: World, main: Run) -> Iterator[Wms]:
    """Runs `wms-connector` on main; whatever is done to the connector, it runs afterwards."""

    def run(command: str, *options: str) -> Done:
        return wms_connector(world.env(), command, "main", *options)

    yield run
    assert run("resume").status == 0


@pytest.fixture(scope="module")
def checked(world: World, wms: Wms) -> None:
    """A health check has run, and raised no alarm; those of what other tests did are over.

    Their periods are minutes long: only what rang before is set back.
    """
    cloudwatch = world.account.client("cloudwatch")

    def ringing() -> set[str]:
        found = cloudwatch.describe_alarms(AlarmNamePrefix=f"{NAMES.service}-", StateValue="ALARM")
        return {alarm["AlarmName"] for alarm in found["MetricAlarms"]}

    def well() -> bool:
        """And to `verify`, which knows checks by the minute: one that saw too little counts for all of it."""
        healthy = StageUnderTest(world).health()["summary"].startswith(HEALTHY)
        return healthy and not wms("status", "--json").json["health_check"]["failed"]

    before = ringing()
    wait_for(well, "a health check sees everything, in a minute without another one")
    # Nobody has confirmed the address yet. Where other tests ran before, that alarm rings already.
    assert ringing() <= {*before, NAMES.alarm("AlertsUnconfirmed")}
    for alarm in ringing():
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="its period has passed")


@pytest.fixture(scope="module")
def confirmed(world: World, checked: None) -> Done:
    """What `verify` said before the owner of the address has followed the link in SNS's mail."""
    before = wms_connector(world.env(), "verify", "main")
    for mail in requests_to_confirm(world.state.directory, NAMES.sns_topic):
        world.account.client("sns").confirm_subscription(TopicArn=mail["topic_arn"], Token=mail["token"])
    return before


def test_an_unconfirmed_address_is_the_only_finding_of_a_fresh_stage(confirmed: Done):
    assert (confirmed.status, confirmed.stderr) == (1, "")
    (line,) = confirmed.stdout.splitlines()
    assert line.startswith(f"mail: {ADDRESS} gets no mail: its subscription is PendingConfirmation; next: ")


def test_a_healthy_stage_is_verified_and_says_what_was_checked(wms: Wms, confirmed: Done):
    done = wms("verify", "--json")
    assert done.json["findings"] == []
    assert (done.status, done.json["healthy"]) == (0, True)
    assert done.json["checked"]["connector"].startswith(f"{CONNECTOR} RUNNING")
    assert done.json["checked"]["source"].startswith("connected: streaming")
    assert "9 of 9 as wanted" in done.json["checked"]["topics"]
    assert done.json["checked"]["endpoints"] == "1 of AWS's addresses accept connections"
    plain = wms("verify")
    assert (plain.status, plain.stderr) == (0, "")
    assert "Stage main is healthy; checked:" in plain.stdout


def test_status_reports_lag_and_event_once_a_row_has_come(world: World, wms: Wms):
    rows = StageUnderTest(world).new_rows()
    rows.insert()
    rows.assert_arrived_once()
    found = wms("status", "--json").json
    source = found["connector"]["source"]
    assert (source["connected"], source["snapshot_running"]) == (True, False)
    assert 0 <= source["lag_seconds"] < 60
    assert 0 <= source["seconds_since_last_event"] < 300
    assert {s["status"] for s in found["stacks"].values()} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    assert (found["service"]["desired"], found["service"]["running"]) == (1, 1)
    assert (found["record"]["retiring"], found["record"]["secrets_changed"]) == (False, [])
    assert found["healing"] == {"restarts_left": 3, "restarts_allowed": 3, "incident": None}
    assert set(found["alarms"]) == set(alarms_of(NAMES, "debezium", ()))
    assert "task 0 RUNNING" in wms("status").stdout


def test_a_stage_that_is_not_there_is_one_line(world: World, main: Run):
    for command in ("status", "verify", "restart", "offsets", "fire-drill"):
        done = wms_connector(world.env(), command, "nothing-here")
        assert (done.status, done.stdout) == (1, ""), command
        # A slow answer is announced before it comes.
        (line,) = [line for line in done.stderr.splitlines() if ": asking " not in line]
        assert "is not deployed" in line
        assert "sceptre launch ephemeral/nothing-here" in line


@pytest.mark.parametrize(
    ("command", "state", "again"),
    [("pause", "PAUSED", "already"), ("stop", "STOPPED", "already"), ("resume", "RUNNING", "not paused")],
)
def test_a_connector_is_paused_stopped_and_resumed_and_verify_says_so(
    wms: Wms, confirmed: Done, command: str, state: str, again: str
):
    done = wms(command, "--json")
    assert done.status == 0, done.stderr
    # `resume` waits for the source and says so meanwhile.
    assert all(line.startswith("connected: ") for line in done.stderr.splitlines()), done.stderr
    assert (done.json["connector"], done.json["changed"]) == (state, True)
    repeated = wms(command)
    assert (repeated.status, again in repeated.stdout) == (0, True), repeated
    verified = wms("verify")
    if state == "RUNNING":
        # The source needs a moment to connect again.
        wait_for(lambda: wms("verify").status == 0, "main is healthy")
        return
    assert verified.status == 1
    (line,) = [line for line in verified.stdout.splitlines() if line.startswith("connector: ")]
    assert line.startswith(f"connector: {CONNECTOR} is {state}: an operator did that 20")
    assert line.endswith("; next: wms-connector resume main")


def test_a_restart_starts_connector_and_task_anew(wms: Wms, confirmed: Done):
    done = wms("restart", "--json")
    assert done.status == 0, done.stderr
    assert all(line.startswith("connected: ") for line in done.stderr.splitlines()), done.stderr
    assert (done.json["connector"], done.json["tasks"], done.json["changed"]) == (
        "RUNNING",
        ["RUNNING"],
        True,
    )
    wait_for(lambda: wms("verify").status == 0, "main is healthy")


def test_offsets_are_those_that_connect_has_stored(wms: Wms):
    (stored,) = wms("offsets").json
    assert stored["partition"] == {"server": STAGE.topics.prefix}
    assert stored["offset"]


def test_a_snapshot_gives_every_row_of_the_table_again_and_of_no_other(world: World, wms: Wms):
    rows = StageUnderTest(world).new_rows()
    rows.insert()
    rows.assert_arrived_once()
    topics = STAGE.topics.roles["data"]
    table = f"WMS.{schema.BASE}"
    watch = Watch(world.kafka_bootstrap, topics)
    try:
        assert watch.wait_for(lambda _: _snapshots(watch).total() >= SEEDED * len(topics), 120)
        before = _snapshots(watch)
        done = wms("snapshot", "--table", table, "--json")
        assert (done.status, done.stderr) == (0, "")
        assert done.json["tables"] == [table]
        wanted = world.database.count("WMS", schema.BASE)
        topic = f"{STAGE.topics.prefix}.{table}"
        arrived = watch.wait_for(
            lambda _: _snapshots(watch)[topic] - before[topic] >= wanted, RECEIVE_SECONDS
        )
        assert arrived, (_snapshots(watch), before, wanted)
        assert {t for t, count in (_snapshots(watch) - before).items() if count} == {topic}
    finally:
        watch.close()
    wait_for(lambda: not wms("status", "--json").json["connector"]["source"]["snapshot_running"], "it ends")
    later = StageUnderTest(world).new_rows()
    later.insert()
    later.assert_arrived_once()


def test_a_table_that_is_not_captured_is_refused_before_anything(wms: Wms):
    done = wms("snapshot", "--table", "WMS.ELSE")
    assert (done.status, done.stdout) == (2, "")
    assert "'WMS.ELSE' is not captured" in done.stderr


def test_the_drill_asks_first_and_then_shows_that_every_alarm_and_class_arrives(
    world: World, wms: Wms, confirmed: Done
):
    asked = wms("fire-drill")
    assert asked.status == 2
    assert f"will go to: {ADDRESS}. " in asked.stderr
    assert "messages of alarms will go to these machines: none. Continue?" in asked.stderr
    assert asked.stderr.endswith("Nobody can be asked without a terminal: add --yes\n")
    report = wms("fire-drill", "--yes", "--json")
    assert report.status == 0, report
    found: dict[str, Any] = report.json
    assert (found["passed"], found["recipients"], found["left_behind"]) == (True, [ADDRESS], "")
    assert [c["name"] for c in found["classes"] if c["delivered"]] == list(MAILS)
    assert all(c["subject"].startswith("DRILL ") for c in found["classes"])
    by_alarm = {a["alarm"]: a for a in found["alarms"]}
    for name, alarm in alarms_of(NAMES, "debezium", ()).items():
        assert by_alarm[name]["reached"] == ["ALARM", "OK"], by_alarm[name]
        assert sorted(by_alarm[name]["machines"]) == ["ALARM", "OK"], by_alarm[name]
        assert len(by_alarm[name]["delivered"]) == (1 if alarm.mails() else 0), by_alarm[name]
    # Nothing of it stays.
    assert (
        not world.account.client("sqs").list_queues(QueueNamePrefix=f"{NAMES.service}-Drill").get("QueueUrls")
    )
    for topic, subscribed in {found["topic"]: [ADDRESS], found["alarms_topic"]: []}.items():
        left = world.account.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        assert [s["Endpoint"] for s in left] == subscribed
    alarms = world.account.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{NAMES.service}-")
    assert {a["StateValue"] for a in alarms["MetricAlarms"]} == {"OK"}


def _snapshots(watch: Watch) -> Counter[str]:
    return Counter(a.topic for a in watch.seen if a.operation == "snapshot")
