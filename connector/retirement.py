"""The retirement of an ephemeral stage: the order of its steps, how long each may take, what then is left.

Each step is one request to the stage's admin Lambda, repeated while it waits. A step that was done answers
so when it is asked again: a run that was cut off is finished by running it again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from connector.admin_calls import Clock, NoFunction
from connector.domain.admin import TEARDOWN, Answer, Operation, State
from connector.domain.errors import DeadlineExceeded, ServerError, WmsError
from connector.domain.retire import EphemeralStage

#: The variable by which a person says that a stage's cluster is gone for good; its value is the stage.
ABANDON = "WMS_ABANDON_TOPICS"

_PAUSE_SECONDS = 1.0

Ask = Callable[[Operation], Answer]
Show = Callable[[str], object]


@dataclass
class Account:
    """What a retirement did, and what it had to leave."""

    topics: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    #: Topics with the stage's prefix that are not its own.
    others: list[str] = field(default_factory=list)
    #: What is left, each in one line with the command that removes it.
    left: list[str] = field(default_factory=list)

    def lines(self, stage: str) -> Iterable[str]:
        """The account for people."""
        yield f"stage {stage}: {len(self.topics)} topics and {len(self.groups)} consumer groups deleted"
        yield from (f"  {name}" for name in (*sorted(self.topics), *sorted(self.groups)))
        if self.others:
            shown = ", ".join(self.others[:3]) + (", ..." if len(self.others) > 3 else "")
            yield (
                f"left alone: {len(self.others)} topics that start with {stage + '.'!r} and are not this "
                f"stage's ({shown}); `wms-connector ephemeral list` tells which belong to no stage"
            )


class Unfinished(ServerError):
    """A step that is needed did not come about; the line says what is left and what finishes it."""


def retire(stage: EphemeralStage, ask: Ask, clock: Clock, show: Show) -> Account:
    """Run all steps in order; raises `Unfinished`, and `NoFunction` when there is nobody to ask."""
    account = Account()
    name = stage.stage.name
    for step in TEARDOWN:
        try:
            answer = _until_done(step, ask, clock, show)
        except NoFunction:
            raise
        except WmsError as error:
            if step.policy.required:
                raise Unfinished(unfinished(name, step, str(error))) from None
            show(f"{step.value}: {error}; going on without it")
            if step is Operation.RETIRE_SOURCE:
                account.left.append(_left_on_source(stage, str(error)))
            continue
        _note(account, step, answer)
    return account


def unfinished(stage: str, operation: Operation, reason: str) -> str:
    """Why a teardown stopped, what is left and the commands that finish it, in one line."""
    after = TEARDOWN[TEARDOWN.index(operation) :]
    what = "topics and consumer groups" if Operation.RETIRE_TOPICS in after else "consumer groups"
    return (
        f"the teardown stopped at {operation.value}: {reason.rstrip('.')}. The connector's stack stands "
        f"and {what} that start with '{stage}.' are left; mend the cause and run `sceptre delete "
        f"ephemeral/{stage}` again or, if the cluster is gone for good, `{abandoning(stage)}`"
    )


def abandoning(stage: str) -> str:
    """The command that tears a stage down without its topics."""
    return f"{ABANDON}={stage} sceptre delete ephemeral/{stage}"


def by_functions(stage: str) -> str:
    """The commands that finish a teardown when the stage's Lambda is gone."""
    return f"`sceptre launch ephemeral/{stage}/functions.yaml`, then `sceptre delete ephemeral/{stage}`"


def _until_done(step: Operation, ask: Ask, clock: Clock, show: Show) -> Answer:
    deadline = clock.now() + step.policy.wait_seconds
    shown = ""
    details: dict[str, list[str]] = {}
    while True:
        answer = ask(step)
        _collect(details, answer)
        if answer.summary != shown:
            show(f"{step.value}: {answer.summary}")
            shown = answer.summary
        if answer.state is State.DONE:
            return Answer(answer.state, answer.summary, answer.changed, details)
        if answer.state is State.FAILED:
            raise ServerError(answer.summary)
        if clock.now() >= deadline:
            raise DeadlineExceeded(f"{answer.summary} (after {step.policy.wait_seconds:.0f} s)")
        clock.sleep(_PAUSE_SECONDS)


def _collect(details: dict[str, list[str]], answer: Answer) -> None:
    """What was deleted by each of several requests for one step."""
    for key in ("deleted", "others"):
        known = details.setdefault(key, [])
        known += [name for name in answer.details.get(key, []) if name not in known]


def _note(account: Account, operation: Operation, answer: Answer) -> None:
    if operation is Operation.RETIRE_TOPICS:
        account.topics += answer.details["deleted"]
        account.others += answer.details["others"]
    if operation is Operation.RETIRE_GROUPS:
        account.groups += answer.details["deleted"]


def _left_on_source(stage: EphemeralStage, reason: str) -> str:
    slot = stage.stage.names.replication_slot
    return (
        f"replication slot and publication {slot} may be left in the source database ({reason.rstrip('.')}); "
        f"there, run: SELECT pg_drop_replication_slot('{slot}'); DROP PUBLICATION IF EXISTS \"{slot}\";"
    )
