"""An operation is one line of the enum and one row here, and the two fit each other."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from connector.domain.admin_api import FUNCTION_TIMEOUT_SECONDS, REGISTRATION, TEARDOWN, CallPolicy, Operation
from lambda_src.connect_admin.operations import ROWS, Row

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
        # What is kept back to log and to answer.
        if not 0 < row.seconds <= FUNCTION_TIMEOUT_SECONDS - 4:
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
    assert {o for o in Operation if not o.policy.repeatable} == {Operation.RESTART, Operation.SNAPSHOT}
    optional = {o for o in Operation if not o.policy.required}
    assert optional == {Operation.TEARDOWN_CONNECTOR}
