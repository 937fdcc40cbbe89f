"""Entry point of the admin function: `lambda_src.connect_admin.handler.handler`."""

from typing import Any

from connector.domain.admin_api import Answer, Request, State
from connector.domain.errors import WmsError
from lambda_src.runtime.invocation import Context, Invocation

#: What is kept back to log and answer, in seconds.
_SPARE_SECONDS = 2.0


def handler(event: object, context: Context) -> dict[str, Any]:
    """Answer one request (`connector.domain.admin_api`); never raises."""
    invocation = Invocation.of(context)
    operation = ""
    # Most of the function's code, which a cold start then reads with the first request.
    from lambda_src.connect_admin import operations  # noqa: PLC0415
    from lambda_src.session import Session  # noqa: PLC0415

    try:
        environment = invocation.environment
        request = Request.from_payload(event)
        operation = request.operation.value
        seconds = operations.ROWS[request.operation].seconds
        session = Session(
            environment,
            invocation.account,
            invocation.deadline(spare=_SPARE_SECONDS, at_most=seconds),
            invocation.redactor,
            desired_count=request.desired_count,
            launch=request.launch,
            marked=request.marked,
            meant=request.stage,
            tables=request.tables,
            log=request.log,
            retry_login=request.retry_login,
            why=request.why,
            remind_seconds=request.remind_seconds,
            offsets=request.offsets,
            position_checked=request.position_checked,
            snapshot=request.snapshot,
            reconcile=request.reconcile,
            settings=request.settings,
            confirmed=request.confirmed,
            since=request.since,
            window=request.window,
            backup=request.backup,
        )
        answer = operations.answer(request.operation, session)
    except WmsError as error:
        answer = operations.answer_to(error)
    except Exception as error:
        invocation.log.exception("unexpected error", extra={"facts": {"operation": operation}})
        answer = Answer(
            State.FAILED,
            f"the admin Lambda failed with an unexpected error ({type(error).__name__}); "
            f"its log has the traceback under request {invocation.request_id}",
        )
    facts = {"operation": operation, "state": answer.state.value}
    invocation.log_result(answer.summary, facts, failed=answer.state is State.FAILED)
    return answer.to_payload()
