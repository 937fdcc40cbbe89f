"""One local world for all end-to-end tests; the foundation and every stage is launched once.

A fixture is what somebody did, in the order in which it would happen; tests look at what came of it.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from connector.domain.stage.stage import Stage
from connector.local import schema
from connector.local.world import World
from tests.e2e.stages import DOT, LONG, STAGES, UNDERSCORE, group, launch
from tests.support.project import copy_project, set_settings
from tests.support.sceptre_cli import Run, at_once, sceptre

#: Rows in each table before main is launched: the initial snapshot.
SEEDED = 5

#: A row of an earlier life, on a topic that is there before its stage.
EARLIER_KEY = "1"


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world with the default secrets and rows, rights enforced, and nothing launched; all of it goes."""
    directory = tmp_path_factory.mktemp("world")
    with World.up(directory, enforce_iam=True) as made:
        for stage in (DOT, UNDERSCORE, LONG):
            made.grant(Stage.parse(stage))
        made.database.seed(SEEDED)
        yield made
    # Whatever is left would keep the next world from this directory.
    assert not directory.exists(), sorted(directory.iterdir())


@pytest.fixture(scope="package")
def foundation(world: World) -> Run:
    """`sceptre launch foundation`, once."""
    run = sceptre(world.env(), "launch", "foundation", "--yes")
    assert run.status == 0, run.output
    return run


@pytest.fixture(scope="package")
def main(world: World, foundation: Run) -> Run:
    """`sceptre launch main`, once."""
    run = sceptre(world.env(), "launch", "main", "--yes")
    assert run.status == 0, run.output
    return run


@pytest.fixture(scope="package")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout of somebody who works on three branches."""
    return copy_project(tmp_path_factory.mktemp("checkout"), DOT, UNDERSCORE, LONG)


@pytest.fixture(scope="package")
def clusters(world: World) -> Mapping[str, str]:
    """Stage -> where the owner of its cluster connects: named stages and the twin need a cluster each."""
    own = {name: world.start_broker(name) for name in ("val", "production", UNDERSCORE)}
    return {**dict.fromkeys(STAGES, world.kafka_bootstrap), **own}


@pytest.fixture(scope="package")
def beside_main(world: World, main: Run, project: Path) -> Run:
    """`sceptre launch production` onto the cluster on which main lives."""
    return launch(world, project, "production")


@pytest.fixture(scope="package")
def never_complete(
    world: World, beside_main: Run, clusters: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """production on its own cluster, with a topic of an earlier life, and a worker without room to start."""
    world.account.put_secret("production/brokerString", world.broker_string("production"))
    _live_before(clusters["production"], Stage.parse("production"))
    broken = set_settings(copy_project(tmp_path_factory.mktemp("broken")), "production", container_memory=4)
    return launch(world, broken, "production")


@pytest.fixture(scope="package")
def named(world: World, never_complete: Run, project: Path, clusters: Mapping[str, str]) -> Mapping[str, Run]:
    """val and production, launched at once."""
    world.account.put_secret("val/brokerString", world.broker_string("val"))
    return _at_once(world, project, "val", "production")


@pytest.fixture(scope="package")
def branches(world: World, foundation: Run, project: Path) -> Mapping[str, Run]:
    """Two ephemeral stages on one cluster, launched at once."""
    return _at_once(world, project, DOT, LONG)


@pytest.fixture(scope="package")
def twin_refused(world: World, branches: Mapping[str, Run], project: Path) -> Run:
    """The twin of a stage that is there, on the same cluster."""
    return launch(world, project, UNDERSCORE)


@pytest.fixture(scope="package")
def launched(
    world: World,
    named: Mapping[str, Run],
    branches: Mapping[str, Run],
    twin_refused: Run,
    project: Path,
) -> Mapping[str, Run]:
    """All stages beside main: at last the twin, too, on a cluster of its own."""
    world.start_broker(UNDERSCORE)
    world.grant(Stage.parse(UNDERSCORE), name=UNDERSCORE)
    world.account.put_secret(f"{UNDERSCORE}/brokerString", world.broker_string(UNDERSCORE))
    return {**named, **branches, UNDERSCORE: launch(world, project, UNDERSCORE)}


def _at_once(world: World, project: Path, *stages: str) -> Mapping[str, Run]:
    commands = [("launch", group(stage), "--yes") for stage in stages]
    runs = at_once(world.env(), *commands, project=project)
    for run in runs:
        assert run.status == 0, run.output
    return dict(zip(stages, runs, strict=True))


def _live_before(bootstrap: str, stage: Stage) -> None:
    """One data topic with a record, as an earlier life of the stage has left it."""
    (spec,) = [s for s in stage.topics.specs("debezium") if s.name.endswith(f"WMS.{schema.BASE}")]
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics({spec.name: {"num_partitions": 1, "replication_factor": 1, "configs": spec.configs}})
    admin.close()
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    key = {schema.key(schema.BASE): EARLIER_KEY}
    value = {"op": "c", "before": None, "after": key}
    producer.send(spec.name, key=json.dumps(key).encode(), value=json.dumps(value).encode()).get(20)
    producer.close()
