"""The rules, run against what ECS sends, by an implementation of event matching that is not ours.

The samples in ecs_events.json are AWS's documented ones with this project's names, and reported ones; each
says where. What the health function makes of them: tests/lambda_src/connect_health/test_worker_run.py.
"""

import json
from typing import Any

import pytest
from ministack.services import eventbridge
from sceptre.exceptions import SceptreException

from connector.domain.health.log_phrases import PATTERN
from connector.domain.health.metrics import RULES, SECRET_CHANGED
from connector.domain.stage.stage import Stage
from tests.support.ecs_samples import SAMPLES, Sample
from tests.templates.support import LONGEST, built, of_type, plain, text

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


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.what)
def test_a_documented_event_sets_off_the_rule_that_is_meant_for_it_and_no_other(sample: Sample):
    assert matching(sample.event) == ([sample.rule] if sample.rule else [])


def test_every_rule_with_a_pattern_is_set_off_by_a_sample():
    assert {sample.rule for sample in SAMPLES} - {""} == set(RULES) - {"HealthSchedule", SECRET_CHANGED}


@pytest.mark.parametrize("stage", ["feature.x", LONGEST])
def test_no_stage_receives_of_another_ones_events(stage: str):
    rules = of_type(built("events", stage), "AWS::Events::Rule")
    assert not [sample.what for sample in SAMPLES if matching(sample.event, rules)]


def of_a_secret(call: str, detail: dict[str, Any]) -> dict[str, Any]:
    """A call as CloudTrail hands it to EventBridge ("Match AWS Secrets Manager events with EventBridge",
    Secrets Manager User Guide). Its page warns that responses spell `arn` in two ways, so only the request
    counts: it has the name or the ARN, as the caller gave it.
    """
    return {
        "version": "0",
        "id": "79f04f06-924c-7a00-b3f8-e532167d23e0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.secretsmanager",
        "account": "123456789012",
        "time": "2026-10-23T12:26:45Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "eventSource": "secretsmanager.amazonaws.com",
            "eventName": call,
            "readOnly": False,
            **detail,
        },
    }


ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"


@pytest.mark.parametrize("owner", ["main", "default"])
@pytest.mark.parametrize(
    ("call", "key", "start"),
    [
        ("CreateSecret", "name", ""),
        ("PutSecretValue", "secretId", ""),
        ("PutSecretValue", "secretId", ARN),
        ("UpdateSecret", "secretId", ""),
        ("DeleteSecret", "secretId", ARN),
        ("RestoreSecret", "secretId", ""),
        ("UpdateSecretVersionStage", "secretId", ARN),
    ],
)
def test_a_call_that_changes_a_secret_of_the_stage_or_a_default_one_sets_off_its_rule(
    owner: str, call: str, key: str, start: str
):
    detail = {"requestParameters": {key: f"{start}wms/{owner}/dbInfo"}}
    assert matching(of_a_secret(call, detail)) == [SECRET_CHANGED]


@pytest.mark.parametrize(
    ("call", "detail"),
    [
        ("GetSecretValue", {"requestParameters": {"secretId": "wms/main/dbInfo"}}),
        ("TagResource", {"requestParameters": {"secretId": "wms/main/dbInfo"}}),
        ("PutSecretValue", {"requestParameters": {"secretId": "wms/main-x/dbInfo"}}),
        ("PutSecretValue", {"requestParameters": {"secretId": f"{ARN}wms/val/dbInfo-AbCdEf"}}),
        ("PutSecretValue", {"requestParameters": None}),
        (
            "PutSecretValue",
            {"requestParameters": {"secretId": "wms/main/dbInfo"}, "errorCode": "AccessDenied"},
        ),
    ],
)
def test_a_read_another_stages_secret_and_a_refused_call_set_off_nothing(call: str, detail: dict[str, Any]):
    assert matching(of_a_secret(call, detail)) == []


def test_patterns_and_names_are_within_eventbridges_limits():
    for rule in of_type(built("events", LONGEST), "AWS::Events::Rule").values():
        assert len(json.dumps(resolved(rule["Properties"].get("EventPattern", {})))) <= 2048
        assert len(rule["Properties"]["Name"]) <= 64
        assert len(rule["Properties"]["Description"]) <= 512


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_hands_the_event_as_it_is_to_the_health_function_and_keeps_what_is_not_delivered(
    rule: str,
):
    """An input transformer does not escape what it puts in: a quoted error would break the text."""
    (target,) = RULES_OF_MAIN[rule]["Properties"]["Targets"]
    retry = target.pop("RetryPolicy")
    assert target == {
        "Id": "health",
        "Arn": {"Ref": "ConnectHealthArn"},
        "DeadLetterConfig": {"Arn": {"Ref": "DeadLetterQueueArn"}},
    }
    # A late check is not worth starting, as the next one is due; an event comes once.
    assert retry["MaximumEventAgeInSeconds"] == (60 if rule == "HealthSchedule" else 3600)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_and_no_other_one_may_start_the_health_function(rule: str):
    permissions = of_type(built("events"), "AWS::Lambda::Permission")
    assert len(permissions) == len(RULES) + 1, "and the log filter"
    assert permissions[f"{rule}Permission"]["Properties"] == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Ref": "ConnectHealthArn"},
        "Principal": "events.amazonaws.com",
        "SourceArn": {"Fn::GetAtt": [rule, "Arn"]},
    }


def test_lines_that_may_tell_of_a_refused_login_go_to_the_health_function():
    template = built("events")
    (found,) = of_type(template, "AWS::Logs::SubscriptionFilter").values()
    assert found["DependsOn"] == "LoginRefusedPermission"
    group = Stage.parse("main").names.connector_log_group
    assert found["Properties"] == {
        "FilterName": "wms-connector-main-LoginRefused",
        "FilterPattern": PATTERN,
        "LogGroupName": group,
        "DestinationArn": {"Ref": "ConnectHealthArn"},
    }
    assert len(PATTERN) <= 1024, "CloudWatch Logs takes no longer pattern"
    permission = of_type(template, "AWS::Lambda::Permission")["LoginRefusedPermission"]["Properties"]
    assert permission["Principal"] == "logs.amazonaws.com"
    assert plain(permission["SourceArn"]) == f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}


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
