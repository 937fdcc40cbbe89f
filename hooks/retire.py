"""`!wms_retire`, before an ephemeral stage's connector stack goes: its connector, workers and topics go.

Besides it: `!wms_note_launch`, by which a launch is told from a deletion, and `!wms_tidy`, after the stack
has gone.
"""

import os
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from sceptre.hooks import Hook

from connector import launches, retirement
from connector import sceptre_glue as glue
from connector.admin_calls import Clock, NoFunction, put
from connector.domain.admin import Answer, Operation, Request
from connector.domain.errors import OperatorError, ServerError
from connector.domain.retire import EphemeralStage
from connector.domain.stage import Stage


class NoteLaunch(Hook):  # type: ignore[misc]
    """Remember that this run launches the stack."""

    def run(self) -> None:
        launches.note(self.stack)


class RetireStage(Hook):  # type: ignore[misc]
    """Ask the admin Lambda for each step of the retirement until it is done, showing progress."""

    def run(self) -> None:
        stack = self.stack
        with glue.one_line_errors(stack.name):
            glue.check_name(stack)
            stage = glue.stage_of(stack)
            if not stage.ephemeral:
                leave_named(stack, stage)
                return
            if launches.noted(stack):
                self.logger.info("a launch replaces %s: topics and connector stay", stack.external_name)
                return
            owned = EphemeralStage(stage)
            if os.environ.get(retirement.ABANDON) == stage.name:
                self.logger.warning(
                    "%s says so: topics and groups that start with %r are left on their cluster",
                    retirement.ABANDON,
                    stage.namespace,
                )
                return
            self._retire(owned)

    def _retire(self, owned: EphemeralStage) -> None:
        description = glue.describe_stack(self.stack.connection_manager, self.stack.external_name)
        status = None if description is None else str(description["StackStatus"])
        name = owned.stage.name
        refuse_busy(self.stack.external_name, status)
        try:
            ask = asker(self.stack.connection_manager, owned.stage)
            account = retirement.retire(owned, ask, Clock(), self.logger.info)
        except NoFunction as missing:
            self.logger.warning(without_function(name, status, str(missing)))
            return
        except retirement.Unfinished as error:
            if status is not None:
                raise
            # Whoever deleted that stack left this; the other stacks need not wait for it.
            self.logger.warning("%s; afterwards: %s", error, retirement.by_functions(name))
            return
        for line in account.lines(name):
            self.logger.info(line)
        for line in account.left:
            self.logger.warning("left: %s", line)


class Tidy(Hook):  # type: ignore[misc]
    """Remove what belongs to the stage and to no stack.

    Revisions of the task definition that rolling updates have left active; and the log group that AWS makes
    for the cluster where the account's default is Container Insights.
    """

    def run(self) -> None:
        stack = self.stack
        with glue.one_line_errors(stack.name):
            stage = glue.stage_of(stack)
            connection = stack.connection_manager
            if not stage.ephemeral or glue.describe_stack(connection, stack.external_name) is not None:
                return
            for arn in active_definitions(connection, stage.names.service):
                connection.call("ecs", "deregister_task_definition", {"taskDefinition": arn})
                self.logger.info("deregistered %s", arn.rpartition("/")[2])
            group = stage.names.insights_log_group
            if delete_log_group(connection, group):
                self.logger.info("deleted log group %s", group)


def leave_named(stack: glue.SceptreStack, stage: Stage) -> None:
    """A launch may replace a named stage's shell that never was complete; nothing else of it is touched."""
    if not (launches.noted(stack) and glue.never_completed(stack)):
        raise OperatorError(
            f"stage {stage.name!r} is a named stage: its connector and topics are never deleted; "
            "nothing was touched"
        )


def refuse_busy(stack_name: str, status: str | None) -> None:
    """Raise while somebody else launches the stack: its topics would go under a stage that comes up."""
    if status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"):
        raise ServerError(
            f"stack {stack_name} is {status}: somebody launches it now, so nothing was touched; run the "
            "same command again when that has ended"
        )


def without_function(stage: str, status: str | None, missing: str) -> str:
    """What it means that the stage's Lambda is not there; raises where something is surely left behind."""
    if status is None or status.startswith("DELETE") or status in glue.NEVER_COMPLETED:
        return (
            f"{missing}: the stage was never complete or is half deleted, so its topics could not be looked "
            "at; `wms-connector ephemeral list` shows any that are left"
        )
    raise ServerError(
        f"{missing}, and only it can delete the topics of stage {stage}; nothing was touched. Bring it back "
        f"with {retirement.by_functions(stage)}; or, to leave the topics behind, "
        f"`{retirement.abandoning(stage)}`"
    )


def asker(connection: glue.Connection, stage: Stage) -> retirement.Ask:
    """A function that puts one request about `stage` to its admin Lambda and returns the answer."""

    def invoke(arguments: Mapping[str, Any]) -> Any:
        return connection.call("lambda", "invoke", arguments)

    def ask(operation: Operation) -> Answer:
        return put(invoke, stage.names.connect_admin, Request(operation, stage=stage.name))

    return ask


def active_definitions(connection: glue.Connection, family: str) -> list[str]:
    """ARNs of the active revisions of exactly this family; ECS finds by prefix."""
    found: list[str] = []
    token: str | None = None
    while True:
        more = {"nextToken": token} if token else {}
        answer = connection.call(
            "ecs", "list_task_definitions", {"familyPrefix": family, "status": "ACTIVE", **more}
        )
        found += answer["taskDefinitionArns"]
        token = answer.get("nextToken")
        if not token:
            return [arn for arn in found if arn.rpartition("/")[2].rpartition(":")[0] == family]


def delete_log_group(connection: glue.Connection, name: str) -> bool:
    """Delete a log group; False when there is none, or when that is nobody's right to know."""
    try:
        connection.call("logs", "delete_log_group", {"logGroupName": name})
    except ClientError as error:
        if error.response["Error"].get("Code") in ("ResourceNotFoundException", "AccessDeniedException"):
            return False
        raise
    return True
