"""The table of exceptions: written out on each resource that needs one, and nowhere else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from templates.shared.exceptions import EXCEPTIONS, GateException
from tests.templates.support import ALB_TLS, LONGEST, built, text, variants
from tools.gates.judge import without_exceptions

#: Everything that is rendered in tests, and the balancer.
BUILT = [
    *(built(*variant) for variant in variants()),
    *(built("network", stage, alb_tls=ALB_TLS) for stage in ("main", LONGEST)),
]


def resources() -> Iterator[dict[str, Any]]:
    for template in BUILT:
        yield from template["Resources"].values()


def written(resource: dict[str, Any]) -> list[tuple[str, str]]:
    """(rule, reason) of every exception of a resource, of both tools."""
    metadata = resource.get("Metadata", {})
    return [
        *((entry["id"], entry["comment"]) for entry in metadata.get("checkov", {}).get("skip", [])),
        *(
            (entry["id"], entry["reason"])
            for entry in metadata.get("cdk_nag", {}).get("rules_to_suppress", [])
        ),
    ]


def properties(kind: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in resources() if resource["Type"] == kind]


@pytest.mark.parametrize("row", EXCEPTIONS, ids=lambda row: f"{row.kind} {(row.checkov + row.nist)[0]}")
def test_each_row_has_a_rule_and_whole_sentences(row: GateException):
    assert row.checkov or row.nist
    assert row.reason.endswith(".")
    assert row.reason[0].isupper()
    assert len(row.reason.split()) >= 10


#: Nothing here can show the balancer of a stage that says it is unprotected before network says so.
SAID_ELSEWHERE = {"ELBDeletionProtectionEnabled"}


@pytest.mark.parametrize("row", EXCEPTIONS, ids=lambda row: f"{row.kind} {(row.checkov + row.nist)[0]}")
def test_each_row_is_needed_by_a_resource(row: GateException):
    if set(row.nist) & SAID_ELSEWHERE:
        attributes = [{"Key": "deletion_protection.enabled", "Value": "false"}]
        assert row.needed({"LoadBalancerAttributes": attributes})
        assert not row.needed({"LoadBalancerAttributes": []})
        return
    assert any(row.needed(found) for found in properties(row.kind))


def test_a_resource_is_excused_from_a_rule_once():
    for resource in resources():
        rules = [rule for rule, _ in written(resource)]
        assert len(set(rules)) == len(rules), rules


def test_only_what_needs_an_exception_has_one():
    """The health function has a dead-letter queue, the main stage's table a backup, the artifacts a log."""
    of = {
        (component, title): [rule for rule, _ in written(resource)]
        for component in ("functions", "foundation")
        for title, resource in built(component)["Resources"].items()
    }
    assert "CKV_AWS_116" in of["functions", "ConnectAdmin"]
    assert "CKV_AWS_116" not in of["functions", "ConnectHealth"]
    assert of["functions", "State"] == ["NIST.800.53.R5-DynamoDBInBackupPlan"]
    assert "CKV_AWS_18" in of["foundation", "AccessLogs"]
    assert "CKV_AWS_18" not in of["foundation", "Artifacts"]
    assert of["functions", "DeadLetters"] == []


@pytest.mark.parametrize("component", ["functions", "foundation", "network", "alarms"])
def test_exceptions_are_metadata_and_change_nothing_else(component: str):
    template = json.loads(text(component))
    without = json.loads(without_exceptions(text(component)))
    for resource in (*template["Resources"].values(), *without["Resources"].values()):
        resource.pop("Metadata", None)
    assert without == template
