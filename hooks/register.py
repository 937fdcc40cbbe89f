"""`!wms_register`: after the connector stack stands, the connector is registered and seen to work.

`!wms_check_cluster`, before that stack is made or changed: a cluster on which the stage may not live is
refused before a worker of the stage has joined it and made its topics there.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sceptre.hooks import Hook

from connector import sceptre_glue as glue
from connector import worker_log
from connector.admin_calls import Clock, put
from connector.domain import names
from connector.domain.admin import REGISTRATION, Answer, Operation, Request, State
from connector.domain.errors import DeadlineExceeded, ServerError
from connector.domain.stage import Stage

_PAUSE_SECONDS = 2.0

#: How a refusal is introduced where nothing can be said to have failed.
_FAILED = {Operation.CLUSTER: "refused before anything of the stage was put on the cluster"}

Ask = Callable[[Operation], Answer]


class RegisterConnector(Hook):  # type: ignore[misc]
    """Ask the admin Lambda for each step of registration until it is done, showing progress."""

    def run(self) -> None:
        with glue.one_line_errors(self.stack.name):
            stage = glue.stage_of(self.stack)
            ask = invoker(self.stack.connection_manager, stage.names.connect_admin, desired_count(self.stack))
            answers = self._register(ask, stage)
            changed = [operation for operation, answer in answers.items() if answer.changed]
            self.logger.info(
                "connector %s of stage %s runs: %s",
                names.CONNECTOR,
                stage.name,
                "nothing had to be changed" if not changed else f"changed {', '.join(changed)}",
            )

    def _register(self, ask: Ask, stage: Stage) -> Mapping[Operation, Answer]:
        """As `register`; a wait that was too long is told with what the worker last complained of."""
        began = datetime.now(UTC)
        try:
            return register(ask, Clock(), self.logger.info)
        except DeadlineExceeded as error:
            group = stage.names.connector_log_group
            words = worker_log.last_error(self.stack.connection_manager, group, began)
            said = f"Its last error: {words}" if words else "It holds no error since this launch began"
            raise DeadlineExceeded(f"{error}. The workers' log is {group}. {said}") from None


class CheckCluster(Hook):  # type: ignore[misc]
    """Ask the admin Lambda whether the stage may live on the cluster that its broker string names."""

    def run(self) -> None:
        with glue.one_line_errors(self.stack.name):
            stage = glue.stage_of(self.stack)
            ask = invoker(self.stack.connection_manager, stage.names.connect_admin)
            check_cluster(ask, Clock(), self.logger.info)


def register(ask: Ask, clock: Clock, show: Callable[[str], object]) -> Mapping[Operation, Answer]:
    """Run the steps in order; raises `ServerError` on a refusal, `DeadlineExceeded` on a wait too long."""
    return {operation: _until_done(ask, operation, clock, show) for operation in REGISTRATION}


def check_cluster(ask: Ask, clock: Clock, show: Callable[[str], object]) -> None:
    """Raise `ServerError` on a refusal.

    A cluster that nobody can look at now is left to registration: why it does not answer is better said by
    the worker, and without a worker nothing is registered.
    """
    try:
        _until_done(ask, Operation.CLUSTER, clock, show)
    except DeadlineExceeded:
        show("cluster: not looked at yet; registration asks again")


def desired_count(stack: glue.SceptreStack) -> int | None:
    """The setting `desired_count`, read as the connector's template reads it, which also judges it."""
    try:
        value = int(stack.stack_group_config.get("desired_count"))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if value > 0 else None


def _until_done(ask: Ask, operation: Operation, clock: Clock, show: Callable[[str], object]) -> Answer:
    limit = operation.policy.wait_seconds
    deadline = clock.now() + limit
    shown = ""
    changed = False
    while True:
        answer = ask(operation)
        changed = changed or answer.changed
        # A refusal is raised below, and told once.
        if answer.summary != shown and answer.state is not State.FAILED:
            show(f"{operation.value}: {answer.summary}")
            shown = answer.summary
        if answer.state is State.DONE:
            return Answer(answer.state, answer.summary, changed, answer.details)
        if answer.state is State.FAILED:
            raise ServerError(
                f"{_FAILED.get(operation, f'registration failed at {operation.value}')}: {answer.summary}"
            )
        if clock.now() >= deadline:
            raise DeadlineExceeded(
                f"registration gave up at {operation.value} after {limit:.0f} s: {answer.summary}. "
                "Mend the cause and launch again; launching is idempotent"
            )
        clock.sleep(_PAUSE_SECONDS)


def invoker(connection: glue.Connection, function: str, desired: int | None = None) -> Ask:
    """A function that puts one request to the admin Lambda and returns its answer.

    `desired` is how many workers the stage is configured to have.
    """

    def invoke(arguments: Mapping[str, Any]) -> Any:
        return connection.call("lambda", "invoke", arguments)

    def ask(operation: Operation) -> Answer:
        ready = operation is Operation.READY
        return put(invoke, function, Request(operation, desired if ready else None, launch=ready))

    return ask
