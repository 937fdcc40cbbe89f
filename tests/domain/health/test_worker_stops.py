"""A task that never started is told with what to look at: secret, network, image, capacity and the like.

The messages are those of the Developer Guide's pages on stopped tasks and service events, and public reports.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.health import worker_stops
from connector.domain.health.check_result import next_step
from connector.domain.health.error_classes import WORKER, named
from connector.domain.health.finding import Finding
from connector.domain.health.findings import findings
from connector.domain.health.observation import Service, Task
from connector.domain.health.worker_stops import (
    CAPACITY,
    IMAGE,
    NOT_STARTED,
    NOT_STARTED_CODE,
    SECRET,
    worker_stop,
)
from connector.domain.stage.stage import Stage
from tests.support.observations import NOW, WELL

PULL = "CannotPullContainerError: "


def _reasons() -> Iterator[tuple[ErrorClass, str]]:
    """Class and reason; in the file each class stands in brackets before its reasons."""
    cause = NOT_STARTED
    for line in Path(__file__).with_name("stopped_tasks.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            cause = named(line.strip("[]"))
        elif line:
            yield cause, line


REASONS = [*_reasons(), (NOT_STARTED, "")]


@pytest.mark.parametrize(("cause", "reason"), REASONS)
def test_a_reason_says_what_to_look_at(cause: ErrorClass, reason: str):
    """Kind: a task that never started is not told to read its log."""
    found = worker_stop(NOT_STARTED_CODE, reason)
    assert found is cause
    assert "log of" not in found.next_step
    assert "last lines" not in found.next_step
    assert "wms-connector logs" not in found.command


@pytest.mark.parametrize(("cause", "reason"), REASONS)
def test_a_reason_is_known_without_ecss_code_too(cause: ErrorClass, reason: str):
    expected = None if cause is NOT_STARTED or "vCPUs" in reason else cause
    assert worker_stop("", reason) is expected


@pytest.mark.parametrize("code", ["EssentialContainerExited", "ServiceSchedulerInitiated", "UserInitiated"])
@given(reason=st.sampled_from([reason for _, reason in REASONS]) | st.text())
def test_a_task_that_ran_has_a_log(code: str, reason: str):
    assert worker_stop(code, reason) is None


@given(st.text())
def test_every_task_that_never_started_has_a_class_that_sends_nobody_to_its_log(reason: str):
    found = worker_stop(NOT_STARTED_CODE, reason)
    assert found in worker_stops.CLASSES
    assert found is not None
    assert named(found.name) is found
    assert not found.retry


PLACE = (
    "(service wms-connector-main) was unable to place a task. Reason: Capacity is unavailable at this time."
)
IMPAIRED = "(service wms-connector-main) is unable to consistently start tasks successfully."
STEADY = "(service wms-connector-main) has reached a steady state."


def service(*stops: tuple[str, str], events: tuple[str, ...] = (), **more: object) -> Service:
    stopped = [Task("t", "STOPPED", "d", stopped_reason=reason, stop_code=code) for code, reason in stops]
    made = Service("s", 1, 0, 0, "d", "COMPLETED", stopped=stopped, events=events)
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "cause", "words"),
    [
        (service((NOT_STARTED_CODE, REASONS[0][1])), SECRET, "no task starts: ResourceInitializationError"),
        (
            service(events=(PLACE,)),
            CAPACITY,
            "no task starts: (service wms-connector-main) was unable to place",
        ),
        (service(events=(IMPAIRED, PLACE)), NOT_STARTED, "unable to consistently start"),
        (service((NOT_STARTED_CODE, PULL + "x"), events=(IMPAIRED,)), IMAGE, "no task starts: CannotPull"),
        (
            service(("EssentialContainerExited", "exit code 1"), events=(IMPAIRED,)),
            WORKER,
            "the last task stopped",
        ),
        (service(("EssentialContainerExited", "exit code 1"), events=(STEADY, PLACE)), WORKER, "exit code 1"),
        (service((NOT_STARTED_CODE, "x"), desired=0), WORKER, "desired count is 0"),
    ],
)
def test_the_finding_has_the_class_of_what_keeps_tasks_from_starting(
    seen: Service, cause: ErrorClass, words: str
):
    observed = replace(WELL, service=seen, connect_answers="no worker answers", source=None)
    found = {f.name: f for f in findings(observed, ConnectorSettings(), NOW)}
    finding = found["EcsServiceUnhealthy"]
    assert finding.cause is cause
    assert words in finding.reason
    # Consequences are of the same class, so that they are one mail.
    assert found["ConnectApiUnreachable"].cause is cause


def test_what_to_do_is_the_classs_and_names_no_log():
    finding = Finding.failed("EcsServiceUnhealthy", "0 of 1 tasks running", SECRET)
    text = next_step(finding, Stage.parse("x"))
    assert "may read and decrypt it" in text
    assert "sceptre launch ephemeral/x --yes" in text
    assert "newest lines" not in text


def test_a_service_that_runs_a_task_has_no_error_of_its_start():
    running = service((NOT_STARTED_CODE, "x"), events=(PLACE,), tasks=[Task("r", "RUNNING", "d", "10.0.0.1")])
    assert running.start_error is None
