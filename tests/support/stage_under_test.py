"""A stage that is launched in a local world, as tests see and handle it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import urllib3

from connector.domain.health import metrics
from connector.domain.health.headroom import NO_RETENTION
from connector.domain.health.log_phrases import LOGIN
from connector.domain.health.observation import Source
from connector.domain.health.state import STATE_KEY
from connector.domain.stage.aws_names import CONNECT_PORT, CONNECTOR, METRICS_PORT
from connector.domain.stage.record import RECORD_KEY
from connector.domain.stage.stage import Stage
from connector.local import schema
from connector.local.arrivals import Watch
from connector.local.aws import REGION
from connector.local.world import World
from lambda_src.clients.metrics_page import parse, source_of
from tests.support.ecs_service import EcsService, Worker
from tests.support.waiting import TIMEOUT_SECONDS, wait_for

MAIN = Stage.parse("main")
#: What a health check says of a healthy stage of the stock project; why a figure is not known may follow.
HEALTHY = f"healthy; ScnHeadroomMinutes: {NO_RETENTION}"
#: As EventBridge's schedule calls the health check.
SCHEDULED: Mapping[str, Any] = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "000000000000",
    "time": "2026-01-02T03:04:05Z",
    "region": REGION,
    "resources": [],
    "detail": {},
}
#: For a new worker and its first rebalance.
_WORKER_SECONDS = 120.0
#: For a worker that starts, and for rows that have waited, on a machine that others use too.
_REST_SECONDS = 180.0
#: How often a failed task is restarted to clean up, and how long each restart is given.
_RESTARTS, _RESTART_SECONDS = 4, 30.0
#: What is shown of a failed task's trace.
_TRACE_CHARACTERS = 1500
#: What Connect logs before it shows a task as failed (WorkerTask.doRun).
_TASK_FAILED = "Task threw an uncaught and unrecoverable exception"
#: Connect asks to try again: a rebalance is under way, or an offset is still being read.
_TRY_AGAIN = (409, 500)


class StageUnderTest:
    """The stacks, service, connector, topics, state table and functions of one stage."""

    def __init__(self, world: World, stage: Stage = MAIN, bootstrap: str | None = None) -> None:
        self.world, self.stage = world, stage
        #: Of its Kafka cluster; the world's own one where none is named.
        self.bootstrap = bootstrap or world.kafka_bootstrap
        self.service = EcsService(world.account.client("ecs"), stage.names.service, world.state.directory)

    def stack_states(self) -> dict[str, str]:
        """Component -> CloudFormation's status, for the stacks of the stage that stand."""
        names = {name: component for component, name in self.stage.names.stacks.items()}
        stacks = self.world.account.client("cloudformation").describe_stacks()["Stacks"]
        return {
            names[s["StackName"]]: s["StackStatus"]
            for s in stacks
            if s["StackName"] in names and s["StackStatus"] != "DELETE_COMPLETE"
        }

    # -- Connect --------------------------------------------------------------

    def get(self, path: str) -> Any:
        """What the first worker that gives a good answer says to a GET; None when none does."""
        for worker in self.service.workers():
            url = f"http://{worker.address}:{CONNECT_PORT}{path}"
            try:
                answer = urllib3.request("GET", url, timeout=5.0, retries=False)
                if answer.status == 200:
                    return answer.json()
            except (urllib3.exceptions.HTTPError, ValueError):
                continue
        return None

    def connect(self, method: str, path: str = "", body: Mapping[str, Any] | None = None) -> Any:
        """A request about the connector, repeated while Connect asks for that.

        Answers the JSON, None for 404 and for an empty answer.
        """

        def answered() -> urllib3.BaseHTTPResponse | None:
            workers = self.service.workers()
            if not workers:
                return None
            url = f"http://{workers[0].address}:{CONNECT_PORT}/connectors/{CONNECTOR}{path}"
            answer = urllib3.request(method, url, json=body, timeout=60.0, retries=False)
            return None if answer.status in _TRY_AGAIN else answer

        reply = wait_for(answered, f"Connect takes {method} {path}")
        if reply.status == 404:
            return None
        assert reply.status < 300, f"{method} {path}: {reply.status} {reply.data[:300]!r}"
        return reply.json() if reply.data else None

    def connector_config(self) -> dict[str, str]:
        """The config that Connect has of the connector."""
        path = f"/connectors/{CONNECTOR}/config"
        return dict(wait_for(lambda: self.get(path), f"GET {path}"))

    def states(self) -> tuple[str, ...]:
        """State of the connector, then of its tasks; empty when no worker answers."""
        status = self.get(f"/connectors/{CONNECTOR}/status")
        if status is None:
            return ()
        return (status["connector"]["state"], *(task["state"] for task in status["tasks"]))

    def wait_for_states(self, *states: str, seconds: float = TIMEOUT_SECONDS) -> None:
        """Until connector and tasks are in these states."""
        wait_for(lambda: self.states() == states, f"connector and tasks are {states}", seconds)

    def task_state(self) -> str:
        """State of the connector's task; empty when there is none or no worker answers."""
        return next(iter(self.states()[1:]), "")

    def trace(self) -> str:
        """Why the task failed, in Connect's words; empty when it did not."""
        status = self.get(f"/connectors/{CONNECTOR}/status") or {"tasks": []}
        return str(next((task.get("trace", "") for task in status["tasks"]), ""))

    def source(self) -> Source:
        """What Debezium's metrics say; nothing when no worker answers."""
        for worker in self.service.workers():
            url = f"http://{worker.address}:{METRICS_PORT}/metrics"
            try:
                reply = urllib3.request("GET", url, timeout=5.0, retries=False)
            except urllib3.exceptions.HTTPError:
                continue
            return source_of(list(parse(reply.data.decode())), self.stage.topics.prefix)
        return Source()

    def streams(self) -> bool:
        """Whether the log is read: no snapshot runs any more."""
        source = self.source()
        return bool(source.streaming) and not source.snapshot_running

    def rests(self) -> bool:
        """Whether one worker runs, connector and task run, and changes are streamed."""
        found = self.service.describe()
        if (found["runningCount"], found["desiredCount"]) != (1, 1) or len(found["deployments"]) != 1:
            return False
        return self.states() == ("RUNNING", "RUNNING") and self.streams()

    def rest(self) -> None:
        """Wait until the stage rests; say how it is if it does not."""
        try:
            wait_for(self.rests, "a stage at rest", _REST_SECONDS)
        except AssertionError as error:
            seen = f"{self.service.describe()['runningCount']} workers; {self.states()}; {self.source()}"
            raise AssertionError(f"{error}: {seen}; {self.trace()[:_TRACE_CHARACTERS]}") from None

    def bring_to_rest(self) -> None:
        """Restart until the stage rests, to clean up: a test of healing must not be helped so.

        With exactly-once a task asks the leader to fence its predecessor when it starts: while the leader is
        a worker that has just ended, that fails the task, and Connect never retries (seen with 4.3.1).
        """
        for _ in range(_RESTARTS):
            self.connect("POST", "/restart?includeTasks=true")
            with suppress(AssertionError):
                wait_for(self.rests, "a stage at rest", _RESTART_SECONDS)
                return
        self.rest()

    def failures(self) -> int:
        """How often a task of the stage has failed, as its workers have logged it.

        Connect's status has no time: after a request for a restart it shows the old failure for a while.
        """
        logs = self.world.logs.glob(f"{self.stage.names.service}-*.log")
        return sum(log.read_text(encoding="utf-8").count(_TASK_FAILED) for log in logs)

    def active_worker(self) -> Worker | None:
        """The worker that runs the connector's task, as far as Connect tells."""
        status = self.get(f"/connectors/{CONNECTOR}/status") or {"tasks": []}
        active = [t["worker_id"].rpartition(":")[0] for t in status["tasks"] if t["state"] == "RUNNING"]
        return next((w for w in self.service.workers() if w.address in active), None)

    def until_active(self) -> Worker:
        """Wait for a worker that runs the task."""
        return wait_for(self.active_worker, "a worker runs the task", _WORKER_SECONDS)

    def until_answering(self, count: int) -> None:
        """Wait until that many workers answer, and no other one runs."""

        def ready() -> bool:
            there = self.service.workers()
            return len(there) == count and all(_answers(worker) for worker in there)

        wait_for(ready, f"{count} workers answer", _WORKER_SECONDS)

    # -- the state table ------------------------------------------------------

    def item(self, key: str) -> dict[str, Any]:
        """An item of the state table, as DynamoDB has it; empty where there is none."""
        table = self.world.account.client("dynamodb")
        found = table.get_item(TableName=self.stage.names.table, Key={"id": {"S": key}})
        return dict(found.get("Item", {}))

    def delete_items(self, *keys: str) -> None:
        """Take items out of the state table."""
        table = self.world.account.client("dynamodb")
        for key in keys:
            table.delete_item(TableName=self.stage.names.table, Key={"id": {"S": key}})

    def record(self) -> dict[str, Any]:
        """The stage record; empty where there is none."""
        return self.item(RECORD_KEY)

    def let_pass(self, seconds: int) -> None:
        """As if events and findings were so much older: the deployed function has no clock to set forward."""
        item = self.item(STATE_KEY)
        if not item:
            return
        times = [event["L"][0] for event in item["worker"]["M"]["events"]["L"]]
        times += [*item["found_since"]["M"].values(), item["unknown_since"], item["idle_since"]]
        for time in times:
            if "N" in time:
                time["N"] = str(int(time["N"]) - seconds)
        self.world.account.client("dynamodb").put_item(TableName=self.stage.names.table, Item=item)

    # -- the health check -----------------------------------------------------

    def invoke_check(self, how: str = "RequestResponse") -> Any:
        """Lambda's answer to a call with the schedule's event; `how` is the invocation type."""
        return self.world.account.client("lambda").invoke(
            FunctionName=self.stage.names.connect_health,
            InvocationType=how,
            Payload=json.dumps(SCHEDULED).encode(),
        )

    def health(self) -> dict[str, Any]:
        """What the deployed health check answers."""
        answer = self.invoke_check()
        content = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, content
        assert isinstance(content, dict)
        return content

    @contextmanager
    def without_schedule(self) -> Iterator[None]:
        """No scheduled health check comes in between."""
        events, schedule = self.world.account.client("events"), self.stage.names.rule(metrics.HEALTH_SCHEDULE)
        events.disable_rule(Name=schedule)
        try:
            yield
        finally:
            events.enable_rule(Name=schedule)

    @contextmanager
    def without_checks(self) -> Iterator[None]:
        """No health check comes in between: neither a scheduled one nor one after a failed task."""
        logs, group = self.world.account.client("logs"), self.stage.names.connector_log_group
        (found,) = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        given = {key: found[key] for key in ("filterName", "filterPattern", "destinationArn")}
        logins = " ".join(f'?"{phrase}"' for phrase in LOGIN)
        logs.put_subscription_filter(logGroupName=group, **{**given, "filterPattern": logins})
        try:
            with self.without_schedule():
                yield
        finally:
            logs.put_subscription_filter(logGroupName=group, **given)

    # -- rows -----------------------------------------------------------------

    def new_rows(self) -> "Rows":
        """Rows that are still to be inserted."""
        return Rows(self)


class Rows:
    """Rows inserted into one table, to be found on a stage's topic exactly once each."""

    SCHEMA, TABLE = "WMS", schema.BASE

    def __init__(self, under_test: StageUnderTest) -> None:
        self._under_test = under_test
        data = under_test.stage.topics.roles["data"]
        self._topic = next(topic for topic in data if topic.endswith(f"{self.SCHEMA}.{self.TABLE}"))
        self.keys: list[str] = []

    def insert(self, rows: int = 1) -> None:
        """Insert more rows, each in a transaction of its own."""
        for _ in range(rows):
            (key,) = self._under_test.world.database.insert(self.SCHEMA, self.TABLE)
            self.keys.append(str(key))

    def assert_arrived_once(self) -> None:
        """Every inserted row is on the topic, and none twice; committed records only."""
        watch = Watch(self._under_test.bootstrap, [self._topic])
        column = schema.key(self.TABLE)

        def seen() -> list[str]:
            return [str(a.key[column]) for a in watch.seen if a.operation in ("insert", "snapshot")]

        try:
            arrived = watch.wait_for(lambda _: set(self.keys) <= set(seen()), TIMEOUT_SECONDS)
            missing = sorted(set(self.keys) - set(seen()))
            assert arrived, (
                f"{len(missing)} of {len(self.keys)} rows did not arrive on {self._topic}: {missing}"
            )
            twice = sorted(key for key in self.keys if seen().count(key) > 1)
            assert not twice, f"on {self._topic} more than once: {twice}"
        finally:
            watch.close()


def _answers(worker: Worker) -> bool:
    try:
        answer = urllib3.request(
            "GET", f"http://{worker.address}:{CONNECT_PORT}/", timeout=5.0, retries=False
        )
    except urllib3.exceptions.HTTPError:
        return False
    return bool(answer.status == 200)
