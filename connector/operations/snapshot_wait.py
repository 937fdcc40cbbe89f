"""Wait for the end of a requested snapshot; a signal that no task has received is sent once more."""

from collections.abc import Callable
from dataclasses import replace

from connector.aws.admin_function import Clock
from connector.domain.admin_api import Answer, Operation, Request, State
from connector.domain.errors import ServerError
from connector.operations.signs import LINE_SECONDS, Show

#: How often a snapshot is looked at, in seconds.
_PAUSE_SECONDS = 3.0
#: How long a task has to receive a signal: one that has just started takes 20 to 25 s for its group and its
#: offset, and looks every 5 s (seen with Debezium 3.6.1.Final).
RECEIVE_SECONDS = 90.0

Send = Callable[[Request], Answer]


def until_ended(request: Request, sent: Answer, ask: Send, clock: Clock, show: Show) -> Answer:
    """The answer of the snapshot's end. Raises `ServerError` if it fails, or if no task receives its signal.

    `sent` is the answer to `request`, which has sent the signal. A snapshot may take hours: this waits as
    long as it runs.
    """
    if request.snapshot is None:
        raise ServerError("the request names no snapshot")
    wanted = replace(request.snapshot, sent_at=int(sent.details["sent_at"]))
    looking = Request(Operation.SNAPSHOT_PROGRESS, stage=request.stage, snapshot=wanted)
    heard_by, repeated = clock.now() + RECEIVE_SECONDS, False
    shown_at, shown = clock.now(), ""
    while True:
        answer = ask(looking)
        if answer.state is State.FAILED:
            raise ServerError(f"snapshot {request.stage}: {answer.summary}")
        if answer.state is State.DONE:
            return replace(answer, changed=True, details={**sent.details, **answer.details})
        if answer.summary != shown or clock.now() - shown_at >= LINE_SECONDS:
            show(answer.summary)
            shown, shown_at = answer.summary, clock.now()
        if not answer.details.get("received") and clock.now() >= heard_by:
            if repeated:
                raise ServerError(
                    f"snapshot {request.stage}: no task has received the signal {wanted.identifier}, which "
                    "was sent twice; read the worker's log for the signal channel, then run this again"
                )
            show(f"no task has received the signal in {RECEIVE_SECONDS:.0f} s; it is sent once more")
            ask(replace(request, snapshot=replace(wanted, again=True)))
            heard_by, repeated = clock.now() + RECEIVE_SECONDS, True
        clock.sleep(_PAUSE_SECONDS)
