"""Faults of the worker and of the brokers."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.health.fault_scenario import FaultScenario, Wanted
from tests.faults.health.watched_stage import WatchedStage
from tests.faults.report import Row
from tests.support.mailbox import Mail, Sender
from tests.support.waiting import wait_for

#: Three failures of the container's own check, thirty seconds apart, and a margin.
_REPLACED_SECONDS = 240.0


def worker_killed(under_test: WatchedStage) -> Row:
    """SIGKILL: ECS starts another one and its event is mailed; the health check wakes nobody."""
    scenario = FaultScenario(under_test, "worker killed (SIGKILL)")
    # ECS counts the next task as running as soon as it is started; its API answers later.
    wanted = Wanted("ConnectApiUnreachable", "worker", healed=True)
    arrived: list[Mail] = []

    @contextmanager
    def killed() -> Iterator[None]:
        arn = under_test.signal_worker(signal.SIGKILL)
        wait_for(lambda: arn not in under_test.service.task_arns(), "a task that is given up")
        yield

    def told_by_ecs() -> None:
        under_test.rest()
        arrived.extend(under_test.mailbox.take())

    row = scenario.run(killed, wanted, in_time=told_by_ecs)
    _mailed_by_event(scenario, arrived, "Exit code: 137")
    return row


def worker_hung(under_test: WatchedStage) -> Row:
    """SIGSTOP: its port accepts and nothing answers, until ECS's own check gives it up."""
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
    _mailed_by_event(scenario, arrived, "Task failed container health checks")
    return row


def _mailed_by_event(scenario: FaultScenario, arrived: list[Mail], words: str) -> None:
    """ECS's event of a stopped task is a readable mail of its own, one for the stop."""
    events = [mail for mail in arrived + scenario.loose if mail.sender is Sender.EVENT]
    scenario.expect(f"{len(events)} mails of TaskStopped", holds=len(events) == 1)
    for mail in events:
        scenario.expect(f"TaskStopped says {mail.text!r}", holds=words in mail.text)
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
