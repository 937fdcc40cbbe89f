"""Wait until the source is connected, after a restart or a resume."""

from connector.aws.admin_function import Clock
from connector.domain.admin_api import Answer, Operation
from connector.operations.procedure import Ask, until_done
from connector.operations.signs import LINE_SECONDS, Show

#: After a request a task may still show for a moment what was before it.
_LOOKS, _PAUSE_SECONDS = 2, 3.0


def until_connected(ask: Ask, clock: Clock, show: Show) -> Answer:
    """The answer once two looks in a row have seen the source connected.

    Raises `Refused` when connector or task has failed, `Overdue` when the time is up; shows a line at least
    every 15 seconds.
    """
    shown_at = clock.now()

    def asked(operation: Operation) -> Answer:
        nonlocal shown_at
        answer = ask(operation)
        if clock.now() - shown_at >= LINE_SECONDS:
            show(f"{clock.now() - began:.0f} s: {answer.summary}")
            shown_at = clock.now()
        return answer

    began = shown_at
    answer = until_done(Operation.CONNECTED, asked, clock, show)
    for _ in range(_LOOKS - 1):
        clock.sleep(_PAUSE_SECONDS)
        answer = until_done(Operation.CONNECTED, asked, clock, show)
    return answer
