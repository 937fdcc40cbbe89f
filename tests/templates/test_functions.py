import json

from tests.templates.support import built

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
    }
    assert json.loads(variables["CONNECTOR_SETTINGS"])["kind"] == "debezium"


def test_it_stands_in_the_private_subnets_as_client_and_function():
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
