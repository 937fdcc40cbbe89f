"""Whether a launch or a deletion of a stage meets another command, as far as CloudFormation shows it. Pure.

Two commands may run on two machines, so only what AWS says counts: which stacks of the stage exist, in which
state, and what this run itself has asked CloudFormation to do.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from connector.domain.stage import stack_states

#: Stack name -> state, for each stack of a stage that exists.
States = Mapping[str, str]


@dataclass
class Requests:
    """What this run has asked CloudFormation to do, as stack names.

    `asked` and `deleted` hold a request from the moment that it is sent, `created` once CloudFormation has
    accepted it: until then the stack may exist or not.
    """

    asked: set[str] = field(default_factory=set)
    created: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Conflict:
    """Another command on the same stage. `stack` and `seen` say what shows it, `command` what it does."""

    stack: str
    seen: str
    command: str

    @property
    def deletion(self) -> bool:
        """Whether the other command deletes."""
        return self.command == stack_states.DELETION

    def __str__(self) -> str:
        return f"stack {self.stack} {self.seen}: {self.command} of this stage is under way"


def launch_conflict(
    before: States, now: States, own: Requests, made: AbstractSet[str] = frozenset()
) -> Conflict | None:
    """What shows that another command works on the stage that this run launches; None without a sign of one.

    `before` are the states when the run began, `made` the stacks that it had created when `now` was read;
    `own` is taken after that.
    """
    for name, status in sorted(now.items()):
        deleting = stack_states.under_way(status) == stack_states.DELETION and name not in own.deleted
        if stack_states.busy(status) and (name not in own.asked or deleting):
            return Conflict(name, f"is {status}", stack_states.under_way(status))
    for name in sorted({*before, *made} - {*now} - own.deleted):
        return Conflict(name, "has been deleted since", stack_states.DELETION)
    for name in sorted({*now} - {*before} - own.asked):
        return Conflict(name, "has been created since", stack_states.LAUNCH)
    return None


def deletion_conflict(before: States, now: States, own: Requests) -> Conflict | None:
    """What shows that another command launches the stage that this run deletes.

    Another deletion is no conflict: both want the same.
    """
    for name, status in sorted(now.items()):
        if status.startswith("DELETE_"):
            continue
        if stack_states.busy(status):
            return Conflict(name, f"is {status}", stack_states.under_way(status))
        if name not in before or name in own.deleted:
            return Conflict(name, "has been created since", stack_states.LAUNCH)
    return None
