"""Single rules of the health check's findings."""

from dataclasses import replace
from typing import Any

import pytest

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.findings import Finding, findings
from tests.support.observations import NOW, WELL


def finding(name: str, **changes: Any) -> Finding:
    """The finding `name` about a well stage with something changed."""
    found = findings(replace(WELL, **changes), ConnectorSettings(), NOW, 0)
    (named,) = [each for each in found if each.name == name]
    return named


@pytest.mark.parametrize("answering", ["a:1521", "b:1521"])
def test_one_listener_that_answers_is_enough(answering: str):
    listeners = {"a:1521": "connection refused", "b:1521": "connection refused", answering: ""}
    found = finding("DbTcpUnreachable", database=listeners)
    assert (found.ok, found.value, found.cause) == (True, 0, None)


def test_a_database_of_which_no_listener_answers_is_unreachable():
    listeners = {"a:1521": "connection refused", "b:1521": "no answer within 5 s"}
    found = finding("DbTcpUnreachable", database=listeners)
    assert (found.ok, found.value) == (False, 1)
    assert found.reason == "a:1521: connection refused; b:1521: no answer within 5 s"


@pytest.mark.parametrize("probe", ["record", "table", "secrets", "service", "brokers", "database"])
def test_a_probe_that_saw_nothing_fails_the_health_check(probe: str):
    found = finding("HealthCheckFailed", probe_errors={probe: "access denied"})
    assert (found.ok, found.value, found.reason) == (False, 1, f"{probe}: access denied")


@pytest.mark.parametrize("probe", ["connector", "source"])
def test_a_failed_probe_that_another_finding_reports_does_not_fail_the_health_check(probe: str):
    assert finding("HealthCheckFailed", probe_errors={probe: "no answer within 6 s"}).ok is True
