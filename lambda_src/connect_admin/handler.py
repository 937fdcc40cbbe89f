"""Entry point of the admin function: `lambda_src.connect_admin.handler.handler`."""

import os
from typing import Any, Protocol

from connector.domain.admin_api import Answer, Request, State
from connector.domain.errors import WmsError
from lambda_src.connect_admin import operations
from lambda_src.runtime.deadline import Deadline
from lambda_src.runtime.environment import Environment
from lambda_src.runtime.logs import invocation_logger
from lambda_src.runtime.redactor import Redactor
from lambda_src.session import Session

#: What is kept back to log and answer, in seconds.
_SPARE_SECONDS = 2.0


class Context(Protocol):
    """The part of the Lambda context that is used here."""

    aws_request_id: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: object, context: Context) -> dict[str, Any]:
    """Answer one request (`connector.domain.admin_api`); never raises."""
    redactor = Redactor()
    log = invocation_logger(redactor, stage=os.environ.get("STAGE", ""), request=context.aws_request_id)
    operation = ""
    try:
        environment = Environment.parse(os.environ)
        request = Request.from_payload(event)
        wanted = request.operation
        operation = wanted.value
        limit = context.get_remaining_time_in_millis() / 1000 - _SPARE_SECONDS
        deadline = Deadline.within(min(operations.ROWS[wanted].seconds, limit))
        account = context.invoked_function_arn.split(":")[4]
        session = Session(
            environment,
            account,
            deadline,
            redactor,
            desired_count=request.desired_count,
            launch=request.launch,
            meant=request.stage,
            tables=request.tables,
        )
        answer = operations.answer(wanted, session)
    except WmsError as error:
        answer = operations.answer_to(error)
    except Exception as error:
        log.exception("unexpected error", extra={"facts": {"operation": operation}})
        answer = Answer(
            State.FAILED,
            f"the admin Lambda failed with an unexpected error ({type(error).__name__}); "
            f"its log has the traceback under request {context.aws_request_id}",
        )
    write = log.error if answer.state is State.FAILED else log.info
    write(answer.summary, extra={"facts": {"operation": operation, "state": answer.state.value}})
    return answer.to_payload()
