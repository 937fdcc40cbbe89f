"""`verify` and the health check judge by the same rules: for any observation they cannot disagree."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from connector.domain.admin_api import State
from connector.domain.capture.settings import KINDS, ConnectorSettings
from connector.domain.health.at_rest import no_worker_meant
from connector.domain.health.check_result import CheckResult, problems, result
from connector.domain.health.finding import Finding, not_ok
from connector.domain.health.observation import (
    ConnectorStatus,
    Observation,
)
from connector.domain.health.verdict import decide
from connector.domain.health.verify_checks import NAMES, PAUSED, Setup, verify_checks
from connector.domain.network.endpoints import Reached
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.stage import Stage
from connector.domain.stage.topic_plan import TopicPlan
from lambda_src.connect_admin import status
from lambda_src.connect_admin.registration import verify
from tests.support.observations import NOW, observations

STAGE = Stage.parse("main")

setups = st.builds(
    Setup,
    st.none() | st.just(TopicPlan()) | st.just(TopicPlan(grow={"wms": 3}, wrong=["w"])),
    st.sampled_from(["", "h"]),
    st.none() | st.booleans(),
    st.dictionaries(st.sampled_from(["topics", "config", "endpoints", "certificate"]), st.just("no answer")),
    st.none()
    | st.lists(
        st.builds(Reached, st.just("sns"), st.just("sns.example:443"), st.sampled_from(["", "refused"]))
    ),
    st.none() | st.integers(0, 2**33).map(float),
    st.sampled_from(["", "it has expired"]),
)
settings_of_stages = st.sampled_from(
    [
        *(ConnectorSettings(kind=kind) for kind in KINDS),
        ConnectorSettings(archived_log_hours=2),
        ConnectorSettings(heartbeat_table="WMS.HEARTBEAT", heartbeat_seconds=3600),
    ]
)


def names(found: Iterable[Finding | CheckResult]) -> set[str]:
    return {each.name for each in found}


def inside(seen: Observation, setup: Setup, settings: ConnectorSettings) -> list[CheckResult]:
    """What the admin Lambda answers to a request for the status."""
    answer = status.evaluate(seen, setup, STAGE, settings, NOW)
    return list(map(CheckResult.from_payload, answer.details["findings"]))


@given(observations, setups, settings_of_stages)
def test_verify_finds_what_the_health_check_finds_and_only_its_own_named_checks_besides(
    seen: Observation, setup: Setup, settings: ConnectorSettings
):
    health = decide(seen, settings, NOW)
    found = inside(seen, setup, settings)
    by_name = {each.name: each for each in found}
    for finding in health.results:
        answered = by_name[finding.name]
        assert (answered.ok, answered.reason, answered.value) == (finding.ok, finding.reason, finding.value)
        assert answered.error_class == ("" if finding.cause is None else finding.cause.name)
    assert names(found) - names(health.results) <= set(NAMES)
    wrong = {each.name for each in found if each.ok is False} - set(NAMES)
    assert wrong == names(health.findings)
    # Whatever the health check is not sure about is no health for verify either.
    if health.findings or not health.sure:
        assert problems(found)


@given(observations, settings_of_stages)
def test_nothing_that_nobody_could_see_is_taken_for_health(seen: Observation, settings: ConnectorSettings):
    # Of a stage that is torn down nothing is judged; `verify` finds that by its record.
    assume(not seen.retiring)
    # Where no worker is meant to run there is none to see.
    assume(not no_worker_meant(seen))
    if problems([result(finding, STAGE) for finding in decide(seen, settings, NOW).results]):
        return
    assert seen.service is not None
    assert seen.connect_answers == ""
    assert seen.connector is not None
    assert seen.brokers is not None
    assert seen.database
    if settings.kind == "debezium" and not seen.connector.halted:
        assert seen.source is not None
        assert seen.source.connected


@given(observations, settings_of_stages)
def test_a_registration_is_verified_by_the_same_findings(seen: Observation, settings: ConnectorSettings):
    # A launch with desired_count 0 registers nothing.
    seen = replace(seen, connect_answers="", health_state=None, desired_count=1)
    answer = verify.decide(seen, settings, "db:1521")
    health = [
        f for f in decide(seen, settings, NOW).results if f.name in names(verify.registered(seen, settings))
    ]
    if answer.state is State.DONE:
        assert not not_ok(health)
        assert all(finding.ok for finding in health)
        assert seen.connector is not None
        assert seen.connector.runs
    elif seen.connector is not None and not seen.connector.halted and not seen.retiring:
        assert any(finding.ok is not True for finding in health)


@given(observations, setups, settings_of_stages)
def test_an_answer_survives_its_way_as_json(seen: Observation, setup: Setup, settings: ConnectorSettings):
    for each in inside(seen, setup, settings):
        assert CheckResult.from_payload(each.to_payload()) == each
        assert each.ok or each.next_step
        assert "\n" not in each.line()


def test_a_halted_connector_is_well_for_the_health_check_and_not_for_verify():
    seen = Observation(connect_answers="", connector=ConnectorStatus("PAUSED", "w"))
    assert "ConnectorTaskFailed" not in names(decide(seen, ConnectorSettings(), NOW).findings)
    (paused,) = [c for c in verify_checks(seen, Setup(), STAGE, NOW) if c.name == PAUSED]
    assert (paused.ok, paused.next_step) == (False, "wms-connector resume main")
    assert CONNECTOR in paused.reason
