"""What this run asks CloudFormation to do, and what CloudFormation answers, where Sceptre does not say it.

Sceptre takes "already exists" for success, and prints AWS's own words for a stack that somebody else is
changing. botocore's events (`provide-client-params`, `after-call`) show both: see "Extensibility guide" in
Boto3's documentation. They are registered on the session from which Sceptre makes its clients.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sceptre.exceptions import SceptreException

from connector.domain.stage import stack_states
from connector.domain.stage.turns import Requests

_WATCHED = ("CreateStack", "UpdateStack", "DeleteStack")
_STACK = "wms_stack"
#: How CloudFormation refuses to update or to delete a stack that somebody is changing.
_BUSY = ("_IN_PROGRESS state and can not be updated", "cannot be deleted while in status")


class RequestWatcher:
    """Keeps `requests` up to date and raises where CloudFormation refuses because of somebody else.

    `refused` is called with the reason before it raises: other threads of the run must stop too.
    """

    def __init__(self, requests: Requests, refused: Callable[[str], object]) -> None:
        self.requests = requests
        self._tell = refused
        self._sessions: list[Any] = []

    def watch(self, session: Any) -> None:
        """Watch a session's calls; clients that the session made before are not seen."""
        if any(session is known for known in self._sessions):
            return
        self._sessions.append(session)
        for operation in _WATCHED:
            session.events.register(f"provide-client-params.cloudformation.{operation}", self._asked)
            session.events.register(f"after-call.cloudformation.{operation}", self._answered)

    def _asked(self, params: Mapping[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        name = context[_STACK] = str(params.get("StackName", ""))
        self.requests.asked.add(name)
        if model.name == "DeleteStack":
            self.requests.deleted.add(name)

    def _answered(self, parsed: Mapping[str, Any], model: Any, context: Mapping[str, Any], **_: Any) -> None:
        name, operation = str(context.get(_STACK, "")), str(model.name)
        error = parsed.get("Error") or {}
        if error:
            self._refused(name, operation, error)
        elif operation == "CreateStack":
            self.requests.created.add(name)

    def _refused(self, name: str, operation: str, error: Mapping[str, Any]) -> None:
        if name not in self.requests.created:
            self.requests.asked.discard(name)
        if operation == "DeleteStack":
            self.requests.deleted.discard(name)
        exists = operation == "CreateStack" and error.get("Code") == "AlreadyExistsException"
        if exists or any(words in str(error.get("Message", "")) for words in _BUSY):
            how = "was created at this moment" if exists else "is being changed at this moment"
            reason = (
                f"stack {name} {how}: {stack_states.LAUNCH} of this stage is under way. "
                "Wait until it has ended, then run the same command again"
            )
            self._tell(reason)
            raise SceptreException(reason)
