"""Everything of a local world that somebody could read: AWS's answers, topics, Connect's REST API, the disk.

Each is a pair of place and content. A place begins with its kind, in one word, so that a test can see that no
kind is forgotten.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import urllib3

from connector.domain.stage.aws_names import CONNECT_PORT, CONNECTOR, METRICS_PORT
from connector.local.arrivals import topics_of
from connector.local.world import World
from tests.support.consumer import Consumer
from tests.support.stage_under_test import StageUnderTest

Readable = Iterator[tuple[str, str | bytes]]

_CONNECTOR = f"/connectors/{CONNECTOR}"
#: What an operator, or a page of Connect's documentation, would ask a worker.
_REST_PATHS = (
    "/",
    "/health",
    "/connectors",
    "/connectors?expand=info&expand=status",
    *(
        _CONNECTOR + tail
        for tail in ("", "/config", "/tasks", "/tasks/0/status", "/status", "/topics", "/offsets")
    ),
    "/connector-plugins?connectorsOnly=false",
    "/connector-plugins/OracleConnector/config",
    "/admin/loggers",
    "/connectors/nobody/status",
    "/no/such/path",
)
#: Kinds of what every launched stage has.
KINDS = frozenset(
    (
        *("template", "description", "events", "function", "definition", "log", "rest", "topic", "item"),
        *("object", "queue", "alarm", "dashboard", "rule", "process", "disk"),
    )
)


def everything(world: World, *stages: StageUnderTest) -> Readable:
    """All that can be read now; of the stages what their workers answer."""
    for stage in stages:
        yield from _rest(stage)
    yield from _stacks(world)
    yield from _definitions(world)
    yield from _logs(world)
    yield from _stored(world)
    yield from _watching(world)
    for name in world.state.brokers:
        yield from _topics(world.start_broker(name))
    yield from _processes()
    yield from files(world.state.directory)


def files(directory: Path) -> Readable:
    """Every file below a directory; one that goes meanwhile is left out."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_symlink():
            try:
                yield f"disk {path.relative_to(directory)}", path.read_bytes()
            except FileNotFoundError:
                continue


def _rest(stage: StageUnderTest) -> Readable:
    """What each worker answers to a reader, to a validation as a registration asks, and to mistakes."""
    config = stage.connector_config()
    plugin = "/connector-plugins/OracleConnector/config/validate"
    wrong = {**config, "tasks.max": "none", "snapshot.mode": "never"}
    requests: list[tuple[str, str, Any]] = [
        *(("GET", path, None) for path in _REST_PATHS),
        ("PUT", plugin, config),
        ("PUT", plugin, wrong),
        ("PUT", f"{_CONNECTOR}/config", {**wrong, "connector.class": "nobody"}),
        ("POST", "/connectors", {"name": CONNECTOR, "config": config}),
        ("DELETE", "/connectors/nobody", None),
    ]
    for worker in stage.service.workers():
        for method, path, body in requests:
            url = f"http://{worker.address}:{CONNECT_PORT}{path}"
            answer = urllib3.request(method, url, json=body, timeout=60.0, retries=False)
            yield f"rest {method} {path}", answer.data
        page = urllib3.request("GET", f"http://{worker.address}:{METRICS_PORT}/metrics", timeout=20.0)
        yield "rest metrics", page.data


def _stacks(world: World) -> Readable:
    cloudformation = world.account.client("cloudformation")
    for stack in cloudformation.describe_stacks()["Stacks"]:
        name = stack["StackName"]
        yield f"description of {name}", str(stack)
        yield f"events of {name}", str(cloudformation.describe_stack_events(StackName=stack["StackId"]))
        yield f"template of {name}", _text(cloudformation.get_template(StackName=name)["TemplateBody"])


def _definitions(world: World) -> Readable:
    functions, ecs = world.account.client("lambda"), world.account.client("ecs")
    for function in functions.list_functions()["Functions"]:
        yield f"function {function['FunctionName']}", str(function)
    for status in ("ACTIVE", "INACTIVE"):
        for arn in ecs.list_task_definitions(status=status)["taskDefinitionArns"]:
            yield f"definition {arn}", str(ecs.describe_task_definition(taskDefinition=arn))


def _logs(world: World) -> Readable:
    logs = world.account.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
        lines = [event["message"] for page in pages for event in page["events"]]
        yield f"log group {name}", "\n".join(lines)


def _stored(world: World) -> Readable:
    """Tables, objects and queues."""
    tables, objects, queues = (world.account.client(name) for name in ("dynamodb", "s3", "sqs"))
    for table in tables.list_tables()["TableNames"]:
        for item in tables.scan(TableName=table)["Items"]:
            yield f"item of {table}", str(item)
    for bucket in objects.list_buckets()["Buckets"]:
        for entry in objects.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            content = objects.get_object(Bucket=bucket["Name"], Key=entry["Key"])["Body"].read()
            yield f"object {bucket['Name']}/{entry['Key']}", content
    for url in queues.list_queues().get("QueueUrls", []):
        attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        waiting = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        yield f"queue {url}", f"{attributes} {waiting}"


def _watching(world: World) -> Readable:
    """What AWS's console shows of alarms, dashboards and rules."""
    cloudwatch, events = world.account.client("cloudwatch"), world.account.client("events")
    for alarm in cloudwatch.describe_alarms()["MetricAlarms"]:
        yield f"alarm {alarm['AlarmName']}", str(alarm)
    for entry in cloudwatch.list_dashboards()["DashboardEntries"]:
        name = entry["DashboardName"]
        yield f"dashboard {name}", cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
    for rule in events.list_rules()["Rules"]:
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        yield f"rule {rule['Name']}", f"{rule} {targets}"


def _topics(bootstrap: str) -> Readable:
    """Keys, values and headers of every topic, as its consumers get them."""
    for topic in sorted(topics_of(bootstrap)):
        with Consumer(bootstrap, [topic]) as consumer:
            for record in consumer.read_to():
                parts = (record.key, record.value, *(value for _, value in record.headers or ()))
                yield f"topic {topic}", b"\n".join(part for part in parts if part)


def _processes() -> Readable:
    """Command lines, which everybody on a machine may read."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield f"process {path.parent.name}", path.read_bytes().replace(b"\0", b" ")
        except OSError:
            continue


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
