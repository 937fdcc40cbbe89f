"""The one loop over operations of the admin Lambda, for registration, teardown and commands.

Each request is short. One that answers `waiting` is repeated until the operation's own time is up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connector.aws.admin_function import Clock, NoFunction
from connector.domain.admin_api import Answer, Operation, State
from connector.domain.errors import DeadlineExceeded, ServerError, WmsError
from connector.operations.signs import LINE_SECONDS, Show, repeated

#: Sends one request to the admin Lambda of a stage.
Ask = Callable[[Operation], Answer]

#: A line is due sooner after an answer than the next request begins: not at once, an answer may come first.
_SHORTEST_SECONDS = 1.0
#: Details of which each request returns only its own part.
_CUMULATIVE = ("deleted", "others")


class Refused(ServerError):
    """The admin Lambda answered `failed`; the text is its summary."""


class Overdue(DeadlineExceeded):
    """The admin Lambda still answered `waiting` when the time was up; `summary` is the last answer's."""

    def __init__(self, summary: str, seconds: float) -> None:
        super().__init__(f"{summary} (after {seconds:.0f} s)")
        self.summary = summary


@dataclass
class Result:
    """The answers of the steps that are done, and why another, which is not required, was skipped."""

    done: dict[Operation, Answer] = field(default_factory=dict)
    skipped: dict[Operation, WmsError] = field(default_factory=dict)


def run(
    steps: Sequence[Operation],
    ask: Ask,
    clock: Clock,
    show: Show,
    *,
    explain: Callable[[Operation, WmsError], WmsError],
    pause_seconds: float,
) -> Result:
    """Carry the steps out in order; a required step that fails raises what `explain` makes of its error.

    `NoFunction` passes through: there is no Lambda to send requests to.
    """
    result = Result()
    for step in steps:
        try:
            result.done[step] = until_done(step, ask, clock, show, pause_seconds=pause_seconds)
        except NoFunction:
            raise
        except WmsError as error:
            if step.policy.required:
                raise explain(step, error) from None
            show(f"{step.value}: {error}; continuing without this step")
            result.skipped[step] = error
    return result


def until_done(
    operation: Operation, ask: Ask, clock: Clock, show: Show, *, pause_seconds: float = 2.0
) -> Answer:
    """Repeat one operation until it is done; shows each new summary, and a line at least every 15 seconds.

    One request may take most of a minute, so a timer shows that line while it lasts. The answer says
    `changed` if any request changed something. Raises `Refused` and `Overdue`.
    """
    seconds = operation.policy.wait_seconds
    began = shown_at = clock.now()
    give_up = began + seconds
    shown: str | None = None
    changed = False
    parts: dict[str, list[Any]] = {}

    def sign(_: float) -> str:
        nonlocal shown_at
        shown_at = clock.now()
        return f"{operation.value}: {shown_at - began:.0f} s: {shown or 'no answer yet'}"

    while True:
        left = LINE_SECONDS - (clock.now() - shown_at)
        with repeated(sign, show, first=max(left, _SHORTEST_SECONDS), every=LINE_SECONDS):
            answer = ask(operation)
        changed = changed or answer.changed
        _collect(parts, answer.details)
        # A refusal is not shown: whoever catches the error prints it.
        if answer.state is State.FAILED:
            raise Refused(answer.summary)
        if answer.summary != shown:
            show(f"{operation.value}: {answer.summary}")
            shown, shown_at = answer.summary, clock.now()
        elif clock.now() - shown_at >= LINE_SECONDS - pause_seconds:
            # The pause comes before the next look.
            show(f"{operation.value}: {clock.now() - began:.0f} s: {answer.summary}")
            shown_at = clock.now()
        if answer.state is State.DONE:
            return replace(answer, changed=changed, details={**answer.details, **parts})
        if clock.now() >= give_up:
            raise Overdue(answer.summary, seconds)
        clock.sleep(pause_seconds)


def _collect(parts: dict[str, list[Any]], details: Mapping[str, Any]) -> None:
    for key in _CUMULATIVE:
        if key in details:
            known = parts.setdefault(key, [])
            known += [value for value in details[key] if value not in known]
