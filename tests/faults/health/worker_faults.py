"""Faults of the worker and of the brokers."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.health.course import Course, Wanted
from tests.faults.health.mailbox import Mail, Sender
from tests.faults.health.patient import Patient
from tests.faults.report import Row
from tests.support.deployed import eventually, service, tasks

#: Three failures of the container's own check, thirty seconds apart, and a margin.
_REPLACED_SECONDS = 240.0


def worker_killed(patient: Patient) -> Row:
    """SIGKILL: ECS starts another one and its event is mailed; the health check wakes nobody."""
    course = Course(patient, "worker killed (SIGKILL)")
    # ECS counts the next task as running as soon as it is started; its API answers later.
    wanted = Wanted("ConnectApiUnreachable", "worker", healed=True)
    arrived: list[Mail] = []

    @contextmanager
    def killed() -> Iterator[None]:
        arn = patient.signal_worker(signal.SIGKILL)
        eventually(lambda: arn not in tasks(patient.world, patient.stage), "a task that is given up")
        yield

    def told_by_ecs() -> None:
        patient.rest()
        arrived.extend(patient.mailbox.take())

    row = course.run(killed, wanted, in_time=told_by_ecs)
    _mailed_by_event(course, arrived, "Exit code: 137")
    return row


def worker_hung(patient: Patient) -> Row:
    """SIGSTOP: its port accepts and nothing answers, until ECS's own check gives it up."""
    course = Course(patient, "worker hung (SIGSTOP)")
    wanted = Wanted("ConnectApiUnreachable", "worker")
    arrived: list[Mail] = []

    @contextmanager
    def hung() -> Iterator[None]:
        stopped.append(patient.signal_worker(signal.SIGSTOP))
        yield

    def replaced() -> None:
        eventually(
            lambda: stopped[0] not in tasks(patient.world, patient.stage), "a new worker", _REPLACED_SECONDS
        )
        patient.rest()
        arrived.extend(patient.mailbox.take())

    stopped: list[str] = []
    row = course.run(hung, wanted, in_time=replaced)
    _mailed_by_event(course, arrived, "Task failed container health checks")
    return row


def _mailed_by_event(course: Course, arrived: list[Mail], words: str) -> None:
    """ECS's event of a stopped task is a readable mail of its own, one for the stop."""
    events = [mail for mail in arrived + course.loose if mail.sender is Sender.EVENT]
    course.expect(f"{len(events)} mails of TaskStopped", holds=len(events) == 1)
    for mail in events:
        course.expect(f"TaskStopped says {mail.text!r}", holds=words in mail.text)
        course.figures["event mail"] = mail.text
    course.cells["mail"] += f"; 1 of TaskStopped ({words})"


def brokers_down(patient: Patient) -> Row:
    """The cluster is away for two checks."""
    course = Course(patient, "broker down")
    wanted = Wanted("BrokersUnreachable", "brokers")

    @contextmanager
    def down() -> Iterator[None]:
        patient.world.stop_broker()
        try:
            yield
        finally:
            patient.world.start_broker()

    def untouched() -> None:
        course.expect(f"{patient.restarts()} restarts", holds=patient.restarts() == 0)

    return course.run(down, wanted, in_time=untouched)


def no_worker_wanted(patient: Patient) -> Row:
    """A desired count of 0, as a cut-off teardown leaves it."""
    course = Course(patient, "desired count 0")
    wanted = Wanted("EcsServiceUnhealthy", "worker")
    ecs, name = patient.world.account.client("ecs"), patient.stage.names.service

    @contextmanager
    def scaled() -> Iterator[None]:
        ecs.update_service(cluster=name, service=name, desiredCount=0)
        eventually(lambda: service(patient.world, patient.stage)["runningCount"] == 0, "no worker")
        try:
            yield
        finally:
            ecs.update_service(cluster=name, service=name, desiredCount=1)

    return course.run(scaled, wanted)
