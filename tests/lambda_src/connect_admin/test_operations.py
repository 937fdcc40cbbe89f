"""An operation is one line of the enum and one row here, and the two fit each other."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from botocore.endpoint import DEFAULT_TIMEOUT

from connector.aws import account
from connector.domain.admin_api import (
    COLD_START_SECONDS,
    FUNCTION_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    REGISTRATION,
    SPARE_SECONDS,
    TEARDOWN,
    Answer,
    CallPolicy,
    Operation,
    State,
)
from lambda_src.connect_admin.operations import ROWS, Row
from lambda_src.connect_health.rotation_run import CHECK_SECONDS
from tests.lambda_src.conftest import FakeStage
from tests.support.fake_lambda_aws import client_error
from tests.templates.support import text

#: Steps whose wait may be shorter than one request: asked again only after a quick answer, as nothing depends
#: on them. Registration asks the cluster again; the workers of a connector end without it, too.
_LEFT_OUT = {Operation.CLUSTER, Operation.TEARDOWN_CONNECTOR}


def problems(rows: Mapping[Operation, Row], policies: Mapping[Operation, CallPolicy]) -> Iterator[str]:
    """What does not fit between the rows and what the callers do."""
    for operation, policy in policies.items():
        row = rows.get(operation)
        if row is None:
            yield f"{operation} has no row"
            continue
        if not 0 < row.seconds <= FUNCTION_TIMEOUT_SECONDS - SPARE_SECONDS:
            yield f"{operation} does not fit into the function's time"
        if policy.wait_seconds and policy.wait_seconds < row.seconds and operation not in _LEFT_OUT:
            yield f"{operation} is given up before one request has been answered"
        if policy.wait_seconds and not policy.repeatable:
            yield f"{operation} would be repeated"
        if policy.procedure is None and not policy.required:
            yield f"{operation} is a step of nothing"


POLICIES = {operation: operation.policy for operation in Operation}


def test_every_operation_has_a_row_that_fits_what_the_callers_do() -> None:
    assert list(problems(ROWS, POLICIES)) == []
    assert set(ROWS) == set(Operation)


def test_an_invocation_is_answered_before_the_caller_invokes_a_second_time() -> None:
    """Sceptre's client has botocore's own time limit, and `Account` a longer one."""
    assert DEFAULT_TIMEOUT == READ_TIMEOUT_SECONDS
    assert account._READ_SECONDS["lambda"] >= READ_TIMEOUT_SECONDS
    assert FUNCTION_TIMEOUT_SECONDS <= 50
    for operation, row in ROWS.items():
        assert COLD_START_SECONDS + row.seconds + SPARE_SECONDS < READ_TIMEOUT_SECONDS, operation
    assert COLD_START_SECONDS + FUNCTION_TIMEOUT_SECONDS < READ_TIMEOUT_SECONDS


def test_lambda_ends_each_function_before_its_caller_gives_up() -> None:
    """The health function is invoked by events, which wait for nobody; a drill is answered at once."""
    made = json.loads(text("functions", "main"))["Resources"].values()
    limits = {
        resource["Properties"]["Handler"].split(".")[1]: resource["Properties"]["Timeout"]
        for resource in made
        if resource["Type"] == "AWS::Lambda::Function"
    }
    assert limits["connect_admin"] == FUNCTION_TIMEOUT_SECONDS
    # For a rotation; Lambda's own limit is 900 s ("Lambda quotas").
    assert CHECK_SECONDS + 60 < limits["connect_health"] <= 900


@pytest.mark.parametrize("operation", Operation)
def test_a_row_that_is_missing_or_too_long_is_found(operation: Operation) -> None:
    without = {key: row for key, row in ROWS.items() if key is not operation}
    assert list(problems(without, POLICIES)) == [f"{operation} has no row"]
    longer = {**ROWS, operation: replace(ROWS[operation], seconds=FUNCTION_TIMEOUT_SECONDS)}
    assert f"{operation} does not fit into the function's time" in list(problems(longer, POLICIES))


@pytest.mark.parametrize("step", [step for step in (*REGISTRATION, *TEARDOWN) if step not in _LEFT_OUT])
def test_a_step_that_is_given_up_too_early_is_found(step: Operation) -> None:
    hasty = {**POLICIES, step: replace(step.policy, wait_seconds=1)}
    assert list(problems(ROWS, hasty)) == [f"{step} is given up before one request has been answered"]


def test_a_wait_for_what_may_not_be_repeated_is_found() -> None:
    under_test = {**POLICIES, Operation.RESTART: replace(Operation.RESTART.policy, wait_seconds=120)}
    assert list(problems(ROWS, under_test)) == ["restart would be repeated"]


def test_each_procedure_has_its_order() -> None:
    assert [step.value for step in REGISTRATION] == [
        "ready",
        "topics",
        "validate",
        "register",
        "verify",
        "record",
    ]
    assert [step.value for step in TEARDOWN] == [
        "retire-mark",
        "retire-connector",
        "retire-workers",
        "retire-topics",
        "retire-groups",
    ]
    assert {o for o in Operation if o.policy.procedure} == {*REGISTRATION, *TEARDOWN}


def test_what_may_not_be_done_twice_and_what_a_teardown_can_do_without() -> None:
    assert {o for o in Operation if not o.policy.repeatable} == {Operation.RESTART}
    optional = {o for o in Operation if not o.policy.required}
    assert optional == {Operation.TEARDOWN_CONNECTOR}


def test_an_answer_says_whether_aws_denied_a_right_and_names_the_action(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The caller repeats such a request right after a change of rights."""
    message = "User: x is not authorized to perform: ecs:DescribeServices"
    refusals = {"AccessDeniedException": True, "ClusterContainsServicesException": False}
    for code, denied in refusals.items():
        world = FakeStage()
        refusal = client_error(code, message)

        def refuse(refusal: Exception = refusal, **_: object) -> object:
            raise refusal

        monkeypatch.setattr(world.ecs, "describe_services", refuse)
        answer = world.ask(Operation.READY)
        assert (answer.state, answer.denied) == (State.FAILED, denied)
        assert "ecs:DescribeServices" in answer.summary
        assert Answer.from_payload(json.loads(json.dumps(answer.to_payload()))).denied is denied


def test_a_secret_that_may_not_be_read_is_a_denial() -> None:
    world = FakeStage()
    world.secrets.values["wms/default/brokerString"] = client_error("AccessDeniedException", "no")
    answer = world.ask(Operation.TOPICS)
    assert (answer.state, answer.denied) == (State.FAILED, True)
    assert "secretsmanager:GetSecretValue" in answer.summary


def test_an_answer_of_an_earlier_release_is_no_denial() -> None:
    assert Answer.from_payload({"state": "failed", "summary": "x"}).denied is False
