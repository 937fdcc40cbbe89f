"""The teardown of an ephemeral stage: delete its connector, workers and topics before its stacks.

Each step is one request to the stage's admin Lambda, repeated while it answers `waiting`. Each step can be
repeated: to finish a run that was interrupted, run it again.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from logging import Logger

from connector.aws import calls, stacks
from connector.aws.admin_function import Clock, NoFunction, invoke_once
from connector.domain.admin_api import TEARDOWN, Answer, Operation, Request
from connector.domain.errors import OperatorError, ServerError, WmsError
from connector.domain.stage import stack_states
from connector.domain.stage.stage import Stage
from connector.domain.stage.teardown import EphemeralStage
from connector.operations import procedure
from connector.operations.procedure import Ask
from connector.operations.signs import Show
from connector.sceptre import launches
from connector.sceptre import stack as sceptre_stack

#: An operator sets this variable to a stage whose cluster will never come back.
ABANDON = "WMS_ABANDON_TOPICS"

_PAUSE_SECONDS = 1.0


@dataclass
class TeardownReport:
    """What a teardown deleted."""

    topics: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    #: Topics with the stage's prefix that are not its own.
    others: list[str] = field(default_factory=list)

    def lines(self, stage: str) -> Iterable[str]:
        """The report for people."""
        yield f"stage {stage}: {len(self.topics)} topics and {len(self.groups)} consumer groups deleted"
        yield from (f"  {name}" for name in (*sorted(self.topics), *sorted(self.groups)))
        if self.others:
            shown = ", ".join(self.others[:3]) + (", ..." if len(self.others) > 3 else "")
            yield (
                f"not deleted: {len(self.others)} topics that start with {stage + '.'!r} but do not belong "
                f"to this stage ({shown}); `wms-connector ephemeral list` shows topics without a stage"
            )


class Unfinished(ServerError):
    """A required step failed; the message names what is left and the command that finishes the teardown."""


def tear_down_stage(
    connection: calls.Port, stack_name: str, owned: EphemeralStage, log: Logger, *, marked: bool = False
) -> None:
    """Tear down what the stage has outside its stacks and log the report.

    `stack_name` is the connector's stack, whose state decides what a missing Lambda or a failure means.
    `marked` says that this run has marked the stage already.
    """
    stage = owned.stage
    if os.environ.get(ABANDON) == stage.name:
        log.warning(
            "%s is set: topics and groups that start with %r stay on their cluster",
            ABANDON,
            stage.namespace,
        )
        return
    description = stacks.describe_stack(connection, stack_name)
    status = None if description is None else str(description["StackStatus"])
    refuse_busy(stack_name, status)
    try:
        report = tear_down(owned, invoker(connection, stage, marked=marked), Clock(), log.info)
    except NoFunction as missing:
        log.warning(without_function(stage.name, status, str(missing)))
        return
    except Unfinished as error:
        if status is not None:
            raise
        # Whoever deleted that stack left this; the other stacks need not wait for it.
        log.warning("%s; afterwards: %s", error, by_functions(stage.name))
        return
    for line in report.lines(stage.name):
        log.info(line)


def tear_down(owned: EphemeralStage, ask: Ask, clock: Clock, show: Show) -> TeardownReport:
    """Run all steps in order; raises `Unfinished`, and `NoFunction` when the stage has no admin Lambda."""
    name = owned.stage.name

    def explain(step: Operation, error: WmsError) -> WmsError:
        return Unfinished(unfinished(name, step, str(error)))

    result = procedure.run(TEARDOWN, ask, clock, show, explain=explain, pause_seconds=_PAUSE_SECONDS)
    topics = result.done[Operation.TEARDOWN_TOPICS].details
    groups = result.done[Operation.TEARDOWN_GROUPS].details
    return TeardownReport(
        topics=list(topics.get("deleted", ())),
        groups=list(groups.get("deleted", ())),
        others=list(topics.get("others", ())),
    )


def unfinished(stage: str, operation: Operation, reason: str) -> str:
    """Why a teardown stopped, what is left and the commands that finish it, in one line."""
    after = TEARDOWN[TEARDOWN.index(operation) :]
    what = "topics and consumer groups" if Operation.TEARDOWN_TOPICS in after else "consumer groups"
    return (
        f"the teardown stopped at {operation.value}: {reason.rstrip('.')}. The connector's stack still "
        f"exists, and {what} that start with '{stage}.' are left. Fix the cause and run `sceptre delete "
        f"ephemeral/{stage}` again. If the cluster will never come back, run `{abandoning(stage)}`"
    )


def abandoning(stage: str) -> str:
    """The command that tears a stage down without its topics."""
    return f"{ABANDON}={stage} sceptre delete ephemeral/{stage}"


def by_functions(stage: str) -> str:
    """The commands that finish a teardown when the stage's Lambda is gone."""
    return f"`sceptre launch ephemeral/{stage}/functions.yaml`, then `sceptre delete ephemeral/{stage}`"


def leave_named(stack: sceptre_stack.SceptreStack, stage: Stage) -> None:
    """Raise unless a launch replaces a stack that was never complete: no other is deleted."""
    if not launches.replaces(stack):
        raise OperatorError(
            f"stage {stage.name!r} is a named stage: its connector and topics are never deleted; "
            "nothing was changed"
        )


def refuse_busy(stack_name: str, status: str | None) -> None:
    """Raise while somebody else launches the stack: a teardown would delete topics that the launch needs."""
    if status is not None and stack_states.busy(status) and status != "DELETE_IN_PROGRESS":
        raise ServerError(
            f"stack {stack_name} is {status}: {stack_states.under_way(status)} is under way, so nothing was "
            "changed; run the same command again when it has ended"
        )


def without_function(stage: str, status: str | None, missing: str) -> str:
    """What it means that the stage's Lambda does not exist; raises if topics are certainly left."""
    if status is None or status.startswith("DELETE") or status in stacks.NEVER_COMPLETED:
        return (
            f"{missing}: the stage was never complete or is partly deleted, so its topics could not be "
            "listed; `wms-connector ephemeral list` shows any that are left"
        )
    raise ServerError(
        f"{missing}; only this Lambda can delete the topics of stage {stage}. Nothing was changed. Create it "
        f"again with {by_functions(stage)}. To leave the topics on the cluster, run `{abandoning(stage)}`"
    )


def invoker(connection: calls.Port, stage: Stage, *, marked: bool = False) -> Ask:
    """A function that sends one request about `stage` to its admin Lambda and returns the answer.

    The stage is marked once: a launch that has begun since has cleared the mark, and the teardown stops.
    """

    def ask(operation: Operation) -> Answer:
        nonlocal marked
        request = Request(operation, stage=stage.name, marked=marked)
        marked = marked or operation is Operation.TEARDOWN_MARK
        return invoke_once(connection, stage.names.connect_admin, request)

    return ask


def tear_down_leftovers(connection: calls.Port, stage: Stage, log: Logger) -> None:
    """Remove what belongs to an ephemeral stage and to no stack.

    Those are revisions of the task definition that rolling updates have left active, and the log group that
    AWS makes for the cluster where the account's default is Container Insights.
    """
    for arn in active_definitions(connection, stage.names.service):
        connection.call("ecs", "deregister_task_definition", {"taskDefinition": arn})
        log.info("deregistered %s", arn.rpartition("/")[2])
    group = stage.names.insights_log_group
    if delete_log_group(connection, group):
        log.info("deleted log group %s", group)


def active_definitions(connection: calls.Port, family: str) -> list[str]:
    """ARNs of the active revisions of exactly this family; ECS finds by prefix."""
    query = {"familyPrefix": family, "status": "ACTIVE"}
    pages = calls.pages(connection, "ecs", "list_task_definitions", query)
    found: Iterable[str] = (arn for page in pages for arn in page["taskDefinitionArns"])
    return [arn for arn in found if arn.rpartition("/")[2].rpartition(":")[0] == family]


def delete_log_group(connection: calls.Port, name: str) -> bool:
    """Delete a log group; False when it does not exist, or when these credentials may not delete it."""
    try:
        connection.call("logs", "delete_log_group", {"logGroupName": name})
    except calls.ClientError as error:
        if calls.missing(error) or calls.denied(error):
            return False
        raise
    return True
