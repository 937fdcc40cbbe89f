import json
from typing import Any

from connector.domain.health.metrics import RULES
from connector.domain.stage.aws_names import RolePart
from connector.domain.stage.stage import Stage
from tests.templates.support import ALB_TLS, built, plain, rights

ADMIN = built("functions")["Resources"]["ConnectAdmin"]["Properties"]


def test_the_admin_function_has_its_contracted_name_and_handler():
    assert ADMIN["FunctionName"] == "wms-connector-main-connect-admin"
    assert ADMIN["Handler"] == "lambda_src.connect_admin.handler.handler"


def test_its_environment_is_the_contracted_one_and_nothing_is_empty():
    variables = ADMIN["Environment"]["Variables"]
    assert {name: value for name, value in variables.items() if name != "CONNECTOR_SETTINGS"} == {
        "STAGE": "main",
        "SECRET_PREFIX": "wms",
        "TABLE_NAME": "wms-connector-main-state",
        "CLUSTER_NAME": "wms-connector-main",
        "SERVICE_NAME": "wms-connector-main",
        "KAFKA_AUTH": "tls",
        "DESIRED_COUNT": "1",
        "ARTIFACT_BUCKET": {"Ref": "ArtifactBucketName"},
    }
    assert json.loads(variables["CONNECTOR_SETTINGS"])["kind"] == "debezium"


def test_the_functions_are_in_the_private_subnets_in_the_groups_client_and_function():
    assert ADMIN["VpcConfig"] == {
        "SubnetIds": ["subnet-0a000000000000001"],
        "SecurityGroupIds": [{"Ref": "ClientSecurityGroupId"}, {"Ref": "FunctionSecurityGroupId"}],
    }


def test_the_table_is_encrypted_forgets_expired_claims_and_named_stages_can_go_back_in_time():
    table = built("functions")["Resources"]["State"]["Properties"]
    assert table["SSESpecification"]["KMSMasterKeyId"] == {"Ref": "KmsKeyArn"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    ephemeral = built("functions", "feature-x")["Resources"]["State"]["Properties"]
    assert ephemeral["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}


def test_rights_on_the_cluster_exist_only_where_iam_authenticates():
    for auth in ("tls", "scram", "plaintext"):
        assert "kafka-cluster:" not in json.dumps(built("functions", auth=auth))
    assert "kafka-cluster:Connect" in json.dumps(built("functions", auth="iam"))


HEALTH = built("functions")["Resources"]["ConnectHealth"]["Properties"]


def test_the_health_function_has_its_contracted_name_and_handler():
    assert HEALTH["FunctionName"] == "wms-connector-main-connect-health"
    assert HEALTH["Handler"] == "lambda_src.connect_health.handler.handler"


def test_every_function_is_reported_the_same():
    assert HEALTH["Environment"] == ADMIN["Environment"]
    assert HEALTH["VpcConfig"] == ADMIN["VpcConfig"]


def test_a_check_that_failed_is_kept_and_not_repeated():
    resources = built("functions")["Resources"]
    assert HEALTH["DeadLetterConfig"] == {"TargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
    assert resources["ConnectHealthCalls"]["Properties"]["MaximumRetryAttempts"] == 0
    queue = resources["DeadLetters"]["Properties"]
    assert (queue["QueueName"], queue["KmsMasterKeyId"]) == (
        "wms-connector-main-dead-letters",
        {"Ref": "KmsKeyArn"},
    )


def test_only_this_stages_rules_may_fill_the_queue():
    policy = built("functions")["Resources"]["DeadLettersPolicy"]["Properties"]["PolicyDocument"]
    (statement,) = (s for s in policy["Statement"] if s["Effect"] == "Allow")
    assert statement["Principal"] == {"Service": ["events.amazonaws.com"]}
    arns = plain(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert [arn.partition(":rule/")[2] for arn in arns] == [f"wms-connector-main-{rule}" for rule in RULES]


def health_rights(**arguments: Any) -> dict[str, Any]:
    return {s["Sid"]: s for s in rights(built("functions", **arguments), "ConnectHealthRole")}


def test_the_health_check_publishes_into_its_namespace_mails_its_topic_and_changes_its_table_only():
    by_sid = health_rights()
    (topic,) = plain(by_sid["MailPeople"]["Resource"])
    assert topic.endswith(":Alerts-wms-alerts-main")
    assert by_sid["KeepState"]["Action"] == ["dynamodb:GetItem", "dynamodb:PutItem"]
    (table,) = plain(by_sid["KeepState"]["Resource"])
    assert table.endswith(":table/wms-connector-main-state")
    assert by_sid["PublishMetrics"]["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": "wms-connector-main/Health"}
    }
    found = json.dumps(by_sid)
    for action in ("dynamodb:UpdateItem", "dynamodb:DeleteItem", "kafka-cluster:"):
        assert action not in found


def test_a_rotation_changes_the_stages_own_service_and_passes_its_own_two_roles_to_ecs_only():
    by_sid = health_rights()
    (service,) = plain(by_sid["ReplaceWorkers"]["Resource"])
    assert service.endswith(":service/wms-connector-main/wms-connector-main")
    (family,) = plain(by_sid["RegisterTaskDefinition"]["Resource"])
    assert family.endswith(":task-definition/wms-connector-main:*")
    names = Stage("main").names
    expected = [f"role/example/{names.role(p, '/example/')}" for p in (RolePart.EXECUTION, RolePart.TASK)]
    passed = plain(by_sid["PassRolesOfWorkers"]["Resource"])
    assert [role.rpartition(":")[2] for role in passed] == expected
    condition = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert by_sid["PassRolesOfWorkers"]["Condition"] == condition


def test_on_the_cluster_the_health_check_sees_heartbeats_and_data_topics_and_reads_the_history_only():
    by_sid = health_rights(auth="iam")
    topics = [arn.rpartition("/")[2] for arn in by_sid["SeeHeartbeat"]["Resource"]]
    assert topics == ["wms.heartbeat", "wms.heartbeat.table", *Stage("main").topics.roles["data"]]
    assert by_sid["SeeHeartbeat"]["Action"] == ["kafka-cluster:DescribeTopic"]
    read = [s["Resource"] for s in by_sid.values() if "kafka-cluster:ReadData" in s["Action"]]
    assert [arn.rpartition("/")[2] for (arn,) in read] == ["wms.schema-changes"]


def test_with_a_load_balancer_functions_speak_to_connect_through_it_and_learn_its_ca_at_run_time():
    found = built("functions", alb_tls=ALB_TLS)["Resources"]["ConnectAdmin"]["Properties"]
    variables = found["Environment"]["Variables"]
    assert variables["CONNECT_URL"] == "https://connect.wms-connector-main.internal"
    assert "CERTIFICATE" not in json.dumps(found)
