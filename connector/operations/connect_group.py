"""The Connect group that a stage's workers run under, as the template of the connector stack needs it."""

from connector.aws.admin_function import Clock, NoFunction
from connector.domain.admin_api import Operation
from connector.domain.errors import DeadlineExceeded, ServerError
from connector.domain.stage.stage import Stage
from connector.operations.procedure import Ask, Refused, until_done
from connector.operations.signs import Show


def connect_group(stage: Stage, ask: Ask, clock: Clock, show: Show) -> str:
    """The group of a stage, which a launch must not change while the stage lives.

    Only a stage whose name is not its slug can have another group than `Catalogue.connect_group`; nobody is
    asked about the others. Raises `ServerError` when the function refuses to answer.
    """
    catalogue = stage.topics
    if not catalogue.previous_group:
        return catalogue.connect_group
    try:
        answer = until_done(Operation.CONNECT_GROUP, ask, clock, show)
    except NoFunction:
        # The functions stack is made before this one: the stage was never launched.
        return catalogue.connect_group
    except DeadlineExceeded:
        # Only a stage that was never registered needs the brokers to answer: no connector lives there.
        return catalogue.connect_group
    except Refused as error:
        raise ServerError(
            f"the Connect group of stage {stage.name} could not be read: {error}; launch the whole stage"
        ) from None
    return catalogue.using(str(answer.details["group"])).connect_group
