from typing import Any

import pytest

from tests.templates.support import built, of_type


def test_both_topics_are_encrypted_with_the_foundations_key():
    topics = of_type(built("alerts"), "AWS::SNS::Topic")
    assert {title: found["Properties"] for title, found in topics.items()} == {
        title: {"TopicName": f"{name}-wms-alerts-main", "KmsMasterKeyId": {"Ref": "KmsKeyArn"}}
        for title, name in {"Topic": "Alerts", "AlarmsTopic": "Alarms"}.items()
    }


def publishers(title: str) -> dict[str, dict[str, Any]]:
    """Service -> its statement in the policy of one topic."""
    policy = built("alerts")["Resources"][f"{title}Policy"]["Properties"]
    assert policy["Topics"] == [{"Ref": title}]
    allowed = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert all(statement["Resource"] == [{"Ref": title}] for statement in allowed)
    return {s["Principal"]["Service"][0]: s for s in allowed}


@pytest.mark.parametrize("title", ["Topic", "AlarmsTopic"])
def test_cloudwatch_publishes_only_for_this_account(title: str):
    condition = publishers(title)["cloudwatch.amazonaws.com"]["Condition"]
    assert condition == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


@pytest.mark.parametrize("title", ["Topic", "AlarmsTopic"])
def test_no_service_but_cloudwatch_publishes(title: str):
    """The health function's mails are its role's; EventBridge sends its events to that function."""
    assert set(publishers(title)) == {"cloudwatch.amazonaws.com"}


def test_no_person_is_subscribed_to_the_topic_for_machines():
    found = built("alerts", emails=["a@example.com"])
    subscribed = of_type(found, "AWS::SNS::Subscription").values()
    assert [entry["Properties"]["TopicArn"] for entry in subscribed] == [{"Ref": "Topic"}]
    assert found["Outputs"]["AlarmsTopicArn"]["Value"] == {"Ref": "AlarmsTopic"}


def test_the_workers_log_group_has_its_contracted_name():
    group = built("alerts")["Resources"]["ConnectorLogs"]["Properties"]
    assert group["LogGroupName"] == "/aws/fargate/wms-connector-main-kafka-connect"


def subscriptions(stage: str = "main", **changes: Any) -> dict[str, str]:
    found = of_type(built("alerts", stage, **changes), "AWS::SNS::Subscription")
    assert all(entry["Properties"]["TopicArn"] == {"Ref": "Topic"} for entry in found.values())
    return {title: entry["Properties"]["Endpoint"] for title, entry in found.items()}


def test_each_address_is_subscribed_once_under_an_id_of_its_own():
    both = subscriptions(emails=["a@example.com", "b@example.com", "a@example.com"])
    assert sorted(both.values()) == ["a@example.com", "b@example.com"]
    # In another order, and with one more: nobody has to confirm again.
    more = subscriptions(emails=["c@example.com", "b@example.com", "a@example.com"])
    assert both.items() <= more.items()


def test_ephemeral_stages_mail_nobody_unless_they_are_asked_to():
    assert subscriptions("feature-x", emails=["a@example.com"]) == {}
    assert subscriptions("feature-x", emails=["a@example.com"], subscribe=True)
    assert subscriptions("main", emails=["a@example.com"], subscribe=False) == {}
