"""An address is mailed only once its owner has confirmed, and a queue on a topic gets what alarms send."""

import json

import pytest

from tests.local.conftest import Embedded
from tests.support.mailbox import Mailbox, requests_to_confirm

pytestmark = pytest.mark.e2e

ADDRESS = "someone@example.com"
TEMPLATE = {
    "Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "asks"}},
        "Mail": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": ADDRESS},
        },
    },
    "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}},
}


@pytest.fixture(scope="module")
def topic(embedded: Embedded) -> str:
    """A topic with somebody's address, as a stack makes them."""
    client = embedded.client("cloudformation")
    client.create_stack(StackName="asks", TemplateBody=json.dumps(TEMPLATE))
    client.get_waiter("stack_create_complete").wait(
        StackName="asks", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    (output,) = client.describe_stacks(StackName="asks")["Stacks"][0]["Outputs"]
    return str(output["OutputValue"])


def arn_of(embedded: Embedded, topic: str) -> list[str]:
    """What both lists tell in the place of the ARN."""
    sns = embedded.client("sns")
    everything = sns.list_subscriptions()["Subscriptions"]
    of_topic = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return [s["SubscriptionArn"] for s in (*everything, *of_topic) if s["Endpoint"] == ADDRESS]


def test_a_subscription_by_mail_is_pending_until_it_is_confirmed_with_the_mailed_token(
    embedded: Embedded, topic: str
):
    assert arn_of(embedded, topic) == ["PendingConfirmation"] * 2
    (mail,) = requests_to_confirm(embedded.state, topic)
    assert mail["endpoint"] == ADDRESS
    embedded.client("sns").confirm_subscription(TopicArn=topic, Token=mail["token"])
    assert all(arn.startswith(f"{topic}:") for arn in arn_of(embedded, topic))


def test_an_alarm_that_is_set_sends_to_its_topic_and_a_queue_on_it_receives(embedded: Embedded, topic: str):
    """The fire drill rests on this, so it must hold here without a shim of ours."""
    cloudwatch, mailbox = embedded.client("cloudwatch"), Mailbox(embedded.client, topic)
    cloudwatch.put_metric_alarm(
        AlarmName="rings",
        Namespace="probe",
        MetricName="probe",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[topic],
        OKActions=[topic],
    )
    for state in ("ALARM", "OK"):
        cloudwatch.set_alarm_state(AlarmName="rings", StateValue=state, StateReason="a drill")
    received = mailbox.receive(2)
    mailbox.close()
    contents = [json.loads(mail.text) for mail in received]
    assert {(c["AlarmName"], c["NewStateValue"]) for c in contents} == {("rings", "ALARM"), ("rings", "OK")}
    assert all(mail.subject for mail in received)
