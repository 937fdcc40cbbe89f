"""Who halts the connector, when nothing is meant to be streamed, and what the health check then says."""

from dataclasses import replace

import pytest

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.at_rest import at_rest, halted_by
from connector.domain.health.halt import Halt, HaltedBy
from connector.domain.health.halt_end import has_ended
from connector.domain.health.observation import ConnectorStatus, Observation, Service, TaskStatus
from connector.domain.health.verdict import Verdict, decide
from tests.support.observations import NOW, WELL

STOPPED = ConnectorStatus("STOPPED", "w")
FAILED = ConnectorStatus("RUNNING", "w", tasks=(TaskStatus(0, "FAILED", "127.0.0.9:8083", "boom"),))
NOBODY = replace(
    WELL,
    service=Service("s", 0, 0, 0, "d", "COMPLETED"),
    connect_answers="no worker",
    connector=None,
    source=None,
)
#: What alarms are made of whose values must not stay away: 0 ends them.
ENDED = ("SourceDisconnected", "HeartbeatMissing", "ConfigDrifted")


def judged(seen: Observation) -> Verdict:
    return decide(seen, ConnectorSettings(), NOW)


@pytest.mark.parametrize(
    ("mark", "status", "by"),
    [
        (None, WELL.connector, None),
        (None, STOPPED, HaltedBy.OPERATOR),
        (HaltedBy.OPERATOR, STOPPED, HaltedBy.OPERATOR),
        (HaltedBy.DECLARED, STOPPED, HaltedBy.DECLARED),
        # Somebody has resumed it by hand: the mark says nothing any more.
        (HaltedBy.OPERATOR, WELL.connector, None),
        (HaltedBy.DECLARED, FAILED, None),
        (HaltedBy.OPERATOR, None, None),
        # Connect could not be asked to stop it.
        (HaltedBy.LOGIN, WELL.connector, HaltedBy.LOGIN),
        (HaltedBy.LOGIN, STOPPED, HaltedBy.LOGIN),
    ],
)
def test_a_mark_counts_only_with_the_state_that_it_is_about(
    mark: HaltedBy | None, status: ConnectorStatus | None, by: HaltedBy | None
):
    assert halted_by(status, Halt(by=mark)) is by


@pytest.mark.parametrize("by", [HaltedBy.OPERATOR, HaltedBy.DECLARED])
def test_a_stale_mark_does_not_outlive_a_connector_that_runs(by: HaltedBy):
    halt = Halt(by=by, at=int(NOW) - 600)
    assert has_ended(replace(WELL, halt=halt), NOW)
    assert not has_ended(replace(WELL, halt=halt, connector=STOPPED), NOW)
    assert at_rest(replace(WELL, halt=halt)) == ""


@pytest.mark.parametrize("state", ["PAUSED", "STOPPED"])
def test_a_halted_stage_is_not_called_healthy_and_names_who_and_why(state: str):
    halt = Halt(by=HaltedBy.OPERATOR, at=1_799_990_000, why="the DBA patches")
    verdict = judged(replace(WELL, connector=ConnectorStatus(state, "w"), source=None, halt=halt))
    assert verdict.findings == ()
    assert verdict.summary.startswith("nothing is streamed: wms-oracle-cdc is " + state)
    assert "an operator did that 2027-01-15 05:13 UTC: the DBA patches" in verdict.summary
    assert "healthy" not in verdict.summary
    assert verdict.metrics["ConnectorHalted"] == 1


def test_a_declared_rest_is_told_as_meant():
    halt = Halt(by=HaltedBy.DECLARED, at=1_799_990_000)
    verdict = judged(replace(WELL, connector=STOPPED, source=None, halt=halt))
    assert verdict.summary.startswith(
        "nothing is streamed, as meant: wms-oracle-cdc is STOPPED: a launch did"
    )


@pytest.mark.parametrize(
    "seen",
    [
        replace(WELL, connector=STOPPED, source=None, drifted_keys=("a",)),
        replace(WELL, connector=None, source=None),
        replace(NOBODY, desired_count=0),
        replace(WELL, connector=FAILED, source=None),
    ],
    ids=["halted", "missing", "no workers", "failed"],
)
def test_while_no_task_reads_alarms_about_the_source_end(seen: Observation):
    verdict = judged(replace(seen, brokers=replace(WELL.brokers, newest=1.0)))  # type: ignore[type-var]
    named = {finding.name for finding in verdict.findings}
    assert not named & {"SourceDisconnected", "HeartbeatMissing"}
    ended = ENDED if seen.connector is not FAILED else ENDED[:2]
    assert {name: verdict.metrics.get(name) for name in ended} == dict.fromkeys(ended, 0)
    assert not verdict.metrics.keys() & {"ReplicationLagSeconds", "TransactionBufferPercent"}


def test_no_worker_is_no_problem_if_none_is_meant_and_one_if_some_are():
    meant = judged(replace(NOBODY, desired_count=0))
    assert meant.findings == ()
    assert meant.summary.startswith("nothing is streamed, as meant: desired_count is 0")
    assert meant.metrics["EcsServiceUnhealthy"] == meant.metrics["ConnectApiUnreachable"] == 0
    assert meant.metrics["ConnectorHalted"] == 1
    left = judged(NOBODY)
    assert {f.name for f in left.findings} == {"EcsServiceUnhealthy", "ConnectApiUnreachable"}


def test_workers_that_run_although_none_is_meant_are_judged():
    """Between the functions' stack and the connector's a launch has workers that are to go."""
    assert judged(replace(WELL, desired_count=0)).summary.startswith("healthy")


@pytest.mark.parametrize("by", [HaltedBy.OPERATOR, HaltedBy.DECLARED])
def test_drift_at_rest_is_in_the_summary_and_no_finding(by: HaltedBy):
    """Somebody is at work on a halted connector: the keys are told, and nobody is mailed."""
    rests = replace(WELL, connector=STOPPED, source=None, halt=Halt(by=by, at=1_799_990_000))
    verdict = judged(replace(rests, drifted_keys=("database.user", "tasks.max")))
    assert verdict.findings == ()
    assert verdict.metrics["ConfigDrifted"] == 0
    told = "; these keys differ from what was registered: database.user, tasks.max"
    assert verdict.summary.endswith(told)
    assert told not in judged(rests).summary


def test_drift_names_keys_and_is_put_back_by_a_launch():
    (finding,) = judged(replace(WELL, drifted_keys=("database.user", "tasks.max"))).findings
    assert finding.name == "ConfigDrifted"
    assert finding.reason.endswith(": database.user, tasks.max")
    assert finding.cause is not None
    assert finding.cause.name == "config drift"
    assert "launch" in finding.cause.next_step
    assert judged(replace(WELL, drifted_keys=())).metrics["ConfigDrifted"] == 0
    assert "ConfigDrifted" not in judged(replace(WELL, drifted_keys=None)).metrics
