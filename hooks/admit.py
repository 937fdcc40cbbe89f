"""`!wms_admit` and `!wms_check_secrets`: before a command works on a stage, check what can be checked."""

import threading
from collections.abc import Callable
from functools import partial

from sceptre.hooks import Hook

from connector.operations import guarded_changes, interrupted, stack_progress
from connector.operations.turns import TURNS
from connector.sceptre import preflight, run
from connector.sceptre import stack as sceptre_stack
from connector.sceptre.stack import SceptreStack

#: What was admitted in this process: each stack of a stage asks, and the first answer holds for the run.
_admitted: set[tuple[str, str, str]] = set()
_lock = threading.Lock()

# Sceptre imports its plugins before it reads config/, so a mistake there is reported in one line too.
run.begin()
interrupted.install(TURNS.asked)


class AdmitStage(Hook):  # type: ignore[misc]
    """Refuse a stage whose name is not allowed, that lacks the foundation, or whose settings are wrong."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(sceptre_stack.group_of(self.stack)), _lock:
            preflight.check_path(self.stack)
            sceptre_stack.check_name(self.stack)
            turn = TURNS.of(self.stack, self.logger.info)
            if not _once("launch", turn.admit, self.stack):
                turn.check_launch(fresh=False)
            if not sceptre_stack.is_foundation(self.stack):
                _once("changes", partial(guarded_changes.check_stack, show=self.logger.info), self.stack)
        stack_progress.watch(self.stack, self.logger.info)


class CheckSecrets(Hook):  # type: ignore[misc]
    """Refuse what a launch would refuse in the stage's secrets, before `diff`, `validate` and `generate`.

    Sceptre puts a word of its own in the place of a resolver's error, and the template would complain of it.
    """

    def run(self) -> None:
        with sceptre_stack.one_line_errors(sceptre_stack.group_of(self.stack)), _lock:
            if not sceptre_stack.is_foundation(self.stack):
                _once("reading", preflight.admit_reading, self.stack)


def _once(what: str, check: Callable[[SceptreStack], object], stack: SceptreStack) -> bool:
    """Whether this is the first stack of its stage, for which the check is made."""
    key = (what, sceptre_stack.group_of(stack), str(stack.region))
    if key in _admitted:
        return False
    check(stack)
    _admitted.add(key)
    return True
