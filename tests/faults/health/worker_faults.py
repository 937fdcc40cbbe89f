"""Faults of the worker and of the brokers."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.faults.health.fault_scenario import FaultScenario, Wanted
from tests.faults.health.watched_stage import WatchedStage
from tests.faults.report import Row
from tests.support.mailbox import Mail, Sender
from tests.support.waiting import wait_for

#: Three failures of the container's own check, thirty seconds apart, and a margin.
_REPLACED_SECONDS = 240.0
#: How often a worker ends in a crash loop.
_STOPS = 3


def worker_killed(under_test: WatchedStage) -> Row:
    """SIGKILL: ECS starts another one and mails its event; a check tells of the end."""
    scenario = FaultScenario(under_test, "worker killed (SIGKILL)")
    # ECS counts the next task as running as soon as it is started; its API answers later.
    wanted = Wanted("ConnectApiUnreachable", "worker", healed=True, event=True)
    arrived: list[Mail] = []

    @contextmanager
    def killed() -> Iterator[None]:
        arn = under_test.signal_worker(signal.SIGKILL)
        wait_for(partial(_given_up, under_test, arn), "a task that is given up")
        yield

    def told_by_ecs() -> None:
        under_test.rest()
        arrived.extend(under_test.mailbox.take())

    row = scenario.run(killed, wanted, in_time=told_by_ecs)
    _mailed_by_event(scenario, arrived, "exit code 137")
    return row


def _given_up(under_test: WatchedStage, arn: str) -> bool:
    return arn not in under_test.service.task_arns()


def worker_hung(under_test: WatchedStage) -> Row:
    """SIGSTOP: its port accepts and nothing answers, until ECS's own check gives it up.

    ECS's event joins the incident that the check has mailed, with the same class: it is no second mail.
    """
    scenario = FaultScenario(under_test, "worker hung (SIGSTOP)")
    wanted = Wanted("ConnectApiUnreachable", "worker")
    arrived: list[Mail] = []

    @contextmanager
    def hung() -> Iterator[None]:
        stopped.append(under_test.signal_worker(signal.SIGSTOP))
        yield

    def replaced() -> None:
        wait_for(
            lambda: stopped[0] not in under_test.service.task_arns(),
            "a new worker",
            _REPLACED_SECONDS,
        )
        under_test.rest()
        arrived.extend(under_test.mailbox.take())

    stopped: list[str] = []
    row = scenario.run(hung, wanted, in_time=replaced)
    events = [mail.subject for mail in arrived + scenario.loose if mail.sender is Sender.EVENT]
    scenario.expect(f"mailed of the event {events}", holds=not events)
    scenario.expect("no event joined", holds="1 TaskStopped" in str(scenario.figures["last mail"]))
    return row


def worker_keeps_stopping(under_test: WatchedStage) -> Row:
    """SIGKILL for each worker that ECS starts: one mail for all, and one of the end that counts them."""
    scenario = FaultScenario(under_test, f"worker killed {_STOPS} times (SIGKILL)")
    wanted = Wanted("ConnectApiUnreachable", "worker", healed=True, event=True)
    arrived: list[Mail] = []

    @contextmanager
    def killed() -> Iterator[None]:
        for _ in range(_STOPS):
            wait_for(lambda: len(under_test.service.workers()) == 1, "a worker to kill", _REPLACED_SECONDS)
            arn = under_test.signal_worker(signal.SIGKILL)
            wait_for(partial(_given_up, under_test, arn), "a task that is given up")
        yield

    def told_by_ecs() -> None:
        under_test.rest()
        arrived.extend(under_test.mailbox.take())

    row = scenario.run(killed, wanted, in_time=told_by_ecs)
    _mailed_by_event(scenario, arrived, "exit code 137")
    counted = f"Events:       {_STOPS} TaskStopped"
    scenario.expect("the last mail does not count", holds=counted in str(scenario.figures["last mail"]))
    return row


def _mailed_by_event(scenario: FaultScenario, arrived: list[Mail], words: str) -> None:
    """ECS's events of stopped tasks are one readable mail, in the words of the check's."""
    events = [mail for mail in arrived + scenario.loose if mail.sender is Sender.EVENT]
    scenario.expect(f"{len(events)} mails of TaskStopped", holds=len(events) == 1)
    for mail in events:
        scenario.expect(f"TaskStopped says {mail.text!r}", holds=words in mail.text)
        scenario.readable(mail, Wanted("ConnectApiUnreachable", "worker"))
        scenario.figures["event mail"] = mail.text
    scenario.cells["mail"] += f"; 1 of TaskStopped ({words})"


def brokers_down(under_test: WatchedStage) -> Row:
    """The cluster is away for two checks."""
    scenario = FaultScenario(under_test, "broker down")
    wanted = Wanted("BrokersUnreachable", "brokers")

    @contextmanager
    def down() -> Iterator[None]:
        under_test.world.stop_broker()
        try:
            yield
        finally:
            under_test.world.start_broker()

    def untouched() -> None:
        scenario.expect(f"{under_test.restarts()} restarts", holds=under_test.restarts() == 0)

    return scenario.run(down, wanted, in_time=untouched)


def no_worker_wanted(under_test: WatchedStage) -> Row:
    """A desired count of 0, as a cut-off teardown leaves it."""
    scenario = FaultScenario(under_test, "desired count 0")
    wanted = Wanted("EcsServiceUnhealthy", "worker")

    @contextmanager
    def scaled() -> Iterator[None]:
        under_test.service.scale(0)
        wait_for(lambda: under_test.service.describe()["runningCount"] == 0, "no worker")
        try:
            yield
        finally:
            under_test.service.scale(1)

    return scenario.run(scaled, wanted)
