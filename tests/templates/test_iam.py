"""Each IAM statement, alone."""

from typing import Any

import pytest
from awacs.aws import Statement
from hypothesis import given
from troposphere import Ref, encode_to_dict

from connector.domain.capture.acls import acls
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import Catalogue
from templates.shared import iam, image_rights, msk, network_rights
from templates.shared.roles import Rights
from tests.domain import strategies
from tests.templates.support import LONGEST, MSK, plain

BASE = "arn:aws:{}:us-east-1:123456789012:{}"
MAIN = Stage.parse("main")
KEY = Ref("KmsKeyArn")
IMAGE = f"210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/worker@sha256:{'0' * 64}"


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
            {"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
            [BASE.format("secretsmanager", f"secret:wms/{owner}/*") for owner in ("a.b", "default")],
        ),
        (
            iam.read_worker_secrets("wms", Stage.parse("a.b"), ["dbInfo"]),
            {"secretsmanager:GetSecretValue"},
            [
                BASE.format("secretsmanager", f"secret:wms/{owner}/dbInfo-??????")
                for owner in ("a.b", "default")
            ],
        ),
        (
            iam.keep_state("wms-connector-main-state"),
            {"dynamodb:GetItem", "dynamodb:PutItem"},
            [BASE.format("dynamodb", "table/wms-connector-main-state")],
        ),
        (iam.find_tasks(MAIN.names)[0], {"ecs:ListTasks"}, ["*"]),
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
            iam.publish_to_topic("t", KEY)[0],
            {"sns:GetTopicAttributes", "sns:Publish"},
            [BASE.format("sns", "t")],
        ),
        (iam.publish_metrics("n"), {"cloudwatch:PutMetricData"}, ["*"]),
        (iam.send_dead_letters("q", KEY)[0], {"sqs:SendMessage"}, [BASE.format("sqs", "q")]),
        (
            image_rights.pull_image(IMAGE)[1],
            {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
            ["arn:aws:ecr:eu-west-1:210987654321:repository/team/worker"],
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
    *of_tasks, definitions = iam.find_tasks(MAIN.names)
    assert plain(shown(definitions)["Resource"]) == ["*"], "ECS takes no resource for it"
    for statement in of_tasks:
        condition = shown(statement)["Condition"]["ArnEquals"]["ecs:cluster"]
        assert plain(condition) == BASE.format("ecs", "cluster/wms-connector-main")


def test_the_key_is_used_through_the_named_services_only():
    via = shown(iam.decrypt_through(KEY, "secretsmanager"))["Condition"]["StringEquals"]["kms:ViaService"]
    assert plain(via) == ["secretsmanager.us-east-1.amazonaws.com"]


KEYS = [f"arn:aws:kms:us-east-1:{account}:key/mrk-0a1b" for account in ("123456789012", "210987654321")]


def test_an_accounts_own_keys_are_used_through_secrets_manager_only():
    (statement,) = map(shown, iam.decrypt_secrets([*KEYS, KEYS[0]]))
    assert (statement["Action"], statement["Resource"]) == (["kms:Decrypt"], KEYS)
    via = plain(statement["Condition"]["StringEquals"]["kms:ViaService"])
    assert via == ["secretsmanager.us-east-1.amazonaws.com"]
    assert iam.decrypt_secrets([]) == []


@pytest.mark.parametrize(
    ("host", "region", "repository"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", "us-east-1", "wms-connector"),
        ("210987654321.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", "a/b_c/d.e"),
        ("210987654321.dkr-ecr.eu-west-1.on.aws", "eu-west-1", "a--b"),
        ("210987654321.dkr-ecr-fips.us-west-2.on.aws", "us-west-2", "a"),
        ("210987654321.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "a"),
        ("210987654321.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "a"),
    ],
)
def test_an_image_is_pulled_from_its_own_repository_of_any_account_region_and_partition(
    host: str, region: str, repository: str
):
    found = encode_to_dict(image_rights.pull_image(f"{host}/{repository}@sha256:{'0' * 64}")[1])["Resource"]
    expected = f"arn:${{AWS::Partition}}:ecr:{region}:{host[:12]}:repository/{repository}"
    assert found == [{"Fn::Sub": expected}]


@pytest.mark.parametrize(
    "repository",
    [
        "public.ecr.aws/x/wms-connector",
        "registry.example.gov/wms-connector",
        "wms-connector",
        "1.dkr.ecr.us-east-1.amazonaws.com/a",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com.example.org/a",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/a*",
    ],
)
def test_another_registry_needs_no_right(repository: str):
    assert image_rights.pull_image(f"{repository}@sha256:{'0' * 64}") == []


def test_interfaces_are_made_in_these_subnets_whoever_owns_them():
    by_sid = {found["Sid"]: found for found in map(shown, network_rights.attach_to_vpc(["subnet-1"]))}
    shared = by_sid["AttachToSharedSubnets"]
    assert shared["Action"] == ["ec2:CreateNetworkInterface"]
    assert shared["Resource"] == ["arn:aws:ec2:us-east-1:*:subnet/subnet-1"]
    assert by_sid["AttachToVpc"]["Resource"] == [BASE.format("ec2", "*/*")]


def test_a_functions_own_code_cannot_touch_network_interfaces():
    denied = shown(network_rights.no_interfaces_from_code("f"))
    assert denied["Effect"] == "Deny"
    assert set(denied["Action"]) == set(shown(network_rights.attach_to_vpc(["subnet-1"])[1])["Action"])
    assert denied["Resource"] == ["*"]
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
    assert plain(via) == ["sqs.us-east-1.amazonaws.com"]


def test_a_queue_takes_from_the_given_rules_only():
    found = encode_to_dict(iam.send_as_eventbridge("Queue", ["r"]))
    assert found["Principal"] == {"Service": ["events.amazonaws.com"]}
    assert found["Resource"] == [{"Fn::GetAtt": ["Queue", "Arn"]}]
    assert plain(found["Condition"]["ArnEquals"]["aws:SourceArn"]) == [BASE.format("events", "rule/r")]


CLUSTER = msk.MskCluster.parse(MSK)
AREA = MSK.partition(":cluster/")[2]


def on_brokers(rights: Rights) -> list[dict[str, Any]]:
    return [shown(statement) for statements in rights.values() for statement in statements]


def resources(rights: Rights) -> dict[str, list[str]]:
    return {found["Sid"]: found["Resource"] for found in on_brokers(rights)}


@pytest.mark.parametrize("name", ["main", "feature.x", LONGEST])
def test_the_worker_touches_exactly_its_stages_topics_groups_and_transactional_ids(name: str):
    stage = Stage.parse(name)
    base = MSK.partition(":cluster/")[0]
    for group in stage.topics.connect_groups:
        assert_only_own(stage.topics.using(group), base)


def of_stream(catalogue: Catalogue) -> list[str]:
    return [topic for topic in catalogue if topic not in catalogue.roles["comparison"]]


def assert_only_own(catalogue: Catalogue, base: str) -> None:
    group = catalogue.connect_group
    found = resources(msk.stream_as_worker(CLUSTER, catalogue))
    assert found == {
        "ConnectToCluster": [MSK],
        "StreamOwnTopics": [f"{base}:topic/{AREA}/{topic}" for topic in of_stream(catalogue)],
        "WriteComparison": [f"{base}:topic/{AREA}/{topic}" for topic in catalogue.roles["comparison"]],
        "JoinOwnGroups": [f"{base}:group/{AREA}/{name}" for name in catalogue.groups],
        "ExactlyOnce": [
            f"{base}:transactional-id/{AREA}/connect-cluster-{group}",
            f"{base}:transactional-id/{AREA}/{group}-wms-oracle-cdc-0",
            f"{base}:transactional-id/{AREA}/{group}-wms-reconciler-0",
        ],
    }


def test_the_admin_sees_all_topics_but_changes_its_stages_only():
    stage = Stage.parse("a")
    by_sid = {found["Sid"]: found for found in on_brokers(msk.prepare_as_admin(CLUSTER, stage))}
    wide = [sid for sid, found in by_sid.items() if any(r.endswith("/*") for r in found["Resource"])]
    assert wide == ["SeeTopics"]
    assert by_sid["SeeTopics"]["Action"] == ["kafka-cluster:DescribeTopic"]
    changed = [*by_sid["PrepareOwnTopics"]["Resource"], *by_sid["PrepareComparison"]["Resource"]]
    assert sorted(arn.rpartition("/")[2] for arn in changed) == sorted(stage.topics)


def test_the_admin_writes_to_its_stages_signal_topic_only_and_needs_no_right_on_the_cluster_for_it():
    stage = Stage.parse("a")
    found = on_brokers(msk.prepare_as_admin(CLUSTER, stage))
    writing = {s["Sid"]: s["Resource"] for s in found if any("Write" in action for action in s["Action"])}
    base = MSK.partition(":cluster/")[0]
    assert writing == {"WriteRecords": [f"{base}:topic/{AREA}/a.wms.signal"]}
    # A named stage's restores its schema history, too.
    found = on_brokers(msk.prepare_as_admin(CLUSTER, Stage.parse("main")))
    (named,) = [s["Resource"] for s in found if s["Sid"] == "WriteRecords"]
    assert named == [f"{base}:topic/{AREA}/wms.signal", f"{base}:topic/{AREA}/wms.schema-changes"]


@pytest.mark.parametrize("text", ["", "bigmac", MSK.replace(":cluster/", ":topic/"), MSK + "/x"])
def test_anything_but_a_clusters_arn_is_refused(text: str):
    with pytest.raises(OperatorError, match="is not the ARN of an MSK cluster"):
        msk.MskCluster.parse(text)


def test_only_an_ephemeral_stages_own_topics_and_groups_may_be_deleted():
    deleting = {}
    for name in ("a", "main", "val", "production"):
        for found in on_brokers(msk.prepare_as_admin(CLUSTER, Stage.parse(name))):
            if any("Delete" in action for action in found["Action"]):
                deleting[name, found["Sid"]] = found["Resource"]
    stage, base = Stage.parse("a"), MSK.partition(":cluster/")[0]
    assert deleting == {
        ("a", "PrepareOwnTopics"): [f"{base}:topic/{AREA}/{topic}" for topic in of_stream(stage.topics)],
        ("a", "PrepareComparison"): [f"{base}:topic/{AREA}/{t}" for t in stage.topics.roles["comparison"]],
        ("a", "SeeOwnGroups"): [f"{base}:group/{AREA}/{group}" for group in stage.topics.groups],
    }


@given(strategies.stages)
def test_no_role_of_a_named_stage_may_delete_a_topic_and_of_others_only_their_own(stage: Stage):
    catalogue = stage.topics
    rights = (
        msk.stream_as_worker(CLUSTER, catalogue.using(catalogue.connect_group)),
        msk.prepare_as_admin(CLUSTER, stage),
        msk.watch_heartbeat(CLUSTER, stage),
    )
    place = f"{MSK.partition(':cluster/')[0]}:topic/{AREA}/"
    deletable = {
        name.removeprefix(place)
        for each in rights
        for found in on_brokers(each)
        if {"kafka-cluster:DeleteTopic", "kafka-cluster:*", "kafka-cluster:Delete*"} & set(found["Action"])
        for name in found["Resource"]
    }
    assert deletable == (set(catalogue) if stage.ephemeral else set())
    deleting = {acl.name for acl in acls(stage, ConnectorSettings()) if "Delete" in acl.operations}
    assert deleting <= ({*catalogue, *catalogue.groups} if stage.ephemeral else set())
