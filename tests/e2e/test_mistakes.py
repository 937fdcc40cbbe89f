"""What an operator does wrong is answered in one clear line, and nothing is half-changed."""

from collections.abc import Iterator

import pytest

from connector.local.world import World
from tests.support.sceptre_cli import Run, sceptre

pytestmark = pytest.mark.e2e

#: All that Debezium tells of a database that lets nobody in.


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own, since its database is stopped; only the foundation is launched."""
    with World.up(tmp_path_factory.mktemp("mistakes")) as made:
        run = sceptre(made.env(), "launch", "foundation", "--yes")
        assert run.status == 0, run.output
        yield made


def launch(world: World, stage: str, **environment: str) -> Run:
    return sceptre({**world.env(), **environment}, "launch", stage, "--yes")


def states(world: World) -> dict[str, str]:
    """All stacks that stand, with their states."""
    found = world.account.client("cloudformation").describe_stacks()["Stacks"]
    return {s["StackName"]: s["StackStatus"] for s in found if s["StackStatus"] != "DELETE_COMPLETE"}


def stacks(world: World) -> set[str]:
    """Names of all stacks that stand."""
    return set(states(world))


def assert_refused(run: Run, *words: str) -> None:
    """One line tells why, without a traceback, and the status is not 0."""
    assert run.status != 0, run.output
    assert "Traceback" not in run.output
    for word in words:
        assert word in run.last_line, run.output


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("default", "are reserved; choose another name"),
        ("Main", "No stacks detected from the given path 'Main'"),
        ("feature/x", "No stacks detected from the given path 'feature/x'"),
    ],
)
def test_what_is_no_stage_is_refused_and_nothing_is_touched(world: World, stage: str, words: str):
    before = stacks(world)
    assert_refused(launch(world, stage), words)
    assert stacks(world) == before


def test_without_the_foundation_the_launch_says_what_to_run(world: World):
    run = launch(world, "val", AWS_REGION="us-west-2", AWS_DEFAULT_REGION="us-west-2")
    assert_refused(run, "wms-foundation does not exist", "sceptre launch foundation")


def test_a_missing_secret_is_named_in_both_places(world: World):
    before = stacks(world)
    secrets = world.account.client("secretsmanager")
    emails = secrets.get_secret_value(SecretId="wms/default/alertEmails")["SecretString"]
    world.account.delete_secret("default/alertEmails")
    try:
        assert_refused(launch(world, "val"), "wms/val/alertEmails", "wms/default/alertEmails")
    finally:
        world.account.put_secret("default/alertEmails", emails)
    assert stacks(world) == before


def test_a_malformed_db_info_is_refused_before_any_stack_is_touched(world: World):
    before = stacks(world)
    world.account.put_secret("val/dbInfo", '{"host": "10.0.0.1", "password": "pass-in-broken-json"')
    try:
        run = launch(world, "val")
        assert_refused(run, "wms/val/dbInfo", "not valid JSON")
        assert "pass-in-broken-json" not in run.output
    finally:
        world.account.delete_secret("val/dbInfo")
    assert stacks(world) == before


@pytest.mark.long
def test_brokers_that_do_not_answer_stop_the_launch_before_its_worker(world: World):
    world.account.put_secret("val/brokerString", "no-such-broker.invalid:9092")
    try:
        run = launch(world, "val")
    finally:
        world.account.delete_secret("val/brokerString")
    assert_refused(run, "refused before any worker was started or replaced: the brokers do not answer")
    assert "wms-connector-val" not in stacks(world), "no worker was started"
    assert "no-such-broker.invalid" not in run.output


def test_a_wrong_password_is_told_with_its_secret_and_is_fixed_by_launching_again(world: World):
    """Nothing streamed before, so the new worker is the first that tries the login.

    Debezium does not say why: only the worker's log has Oracle's words, which the health function has read.
    """
    right = world.database.db_info
    world.account.put_secret("val/dbInfo", {**right, "password": "wr0ng-passw0rd"})
    run = launch(world, "val")
    assert_refused(run, "registration failed", "wms/val/dbInfo (version ", "is not tried again")
    assert "wr0ng-passw0rd" not in run.output
    world.account.put_secret("val/dbInfo", right)
    fixed = launch(world, "val")
    assert fixed.status == 0, fixed.output
    assert "wms-oracle-cdc of stage val runs" in fixed.last_line


@pytest.mark.long
def test_a_database_that_is_down_is_reported_with_its_port_and_the_stage_is_watched(world: World):
    """A stage of its own, so that this is its first launch: its alarms and events stand all the same."""
    world.start_broker("production")
    world.account.put_secret("production/brokerString", world.broker_string("production"))
    world.stop_database()
    try:
        words = ("before any worker was started", "does not accept connections: connection refused")
        assert_refused(launch(world, "production"), *words)
    finally:
        world.start_database()
    for component in ("alarms", "events"):
        assert states(world)[f"wms-{component}-production"] == "CREATE_COMPLETE"
    fixed = launch(world, "production")
    assert fixed.status == 0, fixed.output
