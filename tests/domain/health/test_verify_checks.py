"""What only `verify` and `status` check: each check can fail, and then says what to do."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.check_result import CheckResult, launch
from connector.domain.health.observation import ConnectorStatus, Source
from connector.domain.health.polled_source import LAG, SOURCE, PolledSource
from connector.domain.health.rotation_state import Phase, Rotation
from connector.domain.health.state import HealthState, Incident
from connector.domain.health.verify_checks import (
    CERTIFICATE,
    CONFIG,
    ENDPOINTS,
    INCIDENT,
    NAMES,
    PAUSED,
    RECORD,
    ROLLOUT,
    SECRETS,
    TOPICS,
    Setup,
)
from connector.domain.network.endpoints import ENDPOINTS as ROWS
from connector.domain.network.endpoints import Reached
from connector.domain.stage.stage import Stage
from connector.domain.stage.topic_plan import TopicPlan
from connector.domain.stage.topics import JDBC_TABLES, TopicSpec
from lambda_src.connect_admin import status
from tests.support.observations import NOW, RECORD_OF_WELL, SERVICE_OF_WELL, WELL

STAGE = Stage.parse("main")
POLLED = [f"{schema}.{table}" for schema, table in JDBC_TABLES]
#: What a launch would register and create now, where it would change nothing.
AS_REGISTERED = Setup(
    TopicPlan(as_wanted=["wms.heartbeat"], wanted=["wms.heartbeat"]),
    RECORD_OF_WELL.config_hash,
    config_differs=False,
    endpoints=(Reached("sns", "sns.us-east-1.amazonaws.com:443"),),
    certificate_expiry=NOW + 300 * 24 * 3600,
)


@dataclass(frozen=True)
class Example:
    """A well stage with something changed, and what the check has to find about it."""

    reason: str
    next_step: str
    seen: dict[str, Any] = field(default_factory=dict)
    setup: dict[str, Any] = field(default_factory=dict)

    def found(self, name: str) -> list[CheckResult]:
        """What the check `name` finds."""
        return [each for each in findings_of(self.seen, self.setup) if each.name == name]


def findings_of(seen: dict[str, Any], setup: dict[str, Any]) -> list[CheckResult]:
    """What the admin Lambda answers about the well stage with these changes."""
    changed = replace(WELL, **seen), replace(AS_REGISTERED, **setup)
    answer = status.evaluate(*changed, STAGE, ConnectorSettings(), NOW)
    return list(map(CheckResult.from_payload, answer.details["findings"]))


def _service(rollout: str) -> dict[str, Any]:
    return {"service": replace(SERVICE_OF_WELL, rollout=rollout)}


def _record(**changes: Any) -> dict[str, Any]:
    return {"record": replace(RECORD_OF_WELL, **changes)}


def _halted(state: str) -> dict[str, Any]:
    return {"connector": ConnectorStatus(state, "w")}


RESUME, LAUNCH = "wms-connector resume main", launch(STAGE)
RENEW = "renew the certificate, or name another one in the secret connectAlbTls and launch the stage"
WAIT = "wait until the deployment has ended, then run verify again"
EXAMPLES: dict[str, tuple[Example, ...]] = {
    PAUSED: (
        Example("is PAUSED: an operator did that", RESUME, _halted("PAUSED")),
        Example("is STOPPED: an operator did that", RESUME, _halted("STOPPED")),
    ),
    ROLLOUT: (
        Example("the deployment is IN_PROGRESS", WAIT, _service("IN_PROGRESS")),
        Example("the deployment is in an unknown state", WAIT, _service("")),
    ),
    CONFIG: (Example("the connector's config differs", LAUNCH, setup={"config_differs": True}),),
    SECRETS: (
        Example(
            "secret wms/main/dbInfo has a newer version",
            "wms-connector rotate main",
            {"secret_versions": {"wms/main/dbInfo": "v2"}},
        ),
        Example(
            "it is not tried again: ORA-01017",
            "write the right value into the secret; if it is right by now: "
            "wms-connector rotate main --retry-login",
            {
                "secret_versions": {"wms/main/dbInfo": "v2"},
                "rotation": Rotation().failure(
                    NOW, "ORA-01017", "login", [("wms/main/dbInfo", "v2")], mailed=True
                ),
            },
        ),
        Example(
            "a rotation of wms/main/dbInfo is under way since",
            "wait until it has ended, then run verify again",
            {
                "secret_versions": {"wms/main/dbInfo": "v2"},
                "rotation": Rotation(Phase.ROLLING, began=int(NOW), changed=("wms/main/dbInfo",)),
            },
        ),
    ),
    TOPICS: (
        Example(
            "topic wms.heartbeat does not exist",
            LAUNCH,
            setup={"topics": TopicPlan(create=[TopicSpec("wms.heartbeat", "heartbeat", 1, {})])},
        ),
        Example(
            "topic wms.heartbeat has other settings: retention.ms",
            LAUNCH,
            setup={"topics": TopicPlan(alter={"wms.heartbeat": {"retention.ms": "1"}})},
        ),
        Example(
            "topic wms.heartbeat has fewer than 3 partitions",
            LAUNCH,
            setup={"topics": TopicPlan(grow={"wms.heartbeat": 3})},
        ),
        Example(
            "topic wms.heartbeat has 2 partitions but must have 1",
            "read docs/topics.md before you delete anything",
            setup={"topics": TopicPlan(wrong=["topic wms.heartbeat has 2 partitions but must have 1"])},
        ),
        Example(
            "topic wms.heartbeat has 5 partitions, and 1 are configured",
            "set connector.data_partitions to 5 in the stage's config.yaml; see "
            "docs/topics.md#changes-that-cannot-be-undone",
            setup={"topics": TopicPlan(surplus={"wms.heartbeat": (5, 1)})},
        ),
    ),
    RECORD: (
        Example("the stage was never registered", LAUNCH, {"record": None}),
        Example(
            "a teardown has begun",
            f"finish it with sceptre delete ephemeral/main, or cancel it with {LAUNCH}",
            _record(retiring=True),
        ),
        Example("the registered config differs", LAUNCH, _record(config_hash="another")),
    ),
    INCIDENT: (
        Example(
            "an incident is open since 2027-01-15 08:00 UTC: DbTcpUnreachable since 08:00",
            "read its mail and docs/operations.md#dbtcpunreachable",
            {"health_state": HealthState(incident=Incident(int(NOW), "DbTcpUnreachable since 08:00"))},
        ),
    ),
    ENDPOINTS: tuple(
        Example(
            f"{row.name} (x.example:443): no connection within 3 s; {' and '.join(row.used_by)} need it for",
            "give the stage's subnets NAT, or VPC endpoints with private DNS names: "
            "docs/stages.md#vpc-endpoints",
            setup={
                "endpoints": (
                    Reached("s3", "y.example:443"),
                    Reached(row.name, "x.example:443", "no connection within 3 s"),
                )
            },
        )
        for row in ROWS
    ),
    CERTIFICATE: (
        Example("expires in 29 days", RENEW, setup={"certificate_expiry": NOW + 30 * 24 * 3600 - 1}),
        Example("it has expired", RENEW, setup={"certificate_error": "it has expired"}),
    ),
    SOURCE: (
        Example(
            "ORA-01017",
            "read the worker's log and docs/secrets.md (dbInfo); the health check cannot see this",
            setup={"polled": PolledSource("the database refuses the login: ORA-01017")},
        ),
    ),
    LAG: (
        Example(
            "it has not caught up: 1200 rows wait for the brokers",
            "wait until the first load has ended; if the number stays, look at the brokers' load",
            {"source": Source(in_flight=1200)},
            {"polled": PolledSource(newest=dict.fromkeys(POLLED, NOW))},
        ),
    ),
}


def _failed(found: Iterable[CheckResult]) -> set[str]:
    return {each.name for each in found if each.ok is not True}


@pytest.mark.parametrize("name", NAMES)
def test_each_check_of_verify_can_fail_and_then_says_what_to_do(name: str):
    assert EXAMPLES[name]
    for example in EXAMPLES[name]:
        (found,) = example.found(name)
        assert found.ok is False
        assert example.reason in found.reason
        assert found.next_step == example.next_step != ""


def test_the_stage_of_the_examples_is_well_before_it_is_changed():
    found = findings_of({}, {})
    assert not _failed(found)
    # A connector that runs and a deployment that has ended are the health check's findings.
    # The last two are of the kind `jdbc`, whose source has no metrics.
    assert set(NAMES) - {each.name for each in found} == {PAUSED, ROLLOUT, SOURCE, LAG}


@pytest.mark.parametrize(
    ("name", "seen", "setup"),
    [
        (CONFIG, {}, {"config_differs": None, "errors": {"config": "no answer within 12 s"}}),
        (TOPICS, {}, {"topics": None, "errors": {"topics": "no answer within 12 s"}}),
        (ENDPOINTS, {}, {"errors": {"endpoints": "no answer within 12 s"}}),
        (CERTIFICATE, {}, {"errors": {"certificate": "no answer within 12 s"}}),
        (SOURCE, {}, {"errors": {"polled": "no answer within 12 s"}}),
        (LAG, {}, {"errors": {"polled": "no answer within 12 s"}}),
        (RECORD, {"record": None, "probe_errors": {"record": "no answer within 12 s"}}, {}),
        (RECORD, {"record": None, "probe_errors": {"table": "no answer within 12 s"}}, {}),
    ],
)
def test_what_could_not_be_read_is_neither_well_nor_wrong(
    name: str, seen: dict[str, Any], setup: dict[str, Any]
):
    (found,) = [each for each in findings_of(seen, setup) if each.name == name]
    assert found.ok is None
    assert found.reason == "no answer within 12 s"
    assert "run verify again in a minute" in found.next_step


def test_nothing_is_called_the_stages_own_that_was_never_registered():
    """On a cluster of several stages the names are those of another one; a secret is nobody's yet."""
    never = {each.name: each for each in findings_of({"record": None}, {})}
    assert never[TOPICS].summary.endswith(
        "another stage's, if it uses this cluster: this one was never registered"
    )
    assert never[SECRETS].summary.endswith("no connector of this stage has used them yet")
    assert never[RECORD].next_step == LAUNCH
    unread = findings_of({"record": None, "probe_errors": {"table": "no answer"}}, {})
    for found in (unread, findings_of({}, {})):
        assert not [each for each in found if "never registered" in each.summary]


def test_a_certificate_with_a_month_left_is_well():
    found = findings_of({}, {"certificate_expiry": NOW + 30 * 24 * 3600})
    assert "expires in 30 days" in next(each.summary for each in found if each.name == CERTIFICATE)


def test_a_stage_without_a_load_balancer_has_no_certificate_to_check():
    assert CERTIFICATE not in {each.name for each in findings_of({}, {"certificate_expiry": None})}


def test_every_silent_endpoint_is_named_and_the_others_are_not():
    silent = [Reached(row.name, "x.example:443", "no answer within 5 s") for row in ROWS]
    found = [each for each in findings_of({}, {"endpoints": silent}) if each.name == ENDPOINTS]
    assert [each.reason.partition(" ")[0] for each in found] == [row.name for row in ROWS]
