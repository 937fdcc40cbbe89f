"""A resource with a name of its own keeps everything that it can only get when it is created.

CloudFormation replaces a resource for such a change, and creates the new one first. Where the name is given,
it is taken: the update fails ("already exists", or "cannot update a stack when a custom-named resource
requires replacing") and is rolled back, on every stage that stands, and on no emulator. The same happens if
a resource with a name moves to another logical id or to another stack. Which properties those are is in
CloudFormation's resource schemas, which cfn-lint carries.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from tests.support.rendered_config import rendered
from tests.templates.support import ALB_TLS, text

pytestmark = pytest.mark.no_cover

GOLDEN = Path(__file__).parent / "golden" / "create_only.json"
RENDERED = rendered()
#: The stacks of the account, of a named stage, and of a stage with a load balancer.
STACKS: Mapping[str, Mapping[str, str]] = {
    "foundation": RENDERED["foundation"],
    "main": RENDERED["main"],
    "feature.x": {"network": text("network", "feature.x", alb_tls=ALB_TLS)},
}

#: What an operator's settings decide, not the code. Another VPC has room for a group of the same name.
OF_SETTINGS = {"VpcId"}
#: Named, but not by a name that only one may have: a new revision or certificate stands beside the old one.
NOT_TAKEN = {
    ("AWS::ECS::TaskDefinition", "Family"),
    ("AWS::CertificateManager::Certificate", "DomainName"),
}

#: Name of a resource -> where it is and what it was created with.
Named = dict[str, dict[str, Any]]


def create_only(kind: str) -> tuple[str, ...]:
    """Top-level properties that this kind gets at its creation, or whose change may replace it."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    pointers = (*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ()))
    return tuple(sorted({pointer.split("/")[2] for pointer in pointers}))


def name_of(kind: str, properties: Mapping[str, Any]) -> str | None:
    """The name that the template gives, if it gives one: a text, which no other resource may have."""
    for key in create_only(kind):
        given = key.endswith("Name") or key in ("Name", "Family")
        if given and (kind, key) not in NOT_TAKEN and isinstance(properties.get(key), str):
            return str(properties[key])
    return None


def named(stacks: Mapping[str, str]) -> Named:
    found: Named = {}
    for component, body in stacks.items():
        for logical, resource in json.loads(body)["Resources"].items():
            kind, properties = resource["Type"], resource.get("Properties", {})
            name = name_of(kind, properties)
            if name is None:
                continue
            key = f"{kind} {name}"
            assert key not in found, f"{component} and {found[key]['stack']} both make {key}"
            kept = {p: properties[p] for p in create_only(kind) if p in properties and p not in OF_SETTINGS}
            found[key] = {"stack": component, "resource": logical, "create_only": kept}
    return found


def problems(before: Named, now: Named) -> Iterator[str]:
    """What would fail on AWS, where `before` stands."""
    fails = "On AWS the new one is created first and fails: a resource of this name already exists."
    for key in sorted(before.keys() & now.keys()):
        old, new = before[key], now[key]
        for part in ("stack", "resource"):
            if old[part] != new[part]:
                moved = f"moved from the {part} {old[part]} to {new[part]}"
                yield f"{key}: {moved}. {fails} Leave it where it is, or give it another name"
        for name in sorted(old["create_only"].keys() | new["create_only"].keys()):
            was, is_ = (found["create_only"].get(name) for found in (old, new))
            if was != is_:
                changes = f"{name} changes from {was!r} to {is_!r}, which replaces the resource"
                yield f"{key}: {changes}. {fails} Leave the value, or give the resource another name"


def test_no_resource_with_a_name_would_have_to_be_replaced(request: pytest.FixtureRequest):
    now = {stage: named(stacks) for stage, stacks in STACKS.items()}
    before = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    found = [problem for stage in now for problem in problems(before.get(stage, {}), now[stage])]
    # Not even --rewrite-golden takes it: whoever means it removes the entry from the file by hand.
    assert not found, "\n".join(found)
    text_now = json.dumps(now, indent=2, sort_keys=True) + "\n"
    if request.config.getoption("--rewrite-golden"):
        GOLDEN.write_text(text_now, encoding="utf-8")
    assert GOLDEN.read_text() == text_now, (
        "resources with names were added or removed; run pytest with --rewrite-golden and review"
    )


def test_the_resources_whose_names_are_taken_are_among_them():
    found = {key.split()[0] for stacks in STACKS.values() for key in named(stacks)}
    assert found >= {
        *("AWS::DynamoDB::Table", "AWS::EC2::SecurityGroup", "AWS::ECR::Repository", "AWS::ECS::Cluster"),
        *("AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::SQS::Queue"),
        *("AWS::Events::Rule", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::KMS::Alias"),
    }


def reworded(body: str, old: str, new: str) -> Named:
    assert old in body
    return named({"network": body.replace(old, new)})


def test_a_reworded_description_of_a_security_group_is_found():
    body = STACKS["main"]["network"]
    (problem,) = problems(named({"network": body}), reworded(body, ": tasks and Lambdas", ": tasks, Lambdas"))
    assert "wms-connector-main-client: GroupDescription changes from" in problem
    assert "already exists" in problem


def test_a_resource_that_moves_is_found():
    body = STACKS["main"]["network"]
    before = named({"network": body})
    renamed = reworded(body, '"Client"', '"Clients"')
    assert "moved from the resource Client to Clients" in next(problems(before, renamed))
    assert "moved from the stack network to other" in next(problems(before, named({"other": body})))


def test_what_can_be_changed_later_may_change():
    body = STACKS["main"]["network"]
    assert not [*problems(named({"network": body}), reworded(body, "AWS services", "AWS"))]
    assert not [*problems(named({"network": body}), {})], "a resource may go"
