"""How a stage's registered connector config differs from what a launch of this checkout would register."""

from connector.aws import account, calls
from connector.aws.admin_function import NoFunction, invoke
from connector.domain.admin_api import Answer, Operation, Request, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import ServerError
from connector.domain.stage.stage import Stage
from connector.operations.not_deployed import not_deployed


def config_diff(stage: Stage, settings: ConnectorSettings) -> Answer:
    """The function's answer: `differences` has key -> what Connect has and what is wanted.

    Raises `ServerError` for a stage that is not deployed and when the function cannot tell.
    """
    port = account.Account()
    try:
        return answer_with(port, stage, settings, Operation.CONFIG_DIFF)
    except NoFunction:
        raise not_deployed(port, stage, "admin function") from None


def answer_with(port: calls.Port, stage: Stage, settings: ConnectorSettings, operation: Operation) -> Answer:
    """What the stage's function answers when it is asked with the settings of this checkout.

    Raises `NoFunction`, and `ServerError` when the function cannot tell.
    """
    answer = invoke(port, stage, Request(operation, stage=stage.name, settings=settings.to_json()))
    if answer.state is not State.DONE:
        raise ServerError(f"{operation.value} {stage.name}: {answer.summary}")
    return answer
