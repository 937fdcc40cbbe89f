"""The table of calls has a row for each call that the Lambdas' code makes, and none that nothing makes."""

import ast
import importlib
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from connector.domain.access.call import AwsCall, AwsScope, Caller
from connector.domain.stage.stage import Stage
from tests.support.iam.calls_in_code import operations_by_package
from tests.templates.role_rights import DeployedStage

ROOT = Path(__file__).parents[3]
CALLERS = {"connect_admin": Caller.ADMIN_FUNCTION, "connect_health": Caller.HEALTH_FUNCTION}
CALLS = tuple(call for name in ("main", "a.b") for call in DeployedStage(Stage(name)).calls)

#: What the code of a package could call and never does, with the reason.
NEVER_MADE = {
    ("connect_admin", "logs", "filter_log_events"): "every observation of the admin function is given the log"
}


@pytest.mark.parametrize("package", CALLERS)
def test_the_table_has_exactly_the_calls_that_the_code_makes(package: str):
    made = {call for call in operations_by_package(ROOT)[package] if (package, *call) not in NEVER_MADE}
    rows = {
        (call.service, call.operation) for call in CALLS if call.caller is CALLERS[package] and call.operation
    }
    assert rows == made


def test_the_admin_function_never_reads_the_log_itself():
    observed = [
        {keyword.arg for keyword in node.keywords}
        for path in (ROOT / "lambda_src/connect_admin").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "observe"
    ]
    assert observed
    assert all("logs" in keywords for keywords in observed)


@pytest.mark.parametrize("code", ["lambda_src/clients/x.py", "lambda_src/connect_health/act.py"])
def test_a_call_without_a_row_is_found(tmp_path: Path, code: str):
    """In a module that the health check does not import, a call is nobody's: so one is added where it is."""
    for path in (ROOT / "lambda_src").rglob("*.py"):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    before = operations_by_package(tmp_path)
    with (tmp_path / code).open("a", encoding="utf-8") as file:
        file.write(
            "import boto3\nfrom typing import Protocol, cast\n\n"
            'class Queue(Protocol):\n    """The part of boto3\'s client that is used here."""\n\n'
            "    def receive_message(self): ...\n\n"
            'def poll():\n    return cast(Queue, boto3.client("sqs")).receive_message()\n'
        )
    after = operations_by_package(tmp_path)
    added = {("sqs", "receive_message")}
    assert after["connect_admin"] == before["connect_admin"]
    reached = added if "connect_health" in code else set()
    assert after["connect_health"] == before["connect_health"] | reached


def test_an_operation_is_one_of_botocores():
    for service, operation in {(call.service, call.operation) for call in CALLS if call.operation}:
        model = botocore.session.get_session().get_service_model(service)
        assert operation in {xform_name(name) for name in model.operation_names}, (service, operation)


def test_an_action_is_one_of_iams():
    """By awacs, which has the actions of the service authorization reference."""
    for prefix, name in {tuple(call.action.split(":")) for call in CALLS}:
        service = importlib.import_module(f"awacs.{prefix.replace('-', '_')}")
        assert hasattr(service, name), f"{prefix}:{name}"


def test_only_what_is_said_to_be_uncertain_is_judged_by_everything_or_by_one():
    uncertain = {call.action for call in CALLS if call.uncertain}
    assert uncertain == {"ecs:ListTasks", "logs:FilterLogEvents"}
    assert all(len(call.resources) > 1 for call in CALLS if call.uncertain)


@pytest.mark.parametrize(
    ("action", "resources", "source"),
    [
        ("ecs:*", ("*",), "x"),
        ("ListTasks", ("*",), "x"),
        ("ecs:ListTasks", (), "x"),
        ("ecs:ListTasks", ("*",), ""),
    ],
)
def test_a_row_is_one_action_with_resources_and_a_source(
    action: str, resources: tuple[str, ...], source: str
):
    with pytest.raises(ValueError, match=r"is not one IAM action|no resource or no source"):
        AwsCall(Caller.DEPLOYER, "ecs", "list_tasks", action, resources, source)


def test_iams_own_resources_have_no_region():
    scope = AwsScope("aws-us-gov", "us-gov-west-1", "123456789012")
    assert scope.global_arn("iam", "role/x") == "arn:aws-us-gov:iam::123456789012:role/x"
    assert scope.arn("sqs", "q") == "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q"
