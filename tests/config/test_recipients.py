"""Who is mailed changes with the alerts stack alone: no other stack is touched, and nobody is asked again."""

import json
from typing import Any

from sceptre.context import SceptreContext
from sceptre.plan.plan import SceptrePlan

from templates import alerts
from tests.config.support import CONFIG, ROOT


def rendered(*emails: str) -> dict[str, Any]:
    """The resources of the alerts stack of main."""
    data = {"stage": "main", "log_retention_days": 90, "emails": list(emails)}
    return dict(json.loads(alerts.sceptre_handler(data))["Resources"])


def test_a_launch_of_the_alerts_stack_launches_no_other():
    plan = SceptrePlan(SceptreContext(str(ROOT), "main/alerts.yaml"))
    plan.resolve("launch")
    assert [[stack.name for stack in batch] for batch in plan.launch_order] == [["main/alerts"]]


def test_other_addresses_change_subscriptions_and_nothing_else():
    before, after = rendered("a@example.gov", "b@example.gov"), rendered("c@example.gov", "b@example.gov")
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert {(before.get(name) or after[name])["Type"] for name in changed} == {"AWS::SNS::Subscription"}
    endpoints = {(before.get(name) or after[name])["Properties"]["Endpoint"] for name in changed}
    assert endpoints == {"a@example.gov", "c@example.gov"}, "who stays is not asked again"


def test_no_other_stack_of_a_stage_reads_the_addresses():
    readers = {path.stem for path in (CONFIG / "default").glob("*.yaml") if "alertEmails" in path.read_text()}
    assert readers == {"alerts"}
