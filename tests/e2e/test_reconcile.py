"""`wms-connector reconcile` on the real parts: every planted difference is found under load, and no other."""

import itertools
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest
from kafka import KafkaProducer

from connector.domain.reconcile.run import ABANDONED_SECONDS, RUN_KEY
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR, COMPARISON_FOLDER, CONNECTOR
from connector.local import schema
from connector.local.state import ROOT
from connector.local.world import World
from tests.bench import rows
from tests.faults.load import Load
from tests.support.consumer import Consumer
from tests.support.sceptre_cli import sceptre
from tests.support.stage_under_test import HEALTHY, MAIN, StageUnderTest
from tests.support.waiting import wait_for
from tests.support.wms_cli import PROGRAM, Done, wms_connector

ROWS = int(os.environ.get("WMS_RECONCILE_ROWS", "100000"))
RUNS = int(os.environ.get("WMS_RECONCILE_RUNS", "2"))
# A world, its launch, and a snapshot of all rows; then several comparisons of all of them.
pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(1200 + 180 * RUNS)]

#: Of each of four kinds, a fourth: one column, two columns, deleted on the topic, alive on the topic only.
PLANTED = 1008
#: Where the keys begin that only the topic has, and those of the load.
_GHOSTS = 800_000_000
_LOADS = itertools.count(900_000_000, 1_000_000)
_SECONDS = 900
TOPICS = dict(zip(schema.TABLES, MAIN.topics.roles["data"], strict=True))
NO_DIFFERENCE = "no difference"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own: its topics are damaged."""
    with World.up(tmp_path_factory.mktemp("reconcile"), enforce_iam=True) as made:
        rows.insert(made.database, schema.TABLES, ROWS)
        for path in ("foundation", "main"):
            run = sceptre(made.env(), "launch", path, "--yes")
            assert run.status == 0, run.output
        yield made


@pytest.fixture(scope="module")
def stage(world: World) -> StageUnderTest:
    """Main, which has read every row and streams."""
    under_test = StageUnderTest(world)
    under_test.rest()
    return under_test


def reconcile(world: World, *options: str) -> Done:
    return wms_connector(world.env(), "reconcile", "main", *options, seconds=_SECONDS)


def totals(done: Done) -> dict[str, int]:
    """Kind -> number of keys over all tables."""
    kinds = ("equal", "different", "missing", "ghosts", "unjudged", "repaired")
    tables = done.json["tables"].values()
    return {kind: sum(each[kind] for each in tables) for kind in kinds}


@contextmanager
def under_load(world: World) -> Iterator[Load]:
    """Transactions over all tables are committed and rolled back meanwhile."""
    load = Load(world.database, TOPICS, first_key=next(_LOADS))
    load.start()
    try:
        yield load
    finally:
        load.stop()
        load.close()


def nothing_left(world: World, stage: StageUnderTest) -> None:
    """No connector, no offsets, no object, no state; the stage's connector streams."""
    assert stage.get("/connectors") == [CONNECTOR]
    offsets = MAIN.topics.one("connect_offsets")
    with Consumer(world.kafka_bootstrap, [offsets]) as consumer:
        records = consumer.read_to(consumer.ends())
    last = {record.key: record.value for record in records if COMPARISON_CONNECTOR.encode() in record.key}
    assert set(last.values()) <= {None}
    s3 = world.account.client("s3")
    (bucket,) = [b["Name"] for b in s3.list_buckets()["Buckets"] if "artifacts" in b["Name"]]
    assert s3.list_objects_v2(Bucket=bucket, Prefix=COMPARISON_FOLDER).get("KeyCount", 0) == 0
    assert stage.item(RUN_KEY)["run"] == {"S": ""}
    assert stage.states() == ("RUNNING", "RUNNING")


def test_a_topic_that_is_right_is_equal_under_load(world: World, stage: StageUnderTest):
    with under_load(world) as load:
        for _ in range(RUNS):
            done = reconcile(world, "--json")
            assert (done.status, done.json["percent"]) == (0, 100.0), (done.stdout, done.stderr)
            assert NO_DIFFERENCE in done.json["summary"]
            assert totals(done)["equal"] >= ROWS
            nothing_left(world, stage)
        assert load.has_committed(20)
    assert stage.health()["summary"].startswith(HEALTHY)


def plant(bootstrap: str) -> Mapping[str, int]:
    """Damage the topics as nobody may: records with the position of others, and other contents."""
    share = PLANTED // 4 // len(TOPICS)
    with closing(KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=20)) as producer:
        for (_, table), topic in TOPICS.items():
            key_name = schema.key(table)
            column, other = [name for name in rows.COLUMNS[table] if name != key_name][1:3]
            for at, (key, record) in enumerate(_records(bootstrap, topic, 4 * share)):
                after = record["payload"]["after"]
                source = {**record["payload"]["source"], "commit_scn": record["payload"]["source"]["scn"]}
                match at // share:
                    case 0:
                        change: dict[str, Any] = {"after": {**after, column: None}}
                    case 1:
                        change = {"after": {**after, column: None, other: None}}
                    case 2:
                        change = {"after": None, "op": "d"}
                    case _:
                        key["payload"][key_name] = _GHOSTS + at
                        change = {"after": {**after, key_name: _GHOSTS + at}, "op": "c"}
                value = {**record, "payload": {**record["payload"], "op": "u", "source": source, **change}}
                producer.send(topic, key=json.dumps(key).encode(), value=json.dumps(value).encode())
    each = share * len(TOPICS)
    return {"different": 2 * each, "missing": each, "ghosts": each}


def _records(bootstrap: str, topic: str, count: int) -> Sequence[tuple[dict[str, Any], dict[str, Any]]]:
    """The first rows of the initial snapshot: nobody changes them."""
    with Consumer(bootstrap, [topic]) as consumer:
        found = consumer.read_to(consumer.ends())
    return [(json.loads(record.key), json.loads(record.value)) for record in found[:count]]


def test_every_planted_difference_is_found_and_a_repair_leaves_the_ghosts(
    world: World, stage: StageUnderTest
):
    planted = plant(world.kafka_bootstrap)
    with under_load(world):
        done = reconcile(world, "--json", "--keys-shown")
        assert done.status == 1
        assert {kind: totals(done)[kind] for kind in planted} == planted, done.json
        assert done.json["percent"] == 100.0
        for owner, table in TOPICS:
            report = done.json["tables"][f"{owner}.{table}"]
            share = PLANTED // 4 // len(TOPICS)
            assert sorted(report["columns"].values()) == [share, 2 * share]
            assert all(int(key) >= _GHOSTS for key in report["keys"]["ghosts"])
        repaired = reconcile(world, "--json", "--repair")
        assert totals(repaired)["repaired"] == planted["different"] + planted["missing"], repaired
        # Their rows are on the topics as records, once the stream has gone on.
        after = reconcile(world, "--json")
    assert after.status == 1
    assert {kind: totals(after)[kind] for kind in planted} == {
        "different": 0,
        "missing": 0,
        "ghosts": planted["ghosts"],
    }
    assert f"of which {planted['ghosts']} are ghosts" in after.stderr
    nothing_left(world, stage)
    assert stage.health()["summary"].startswith(HEALTHY)


def killed_at(world: World, line: str) -> None:
    """Begin a comparison, and kill it when it says so."""
    with subprocess.Popen(
        [str(PROGRAM), "reconcile", "main"],
        cwd=ROOT,
        env={**os.environ, **world.env()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stderr is not None
        seen = next((text for text in command.stderr if line in text), None)
        command.kill()
    assert seen is not None


@pytest.mark.parametrize("line", ["reads ", "is deleted with its offsets", "records are read", "is compared"])
def test_what_a_killed_comparison_leaves_is_cleared_away(world: World, stage: StageUnderTest, line: str):
    killed_at(world, line)
    wait_for(lambda: stage.item(RUN_KEY)["run"] != {"S": ""}, "the run is known")
    refused = reconcile(world)
    assert (refused.status, "another comparison is under way" in refused.stderr) == (1, True)
    done = reconcile(world, "--clean")
    assert done.status == 0, done.stderr
    nothing_left(world, stage)


def test_what_a_killed_comparison_leaves_goes_by_itself(world: World, stage: StageUnderTest):
    killed_at(world, "records are read")
    wait_for(
        lambda: stage.health() and stage.item(RUN_KEY)["run"] == {"S": ""},
        "a health check clears it away",
        seconds=ABANDONED_SECONDS + 60,
        every=10,
    )
    nothing_left(world, stage)
