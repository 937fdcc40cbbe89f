"""Registration: after a launch, create or update the connector and check that it works.

Before that, check the cluster: if the stage may not use it, the launch stops before a worker of the stage
joins it and creates topics there.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from connector.aws import calls, worker_log
from connector.aws.admin_function import Clock, NoFunction, invoke_once
from connector.domain.admin_api import REGISTRATION, Answer, Operation, Request
from connector.domain.errors import DeadlineExceeded, ServerError, WmsError
from connector.domain.stage import aws_names
from connector.domain.stage.stage import Stage
from connector.operations import new_rights, procedure
from connector.operations.procedure import Ask
from connector.operations.signs import Show, repeated

_PAUSE_SECONDS = 2.0


def stands_still(stage: Stage) -> str:
    """What a launch says that is meant to leave no worker, in one line."""
    return (
        f"connector {aws_names.CONNECTOR} of stage {stage.name} is not registered and nothing is waited for: "
        "desired_count is 0, so no worker is meant to run. What is registered keeps its position; set "
        "desired_count to 1 or more in the stage's config.yaml and launch again"
    )


def register_stage(
    connection: calls.Port,
    stage: Stage,
    desired: int | None,
    show: Show,
    *,
    confirmed: Collection[str] = (),
    replaced: Sequence[str] = (),
    started: bool = False,
) -> None:
    """Register the connector and show what was changed.

    `desired` is how many workers the stage is configured to have, `confirmed` the changes that cannot be
    undone and are meant, `replaced` why this launch has replaced the workers, `started` whether there were
    none before. A wait that was too long is reported with the last error in the workers' log.
    """
    began = datetime.now(UTC)
    try:
        clock = Clock()
        ask = invoker(connection, stage, clock, show, desired=desired, confirmed=confirmed)
        answers = register(at_once(ask, show), clock, show)
    except DeadlineExceeded as error:
        group = stage.names.connector_log_group
        last = worker_log.last_error(connection, group, began)
        said = f"Its last error: {last}" if last else "It has no error since this launch began"
        raise DeadlineExceeded(f"{error}. The workers' log is {group}. {said}") from None
    changed = [operation for operation, answer in answers.items() if answer.changed]
    workers = f"its workers were replaced ({', '.join(replaced)}); " if replaced else ""
    workers = workers or ("its workers were started; " if started else "")
    what = "nothing else had to be changed" if workers else "nothing had to be changed"
    result = workers + (f"changed {', '.join(changed)}" if changed else what)
    rest = answers[Operation.VERIFY].details.get("rest")
    snapshot = answers[Operation.VERIFY].details.get("snapshot")
    state = f"does not run, as meant ({rest})" if rest else "runs"
    state += f" its snapshot ({snapshot})" if snapshot else ""
    show(f"connector {aws_names.CONNECTOR} of stage {stage.name} {state}: {result}")


def register(ask: Ask, clock: Clock, show: Show) -> Mapping[Operation, Answer]:
    """Run the steps in order; raises `ServerError` on a refusal, `DeadlineExceeded` on a wait too long."""
    return procedure.run(REGISTRATION, ask, clock, show, explain=_explain, pause_seconds=_PAUSE_SECONDS).done


def at_once(ask: Ask, show: Show) -> Ask:
    """As `ask`, but the first step asks for all of them together: their answers are kept for their turn.

    A function of an earlier release knows no such request, and one that AWS has denied a right may get it in
    a moment: what is not in the answer is asked for by itself.
    """
    kept: dict[Operation, Answer] | None = None

    def one(operation: Operation) -> Answer:
        nonlocal kept
        if kept is None:
            with repeated(lambda seconds: f"registration: {seconds:.0f} s: no answer yet", show):
                kept = _together(ask)
        return kept.pop(operation, None) or ask(operation)

    return one


def _together(ask: Ask) -> dict[Operation, Answer]:
    try:
        steps = ask(Operation.REGISTRATION).details.get("steps", {})
        found = {step: Answer.from_payload(steps[step.value]) for step in REGISTRATION if step.value in steps}
    except NoFunction:
        raise
    except ServerError:
        return {}
    return {step: answer for step, answer in found.items() if not answer.denied}


def _explain(step: Operation, error: WmsError) -> WmsError:
    if isinstance(error, procedure.Refused):
        return ServerError(f"registration failed at {step.value}: {error}")
    if isinstance(error, procedure.Overdue):
        return DeadlineExceeded(
            f"registration timed out at {step.value} after {step.policy.wait_seconds:.0f} s: "
            f"{error.summary}. "
            "Fix the cause and launch again: a launch can be repeated safely"
        )
    return error


def check_cluster(ask: Ask, clock: Clock, show: Show) -> None:
    """Raise `ServerError` unless the stage may use the cluster that its broker string names.

    Brokers that do not answer the function do not answer a worker either.
    """
    try:
        procedure.until_done(Operation.CLUSTER, ask, clock, show, pause_seconds=_PAUSE_SECONDS)
    except procedure.Refused as error:
        raise _untouched(error) from None
    except procedure.Overdue as error:
        step = "docs/operations.md#brokersunreachable has the steps; then launch again"
        raise ServerError(f"{_untouched(error)}; {step}") from None


def try_first(ask: Ask, clock: Clock, show: Show) -> None:
    """Raise `ServerError` if new workers would get no session from the database."""
    try:
        procedure.until_done(Operation.TRY, ask, clock, show, pause_seconds=_PAUSE_SECONDS)
    except (procedure.Refused, procedure.Overdue) as error:
        raise _untouched(error) from None


def _untouched(error: procedure.Refused | procedure.Overdue) -> ServerError:
    return ServerError(f"refused before any worker was started or replaced: {error}")


def invoker(
    connection: calls.Port,
    stage: Stage,
    clock: Clock,
    show: Show,
    *,
    desired: int | None = None,
    confirmed: Collection[str] = (),
) -> Ask:
    """A function that sends one request of a launch to the stage's admin Lambda and returns its answer.

    The launch may just have changed the Lambda's rights, so a denial is repeated until that has passed.
    """
    changed_at = 0.0

    def ask(operation: Operation) -> Answer:
        nonlocal changed_at
        ready = operation in (Operation.READY, Operation.REGISTRATION)
        given = tuple(confirmed) if operation in (Operation.TOPICS, Operation.REGISTRATION) else ()
        since = changed_at if operation is Operation.VERIFY else 0
        wanted = desired if ready else None
        request = Request(operation, wanted, launch=ready, confirmed=given, since=since)
        answer = invoke_once(connection, stage.names.connect_admin, request)
        registered = answer
        if operation is Operation.REGISTRATION:
            steps = answer.details.get("steps", {})
            registered = Answer.from_payload(steps.get(Operation.REGISTER.value, answer.to_payload()))
        elif operation is not Operation.REGISTER:
            return answer
        # The function's own clock: the caller's may differ from those of workers and brokers.
        if registered.changed and "at" in registered.details:
            changed_at = float(registered.details["at"])
        return answer

    def since_change() -> float | None:
        functions = stage.names.stack("functions")
        return new_rights.seconds_since_change(connection, functions, datetime.now(UTC))

    return new_rights.repeat_denied(ask, since_change, clock, show)
