from tests.templates.support import built


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
