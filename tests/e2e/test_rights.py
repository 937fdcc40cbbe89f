"""Every right that `broker-script` prints is needed: without it something fails, and says which right it is.

The brokers are real, with Kafka's StandardAuthorizer, TLS and SCRAM. Each right is dropped alone: what needs
it is done with the functions' client or with the worker's, and some of them by a real worker.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from connector.domain.capture.acls import EVERY, Acl, Resource, acls
from connector.domain.capture.refused_rights import refusal_of, refused_rights
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.missing_right import with_names
from connector.domain.errors import ServerError
from connector.domain.stage.stage import Stage
from connector.domain.stage.teardown import EphemeralStage, plan_groups, plan_topics
from connector.local.world import World
from lambda_src.clients.kafka_admin import Kafka
from tests.support.kafka_rights import JavaClient, functions_client, without
from tests.support.sceptre_cli import sceptre
from tests.support.stage_under_test import MAIN, StageUnderTest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

#: A branch's stage may delete, and one with such a name has the Connect group of an earlier release, too.
STAGE = Stage.parse("Rights.X")
OWNER = EphemeralStage(STAGE)
SETTINGS = ConnectorSettings(heartbeat_table="WMSCDC.HEARTBEAT")
WANTED = acls(STAGE, SETTINGS)
RIGHTS = [Acl(acl.resource, acl.name, (each,)) for acl in WANTED for each in acl.operations]
SPECS = {spec.name: spec for spec in STAGE.topics.specs("debezium", heartbeat_table=True)}
TOPICS = sorted(acl.name for acl in WANTED if acl.resource is Resource.TOPIC and acl.name != EVERY)


@dataclass
class Clients:
    """What uses the rights."""

    functions: Kafka
    worker: JavaClient

    def told(self, right: Acl) -> str:
        """Do what needs a right; answers how our code tells that it is missing, nothing if all went well."""
        (operation,) = right.operations
        use = _BY_WORKER.get((right.resource, operation))
        if use is not None:
            trace = self.worker.run(use, right.name)
            return with_names(diagnose(trace).cause, STAGE) if trace else ""
        try:
            return _BY_FUNCTIONS[right.resource, operation](self.functions, right.name) or ""
        except ServerError as error:
            return str(error)


def _check(kafka: Kafka, _: str) -> str:
    """As a launch does before a worker joins the cluster."""
    refused = refused_rights(WANTED, kafka.rights(TOPICS))
    return refusal_of(STAGE, refused, "scram") if refused else ""


def _create(kafka: Kafka, name: str) -> str:
    """Connect makes its own topics, and goes on without where it may not: the launch looks before."""
    if name not in SPECS:
        return _check(kafka, name)
    kafka.create([SPECS[name]])
    return ""


Use = Callable[[Kafka, str], str | None]
_BY_FUNCTIONS: Mapping[tuple[Resource, str], Use] = {
    (Resource.TOPIC, "Create"): _create,
    (Resource.TOPIC, "Alter"): lambda kafka, name: kafka.add_partitions({name: 2}),
    (Resource.TOPIC, "AlterConfigs"): lambda kafka, name: kafka.alter({name: {"retention.ms": "86400000"}}),
    (Resource.TOPIC, "Delete"): lambda kafka, name: kafka.delete_topics(plan_topics(OWNER, [name])),
    # Connect only logs that it cannot compare its topics' clean-up policy, and goes on: the launch looks.
    (Resource.TOPIC, "DescribeConfigs"): _check,
    # Brokers leave out what may not be seen, without an error.
    (Resource.TOPIC, "Describe"): _check,
    (Resource.CLUSTER, "Describe"): _check,
    (Resource.GROUP, "Delete"): lambda kafka, name: str(kafka.delete_groups(plan_groups(OWNER, [name]))),
}
_BY_WORKER: Mapping[tuple[Resource, str], str] = {
    (Resource.TOPIC, "Read"): "read",
    (Resource.TOPIC, "Write"): "write",
    (Resource.GROUP, "Read"): "join",
    (Resource.TRANSACTIONAL_ID, "Write"): "transaction",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose brokers let the branch's stage in; main is launched where it is asked for."""
    with World.up(tmp_path_factory.mktemp("rights")) as made:
        made.grant(STAGE, SETTINGS)
        yield made


@pytest.fixture(scope="module")
def clients(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Both clients; the stage's topics exist."""
    worker = JavaClient(world, tmp_path_factory.mktemp("client"))
    try:
        with functions_client(world) as functions:
            functions.create(list(SPECS.values()))
            for name in set(TOPICS) - set(SPECS):
                assert worker.run("create", name) == ""
            yield Clients(functions, worker)
    finally:
        worker.close()


def test_with_every_right_nothing_fails(clients: Clients):
    """What a missing right is to be blamed for works with it; deletions are left to a teardown's tests."""
    harmless = [right for right in RIGHTS if not {*right.operations} & {"Delete", "Alter", "Create"}]
    # What is read was written before.
    harmless.sort(key=lambda right: right.operations != ("Write",))
    assert {str(right): told for right in harmless if (told := clients.told(right))} == {}


@pytest.mark.parametrize("right", RIGHTS, ids=str)
def test_without_one_right_something_fails_and_names_it(world: World, clients: Clients, right: Acl):
    with without(world, right):
        assert right in _named(clients.told(right)), clients.told(right)
        if right.resource in (Resource.TOPIC, Resource.CLUSTER):
            # The launch's own look sees it before anything needs it.
            assert refused_rights(WANTED, clients.functions.rights(TOPICS)) == (right,)


def test_of_a_topic_that_does_not_exist_a_launch_sees_that_it_may_not_be_made(world: World, clients: Clients):
    stage = Stage.parse("nowhere")
    world.grant(stage, SETTINGS)
    wanted = acls(stage, SETTINGS)
    topics = [acl.name for acl in wanted if acl.resource is Resource.TOPIC and acl.name != EVERY]
    assert refused_rights(wanted, clients.functions.rights(topics)) == ()
    right = Acl(Resource.TOPIC, stage.topics.one("signal"), ("Create",))
    with without(world, right):
        assert refused_rights(wanted, clients.functions.rights(topics)) == (right,)


def _named(told: str) -> set[Acl]:
    """The rights that a message names, one operation each."""
    found = re.findall(
        r"(topic|group|transactional id|cluster)(?: ([\w.*-]+))?: (\w+(?:, \w+)*)",
        told.partition("missing")[2],
    )
    return {
        Acl(Resource(kind), name, (operation,))
        for kind, name, operations in found
        for operation in operations.split(", ")
    }


@pytest.fixture(scope="module")
def main(world: World) -> StageUnderTest:
    """Main, launched."""
    for group in ("foundation", "main"):
        run = sceptre(world.env(), "launch", group, "--yes")
        assert run.status == 0, run.output
    return StageUnderTest(world)


GROUP = MAIN.topics.connect_group
BY_A_WORKER = (
    Acl(Resource.TOPIC, MAIN.topics.roles["data"][2], ("Write",)),
    Acl(Resource.TRANSACTIONAL_ID, f"{GROUP}-wms-oracle-cdc-0", ("Write",)),
    Acl(Resource.TOPIC, MAIN.topics.one("schema_history"), ("Read",)),
)


@pytest.mark.long
@pytest.mark.parametrize("right", BY_A_WORKER, ids=str)
def test_a_real_worker_without_it_fails_its_task_and_the_health_check_names_it(
    main: StageUnderTest, right: Acl
):
    main.rest()
    rows = main.new_rows()
    with without(main.world, right), main.without_checks():
        main.connect("POST", "/restart?includeTasks=true")
        rows.insert()
        main.wait_for_states("RUNNING", "FAILED")
        summary, trace = main.health()["summary"], main.trace()
    main.bring_to_rest()
    assert right in _named(summary), (summary, trace[:3000])
    rows.assert_arrived_once()


@pytest.mark.long
def test_a_launch_without_a_right_is_refused_with_its_name_and_touches_no_worker(main: StageUnderTest):
    main.rest()
    before = main.service.task_arns()
    with without(main.world, Acl(Resource.CLUSTER, "", ("Describe",))):
        run = sceptre(main.world.env(), "launch", "main", "--yes")
    assert run.status != 0
    assert "missing: cluster: Describe. Let the cluster's owners grant" in run.last_line, run.output
    assert main.service.task_arns() == before
