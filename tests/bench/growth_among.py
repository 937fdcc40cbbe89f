"""What list, status, health check and teardown cost among many stages and many topics.

The stacks of other stages are made directly, each with one resource and the tags that Sceptre gives it: a
launch would take minutes for each.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

from click.testing import CliRunner

from connector.aws import account, calls
from connector.cli import main as command
from connector.domain.admin_api import TEARDOWN, Operation, Request, State
from connector.domain.stage.aws_names import PRODUCT
from connector.domain.stage.stage import Stage
from connector.local.arrivals import topics_of
from connector.local.world import World
from lambda_src.clients.kafka_admin import Kafka
from lambda_src.clients.state_table import read_record, write_record
from lambda_src.connect_admin import operations
from lambda_src.connect_health.check import CheckClients
from lambda_src.connect_health.rotation_run import check_run
from lambda_src.runtime.deadline import Deadline
from lambda_src.session import Aws, Session
from tests.bench import teardown
from tests.bench.growth_config import names
from tests.lambda_src.conftest import ADDRESS, FakeStage
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from tests.bench.growth import Meter

#: At the larger sizes so many stages are checked and torn down, and the row is for one of them.
_SAMPLE = 3
_OTHERS = "other"
_TEMPLATE: Mapping[str, Any] = {"Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}


class Counting:
    """A client whose calls are counted under the name of its service."""

    def __init__(self, client: Any, service: str, calls: Counter[str]) -> None:
        self._client, self._service, self._calls = client, service, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if callable(found):
            self._calls[f"{self._service} {name}"] += 1
        return found


@dataclass
class Functions:
    """The functions of every stage in this process: the real use cases, on the brokers at `bootstrap`."""

    bootstrap: str
    calls: Counter[str]
    _stages: dict[str, FakeStage] = field(default_factory=dict)

    def stage(self, name: str) -> FakeStage:
        """A stage with a worker that runs and a connector that was registered."""
        if name not in self._stages:
            made = FakeStage(stage=Stage.parse(name))
            made.secrets.values[f"wms/{name}/dbInfo"] = made.secrets.values["wms/main/dbInfo"]
            made.ecs.start(ADDRESS)
            for operation in (Operation.TOPICS, Operation.REGISTER, Operation.RECORD):
                assert made.ask(operation).state is State.DONE
            made.secrets.values["wms/default/brokerString"] = self.bootstrap
            record = read_record(made.table)
            assert record is not None
            # It was registered on a fake cluster.
            write_record(made.table, replace(record, cluster_id=self.cluster_id))
            self._stages[name] = made
        return self._stages[name]

    def forget(self, name: str) -> None:
        """Forget a stage: the next one of its name is registered anew."""
        self._stages.pop(name, None)

    @cached_property
    def cluster_id(self) -> str:
        """The id of the real cluster."""
        with Kafka({"bootstrap_servers": self.bootstrap}, Deadline.within(20), str) as kafka:
            return kafka.cluster_id()

    def check(self, name: str) -> None:
        """One health check, as the schedule asks for it."""
        stage = self.stage(name)
        clients = CheckClients(
            self._aws(stage),
            cast(Any, Counting(stage.aws.cloudwatch, "cloudwatch", self.calls)),
            cast(Any, Counting(stage.aws.sns, "sns", self.calls)),
        )
        answer = check_run(self._session(stage), clients, stage.aws.sns.arn)
        assert answer.metrics["BrokersUnreachable"] == 0, answer.summary

    def answer(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the admin function answers to an event."""
        request = Request.from_payload(payload)
        session = self._session(self.stage(str(request.stage)))
        return operations.answer(request.operation, replace(session, log=request.log)).to_payload()

    def tear_down(self, name: str) -> None:
        """All requests of a teardown; ECS and the table are fakes, the brokers real."""
        stage = self.stage(name)
        stage.ecs.missing = True
        for operation in TEARDOWN:
            for _ in range(10):
                # Its waiting is real.
                session = replace(self._session(stage), meant=name, deadline=Deadline.within(50))
                answer = operations.answer(operation, session)
                if answer.state is not State.WAITING:
                    break
            assert answer.state is State.DONE, answer.summary

    def _session(self, stage: FakeStage) -> Session:
        return replace(stage.session(), aws=self._aws(stage), open_kafka=Kafka)

    def _aws(self, stage: FakeStage) -> Aws:
        aws, calls = stage.aws, self.calls
        return Aws(
            lambda: cast(Any, Counting(aws.secrets, "secretsmanager", calls)),
            lambda: cast(Any, Counting(aws.ecs, "ecs", calls)),
            lambda _: cast(Any, Counting(aws.table, "dynamodb", calls)),
            lambda: cast(Any, Counting(aws.logs, "logs", calls)),
            lambda: cast(Any, Counting(aws.s3, "s3", calls)),
            aws.clients.endpoints,
        )


class CountingPort:
    """The embedded account as commands call it, with the functions of this process."""

    profile: str | None = None
    sceptre_role: str | None = None

    def __init__(self, real: calls.Port, functions: Functions) -> None:
        self._real, self._functions = real, functions
        self.region = self._real.region

    def call(self, service: str, name: str, kwargs: Mapping[str, Any] | None = None) -> Any:
        """Count the call, then make it."""
        self._functions.calls[f"{service} {name}"] += 1
        if (service, name) == ("lambda", "invoke"):
            answer = self._functions.answer(json.loads((kwargs or {})["Payload"]))
            return {"Payload": BytesIO(json.dumps(answer).encode())}
        return self._real.call(service, name, kwargs)


def measure(
    meter: "Meter", world: World, project: Path, stages: Sequence[int], topics: Sequence[int]
) -> None:
    """Both axes, each on a cluster of its own; `project` has directories for the largest number of stages."""
    with mock.patch.dict(os.environ, world.env()):
        _among_stages(meter, world, project, stages)
        world.stop_broker()
        delete_stacks(world, names(max(stages))[_SAMPLE:])
        make_stacks(world, names(_SAMPLE)[max(stages) :])
        _among_topics(meter, world, project, world.start_broker(_OTHERS), topics)


def _among_stages(meter: "Meter", world: World, project: Path, sizes: Sequence[int]) -> None:
    bench = Bench(meter, "stages", Functions(world.kafka_bootstrap, meter.calls), project)
    standing: list[str] = []
    for size in sizes:
        more = names(size)[len(standing) :]
        make_stacks(world, more)
        make_topics(world.kafka_bootstrap, _topics(more))
        standing += more
        bench.one_size(size, standing[-_SAMPLE:])
        # What was torn down is there again for the next size.
        make_topics(world.kafka_bootstrap, _topics(standing[-_SAMPLE:]))


def _among_topics(meter: "Meter", world: World, project: Path, bootstrap: str, sizes: Sequence[int]) -> None:
    bench = Bench(meter, "topics", Functions(bootstrap, meter.calls), project)
    others: list[str] = []
    for size in sizes:
        others += [f"bench.other.team.{number:05d}.events" for number in range(len(others), size)]
        make_topics(bootstrap, [*others, *_topics(names(_SAMPLE))])
        bench.one_size(size, names(_SAMPLE))


def _topics(branches: Iterable[str]) -> list[str]:
    return [topic for name in branches for topic in Stage.parse(name).topics]


@dataclass
class Bench:
    """The operations, measured at one size after the other."""

    meter: "Meter"
    of: str
    functions: Functions
    project: Path

    def one_size(self, size: int, sample: Sequence[str]) -> None:
        """A row for each operation; `sample`: the stages that are looked at and torn down."""
        for name in sample:
            self.functions.stage(name)
        times = len(sample)
        self._measure("`ephemeral list`", size, partial(self._run, f"ephemeral list --dir {self.project}"))
        self._measure("`status` of one stage", size, partial(self._run, f"status {sample[0]}"))
        self._measure("health check of one stage", size, partial(_all, self.functions.check, sample), times)
        teardown_all = partial(_all, self.functions.tear_down, sample)
        self._measure("teardown of one stage, beyond its stacks", size, teardown_all, times)
        for name in sample:
            self.functions.forget(name)

    def _measure(self, operation: str, size: int, run: Callable[[], object], times: int = 1) -> None:
        self.meter.measure(operation, self.of, size, run, times=times)

    def _run(self, words: str) -> Any:
        """Run a command in this process, in the embedded account; what it prints as JSON."""

        port = CountingPort(account.Account(), self.functions)
        with mock.patch.object(account, "Account", return_value=port):
            result = CliRunner().invoke(command, [*words.split(), "--json"])
        if not result.stdout:
            raise AssertionError(result.stderr) from result.exception
        return json.loads(result.stdout)


def _all(run: Callable[[str], object], each: Iterable[str]) -> None:
    for name in each:
        run(name)


def make_stacks(world: World, branches: Iterable[str]) -> None:
    """The stacks that a launch of each branch would leave, as far as their descriptions go."""
    client = world.account.client("cloudformation")
    made = []
    for branch in branches:
        stage = Stage.parse(branch)
        tags = {
            "project": PRODUCT,
            "stage": branch,
            "ephemeral": "true",
            "owner": "bench@example.com",
            "expiry": "2999-01-01",
        }
        for name in stage.names.stacks.values():
            client.create_stack(
                StackName=name,
                TemplateBody=json.dumps(_TEMPLATE),
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )
            made.append(name)

    wait_for(lambda: {*made} <= {*_states(world, "CREATE_COMPLETE")}, "the stacks are made", 120)


def delete_stacks(world: World, branches: Iterable[str]) -> None:
    """Remove the stacks of branches again."""
    client = world.account.client("cloudformation")
    gone = [name for branch in branches for name in Stage.parse(branch).names.stacks.values()]
    for name in gone:
        client.delete_stack(StackName=name)
    wait_for(lambda: not {*gone} & {*_states(world)}, "the stacks are gone", 120)


def _states(world: World, only: str = "") -> list[str]:
    """The names of stacks, of those in one state if that is given."""
    pages = world.account.client("cloudformation").get_paginator("describe_stacks").paginate()
    return [
        stack["StackName"] for page in pages for stack in page["Stacks"] if only in ("", stack["StackStatus"])
    ]


def make_topics(bootstrap: str, wanted: Sequence[str]) -> None:
    """Create the topics that do not exist, and wait until they are listed."""
    there = topics_of(bootstrap)
    teardown.create(bootstrap, [name for name in wanted if name not in there])
    wait_for(lambda: {*wanted} <= topics_of(bootstrap), "the topics are listed", 600)
