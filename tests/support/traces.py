"""Everything that AWS and Kafka still have of a stage. In the database a stage leaves nothing of its own."""

from connector.domain.stage.stage import Stage
from connector.local.arrivals import topics_of
from tests.support import kafka_state
from tests.support.stage_under_test import StageUnderTest


def of(under_test: StageUnderTest) -> dict[str, list[str]]:
    """Kind of thing -> names that are this stage's; kinds of which nothing is there are absent."""
    world, stage, bootstrap = under_test.world, under_test.stage, under_test.bootstrap
    names = stage.names
    service = names.service
    functions = (names.connect_admin, names.connect_health)
    client = world.account.client
    logs = [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]]
    own_logs = {names.connector_log_group, *map(names.function_log_group, functions)}
    alarms = client("cloudwatch").describe_alarms()
    definitions = client("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    found = {
        "stacks": [*under_test.stack_states()],
        "log groups": [name for name in logs if name in own_logs],
        "alarms": _ours([a["AlarmName"] for a in alarms["MetricAlarms"]], f"{service}-", stage),
        "dashboards": [
            d["DashboardName"]
            for d in client("cloudwatch").list_dashboards()["DashboardEntries"]
            if d["DashboardName"] == names.dashboard
        ],
        "tables": [n for n in client("dynamodb").list_tables()["TableNames"] if n == names.table],
        "functions": [
            f["FunctionName"]
            for f in client("lambda").list_functions()["Functions"]
            if f["FunctionName"] in functions
        ],
        "clusters": [a for a in client("ecs").list_clusters()["clusterArns"] if a.endswith(f"/{service}")],
        "task definitions": [a for a in definitions if a.rpartition("/")[2].rpartition(":")[0] == service],
        "tasks": under_test.service.task_arns(),
        "rules": _ours([r["Name"] for r in client("events").list_rules()["Rules"]], f"{service}-", stage),
        "queues": [
            u for u in client("sqs").list_queues().get("QueueUrls", []) if u.endswith(names.dead_letter_queue)
        ],
        "SNS topics": [
            t["TopicArn"]
            for t in client("sns").list_topics()["Topics"]
            if t["TopicArn"].endswith(f":{names.sns_topic}")
        ],
        "security groups": _ours(
            [g["GroupName"] for g in client("ec2").describe_security_groups()["SecurityGroups"]],
            f"{service}-",
            stage,
        ),
        "topics": sorted(topics_of(bootstrap) & set(stage.topics)),
        "consumer groups": sorted(set(kafka_state.groups(bootstrap)) & set(stage.topics.groups)),
    }
    return {kind: names_ for kind, names_ in found.items() if names_}


def _ours(found: list[str], start: str, stage: Stage) -> list[str]:
    """Names of one word behind the service prefix: another stage's have its slug in between."""
    return [name for name in found if name.startswith(start) and "-" not in name.removeprefix(start)]
