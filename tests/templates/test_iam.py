"""Each IAM statement, alone."""

import json
from typing import Any

import pytest
from awacs.aws import Statement
from troposphere import Ref, encode_to_dict

from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import Catalogue
from templates.shared import iam, msk
from tests.templates.support import LONGEST, MSK, plain

BASE = "arn:aws:{}:us-east-1:123456789012:{}"
MAIN = Stage.parse("main")
KEY = Ref("KmsKeyArn")


def shown(statement: Statement) -> dict[str, Any]:
    """The statement as JSON with account facts filled in."""
    raw = encode_to_dict(statement)
    return {**raw, "Resource": plain(raw["Resource"])}


@pytest.mark.parametrize(
    ("statement", "actions", "resources"),
    [
        (
            iam.write_logs("/aws/lambda/x"),
            {"logs:CreateLogStream", "logs:PutLogEvents"},
            [BASE.format("logs", "log-group:/aws/lambda/x:*")],
        ),
        (
            iam.read_stage_secrets("wms", Stage.parse("a.b")),
            {"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"},
            [BASE.format("secretsmanager", f"secret:wms/{owner}/*") for owner in ("a.b", "default")],
        ),
        (iam.read_secrets(["b", "a", "b"]), {"secretsmanager:GetSecretValue"}, ["a", "b"]),
        (
            iam.keep_state("wms-connector-main-state"),
            {
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem",
                "dynamodb:Query",
                "dynamodb:ConditionCheckItem",
            },
            [BASE.format("dynamodb", "table/wms-connector-main-state")],
        ),
        (
            iam.find_tasks(MAIN.names)[0],
            {"ecs:ListTasks"},
            [BASE.format("ecs", "container-instance/wms-connector-main/*")],
        ),
        (
            iam.find_tasks(MAIN.names)[1],
            {"ecs:DescribeTasks"},
            [BASE.format("ecs", "task/wms-connector-main/*")],
        ),
        (
            iam.scale_service(MAIN.names),
            {"ecs:DescribeServices", "ecs:UpdateService"},
            [BASE.format("ecs", "service/wms-connector-main/wms-connector-main")],
        ),
        (
            iam.see_service(MAIN.names),
            {"ecs:DescribeServices"},
            [BASE.format("ecs", "service/wms-connector-main/wms-connector-main")],
        ),
        (
            iam.keep_health_state("wms-connector-main-state"),
            {"dynamodb:GetItem", "dynamodb:PutItem"},
            [BASE.format("dynamodb", "table/wms-connector-main-state")],
        ),
        (iam.publish_to_topic("t", KEY)[0], {"sns:Publish"}, [BASE.format("sns", "t")]),
        (iam.publish_metrics("n"), {"cloudwatch:PutMetricData"}, ["*"]),
        (iam.send_dead_letters("q", KEY)[0], {"sqs:SendMessage"}, [BASE.format("sqs", "q")]),
        (
            iam.pull_image("wms-connector")[1],
            {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
            [BASE.format("ecr", "repository/wms-connector")],
        ),
    ],
    ids=lambda value: value.properties["Sid"] if isinstance(value, Statement) else "",
)
def test_a_statement_allows_these_actions_on_these_resources(
    statement: Statement, actions: set[str], resources: list[str]
):
    found = shown(statement)
    assert found["Effect"] == "Allow"
    assert set(found["Action"]) == actions
    assert found["Resource"] == resources


def test_tasks_are_found_in_the_stages_cluster_only():
    for statement in iam.find_tasks(MAIN.names):
        condition = shown(statement)["Condition"]["ArnEquals"]["ecs:cluster"]
        assert plain(condition) == BASE.format("ecs", "cluster/wms-connector-main")


def test_the_key_is_used_through_the_named_services_only():
    via = shown(iam.decrypt_through(KEY, "secretsmanager"))["Condition"]["StringEquals"]["kms:ViaService"]
    assert plain(via) == ["secretsmanager.us-east-1.amazonaws.com"]
    assert "dynamodb" in json.dumps(shown(iam.use_key_for_table(KEY))["Condition"])


def test_a_functions_own_code_cannot_touch_network_interfaces():
    denied = shown(iam.no_interfaces_from_code("f"))
    assert denied["Effect"] == "Deny"
    assert set(denied["Action"]) == set(shown(iam.attach_to_vpc()[1])["Action"])
    condition = denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
    assert plain(condition) == BASE.format("lambda", "function:f")


def test_ecs_takes_a_tasks_role_for_this_account_only():
    (trust,) = encode_to_dict(iam.assume_as_task())["Statement"]
    assert trust["Principal"] == {"Service": ["ecs-tasks.amazonaws.com"]}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_metrics_are_published_into_the_given_namespace_only():
    condition = shown(iam.publish_metrics("wms-connector-main/Health"))["Condition"]
    assert condition == {"StringEquals": {"cloudwatch:namespace": "wms-connector-main/Health"}}


def test_dead_letters_use_the_key_through_the_queues_service_only():
    via = shown(iam.send_dead_letters("q", KEY)[1])["Condition"]["StringEquals"]["kms:ViaService"]
    assert plain(via) == "sqs.us-east-1.amazonaws.com"


def test_a_queue_takes_from_the_given_rules_only():
    found = encode_to_dict(iam.send_as_eventbridge("Queue", ["r"]))
    assert found["Principal"] == {"Service": ["events.amazonaws.com"]}
    assert found["Resource"] == [{"Fn::GetAtt": ["Queue", "Arn"]}]
    assert plain(found["Condition"]["ArnEquals"]["aws:SourceArn"]) == [BASE.format("events", "rule/r")]


CLUSTER = msk.MskCluster.parse(MSK)
AREA = MSK.partition(":cluster/")[2]


def resources(statements: list[Statement]) -> dict[str, list[str]]:
    return {found["Sid"]: found["Resource"] for found in map(shown, statements)}


@pytest.mark.parametrize("name", ["main", "feature.x", LONGEST])
def test_the_worker_touches_exactly_its_stages_topics_groups_and_transactional_ids(name: str):
    stage = Stage.parse(name)
    base = MSK.partition(":cluster/")[0]
    for group in stage.topics.connect_groups:
        assert_only_own(stage.topics.using(group), base)


def assert_only_own(catalogue: Catalogue, base: str) -> None:
    group = catalogue.connect_group
    found = resources(msk.stream_as_worker(CLUSTER, catalogue))
    assert found == {
        "ConnectToCluster": [MSK],
        "StreamOwnTopics": [f"{base}:topic/{AREA}/{topic}" for topic in catalogue],
        "JoinOwnGroups": [f"{base}:group/{AREA}/{name}" for name in catalogue.groups],
        "ExactlyOnce": [
            f"{base}:transactional-id/{AREA}/connect-cluster-{group}",
            f"{base}:transactional-id/{AREA}/{group}-wms-oracle-cdc-0",
        ],
    }


def test_the_admin_sees_all_topics_but_changes_its_stages_only():
    stage = Stage.parse("a")
    by_sid = {found["Sid"]: found for found in map(shown, msk.prepare_as_admin(CLUSTER, stage))}
    wide = [sid for sid, found in by_sid.items() if any(r.endswith("/*") for r in found["Resource"])]
    assert wide == ["SeeTopics"]
    assert by_sid["SeeTopics"]["Action"] == ["kafka-cluster:DescribeTopic"]
    assert len(by_sid["PrepareOwnTopics"]["Resource"]) == len(list(stage.topics))


def test_the_admin_writes_to_its_stages_signal_topic_only_and_needs_no_right_on_the_cluster_for_it():
    stage = Stage.parse("a")
    found = list(map(shown, msk.prepare_as_admin(CLUSTER, stage)))
    writing = {s["Sid"]: s["Resource"] for s in found if any("Write" in action for action in s["Action"])}
    base = MSK.partition(":cluster/")[0]
    assert writing == {"SendSignals": [f"{base}:topic/{AREA}/a.wms.signal"]}


@pytest.mark.parametrize("text", ["", "bigmac", MSK.replace(":cluster/", ":topic/"), MSK + "/x"])
def test_anything_but_a_clusters_arn_is_refused(text: str):
    with pytest.raises(OperatorError, match="is not the ARN of an MSK cluster"):
        msk.MskCluster.parse(text)


def test_only_an_ephemeral_stages_own_topics_and_groups_may_be_deleted():
    deleting = {}
    for name in ("a", "main", "val", "production"):
        for found in map(shown, msk.prepare_as_admin(CLUSTER, Stage.parse(name))):
            if any("Delete" in action for action in found["Action"]):
                deleting[name, found["Sid"]] = found["Resource"]
    stage, base = Stage.parse("a"), MSK.partition(":cluster/")[0]
    assert deleting == {
        ("a", "PrepareOwnTopics"): [f"{base}:topic/{AREA}/{topic}" for topic in stage.topics],
        ("a", "SeeOwnGroups"): [f"{base}:group/{AREA}/{group}" for group in stage.topics.groups],
    }
