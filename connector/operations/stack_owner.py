"""Refuse to work on a stage while stacks of its names are somebody else's."""

from connector.aws import calls, stacks
from connector.aws.place import place
from connector.domain.errors import OperatorError
from connector.domain.stage.ownership import ForeignStack, foreign_stack
from connector.domain.stage.stage import Stage


def foreign_stacks(port: calls.Port, stage: Stage) -> list[ForeignStack]:
    """The stacks that have a name of the stage and are not ours."""
    found = []
    with calls.errors():
        for name in stage.names.stacks.values():
            description = stacks.describe_stack(port, name)
            if description is not None and description["StackStatus"] != "DELETE_COMPLETE":
                found.append(foreign_stack(stage, description))
    return [other for other in found if other is not None]


def refuse_foreign(port: calls.Port, stage: Stage) -> None:
    """Raise `OperatorError` if a stack of the stage's names is not ours."""
    for other in foreign_stacks(port, stage):
        raise OperatorError(other.refusal(stage, place(port)))
