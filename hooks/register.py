"""`!wms_register`: after the connector stack stands, the connector is registered and seen to work."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sceptre.hooks import Hook

from connector import sceptre_glue as glue
from connector.domain import names
from connector.domain.admin import REGISTRATION, Answer, Operation, State, request
from connector.domain.errors import DeadlineExceeded, ServerError

#: How long each step may take, in seconds. A worker on Fargate needs minutes for its image; a first
#: connection to the source includes the structure snapshot.
DEADLINES: Mapping[Operation, float] = {
    Operation.READY: 600,
    Operation.TOPICS: 120,
    Operation.VALIDATE: 120,
    Operation.REGISTER: 120,
    Operation.VERIFY: 300,
    Operation.RECORD: 60,
}
_PAUSE_SECONDS = 2.0

Ask = Callable[[Operation], Answer]


class RegisterConnector(Hook):  # type: ignore[misc]
    """Ask the admin Lambda for each step of registration until it is done, showing progress."""

    def run(self) -> None:
        with glue.one_line_errors(self.stack.name):
            stage = glue.stage_of(self.stack)
            ask = invoker(self.stack.connection_manager, stage.names.connect_admin)
            answers = register(ask, Clock(), self.logger.info)
            changed = [operation for operation, answer in answers.items() if answer.changed]
            self.logger.info(
                "connector %s of stage %s runs: %s",
                names.CONNECTOR,
                stage.name,
                "nothing had to be changed" if not changed else f"changed {', '.join(changed)}",
            )


@dataclass(frozen=True)
class Clock:
    """Time as the loop sees it, so that a test needs none."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def register(ask: Ask, clock: Clock, show: Callable[[str], object]) -> Mapping[Operation, Answer]:
    """Run the steps in order; raises `ServerError` on a refusal, `DeadlineExceeded` on a wait too long."""
    return {operation: _until_done(ask, operation, clock, show) for operation in REGISTRATION}


def _until_done(ask: Ask, operation: Operation, clock: Clock, show: Callable[[str], object]) -> Answer:
    limit = DEADLINES[operation]
    deadline = clock.now() + limit
    shown = ""
    changed = False
    while True:
        answer = ask(operation)
        changed = changed or answer.changed
        if answer.summary != shown:
            show(f"{operation.value}: {answer.summary}")
            shown = answer.summary
        if answer.state is State.DONE:
            return Answer(answer.state, answer.summary, changed, answer.details)
        if answer.state is State.FAILED:
            raise ServerError(f"registration failed at {operation.value}: {answer.summary}")
        if clock.now() >= deadline:
            raise DeadlineExceeded(
                f"registration gave up at {operation.value} after {limit:.0f} s: {answer.summary}. "
                "Mend the cause and launch again; launching is idempotent"
            )
        clock.sleep(_PAUSE_SECONDS)


def invoker(connection: glue.Connection, function: str) -> Ask:
    """A function that puts one request to the admin Lambda and returns its answer."""

    def ask(operation: Operation) -> Answer:
        reply = connection.call(
            "lambda",
            "invoke",
            {"FunctionName": function, "Payload": json.dumps(request(operation)).encode()},
        )
        payload = json.loads(reply["Payload"].read() or b"null")
        if reply.get("FunctionError"):
            kind = payload.get("errorType", "error") if isinstance(payload, dict) else "error"
            text = payload.get("errorMessage", "no message") if isinstance(payload, dict) else str(payload)
            raise ServerError(
                f"the admin Lambda {function} failed at {operation.value}: {kind}: {text}; "
                f"see log group {names.Names.function_log_group(function)}"
            )
        return Answer.from_payload(payload)

    return ask
