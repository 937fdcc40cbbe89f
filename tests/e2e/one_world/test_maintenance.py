"""A maintenance window on a stage that streams: mails wait, the connector rests, all goes on by itself."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import pytest

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.maintenance_window import MAINTENANCE_KEY
from connector.domain.health.state import STATE_KEY
from connector.domain.stage.stage import Stage
from connector.local.world import World
from tests.support.ecs_samples import stopped
from tests.support.mailbox import Mail, Mailbox, Sender
from tests.support.sceptre_cli import Run
from tests.support.stage_under_test import StageUnderTest
from tests.support.waiting import wait_for
from tests.support.wms_cli import Done, wms_connector

pytestmark = pytest.mark.e2e

NAMES = Stage.parse("main").names
#: Until two health checks have dated the connector's position.
DATED_SECONDS = 180.0


@pytest.fixture(scope="module")
def kept(world: World, main: Run) -> Iterator[StageUnderTest]:
    """Main, whose functions are told that the database keeps its archived log for three hours."""
    functions, stage = world.account.client("lambda"), StageUnderTest(world)
    before = {}
    for name in (NAMES.connect_admin, NAMES.connect_health):
        found = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        settings = ConnectorSettings.from_json(found["CONNECTOR_SETTINGS"])
        changed = {**found, "CONNECTOR_SETTINGS": replace(settings, archived_log_hours=3).to_json()}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": changed})
        before[name] = found
    with stage.without_schedule():
        yield stage
    for name, variables in before.items():
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    # The event that was made up here is of no worker.
    stage.delete_items(MAINTENANCE_KEY, STATE_KEY)
    stage.bring_to_rest()


def maintenance(world: World, command: str, *options: str) -> Done:
    return wms_connector(world.env(), "maintenance", command, "main", *options)


def test_a_window_of_four_hours_with_three_of_retention_is_refused(world: World, kept: StageUnderTest):
    done = maintenance(world, "start", "--for", "4h", "--why", "the DBA patches")
    assert (done.status, done.stdout) == (1, "")
    assert "the database keeps its archived log for 3 h" in done.stderr
    assert not kept.item(MAINTENANCE_KEY)


def test_a_window_holds_a_mail_and_ends_by_itself_with_the_connector_resumed(
    world: World, kept: StageUnderTest
):
    rows = kept.new_rows()
    with closing(Mailbox(world.account.client, NAMES.sns_topic)) as mailbox:
        _open(world, kept)
        kept.wait_for_states("STOPPED")
        rows.insert(3)
        _tell_of_a_stopped_worker(world)
        shown = maintenance(world, "show", "--json").json
        assert ["TaskStopped" in mail["subject"] for mail in shown["held"]] == [True]
        kept.health()
        assert _of_the_function(mailbox.take()) == []
        _let_the_time_be_up(world)
        assert kept.health()["maintenance"].startswith("resumed the connector")
        kept.rest()
        assert "mailed its summary" in kept.health()["maintenance"]
        (mail,) = _of_the_function(mailbox.receive(1))
        assert mail.subject.startswith(f"{NAMES.service}: maintenance ended (")
        assert "TaskStopped (worker)" in mail.text
        assert mail.value("Connector").startswith("stopped for the window, resumed")
    rows.assert_arrived_once()
    assert maintenance(world, "show", "--json").json == {"stage": "main", "open": False}


def _of_the_function(mails: Sequence[Mail]) -> list[Mail]:
    """Without those of alarms, which no window holds."""
    return [mail for mail in mails if mail.sender is not Sender.ALARM]


def _open(world: World, kept: StageUnderTest) -> None:
    """Open a window of an hour, once the position is dated."""

    def opened() -> bool:
        kept.health()
        done = maintenance(world, "start", "--for", "1h", "--why", "the DBA patches", "--pause")
        assert done.status == 0 or "is not known" in done.stderr, done.stderr
        return done.status == 0

    wait_for(opened, "a window is opened", DATED_SECONDS)


def _tell_of_a_stopped_worker(world: World) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    world.account.client("lambda").invoke(
        FunctionName=NAMES.connect_health, Payload=json.dumps(stopped("made-up", at)).encode()
    )


def _let_the_time_be_up(world: World) -> None:
    world.account.client("dynamodb").update_item(
        TableName=NAMES.table,
        Key={"id": {"S": MAINTENANCE_KEY}},
        UpdateExpression="SET #until = :now",
        ExpressionAttributeNames={"#until": "until"},
        ExpressionAttributeValues={":now": {"N": str(int(time.time()) - 1)}},
    )
