from typing import Any

from tests.templates.support import built, of_type


def test_the_topic_is_encrypted_with_the_foundations_key():
    topic = built("alerts")["Resources"]["Topic"]["Properties"]
    assert topic == {"TopicName": "Alerts-wms-alerts-main", "KmsMasterKeyId": {"Ref": "KmsKeyArn"}}


def test_events_publish_without_a_condition_and_alarms_only_from_this_account():
    """A condition on EventBridge's statement would make its mails vanish without an error."""
    policy = built("alerts")["Resources"]["TopicPolicy"]["Properties"]["PolicyDocument"]
    by_service = {s["Principal"]["Service"][0]: s for s in policy["Statement"]}
    assert set(by_service) == {"cloudwatch.amazonaws.com", "events.amazonaws.com"}
    assert "Condition" not in by_service["events.amazonaws.com"]
    assert "aws:SourceAccount" in by_service["cloudwatch.amazonaws.com"]["Condition"]["StringEquals"]


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
