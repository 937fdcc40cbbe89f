"""Whose a stack is: any version of ours is known, and anything else is refused with what is known of it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.stage import ownership
from connector.domain.stage.aws_names import COMPONENTS
from connector.domain.stage.ownership import NameClaim, claims, foreign_stack
from connector.domain.stage.stage import Stage
from tests.domain.strategies import stages

GOLDEN = Path(__file__).parents[2] / "templates" / "golden"

#: What stacks of earlier releases carry, from the history of config/ and templates/: description and tags.
RELEASES: dict[str, tuple[str, str, dict[str, str]]] = {
    "first, 20 November 2026": (
        "network",
        "wms-connector {}: who may speak to whom",
        {"project": "wms-connector", "stage": "{}", "ephemeral": "false"},
    ),
    "with owner and expiry": (
        "connector",
        "wms-connector {}: the Kafka Connect worker",
        {
            "project": "wms-connector",
            "stage": "{}",
            "ephemeral": "true",
            "owner": "dev@example.gov",
            "expiry": "2026-12-31",
        },
    ),
    "now": (
        "network",
        "wms-connector {}: which parts may connect to which",
        {"project": "wms-connector", "stage": "{}", "ephemeral": "false"},
    ),
}
WHERE = "account 123456789012, region us-east-1"
FOUNDATION = "wms-connector: what the account has once (key, artifacts, images)"

#: Types with a name property of which AWS has several of one name, or where no launch can touch another's.
NOT_CLAIMED = {
    "AWS::CertificateManager::Certificate": "a domain name may have many certificates",
    "AWS::IAM::ManagedPolicy": "its name ends with a hash that this tool alone makes",
    "AWS::IAM::Role": "its name ends with a hash that this tool alone makes",
    "AWS::ECS::Service": "its name is unique in its cluster, which is claimed",
    "AWS::ECS::TaskDefinition": "a family gets one more revision",
    "AWS::Lambda::EventInvokeConfig": "belongs to a function, which is claimed",
    "AWS::Lambda::Permission": "belongs to a function, which is claimed",
    "AWS::Logs::MetricFilter": "its name is unique in its log group, which is claimed",
    "AWS::Logs::SubscriptionFilter": "its name is unique in its log group, which is claimed",
    "AWS::Route53::HostedZone": "private zones may share a name",
    "AWS::Route53::RecordSet": "belongs to a zone, which is new",
}


def stack(
    name: str, description: str = "", tags: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    """A stack as CloudFormation describes it."""
    found = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    created = datetime(2024, 3, 5, tzinfo=UTC)
    return {
        "StackName": name,
        "StackStatus": "CREATE_COMPLETE",
        "CreationTime": created,
        "Tags": found,
        **({"Description": description} if description else {}),
        **more,
    }


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("marks", ["both", "tags", "description"])
@given(stage=stages)
def test_a_stack_of_any_release_is_ours_by_its_tags_or_by_its_description(
    release: str, marks: str, stage: Stage
):
    component, description, tags = RELEASES[release]
    own = {key: value.format(stage.name) for key, value in tags.items()}
    made = stack(
        stage.names.stack(component),
        "" if marks == "tags" else description.format(stage.name),
        {"project": "removed"} if marks == "description" else own,
    )
    assert foreign_stack(stage, made) is None


@given(stages, st.sampled_from(COMPONENTS), st.text(), st.dictionaries(st.text(min_size=1), st.text()))
def test_any_other_stack_is_foreign_and_its_owner_is_named_in_one_line(
    stage: Stage, component: str, description: str, tags: dict[str, str]
):
    name = stage.names.stack(component)
    found = foreign_stack(stage, stack(name, description, tags))
    ours = tags.get("project") == "wms-connector" and tags.get("stage") == stage.name
    if ours or description in ownership.descriptions(stage):
        assert found is None
        return
    assert found is not None
    line = found.refusal(stage, WHERE)
    assert line.startswith(f"stack {name} was not made by this tool (created 2024-03-05; ")
    assert line.isprintable()
    assert f"nothing was changed in {WHERE}. " in line
    assert "docs/migration.md" in line
    assert f"adopt {stage.name} --plan" in line


@given(stages, stages)
def test_the_stack_of_another_stage_is_foreign_whatever_its_name(stage: Stage, other: Stage):
    made = stack(
        stage.names.stack("alerts"),
        f"wms-connector {other.name}: alerts and the worker's log group",
        {"project": "wms-connector", "stage": other.name},
    )
    assert (foreign_stack(stage, made) is None) == (stage == other)


def test_what_cdk_made_is_not_ours_whatever_its_tags_are():
    main = Stage.parse("main")
    parameter = {"ParameterKey": "BootstrapVersion", "ParameterValue": "/cdk-bootstrap/hnb659fds/version"}
    tags = {"project": "wms-connector", "stage": "main"}
    found = foreign_stack(main, stack("wms-connector-main", "x", tags, Parameters=[parameter]))
    assert found is not None
    assert found.owner.endswith("made by AWS CDK")


def test_the_foundation_is_known_by_its_tag_or_its_description():
    assert foreign_stack(None, stack("wms-foundation", FOUNDATION)) is None
    assert foreign_stack(None, stack("wms-foundation", "", {"project": "wms-connector"})) is None
    other = foreign_stack(None, stack("wms-foundation", "a landing zone", {"team": "cloud"}))
    assert other is not None
    assert "description 'a landing zone'; tags team=cloud" in other.refusal(None, WHERE)
    assert "adopt" not in other.refusal(None, WHERE)


def test_a_stack_without_any_mark_is_described_as_such():
    found = foreign_stack(Stage.parse("main"), {"StackName": "wms-alerts-main"})
    assert found is not None
    assert found.owner == "created at an unknown time; no description; no tags"


def test_of_many_and_long_tags_a_message_repeats_the_first_ones():
    tags = {f"key-{number}": "v" * 256 for number in range(50)}
    found = foreign_stack(Stage.parse("main"), stack("wms-alerts-main", "d" * 1024, tags))
    assert found is not None
    assert "and 45 more" in found.owner
    assert len(found.owner) < 700


def golden() -> list[tuple[str, str, dict[str, Any]]]:
    """(stage, component, template) of every reviewed template."""
    return [
        (path.parent.name, path.stem, json.loads(path.read_text()))
        for path in sorted(GOLDEN.glob("*/*.json"))
    ]


@pytest.mark.parametrize(("group", "component", "template"), golden())
def test_the_description_that_a_template_has_now_is_known(
    group: str, component: str, template: dict[str, Any]
):
    if component == "foundation":
        assert template["Description"] in ownership.descriptions(None)
        return
    stage = template["Description"].removeprefix("wms-connector ").partition(": ")[0]
    assert template["Description"] in ownership.descriptions(Stage.parse(stage))


@pytest.mark.parametrize(("group", "component", "template"), golden())
def test_every_name_that_a_template_gives_is_claimed_or_needs_no_claim(
    group: str, component: str, template: dict[str, Any]
):
    named = {
        (resource["Type"], value)
        for resource in template["Resources"].values()
        for key, value in resource.get("Properties", {}).items()
        if isinstance(value, str)
        and (key.endswith("Name") or key == "Family")
        and key not in ("MetricName", "DisplayName")
        and resource["Type"] not in NOT_CLAIMED
    }
    assert {(claim.kind, claim.name) for claim in claims(template)} == named


def test_a_collision_names_the_first_things_and_counts_the_rest():
    taken = [NameClaim("AWS::SQS::Queue", f"q{number}") for number in range(5)]
    line = ownership.collision(Stage.parse("main"), taken, WHERE)
    assert line.startswith("queue q0, queue q1, queue q2 and 2 more exist already, in no stack of this tool")
    one = ownership.collision(None, taken[:1], WHERE)
    assert one.startswith("queue q0 exists already, in no stack of this tool, so stack wms-foundation cannot")
