"""REGISTRATION: the steps of a registration in one request, as far as each is done at once.

Most launches change nothing, and most of what six requests take is the way to the function and back.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from connector.domain.admin_api import REGISTRATION, Answer, Operation, State
from lambda_src.session import Session

#: What a step must have left, in seconds: nearly what it has in a request of its own. Steps that are done at
#: once leave that.
LEAST_SECONDS = 40.0


def together(session: Session, do: Callable[[Operation, Session], Answer]) -> Answer:
    """The answers of the steps, up to the first that is not done; `do` answers one.

    Each step reads all that it needs anew, as in a request of its own.
    """
    answers: dict[str, Any] = {}
    since = session.since
    for step in REGISTRATION:
        if answers and session.deadline.left < LEAST_SECONDS:
            break
        found = do(step, replace(session.anew(), since=since))
        answers[step.value] = found.to_payload()
        if found.state is not State.DONE:
            break
        if step is Operation.REGISTER and found.changed:
            since = float(found.details.get("at", 0))
    return Answer(
        State.DONE,
        f"{len(answers)} of {len(REGISTRATION)} steps of the registration were asked for",
        changed=any(each["changed"] for each in answers.values()),
        details={"steps": answers},
    )
