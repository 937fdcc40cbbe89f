"""The stock `sceptre launch main` puts real rows onto real topics, and a second launch changes nothing."""

import json
import re
from typing import Any

import pytest

from connector.domain.stage.aws_names import COMPONENTS
from connector.local import schema
from connector.local.arrivals import Arrival, Watch
from connector.local.world import World
from tests.e2e.one_world.conftest import SEEDED
from tests.support.consumer import Consumer
from tests.support.sceptre_cli import Run, sceptre
from tests.support.stage_under_test import MAIN, StageUnderTest
from tests.support.waiting import TIMEOUT_SECONDS

pytestmark = pytest.mark.e2e


@pytest.fixture
def watch(world: World, main: Run):
    """All four data topics, read from their beginning."""
    made = Watch(world.kafka_bootstrap, MAIN.topics.roles["data"])
    yield made
    made.close()


def test_every_seeded_row_arrives_as_a_snapshot_record(watch: Watch):
    def snapshot(seen: Any) -> bool:
        return [a.operation for a in seen].count("snapshot") >= SEEDED * 4

    assert watch.wait_for(snapshot, TIMEOUT_SECONDS)
    keys = {(a.topic, str(a.key)) for a in watch.seen if a.operation == "snapshot"}
    assert len(keys) == SEEDED * 4


def test_a_launch_says_that_it_runs_only_after_a_record(main: Run):
    """Of a stage that streams a heartbeat, of one whose first snapshot still runs its rising rows."""
    said = main.output.index("connector wms-oracle-cdc of stage main runs")
    seen = re.search(
        r"verify: .*(a heartbeat has arrived|a heartbeat went|rows so far, and rising)", main.output[:said]
    )
    assert seen, main.output


def test_a_new_stages_messages_have_schema_and_payload(world: World, main: Run):
    with Consumer(world.kafka_bootstrap, [f"wms.WMS.{schema.BASE}"]) as consumer:
        for record in consumer.read(SEEDED)[:SEEDED]:
            assert json.loads(record.key).keys() == {"schema", "payload"}
            assert json.loads(record.value).keys() == {"schema", "payload"}


@pytest.mark.parametrize(("schema_name", "table"), schema.TABLES)
def test_insert_update_and_delete_arrive_on_the_tables_topic(
    world: World, watch: Watch, schema_name: str, table: str
):
    topic = f"wms.{schema_name}.{table}"
    # A later row stays: the next key is one more than the highest, and one that came a second time would look
    # like a repeated record to the tests after this one.
    key, _ = world.database.insert(schema_name, table, rows=2)
    world.database.update(schema_name, table, key, SYS_ADD_USER_ID="FIXED")
    world.database.delete(schema_name, table, key)

    def of_key(seen: Any) -> list[Arrival]:
        return [a for a in seen if a.topic == topic and a.key == {schema.key(table): str(key)}]

    assert watch.wait_for(lambda seen: len(of_key(seen)) >= 3, TIMEOUT_SECONDS)
    inserted, updated, deleted = of_key(watch.seen)
    assert [inserted.operation, updated.operation, deleted.operation] == ["insert", "update", "delete"]
    assert updated.before == inserted.after
    assert updated.after is not None
    assert updated.after["SYS_ADD_USER_ID"] == "FIXED"
    assert deleted.after is None


def test_a_second_launch_changes_nothing_and_says_so(world: World, main: Run):
    before = deployed(world)
    run = sceptre(world.env(), "launch", "main", "--yes")
    assert run.status == 0, run.output
    assert deployed(world) == before
    assert "connector wms-oracle-cdc of stage main runs: nothing had to be changed" in run.output
    assert run.output.count("No updates to perform.") == len(COMPONENTS)


def test_what_a_launch_would_change_is_shown_as_the_pipeline_asks(world: World, main: Run):
    run = sceptre(world.env(), "--no-colour", "diff", "main")
    assert run.status == 0, run.output
    assert run.output.count("No difference") == len(COMPONENTS), run.output
    for confidential in (world.database.cdc_password, world.broker_string(), world.state.kafka_password):
        assert confidential not in run.output


def test_named_stacks_are_protected_against_termination(world: World, main: Run):
    cloudformation = world.account.client("cloudformation")
    names = ["wms-foundation", *MAIN.names.stacks.values()]
    for name in names:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        assert stack["EnableTerminationProtection"] is True, name


def test_deleting_main_is_refused_before_anything_is_touched(world: World, main: Run):
    before = deployed(world)
    run = sceptre(world.env(), "delete", "main", "--yes")
    assert run.status != 0
    assert "nothing was changed" in run.last_line
    assert deployed(world) == before


def test_the_stage_record_says_what_was_registered(world: World, main: Run):
    item = StageUnderTest(world).record()
    assert item["stage"] == {"S": "main"}
    assert {t["S"] for t in item["topics"]["L"]} >= set(MAIN.topics.roles["data"])
    assert item["cluster_id"]["S"]


def deployed(world: World) -> dict[str, Any]:
    """What a launch could change: stacks, task definition revision, connector config, Lambda code."""
    under_test, functions = StageUnderTest(world), world.account.client("lambda")
    cloudformation = world.account.client("cloudformation")
    stacks = cloudformation.describe_stacks()["Stacks"]
    return {
        "stacks": {s["StackName"]: (s["StackStatus"], s.get("LastUpdatedTime")) for s in stacks},
        "revision": under_test.service.describe()["taskDefinition"],
        "tasks": under_test.service.task_arns(),
        "code": functions.get_function(FunctionName=MAIN.names.connect_admin)["Configuration"]["CodeSha256"],
        "config": under_test.connector_config(),
    }
