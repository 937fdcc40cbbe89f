"""Before a launch touches a stage: name the changes that cannot be undone, and stop unless they are meant."""

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

import click

from connector.aws import calls
from connector.aws.admin_function import Clock, invoke_once
from connector.domain.admin_api import Answer, Operation, Request, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.errors import OperatorError, WmsError
from connector.domain.stage.guarded_changes import (
    SETTING,
    GuardedChange,
    parse_confirmed,
    refusal,
    unconfirmed,
)
from connector.domain.stage.stage import Stage
from connector.operations import confirmation, procedure
from connector.operations.procedure import Ask
from connector.operations.signs import Show
from connector.sceptre import stack as sceptre_stack

Meant = Callable[[str], bool]


class Confirmations:
    """What is confirmed in this run, by stage: by the setting, or by somebody at the terminal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        self._meant: dict[str, set[str]] = {}
        #: Why a stage was refused: its other stacks ask, too, and nobody is asked twice.
        self._refused: dict[str, str] = {}

    def of(self, stage: Stage, config: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of confirmed changes of a stage with these settings."""
        return (*parse_confirmed(config.get(SETTING)), *sorted(self._meant.get(stage.name, ())))

    def asked(self, stage: Stage) -> bool:
        """Whether the changes of this stage were judged in this run."""
        return stage.name in self._asked

    def judge(
        self, stage: Stage, answer: Answer, confirmed: Collection[str], show: Show, meant: Meant
    ) -> None:
        """Show the changes; raise `OperatorError` unless those that lose something are confirmed."""
        if stage.name in self._refused:
            raise OperatorError(self._refused[stage.name])
        changes = [GuardedChange(**each) for each in answer.details.get("changes", ())]
        for change in changes:
            show(f"this launch changes {change.describe()}")
        with self._lock:
            self._asked.add(stage.name)
            for change in unconfirmed(changes, confirmed):
                if meant(f"{change.describe()}. Is that meant?"):
                    self._meant.setdefault(stage.name, set()).add(change.name)
            left = unconfirmed(changes, {*confirmed, *self._meant.get(stage.name, ())})
        if left:
            self._refused[stage.name] = refusal(left)
            raise OperatorError(refusal(left))

    def forget(self) -> None:
        """Forget everything: a new run."""
        self._asked.clear()
        self._meant.clear()
        self._refused.clear()


#: One process is one Sceptre run.
CONFIRMATIONS = Confirmations()


def at_terminal(question: str) -> bool:
    """The answer of somebody at the terminal; no if there is none."""
    return confirmation.on_terminal() and click.confirm(question, err=True)


def check_stack(stack: sceptre_stack.SceptreStack, show: Show, meant: Meant = at_terminal) -> None:
    """Judge a launch before its first stack, by the function that stands.

    A stage without one is new. A function that cannot answer (its brokers are away, it is of a release that
    cannot tell) is asked again before the workers are touched, by `check_standing`.
    """
    stage, config = sceptre_stack.stage_of(stack), stack.stack_group_config
    settings = ConnectorSettings.parse(config.get("connector") or {})
    request = Request(Operation.CHANGES, stage=stage.name, settings=settings.to_json())
    try:
        answer = invoke_once(stack.connection_manager, stage.names.connect_admin, request)
    except (WmsError, calls.ClientError):
        return
    if answer.state is State.DONE:
        CONFIRMATIONS.judge(stage, answer, CONFIRMATIONS.of(stage, config), show, meant)


def check_standing(
    stack: sceptre_stack.SceptreStack, ask: Ask, clock: Clock, show: Show, meant: Meant = at_terminal
) -> None:
    """Judge a launch before its workers are touched, unless it was judged before its first stack."""
    stage = sceptre_stack.stage_of(stack)
    if CONFIRMATIONS.asked(stage):
        return
    answer = procedure.until_done(Operation.CHANGES, ask, clock, lambda _: None)
    confirmed = CONFIRMATIONS.of(stage, stack.stack_group_config)
    CONFIRMATIONS.judge(stage, answer, confirmed, show, meant)
