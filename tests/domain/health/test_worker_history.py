"""What is remembered of ECS's events: one incident for a loop, and an end of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.alarm import RUNBOOK
from connector.domain.health.error_classes import WORKER
from connector.domain.health.state import HealthState, Incident
from connector.domain.health.verify_checks import INCIDENT, Setup, verify_checks
from connector.domain.health.worker_event import EventKind, WorkerEvent
from connector.domain.health.worker_history import LOOP_QUIET_SECONDS, QUIET_SECONDS, WorkerHistory
from connector.domain.stage.stage import Stage
from connector.local.state import ROOT
from tests.support.observations import WELL

NOW = 1_800_000_000.0
STOP = WorkerEvent(EventKind.TASK_STOPPED, "task-1", WORKER, at=NOW)
EVENTS = st.builds(
    WorkerEvent,
    st.sampled_from(EventKind),
    st.text(max_size=8),
    st.just(WORKER),
    at=st.none() | st.floats(0, 2 * NOW),
)


def after(*events: WorkerEvent) -> WorkerHistory:
    history = WorkerHistory()
    for event in events:
        history = history.recorded(event, NOW)
    return history


def test_one_stop_is_over_after_ten_minutes_and_several_after_an_hour():
    once, twice = after(STOP), after(STOP, replace(STOP, key="task-2"))
    assert not once.quiet(NOW + QUIET_SECONDS - 1)
    assert once.quiet(NOW + QUIET_SECONDS)
    assert not twice.quiet(NOW + LOOP_QUIET_SECONDS - 1)
    assert twice.quiet(NOW + LOOP_QUIET_SECONDS)


def test_a_deployment_that_fails_after_one_stop_is_no_loop():
    failed = WorkerEvent(EventKind.DEPLOYMENT_FAILED, "id", WORKER, at=NOW)
    assert after(STOP, failed).quiet(NOW + QUIET_SECONDS)


def test_a_stop_soon_after_an_incident_is_known_as_a_loop():
    history = after(replace(STOP, at=NOW - 1800)).closed().recorded(replace(STOP, key="task-2"), NOW)
    assert history.summary == "1 TaskStopped"
    assert not history.quiet(NOW + QUIET_SECONDS)


@given(st.lists(EVENTS, max_size=50))
def test_no_event_keeps_an_incident_open_for_ever_and_an_item_has_a_bound(events: list[WorkerEvent]):
    history = after(*events)
    assert history.quiet(NOW + LOOP_QUIET_SECONDS)
    assert len(history.events) <= 30
    assert sum(history.counts.values()) == len(events)


@given(st.lists(EVENTS, max_size=5))
def test_an_item_gives_the_same_state_back(events: list[WorkerEvent]):
    state = HealthState(worker=after(*events), incident=Incident(1, "TaskStopped"), version=1)
    assert HealthState.from_item(state.to_item()) == state


def test_an_item_of_the_version_before_has_no_events():
    item = HealthState(incident=Incident(1, "lag"), version=3).to_item()
    del item["worker"]
    assert HealthState.from_item(item) == HealthState(incident=Incident(1, "lag"), version=3)


@pytest.mark.parametrize(
    "worker", [7, {}, {"events": [[1]], "counts": {}}, {"events": [], "counts": {"x": 1}}]
)
def test_a_damaged_item_costs_a_repeated_mail_and_no_more(worker: object):
    item = {**HealthState(version=3).to_item(), "worker": worker}
    assert HealthState.from_item(item) == HealthState(version=3)


@pytest.mark.parametrize("kind", EventKind)
def test_each_kind_of_event_has_its_section_in_the_runbook(kind: EventKind):
    assert f"\n## {kind.value}\n" in (ROOT / RUNBOOK).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("notified", "found_since", "alone"),
    [
        (("TaskStopped", "worker"), {}, True),
        (("TaskStopped", "worker"), {"ReplicationLagSeconds": 9}, True),
        (("ConnectApiUnreachable", "worker"), {}, True),
        (("ConnectApiUnreachable", "worker"), {"ConnectApiUnreachable": 9}, False),
    ],
)
def test_verify_does_not_call_a_stage_ill_for_a_worker_that_stopped_a_while_ago(
    notified: tuple[str, str], found_since: dict[str, int], alone: bool
):
    """A launch that corrects a crash loop is verified at once, not an hour later."""
    incident = Incident(1, notified[0], (notified,))
    state = HealthState(worker=after(STOP), incident=incident, found_since=found_since)
    assert state.worker_incident == (incident if alone else None)
    seen = replace(WELL, health_state=state)
    (found,) = [f for f in verify_checks(seen, Setup(), Stage.parse("main"), 0.0) if f.name == INCIDENT]
    assert found.ok is alone
