"""The rules, run against what ECS sends, by an implementation of event matching that is not ours.

The samples in ecs_events.json are AWS's documented ones with this project's names; each says where.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from ministack.services import eventbridge
from sceptre.exceptions import SceptreException

from connector.domain.health.metrics import RULES
from connector.local.aws_shims.input_paths import with_indices
from tests.templates.support import LONGEST, built, of_type, plain, text

SAMPLES = json.loads(Path(__file__).with_name("ecs_events.json").read_text(encoding="utf-8"))
RULES_OF_MAIN = of_type(built("events"), "AWS::Events::Rule")


def resolved(value: Any) -> Any:
    """A pattern as CloudFormation hands it to EventBridge."""
    if isinstance(value, dict) and "Fn::Sub" not in value:
        return {key: resolved(item) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item) for item in value]
    return plain(value)


def matching(event: dict[str, Any], rules: dict[str, dict[str, Any]] = RULES_OF_MAIN) -> list[str]:
    """The rules that an event sets off, by MiniStack's matcher."""
    given = eventbridge._event_from_test_payload(event)
    patterns = {
        title: json.dumps(resolved(rule["Properties"]["EventPattern"]))
        for title, rule in rules.items()
        if "EventPattern" in rule["Properties"]
    }
    assert all(eventbridge._event_pattern_error(pattern) is None for pattern in patterns.values())
    return [title for title, pattern in patterns.items() if eventbridge._matches_pattern(pattern, given)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["what"])
def test_a_documented_event_sets_off_the_rule_that_is_meant_for_it_and_no_other(sample: dict[str, Any]):
    assert matching(sample["event"]) == ([sample["rule"]] if sample["rule"] else [])


def test_every_rule_with_a_pattern_is_set_off_by_a_sample():
    assert {sample["rule"] for sample in SAMPLES} - {None} == set(RULES) - {"HealthSchedule"}


@pytest.mark.parametrize("stage", ["feature.x", LONGEST])
def test_no_stage_receives_of_another_ones_events(stage: str):
    rules = of_type(built("events", stage), "AWS::Events::Rule")
    assert not [sample["what"] for sample in SAMPLES if matching(sample["event"], rules)]


def mail(sample: str) -> str:
    """What a person reads, as MiniStack's transformer writes it."""
    found = next(entry for entry in SAMPLES if entry["what"] == sample)
    rule = RULES_OF_MAIN[found["rule"]]["Properties"]
    (target,) = rule["Targets"]
    given = eventbridge._event_from_test_payload(found["event"])
    view = eventbridge._pattern_event_view(given)
    transform = with_indices(eventbridge._apply_input_transformer)
    return str(transform(target["InputTransformer"], {}, view))


@pytest.mark.parametrize(
    ("sample", "parts"),
    [
        (
            "the worker fails its container health check",
            ["Stage main", "Task failed container health checks (ServiceSchedulerInitiated)", "#taskstopped"],
        ),
        (
            "the worker exits by itself",
            [
                "Essential container in task exited (EssentialContainerExited)",
                "Exit code: 1",
                "task/wms-conn",
            ],
        ),
        (
            "the worker runs out of memory",
            ["Stage main", "Exit code: 137 OutOfMemoryError", "#taskstopped"],
        ),
        (
            "a secret cannot be read at start",
            ["ResourceInitializationError", "(TaskFailedToStart)", "the secret: does", "#tasknotstarted"],
        ),
        (
            "the secret of a worker is not there",
            ["unable to retrieve secret from asm", "the secret: does it exist", "#tasknotstarted"],
        ),
        (
            "the image cannot be pulled",
            ["CannotPullContainerError", "wms-connector image status", "the capacity: free addresses"],
        ),
        (
            "the service cannot place a task",
            ["Stage main", "SERVICE_TASK_PLACEMENT_FAILURE RESOURCE:FARGATE", "#servicetrouble"],
        ),
        (
            "a deployment failed",
            ["Stage main", "SERVICE_DEPLOYMENT_FAILED ECS deployment circuit breaker", "#deploymentfailed"],
        ),
    ],
)
def test_the_mail_says_what_happened_the_first_step_and_where_to_read_on(sample: str, parts: list[str]):
    found = mail(sample)
    assert all(part in found for part in [*parts, "First step: "])
    # EventBridge takes several lines only as one quoted text each, and refuses more than 8192 characters.
    assert all(line.startswith('"') and line.endswith('"') for line in found.splitlines())


@pytest.mark.parametrize(
    "sample", [s for s in SAMPLES if s["rule"] == "TaskNotStarted"], ids=lambda s: s["what"]
)
def test_nobody_is_sent_to_the_log_of_a_task_that_never_started(sample: dict[str, Any]):
    found = mail(sample["what"])
    assert "last lines" not in found
    assert "log group" not in found
    assert "it has no log" in found


def test_templates_and_paths_are_within_eventbridges_limits():
    for rule in of_type(built("events", LONGEST), "AWS::Events::Rule").values():
        for target in rule["Properties"]["Targets"]:
            transformer = target.get("InputTransformer", {"InputTemplate": "", "InputPathsMap": {}})
            assert len(transformer["InputTemplate"]) <= 8192
            assert len(transformer["InputPathsMap"]) <= 100
        assert len(json.dumps(resolved(rule["Properties"].get("EventPattern", {})))) <= 2048
        assert len(rule["Properties"]["Name"]) <= 64
        assert len(rule["Properties"]["Description"]) <= 512


def test_mails_go_out_by_the_topics_policy_and_what_is_not_delivered_is_kept():
    for title in set(RULES) - {"HealthSchedule"}:
        (target,) = RULES_OF_MAIN[title]["Properties"]["Targets"]
        assert target["Arn"] == {"Ref": "AlertsTopicArn"}
        assert "RoleArn" not in target
        assert target["DeadLetterConfig"] == {"Arn": {"Ref": "DeadLetterQueueArn"}}


@pytest.mark.parametrize(
    ("minutes", "expression"), [(1, "rate(1 minute)"), (10, "rate(10 minutes)"), (20, "rate(20 minutes)")]
)
def test_the_health_check_runs_as_often_as_the_setting_says(minutes: int, expression: str):
    rule = built("events", health_schedule_minutes=minutes)["Resources"]["HealthSchedule"]["Properties"]
    assert rule["ScheduleExpression"] == expression
    assert eventbridge._validate_schedule_expression(expression)


@pytest.mark.parametrize("minutes", [0, 21, 60, "often", 1.5])
def test_a_schedule_that_is_not_allowed_is_refused_in_words(minutes: object):
    with pytest.raises(SceptreException, match="health_schedule_minutes: .*not "):
        text("events", health_schedule_minutes=minutes)


def test_only_this_schedule_may_call_the_health_check():
    permission = built("events")["Resources"]["HealthSchedulePermission"]["Properties"]
    assert permission == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": "ConnectHealthArn"},
        "Principal": "events.amazonaws.com",
        "SourceArn": {"Fn::GetAtt": ["HealthSchedule", "Arn"]},
    }
