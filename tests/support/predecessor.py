"""An account in which the predecessor runs stage main, as far as it is known, with made-up values."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.support.fake_aws import GOOD_SECRETS, OWNER, FakeAws

STACK = "wms-connector-main"
LOG_GROUP = "/aws/fargate/wms-connector-main-kafka-connect"
_DEFINITION = f"arn:aws:ecs:us-east-1:{OWNER}:task-definition/wms-connector-main:7"
_CREATED = datetime(2025, 3, 5, 9, 30, tzinfo=UTC)

PASSWORD = "predecessors-passw0rd"
BROKERS = "broker-9.bigmac.example:9098"
#: What no command may print of it.
CONFIDENTIAL = (PASSWORD, "predecessors-user", BROKERS, "10.9.8.7", "WMSSID")

DB_INFO = {"ip": "10.9.8.7", "port": 1521, "db": "WMSSID", "user": "predecessors-user", "password": PASSWORD}
TOPICS = (
    *("aws.wms.cdc.PLAN_BASE_WVR_TBL", "aws.wms.cdc.PLAN_WVR_RVSN_TBL"),
    *("mgmt.connect.wms-connector-main.config", "orders"),
)
CONNECTOR: dict[str, str] = {
    "name": "wms-oracle-cdc",
    "connector.class": "io.confluent.connect.jdbc.JdbcSourceConnector",
    "connection.url": "jdbc:oracle:thin:@10.9.8.7:1521:WMSSID",
    "connection.user": "predecessors-user",
    "connection.password": PASSWORD,
    "mode": "timestamp",
    "timestamp.column.name": "SYS_ADD_TS",
    "poll.interval.ms": "2000",
    "topic.prefix": "aws.wms.cdc.",
}


def predecessor() -> FakeAws:
    """Its two stacks, its service, its secrets and its log group."""
    aws = FakeAws()
    aws.secrets = {
        f"mmdl/main/{name}": text for name, text in GOOD_SECRETS.items() if name not in ("vpc", "alertEmails")
    }
    aws.secrets |= {f"mmdl/default/{name}": GOOD_SECRETS[name] for name in ("vpc", "alertEmails")}
    aws.secrets |= {"mmdl/main/dbInfo": json.dumps(DB_INFO), "mmdl/main/brokerString": BROKERS}
    for name, resources in (
        ("wms-alerts-main", [("AWS::SNS::Topic", f"arn:aws:sns:us-east-1:{OWNER}:Alerts-wms-alerts-main")]),
        (
            STACK,
            [
                ("AWS::ECS::Cluster", STACK),
                ("AWS::ECS::Service", f"arn:aws:ecs:us-east-1:{OWNER}:service/{STACK}/{STACK}"),
                ("AWS::Logs::LogGroup", LOG_GROUP),
            ],
        ),
    ):
        aws.stacks[name] = _stack(name)
        aws.resources[name] = [
            {"LogicalResourceId": id_, "ResourceType": kind, "PhysicalResourceId": id_}
            for kind, id_ in resources
        ]
    aws.services[STACK] = {
        "serviceName": STACK,
        "clusterArn": STACK,
        "desiredCount": 1,
        "runningCount": 1,
        "taskDefinition": _DEFINITION,
    }
    aws.task_definitions[_DEFINITION] = {
        "cpu": "1024",
        "memory": "3072",
        "containerDefinitions": [
            {
                "image": "connect.example/worker:7",
                "environment": [
                    {"name": "CONNECT_GROUP_ID", "value": "mgmt.connect.wms-connector-main"},
                    {"name": "CONNECT_VALUE_CONVERTER_SCHEMAS_ENABLE", "value": "true"},
                    {"name": "DB_PASSWORD", "value": PASSWORD},
                ],
                "secrets": [{"name": "CONNECT_BOOTSTRAP_SERVERS", "valueFrom": "arn"}],
            }
        ],
    }
    aws.names = {
        "AWS::Logs::LogGroup": {LOG_GROUP},
        "AWS::ECS::Cluster": {STACK},
        "AWS::SNS::Topic": {"Alerts-wms-alerts-main"},
    }
    return aws


def _stack(name: str) -> dict[str, Any]:
    return {
        "StackName": name,
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": _CREATED,
        "EnableTerminationProtection": name == STACK,
        "Tags": [{"Key": "team", "Value": "streaming"}],
        "Parameters": [{"ParameterKey": "BootstrapVersion", "ParameterValue": "/cdk-bootstrap/x/version"}],
    }
