"""Let one command at a time work on a stage: a launch or a deletion that meets another one stops.

Nothing is locked. Each command looks before and after each of its own changes, so of two commands at least
one sees the other. The first stack of a launch is `alerts`: CloudFormation creates it for one of two launches
only. A deletion marks the stage in its record before it touches a stack; whoever writes there last goes on.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connector.aws import calls, stacks
from connector.aws.admin_function import Clock, invoke_once
from connector.aws.place import place
from connector.domain.admin_api import TORN_DOWN, Operation, Request, State
from connector.domain.errors import OperatorError, ServerError, WmsError
from connector.domain.stage import stack_states, turns
from connector.domain.stage.aws_names import COMPONENTS, FOUNDATION_STACK
from connector.domain.stage.ownership import ForeignStack, foreign_stack
from connector.domain.stage.stage import Stage
from connector.domain.stage.turns import Conflict, Requests, States
from connector.operations import teardown
from connector.operations.signs import LINE_SECONDS, Show
from connector.sceptre import preflight
from connector.sceptre import stack as sceptre_stack
from connector.sceptre.requests import RequestWatcher

FindConflict = Callable[[States, States, Requests], Conflict | None]

#: How long a stage that is incomplete is watched before a command goes on: Sceptre sleeps for 4 s after a
#: stack is complete, and no stack is in progress then.
_WATCH_SECONDS = 10.0
_LOOK_SECONDS = 2.0
#: How long a deletion waits for a launch to withdraw when no stack is in progress, and how long it waits at
#: most while one is.
_YIELD_SECONDS = 15.0
_LONGEST_SECONDS = 900.0
#: How long a launch that withdraws waits for each of its stacks to be gone.
_WITHDRAW_SECONDS = 180.0
#: For how long the states that were read last are good enough for a look between two steps.
_FRESH_SECONDS = 2.0

_AGAIN = "Wait until it has ended, then run the same command again"
#: Not withdrawn, with all that it stands on: a worker of it may have made topics, which a deletion removes.
_TORN_DOWN = "connector"


@dataclass(frozen=True)
class _Look:
    """When the states were read, what they were, and what this run had created before."""

    at: float
    states: States
    made: frozenset[str]
    #: Stacks of the stage's names that are somebody else's: they are not among the states.
    foreign: tuple[ForeignStack, ...] = ()


class Turn:
    """One run of Sceptre on one stage, or on the foundation (`stage` is None)."""

    def __init__(self, connection: calls.Port, stage: Stage | None, clock: Clock, show: Show) -> None:
        self.stage = stage
        self._connection = connection
        self._clock = clock
        self._show = show
        self._lock = threading.RLock()
        self._requests = Requests()
        self._watcher = RequestWatcher(self._requests, self._refuse)
        self._before: States | None = None
        self._seen: _Look | None = None
        self._deletion: Conflict | None = None
        #: Why this run has stopped: Sceptre lets the threads of other stacks go on.
        self._stopped = ""
        #: Whether this run, a deletion, has marked the stage.
        self.marked = False

    @property
    def asked(self) -> frozenset[str]:
        """The stacks that this run has asked CloudFormation to change."""
        return frozenset(self._requests.asked)

    def watch(self, connection: calls.Port) -> None:
        """Notice what Sceptre asks of CloudFormation through the sessions of this connection."""
        with self._lock:
            self._watcher.watch(connection.get_session())  # type: ignore[attr-defined]

    # -- a launch --------------------------------------------------------------

    def admit(self, stack: sceptre_stack.SceptreStack) -> None:
        """Check everything that can be checked before this launch changes its first stack."""
        self.examine(stack)
        if self.stage is not None and preflight.covers(stack, "connector"):
            self.cancel_teardown()

    def examine(self, stack: sceptre_stack.SceptreStack) -> None:
        """Raise what a launch would be refused for now. Changes nothing."""
        touched = preflight.touched(stack)
        self.begin_launch(touched)
        found = preflight.stacks_of_stage(stack) if self.stage is None else preflight.admit(stack)
        new = [
            sibling
            for sibling in found
            if sibling.external_name not in (self._before or {})
            and (touched is None or sibling.external_name in touched)
        ]
        try:
            preflight.check_names(new, self.stage, self._show)
        except OperatorError:
            # The names may have been taken by the stacks of a launch that has begun since.
            self.check_launch()
            raise
        if self.stage is not None:
            self.check_launch(fresh=False)

    def begin_launch(self, touched: frozenset[str] | None = None) -> None:
        """Raise if a stack is not ours or in a state that no launch leaves, or if another command runs.

        `touched`: the names of the stacks that the launch may change; None stands for all.
        """
        with self._lock:
            self._raise_if_stopped()
            look = self._look()
            self._refuse_foreign(look, touched)
            self._before = now = look.states
            for name, status in sorted(now.items()):
                if stack_states.stuck(status):
                    step = stack_states.next_step(self.stage, name, status)
                    self._refuse(f"stack {name} is {status}; nothing was changed. Next: {step}")
                    self._raise_if_stopped()
            self._stop(turns.launch_conflict(now, now, self._requests), "nothing was changed")
            self._watch_incomplete(now, turns.launch_conflict)

    def check_launch(self, *, fresh: bool = True) -> None:
        """Raise if another command is under way, and take back what this launch made for a deletion."""
        with self._lock:
            if self._before is None:
                return
            if self._deletion is None:
                self._raise_if_stopped()
            look = self._look(fresh=fresh)
            conflict = self._deletion or turns.launch_conflict(
                self._before, look.states, self._requests, look.made
            )
            if conflict is None:
                return
            left: tuple[str, ...] = ()
            if conflict.deletion and self.stage is not None and self.stage.ephemeral:
                self._deletion = conflict
                left = self._withdraw(self.stage, look.states)
            consequence = "this launch stops"
            if left:
                consequence += f"; it made {', '.join(left)}, which `sceptre delete {self._group}` deletes"
            self._stop(conflict, consequence)

    def check_outcome(self, stack_name: str) -> None:
        """After Sceptre has gone over a stack: as `check_launch`.

        If CloudFormation had nothing to change, the states read a moment ago are good enough, but before the
        connector is registered.
        """
        changed = stack_name in self._requests.asked
        last = self.stage is not None and stack_name == self.stage.names.stack(_TORN_DOWN)
        self.check_launch(fresh=changed or last)

    @contextmanager
    def registration(self) -> Iterator[None]:
        """Around registration: if it finds that the stage is being torn down, the launch withdraws."""
        try:
            yield
        except WmsError as error:
            if self.stage is not None and TORN_DOWN in str(error):
                name = self.stage.names.stack(_TORN_DOWN)
                self._deletion = Conflict(name, "is complete", stack_states.DELETION)
                self.check_launch()
            raise

    def cancel_teardown(self) -> None:
        """Clear the mark of a deletion that was interrupted; one that still runs stops at its next step.

        A named stage has no such mark, but it may have a rotation of secrets under way, which stops, too.
        """
        if self.stage is None:
            return
        functions = self.stage.names.stack("functions")
        if stack_states.stuck((self._before or {}).get(functions, "ROLLBACK_FAILED")):
            return
        request = Request(Operation.CANCEL_TEARDOWN, launch=True, stage=self.stage.name)
        try:
            answer = invoke_once(self._connection, self.stage.names.connect_admin, request)
        except (WmsError, calls.ClientError):
            # Registration asks the same function and says what is wrong with it.
            return
        if answer.changed:
            self._show(f"{Operation.CANCEL_TEARDOWN.value}: {answer.summary}")

    # -- a deletion ------------------------------------------------------------

    def check_deletion(self, *, whole: bool) -> None:
        """Raise if a launch is under way. The first look also marks the stage, if all of it is to go."""
        with self._lock:
            self._raise_if_stopped()
            if self._before is None:
                look = self._look()
                self._refuse_foreign(look)
                self._before = now = look.states
                conflict = turns.deletion_conflict(now, now, self._requests)
                self._stop(conflict, "nothing was changed")
                if whole:
                    self._watch_incomplete(now, turns.deletion_conflict)
                    self._mark()
            # Marking takes seconds, in which a launch may have begun its next stack.
            self._wait_for_launch(self._before)

    def _wait_for_launch(self, before: States) -> None:
        """Wait while a launch that has begun since may still withdraw; raise if it does not.

        It notices the deletion when the stack that it creates is complete.
        """
        start = shown = self._clock.now()
        give_up = start + _YIELD_SECONDS
        while conflict := turns.deletion_conflict(before, (look := self._look()).states, self._requests):
            now = self._clock.now()
            if any(stack_states.busy(s) and not s.startswith("DELETE_") for s in look.states.values()):
                give_up = min(now + _YIELD_SECONDS, start + _LONGEST_SECONDS)
            if now >= give_up:
                if not self.marked:
                    self._stop(conflict, "nothing more is deleted")
                # A marked stage registers nothing, so that launch has stopped. A new one clears the mark, and
                # then each step of the teardown refuses.
                self._show(f"{conflict.stack} {conflict.seen}, by a launch that has stopped: it goes, too")
                self._before = {**before, **look.states}
                return
            if now - shown >= LINE_SECONDS:
                self._show(f"{conflict}; waiting for it, {now - start:.0f} s")
                shown = now
            self._clock.sleep(_LOOK_SECONDS)

    def _mark(self) -> None:
        """Write into the stage record that the stage is being torn down, before its first stack goes.

        What keeps that from being written is reported by the teardown, which does it again.
        """
        if self.stage is None or not self.stage.ephemeral:
            return
        if os.environ.get(teardown.ABANDON) == self.stage.name:
            return
        try:
            request = Request(Operation.TEARDOWN_MARK, stage=self.stage.name)
            answer = invoke_once(self._connection, self.stage.names.connect_admin, request)
        except (WmsError, calls.ClientError):
            return
        self.marked = answer.state is State.DONE

    # -- both ------------------------------------------------------------------

    @property
    def _group(self) -> str:
        return stack_states.group_of(self.stage)

    def _names(self) -> tuple[str, ...]:
        if self.stage is None:
            return (FOUNDATION_STACK,)
        return tuple(map(self.stage.names.stack, COMPONENTS))

    def _look(self, *, fresh: bool = True) -> "_Look":
        """The states of the stage's stacks that exist."""
        now = self._clock.now()
        if not fresh and self._seen is not None and now - self._seen.at < _FRESH_SECONDS:
            return self._seen
        made = frozenset(self._requests.created)
        found: dict[str, str] = {}
        foreign: list[ForeignStack] = []
        for name in self._names():
            description = stacks.describe_stack(self._connection, name)
            if description is None or description["StackStatus"] == "DELETE_COMPLETE":
                continue
            other = foreign_stack(self.stage, description)
            if other is None:
                found[name] = str(description["StackStatus"])
            else:
                foreign.append(other)
        self._seen = _Look(now, found, made, tuple(foreign))
        return self._seen

    def _refuse_foreign(self, look: _Look, touched: frozenset[str] | None = None) -> None:
        """Raise if a stack that is to be changed is not ours. Nothing has been changed yet."""
        for other in look.foreign:
            if touched is None or other.name in touched:
                self._refuse(other.refusal(self.stage, place(self._connection)))
                self._raise_if_stopped()

    def _watch_incomplete(self, began: States, find: FindConflict) -> None:
        """If some stacks are missing, a launch or a deletion was interrupted, or runs on another machine."""
        missing = sorted({*self._names()} - {*began})
        if not began or not missing:
            return
        self._show(
            f"stage {self._group}: {', '.join(missing)} missing; looking for {_WATCH_SECONDS:.0f} s whether "
            "another command is under way"
        )
        give_up = self._clock.now() + _WATCH_SECONDS
        while self._clock.now() < give_up:
            self._clock.sleep(_LOOK_SECONDS)
            self._stop(find(began, self._look().states, self._requests), "nothing was changed")

    def _withdraw(self, stage: Stage, now: States) -> tuple[str, ...]:
        """Delete the stacks that this launch made; those that are left.

        What another thread of this run is creating at this moment is left to that thread.
        """
        mine = [name for name in self._requests.created if name in now]
        if stage.names.stack(_TORN_DOWN) in mine:
            # The deletion needs the function to tear it down, and takes the rest with it.
            return tuple(sorted(mine))
        # Whatever stands on another stack comes later in this order.
        done = [
            name for name in sorted(mine, key=self._names().index, reverse=True) if not _creating(now[name])
        ]
        for name in done:
            if stack_states.under_way(now[name]) != stack_states.DELETION:
                self._show(f"{name}: deleted again, because a deletion of this stage is under way")
                self._connection.call("cloudformation", "delete_stack", {"StackName": name})
                self._requests.deleted.add(name)
            self._wait_gone(name)
        return tuple(name for name in done if stacks.describe_stack(self._connection, name) is not None)

    def _wait_gone(self, name: str) -> None:
        start = shown = self._clock.now()
        while (now := self._clock.now()) < start + _WITHDRAW_SECONDS:
            description = stacks.describe_stack(self._connection, name)
            if description is None or not stack_states.busy(description["StackStatus"]):
                return
            if now - shown >= LINE_SECONDS:
                self._show(f"{name} is {description['StackStatus']}; waiting for it, {now - start:.0f} s")
                shown = now
            self._clock.sleep(_LOOK_SECONDS)

    def _stop(self, conflict: Conflict | None, consequence: str) -> None:
        if conflict is not None:
            self._stopped = f"{conflict}; {consequence}. {_AGAIN}"
            self._raise_if_stopped()

    def _refuse(self, reason: str) -> None:
        self._stopped = reason

    def _raise_if_stopped(self) -> None:
        if self._stopped:
            raise ServerError(self._stopped)


def _creating(status: str) -> bool:
    return status == "CREATE_IN_PROGRESS"


class Turns:
    """The turns of this process: one for each stage group and region."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[tuple[str, str], Turn] = {}

    def of(self, stack: sceptre_stack.SceptreStack, show: Show) -> Turn:
        """The turn that this run has on the stack's stage; it notices the stack's requests from now on."""
        key = (sceptre_stack.group_of(stack), str(stack.region))
        with self._lock:
            if key not in self._turns:
                stage = None if sceptre_stack.is_foundation(stack) else sceptre_stack.stage_of(stack)
                self._turns[key] = Turn(stack.connection_manager, stage, Clock(), show)
            turn = self._turns[key]
        turn.watch(stack.connection_manager)
        return turn

    def asked(self) -> frozenset[str]:
        """The stacks that this run has asked CloudFormation to change.

        Without a lock: a signal's handler calls this, and the thread that it interrupts may hold it.
        """
        return frozenset(name for turn in list(self._turns.values()) for name in turn.asked)

    def forget(self) -> None:
        """Forget everything: a new run."""
        with self._lock:
            self._turns.clear()


#: One process is one Sceptre run.
TURNS = Turns()
