"""Critical findings in an image reach people through the foundation as it was launched."""

import json
from collections.abc import Iterator

import pytest

from connector.domain.stage.aws_names import FOUNDATION_STACK, PRODUCT
from connector.local.world import World
from tests.support.mailbox import Mailbox
from tests.support.sceptre_cli import Run

pytestmark = pytest.mark.e2e

SOURCE = "test.ecr"


def event(critical: int) -> dict[str, str]:
    """What ECR sends after a scan: ECR user guide, "Amazon ECR events and EventBridge"."""
    detail = {
        "scan-status": "COMPLETE",
        "repository-name": PRODUCT,
        "finding-severity-counts": {"CRITICAL": critical, "HIGH": 2},
        "image-digest": f"sha256:{'a' * 64}",
        "image-tags": ['0123"456'],
    }
    return {"Source": SOURCE, "DetailType": "ECR Image Scan", "Detail": json.dumps(detail)}


@pytest.fixture
def rule(world: World, foundation: Run) -> Iterator[None]:
    """The launched rule, made to listen to the test: EventBridge takes events of `aws.` from AWS only."""
    events = world.account.client("events")
    names = [found["Name"] for found in events.list_rules()["Rules"]]
    (name,) = (found for found in names if found.startswith(f"{FOUNDATION_STACK}-"))
    launched = events.describe_rule(Name=name)["EventPattern"]
    pattern = {**json.loads(launched), "source": [SOURCE]}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    yield
    events.put_rule(Name=name, EventPattern=launched)


def test_a_critical_finding_is_mailed_as_the_event_and_no_other_is(world: World, rule: None):
    stack = world.account.client("cloudformation").describe_stacks(StackName=FOUNDATION_STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    box = Mailbox(world.account.client, outputs["AlertTopicArn"])
    try:
        # What has none comes first, so that it would have arrived before the other.
        sent = world.account.client("events").put_events(Entries=[event(0), event(3)])
        assert sent["FailedEntryCount"] == 0
        (mail,) = box.receive(1)
    finally:
        box.close()
    found = json.loads(mail.text)
    assert (found["detail-type"], found["detail"]) == ("ECR Image Scan", json.loads(event(3)["Detail"]))
