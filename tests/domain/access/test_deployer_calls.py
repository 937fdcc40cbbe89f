"""The deployer's table has a row for each call of hooks, resolvers, commands and Sceptre, and no other."""

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import botocore.session
import pytest
import sceptre.plan.actions
from botocore import xform_name

from connector.domain.access.call import AwsScope, Caller
from connector.domain.access.deployer import Deployer, Target, arns
from connector.domain.access.deployer_calls import CALLS, WITHOUT_RIGHTS, rows
from connector.domain.stage.stage import Stage

ROOT = Path(__file__).parents[3]
SCOPE = AwsScope("aws", "us-east-1", "123456789012")
Call = tuple[str, str]

#: What Sceptre could call and no command of ours makes it, with the reason.
NEVER_BY_SCEPTRE = {
    **dict.fromkeys(
        (
            *("create_change_set", "delete_change_set", "describe_change_set"),
            *("execute_change_set", "list_change_sets"),
        ),
        "change sets are refused by a hook",
    ),
    **dict.fromkeys(
        ("set_stack_policy", "get_stack_policy"), "stacks have no policy; `set-policy` is nobody's work here"
    ),
    **dict.fromkeys(
        (
            *("detect_stack_drift", "describe_stack_drift_detection_status"),
            *("describe_stack_resource_drifts", "estimate_template_cost"),
        ),
        "no document tells anybody to use these commands",
    ),
    "cancel_update_stack": "only after a time limit, and no stack file sets one",
    "continue_update_rollback": "only for a stack whose rollback got stuck; the administrator does that",
}


def _pairs(tree: ast.AST) -> Iterator[Call]:
    """Every (service, operation) of boto3 that stands as two neighbouring texts in a call or a tuple."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call | ast.Tuple):
            inside = node.args if isinstance(node, ast.Call) else node.elts
            texts = [a.value if isinstance(a, ast.Constant) else None for a in inside]
            for service, operation in pairwise(texts):
                if (
                    isinstance(service, str)
                    and isinstance(operation, str)
                    and operation in _operations(service)
                ):
                    yield service, operation


@cache
def _session() -> tuple[botocore.session.Session, frozenset[str]]:
    """A session, and the services that botocore knows: a second's work, and any text could be one's name."""
    session = botocore.session.get_session()
    return session, frozenset(session.get_available_services())


@cache
def _operations(service: str) -> frozenset[str]:
    session, known = _session()
    if service not in known:
        return frozenset()
    return frozenset(map(xform_name, session.get_service_model(service).operation_names))


def _made(root: Path) -> set[Call]:
    """What the code outside the Lambdas calls; the local world and the table itself are no callers."""
    found: set[Call] = set()
    for folder in ("connector", "hooks", "resolvers"):
        for path in (root / folder).rglob("*.py"):
            if not {"local", "access"} & set(path.relative_to(root).parts):
                found |= set(_pairs(ast.parse(path.read_text(encoding="utf-8"))))
    return found


def _by_sceptre() -> set[Call]:
    tree = ast.parse(Path(sceptre.plan.actions.__file__).read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
            if "service" in given and "command" in given:
                found.add((str(given["service"]), str(given["command"])))
    return found


def test_the_table_has_exactly_the_calls_that_are_made():
    made = _made(ROOT) | {call for call in _by_sceptre() if call[1] not in NEVER_BY_SCEPTRE}
    rows_of = {(call.service, call.operation) for call in CALLS if call.operation}
    assert rows_of | set(WITHOUT_RIGHTS) == made
    assert set(NEVER_BY_SCEPTRE) <= {operation for _, operation in _by_sceptre()}


@pytest.mark.parametrize(
    "code",
    [
        'port.call("iam", "create_user", {})',
        'calls.pages(port, "kms", "list_keys")',
        'self._remove("sns", "delete_topic", "topic", TopicArn=arn)',
    ],
)
def test_a_call_without_a_row_is_found(tmp_path: Path, code: str):
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "new.py").write_text(code, encoding="utf-8")
    (call,) = _made(tmp_path)
    assert call not in {(row.service, row.operation) for row in CALLS}


def test_no_call_hides_its_service_or_operation_in_a_variable():
    """What passes them on is known by name: the ports, and what removes the two parts of a listener."""
    passed = set()
    for folder in ("connector", "hooks", "resolvers"):
        for path in (ROOT / folder).rglob("*.py"):
            if "local" not in path.parts:
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if (
                        isinstance(node, ast.Call)
                        and isinstance(node.func, ast.Attribute)
                        and node.func.attr == "call"
                    ):
                        first = node.args[0] if node.args else None
                        if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                            passed.add(path.relative_to(ROOT).as_posix())
    assert passed == {"connector/aws/calls.py", "connector/aws/topic_listener.py"}


def test_an_action_is_one_of_iams():
    """By awacs, which has the actions of the service authorization reference."""
    for prefix, name in {tuple(call.action.split(":")) for call in CALLS}:
        service = importlib.import_module(f"awacs.{'awslambda' if prefix == 'lambda' else prefix}")
        assert hasattr(service, name), f"{prefix}:{name}"


@pytest.mark.parametrize("stage", ["main", "main-x", None])
def test_the_rows_stand_in_the_table_of_all_callers(stage: str | None):
    found = list(rows(Deployer(SCOPE, Stage.parse(stage) if stage else None)))
    assert {row.caller for row in found} == {Caller.DEPLOYER}
    assert {row.operation for row in found} >= {
        "create_stack",
        "invoke",
        "get_secret_value",
        "describe_images",
    }
    tears_down = "list_task_definitions" in {row.operation for row in found}
    assert tears_down is (stage != "main")


def test_every_kind_of_resource_has_its_arns():
    for deployer in (
        Deployer(SCOPE, Stage.parse("main")),
        Deployer(SCOPE, None),
        Deployer(SCOPE, None, foundation=True),
    ):
        for target in Target:
            found = arns(target, deployer)
            assert found or target in (
                *(Target.SECRETS_KEY, Target.SECRETS_KEY_LOOKUP),
                *([Target.KEY_LOOKUP] if deployer.foundation else []),
            )
            assert all(arn == "*" or arn.count(":") >= 5 for arn in found)
