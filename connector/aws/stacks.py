"""CloudFormation's stacks, through whatever connection the caller has: Sceptre's or the environment's."""

from collections.abc import Mapping
from typing import Any

from connector.aws import calls
from connector.aws.place import place
from connector.domain.errors import OperatorError, ServerError
from connector.domain.stage import aws_names, stack_states


def stack_outputs(connection: calls.Port, stack_name: str) -> Mapping[str, str] | None:
    """The outputs of a stack; None when it does not exist or was never complete."""
    return _outputs(describe_stack(connection, stack_name))


def _outputs(description: Mapping[str, Any] | None) -> Mapping[str, str] | None:
    if description is None or description["StackStatus"] in NEVER_COMPLETED:
        return None
    return {o["OutputKey"]: o["OutputValue"] for o in description.get("Outputs", [])}


#: States of a stack that was never complete: nothing in it is worth protecting.
NEVER_COMPLETED = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")

#: States without outputs that no launch of the foundation leads out of at this moment.
_WITHOUT_OUTPUTS = (
    *("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"),
    *("ROLLBACK_FAILED", "DELETE_FAILED"),
)


def describe_stack(connection: calls.Port, stack_name: str) -> Mapping[str, Any] | None:
    """CloudFormation's description of one stack, or None when there is none."""
    answer = calls.find(connection, "cloudformation", "describe_stacks", {"StackName": stack_name})
    stacks = answer["Stacks"] if answer else ()
    description: Mapping[str, Any] | None = stacks[0] if stacks else None
    return description


def foundation_outputs(connection: calls.Port) -> Mapping[str, str]:
    """The outputs of the account's foundation stack; raises when it has not been launched."""
    name = aws_names.FOUNDATION_STACK
    description = describe_stack(connection, name)
    status = "" if description is None else str(description["StackStatus"])
    if status in _WITHOUT_OUTPUTS:
        step = stack_states.next_step(None, name, status)
        raise ServerError(f"stack {name} is {status}; nothing was changed. Next: {step}")
    outputs = _outputs(description)
    if outputs is None:
        raise OperatorError(
            f"stack {aws_names.FOUNDATION_STACK} does not exist in {place(connection)}; run "
            "`sceptre launch foundation` once, then launch the stage again"
        )
    return outputs


def foundation_output(connection: calls.Port, key: str) -> str:
    """One output of the foundation stack."""
    outputs = foundation_outputs(connection)
    if key not in outputs:
        raise ServerError(
            f"stack {aws_names.FOUNDATION_STACK} has no output {key}; "
            "run `sceptre launch foundation` to update it"
        )
    return outputs[key]
