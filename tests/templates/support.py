"""Settings of a stage as its config would give them, and ways to look into a template."""

import json
from collections.abc import Iterator
from typing import Any

from connector.domain.secrets.brokers import KafkaAuth
from templates import alarms, alerts, connector, events, foundation, functions, network

MSK = "arn:aws:kafka:us-east-1:123456789012:cluster/bigmac/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f-7"
ALB_TLS = {
    "certificate_authority_arn": "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/0a1b2c3d"
}
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:wms/default/"

#: A stage whose names are as long as any stage's: 64 characters, hashed.
LONGEST = "Feature_" + "x" * 48 + ".Branch7"


def data(component: str, stage: str = "main", auth: str = "tls", **changes: Any) -> dict[str, Any]:
    """User data of a component, valid unless `changes` spoil it."""
    common: dict[str, Any] = {"stage": stage}
    roles = {
        **common,
        "iam_path": "/example/",
        "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
        "subnets": ["subnet-0a000000000000001"],
        "kafka_auth": auth,
        "msk_cluster_arn": MSK if auth == "iam" else None,
    }
    database = {
        "endpoints": [["192.0.2.10", 1521]],
        "user_key": "username",
        "password_key": "password",
        "secret_arn": f"{SECRET}dbInfo-AbCdEf",
        "secret_version": "v-dbInfo",
    }
    values: dict[str, dict[str, Any]] = {
        "foundation": {},
        "alerts": {**common, "log_retention_days": 30},
        "network": {
            **common,
            "vpc_id": "vpc-0123456789abcdef0",
            "broker_ports": [[KafkaAuth(auth).port] * 2],
            "broker_cidrs": ["10.1.0.0/24", "10.1.1.0/24"],
            "database": database,
            "subnets": ["subnet-0a000000000000001", "subnet-0a000000000000002"],
        },
        "functions": {
            **roles,
            "secret_prefix": "wms",
            "connector": {},
            "code_key": "lambda/connect-0.zip",
            "log_retention_days": 30,
        },
        "alarms": {**common, "connector": {}, "health_schedule_minutes": 10},
        "events": {**common, "health_schedule_minutes": 10, "secret_prefix": "wms"},
        "connector": {
            **roles,
            "image": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/wms-connector@sha256:{'0' * 64}",
            "task_cpu": 1024,
            "task_memory": 3072,
            "desired_count": 1,
            "secret_prefix": "wms",
            "broker_secret_arn": f"{SECRET}brokerString-AbCdEf",
            "broker_secret_version": "v-brokerString",
            "database": database,
        },
    }
    if auth == "scram":
        values["connector"]["credentials_secret_arn"] = f"{SECRET}kafkaCredentials-AbCdEf"
        values["connector"]["credentials_secret_version"] = "v-kafkaCredentials"
    return {**values[component], **changes}


HANDLERS = {
    "foundation": foundation.sceptre_handler,
    "alerts": alerts.sceptre_handler,
    "network": network.sceptre_handler,
    "functions": functions.sceptre_handler,
    "connector": connector.sceptre_handler,
    "alarms": alarms.sceptre_handler,
    "events": events.sceptre_handler,
}


def text(component: str, stage: str = "main", auth: str = "tls", **changes: Any) -> str:
    """A component's template as Sceptre would send it."""
    return HANDLERS[component](data(component, stage, auth, **changes))


def built(component: str, stage: str = "main", auth: str = "tls", **changes: Any) -> dict[str, Any]:
    """A component's template, parsed."""
    parsed: dict[str, Any] = json.loads(text(component, stage, auth, **changes))
    return parsed


def variants() -> Iterator[tuple[str, str, str]]:
    """(component, stage, auth) for every component, kind of stage and way of authenticating."""
    yield "foundation", "main", "tls"
    for component in HANDLERS:
        if component != "foundation":
            for stage in ("main", "feature.x", LONGEST):
                for auth in KafkaAuth:
                    yield component, stage, auth.value


def rights(template: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """The statements of all policies that a role names."""
    named = template["Resources"][role]["Properties"].get("ManagedPolicyArns", [])
    policies = [template["Resources"][policy["Ref"]]["Properties"] for policy in named]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Logical id -> resource, of one type."""
    return {title: r for title, r in template["Resources"].items() if r["Type"] == kind}


def statements(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(logical id, statement) of every policy in a template, trust and key policies included."""
    for title, resource in template["Resources"].items():
        for document in _documents(resource["Properties"]):
            for statement in document["Statement"]:
                yield title, statement


def _documents(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
            return
        for inner in value.values():
            yield from _documents(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _documents(inner)


def plain(value: Any) -> Any:
    """A value without CloudFormation's wrapping: `Fn::Sub` texts with account facts filled in."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict) and set(value) == {"Fn::Sub"}:
        filled = str(value["Fn::Sub"])
        for name, fact in {"Partition": "aws", "Region": "us-east-1", "AccountId": "123456789012"}.items():
            filled = filled.replace(f"${{AWS::{name}}}", fact)
        return filled
    return value
