"""The benchmark's operations are the real ones, on fakes here: they succeed, and their calls are counted."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from connector.aws import account
from connector.domain.stage.stage import Stage
from tests.bench import growth_among
from tests.bench.growth import Meter
from tests.bench.growth_among import Bench, CountingPort, Functions
from tests.lambda_src.conftest import BEATS
from tests.support.fake_aws import FakeAws
from tests.support.fake_kafka import FakeKafka, FakeTopic
from tests.support.project import copy_project

STAGE = Stage.parse("growth-0000")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeKafka:
    """The cluster that the functions find behind their broker string."""
    made = FakeKafka(topics={topic: FakeTopic() for topic in STAGE.topics})
    made.newest_at = dict.fromkeys((STAGE.topics.one("heartbeat"),), BEATS)

    @contextmanager
    def opened(settings: Any, deadline: object, redact: object) -> Iterator[Any]:
        assert settings["bootstrap_servers"] == ["broker.example:9092"]
        with made.open(settings, deadline, redact) as found:
            yield found

    monkeypatch.setattr(growth_among, "Kafka", opened)
    monkeypatch.setattr(Functions, "cluster_id", made.id)
    return made


@pytest.fixture
def meter() -> Meter:
    return Meter(lambda _: None)


@pytest.fixture
def bench(meter: Meter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """One stage in a fake account."""
    aws = FakeAws.with_stage(STAGE, datetime.now(UTC))
    for stack in aws.stacks.values():
        tags = {"project": "wms-connector", "stage": STAGE.name, "ephemeral": "true"}
        stack["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        stack["CreationTime"] = datetime(2030, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(account, "Account", lambda: aws)
    functions = Functions("broker.example:9092", meter.calls)
    return Bench(meter, "stages", functions, copy_project(tmp_path / "project", STAGE.name))


def test_every_operation_is_a_row_with_the_calls_that_it_made(bench: Bench, meter: Meter, cluster: FakeKafka):
    bench.one_size(1, [STAGE.name])
    found = {row.operation: row.calls for row in meter.rows}
    listed, status, check, torn_down = found.values()
    assert listed["lambda invoke"] == 1
    assert listed["cloudformation describe_stacks"] == 3  # pages
    assert status["lambda invoke"] == 1
    assert status["cloudwatch describe_alarms"] > 0
    assert check["dynamodb get_item"] > 0
    assert check["cloudwatch put_metric_data"] == 1
    assert torn_down["dynamodb put_item"] == 1
    assert cluster.topics == {}


def test_a_check_that_does_not_see_the_brokers_is_no_figure(bench: Bench, cluster: FakeKafka):
    cluster.unreachable = True
    with pytest.raises(AssertionError):
        bench.functions.check(STAGE.name)


def test_the_port_counts_what_leaves_the_program():
    calls: Counter[str] = Counter()
    aws = FakeAws()
    functions = mock.Mock(calls=calls)
    port = CountingPort(aws, functions)
    assert port.call("sts", "get_caller_identity")["Account"]
    assert calls == {"sts get_caller_identity": 1}
    functions.answer.return_value = {"state": "done"}
    answer = port.call("lambda", "invoke", {"FunctionName": "f", "Payload": b'{"operation": "status"}'})
    assert answer["Payload"].read() == b'{"state": "done"}'
    assert aws.calls == [("sts", "get_caller_identity")]
