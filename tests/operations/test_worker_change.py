"""A launch knows before it happens whether it replaces the workers, and why."""

import json
from typing import Any

from connector.operations.worker_change import compared, reasons, replaced
from tests.support.aws_answers import refuse
from tests.support.fake_aws import FakeAws, FakeStack


def template(count: int = 1, **changed: Any) -> dict[str, Any]:
    container = {
        "Image": "worker:1",
        "Secrets": [{"Name": "DB_PASSWORD", "ValueFrom": "arn:secret:password::v1"}],
        "Environment": [{"Name": "HEAP", "Value": "75"}],
    }
    task = {"Cpu": "1024", "Memory": "3072", "ContainerDefinitions": [{**container, **changed}]}
    service = {"TaskDefinition": {"Ref": "Task"}, "DesiredCount": count}
    return {"Resources": {"Task": {"Properties": task}, "Service": {"Properties": service}}}


def stack(standing: object = None) -> FakeStack:
    connection = FakeAws.ready()
    if standing is not None:
        connection.stacks["wms-connector-main"] = {"StackName": "wms-connector-main"}
        connection.templates["wms-connector-main"] = str(standing)
    return FakeStack("main/connector", "wms-connector-main", connection)


def test_an_equal_template_and_another_number_of_workers_replace_none():
    found = stack(json.dumps(template()))
    assert reasons(found, template) == ()
    assert reasons(found, lambda: template(count=2)) == ()
    assert replaced(found) == ()


def test_what_differs_is_named_by_variable_and_without_a_value():
    secrets = [{"Name": "DB_PASSWORD", "ValueFrom": "arn:secret:password::v2"}]
    found = stack("---\n" + json.dumps(template()))
    assert reasons(found, lambda: template(Image="worker:2", Secrets=secrets)) == ("DB_PASSWORD", "Image")
    assert replaced(found) == ("DB_PASSWORD", "Image")
    assert compared(template(), template(Secrets=[])) == ("DB_PASSWORD",)


def test_a_stack_that_is_not_there_has_no_workers():
    assert reasons(stack(), template) is None


def test_a_template_that_cannot_be_read_is_taken_for_a_change():
    found = stack(json.dumps(template()))
    found.connection_manager.deny(
        "cloudformation", "get_template", refuse("GetTemplate", "AccessDenied", "not allowed")
    )
    assert reasons(found, template) == ("unknown",)
    assert reasons(stack("Resources: {}"), template) == ("unknown",)
