"""A request of an operator to a stage's admin function, with one line for each error."""

from connector.aws import account
from connector.aws.admin_function import Clock, NoFunction, invoke
from connector.domain.admin_api import Answer, Request
from connector.domain.errors import ServerError
from connector.domain.stage.stage import Stage
from connector.operations.not_deployed import not_deployed
from connector.operations.procedure import Ask, Overdue, Refused, until_done
from connector.operations.signs import Show


def asker(stage: Stage, request: Request) -> Ask:
    """Sends one request, whatever the operation; `NoFunction` says that the stage is not deployed."""
    # What must not be done twice is not asked twice either, when the answer to it is lost.
    port = account.Account(attempts={} if request.operation.policy.repeatable else {"lambda": 1})

    def ask(_: object) -> Answer:
        try:
            return invoke(port, stage, request)
        except NoFunction:
            raise not_deployed(port, stage, "admin function") from None

    return ask


def done(stage: Stage, request: Request, *, show: Show = lambda _: None) -> Answer:
    """The answer, once it is done; anything else is a `ServerError`."""
    operation = request.operation
    try:
        return until_done(operation, asker(stage, request), Clock(), show)
    except Refused as error:
        raise ServerError(f"{operation.value} {stage.name}: {error}") from None
    except Overdue as error:
        raise ServerError(f"{operation.value} {stage.name}: {error.summary}; run this again") from None
