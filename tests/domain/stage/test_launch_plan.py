"""What a launch would do, told from two states of its parts."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.oracle_script import SYSTEM_GRANTS, OracleScript
from connector.domain.capture.settings import KINDS, ConnectorSettings
from connector.domain.stage import cost
from connector.domain.stage.launch_plan import (
    STACK,
    Act,
    LaunchPlan,
    PlanPart,
    connector_changes,
    database_rights,
    stack_changes,
    topic_changes,
)
from connector.domain.stage.stage import Stage
from connector.domain.stage.template_diff import differences
from connector.domain.stage.topic_plan import TopicPlan
from tests.support.rendered_config import rendered_group

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_two_values_differ_somewhere_exactly_if_they_are_not_equal(before: Any, after: Any):
    # As JSON: Python takes 1 and True for equal.
    equal = json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    assert bool([*differences(before, after)]) != equal


def template(**properties: Any) -> dict[str, Any]:
    made = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Delay": 1, **properties}}}
    return {"Resources": made, STACK: {"parameters": {"Key": "arn"}, "tags": {}}}


def found(before: Any, after: Any) -> list[tuple[Any, ...]]:
    changes = stack_changes("wms-x-main", before, after)
    return [(c.part, c.action, c.place, c.before, c.after) for c in changes]


def test_a_property_that_differs_is_named_with_both_values():
    assert found(template(), template()) == []
    place = "Resources.Queue.Properties.Delay"
    assert found(template(), template(Delay=2)) == [(PlanPart.STACK, Act.UPDATE, place, 1, 2)]
    assert found(template(), template(Fifo=True)) == [
        (PlanPart.STACK, Act.UPDATE, "Resources.Queue.Properties.Fifo", None, True)
    ]


def test_a_resource_that_comes_or_goes_is_named_by_its_type():
    more = template()
    more["Resources"]["Other"] = {"Type": "AWS::SNS::Topic", "Properties": {"Name": "x"}}
    assert found(template(), more) == [(PlanPart.STACK, Act.CREATE, "Other", None, "AWS::SNS::Topic")]
    assert found(more, template()) == [(PlanPart.STACK, Act.DELETE, "Other", "AWS::SNS::Topic", None)]


def test_a_stack_that_comes_or_goes_is_one_change():
    assert found({}, template()) == [(PlanPart.STACK, Act.CREATE, "", None, "1 resources")]
    assert found(template(), {}) == [(PlanPart.STACK, Act.DELETE, "", None, None)]


def test_parameters_and_tags_are_compared_too():
    other = {**template(), STACK: {"parameters": {"Key": "arn2"}, "tags": {}}}
    assert found(template(), other) == [(PlanPart.STACK, Act.UPDATE, "Stack.parameters.Key", "arn", "arn2")]


def test_a_text_that_is_json_differs_by_what_is_in_it():
    """A function's settings are one variable."""
    before, after = ({"heartbeat_seconds": n, "kind": "debezium"} for n in (10, 60))
    assert found(template(Settings=json.dumps(before)), template(Settings=json.dumps(after))) == [
        (PlanPart.STACK, Act.UPDATE, "Resources.Queue.Properties.Settings.heartbeat_seconds", 10, 60)
    ]


def test_the_image_of_the_workers_is_a_part_of_its_own():
    def task(image: str) -> dict[str, Any]:
        properties = {"ContainerDefinitions": [{"Image": image}]}
        return {"Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}}}

    (change,) = found(task("a"), task("b"))
    assert (change[0], *change[3:]) == (PlanPart.IMAGE, "a", "b")
    assert [each[0] for each in found({}, task("a"))] == [PlanPart.STACK, PlanPart.IMAGE]


def test_the_connectors_keys_and_topics_say_what_is_done_to_them():
    keys: dict[str, list[str | None]] = {"new": [None, "1"], "gone": ["1", None], "other": ["1", "2"]}
    assert [(c.name, c.action) for c in connector_changes(keys)] == [
        ("new", Act.CREATE),
        ("gone", Act.DELETE),
        ("other", Act.UPDATE),
    ]
    spec, *_ = Stage.parse("main").topics.specs("debezium")
    created = (replace(spec, name="a", partitions=1),)
    wanted = TopicPlan(create=created, alter={"b": {"retention.ms": "2"}}, grow={"b": 3})
    topics = wanted.described({"b": 1}, {})
    assert [(c.name, c.action, c.before, c.after) for c in topic_changes(topics)] == [
        ("a", Act.CREATE, None, "created, partitions 1"),
        ("b", Act.UPDATE, "retention.ms unset, partitions 1", "retention.ms 2, partitions 3"),
    ]


def rights(before: ConnectorSettings | None, after: ConnectorSettings) -> list[str]:
    return [change.name for change in database_rights(before, after)]


def test_the_dba_is_asked_for_what_the_launched_settings_did_not_need():
    plain, beating = ConnectorSettings(), ConnectorSettings(heartbeat_table="WMSCDC.BEAT")
    assert rights(plain, plain) == []
    assert rights(beating, plain) == []
    assert rights(plain, beating) == [
        f"{right} ON WMSCDC.BEAT" for right in ("SELECT", "FLASHBACK", "UPDATE")
    ]
    assert rights(plain, ConnectorSettings(kind="jdbc")) == []
    assert {right.name for right in SYSTEM_GRANTS} <= set(rights(None, plain))
    assert "LOGMINING" in rights(ConnectorSettings(kind="jdbc"), plain)


def test_the_rights_are_those_of_the_script():
    """Each is in a GRANT of the script, and each GRANT is among them."""
    for kind in KINDS:
        script = OracleScript(kind, heartbeat_table="" if kind == "jdbc" else "A.B")
        text = "\n".join(
            line for line in script.text(Stage("main")).splitlines() if line.startswith("GRANT ")
        )
        for right in script.grants:
            privilege, _, thing = right.partition(" ON ")
            assert any(privilege in line and thing in line for line in text.splitlines()), right
        privileges = sum(line.partition(" ON ")[0].count(",") + 1 for line in text.splitlines())
        assert len(script.grants) == privileges


# -- cost ----------------------------------------------------------------------------


def templates(group: str) -> list[dict[str, Any]]:
    return [json.loads(text) for text in rendered_group(group).values()]


@pytest.mark.parametrize(("tasks", "secrets"), [(0, 2), (1, 0), (9, 2)])
def test_the_cost_rises_by_what_one_more_worker_costs(tasks: int, secrets: int):
    made = templates("main")
    (service,) = [r for each in made for r in each["Resources"].values() if r["Type"] == "AWS::ECS::Service"]
    totals = []
    for count in (tasks, tasks + 1):
        service["Properties"]["DesiredCount"] = count
        totals.append(cost.total(cost.counted(made, secrets)))
    assert round(totals[1] - totals[0], 6) == round(cost.VCPU.usd + 3 * cost.GIB.usd, 6)


def test_what_does_not_stand_costs_nothing():
    assert cost.total(cost.counted([], 2)) == 0
    foundation = {item.name: item.count for item in cost.counted(templates("foundation"), 0)}
    assert (foundation["metrics"], foundation["vCPU"], foundation["secrets"]) == (0, 0, 0)


def test_settings_of_another_release_do_not_keep_the_cost_from_being_told():
    made = templates("main")
    text = json.dumps(made).replace('\\"heartbeat_seconds\\"', '\\"of_another_release\\"')
    other = json.loads(text)
    assert other != made
    assert cost.settings_in(r for each in other for r in each["Resources"].values()) is None
    assert cost.total(cost.counted(other, 2)) == cost.total(cost.counted(made, 2))


def test_every_price_has_its_page():
    assert all(price.url.startswith("https://aws.amazon.com/") for price in cost.PRICES)


def test_the_plan_as_json_has_the_changes_and_the_cost_of_both_sides():
    items = cost.counted(templates("main"), 2)
    made = LaunchPlan("main", tuple(topic_changes({"a": "created, partitions 1"})), (), items)
    printed = json.loads(json.dumps(made.to_json()))
    assert printed["changes"] == [
        {"part": "topic", "name": "a", "action": "create", "place": "", "before": None}
        | {"after": "created, partitions 1"}
    ]
    assert (printed["cost"]["before"], printed["cost"]["currency"]) == (0, "USD")
    assert printed["cost"]["after"] == round(sum(each["usd"] for each in printed["cost"]["items"]), 2)
